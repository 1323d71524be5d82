"""Janus records the room: what it saw cannot be decoded; with the epoch's keys an independent decryptor opens it, and only it.

A person without a browser holds real keys (tests/simulators), is in for a while and leaves; another comes late. Both are then
fed the whole recording ([PERC] 4.8, requirement 5).
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from av import CodecContext, Packet
from av.error import FFmpegError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from playwright.sync_api import BrowserContext

from protocol import base64url
from tests.browser.janus_recording import record_room
from tests.browser.joining import join, sees
from tests.scenes import Scene
from tests.simulators.person import Person, body_of
from tests.stack import Stack
from tests.twin.errors import TwinError
from tests.twin.frame import FrameOpener, OpenedFrame
from tests.twin.recording import Recording, read_recording

pytestmark = [pytest.mark.browser, pytest.mark.requirement("MEDIA-1")]
LOCKED_OUT_WITHIN_S = 1.0
TRACK = {"audio": ("mic", "opus"), "video": ("camera", "vp8")}


@dataclass
class Witness:
    """A person who only listens, and remembers every key and identity he was given."""

    person: Person
    identities: dict[int, bytes] = field(default_factory=dict)

    def enter(self) -> None:
        assert self.person.ask_for_key().status_code == 200
        self.socket = self.person.open_socket()
        self.person.hello(self.socket)
        welcome = self.person.hear(self.socket, "welcome")
        self._learn(body_of(welcome["roster"])["endpoints"])
        self.entered_at = time.time()

    def listen(self, seconds: float) -> None:
        """Follow the push socket; keys on the way are kept by the person."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.person.say(self.socket, "heartbeat", number=0)
            try:
                message = self.person.hear(self.socket, "roster", timeout=min(2, until - time.monotonic()))
                self._learn(body_of(message["delta"])["joined"])
            except TimeoutError:
                continue

    def leave(self) -> None:
        self.person.say(self.socket, "leaving")
        self.left_at = time.time()

    def _learn(self, entries: list[dict]) -> None:
        for entry in entries:
            self.identities[entry["source_id"]] = base64url.decode(entry["identity_key"])

    def open_all(self, recording: Recording, conference_id: str) -> Iterator[tuple[float, OpenedFrame]]:
        """Every frame that his keys open, with the wall clock of its arrival at Janus."""
        opener = FrameOpener(
            conference_id=conference_id,
            ekt_keys={key.spi: key.ekt_key for key in self.person.keys.values()},
            identities={sid: Ed25519PublicKey.from_public_bytes(key) for sid, key in self.identities.items()},
        )
        track, codec = TRACK[recording.kind]
        for frame in recording.frames:
            try:
                yield recording.started_us / 1e6 + frame.at_ms / 1e3, opener.open(frame.payload, track=track, codec=codec)
            except TwinError:
                continue


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
        early.listen(5)
        early.leave()
        time.sleep(4)
        late.enter()
        late.listen(5)
    for context in contexts:
        context.close()
    return Recorded(scene, early, late, [read_recording(path) for path in sorted(Path(directory).glob("*.mjr"))])


def of_kind(recorded: Recorded, kind: str) -> list[Recording]:
    found = [recording for recording in recorded.recordings if recording.kind == kind and len(recording.frames) > 20]
    assert found, f"Janus recorded no {kind}"
    return found


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_with_the_epochs_keys_the_recorded_frames_open(recorded: Recorded, kind: str):
    for recording in of_kind(recorded, kind):
        opened = list(recorded.early.open_all(recording, recorded.scene.conference_id))
        while_in = [f for f in recording.frames if recording.started_us / 1e6 + f.at_ms / 1e3 < recorded.early.left_at]
        assert len(opened) > 0.9 * len(while_in) > 10


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_the_leaver_opens_nothing_from_a_second_after_his_leave(recorded: Recorded, kind: str):
    for recording in of_kind(recorded, kind):
        arrivals = [at for at, _ in recorded.early.open_all(recording, recorded.scene.conference_id)]
        assert max(arrivals) <= recorded.early.left_at + LOCKED_OUT_WITHIN_S
        later = [f for f in recording.frames if recording.started_us / 1e6 + f.at_ms / 1e3 > recorded.early.left_at + 1]
        assert len(later) > 20


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_the_late_joiner_opens_nothing_from_before(recorded: Recorded, kind: str):
    for recording in of_kind(recorded, kind):
        arrivals = [at for at, _ in recorded.late.open_all(recording, recorded.scene.conference_id)]
        assert len(arrivals) > 10
        assert min(arrivals) >= recorded.late.entered_at - 0.5  # the key was released just before «entered»


def test_what_janus_saw_is_not_the_picture(recorded: Recorded):
    """A VP8 decoder makes noise of anything; noise does not resemble the camera's picture, the opened frames do."""
    recording = of_kind(recorded, "video")[0]
    opened = [frame for _, frame in recorded.early.open_all(recording, recorded.scene.conference_id)]
    clear = decode([frame.data for frame in opened])
    assert len(clear) > 10
    sealed = decode([frame.payload for frame in recording.frames])
    reference = clear[len(clear) // 2]
    assert abs(resemblance(clear[len(clear) // 2 + 1], reference)) > 0.9
    assert all(abs(resemblance(picture, reference)) < 0.3 for picture in sealed if picture.shape == reference.shape)


def test_what_janus_saw_looks_random(recorded: Recorded):
    for kind in ("audio", "video"):
        for recording in of_kind(recorded, kind):
            skip = 10 if kind == "video" else 0
            data = np.frombuffer(b"".join(f.payload[skip + 12 : -20] for f in recording.frames if len(f.payload) > 200), np.uint8)
            if len(data) < 20_000:
                data = np.frombuffer(b"".join(f.payload[skip + 12 : -20] for f in recording.frames), np.uint8)
            shares = np.bincount(data, minlength=256) / len(data)
            entropy = -(shares[shares > 0] * np.log2(shares[shares > 0])).sum()
            assert entropy > 7.9


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
