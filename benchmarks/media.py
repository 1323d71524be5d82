"""What a frame costs in the shipped engine, as a ratio to one bare call of Web Cryptography on the same bytes.

In a live RTCRtpScriptTransform of real Chromium: every second frame goes through the engine under the clock, beside each other
one a bare ``crypto.subtle.encrypt`` of its bytes is timed in the same worker (interleaved, so at the same load). Then frames a
second, flat out, four tracks of one worker.

Run: ``.venv/bin/python -m benchmarks.media``, on a quiet machine; each of ``--runs`` runs has a call of its own, and the load is
printed with it.
"""

import argparse
import os
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.isolated_site import isolated_site
from tests.real_browsers import CHROMIUM_ARGUMENTS

PAGE = Path(__file__).with_name("media_page")
TARGET = 2.0
WARM_UP_S = 3
FRAMES_EACH = 500  # the pump holds 512
ROUNDS = 5


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_live(page: Page, seconds: float) -> dict[str, Any]:
    page.evaluate("window.call()")
    page.wait_for_timeout(WARM_UP_S * 1000)
    page.evaluate("window.ask({ order: 'begin' })")
    page.wait_for_timeout(seconds * 1000)
    found: dict[str, Any] = page.evaluate("window.ask({ order: 'live' })")
    return found


def measure_flat_out(page: Page, size: int) -> dict[str, float]:
    """The medians of some rounds; in each, engine and bare calls take turns."""
    rounds = [
        page.evaluate("(order) => window.ask(order)", {"order": "flat-out", "bytes": size, "each": FRAMES_EACH})
        for _ in range(ROUNDS)
    ]
    return {name: statistics.median(each[name] for each in rounds) for name in ("send", "receive", "bare")}


def report(live: dict[str, Any]) -> dict[str, float]:
    """Print one run; returns its ratios."""
    ratios = {}
    for name, times in sorted(live.items()):
        ours, bare = times["ours"], times["bare"]
        ratios[name] = statistics.median(ours) / statistics.median(bare)
        print(
            f"{name:14} {len(ours):4} frames: p50 {statistics.median(ours):5.0f} µs, p99 {percentile(ours, 0.99):6.0f} µs;"
            f" bare p50 {statistics.median(bare):5.0f} µs, p99 {percentile(bare, 0.99):6.0f} µs; ratio {ratios[name]:.2f}"
        )
    return ratios


def run(browser: Browser, origin: str, seconds: float) -> dict[str, float]:
    """One page with a call of its own."""
    context = browser.new_context(permissions=["camera", "microphone"])
    page = context.new_page()
    page.goto(f"{origin}/page/index.html")
    page.wait_for_function("document.body.dataset.ready === 'true'")
    flat = {size: measure_flat_out(page, size) for size in (60, 1200)}
    print(f"load {os.getloadavg()[0]:.1f}")
    ratios = report(measure_live(page, seconds))
    context.close()
    for size, rate in flat.items():
        print(f"flat out, {size} B: " + ", ".join(f"{name} {value:.0f} frames/s" for name, value in rate.items()))
    return ratios


def main() -> None:
    """Print each run, the medians of their ratios, and the verdict."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with isolated_site(PAGE) as origin, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=CHROMIUM_ARGUMENTS)
        runs = [run(chromium, origin, arguments.seconds) for _ in range(arguments.runs)]
        chromium.close()
    medians = {name: statistics.median(ratios[name] for ratios in runs) for name in runs[0]}
    print("ratios, the medians of all runs: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in medians.items()))
    print(f"{'ok' if max(medians.values()) <= TARGET else 'TOO SLOW'}: the target is a ratio of at most {TARGET}")


if __name__ == "__main__":
    main()
