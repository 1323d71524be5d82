"""Attacker: somebody who would run a conference that is not his, or come in past the one whose it is. Real requests.

Requirements MOD-1, KMF-REL-8 and KMF-REL-9.
"""

import json
from typing import Any

import httpx
import pytest

from tests.scenes import Scene
from tests.simulators.person import Person
from tests.stack import Stack, wait_for

FORBIDDEN = 403


@pytest.fixture
def lobby(stack: Stack) -> Scene:
    return Scene.schedule(stack, admission="lobby")


def order(person: Person, action: str, participant: str = "", *, where: str = "", proof: str | None = None) -> httpx.Response:
    path = f"/conferences/{where or person.conference_id}/moderation"
    body = json.dumps({"action": action} | ({"participant": participant} if participant else {})).encode()
    proof = proof or person.proof("POST", path, token=person.token1, body=body)
    return person.post(path, content=body, token=person.token1, proof=proof)


def host_of(scene: Scene) -> Person:
    host = scene.person("initiator", 0).sign_in()
    assert host.ask_for_key().status_code == httpx.codes.OK
    return host


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def row(scene: Scene, email: str) -> tuple[Any, ...]:
    """``(admitted, removed, banned)`` of a participant."""
    with scene.stack.connect("trusted") as database:
        found = database.execute(
            "SELECT admitted_at, removed_at, banned_at FROM conferences_participant WHERE conference_id = %s AND identity = %s",
            (scene.conference_id, email),
        ).fetchone()
    assert found is not None
    return tuple(value is not None for value in found)


@pytest.mark.requirement("KMF-REL-8")
def test_who_waits_gets_nowhere_else_either(lobby: Scene):
    host_of(lobby)
    bob = lobby.person("participant", 0).sign_in()
    answer = bob.ask_for_key()
    assert refused(answer) == (FORBIDDEN, "waiting")
    assert (answer.headers["Retry-After"], answer.json()["retry_after"]) == ("3", 3)
    assert "Encryption-Key" not in answer.headers
    # the push socket
    with bob.open_socket() as socket:
        bob.hello(socket)
        assert bob.hear(socket, "denied")["code"] == "denied"
    # the provider
    assert bob.token("refresh_token", lobby.stack.origins.provider).json()["error"] == "access_denied"
    assert bob.token("refresh_token", lobby.stack.origins.core).json()["error"] == "access_denied"
    # the door itself
    assert bob.token("refresh_token", lobby.stack.origins.kmf).status_code == httpx.codes.OK
    assert refused(order(bob, "admit", bob.account["email"]))[0] in {401, FORBIDDEN}
    assert row(lobby, bob.account["email"]) == (False, False, False)
    assert bob.keys == {}
    assert len(lobby.audit("key.released")) == 1


@pytest.mark.requirement("KMF-REL-8")
def test_a_removed_one_has_no_use_for_his_old_tokens(scene: Scene):
    host = host_of(scene)
    bob = scene.person("participant", 0).sign_in()
    token2 = bob.token("refresh_token", scene.stack.origins.provider).json()["access_token"]
    assert bob.ask_for_key().status_code == httpx.codes.OK
    with bob.open_socket() as socket:
        bob.hello(socket)
        bob.hear(socket, "welcome")
        assert order(host, "remove", bob.account["email"]).status_code == httpx.codes.OK
        assert bob.hear(socket, "revoked")["reason"] == "removed"
    with bob.open_socket() as socket:
        bob.hello(socket)
        assert bob.hear(socket, "denied")["code"] == "denied"
    assert refused(bob.ask_for_key()) == (FORBIDDEN, "waiting")
    assert bob.token("refresh_token", scene.stack.origins.provider).json()["error"] == "access_denied"
    path = f"/conferences/{scene.handle}/join"

    def join() -> httpx.Response:
        proof = bob.proof("POST", path, token=token2, origin=scene.stack.origins.provider)
        return bob.post(path, content=b"{}", token=token2, proof=proof, provider=True)

    wait_for(lambda: join().status_code == FORBIDDEN, "the provider to hear of it")
    assert scene.epochs()[-1][1] == "current"
    assert row(scene, bob.account["email"]) == (False, True, False)


@pytest.mark.requirement("MOD-1")
@pytest.mark.parametrize("action", ["look", "lock", "remove", "ban"])
def test_a_participant_runs_nothing(scene: Scene, action: str):
    host = host_of(scene)
    bob, cyd = (scene.person("participant", index).sign_in() for index in range(2))
    for person in (bob, cyd):
        assert person.ask_for_key().status_code == httpx.codes.OK
    target = "" if action in {"look", "lock"} else cyd.account["email"]
    assert refused(order(bob, action, target)) == (FORBIDDEN, "denied")
    assert row(scene, cyd.account["email"]) == (False, False, False)
    assert order(host, "look").json() == {"admission": "invited", "locked": False, "waiting": [], "kept_out": []}
    assert scene.audit("moderation.refused")[0]["details"]["reason"] == "not the initiator"


@pytest.mark.requirement("MOD-1")
def test_an_initiator_runs_only_the_conference_of_his_token(scene: Scene):
    other = scene.another()
    host_of(other)
    host = host_of(scene)
    assert refused(order(host, "lock", where=other.conference_id)) == (FORBIDDEN, "denied")
    late = other.person("participant", 0).sign_in()
    assert late.ask_for_key().status_code == httpx.codes.OK
    assert other.audit("conference.locked") == scene.audit("conference.locked") == []


@pytest.mark.requirement("AUTH-2")
def test_an_order_is_good_once_and_for_its_own_body(scene: Scene):
    host = host_of(scene)
    path = f"/conferences/{scene.conference_id}/moderation"
    body = json.dumps({"action": "lock"}).encode()
    proof = host.proof("POST", path, token=host.token1, body=body)
    assert order(host, "lock", proof=proof).status_code == httpx.codes.OK
    assert order(host, "unlock").status_code == httpx.codes.OK
    assert refused(order(host, "lock", proof=proof)) == (401, "invalid_dpop_proof")
    for other in (host.proof("POST", path, token=host.token1), host.proof("POST", path, token=host.token1, body=b"{}")):
        assert refused(order(host, "lock", proof=other)) == (401, "invalid_dpop_proof")
    assert order(host, "look").json()["locked"] is False
    assert len(scene.audit("conference.locked")) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"action":"rule"}',
        b'{"action":"lock","participant":"a@b"}',
        b'{"action":"ban"}',
        b'{"action":"ban","participant":7}',
    ],
)
def test_an_order_of_another_form_does_nothing(scene: Scene, body: bytes):
    host = host_of(scene)
    path = f"/conferences/{scene.conference_id}/moderation"
    answer = host.post(path, content=body, token=host.token1, proof=host.proof("POST", path, token=host.token1, body=body))
    assert refused(answer) == (400, "malformed")
    assert order(host, "look").json() == {"admission": "invited", "locked": False, "waiting": [], "kept_out": []}
