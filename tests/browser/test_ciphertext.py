"""Janus records the room: what it saw cannot be decoded; with the epoch's keys an independent decryptor opens it, and only it.

A person without a browser holds real keys (tests/simulators), is in for a while and leaves; another comes late. Both are then
fed the whole recording ([PERC] 4.8, requirement 5).
"""

import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from av import CodecContext, Packet
from av.error import FFmpegError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from playwright.sync_api import BrowserContext, Page, expect

from protocol import base64url
from tests.browser.janus_recording import record_room
from tests.browser.joining import join, sees
from tests.scenes import Scene
from tests.simulators.person import Person, body_of
from tests.stack import Stack
from tests.twin.ekt import parse_tail
from tests.twin.errors import TwinError
from tests.twin.frame import FrameOpener, OpenedFrame, describe
from tests.twin.recording import Frame, Recording, read_recordings
from tests.twin.sframe import parse_header

pytestmark = [pytest.mark.browser, pytest.mark.alone, pytest.mark.requirement("MEDIA-1")]
LOCKED_OUT_WITHIN_S = 1.0
TRACK = {"audio": ("mic", "opus"), "video": ("camera", "vp8")}


@dataclass
class Witness:
    """A person who only listens, and remembers every key and identity he was given."""

    person: Person
    identities: dict[int, bytes] = field(default_factory=dict)

    def enter(self) -> None:
        self.asked_at = time.time()
        assert self.person.ask_for_key().status_code == 200
        self.socket = self.person.open_socket()
        self.person.hello(self.socket)
        welcome = self.person.hear(self.socket, "welcome")
        self._learn(body_of(welcome["roster"])["endpoints"])
        self._gone = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        while not self._gone.wait(3):
            self.person.say(self.socket, "heartbeat", number=0)

    def listen(self, seconds: float) -> None:
        """Follow the push socket; keys on the way are kept by the person."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                message = self.person.hear(self.socket, "roster", timeout=min(2, until - time.monotonic()))
                self._learn(body_of(message["delta"])["joined"])
            except TimeoutError:
                continue

    def leave(self) -> None:
        self._gone.set()
        self.person.say(self.socket, "leaving")
        self.left_at = time.time()

    def _learn(self, entries: list[dict]) -> None:
        for entry in entries:
            self.identities[entry["source_id"]] = base64url.decode(entry["identity_key"])

    def open_all(self, recordings: list[Recording], conference_id: str) -> "list[Opened]":
        """Every frame of the room that his keys open, by arrival: a key heard with the sound opens the picture too."""
        opener = FrameOpener(
            conference_id=conference_id,
            ekt_keys={key.spi: key.ekt_key for key in self.person.keys.values()},
            identities={sid: Ed25519PublicKey.from_public_bytes(key) for sid, key in self.identities.items()},
        )
        arrivals = sorted(((arrival(r, f), r, f) for r in recordings for f in r.frames), key=lambda item: item[0])
        opened = []
        for at, recording, frame in arrivals:
            track, codec = TRACK[recording.kind]
            with suppress(TwinError):
                opened.append(Opened(at, recording, frame, opener.open(frame.payload, track=track, codec=codec)))
        return opened


@dataclass(frozen=True)
class Opened:
    """A frame that opened: when it came to Janus (wall clock, seconds), as it was seen, and what was in it."""

    at: float
    recording: Recording
    sealed: Frame
    frame: OpenedFrame


def arrival(recording: Recording, frame: Frame) -> float:
    return recording.started_us / 1e6 + frame.at_ms / 1e3


@dataclass
class Recorded:
    scene: Scene
    early: Witness
    late: Witness
    recordings: list[Recording]


@pytest.fixture(scope="module")
def recorded(stack: Stack, browser) -> Recorded:
    """Two browsers talk; ``early`` is in from the start and leaves, ``late`` joins afterwards; Janus records all of it."""
    scene = Scene.schedule(stack)
    directory = Path(tempfile.mkdtemp(prefix="conclave-recording-"))
    directory.chmod(0o777)  # Janus runs as another user
    early, late = Witness(scene.person("initiator", 0).sign_in()), Witness(scene.person("participant", 2).sign_in())
    contexts: list[BrowserContext] = [browser.new_context(permissions=["camera", "microphone"]) for _ in range(2)]
    early.enter()
    pages = [join(context, scene.uri, stack.accounts("participant")[i]) for i, context in enumerate(contexts)]
    for page in pages:
        sees(page, 1)
    with record_room(stack, scene.handle, directory):
        early.listen(2)
        ask_for_key_frames(pages)
        early.listen(3)
        early.leave()
        time.sleep(4)
        late.enter()
        late.listen(5)
        late.leave()
    for context in contexts:
        context.close()
    return Recorded(scene, early, late, read_recordings(directory))


def ask_for_key_frames(pages: list[Page]) -> None:
    """A camera that is turned off and on begins with a key frame."""
    for pressed in ("false", "true"):
        for page in pages:
            page.get_by_test_id("toggle-camera").click()
            expect(page.get_by_test_id("toggle-camera")).to_have_attribute("aria-pressed", pressed)


def of_kind(recorded: Recorded, kind: str) -> list[Recording]:
    found = [recording for recording in recorded.recordings if recording.kind == kind and len(recording.frames) > 20]
    assert found, f"Janus recorded no {kind}"
    return found


@pytest.fixture(scope="module")
def by_early(recorded: Recorded) -> list[Opened]:
    return recorded.early.open_all(recorded.recordings, recorded.scene.conference_id)


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_with_the_epochs_keys_the_recorded_frames_open(recorded: Recorded, by_early: list[Opened], kind: str):
    for recording in of_kind(recorded, kind):
        opened = [item for item in by_early if item.recording is recording]
        while_in = [frame for frame in recording.frames if arrival(recording, frame) < recorded.early.left_at]
        assert len(opened) > 0.9 * len(while_in) > 10


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_the_leaver_opens_nothing_from_a_second_after_his_leave(recorded: Recorded, by_early: list[Opened], kind: str):
    locked_out_at = recorded.early.left_at + LOCKED_OUT_WITHIN_S
    assert max(item.at for item in by_early) <= locked_out_at
    for recording in of_kind(recorded, kind):
        assert len([frame for frame in recording.frames if arrival(recording, frame) > locked_out_at]) > 20


def test_the_late_joiner_opens_nothing_from_before(recorded: Recorded):
    opened = recorded.late.open_all(recorded.recordings, recorded.scene.conference_id)
    assert {item.recording.kind for item in opened} == {"audio", "video"}
    assert min(item.at for item in opened) >= recorded.late.asked_at


def test_what_janus_saw_is_not_the_picture(by_early: list[Opened]):
    """A VP8 decoder makes noise of anything; noise does not resemble the camera's picture."""
    key_frames = [item for item in by_early if item.recording.kind == "video" and not item.frame.data[0] & 1]
    assert key_frames
    for item in key_frames:
        (picture,) = decode([item.frame.data])
        assert picture.std() > 5
        assert all(abs(resemblance(noise, picture)) < 0.3 for noise in decode([item.sealed.payload]))
    pictures = [decode([item.frame.data])[0] for item in key_frames]
    assert all(resemblance(picture, pictures[0]) > 0.6 for picture in pictures)


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_what_janus_saw_looks_random(recorded: Recorded, kind: str):
    for recording in of_kind(recorded, kind):
        data = np.frombuffer(b"".join(ciphertext_of(frame.payload, kind) for frame in recording.frames), np.uint8)
        shares = np.bincount(data, minlength=256) / len(data)
        entropy = -(shares[shares > 0] * np.log2(shares[shares > 0])).sum()
        expected = 8 - 255 / (2 * len(data) * np.log(2))  # what as many truly random bytes would show
        assert entropy > expected - 0.02


def ciphertext_of(payload: bytes, kind: str) -> bytes:
    """A frame's ciphertext and tag: without clear prefix, SFrame header and tail."""
    rest, _full = parse_tail(payload)
    prefix = describe(TRACK[kind][1], rest)[0]
    return rest[prefix + parse_header(rest[prefix:]).length :]


def decode(frames: list[bytes]) -> list[np.ndarray]:
    """Grey pictures that FFmpeg's VP8 decoder makes of encoded frames; what it refuses is left out."""
    decoder = CodecContext.create("vp8", "r")
    pictures = []
    for data in frames:
        try:
            pictures += [picture.to_ndarray(format="gray").astype(float) for picture in decoder.decode(Packet(data))]
        except FFmpegError:
            continue
    return pictures


def resemblance(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two pictures."""
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
