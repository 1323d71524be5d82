"""Attacker: an invited participant with a client of his own making, with or without the media server's help (MEDIA-2).

He holds the conference's EKT key by rights, and an identity key of his own. What he may do is speak as himself; the worst that
he can do to others is nothing, to himself silence. That he cannot announce keys for others: test_impersonating_participant.
"""

import secrets
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.adversary.engine_bench import SOUND, Endpoint, Outcome, engine_bench
from tests.adversary.forged_frames import SUITE, ForgedKey, ekt_epoch_of, field_of, spi_of
from tests.scenes import Scene
from tests.stack import Stack
from tests.twin import ekt
from tests.twin.frame import make_kid, seal_frame
from tests.twin.sframe import FrameKey

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-2")]
SWITCHED_MS = 400
ANNOUNCED_AGAIN_MS = 150
KEYS_AT_ONCE, KEYS_PER_S = 60, 20
LAST_CTR = 2**64 - 1

Meeting = tuple[Endpoint, Endpoint, Endpoint]


@pytest.fixture(scope="module")
def meeting(stack: Stack, browser: Browser) -> Iterator[Meeting]:
    """Ada speaks, Bob listens, Mallory has a client of his own."""
    scene = Scene.schedule(stack)
    with engine_bench(browser) as bench:
        ada, bob, mallory = (bench.enter(scene.person("participant", i), f"endpoint {i}") for i in range(3))
        for each in (ada, bob, mallory):
            each.follow({ada.source_id, bob.source_id, mallory.source_id})
        bench.pause(SWITCHED_MS)
        assert bob.receive(ada.send()).frame == SOUND
        yield ada, bob, mallory


@pytest.fixture
def number(request: pytest.FixtureRequest) -> int:
    """An ekt_epoch above all that Mallory named before: he counts on over the tests of this file."""
    _numbers.append(_numbers[-1] + 16)
    return _numbers[-1]


_numbers = [100]


def goes_on(ada: Endpoint, bob: Endpoint) -> None:
    for _ in range(3):
        assert bob.receive(ada.send()).frame == SOUND
    ada.bench.pause(ANNOUNCED_AGAIN_MS)
    assert bob.receive(ada.send()).frame == SOUND
    assert bob.sources_of("line") == [ada.source_id]


def his(mallory: Endpoint, number: int) -> ForgedKey:
    return ForgedKey.by(mallory, mallory.source_id, number)


def is_heard(mallory: Endpoint, bob: Endpoint, number: int) -> None:
    """He is let speak as himself: what follows is his doing."""
    assert bob.receive(his(mallory, number).sound(), line="his").frame == SOUND


# --- whose key a KID names -----------------------------------------------------------------------------------------------

KIDS: dict[str, Callable[[Endpoint, Endpoint, int], tuple[int, set[str]]]] = {
    "his number raised": lambda _a, m, n: (make_kid(m.source_id, m.key.spi, n + 1), {"unknown_kid"}),
    "another epoch": lambda _a, m, n: (make_kid(m.source_id, m.key.spi + 1, n), {"unknown_kid"}),
    "an epoch long ago": lambda _a, m, n: (make_kid(m.source_id, 0, n), {"unknown_kid"}),
    "nobody": lambda _a, m, n: (make_kid(0, m.key.spi, n), {"not_in_roster"}),
    "somebody who is not there": lambda a, m, n: (make_kid(a.source_id ^ 1, m.key.spi, n), {"not_in_roster"}),
    "a small number": lambda _a, _m, _n: (5, {"not_in_roster"}),
    "the highest number": lambda _a, _m, _n: (2**64 - 1, {"not_in_roster"}),
    "Ada": lambda a, m, n: (make_kid(a.source_id, m.key.spi, n), {"ekt_signature"}),
    "Bob himself": lambda _a, m, n: (make_kid(m.bench.of("endpoint 1").source_id, m.key.spi, n), {"own_source"}),
}


@pytest.mark.parametrize("name", KIDS)
def test_a_kid_that_is_not_his_opens_nothing(meeting: Meeting, number: int, name: str) -> None:
    ada, bob, mallory = meeting
    is_heard(mallory, bob, number - 1)
    kid, codes = KIDS[name](ada, mallory, number)
    key = his(mallory, number)
    named = ForgedKey(FrameKey.from_base_key(secrets.token_bytes(32), kid, SUITE), key.full)
    opened = bob.opened_count("his")
    outcome = bob.receive(named.sound(), line="his")
    assert outcome.frame is None
    assert outcome.code in codes
    assert bob.opened_count("his") == opened
    assert bob.sources_of("his") == [mallory.source_id]
    goes_on(ada, bob)


def test_a_kid_in_a_longer_form_is_not_read(meeting: Meeting, number: int) -> None:
    """A header has one form; a second one would be a second name for the same key."""
    ada, bob, mallory = meeting
    frame = his(mallory, number).sound(ctr=9)
    assert frame[0] & 0x08
    at = 1 + ((frame[0] >> 4) & 7) + 1
    longer = bytes([frame[0] + 1]) + frame[1:at] + b"\x00" + frame[at:]
    assert bob.receive(longer, line="his") == Outcome(None, "sframe_header")
    assert bob.receive(frame, line="his").frame == SOUND
    goes_on(ada, bob)


# --- fields ---------------------------------------------------------------------------------------------------------------

PLAIN = 41


def plaintext_of(mallory: Endpoint) -> bytes:
    return ekt.encode_plaintext(secrets.token_bytes(32), mallory.source_id)


FIELDS: dict[str, tuple[Callable[[Endpoint, Endpoint], bytes], str]] = {
    "a key of 31 bytes": (lambda _a, m: b"\x1f" + plaintext_of(m)[1:], "ekt_key_length"),
    "a key of 0 bytes": (lambda _a, m: b"\x00" + plaintext_of(m)[1:], "ekt_key_length"),
    "a key of 255 bytes": (lambda _a, m: b"\xff" + plaintext_of(m)[1:], "ekt_key_length"),
    "seven bytes more": (lambda _a, m: plaintext_of(m) + bytes(7), "ekt_key_length"),
    "a byte less": (lambda _a, m: plaintext_of(m)[:-1], "ekt_length"),
    "Ada's source id": (lambda a, _m: plaintext_of(a), "ekt_ssrc"),
    "a roll-over counter": (lambda _a, m: plaintext_of(m)[:-1] + b"\x01", "ekt_roc"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_with_another_content_gives_no_key(meeting: Meeting, number: int, name: str) -> None:
    """Signed and wrapped as it should be: what is in it does not hold."""
    ada, bob, mallory = meeting
    make, code = FIELDS[name]
    held = mallory.key
    field = ekt.encode_field(ekt_key=held.ekt_key, plaintext=make(ada, mallory), spi=held.spi, ekt_epoch=number)
    full = ekt.sign(mallory.person.identity, mallory.person.conference_id, field)
    key = ForgedKey(his(mallory, number).frame_key, full)
    assert bob.receive(key.sound(), line="his") == Outcome(None, code)
    is_heard(mallory, bob, number)
    goes_on(ada, bob)


SIZES: dict[str, Callable[[bytes], bytes]] = {
    "length 0": lambda field: field[:-3] + b"\x00\x00\x02",
    "length 62": lambda field: field[:-3] + b"\x00\x3e\x02",
    "length 65535": lambda field: field[:-3] + b"\xff\xff\x02",
    "of type 1": lambda field: field[:-1] + b"\x01",
    "of type 3": lambda field: field[:-1] + b"\x03",
    "of 80 bytes": lambda field: field[:-7] + bytes(17) + field[-7:-3] + b"\x00\x50\x02",
    "of 64 kB": lambda field: bytes(65_000) + field[:-3] + b"\xfe\x27\x02",
}


@pytest.mark.parametrize("name", SIZES)
def test_a_field_of_another_size_is_not_read(meeting: Meeting, number: int, name: str) -> None:
    ada, bob, mallory = meeting
    key = his(mallory, number)
    field = SIZES[name](key.full.field)
    full = ekt.sign(mallory.person.identity, mallory.person.conference_id, field)
    outcome = bob.receive(key.sound(tail=full.signature + field), line="his")
    assert outcome.frame is None
    assert outcome.code in {"ekt_length", "ekt_type"}
    is_heard(mallory, bob, number)
    goes_on(ada, bob)


# --- counts ---------------------------------------------------------------------------------------------------------------


def test_another_key_under_the_same_number_is_not_taken(meeting: Meeting, number: int) -> None:
    ada, bob, mallory = meeting
    first, second, lower = his(mallory, number), his(mallory, number), his(mallory, number - 1)
    assert bob.receive(first.sound(ctr=1), line="his").frame == SOUND
    assert bob.receive(second.sound(ctr=2), line="his") == Outcome(None, "sframe_authentication")
    assert bob.receive(lower.sound(ctr=3), line="his") == Outcome(None, "ekt_epoch")
    assert bob.receive(first.sound(ctr=4), line="his").frame == SOUND
    goes_on(ada, bob)


def test_who_uses_up_his_counters_silences_himself(meeting: Meeting, number: int) -> None:
    ada, bob, mallory = meeting
    key = his(mallory, number)
    assert bob.receive(key.sound(ctr=LAST_CTR), line="his").frame == SOUND
    for ctr in (0, 5, 70_000, LAST_CTR - 1024, LAST_CTR):
        assert bob.receive(key.sound(ctr=ctr), line="his") == Outcome(None, "replayed")
    assert bob.receive(key.sound(ctr=LAST_CTR - 1), line="his").frame == SOUND
    is_heard(mallory, bob, number + 1)
    goes_on(ada, bob)


def test_one_key_has_one_suite(meeting: Meeting, number: int) -> None:
    ada, bob, mallory = meeting
    sender_key = secrets.token_bytes(32)
    held, kid = mallory.key, make_kid(mallory.source_id, mallory.key.spi, number)
    plaintext = ekt.encode_plaintext(sender_key, mallory.source_id)
    field = ekt.encode_field(ekt_key=held.ekt_key, plaintext=plaintext, spi=held.spi, ekt_epoch=number)
    full = ekt.sign(mallory.person.identity, mallory.person.conference_id, field)
    four, five = (ForgedKey(FrameKey.from_base_key(sender_key, kid, suite), full) for suite in (4, 5))
    assert bob.receive(four.sound(ctr=1), line="his").frame == SOUND
    assert bob.receive(five.sound(ctr=2), line="his") == Outcome(None, "sframe_authentication")
    assert bob.receive(four.sound(ctr=3), line="his").frame == SOUND
    goes_on(ada, bob)


def test_his_stream_is_shown_once_however_often_it_is_published(meeting: Meeting, number: int) -> None:
    ada, bob, mallory = meeting
    key = his(mallory, number)
    assert bob.receive(key.sound(ctr=1), line="his").frame == SOUND
    for line in ("his second", "his third"):
        assert bob.receive(key.sound(ctr=2), line=line) == Outcome(None, "duplicate_source")
        assert bob.sources_of(line) == []
    assert bob.receive(key.sound(ctr=2), line="line") == Outcome(None, "duplicate_source")
    goes_on(ada, bob)


def test_adas_own_sender_key_under_his_name_is_his_voice(meeting: Meeting, number: int) -> None:
    """He may wrap any bytes as his key, hers too: what is sealed with it under his KID is his, and opens nothing of hers."""
    ada, bob, mallory = meeting
    ada.bench.pause(ANNOUNCED_AGAIN_MS)
    stolen = ekt.open_field(field_of(ada.send()), mallory.key.ekt_key, ada.source_id)
    held = mallory.key
    plaintext = ekt.encode_plaintext(stolen, mallory.source_id)
    field = ekt.encode_field(ekt_key=held.ekt_key, plaintext=plaintext, spi=held.spi, ekt_epoch=number)
    full = ekt.sign(mallory.person.identity, mallory.person.conference_id, field)
    kid = make_kid(mallory.source_id, held.spi, number)
    own = ForgedKey(FrameKey.from_base_key(stolen, kid, SUITE), full)
    assert bob.receive(own.sound(ctr=1), line="his").frame == SOUND
    assert bob.sources_of("his") == [mallory.source_id]
    body, _full = ekt.parse_tail(ada.send())
    assert bob.receive(body + full.tail, line="his").frame is None
    goes_on(ada, bob)


@pytest.mark.requirement("MEDIA-BUDGET-1")
def test_a_thousand_new_keys_a_second_cost_the_others_nothing(meeting: Meeting, number: int) -> None:
    """Each is signed and would open; over his budget they are dropped before the costly part, and Ada is heard throughout."""
    ada, bob, mallory = meeting
    carrier = his(mallory, number)
    assert bob.receive(carrier.sound(ctr=1), line="his").frame == SOUND
    flood = [carrier.sound(ctr=2 + n, tail=his(mallory, number + 1 + n).full.tail) for n in range(1000)]
    begun, dropped = time.monotonic(), bob.counters("his")["dropped"]
    heard = 0
    for part in range(5):
        bob.flood(flood[200 * part : 200 * part + 200], line="his")
        for _ in range(4):
            assert bob.receive(ada.send()).frame == SOUND
            heard += 1
    counters = bob.flooded("his")
    taken = 1000 - counters["fields"]["ekt_rate"]
    assert taken <= KEYS_AT_ONCE + KEYS_PER_S * (time.monotonic() - begun) + 1
    assert counters["dropped"] == dropped
    assert heard == 20
    _numbers.append(number + 1000)
    goes_on(ada, bob)


def test_with_the_highest_number_he_ends_his_own_announcements(meeting: Meeting) -> None:
    """Last of his numbers: nothing higher exists until the next epoch, in which he counts anew like everybody."""
    ada, bob, mallory = meeting
    bob.bench.pause(3000)  # his budget
    is_heard(mallory, bob, 0xFFFF)
    assert bob.receive(his(mallory, 1).sound(), line="his") == Outcome(None, "ekt_epoch")
    goes_on(ada, bob)


# --- what remains ---------------------------------------------------------------------------------------------------------


def test_with_the_media_servers_help_he_speaks_under_adas_own_key(meeting: Meeting) -> None:
    """What remains, and stands in the threat model: frames are authenticated by a key that all present hold, not signed one by
    one. He alone cannot do it, since the media server carries each person's frames under that person's connection.
    """
    ada, bob, mallory = meeting
    ada.bench.pause(ANNOUNCED_AGAIN_MS)
    frame = ada.send()
    assert bob.receive(frame).frame == SOUND
    stolen = ekt.open_field(field_of(frame), mallory.key.ekt_key, ada.source_id)
    key = FrameKey.from_base_key(stolen, make_kid(ada.source_id, spi_of(frame), ekt_epoch_of(frame)), SUITE)
    spoken = seal_frame(key=key, ctr=500_000, track="mic", codec="opus", data=b"not Ada", tail=ekt.SHORT)
    assert bob.receive(spoken).frame == b"not Ada"
    # Her next frames are too old for the window then: both are heard as one, and the disturbance ends with the next epoch.
    assert bob.receive(ada.send()) == Outcome(None, "replayed")
    bob.bench.of("endpoint 2").leave()
    for each in (ada, bob):
        each.follow({ada.source_id, bob.source_id})
    ada.bench.pause(SWITCHED_MS)
    assert bob.receive(ada.send()).frame == SOUND
    again = seal_frame(key=key, ctr=500_001, track="mic", codec="opus", data=b"not Ada", tail=ekt.SHORT)
    assert bob.receive(again).frame is None
