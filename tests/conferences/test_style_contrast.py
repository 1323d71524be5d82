"""Colours of the design system: WCAG 2.2 AA in light and dark."""

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).parents[2] / "static/style/conclave.css"
GROUNDS = ("paper", "surface", "sunken")
PAIRS = [(text, ground, 4.5) for text in ("ink", "ink-soft", "accent", "good", "warn", "bad") for ground in GROUNDS]
PAIRS += [(text, f"{text}-soft", 4.5) for text in ("accent", "good", "warn", "bad")]
PAIRS += [("ink", f"{tone}-soft", 4.5) for tone in ("accent", "good", "warn", "bad")]
PAIRS += [("accent-ink", "accent", 4.5), ("accent-ink", "accent-strong", 4.5), ("paper", "ink", 4.5)]
PAIRS += [("line-strong", ground, 3.0) for ground in GROUNDS]


def tokens(which: int) -> dict[str, str]:
    found = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", STYLE.read_text())
    return {name: values[which] for name, *values in found}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_contrast(theme: str, text: str, ground: str, least: float) -> None:
    colours = tokens(["light", "dark"].index(theme))
    low, high = sorted(luminance(colours[name]) for name in (text, ground))
    assert (high + 0.05) / (low + 0.05) >= least
