"""Every vector against the shipped modules, in a module worker of real Chromium."""

import shutil
import subprocess
from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.module_server import PLACES, ask
from tests.vectors.load import load

pytestmark = pytest.mark.browser

COUNTS = {
    "header": 289,
    "aes_ctr_hmac": 3,
    "aes_256_ctr_hmac": 3,
    "sframe": 5,
    "aes-key-wrap": 8,
    "ekt": 47,
    "frames": 53,
    "key-agreement": 22,
    "encryption-key-header": 53,
}


@pytest.fixture(scope="module")
def rows(browser: Browser) -> list[dict[str, Any]]:
    return ask(browser, "/page/vectors_worker.js")


def test_no_vector_is_missing(rows: list[dict[str, Any]]) -> None:
    assert Counter(row["file"] for row in rows) == COUNTS


@pytest.mark.parametrize("file", COUNTS)
def test_vectors_hold_in_the_browser(rows: list[dict[str, Any]], file: str) -> None:
    assert [row for row in rows if row["file"] == file and not row["ok"]] == []


def test_key_wrap_vectors_of_the_rfc_hold_in_node() -> None:
    script = PLACES["page"] / "kwp_192.mjs"
    node = shutil.which("node")
    assert node is not None, "Debian package nodejs"
    done = subprocess.run([node, str(script)], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 (our script)
    padded = [case for case in load("aes-key-wrap.json")["cases"] if case["inputs"]["algorithm"] == "KWP"]
    assert done.stdout == str(len(padded)) == "2"
