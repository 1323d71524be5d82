"""Pages in one call of a `ProviderSite`, and waiting for what they see."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.provider_site import ProviderSite
from tests.waiting import NotInTime

Profile = Callable[..., BrowserContext]
LARGE, SMALL = 640, 320  # widths of the layers of a camera that is entered with the first
# The others' pages have a place for the camera that a viewer does not use.
PICTURE = "[...document.querySelectorAll('video')].find(({ videoWidth }) => videoWidth > 0)"
FRAMES = f"({PICTURE}?.getVideoPlaybackQuality().totalVideoFrames ?? 0)"


def enter(site: ProviderSite, profile: Profile, who: str, **settings: str) -> Page:
    page = profile().new_page()
    page.goto(site.page(who, **settings))
    page.wait_for_function("window.ready", timeout=20_000)
    return page


def until(page: Page, expression: str, *, seconds: float = 25) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = page.evaluate(expression)
        if value:
            return value
        page.wait_for_timeout(200)
    message = f"{expression}: {page.evaluate('JSON.stringify(seen)')}"
    raise NotInTime(message)


def sees(page: Page, others: int) -> None:
    until(page, f"document.querySelectorAll('video').length === {others} && shown().every((frames) => frames > 20)")
    until(page, f"Object.values(seen.remotes).filter(({{ kind }}) => kind === 'audio').length === {others}")
    counters = page.evaluate("counters()")
    received = [count["ok"] for name, count in counters.items() if name.startswith("receive-")]
    assert len(received) >= 2 * others
    assert sorted(received)[-2 * others] > 10


def width(page: Page) -> int:
    return int(page.evaluate(f"{PICTURE}.videoWidth"))


def shows(page: Page, wanted: int) -> None:
    """Its one picture is so wide, and goes on."""
    until(page, f"{PICTURE}?.videoWidth === {wanted}", seconds=40)
    before = page.evaluate(FRAMES)
    until(page, f"{FRAMES} > {before + 5}")
    assert width(page) == wanted


def ask_for_height(page: Page, height: int) -> None:
    page.evaluate(f"call.setHeight({PICTURE}.id, {height})")
