"""The organisation's directory switches somebody off while he is in a conference: his line ends and the key is another."""

import json

import pytest

from tests.scenes import Scene

pytestmark = pytest.mark.requirement("AUTH-7")


def test_who_is_switched_off_is_cut_and_the_others_get_another_key(scene: Scene):
    stack = scene.stack
    token = stack.manage("directory_token", "--organisation", "demo").stdout.strip()
    petra, paul = (scene.person("participant", number).sign_in() for number in (1, 2))
    with petra.open_socket() as stays, paul.open_socket() as goes:
        for person, socket in ((petra, stays), (paul, goes)):
            assert person.ask_for_key().status_code == 200
            person.hello(socket)
            person.hear(socket, "welcome")
        epoch = scene.epochs()[-1][0]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        with stack.http(stack.origins.auth, headers={"Host": stack.origins.auth.split("//")[1], **headers}) as directory:
            name = f'userName eq "{paul.account["email"]}"'
            [found] = directory.get("/scim/v2/Users", params={"filter": name}).json()["Resources"]
            path = f"/scim/v2/Users/{found['id']}"
            try:
                off = json.dumps({"Operations": [{"op": "replace", "path": "active", "value": False}]})
                assert directory.patch(path, content=off).json()["active"] is False
                assert paul.hear(goes, "revoked", timeout=10)["reason"] == "removed"
                while petra.hear(stays, "rekey", timeout=10)["epoch"] <= epoch:
                    pass
                assert paul.ask_for_key().status_code == 401
                assert paul.token("refresh_token", stack.origins.kmf).json() == {"error": "invalid_grant"}
            finally:
                on = json.dumps({"Operations": [{"op": "replace", "path": "active", "value": True}]})
                assert directory.patch(path, content=on).json()["active"] is True
    paul._signed_in.pop((stack.port, paul.account["email"]), None)  # his session is over as well
    paul.sign_in()
