"""Attacker: who comes late, with everything that was sent before him, as the media server stored it (MEDIA-1, MEDIA-4).

Keys and rosters are the running KMF's, the engines are the shipped ones; besides the late joiner's engine an independent
decryptor with all his keys is set on the stored frames.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.adversary.engine_bench import SOUND, Endpoint, EngineBench, engine_bench, opens
from tests.adversary.forged_frames import ForgedKey, ekt_epoch_of, field_of
from tests.adversary.touched_frames import with_field_of
from tests.scenes import Scene
from tests.stack import Stack
from tests.twin import ekt

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-1")]
SETTLED_MS = 400
CLOSED = {"ekt_spi", "ekt_epoch", "unknown_kid"}


@dataclass
class Evening:
    """Ada spoke to Bob; what she said was stored; then Carol came."""

    ada: Endpoint
    bob: Endpoint
    carol: Endpoint
    stored: list[bytes]

    @classmethod
    def of(cls, scene: Scene, bench: EngineBench, name: str) -> "Evening":
        ada, bob = (bench.enter(scene.person("participant", index), f"{name} {index}") for index in range(2))
        for each in (ada, bob):
            each.follow({ada.source_id, bob.source_id})
        bench.pause(SETTLED_MS)
        stored = [ada.send() for _ in range(12)]
        assert [bob.receive(frame).frame for frame in stored] == [SOUND] * 12
        carol = bench.enter(scene.person("participant", 2), f"{name} 2")
        return cls(ada, bob, carol, stored)

    def settle(self) -> None:
        """Everybody has heard of Carol."""
        everybody = {each.source_id for each in (self.ada, self.bob, self.carol)}
        for each in (self.ada, self.bob, self.carol):
            each.follow(everybody)
        self.ada.bench.pause(SETTLED_MS)

    def plays_to_carol(self, frames: list[bytes], line: str) -> set[str | None]:
        """What the stored frames come to; none opens, and no name is shown."""
        outcomes = [self.carol.receive(frame, line=line) for frame in frames]
        assert [outcome.frame for outcome in outcomes] == [None] * len(frames)
        assert self.carol.opened_count(line) == 0
        assert self.carol.sources_of(line) == []
        return {outcome.code for outcome in outcomes}


@pytest.fixture(scope="module")
def bench(browser: Browser) -> Iterator[EngineBench]:
    with engine_bench(browser) as bench:
        yield bench


@pytest.fixture(scope="module")
def rekeyed(stack: Stack, bench: EngineBench) -> Evening:
    """Under the policy ``rekey``, the default, and after everybody heard of her."""
    evening = Evening.of(Scene.schedule(stack), bench, "rekey")
    evening.settle()
    return evening


@pytest.fixture(scope="module")
def shared(stack: Stack, bench: EngineBench) -> Evening:
    """Under the policy ``share``: Carol has the key under which the stored frames were announced."""
    evening = Evening.of(Scene.schedule(stack, on_join="share"), bench, "share")
    assert evening.carol.epoch == evening.ada.epoch
    assert evening.plays_to_carol(evening.stored, "at once") <= CLOSED
    evening.settle()
    return evening


def fresh(evening: Evening) -> bytes:
    """A frame of Ada's of now, with her announcement of now."""
    evening.ada.bench.pause(150)
    return evening.ada.send()


def as_stored(evening: Evening) -> list[bytes]:
    return evening.stored


def backwards(evening: Evening) -> list[bytes]:
    return evening.stored[::-1]


def with_todays_field(evening: Evening) -> list[bytes]:
    announced = fresh(evening)
    return [with_field_of(frame, announced) for frame in evening.stored]


def with_a_field_of_his_own(evening: Evening) -> list[bytes]:
    """Carol forges an announcement that names the stored frames' KID; Ada's signature is what she lacks."""
    forged = ForgedKey.by(evening.carol, evening.ada.source_id, ekt_epoch_of(evening.stored[0]))
    return [with_field_of(frame, forged.sound()) for frame in evening.stored]


def with_the_stored_field_on_each(evening: Evening) -> list[bytes]:
    return [with_field_of(frame, evening.stored[0]) for frame in evening.stored]


def with_the_field_renumbered(evening: Evening) -> list[bytes]:
    """The stored announcement under a number that Carol would take: it is signed as it was."""
    full = field_of(evening.stored[0])
    number = ekt_epoch_of(fresh(evening)) + 1
    renumbered = full.signature + full.field[:58] + number.to_bytes(2, "big") + full.field[60:]
    return [ekt.parse_tail(frame)[0] + renumbered for frame in evening.stored]


PLAYED = [
    as_stored,
    backwards,
    with_todays_field,
    with_a_field_of_his_own,
    with_the_stored_field_on_each,
    with_the_field_renumbered,
]


@pytest.mark.parametrize("made", PLAYED)
def test_no_stored_frame_opens(rekeyed: Evening, made: Callable[[Evening], list[bytes]]) -> None:
    codes = rekeyed.plays_to_carol(made(rekeyed), made.__name__)
    assert codes <= CLOSED | {"ekt_signature"}
    assert opens(rekeyed.carol, made(rekeyed)) == 0
    frame = fresh(rekeyed)
    assert [each.receive(frame).frame for each in (rekeyed.bob, rekeyed.carol)] == [SOUND, SOUND]


@pytest.mark.requirement("MEDIA-4")
@pytest.mark.parametrize("made", PLAYED)
def test_who_shares_the_epoch_is_played_nothing_of_before(shared: Evening, made: Callable[[Evening], list[bytes]]) -> None:
    """One EKT key: it is the rule that protects him from old media as new, not the key."""
    codes = shared.plays_to_carol(made(shared), made.__name__)
    assert codes <= CLOSED | {"ekt_signature"}
    frame = fresh(shared)
    assert [each.receive(frame).frame for each in (shared.bob, shared.carol)] == [SOUND, SOUND]


def test_under_share_he_may_decrypt_what_was_sent_since_the_epoch_opened_and_that_is_said(
    shared: Evening, rekeyed: Evening
) -> None:
    """What the policy means (DESIGN section 6): with a client of his own he opens it. The default does not give it to him."""
    assert opens(shared.carol, shared.stored) == len(shared.stored)
    assert opens(rekeyed.carol, rekeyed.stored) == 0


def test_no_key_that_he_was_given_is_one_of_before(rekeyed: Evening) -> None:
    before = {number for number in rekeyed.ada.person.keys if number < min(rekeyed.carol.person.keys)}
    assert before
    hers = {key.ekt_key for key in rekeyed.carol.person.keys.values()}
    assert hers.isdisjoint({rekeyed.ada.person.keys[number].ekt_key for number in before})
