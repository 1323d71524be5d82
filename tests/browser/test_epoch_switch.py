"""Ten epochs of the running KMF, as people come and go: who stays loses no frame, in sound or picture ([PERC] 4.8)."""

import time

import pytest
from playwright.sync_api import Browser

from tests.adversary.engine_bench import SOUND, Endpoint, engine_bench
from tests.adversary.forged_frames import spi_of
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser
PICTURE = b"\x51" + bytes(range(1, 90))
SWITCH_S = 0.7  # a sender uses the new key 250 ms after the rekey
REKEYS = 10


def talk(stayers: tuple[Endpoint, Endpoint], seconds: float) -> int:
    """Both send and hear each other, each following the KMF in his own time; how many frames there were."""
    frames = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for sender, receiver in (stayers, stayers[::-1]):
            sender.catch_up()
            assert receiver.receive(sender.send(), line=sender.name).frame == SOUND
            assert receiver.receive(sender.send("camera", PICTURE), track="camera", line=sender.name).frame == PICTURE
            frames += 2
    return frames


def test_who_stays_loses_no_frame_over_ten_epochs(stack: Stack, browser: Browser) -> None:
    scene = Scene.schedule(stack)
    with engine_bench(browser) as bench:
        ada, bob = (bench.enter(scene.person("participant", index), f"endpoint {index}") for index in range(2))
        for each in (ada, bob):
            each.follow({ada.source_id, bob.source_id})
        bench.pause(1000 * SWITCH_S)
        first, frames = ada.epoch, talk((ada, bob), 0.2)
        spis = {spi_of(ada.send())}
        for turn in range(REKEYS // 2):
            guest = bench.enter(scene.person(*(("participant", 2), ("initiator", 0))[turn % 2]), f"guest {turn}")
            frames += talk((ada, bob), SWITCH_S)
            spis.add(spi_of(ada.send()))
            guest.leave()
            frames += talk((ada, bob), SWITCH_S)
            spis.add(spi_of(ada.send()))
        assert ada.epoch == bob.epoch == first + REKEYS
        assert len(spis) == REKEYS + 1
        for sender, receiver in ((ada, bob), (bob, ada)):
            counted = [receiver.counters(sender.name, track) for track in ("mic", "camera")]
            assert [each["dropped"] for each in counted] == [{}, {}]
            assert sum(each["ok"] for each in counted) == frames / 2
