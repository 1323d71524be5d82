"""People of a benchmark: they do in a browser what people do, and wait as long as it takes on a machine that is busy."""

import time

from playwright.sync_api import BrowserContext, Page

from tests.browser.joining import sign_in

PATIENCE_MS = 120_000


def before_the_door(context: BrowserContext, uri: str, account: dict[str, str]) -> Page:
    """Open the URI and sign in; the page stands before joining."""
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(uri)
    page.locator("input[name=login]").wait_for()
    sign_in(page, account)
    wait_for_state(page, "prejoin")
    return page


def enter(page: Page) -> None:
    """Press "Join"; it is in."""
    page.get_by_test_id("join").click()
    wait_for_state(page, "in-conference")


def wait_for_state(page: Page, state: str) -> None:
    page.locator(f"body[data-state={state}]").wait_for(state="attached", timeout=PATIENCE_MS)


def wait_for_pictures(page: Page, count: int) -> None:
    """``count`` other people's frames are opened on this page."""
    tiles = page.locator('[data-testid=tile][data-decrypting="true"]')
    tiles.nth(count - 1).wait_for(state="attached", timeout=PATIENCE_MS)


def wait_until(page: Page, expression: str) -> None:
    """Until ``expression`` is true in the page. (What Playwright has for it needs ``eval``, which the page's policy forbids.)"""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            message = f"waited {PATIENCE_MS / 1000:.0f} s for {expression}"
            raise TimeoutError(message)
        page.wait_for_timeout(100)
