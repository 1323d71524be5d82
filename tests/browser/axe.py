"""Accessibility of a page as it stands, by axe-core (a tool of the tests: nothing of it is shipped).

It is evaluated by the debugger's line, past the page's policies, which stay as they are.
"""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from config.env import ROOT

SCRIPT = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# Frames are origins of their own and are looked at by themselves; style sheets are not fetched anew.
RUN = """async () => {
  const { violations } = await axe.run(document, { iframes: false, preload: false, resultTypes: ['violations'] });
  return violations.map(({ id, nodes }) => [id, nodes.map(({ target, failureSummary }) => [target.join(' '), failureSummary])]);
}"""
SCHEMES = ("light", "dark")
# A colour that is on its way to another one is no colour to measure.
AT_REST = "*, *::before, *::after { transition: none !important; animation: none !important; }"
QUIET = """(css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}"""


@cache
def source() -> str:
    return SCRIPT.read_text()


def violations(page: Page) -> list[Any]:
    """What axe finds on the page in one colour scheme: rules, and the places with what to do about them."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(QUIET, AT_REST)
        page.evaluate(source())
    found: list[Any] = page.evaluate(RUN)
    return found


def is_accessible(page: Page, state: str) -> None:
    """No violation in light and in dark."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = violations(page)
        assert found == [], f"{state}, {scheme}: {found}"


def scrolls_sideways(page: Page) -> bool:
    """Is there anything to the right of what is shown?"""
    wide: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wide
