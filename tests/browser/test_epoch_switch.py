"""Ten epochs of the running KMF, as people come and go: who stays loses no frame, in sound or picture ([PERC] 4.8)."""

import time
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.adversary.engine_bench import SOUND, Endpoint, engine_bench
from tests.adversary.forged_frames import spi_of
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
PICTURE = b"\x51" + bytes(range(1, 90))
REKEYS = 10


@dataclass
class Talk:
    """Two who stay: both send and hear each other, each following the KMF in his own time."""

    stayers: tuple[Endpoint, Endpoint]
    frames: int = 0

    def go_on(self) -> set[int]:
        """One frame of each kind either way; the SPIs under which they were sent."""
        spis = set()
        for sender, receiver in (self.stayers, self.stayers[::-1]):
            sender.catch_up()
            sound = sender.send()
            assert receiver.receive(sound, line=sender.name).frame == SOUND
            assert receiver.receive(sender.send("camera", PICTURE), track="camera", line=sender.name).frame == PICTURE
            spis.add(spi_of(sound))
            self.frames += 2
        return spis

    def until_all_send_in(self, epoch: int) -> None:
        deadline = time.monotonic() + 30
        while self.go_on() != {epoch}:
            assert time.monotonic() < deadline, f"epoch {epoch} was not used"


def test_who_stays_loses_no_frame_over_ten_epochs(stack: Stack, browser: Browser) -> None:
    scene = Scene.schedule(stack)
    with engine_bench(browser) as bench:
        ada, bob = (bench.enter(scene.person("participant", index), f"endpoint {index}") for index in range(2))
        for each in (ada, bob):
            each.follow({ada.source_id, bob.source_id})
        talk, first = Talk((ada, bob)), ada.epoch
        while spi_of(ada.send()) != ada.key.spi:  # Bob was not there for what comes before
            bench.pause(100)
        talk.until_all_send_in(first)
        for turn in range(REKEYS // 2):
            guest = bench.enter(scene.person(*(("participant", 2), ("initiator", 0))[turn % 2]), f"guest {turn}")
            talk.until_all_send_in(first + 2 * turn + 1)
            guest.leave()
            talk.until_all_send_in(first + 2 * turn + 2)
        assert ada.epoch == bob.epoch == first + REKEYS
        for sender, receiver in ((ada, bob), (bob, ada)):
            counted = [receiver.counters(sender.name, track) for track in ("mic", "camera")]
            assert [each["dropped"] for each in counted] == [{}, {}]
            assert sum(each["ok"] for each in counted) == talk.frames / 2
