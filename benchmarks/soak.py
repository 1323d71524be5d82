"""People in real browsers, for minutes, while one of them comes and goes: does a picture stand still, does memory grow?

The running system, real Chromium, real Janus. Of ``--participants`` browser participants the last one leaves and joins in turn,
every ``--every`` seconds, so that everybody gets a new key each time. Printed are each page's worst tile, and the memory of the
browser, of each page's scripts after a collection, and of every server process; the verdict is the exit status.

Run: ``.venv/bin/python -m benchmarks.soak --participants 4 --minutes 10``, then
``.venv/bin/python -m benchmarks.soak --participants 6 --minutes 10 --size 160x90 --rate 5``, each on a quiet machine.
"""

import argparse
import json
import secrets
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

from benchmarks.memory import own_descendants, tree_mb, tree_mb_besides_pools
from benchmarks.people import before_the_door, enter, wait_for_pictures, wait_for_state
from tests.real_browsers import CHROMIUM_ARGUMENTS
from tests.scenes import Scene
from tests.stack import Stack

SAMPLER = (Path(__file__).parent / "soak_page" / "sampler.js").read_text(encoding="utf-8")
LONGEST_FREEZE_MS = 2_000
SAMPLED_MS = 500  # the sampler's own step: a gap may look longer by it
MEMORY_EVERY_S = 10
WARM_UP_SHARE = 0.3
GROWTH_MB = 8.0
GROWTH_SHARE = 0.10
CAMERA = """
const given = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = function (wanted) {{
  if (wanted.video) wanted.video = {{ ...wanted.video, width: {width}, height: {height}, frameRate: {rate} }};
  return given.call(this, wanted);
}};
"""


@dataclass
class Soak:
    """One run and what was measured."""

    stack: Stack
    scene: Scene
    pages: list[Page]
    collectors: list[CDPSession]
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    tiles: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    rejoins: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def measure(self, at: float) -> None:
        """Memory of everything, now."""
        browser = own_descendants("chromium")
        if browser:
            self._note("browser", at, tree_mb(browser[0]))
        for name, pid in json.loads(self.stack.state.process_list.read_text()).items():
            self._note(name, at, tree_mb_besides_pools(int(pid)))
        for index, collector in enumerate(self.collectors[:-1]):
            collector.send("HeapProfiler.collectGarbage")
            used = collector.send("Runtime.getHeapUsage")["usedSize"]
            self._note(f"page {index}", at, used / 2**20)

    def look(self) -> None:
        """Take what the samplers have seen."""
        for index, page in enumerate(self.pages):
            for tile in page.evaluate("window.takeTiles?.() ?? []"):
                self.tiles.setdefault(index, {})[tile["source"]] = tile
            body = page.locator("body")
            state = body.get_attribute("data-state")
            if index < len(self.pages) - 1 and state != "in-conference":
                self.troubles.append(f"page {index} is in state {state}: {body.get_attribute('data-code')}")

    def leave(self) -> None:
        self.look()
        self.pages[-1].get_by_test_id("leave").click()
        wait_for_state(self.pages[-1], "ended")

    def come(self) -> None:
        """The same person, by the same page: everything of his stay is new."""
        begun = time.monotonic()
        page = self.pages[-1]
        page.goto(self.scene.uri)
        wait_for_state(page, "prejoin")
        enter(page)
        self.rejoins.append(time.monotonic() - begun)

    def _note(self, name: str, at: float, mb: float) -> None:
        self.memory.setdefault(name, []).append((at, mb))


def invite_everybody(scene: Scene) -> list[dict[str, str]]:
    """The accounts that may come: a scene's own, then the administrator and the auditor."""
    known = [*scene.stack.accounts("initiator"), *scene.stack.accounts("participant")]
    more = [*scene.stack.accounts("admin"), *scene.stack.accounts("auditor")]
    with scene.stack.connect("trusted") as database:
        for account in more:
            database.execute(
                "INSERT INTO conferences_participant (organisation_id, conference_id, identity, name, role, kind, pseudonym,"
                " invited_at, invited_by) SELECT organisation_id, id, %s, '', 'participant', 'person', %s, now(), 'Initiator'"
                " FROM conferences_conference WHERE id = %s",
                (account["email"], secrets.token_urlsafe(16), scene.conference_id),
            )
    return known + more


def run(soak: Soak, *, seconds: float, every: float) -> None:
    begun = time.monotonic()
    next_change, next_memory, is_in = begun + every, begun, True
    while (now := time.monotonic()) < begun + seconds:
        if now >= next_memory:
            soak.measure(now - begun)
            next_memory = now + MEMORY_EVERY_S
        if now >= next_change:
            if is_in:
                soak.leave()
            else:
                soak.come()
            is_in = not is_in
            next_change += every
        soak.look()
        soak.pages[0].wait_for_timeout(500)
    soak.measure(time.monotonic() - begun)
    soak.look()


def growth(samples: list[tuple[float, float]]) -> tuple[float, float]:
    """Megabytes after the warm-up and at the end: medians of the first and the last third of what follows it."""
    settled = [mb for at, mb in samples if at >= samples[-1][0] * WARM_UP_SHARE]
    third = max(1, len(settled) // 3)
    return statistics.median(settled[:third]), statistics.median(settled[-third:])


def report(soak: Soak) -> bool:
    """Print it; true where it is as it should be."""
    good = not soak.troubles
    for index, tiles in sorted(soak.tiles.items()):
        worst = max((tile["worstMs"] for tile in tiles.values()), default=0)
        first = max((tile["firstMs"] or tile["secondsMs"] for tile in tiles.values()), default=0)
        rates = [tile["total"] / tile["secondsMs"] * 1000 for tile in tiles.values() if tile["secondsMs"] > 10_000]
        rate = f"{statistics.median(rates):.1f}" if rates else "?"
        print(f"page {index}: {len(tiles)} tiles, worst gap {worst:.0f} ms, slowest first frame {first:.0f} ms, {rate} frames/s")
        is_comer = index == len(soak.pages) - 1
        good = good and (is_comer or worst <= LONGEST_FREEZE_MS + SAMPLED_MS)
    for name, samples in sorted(soak.memory.items()):
        before, after = growth(samples)
        grown = after - before > max(GROWTH_MB, before * GROWTH_SHARE)
        good = good and not grown
        print(f"{name:16} {before:7.1f} MB then {after:7.1f} MB{'  GROWS' if grown else ''}")
    if soak.rejoins:
        print(f"{len(soak.rejoins)} came back, {statistics.median(soak.rejoins):.1f} s each; epochs: {len(soak.scene.epochs())}")
    for trouble in sorted(set(soak.troubles)):
        print(f"trouble: {trouble}")
    print("ok" if good else "NOT OK")
    return good


def prepare(context: BrowserContext, *, size: str, rate: int) -> BrowserContext:
    width, height = size.split("x")
    context.add_init_script(CAMERA.format(width=width, height=height, rate=rate))
    context.add_init_script(SAMPLER)
    return context


def main() -> None:
    """Run it, print it, and exit with 1 where something stood still or grew."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--participants", type=int, default=4, choices=range(2, 7))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--size", default="320x180")
    parser.add_argument("--rate", type=int, default=10)
    parser.add_argument("--every", type=float, default=15)
    arguments = parser.parse_args()
    with Stack() as stack, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=CHROMIUM_ARGUMENTS)
        scene = Scene.schedule(stack)
        accounts = invite_everybody(scene)[: arguments.participants]
        pages = []
        for account in accounts:
            context = chromium.new_context(permissions=["camera", "microphone"], viewport={"width": 1000, "height": 640})
            pages.append(before_the_door(prepare(context, size=arguments.size, rate=arguments.rate), scene.uri, account))
        for page in pages:
            enter(page)
        for page in pages:
            wait_for_pictures(page, arguments.participants - 1)
        collectors = [page.context.new_cdp_session(page) for page in pages]
        soak = Soak(stack, scene, pages, collectors)
        run(soak, seconds=arguments.minutes * 60, every=arguments.every)
        good = report(soak)
        chromium.close()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
