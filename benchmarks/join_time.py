"""From the click on "Join" to the first decrypted picture of somebody else, as a ratio to the same page without encryption.

The same running system, the same Janus, the same page and relay; three builds of the worker take turns, round by round:

* *shipped*: the product's;
* *clear*: frames are let by as they are (``clear_build/engine.js``); the key is asked for all the same;
* *keyless*: clear, and the call does not wait for the key service at all.

The clear builds live here; the product contains no way to have them.

Run: ``.venv/bin/python -m benchmarks.join_time [--rounds 10]``, on a quiet machine.
"""

import argparse
import contextlib
import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from benchmarks.altering_relay import altering_relay
from benchmarks.people import before_the_door, enter, wait_for_state, wait_until
from config.env import ROOT
from tests.real_browsers import CHROMIUM_ARGUMENTS
from tests.scenes import Scene
from tests.stack import Stack

TARGET = 1.5
WORKER = ROOT / "static" / "endpoint" / "worker" / "worker.js"
WAITS = "  return joining;\n"
WAITS_NOT = '  return { sourceId: 0, policy: { title: "Clear", locked: false } };\n'
SMALL_CAMERA = """
const given = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = function (wanted) {
  if (wanted.video) wanted.video = { ...wanted.video, width: 320, height: 180, frameRate: 10 };
  return given.call(this, wanted);
};
"""
# The click is the person's; the picture is there when a decoder has made a frame.
CLOCK = """
const Native = RTCPeerConnection;
const all = [];
window.RTCPeerConnection = class extends Native { constructor(...given) { super(...given); all.push(this); } };
window.marks = {};
addEventListener('click', ({ target }) => {
  if (!target.closest('#join') || window.marks.click) return;
  window.marks.click = performance.now();
  const look = async () => {
    for (const connection of all) {
      for (const row of (await connection.getStats()).values()) {
        if (row.type === 'inbound-rtp' && row.framesDecoded > 0) window.marks.picture ??= performance.now();
      }
    }
    window.marks.state ??= document.body.dataset.state === 'in-conference' ? performance.now() : undefined;
    window.marks.media ??= document.getElementById('stage').dataset.media === 'connected' ? performance.now() : undefined;
    if (!window.marks.picture || !window.marks.media) setTimeout(look, 20);
  };
  look();
}, { capture: true });
"""


def builds() -> dict[str, Mapping[str, bytes]]:
    """Modules that take the place of the shipped ones."""
    engine = (Path(__file__).parent / "clear_build" / "engine.js").read_bytes()
    shipped = WORKER.read_text(encoding="utf-8")
    if WAITS not in shipped:
        raise RuntimeError("worker.js ends its join otherwise than this benchmark expects")
    clear = {"worker/media/engine.js": engine}
    return {
        "shipped": {},
        "clear": clear,
        "keyless": clear | {"worker/worker.js": shipped.replace(WAITS, WAITS_NOT).encode()},
    }


@dataclass
class Room:
    """A conference of one build: somebody is in, and somebody comes again and again."""

    scene: Scene
    comer: Page

    @classmethod
    def open(cls, stack: Stack, browser: Browser) -> "Room":
        scene = Scene.schedule(stack)
        stays, comes = stack.accounts("participant")[:2]
        enter(before_the_door(prepared(browser), scene.uri, stays))
        return cls(scene, before_the_door(prepared(browser), scene.uri, comes))

    def measure(self) -> dict[str, float]:
        """One join: ms from the click to each mark."""
        page = self.comer
        page.goto(self.scene.uri)
        wait_for_state(page, "prejoin")
        page.wait_for_timeout(1000)  # whoever looks at himself before he goes in
        page.get_by_test_id("join").click()
        wait_until(page, "Boolean(window.marks.picture && window.marks.state && window.marks.media)")
        marks = page.evaluate("window.marks")
        page.get_by_test_id("leave").click()
        page.wait_for_timeout(500)
        return {name: marks[name] - marks["click"] for name in ("state", "media", "picture")}


def prepared(browser: Browser) -> BrowserContext:
    context = browser.new_context(permissions=["camera", "microphone"], viewport={"width": 1000, "height": 640})
    context.add_init_script(SMALL_CAMERA)
    context.add_init_script(CLOCK)
    return context


def launch(playwright: Playwright, relay: int) -> Browser:
    rules = f"--host-resolver-rules=MAP kmf.localhost 127.0.0.1:{relay}"
    return playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=[*CHROMIUM_ARGUMENTS, rules])


def main() -> None:
    """Print the medians, the ratios and the verdict."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as closing:
        stack = closing.enter_context(Stack())
        playwright = closing.enter_context(sync_playwright())
        rooms: dict[str, Room] = {}
        for name, modules in builds().items():
            relay = closing.enter_context(altering_relay(stack.port, modules))
            browser = launch(playwright, relay)
            closing.callback(browser.close)
            rooms[name] = Room.open(stack, browser)
        times: dict[str, list[dict[str, float]]] = {name: [] for name in rooms}
        for _ in range(arguments.rounds):
            for name, room in rooms.items():
                times[name].append(room.measure())
    medians = {name: {mark: statistics.median(each[mark] for each in rows) for mark in rows[0]} for name, rows in times.items()}
    for name, found in medians.items():
        ratio = medians["shipped"]["picture"] / found["picture"]
        print(
            f"{name:8} click → in the conference {found['state']:5.0f} ms, connected {found['media']:5.0f} ms,"
            f" picture {found['picture']:5.0f} ms; shipped is {ratio:.2f} of it"
        )
    within = medians["shipped"]["picture"] <= TARGET * medians["clear"]["picture"]
    print(f"{'ok' if within else 'TOO SLOW'}: the target is at most {TARGET} of clear, over {arguments.rounds} rounds")
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
