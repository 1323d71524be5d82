"""What a person does in a browser: open the conference URI, sign in, join. And what can be seen from outside the page."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, expect

from tests.waiting import NotInTime, waiting

JOIN_TIMEOUT_MS = 30_000
SIGNED_IN_S = 120
_signed_in: dict[tuple[str, str], tuple[float, list[Any]]] = {}
# Keeps a hand on the page's peer connections for getStats(); nothing of the product is changed.
WATCH_CONNECTIONS = """
const Native = RTCPeerConnection;
window.connections = [];
window.RTCPeerConnection = class extends Native { constructor(...given) { super(...given); window.connections.push(this); } };
"""
INBOUND = """async () => {
  const rows = [];
  for (const connection of window.connections) {
    if (connection.connectionState === 'closed') continue;
    for (const row of (await connection.getStats()).values()) {
      if (row.type === 'inbound-rtp') rows.push({kind: row.kind, frames: row.framesDecoded ?? 0,
        packets: row.packetsReceived, energy: row.totalAudioEnergy ?? 0, samples: row.totalSamplesReceived ?? 0,
        concealed: row.concealedSamples ?? 0});
    }
  }
  return rows;
}"""


def sign_in(page: Page, account: dict[str, str]) -> None:
    """Fill in the sign-in page that is open."""
    page.locator("input[name=login]").fill(account["email"])
    page.locator("input[name=password]").fill(account["password"])
    page.locator("button[type=submit]").first.click()


def open_conference(context: BrowserContext, uri: str, account: dict[str, str]) -> Page:
    """Open the URI and sign in; the page stands before joining.

    Who signed in a moment ago, in whatever profile, is still signed in at the sign-in's origin: half of a join's time.
    """
    place = (urlsplit(uri).netloc, account["email"])
    kept_at, cookies = _signed_in.get(place, (0.0, []))
    if time.monotonic() - kept_at < SIGNED_IN_S:
        context.add_cookies(cookies)
    page = context.new_page()
    page.add_init_script(WATCH_CONNECTIONS)
    page.goto(uri)
    page.locator("input[name=login], body[data-state=prejoin]").first.wait_for(timeout=JOIN_TIMEOUT_MS)
    if page.locator("input[name=login]").count():
        sign_in(page, account)
        with waiting():
            expect(page.locator("body")).to_have_attribute("data-state", "prejoin", timeout=JOIN_TIMEOUT_MS)
        _signed_in[place] = time.monotonic(), [each for each in context.cookies() if each["domain"].startswith("auth.")]
    return page


def join(context: BrowserContext, uri: str, account: dict[str, str]) -> Page:
    """As :func:`open_conference`, and in."""
    page = open_conference(context, uri, account)
    page.get_by_test_id("join").click()
    with waiting():
        expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)
    return page


def sees(page: Page, count: int) -> None:
    """``count`` other people's frames are opened on this page."""
    tiles = page.locator('[data-testid=tile][data-decrypting="true"]')
    with waiting():
        expect(tiles).to_have_count(count, timeout=JOIN_TIMEOUT_MS)


def inbound(page: Page) -> list[dict[str, Any]]:
    """Inbound streams of every open connection."""
    rows: list[dict[str, Any]] = page.evaluate(INBOUND)
    return rows


def frames_decoded(page: Page) -> int:
    return sum(row["frames"] for row in inbound(page) if row["kind"] == "video")


def audio_energy(page: Page) -> float:
    return float(sum(row["energy"] for row in inbound(page) if row["kind"] == "audio"))


def epoch(page: Page) -> int:
    return int(page.get_by_test_id("stage").get_attribute("data-epoch") or 0)


def until(condition: Callable[[], bool], what: str, timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            message = f"waited {timeout_s} s for {what}"
            raise NotInTime(message)
        time.sleep(0.2)
