"""The rules of media keys with real engines in a real worker: each scenario of ``rules_page`` is a test."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from playwright.sync_api import Browser

from tests.browser.module_server import PLACES, ask
from tests.twin.frame import FrameOpener

pytestmark = pytest.mark.browser

WORKER = "/rules/rules_worker.js"
FILES = ("frames.js", "keys.js", "epochs.js")
SCENARIOS = [
    name
    for file in FILES
    for name in re.findall(r"^export async function (\w+)", (PLACES["rules"] / file).read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.fixture(scope="module")
def outcomes(browser: Browser) -> dict[str, str | None]:
    return ask(browser, WORKER)


def test_every_scenario_ran(outcomes: dict[str, str | None]) -> None:
    assert sorted(outcomes) == sorted(SCENARIOS)
    assert len(SCENARIOS) == 39


@pytest.mark.parametrize("name", SCENARIOS)
def test_rule(outcomes: dict[str, str | None], name: str) -> None:
    assert outcomes[name] is None


def test_the_twin_opens_what_the_browser_sends(browser: Browser) -> None:
    sent = ask(browser, WORKER, "framesForTheTwin")
    opener = FrameOpener(
        conference_id=sent["conferenceId"],
        ekt_keys={int(spi): bytes.fromhex(key) for spi, key in sent["ektKeys"].items()},
        identities={sent["sourceId"]: Ed25519PublicKey.from_public_bytes(bytes.fromhex(sent["identityKey"]))},
    )
    opened = [opener.open(bytes.fromhex(each["frame"]), track=each["track"], codec=each["codec"]) for each in sent["frames"]]
    assert [frame.data.hex() for frame in opened] == [each["data"] for each in sent["frames"]]
    assert [frame.spi for frame in opened] == [1] * 16 + [2] * 8
    assert [frame.ctr for frame in opened] == [*range(16), *range(8)]
