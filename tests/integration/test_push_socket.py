"""The push socket over real connections: who hears what when somebody joins, leaves, vanishes."""

import time
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from websockets.exceptions import ConnectionClosed

from protocol import base64url
from roster.signing import statement
from roster.signing.chain import head_after
from roster.signing.statement import verify
from tests.scenes import Scene
from tests.simulators.person import Person, body_of
from tests.stack import slack, wait_for

pytestmark = pytest.mark.requirement("KMF-PUSH-1")
SHARED_S = 0.15  # who comes within 100 ms of an epoch's opening shares it: each is to have his own
FLOOD_BYTES = 64 * 1024 * 1024


@pytest.fixture
def people(scene: Scene) -> list[Person]:
    roles = [("participant", 0), ("participant", 1), ("initiator", 0)]
    return [scene.person(role, index).sign_in() for role, index in roles]


def enter(person: Person):
    time.sleep(SHARED_S)
    assert person.ask_for_key().status_code == 200
    socket = person.open_socket()
    person.hello(socket)
    return socket, person.hear(socket, "welcome")


def test_welcome_names_everybody_and_gives_the_key_of_the_header(people: list[Person]):
    ada = people[0]
    socket, welcome = enter(ada)
    snapshot = body_of(welcome["roster"])
    assert [entry["source_id"] for entry in snapshot["endpoints"]] == [welcome["source_id"]]
    assert (snapshot["epoch"], welcome["key"]["epoch"], welcome["seq"]) == (1, 1, 1)
    assert len({key.ekt_key for key in ada.keys.values()}) == 1
    assert body_of(welcome["policy"])["title"] == "Scene"
    socket.close()


def test_a_join_and_a_leave_give_the_others_a_key_and_a_signed_chain(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    ada_socket, welcome = enter(ada)
    head = body_of(welcome["roster"])["head"]
    bob_socket, bob_welcome = enter(bob)
    assert ada.hear(ada_socket, "rekey")["reason"] == "join"
    joined = ada.hear(ada_socket, "roster")["delta"]
    key = Ed25519PublicKey.from_public_bytes(scene.roster_key())
    members = verify(joined, label=statement.ROSTER, key=key)
    assert (members["previous"], members["epoch"]) == (head, 2)
    assert members["joined"][0]["source_id"] == bob_welcome["source_id"]
    bob.say(bob_socket, "leaving")
    left_at = time.monotonic()
    assert ada.hear(ada_socket, "rekey")["epoch"] == 3
    assert time.monotonic() - left_at < slack()
    left = verify(ada.hear(ada_socket, "roster")["delta"], label=statement.ROSTER, key=key)
    assert left["previous"] == base64url.encode(head_after(base64url.decode(joined["body"])))
    assert left["left"] == [{"source_id": bob_welcome["source_id"], "reason": "left"}]
    assert ada.keys[3].ekt_key not in {held.ekt_key for held in bob.keys.values()}
    ada_socket.close()


def test_current_comes_every_5_s_and_at_once_after_a_welcome(people: list[Person]):
    ada = people[0]
    socket, welcome = enter(ada)
    first = body_of(ada.hear(socket, "current", timeout=2)["current"])
    second = body_of(ada.hear(socket, "current", timeout=7)["current"])
    assert first["head"] == second["head"] == body_of(welcome["roster"])["head"]
    assert second["expires_at"] == second["issued_at"] + 15
    socket.close()


@pytest.mark.requirement("KMF-PUSH-2")
def test_a_cut_line_may_come_back_within_5_s_and_is_a_leave_after(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    ada_socket, _ = enter(ada)
    bob_socket, _ = enter(bob)
    ada.hear(ada_socket, "rekey")
    bob_socket.socket.close()  # no close frame: 1006
    time.sleep(2)
    back = bob.open_socket()
    bob.hello(back)
    assert bob.hear(back, "welcome")["key"]["epoch"] == 2
    back.socket.close()
    cut_at = time.monotonic()
    assert ada.hear(ada_socket, "rekey", timeout=30)["reason"] == "leave"
    assert 4 < time.monotonic() - cut_at < 4 + 4 * slack()
    assert scene.audit("endpoint.left")[-1]["details"]["reason"] == "line_cut"
    ada_socket.close()


@pytest.mark.requirement("AUDIT-6")
def test_every_key_that_went_over_a_socket_stands_in_the_audit_as_delivered_once(scene: Scene, people: list[Person]):
    ada, bob, cyd = people
    ada_socket, welcome = enter(ada)
    bob_socket, bob_welcome = enter(bob)
    assert ada.hear(ada_socket, "rekey")["epoch"] == 2
    ada_socket.socket.close()
    cyd_socket, cyd_welcome = enter(cyd)
    assert bob.hear(bob_socket, "rekey", timeout=20)["epoch"] == 3
    ada_socket = ada.open_socket()  # comes back: the key that he missed comes with the welcome
    ada.hello(ada_socket)
    assert ada.hear(ada_socket, "welcome")["key"]["epoch"] == 3
    for _ in range(5):
        ada_socket.send('{"type":"state"}')
        assert ada.hear(ada_socket, "welcome")["key"]["epoch"] == 3
    sources = {name: one["source_id"] for name, one in (("ada", welcome), ("bob", bob_welcome), ("cyd", cyd_welcome))}
    expected = [(1, "ada"), (2, "ada"), (2, "bob"), (3, "ada"), (3, "bob"), (3, "cyd")]

    def delivered() -> list[tuple[int, int]]:
        rows = [entry["details"] for entry in scene.audit("key.delivered")]
        return sorted((row["epoch"], source) for row in rows for source in row["endpoints"])

    wait_for(lambda: len(delivered()) >= len(expected), "the entries")
    time.sleep(1.5)  # a later batch would add what is too much
    assert delivered() == sorted((epoch, sources[name]) for epoch, name in expected)
    for socket in (ada_socket, bob_socket, cyd_socket):
        socket.close()


@pytest.mark.requirement("KMF-PUSH-2")
def test_a_goodbye_by_proof_alone_is_a_leave_at_once(scene: Scene, people: list[Person]):
    ada, bob, _ = people
    ada_socket, _ = enter(ada)
    bob_socket, _ = enter(bob)
    ada.hear(ada_socket, "rekey")
    path = f"/conferences/{scene.conference_id}/leave"
    assert bob.post(path, proof=bob.proof("POST", path)).status_code == 204
    assert ada.hear(ada_socket, "rekey", timeout=2)["reason"] == "leave"
    for socket in (ada_socket, bob_socket):
        socket.close()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("{", 4400, id="not JSON"),
        pytest.param('{"type":"welcome"}', 4400, id="unknown type"),
        pytest.param('{"type":"heartbeat","number":"7"}', 4400, id="a text for a number"),
        pytest.param('{"type":"heartbeat","number":1,"more":2}', 4400, id="a member too many"),
        pytest.param('{"type":"heartbeat","number":' + "1" * 300_000 + "}", 4413, id="too large"),
    ],
)
def test_malformed_messages_close_this_socket_only(people: list[Person], text: str, code: int):
    ada, bob, _ = people
    ada_socket, _ = enter(ada)
    bob_socket, _ = enter(bob)
    bob_socket.send(text)
    with pytest.raises(Exception, match=str(code)):
        bob.hear(bob_socket, "revoked")
    assert ada.hear(ada_socket, "current", timeout=7)
    ada_socket.close()


def test_what_members_say_most_is_heard_between_pings_and_split_messages(scene: Scene, people: list[Person]):
    ada = people[0]
    socket, welcome = enter(ada)
    said = '{"type":"installed","epoch":1}'  # the form that a browser sends
    socket.send(said)
    assert socket.ping().wait(5)
    socket.send(['{"type":"heartbeat",', '"number":1}'])
    socket.send(said.replace("1", "2"))  # of an epoch that it was not told of
    socket.send('{"type":"state"}')
    assert ada.hear(socket, "welcome")["seq"] > welcome["seq"]
    wait_for(lambda: scene.audit("key.installed"), "the entry")
    holders = [(entry["details"]["epoch"], entry["details"]["endpoints"]) for entry in scene.audit("key.installed")]
    assert holders == [(1, [welcome["source_id"]])]
    socket.close()


@pytest.mark.parametrize("space", ["", " "], ids=["compact", "spaced"])
def test_who_says_too_much_is_closed_and_heard_no_more(scene: Scene, people: list[Person], space: str):
    ada = people[0]
    socket, _ = enter(ada)
    with pytest.raises(Exception, match="4429"):  # noqa: PT012  whichever of them finds it closed
        for _ in range(200):
            socket.send(f'{{"type":"heartbeat","number":{space}1}}')
        socket.send('{"type":"installed","epoch":1}')
        ada.hear(socket, "revoked")
    time.sleep(1.5)
    assert scene.audit("key.installed") == []


@pytest.mark.requirement("KMF-PUSH-3")
def test_who_floods_a_server_that_waits_for_its_database_is_not_read(scene: Scene, people: list[Person]):
    """A stranger, as far as the server knows yet: his hello waits, and he goes on talking."""
    ada, bob, _ = people
    assert ada.ask_for_key().status_code == 200
    socket = ada.open_socket()
    taken, message = 0, "x" * 500_000
    with scene.stack.connect("trusted") as database, database.transaction():
        database.execute("LOCK TABLE authorization_usedproof IN ACCESS EXCLUSIVE MODE")
        ada.hello(socket)
        socket.socket.settimeout(5)
        with suppress(OSError, ConnectionClosed):
            while taken < FLOOD_BYTES:
                socket.send(message)
                taken += len(message)
    assert taken < FLOOD_BYTES / 2  # what buffers of both kernels hold, and what may wait
    with suppress(OSError):
        socket.socket.close()
    bob_socket, welcome = enter(bob)
    assert welcome["source_id"]
    bob_socket.close()


def test_silence_without_hello_is_closed(people: list[Person]):
    with people[0].open_socket() as socket, pytest.raises(Exception, match="4401"):
        socket.recv(timeout=8)
