"""Attacker: who was in, has left or was removed, and kept every key, frame and field (requirement MEDIA-1, [PERC] 4.8).

Keys and rosters are the running KMF's, the engines are the shipped ones; the media server hands everybody everything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.adversary.engine_bench import SOUND, Endpoint, EngineBench, Outcome, engine_bench, opens
from tests.adversary.forged_frames import SUITE, ForgedKey, ekt_epoch_of, field_of, spi_of
from tests.adversary.touched_frames import with_field_of
from tests.scenes import Scene
from tests.simulators.person import HeldKey
from tests.stack import Stack
from tests.twin import ekt
from tests.twin.frame import make_kid, seal_frame
from tests.twin.sframe import FrameKey

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-1")]
SWITCHED_MS = 300  # senders change to the new key 250 ms after the rekey
SETTLED_MS = 400
ANNOUNCED_AGAIN_MS = 150


@pytest.fixture
def bench(browser: Browser) -> Iterator[EngineBench]:
    with engine_bench(browser) as bench:
        yield bench


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack)


def enter_all(scene: Scene, bench: EngineBench) -> list[Endpoint]:
    """Ada, Bob and Mallory, who hear each other."""
    people = [bench.enter(scene.person("participant", i), f"endpoint {i}") for i in range(3)]
    for person in people:
        person.follow({each.source_id for each in people})
    bench.pause(SETTLED_MS)
    ada, bob, mallory = people
    assert bob.receive(mallory.send(), line="mallory").frame == SOUND
    assert [listener.receive(ada.send(), line="ada").frame for listener in (bob, mallory)] == [SOUND, SOUND]
    return people


def leaves(scene: Scene, mallory: Endpoint) -> None:
    mallory.leave()


def is_removed(scene: Scene, mallory: Endpoint) -> None:
    scene.withdraw(mallory.person.account["email"])


@pytest.mark.parametrize("going", [leaves, is_removed])
def test_all_his_keys_open_nothing_that_is_sent_after_the_switch(
    scene: Scene, bench: EngineBench, going: Callable[[Scene, Endpoint], None]
) -> None:
    ada, bob, mallory = enter_all(scene, bench)
    before = mallory.epoch
    going(scene, mallory)
    for stayer in (ada, bob):
        stayer.follow({ada.source_id, bob.source_id})
    assert ada.epoch > before
    assert ada.key.ekt_key not in {key.ekt_key for key in mallory.person.keys.values()}
    bench.pause(SWITCHED_MS)
    opened = mallory.opened_count("ada")
    frames = [ada.send() for _ in range(12)]
    assert {spi_of(frame) for frame in frames} == {ada.key.spi}
    assert [bob.receive(frame, line="ada").frame for frame in frames] == [SOUND] * len(frames)
    assert {mallory.receive(frame, line="ada").code for frame in frames} <= {"ekt_spi", "unknown_kid"}
    assert mallory.opened_count("ada") == opened
    assert opens(mallory, frames) == 0


@pytest.mark.parametrize("going", [leaves, is_removed])
def test_what_he_sends_afterwards_is_dropped_at_once(
    scene: Scene, bench: EngineBench, going: Callable[[Scene, Endpoint], None]
) -> None:
    ada, bob, mallory = enter_all(scene, bench)
    announced = ForgedKey.by(mallory, mallory.source_id, 7)
    going(scene, mallory)
    while bob.take() != "rekey":
        pass
    # The new key is there, the roster that says why not yet: a known sender key is still heard, a new one is not taken.
    assert bob.receive(mallory.send(), line="mallory").frame == SOUND
    assert bob.receive(announced.sound(), line="mallory") == Outcome(None, "ekt_spi")
    bob.follow({ada.source_id, bob.source_id})
    heard = bob.opened_count("mallory")
    frames = [mallory.send(), mallory.send(), announced.sound(ctr=1), mallory.send()]
    assert {bob.receive(frame, line="mallory").code for frame in frames} == {"not_in_roster"}
    assert bob.receive(mallory.send(), line="another").code == "not_in_roster"
    assert bob.opened_count("mallory") == heard
    assert bob.sources_of("another") == []
    ada.follow({ada.source_id, bob.source_id})
    assert bob.receive(ada.send(), line="ada").frame == SOUND


# --- with the media server's help, after he has gone ----------------------------------------------------------------------


@dataclass
class Aftermath:
    """Mallory has left; Ada and Bob talk on, and the media server gives Bob whatever Mallory makes."""

    ada: Endpoint
    bob: Endpoint
    mallory: Endpoint
    frame: bytes
    """The last one of Ada's that he heard; it announces."""


@pytest.fixture(scope="module")
def aftermath(stack: Stack, browser: Browser) -> Iterator[Aftermath]:
    with engine_bench(browser) as bench:
        ada, bob, mallory = enter_all(Scene.schedule(stack), bench)
        bench.pause(ANNOUNCED_AGAIN_MS)
        frame = ada.send()
        assert [listener.receive(frame, line="ada").frame for listener in (bob, mallory)] == [SOUND, SOUND]
        mallory.leave()
        for stayer in (ada, bob):
            stayer.follow({ada.source_id, bob.source_id})
        bench.pause(SWITCHED_MS)
        assert bob.receive(ada.send(), line="ada").frame == SOUND
        yield Aftermath(ada, bob, mallory, frame)


def held_of(after: Aftermath, spi: int) -> HeldKey:
    """His last EKT key, said to be of another epoch."""
    return HeldKey(after.mallory.key.key_id, spi, after.mallory.key.ekt_key)


def key_for(after: Aftermath, source_id: int, *, spi: int, number: int) -> ForgedKey:
    return ForgedKey.make(
        held=held_of(after, spi),
        conference_id=after.mallory.person.conference_id,
        source_id=source_id,
        ekt_epoch=number,
        signer=after.mallory.person.identity,
    )


def the_last_frame_again(after: Aftermath) -> bytes:
    return after.frame


def a_new_key_for_ada_in_his_epoch(after: Aftermath) -> bytes:
    return key_for(after, after.ada.source_id, spi=after.mallory.key.spi, number=900).sound()


def a_new_key_for_ada_in_todays_epoch(after: Aftermath) -> bytes:
    return key_for(after, after.ada.source_id, spi=after.ada.key.spi, number=900).sound()


def a_new_key_for_himself_in_todays_epoch(after: Aftermath) -> bytes:
    return key_for(after, after.mallory.source_id, spi=after.ada.key.spi, number=900).sound()


def a_new_key_for_bob(after: Aftermath) -> bytes:
    return key_for(after, after.bob.source_id, spi=after.ada.key.spi, number=900).sound()


def todays_field_on_yesterdays_frame(after: Aftermath) -> bytes:
    after.ada.bench.pause(ANNOUNCED_AGAIN_MS)
    return with_field_of(after.frame, after.ada.send())


def a_frame_under_the_sender_key_that_he_knows(after: Aftermath) -> bytes:
    """Ada's sender key of the epoch in which he was present: he could open it, so he can seal with it."""
    return sealed_as_ada(after, ekt_epoch_of(after.frame), spi_of(after.frame))


def the_known_sender_key_said_to_be_todays(after: Aftermath) -> bytes:
    return sealed_as_ada(after, ekt_epoch_of(after.ada.send()), after.ada.key.spi)


def sealed_as_ada(after: Aftermath, number: int, spi: int) -> bytes:
    stolen = ekt.open_field(field_of(after.frame), after.mallory.key.ekt_key, after.ada.source_id)
    key = FrameKey.from_base_key(stolen, make_kid(after.ada.source_id, spi, number), SUITE)
    return seal_frame(key=key, ctr=500_000, track="mic", codec="opus", data=SOUND, tail=ekt.SHORT)


AFTERWARDS: list[tuple[Callable[[Aftermath], bytes], set[str]]] = [
    (the_last_frame_again, {"key_ended", "unknown_kid", "ekt_spi", "replayed"}),
    (a_new_key_for_ada_in_his_epoch, {"ekt_spi"}),
    (a_new_key_for_ada_in_todays_epoch, {"ekt_signature"}),
    (a_new_key_for_himself_in_todays_epoch, {"not_in_roster"}),
    (a_new_key_for_bob, {"own_source"}),
    (todays_field_on_yesterdays_frame, {"key_ended", "unknown_kid", "replayed"}),
    (a_frame_under_the_sender_key_that_he_knows, {"key_ended", "unknown_kid"}),
    (the_known_sender_key_said_to_be_todays, {"sframe_authentication"}),
]


@pytest.mark.parametrize(("made", "codes"), AFTERWARDS, ids=lambda value: getattr(value, "__name__", ""))
def test_nothing_that_he_makes_opens(aftermath: Aftermath, made: Callable[[Aftermath], bytes], codes: set[str]) -> None:
    ada, bob = aftermath.ada, aftermath.bob
    opened = bob.opened_count("ada")
    for line in ("ada", "another"):
        outcome = bob.receive(made(aftermath), line=line)
        assert outcome.frame is None
        assert outcome.code in codes
    assert bob.opened_count("ada") == opened
    assert bob.sources_of("another") == []
    assert bob.receive(ada.send(), line="ada").frame == SOUND


def test_who_comes_back_is_somebody_new(scene: Scene, bench: EngineBench) -> None:
    """Another source id, another identity: what he was before is heard no more, and what was said meanwhile stays closed."""
    ada, bob, mallory = enter_all(scene, bench)
    mallory.leave()
    for stayer in (ada, bob):
        stayer.follow({ada.source_id, bob.source_id})
    bench.pause(SWITCHED_MS)
    meanwhile = [ada.send() for _ in range(12)]
    again = bench.enter(scene.person("participant", 2), "again")
    everybody = {each.source_id for each in (ada, bob, again)}
    for each in (ada, bob, again):
        each.follow(everybody)
    bench.pause(SETTLED_MS)
    assert again.source_id != mallory.source_id
    again.person.keys |= {-number: key for number, key in mallory.person.keys.items()}  # all that he ever had
    assert opens(again, meanwhile) == 0
    assert {again.receive(frame, line="meanwhile").code for frame in meanwhile} <= {"ekt_spi", "unknown_kid"}
    assert bob.receive(mallory.send(), line="mallory").code == "not_in_roster"
    former = ForgedKey.make(
        held=again.key,
        conference_id=scene.conference_id,
        source_id=again.source_id,
        ekt_epoch=900,
        signer=mallory.person.identity,
    )
    assert bob.receive(former.sound(), line="again") == Outcome(None, "ekt_signature")
    assert bob.receive(again.send(), line="again").frame == SOUND
    assert bob.receive(ada.send(), line="ada").frame == SOUND
