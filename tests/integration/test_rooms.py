"""Room systems and recorders in the running system: by their own key, over the public API, from the key to the goodbye."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running_conference import slack
from tests.scenes import Scene
from tests.simulators.person import Person, body_of
from tests.simulators.room import RoomSystem
from tests.stack import wait_for

pytestmark = pytest.mark.requirement("AUTH-6")


@pytest.fixture
def device(scene: Scene, tmp_path: Path) -> Iterator[Callable[..., RoomSystem]]:
    made: list[RoomSystem] = []

    def make(**more: Any) -> RoomSystem:
        made.append(RoomSystem(scene, tmp_path, **more))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.mark.parametrize("kind", ["room", "recorder"])
def test_a_device_that_is_invited_gets_key_after_key_and_leaves_properly(scene: Scene, device, kind: str):
    room = device(kind=kind)
    room.invite()
    petra = scene.person("participant", 0).sign_in()
    assert petra.ask_for_key().status_code == 200
    with petra.open_socket() as socket:
        petra.hello(socket)
        petra.hear(socket, "welcome")
        room.start()
        room.wait_for("epoch")
        entry = next(one for one in joined(petra, socket) if one["identity"] == room.address)
        assert (entry["kind"], entry["verified_by"], entry["name"]) == (kind, "enrolled_key", room.name)
        shown = room.said("roster")[-1]["endpoints"]
        assert {(one["identity"], one["kind"]) for one in shown} >= {(room.address, kind), (petra.account["email"], "person")}
        first = room.said("epoch")[0]["epoch"]
        paul = scene.person("participant", 1).sign_in()
        assert paul.ask_for_key().status_code == 200
        later = room.wait_for("epoch", 2)[-1]
        assert later["epoch"] > first
        held = {held.key_id for held in [*petra.keys.values(), *paul.keys.values()]}
        assert later["key_id"] in held
        room.interrupt()
        assert room.end() == 0
        assert room.said()[-1] == {"event": "left"}
        while petra.hear(socket, "rekey", timeout=10)["epoch"] <= later["epoch"]:
            pass  # those of the joins come first
    assert_no_key_bytes(room, petra, paul)


def joined(person: Person, socket) -> list[dict[str, Any]]:
    while True:
        delta = body_of(person.hear(socket, "roster", timeout=20)["delta"])
        if delta["joined"]:
            return delta["joined"]


def assert_no_key_bytes(room: RoomSystem, *people: Person) -> None:
    text = room.output
    for held in (held for person in people for held in person.keys.values()):
        assert held.ekt_key.hex() not in text
        assert repr(held.ekt_key) not in text


def test_a_device_that_is_not_invited_hears_what_every_stranger_hears(scene: Scene, device):
    room = device()
    room.start()
    assert (room.end(), room.said()) == (1, [{"event": "refused", "code": "denied"}])
    assert (scene.epochs(), scene.audit("key.released")) == ([], [])
    denied = [entry for entry in scene.strangers() if entry["actor"] == room.address]
    assert [entry["details"]["reason"] for entry in denied] == ["not invited"]


def test_a_recorder_that_was_invited_as_a_room_hears_it_too(scene: Scene, device):
    recorder = device(kind="recorder")
    recorder.invite(kind="room")
    recorder.start()
    assert recorder.end() == 1
    assert recorder.said() == [{"event": "refused", "code": "denied"}]
    assert scene.epochs() == []


def test_a_device_whose_key_is_revoked_is_out_within_a_second_and_stays_out(scene: Scene, device):
    room = device()
    room.invite()
    petra = scene.person("participant", 0).sign_in()
    room.start()
    room.wait_for("epoch")
    assert petra.ask_for_key().status_code == 200
    with petra.open_socket() as socket:
        petra.hello(socket)
        petra.hear(socket, "welcome")
        epoch = scene.epochs()[-1][0]
        room.revoke()
        petra.say(socket, "heartbeat", number=1)  # the command may take its time
        assert room.end() == 1
        assert room.said()[-1]["event"] == "revoked"
        while petra.hear(socket, "rekey", timeout=10)["epoch"] <= epoch:
            pass
    revoked, left = (scene.audit(event)[-1] for event in ("authorization.revoked", "endpoint.left"))
    assert revoked["details"]["reason"] == "enrolled key revoked"
    opened = next(entry for entry in scene.audit("epoch.opened") if entry["details"]["epoch"] > epoch)
    took = [seconds_between(revoked, entry) for entry in (left, opened)]
    print(f"  {took} s from the revoked key to the end of the stay, and to the next epoch")  # noqa: T201  the figures
    assert max(took) <= SOON_S * slack()
    before = len(scene.audit("key.released"))
    room.start()
    assert room.end() == 1
    assert room.said() == [{"event": "refused", "code": "invalid_client"}]
    assert len(scene.audit("key.released")) == before


def test_a_device_that_is_withdrawn_is_out(scene: Scene, device):
    room = device()
    room.invite()
    room.start()
    room.wait_for("epoch")
    scene.withdraw(room.address)
    assert room.end() == 1
    assert room.said()[-1]["event"] == "revoked"
    wait_for(lambda: scene.epochs()[-1][1] != "current", "the epoch to end")


SOON_S = 1.0


def seconds_between(earlier: dict[str, Any], later: dict[str, Any]) -> float:
    first, second = (datetime.fromisoformat(entry["at"]) for entry in (earlier, later))
    return (second - first).total_seconds()
