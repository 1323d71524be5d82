"""The running system and real browser profiles.

``stack`` is one instance for the session, ``browser`` one Chromium, ``profile()`` a fresh profile in it with camera and
microphone (`tests.small_devices`). After a failure screenshots, consoles and the ends of all logs lie in
``{tmp}/conclave-failures``.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, WebError, sync_playwright

from tests.authority import spki_hash
from tests.small_devices import SMALL_DEVICES
from tests.stack import Stack

FAILURES = Path(tempfile.gettempdir()) / "conclave-failures"
LOG_TAIL_BYTES = 20_000
ACTION_TIMEOUT_MS = 15_000
# Chromium heeds the last list alone, so this one begins with Playwright's own. The last four: a process for the window's own
# buttons, and one in advance for a page that may come, for every profile: a quarter of what a join costs.
DISABLED_FEATURES = [
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "InitialWebUI",
    "WebUIReloadButton",
    "PreloadTopChromeWebUI",
    "SpareRendererForSitePerProcess",
]
CHROMIUM_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--use-fake-device-for-media-stream=fps=10",  # half of what it does by itself: encoders share two cores
    "--use-fake-ui-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    f"--disable-features={','.join(DISABLED_FEATURES)}",
]

SCREEN = {"width": 1280, "height": 800}

_failed = pytest.StashKey[bool]()


@dataclass
class Profile:
    """A browser profile and what its pages wrote to the console."""

    context: BrowserContext
    console: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        self.console.append(f"{message.type}: {message.text}")

    def note_error(self, error: WebError) -> None:
        self.console.append(f"uncaught: {error.error}")


_stacks: list[Stack] = []


@pytest.fixture(scope="session")
def stack() -> Generator[Stack]:
    yield from run_stack(tls=os.environ.get("CONCLAVE_TEST_TLS") == "1")


def run_stack(*, tls: bool) -> Generator[Stack]:
    """An instance whose logs are kept when a test fails."""
    with Stack(tls=tls) as running:
        _stacks.append(running)
        yield running
        _stacks.remove(running)


def chromium_arguments() -> list[str]:
    """How every browser of a test is started: it also trusts the authority that the tests give their instances."""
    return [*CHROMIUM_ARGUMENTS, f"--ignore-certificate-errors-spki-list={spki_hash()}"]


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    executable = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=chromium_arguments())
        yield chromium
        chromium.close()


@pytest.fixture
def profile(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., BrowserContext]]:
    """Make profiles: ``profile(**options)`` with the options of ``Browser.new_context``."""
    profiles: list[Profile] = []

    def make(**options: Any) -> BrowserContext:
        settings = {"permissions": ["camera", "microphone"], "viewport": SCREEN, "reduced_motion": "reduce"} | options
        made = Profile(browser.new_context(**settings))
        made.context.set_default_timeout(ACTION_TIMEOUT_MS)
        made.context.add_init_script(SMALL_DEVICES)
        made.context.on("console", made.note)
        made.context.on("weberror", made.note_error)
        profiles.append(made)
        return made.context

    yield make
    if request.node.stash.get(_failed, False):
        keep_pages(directory_for(request.node), profiles)
    for made in profiles:
        made.context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    uses_system = {"stack", "profile"} & set(getattr(item, "fixturenames", ()))
    if call.when == "call" and report.failed and uses_system:
        item.stash[_failed] = True
        keep_logs(directory_for(item))
        report.sections.append(("evidence", str(directory_for(item))))
    return report


def directory_for(item: pytest.Item) -> Path:
    return FAILURES / re.sub(r"[^\w.-]+", "_", item.nodeid)[-120:]


def keep_logs(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, mode=0o700)
    for running in _stacks:
        for log in running.state.root.glob("log/*.log"):
            (directory / log.name).write_bytes(log.read_bytes()[-LOG_TAIL_BYTES:])


def keep_pages(directory: Path, profiles: list[Profile]) -> None:
    for number, made in enumerate(profiles):
        (directory / f"console-{number}.txt").write_text("\n".join(made.console))
        for index, page in enumerate(made.context.pages):
            page.screenshot(path=directory / f"page-{number}-{index}.png", timeout=5000)
