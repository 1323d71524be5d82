"""Attacker: the media server. It has every encoded frame and may change, keep, repeat, swap and make them (MEDIA-1, MEDIA-2).

It holds no key. Keys and rosters are the running KMF's, the engines are the shipped ones. After each attack the state is what
it was, and Ada's next frames open.
"""

import secrets
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.adversary.engine_bench import SOUND, Endpoint, Outcome, engine_bench
from tests.adversary.forged_frames import ForgedKey, ekt_epoch_of, spi_of
from tests.adversary.touched_frames import Touch, flip, flip_in, with_field_of, without_field
from tests.browser.joining import join, sees
from tests.scenes import Scene
from tests.small_devices import SMALL_DEVICES
from tests.stack import Stack
from tests.twin import ekt
from tests.twin.frame import describe, make_kid
from tests.twin.sframe import encode_header

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-1"), pytest.mark.requirement("MEDIA-2")]
SWITCHED_MS = 400
ANNOUNCED_AGAIN_MS = 150
PICTURE = b"\x50" + bytes(range(1, 200))
LATER_PICTURE = b"\x51" + bytes(range(1, 120))
WINDOW = 1024
LATE_CTR = 10_000

Meeting = tuple[Endpoint, Endpoint, Endpoint]


@pytest.fixture(scope="module")
def meeting(stack: Stack, browser: Browser) -> Iterator[Meeting]:
    """Ada is heard and seen by Bob; Carol is there and has not listened yet."""
    scene = Scene.schedule(stack)
    with engine_bench(browser) as bench:
        ada, bob, carol = (bench.enter(scene.person("participant", i), f"endpoint {i}") for i in range(3))
        for each in (ada, bob, carol):
            each.follow({ada.source_id, bob.source_id, carol.source_id})
        bench.pause(SWITCHED_MS)
        assert bob.receive(ada.send()).frame == SOUND
        assert bob.receive(picture(ada), track="camera").frame == PICTURE
        yield ada, bob, carol


def picture(sender: Endpoint) -> bytes:
    """A key frame; it announces."""
    return sender.send("camera", PICTURE)


def announcing(sender: Endpoint) -> bytes:
    """Sound that announces."""
    sender.bench.pause(ANNOUNCED_AGAIN_MS)
    return sender.send()


def goes_on(ada: Endpoint, bob: Endpoint) -> None:
    """Ada is heard and seen, as herself and nobody else."""
    assert bob.receive(ada.send()).frame == SOUND
    assert bob.receive(picture(ada), track="camera").frame == PICTURE
    assert bob.sources_of("line") == [ada.source_id]
    assert bob.sources_of("line", "camera") == [ada.source_id]


def fields(bob: Endpoint, track: str) -> dict[str, int]:
    dropped: dict[str, int] = bob.counters("line", track)["fields"]
    return dropped


FORGED = "sframe_authentication"
IN_FRAME = {
    "key frame bit": {FORGED, "sframe_header", "not_in_roster", "unknown_kid"},
    "clear prefix": {FORGED},
    "SFrame header": {FORGED, "replayed", "sframe_header", "not_in_roster", "unknown_kid"},
    "source id": {"not_in_roster"},
    "spi": {"unknown_kid"},
    "ekt_epoch": {"unknown_kid"},
    "counter": {FORGED, "replayed", "sframe_header"},
    "ciphertext": {FORGED},
    "end of the ciphertext": {FORGED},
    "tag": {FORGED},
    "length of the field": {"ekt_length"},
    "type of the field": {"ekt_type"},
}
IN_FIELD = {
    "signature": "ekt_signature",
    "end of the signature": "ekt_signature",
    "wrapped key": "ekt_epoch",
    "end of the wrapped key": "ekt_epoch",
    "spi of the field": "ekt_spi",
    "ekt_epoch of the field": "ekt_epoch",
}


@pytest.mark.parametrize("part", IN_FRAME)
def test_a_changed_bit_costs_that_frame(meeting: Meeting, part: str) -> None:
    ada, bob, _ = meeting
    frame = picture(ada)
    opened = bob.opened_count("line", "camera")
    outcome = bob.receive(flip_in(part)(frame), track="camera")
    assert outcome.frame is None
    assert outcome.code in IN_FRAME[part]
    assert bob.opened_count("line", "camera") == opened
    assert bob.receive(frame, track="camera").frame == PICTURE
    goes_on(ada, bob)


@pytest.mark.parametrize("part", IN_FIELD)
def test_a_changed_bit_of_a_field_costs_the_field(meeting: Meeting, part: str) -> None:
    """The picture itself is authentic and goes on; the field is counted as dropped and changes no key."""
    ada, bob, _ = meeting
    frame, before = picture(ada), fields(bob, "camera")
    touched = flip_in(part)(frame)
    if part.startswith(("signature", "end of the signature")):
        # Of the same bytes as the key that is held nothing is looked at; so it is a newer one that comes with a bad signature.
        newer = ForgedKey.by(ada, ada.source_id, ekt_epoch_of(announcing(ada)) + 1)
        touched = flip_in(part)(with_field_of(frame, newer.sound()))
    assert bob.receive(touched, track="camera").frame == PICTURE
    after = fields(bob, "camera")
    assert sum(after.values()) == sum(before.values()) + 1
    assert after.get("ekt_epoch", 0) + after.get("ekt_spi", 0) + after.get("ekt_signature", 0) == sum(after.values())
    goes_on(ada, bob)


def test_no_byte_of_the_first_frame_can_be_changed(meeting: Meeting) -> None:
    """Carol has no key of Ada's yet: all of her first frame, its announcement included, must be as Ada made it."""
    ada, _, carol = meeting
    frame = announcing(ada)
    outcomes = {at: carol.receive(flip(frame, at, 0x40), line="first") for at in range(len(frame))}
    assert [at for at, outcome in outcomes.items() if outcome.frame is not None] == []
    assert carol.opened_count("first") == 0
    assert carol.sources_of("first") == []
    assert carol.receive(frame, line="first").frame == SOUND


def cut(at: int) -> Touch:
    return lambda frame: frame[:at]


def longer(more: bytes) -> Touch:
    return lambda frame: frame + more


SHAPES: dict[str, Touch] = {
    "cut to its first byte": cut(1),
    "cut in the header": cut(5),
    "cut in the ciphertext": cut(40),
    "cut before the tag": lambda frame: without_field(frame)[:-17] + ekt.SHORT,
    "cut before the type": cut(-1),
    "cut before the field": cut(-127),
    "first byte missing": lambda frame: frame[1:],
    "a byte more": longer(b"\x00"),
    "a type more": longer(b"\x02"),
    "a field more": lambda frame: frame + frame[-127:],
    "a field and a half": lambda frame: frame + frame[-63:],
    "twice": lambda frame: frame + frame,
    "64 kB of zeros before it": lambda frame: bytes(65536) + frame,
    "64 kB of zeros after it": longer(bytes(65536)),
    "a megabyte of noise in it": lambda frame: frame[:20] + secrets.token_bytes(2**20) + frame[20:],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_frame_of_another_length_does_not_open(meeting: Meeting, shape: str) -> None:
    ada, bob, _ = meeting
    frame = announcing(ada)
    opened = bob.opened_count("line")
    assert bob.receive(SHAPES[shape](frame)).frame is None
    assert bob.opened_count("line") == opened
    assert bob.receive(frame).frame == SOUND
    goes_on(ada, bob)


def test_frames_in_another_order_open_once_each(meeting: Meeting) -> None:
    ada, bob, _ = meeting
    frames = [ada.send(data=bytes([index, *SOUND])) for index in range(24)]
    for index in (*range(23, -1, -2), *range(0, 24, 2)):
        assert bob.receive(frames[index]).frame == bytes([index, *SOUND])
    assert [bob.receive(frame) for frame in frames] == [Outcome(None, "replayed")] * 24
    goes_on(ada, bob)


def test_a_frame_that_was_kept_back_too_long_is_dropped(meeting: Meeting) -> None:
    ada, bob, _ = meeting
    kept = ada.send()
    assert bob.receive(ada.send_many(WINDOW)[-1]).frame == SOUND
    assert bob.receive(kept) == Outcome(None, "replayed")
    goes_on(ada, bob)


def test_another_layer_of_her_camera_is_her_camera_and_opens_once(meeting: Meeting) -> None:
    """He sends the layer that nobody asked for, mixes them, and goes back to the other one: nothing names a layer (ADR 0039)."""
    ada, bob, _ = meeting
    layers = [[bytes([0x51, layer, index, *range(1, 90)]) for index in range(8)] for layer in range(2)]
    sent = [[ada.send("camera", both[layer]) for layer in range(2)] for both in zip(*layers, strict=True)]
    large, small = zip(*sent, strict=True)
    for index in (0, 1, 2):
        assert bob.receive(large[index], track="camera").frame == layers[0][index]
    for index in (4, 0, 5):
        assert bob.receive(small[index], track="camera").frame == layers[1][index]
    assert bob.receive(large[3], track="camera").frame == layers[0][3]
    again = [bob.receive(frame, track="camera") for frame in (*large[:4], small[0], small[4], small[5])]
    assert again == [Outcome(None, "replayed")] * 7
    assert bob.receive(small[6], line="another line", track="camera") == Outcome(None, "duplicate_source")
    assert bob.receive(small[6], track="screen").code == "sframe_authentication"
    goes_on(ada, bob)


REPLAYS = {"line": {"replayed"}, "another line": {"replayed", "duplicate_source"}}


@pytest.mark.parametrize("line", REPLAYS)
def test_nothing_is_played_twice(meeting: Meeting, line: str) -> None:
    ada, bob, _ = meeting
    frames = [announcing(ada), *(ada.send() for _ in range(10))]
    for frame in frames:
        assert bob.receive(frame).frame == SOUND
    opened = bob.opened_count("line")
    assert {bob.receive(frame, line=line).code for frame in frames} <= REPLAYS[line]
    assert bob.opened_count("line") == opened
    assert bob.sources_of("another line") == []
    goes_on(ada, bob)


def test_without_the_announcement_there_is_silence_and_with_it_she_is_heard(meeting: Meeting) -> None:
    """Stripping a field hides a key; nothing takes its place."""
    ada, bob, carol = meeting
    frame = announcing(ada)
    assert bob.receive(without_field(frame)).frame == SOUND
    stripped = without_field(announcing(carol))
    assert bob.receive(stripped, line="carol") == Outcome(None, "unknown_kid")
    assert bob.sources_of("carol") == []
    whole = announcing(carol)
    assert bob.receive(whole, line="carol").frame == SOUND
    assert bob.sources_of("carol") == [carol.source_id]
    goes_on(ada, bob)


def test_another_persons_field_is_dropped_from_a_frame(meeting: Meeting) -> None:
    ada, bob, carol = meeting
    before = fields(bob, "mic").get("ekt_signature", 0) + fields(bob, "mic").get("ekt_epoch", 0)
    assert bob.receive(with_field_of(announcing(ada), announcing(carol))).frame == SOUND
    assert fields(bob, "mic").get("ekt_signature", 0) + fields(bob, "mic").get("ekt_epoch", 0) == before + 1
    goes_on(ada, bob)


def test_her_own_field_from_another_conference_is_dropped(meeting: Meeting) -> None:
    ada, bob, _ = meeting
    frame = announcing(ada)
    elsewhere = ForgedKey.make(
        held=ada.key,
        conference_id="B" * 22,
        source_id=ada.source_id,
        ekt_epoch=ekt_epoch_of(frame) + 1,
        signer=ada.person.identity,
    )
    before = fields(bob, "mic").get("ekt_signature", 0)
    assert bob.receive(with_field_of(frame, elsewhere.sound())).frame == SOUND
    assert bob.receive(elsewhere.sound()) == Outcome(None, "ekt_signature")
    assert fields(bob, "mic").get("ekt_signature", 0) == before + 1
    goes_on(ada, bob)


def test_two_peoples_streams_do_not_change_names(meeting: Meeting) -> None:
    """On Ada's line Carol is not shown, on a line of its own Carol is Carol."""
    ada, bob, carol = meeting
    assert bob.receive(announcing(carol)).code == "duplicate_source"
    assert bob.sources_of("line") == [ada.source_id]
    goes_on(ada, bob)


TRACKS = [("camera", "screen"), ("screen", "camera")]


@pytest.mark.parametrize(("sent", "told"), TRACKS)
def test_a_camera_is_not_shown_as_a_screen(meeting: Meeting, sent: str, told: str) -> None:
    ada, bob, _ = meeting
    assert bob.receive(ada.send(sent, PICTURE), track=told, line="swapped") == Outcome(None, FORGED)
    assert bob.sources_of("swapped", told) == []
    goes_on(ada, bob)


def test_a_later_picture_is_not_passed_off_as_a_key_frame(meeting: Meeting) -> None:
    """The bit stands in the clear for the media server's sake; it is authenticated all the same."""
    ada, bob, _ = meeting
    assert describe("vp8", LATER_PICTURE)[0] == 3
    frame = ada.send("camera", LATER_PICTURE)
    assert bob.receive(flip(frame, 0), track="camera").frame is None
    assert bob.receive(PICTURE[:10] + frame[3:], track="camera").frame is None
    assert bob.receive(frame, track="camera").frame == LATER_PICTURE
    goes_on(ada, bob)


def test_his_own_frames_do_not_come_back_to_him(meeting: Meeting) -> None:
    ada, bob, _ = meeting
    assert bob.receive(announcing(bob), line="mirror") == Outcome(None, "own_source")
    assert bob.sources_of("mirror") == []
    goes_on(ada, bob)


INJECTED: dict[str, Callable[[bytes], bytes]] = {
    "clear sound": lambda _frame: SOUND,
    "clear sound with a short field": lambda _frame: SOUND + ekt.SHORT,
    "clear sound with her field": lambda frame: SOUND + frame[-127:],
    "nothing": lambda _frame: b"",
    "her header and nothing else": lambda frame: frame[:11] + ekt.SHORT,
    "her header and noise": lambda frame: frame[:11] + secrets.token_bytes(77) + ekt.SHORT,
    "noise": lambda _frame: secrets.token_bytes(200),
    "zeros": lambda _frame: bytes(200),
    "a field alone": lambda frame: frame[-127:],
}


@pytest.mark.parametrize("what", INJECTED)
def test_nothing_of_his_own_making_opens(meeting: Meeting, what: str) -> None:
    ada, bob, _ = meeting
    frame = announcing(ada)
    opened = bob.opened_count("line")
    assert bob.receive(INJECTED[what](frame)).frame is None
    assert bob.opened_count("line") == opened
    goes_on(ada, bob)


def test_clear_video_does_not_open(meeting: Meeting) -> None:
    ada, bob, _ = meeting
    for clear in (PICTURE, LATER_PICTURE, PICTURE + ekt.SHORT, picture(ada)[:10] + PICTURE[10:] + ekt.SHORT):
        assert bob.receive(clear, track="camera").frame is None
    goes_on(ada, bob)


def test_a_flood_of_noise_keeps_nobody_from_being_heard(meeting: Meeting) -> None:
    """Announcements with no true signature on a line of their own: each costs one look, none a key."""
    ada, bob, _ = meeting
    frame = announcing(ada)
    spi, highest = spi_of(frame), 0xFFFF
    header = encode_header(make_kid(ada.source_id, spi, highest), LATE_CTR)
    ending = b"".join(number.to_bytes(2, "big") for number in (spi, highest, 63)) + b"\x02"
    noise = [header + secrets.token_bytes(76 + 64 + 56) + ending for _ in range(400)]
    bob.flood(noise, line="flood")
    for _ in range(20):
        assert bob.receive(ada.send()).frame == SOUND
    assert bob.flooded("flood")["dropped"] == {"ekt_signature": 400}
    assert bob.opened_count("flood") == 0
    assert bob.sources_of("flood") == []
    goes_on(ada, bob)


def test_after_a_rekey_the_frames_of_before_are_over(meeting: Meeting) -> None:
    """Last, since it changes the meeting: Carol leaves, Ada speaks on, and what was kept back is played."""
    ada, bob, carol = meeting
    kept = [announcing(ada), *(ada.send() for _ in range(5)), announcing(carol)]
    carol.leave()
    for each in (ada, bob):
        each.follow({ada.source_id, bob.source_id})
    ada.bench.pause(SWITCHED_MS)
    goes_on(ada, bob)
    codes = {bob.receive(frame).code for frame in kept}
    assert codes <= {"key_ended", "unknown_kid", "ekt_spi", "not_in_roster"}
    grafted = with_field_of(announcing(ada), kept[0])
    before = fields(bob, "mic").get("ekt_spi", 0)
    assert bob.receive(grafted).frame == SOUND
    assert fields(bob, "mic")["ekt_spi"] == before + 1
    goes_on(ada, bob)


ALLOWED = {
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
}
EXTENSIONS = """() => connections.flatMap((connection) => connection.getTransceivers())
  .flatMap(({ sender, receiver }) => [sender, receiver])
  .flatMap((side) => side.getParameters().headerExtensions).map(({ uri }) => uri)"""


def test_how_loud_somebody_speaks_stands_beside_no_packet(stack: Stack, profile: Callable[..., BrowserContext]) -> None:
    """Whatever the media server would like, a page in a call sends and takes no audio level (that it asks: test_sdp)."""
    scene = Scene.schedule(stack)
    pages = []
    for account in stack.accounts("participant")[:2]:
        context = profile()
        context.add_init_script(SMALL_DEVICES)
        context.set_default_timeout(60_000)
        pages.append(join(context, scene.uri, account))
    for page in pages:
        sees(page, 1)
        assert set(page.evaluate(EXTENSIONS)) <= ALLOWED
        assert page.evaluate(EXTENSIONS) != []
