"""The vector file of the roster against the endpoint's chain in real Chromium: the same histories, the same outcomes."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.module_server import module_page
from tests.vectors.load import cases

pytestmark = [pytest.mark.browser, pytest.mark.requirement("ROSTER-1")]

RUN = """async ({ key, conference, steps }) => {
  const { RosterChain } = await import("/worker/roster/chain.js");
  const { importStatementKey } = await import("/worker/roster/statement.js");
  const { verificationCode } = await import("/worker/roster/verification_code.js");
  let now = 0;
  const chain = new RosterChain({ key: await importStatementKey(key), conference, nowS: () => now });
  const does = { snapshot: "applySnapshot", delta: "applyDelta", current: "checkCurrent", policy: "verifyPolicy" };
  const outcomes = [];
  for (const { kind, at, ...message } of steps) {
    now = at;
    outcomes.push(await chain[does[kind]](message).then(() => "ok", (error) => error.code ?? String(error)));
  }
  const { number, epoch, head } = chain;
  const entries = [...chain.entries.values()];
  const sources = entries.map((entry) => entry.sourceId).sort((one, other) => one - other);
  const code = (await verificationCode({ head, spi: epoch % 65536, entries })).join("");
  return { outcomes, held: { number, epoch, head, sources, code } };
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with module_page(browser) as shown:
        yield shown


@pytest.mark.parametrize("case", cases("roster.json"))
def test_a_history_holds_or_its_last_statement_is_refused(page: Page, case: dict[str, Any]) -> None:
    after = page.evaluate(RUN, {name: case[name] for name in ("key", "conference", "steps")})
    assert after["outcomes"] == ["ok"] * (len(case["steps"]) - 1) + [case["expect"]]
    assert after["held"] == case["held"]
