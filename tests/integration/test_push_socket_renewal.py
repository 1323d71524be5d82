"""What a push socket is told besides ``hello`` and ``leaving``: a renewal and its refusals, a close, a wish for the state anew.

How long a stay lasts by the token that renewed it is shown in ``faults/test_clock.py``.
"""

import json
import time
from datetime import datetime
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from protocol import base64url
from roster.signing.chain import head_after
from tests.integration.test_push_socket import enter, people
from tests.scenes import Scene
from tests.simulators.person import Person, body_of

__all__ = ["people"]

NOT_AUTHORIZED, DONE, GOING_AWAY = 4401, 1000, 1001
OTHER_ENDPOINT = {"where": "socket", "code": "invalid_token", "reason": "renewal by another endpoint"}
USED_PROOF = {"where": "socket", "code": "invalid_dpop_proof", "reason": "proof was used before"}


def test_a_fresh_token_renews_the_stay(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    socket, welcome = enter(ada)
    other_socket, _ = enter(bob)
    before, earlier = stays(scene), ada.token1
    assert ada.renew_token() != earlier
    renew(ada, socket, ada.token1, ada.socket_proof(ada.token1))
    ada.say(socket, "state")
    again = ada.hear(socket, "welcome")
    assert (again["source_id"], again["key"]["epoch"]) == (welcome["source_id"], 2)
    assert stays(scene) == before
    assert scene.audit("request.refused") == []
    for one in (socket, other_socket):
        one.close()


@pytest.mark.requirement("AUTH-2")
def test_anothers_token_renews_nothing(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    refuse(scene, ada, bob, (bob.token1, bob.socket_proof(bob.token1)), OTHER_ENDPOINT)


@pytest.mark.requirement("AUTH-2")
def test_a_token_for_another_key_of_the_same_person_renews_nothing(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    second = scene.person("participant", 0).sign_in()
    assert second.jkt != ada.jkt
    refuse(scene, ada, bob, (second.token1, second.socket_proof(second.token1)), OTHER_ENDPOINT)


@pytest.mark.requirement("AUTH-2")
def test_a_token_for_another_conference_renews_nothing(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    other = scene.another()
    elsewhere = other.person("participant", 0)
    elsewhere.dpop = ada.dpop  # the same endpoint in all but the conference
    elsewhere.sign_in()
    refuse(scene, ada, bob, (elsewhere.token1, ada.socket_proof(elsewhere.token1)), OTHER_ENDPOINT)
    assert (stays(other), other.audit("request.refused")) == ({}, [])


@pytest.mark.requirement("AUTH-2")
def test_a_renewals_proof_is_good_once(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    refuse(scene, ada, bob, (ada.renew_token(), ada.socket_proof(ada.token1)), USED_PROOF, is_replay=True)


@pytest.mark.requirement("KMF-PUSH-2")
def test_a_page_that_goes_away_is_a_leave_at_once(scene: Scene, people: list[Person]):
    ada, bob, cyd = people
    staying = [(person, enter(person)[0]) for person in (ada, cyd)]
    bob_socket, welcome = enter(bob)
    source_id = welcome["source_id"]
    for person, socket in staying:
        while person.hear(socket, "rekey")["epoch"] < 3:
            pass
    closed_at = time.monotonic()
    bob_socket.close(GOING_AWAY)
    told = [person.hear(socket, "rekey", timeout=4) for person, socket in staying]
    assert time.monotonic() - closed_at < 4  # a cut line would wait for 5 s
    assert [(one["epoch"], one["reason"]) for one in told] == [(4, "leave")] * 2
    for person, socket in staying:
        assert body_of(newest_delta(person, socket))["left"] == [{"source_id": source_id, "reason": "closed"}]
    assert [(left["source_id"], left["reason"]) for left in details(scene, "endpoint.left")] == [(source_id, "closed")]
    assert (ada.keys[4] == cyd.keys[4], 4 in bob.keys) == (True, False)
    for _, socket in staying:
        socket.close()


@pytest.mark.requirement("KMF-PUSH-2")
def test_any_other_close_may_come_back(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    ada_socket, _ = enter(ada)
    bob_socket, welcome = enter(bob)
    bob_socket.close(DONE)
    time.sleep(2)
    assert (scene.audit("endpoint.left"), [number for number, _ in scene.epochs()]) == ([], [1, 2])
    back = bob.open_socket()
    bob.hello(back)
    again = bob.hear(back, "welcome")
    assert (again["source_id"], again["key"]["epoch"]) == (welcome["source_id"], 2)
    assert scene.audit("endpoint.left") == []
    for socket in (ada_socket, back):
        socket.close()


@pytest.mark.requirement("KMF-PUSH-1")
def test_who_missed_something_gets_all_of_it_with_the_state(people: list[Person]):
    ada, bob, _ = people
    socket, first = enter(ada)
    bob_socket, bob_welcome = enter(bob)
    delta = newest_delta(ada, socket)
    ada.keys.clear()  # neither the key nor the change arrived, as far as she knows
    ada.say(socket, "state")
    welcome = ada.hear(socket, "welcome")
    snapshot = body_of(welcome["roster"])
    assert welcome["source_id"] == first["source_id"]
    assert welcome["policy"] == first["policy"]
    assert {entry["source_id"] for entry in snapshot["endpoints"]} == {first["source_id"], bob_welcome["source_id"]}
    assert (snapshot["number"], snapshot["epoch"], welcome["key"]["epoch"]) == (2, 2, 2)
    assert snapshot["head"] == base64url.encode(head_after(base64url.decode(delta["body"])))
    assert ada.keys[2] == bob.keys[2]

    bob.say(bob_socket, "leaving")
    messages = heard(socket, until="roster")
    assert [one["seq"] for one in messages] == list(range(welcome["seq"] + 1, messages[-1]["seq"] + 1))
    assert body_of(messages[-1]["delta"])["previous"] == snapshot["head"]
    socket.close()


# --- what they do ------------------------------------------------------------------------------------------------------


def refuse(
    scene: Scene, ada: Person, bob: Person, renewal: tuple[str, str], entry: dict[str, str], *, is_replay: bool = False
) -> None:
    """Ada renews so and is shut out of this socket; nothing else happened to her stay, to Bob's or to the keys."""
    socket, welcome = enter(ada)
    bob_socket, bob_welcome = enter(bob)
    ada.hear(socket, "rekey")
    before, epochs = stays(scene), scene.epochs()
    if is_replay:
        renew(ada, socket, *renewal)
        ada.say(socket, "state")
        ada.hear(socket, "welcome")  # the first time it was taken
    assert details(scene, "request.refused") == []
    renew(ada, socket, *renewal)
    assert close_code(socket) == NOT_AUTHORIZED
    assert details(scene, "request.refused") == [entry]
    assert (stays(scene), scene.epochs()) == (before, epochs)

    back = ada.open_socket()  # by her own token she may come back to the same stay
    ada.hello(back)
    again = ada.hear(back, "welcome")
    assert (again["source_id"], again["key"]["epoch"]) == (welcome["source_id"], 2)
    bob.say(bob_socket, "state")
    messages = heard(bob_socket, until="welcome")
    assert {one["type"] for one in messages} <= {"current", "welcome"}
    assert (messages[-1]["source_id"], messages[-1]["key"]["epoch"]) == (bob_welcome["source_id"], 2)
    own = {welcome["source_id"]: None}
    assert stays(scene) | own == before | own  # but for the time of her new socket
    assert (scene.epochs(), scene.audit("endpoint.left")) == (epochs, [])
    for one in (back, bob_socket):
        one.close()


def renew(person: Person, socket: ClientConnection, token: str, proof: str) -> None:
    person.say(socket, "renew", token=token, proof=proof)


# --- what is there -----------------------------------------------------------------------------------------------------


def stays(scene: Scene) -> dict[int, tuple[datetime | None, datetime | None]]:
    """Of every endpoint, by source id: since when its socket is there, and when it left."""
    with scene.stack.connect("trusted") as database:
        rows = database.execute(
            "SELECT source_id, connected_at, left_at FROM kmf_endpoint JOIN roster_membership"
            " ON roster_membership.id = kmf_endpoint.membership_id WHERE kmf_endpoint.conference_id = %s",
            (scene.conference_id,),
        )
        return {int(source_id): (connected_at, left_at) for source_id, connected_at, left_at in rows}


def details(scene: Scene, event: str) -> list[dict[str, Any]]:
    return [entry["details"] for entry in scene.audit(event)]


def heard(socket: ClientConnection, *, until: str) -> list[dict[str, Any]]:
    """Every message up to the first of this kind."""
    messages = [json.loads(socket.recv(timeout=5))]
    while messages[-1]["type"] != until:
        messages.append(json.loads(socket.recv(timeout=5)))
    return messages


def newest_delta(person: Person, socket: ClientConnection) -> dict[str, str]:
    delta: dict[str, str] = person.hear(socket, "roster")["delta"]
    return delta


def close_code(socket: ClientConnection) -> int:
    """How the KMF closed the socket; it fails where it stays open."""
    with pytest.raises(ConnectionClosed) as closed:
        hear_out(socket, time.monotonic() + 8)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def hear_out(socket: ClientConnection, until: float) -> None:
    while time.monotonic() < until:
        socket.recv(timeout=8)
