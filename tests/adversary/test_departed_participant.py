"""Attacker: who was in, has left or was removed, and kept every key; and who came later (requirement MEDIA-1, [PERC] 4.8).

Keys and rosters are the running KMF's, the engines are the shipped ones; the media server hands everybody everything.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.adversary.engine_bench import SOUND, Endpoint, EngineBench, Outcome, engine_bench
from tests.adversary.forged_frames import ForgedKey, spi_of
from tests.scenes import Scene
from tests.stack import Stack
from tests.twin.errors import TwinError

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-1")]
SWITCHED_MS = 300  # senders change to the new key 250 ms after the rekey
SETTLED_MS = 400


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


def test_a_late_joiner_opens_nothing_that_was_sent_before_him(scene: Scene, bench: EngineBench) -> None:
    ada, bob, mallory = enter_all(scene, bench)
    stored = [ada.send() for _ in range(12)]
    carol = bench.enter(scene.person("initiator", 0), "carol")
    everybody = {each.source_id for each in (ada, bob, mallory, carol)}
    for each in (ada, bob, carol):
        each.follow(everybody)
    assert {carol.receive(frame, line="ada").code for frame in stored} <= {"ekt_spi", "unknown_kid"}
    assert carol.opened_count("ada") == 0
    assert opens(carol, stored) == 0
    bench.pause(SWITCHED_MS)
    fresh = ada.send()
    assert [each.receive(fresh, line="ada").frame for each in (bob, carol)] == [SOUND, SOUND]


@pytest.mark.requirement("MEDIA-4")
def test_who_shares_an_epoch_hears_nothing_that_was_sent_before_him(stack: Stack, bench: EngineBench) -> None:
    scene = Scene.schedule(stack, on_join="share")
    ada, bob, mallory = enter_all(scene, bench)
    stored = [ada.send() for _ in range(12)]
    for frame in stored:
        assert bob.receive(frame, line="ada").frame == SOUND
    carol = bench.enter(scene.person("initiator", 0), "carol")
    assert carol.epoch == ada.epoch == 1  # one key, so it is the rule that protects, not the key
    assert {carol.receive(frame, line="ada").code for frame in stored} <= {"ekt_epoch", "unknown_kid"}
    everybody = {each.source_id for each in (ada, bob, mallory, carol)}
    for each in (ada, bob, carol):
        each.follow(everybody)
    bench.pause(SWITCHED_MS)
    fresh = ada.send()
    assert [each.receive(fresh, line="ada").frame for each in (bob, carol)] == [SOUND, SOUND]
    assert {carol.receive(frame, line="ada again").code for frame in stored} <= {
        "ekt_epoch",
        "unknown_kid",
        "replayed",
        "duplicate_source",
    }
    assert carol.opened_count("ada again") == 0


def opens(endpoint: Endpoint, frames: list[bytes]) -> int:
    """How many of ``frames`` an independent decryptor opens with every key that ``endpoint`` was ever given."""
    opener = endpoint.opener()
    count = 0
    for frame in frames:
        try:
            opener.open(frame, track="mic", codec="opus")
        except TwinError:
            continue
        count += 1
    return count
