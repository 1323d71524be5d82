"""Attacker: somebody with an account and without an invitation ([PERC] 3.2; requirement KMF-REL-2)."""

import pytest

from tests.scenes import Scene

pytestmark = pytest.mark.requirement("KMF-REL-2")


def test_no_key_and_the_same_answer_as_for_a_conference_that_is_not_there(scene: Scene):
    stranger = scene.person("auditor", 0).sign_in()
    nowhere = scene.person("auditor", 0, conference_id="A" * 22).sign_in()
    answers = [stranger.ask_for_key(), nowhere.ask_for_key()]
    told = [(a.status_code, a.content, {k: v for k, v in a.headers.items() if k.lower() != "date"}) for a in answers]
    assert told[0] == told[1]
    assert answers[0].json() == {"error": "denied"}
    assert scene.epochs() == []
    assert scene.audit("key.denied") == []  # a stranger writes nothing into the conference's chain
    assert [entry["details"]["reason"] for entry in scene.strangers()][-2:] == ["not invited", "unknown conference"]


def test_the_answer_is_the_same_while_the_conference_runs(scene: Scene):
    ada = scene.person("participant", 0).sign_in()
    assert ada.ask_for_key().status_code == 200
    stranger = scene.person("auditor", 0).sign_in()
    answer = stranger.ask_for_key()
    assert (answer.status_code, answer.json()) == (403, {"error": "denied"})
    assert scene.epochs() == [(1, "current")]


def test_no_token_for_the_provider_or_the_core_frame(scene: Scene):
    stranger = scene.person("auditor", 0).sign_in()
    for resource in (scene.stack.origins.provider, scene.stack.origins.core):
        answer = stranger.token("refresh_token", resource)
        assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")


def test_no_socket(scene: Scene):
    stranger = scene.person("auditor", 0).sign_in()
    with stranger.open_socket() as socket:
        stranger.hello(socket)
        assert stranger.hear(socket, "denied")["code"] == "denied"


def test_withdrawing_the_invitation_locks_out_at_once(scene: Scene):
    ada, bob = (scene.person("participant", index).sign_in() for index in range(2))
    for person in (ada, bob):
        assert person.ask_for_key().status_code == 200
    with ada.open_socket() as ada_socket, bob.open_socket() as bob_socket:
        for person, socket in ((ada, ada_socket), (bob, bob_socket)):
            person.hello(socket)
            person.hear(socket, "welcome")
        scene.withdraw(bob.account["email"])
        assert bob.hear(bob_socket, "revoked", timeout=3)["reason"] == "withdrawn"
        assert ada.hear(ada_socket, "rekey", timeout=3)["reason"] == "leave"
    assert bob.ask_for_key().json() == {"error": "denied"}
