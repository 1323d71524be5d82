"""Three people in one running conference, in real browsers: what their pages show, and how long it takes to be well again."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from playwright.sync_api import Page

from tests.scenes import Scene
from tests.stack import Stack, slack
from tests.waiting import NotInTime

__all__ = ["KEEP_WORDS", "LOOK", "RELAY_ONLY", "Running", "slack"]

# The third goes through the relay alone. Nothing of the product is changed.
RELAY_ONLY = """
const Direct = RTCPeerConnection;
window.RTCPeerConnection = class extends Direct {
  constructor(configuration) { super({ ...configuration, iceTransportPolicy: 'relay' }); }
};
"""
# Everything that a line of the page above the stage ever said, with the time since the page was loaded in ms.
KEEP_WORDS = """
window.said = [];
addEventListener('DOMContentLoaded', () => {
  const banner = document.getElementById('banner');
  if (!banner) return;
  new MutationObserver(() => window.said.push({ at: performance.now(), code: banner.dataset.code,
    words: document.getElementById('banner-words').textContent }))
    .observe(banner, { attributes: true, attributeFilter: ['data-code'] });
});
"""
LOOK = """async () => {
  const decoded = {};
  for (const connection of window.connections) {
    if (connection.connectionState === 'closed') continue;
    for (const row of (await connection.getStats()).values()) {
      if (row.type === 'inbound-rtp' && row.kind === 'video') decoded[row.trackIdentifier] = row.framesDecoded ?? 0;
    }
  }
  const tiles = [...document.querySelectorAll('[data-testid=tile]')].map((tile) => ({
    source: Number(tile.dataset.sourceId), lock: tile.dataset.lock,
    name: tile.querySelector('[data-testid=tile-name]').innerText.trim(),
    frames: decoded[tile.querySelector('video').srcObject?.getTracks()[0]?.id] ?? 0 }));
  return { tiles, state: document.body.dataset.state, code: document.body.dataset.code ?? '',
    epoch: Number(document.getElementById('stage').dataset.epoch), media: document.getElementById('stage').dataset.media,
    banner: document.getElementById('banner').dataset.code, words: document.getElementById('banner-words').textContent,
    seal: document.getElementById('seal').dataset.true, digits: document.getElementById('code').innerText,
    people: Number(document.getElementById('people-count').textContent) };
}"""


@dataclass
class Running:
    """The pages of one conference. ``times`` are the measured ones, in seconds, by what was waited for."""

    scene: Scene
    pages: list[Page]
    times: list[tuple[str, float]] = field(default_factory=list)

    @property
    def stack(self) -> Stack:
        return self.scene.stack

    def look(self) -> list[dict[str, Any]]:
        """What every page shows now."""
        return [page.evaluate(LOOK) for page in self.pages]

    def epoch(self) -> int:
        """Newest epoch of the database, which may be starting just now."""
        while True:
            try:
                return max(number for number, _state in self.scene.epochs())
            except psycopg.OperationalError:
                time.sleep(0.25)

    def present(self) -> set[int]:
        """Source ids of all whose stay has not ended, as the database has it."""
        with self.stack.connect("trusted") as database:
            rows = database.execute(
                "SELECT source_id FROM roster_membership WHERE conference_id = %s AND left_at IS NULL",
                (self.scene.conference_id,),
            )
            return {int(source_id) for (source_id,) in rows}

    def kmf_is_back(self) -> None:
        """Wait until the KMF answers again: from then on the others' time counts."""
        self.until(self._kmf_answers, "the KMF answers", 30)

    def _kmf_answers(self) -> bool:
        with self.stack.http(self.stack.origins.kmf, timeout=2) as client, suppress(httpx.HTTPError):
            return client.get("/ready").is_success
        return False

    def banners(self) -> list[str]:
        return [each["banner"] for each in self.look()]

    def until(self, condition: Callable[[], bool], what: str, timeout_s: float) -> float:
        """Wait for ``condition``; the seconds that it took. On a busy machine the limit is wider."""
        timeout_s *= slack()
        began = time.monotonic()
        while not condition():
            waited = time.monotonic() - began
            if waited >= timeout_s:
                message = f"waited {waited:.0f} s for {what}: {self.look()}"
                raise NotInTime(message)
            time.sleep(0.25)
        took = time.monotonic() - began
        self.times.append((what, took))
        print(f"  {took:5.1f} s  {what}")  # noqa: T201  the figures are what this is run for
        return took

    def flowing(self, within_s: float = 20) -> float:
        """Wait until every tile of every page decodes new frames."""
        before = self._frames()

        def moved() -> bool:
            now = self._frames()
            pairs = [(page, source) for page, tiles in enumerate(now) for source in tiles]
            complete = all(len(tiles) == len(self.pages) - 1 for tiles in now)
            # A tile that was connected anew counts from nought.
            fresh = {(page, source) for page, source in pairs if now[page][source] < before[page].get(source, 0)}
            for page, source in fresh:
                before[page][source] = 0
            return complete and all(now[page][source] > before[page].get(source, 0) + 3 for page, source in pairs)

        return self.until(moved, "frames at every tile", within_s)

    def together(self, within_s: float = 10) -> float:
        """Wait until all pages are in, at one epoch, with one verification code and nothing amiss."""

        def agree() -> bool:
            looks = self.look()
            same = {(each["state"], each["epoch"], each["digits"], each["people"], each["banner"]) for each in looks}
            first = looks[0]
            calm = first["state"] == "in-conference" and first["banner"] == "" and first["people"] == len(self.pages)
            return len(same) == 1 and calm and first["epoch"] == self.epoch()

        return self.until(agree, "one epoch and one code, nothing amiss", within_s)

    def has_said(self, code: str) -> bool:
        """Whether the line above the stage of every page said this since the last call of `said`."""
        return all(code in page.evaluate("window.said.map(({ code }) => code)") for page in self.pages)

    def said(self) -> list[list[str]]:
        """What each page's line above the stage said since the last call, in order."""
        return [page.evaluate("window.said.splice(0).map(({ code }) => code)") for page in self.pages]

    def _frames(self) -> list[dict[int, int]]:
        return [{tile["source"]: tile["frames"] for tile in each["tiles"]} for each in self.look()]
