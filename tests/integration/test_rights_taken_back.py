"""A right is taken back while its holder is in a conference: within a second he is out, and the others have another key.

The times are the audit's. A key that is revoked (``test_rooms``) and a sign-out at the company (``tests/browser``) likewise.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.integration.matrix_cast import FORM, Caller, form
from tests.scenes import Scene
from tests.simulators.person import Person
from tests.stack import slack

SOON_S = 1.0


class Taken:
    """A scene with one who stays, and one whose right is taken back: now this way, now that."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.stack = scene, scene.stack
        self.goes = scene.person("participant", 2)
        self.account_id = self._row("SELECT id FROM authorization_account WHERE email = %s")

    def _row(self, query: str, *more: str) -> str:
        with self.stack.connect("trusted") as database:
            row = database.execute(query, (self.goes.account["email"], *more)).fetchone()
        assert row is not None
        return str(row[0])

    def enter(self) -> None:
        self.goes = self.scene.person("participant", 2).sign_in()
        assert self.goes.ask_for_key().status_code == 200

    def caller(self, person: Person) -> Caller:
        """``person`` with his sessions at the core application and the auth origin."""
        caller = Caller(self.scene, person)
        caller.enter()
        return caller

    def own(self) -> Caller:
        """Himself, with the session under which he signed in."""
        return Caller(self.scene, self.goes, auth=dict(Person._signed_in[self.stack.port, self.goes.account["email"]]))

    def post(self, caller: Caller, origin: str, path: str, **members: str) -> httpx.Response:
        headers = caller.credentials(origin, "POST", path, b"") | {"Content-Type": FORM}
        with self.stack.http(getattr(self.stack.origins, origin)) as client:
            answer = client.post(path, content=form(members), headers=headers)
        assert answer.status_code == httpx.codes.FOUND, answer.text
        return answer

    # --- the ways ----------------------------------------------------------------------------------------------------

    def by_the_directory(self) -> None:
        token = self.stack.manage("directory_token", "--organisation", "demo").stdout.strip()
        path = f"/scim/v2/Users/{self.account_id}"
        with self.stack.http(self.stack.origins.auth) as directory:
            directory.headers.update({"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"})
            for value in (False, True):
                content = json.dumps({"Operations": [{"op": "replace", "path": "active", "value": value}]})
                assert directory.patch(path, content=content).json()["active"] is value
        self.forget_session()

    def by_an_administrator(self) -> None:
        person = self.scene.person("admin", 0)
        Person._signed_in.pop((self.stack.port, person.account["email"]), None)  # to switch on, one signs in anew
        admin = self.caller(person)
        self.post(admin, "auth", f"/accounts/{self.account_id}/off", meant="yes")
        self.post(admin, "auth", f"/accounts/{self.account_id}/on")
        self.forget_session()

    def one_endpoint(self) -> None:
        own = self.own()
        with self.stack.http(self.stack.origins.auth) as client:
            page = client.get("/", headers=own.credentials("auth", "GET", "/", b"")).text
        shown = [int(number) for number in re.findall(r'action="/end-device/(\d+)"', page)]
        self.post(own, "auth", f"/end-device/{self._row(GRANT, self.goes.jkt)}")
        assert int(self._row(GRANT, self.goes.jkt)) in shown

    def everywhere(self) -> None:
        self.post(self.own(), "auth", "/end-everywhere")
        self.forget_session()

    def by_the_initiator(self) -> None:
        participant = self._row(PARTICIPANT, self.scene.conference_id)
        path = f"/conferences/{self.scene.conference_id}/withdraw/{participant}"
        self.post(self.caller(self.scene.person("initiator", 0)), "core", path)

    def forget_session(self) -> None:
        """It is over: the next sign-in asks for the password."""
        Person._signed_in.pop((self.stack.port, self.goes.account["email"]), None)


GRANT = (
    "SELECT g.id FROM authorization_grant g JOIN authorization_account a ON a.id = g.user_id"
    " WHERE a.email = %s AND g.dpop_jkt = %s"
)
PARTICIPANT = "SELECT id FROM conferences_participant WHERE identity = %s AND conference_id = %s"
WAYS: dict[str, tuple[Callable[[Taken], None], str, str]] = {  # what is done, the fact's event, and what it says of the leave
    "switched off by the directory": (Taken.by_the_directory, "authorization.revoked", "account was switched off"),
    "switched off by an administrator": (Taken.by_an_administrator, "authorization.revoked", "account was switched off"),
    "one endpoint ended": (Taken.one_endpoint, "authorization.revoked", "ended by the account"),
    "signed out everywhere": (Taken.everywhere, "authorization.revoked", "ended everywhere by the account"),
    "invitation withdrawn": (Taken.by_the_initiator, "participant.withdrawn", ""),  # last: he is not invited any more
}


@pytest.fixture
def taken(scene: Scene) -> Iterator[Taken]:
    one = Taken(scene)
    yield one
    one.stack.manage("account", "on", one.goes.account["email"])  # whatever went wrong, the others need him
    one.forget_session()


def seconds_between(earlier: dict[str, Any], later: dict[str, Any]) -> float:
    first, second = (datetime.fromisoformat(entry["at"]) for entry in (earlier, later))
    return (second - first).total_seconds()


@pytest.mark.requirement("AUTH-5")
@pytest.mark.requirement("AUTH-7")
def test_whoever_loses_his_right_is_out_within_a_second_and_the_others_have_another_key(scene: Scene, taken: Taken):
    petra = scene.person("participant", 0).sign_in()
    assert petra.ask_for_key().status_code == 200
    took: dict[str, list[float]] = {}
    with petra.open_socket() as stays:
        petra.hello(stays)
        petra.hear(stays, "welcome")
        for name, (take_back, event, reason) in WAYS.items():
            taken.enter()
            with taken.goes.open_socket() as goes:
                taken.goes.hello(goes)
                taken.goes.hear(goes, "welcome")
                epoch = scene.epochs()[-1][0]
                take_back(taken)
                told = taken.goes.hear(goes, "revoked", timeout=10)["reason"]
                assert told == ("withdrawn" if event == "participant.withdrawn" else "removed"), name
                while petra.hear(stays, "rekey", timeout=10)["epoch"] <= epoch:
                    pass
            fact, left = (scene.audit(each)[-1] for each in (event, "endpoint.left"))
            assert fact["details"].get("reason", "") == reason, name
            opened = next(entry for entry in scene.audit("epoch.opened") if entry["details"]["epoch"] > epoch)
            took[name] = [seconds_between(fact, entry) for entry in (left, opened)]
            assert taken.goes.ask_for_key().status_code in {401, 403}
            refused = taken.goes.token("refresh_token", scene.stack.origins.provider).json()
            assert refused["error"] in {"invalid_grant", "access_denied"}, name
    print(f"  seconds from the fact to the end of the stay, and to the next epoch: {took}")  # noqa: T201  the figures
    assert max(max(each) for each in took.values()) <= SOON_S * slack(), took
