"""The shipped stage on an empty page: what was under way while it ended changes nothing any more."""

import re

import pytest
from playwright.sync_api import Browser

from config.env import ROOT
from tests.browser.module_server import module_page

pytestmark = pytest.mark.browser
TEMPLATES = (ROOT / "templates" / "trusted" / "endpoint" / "templates.html").read_text(encoding="utf-8")
COUNT_MS = 1_500
PLAY = """async ([tile, wait]) => {
  document.body.innerHTML = '<main id="stage"><ul id="tiles"></ul><p id="alone"></p></main>' + tile;
  const { Stage } = await import('/conference/stage.js');
  let answer;
  const reports = [];
  const stage = new Stage({
    counters: () => new Promise((resolve) => (answer = resolve)),
    onSoundHeld: () => undefined, onShown: () => undefined, onLocks: (report) => reports.push(report),
  });
  stage.start();
  await new Promise((resolve) => setTimeout(resolve, wait));
  const isCounting = answer !== undefined;
  stage.stop();
  answer({});
  await new Promise((resolve) => setTimeout(resolve));
  return [isCounting, reports.length, document.getElementById('tiles').childElementCount];
}"""


def test_a_count_that_was_asked_for_before_the_end_is_not_shown_after_it(browser: Browser) -> None:
    tile = re.search(r'<template id="tile-template">.*?</template>', TEMPLATES, re.DOTALL)
    assert tile is not None
    with module_page(browser) as page:
        assert page.evaluate(PLAY, [tile[0], COUNT_MS]) == [True, 0, 0]
