"""What all tests share: the running system and real browsers (both made at first use), and which site a test belongs to.

``tests/provider`` runs with the provider's settings (``--ds=config.settings.provider``), everything else with the trusted ones.
"""

import os
from pathlib import Path

import pytest

from tests.real_browsers import browser, profile, pytest_runtest_makereport, stack

__all__ = ["browser", "profile", "pytest_runtest_makereport", "stack"]

PROVIDER_TESTS = Path(__file__).parent / "provider"
ATTACKS = Path(__file__).parent / "adversary"
DEATHS = Path(__file__).parent / "integration" / "test_processes_die.py"
PARTS = ("quick", "system", "browser", "attacks", "deaths", "alone")
PLACES = {"attacks": ATTACKS, "deaths": DEATHS}  # the other parts are everywhere
EITHER = tuple(Path(__file__).parent / name for name in ("protocol", "provider"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip what the settings of this run cannot load, and where nothing of its part lies."""
    place = PLACES.get(config.getoption("--part"))
    if place is not None and not (collection_path.is_relative_to(place) or place.is_relative_to(collection_path)):
        return True
    within_provider = collection_path.is_relative_to(PROVIDER_TESTS)
    if os.environ["DJANGO_SETTINGS_MODULE"].endswith(".provider"):
        on_the_way = any(path.is_relative_to(collection_path) or collection_path.is_relative_to(path) for path in EITHER)
        return None if on_the_way else True
    return True if within_provider else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part",
        choices=PARTS,
        help="quick: without the running system; system: with it; browser: real browsers; attacks: on them; deaths: three "
        "browsers while processes die; alone: those that measure seconds",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Cheap tests first, then those of the running system, browsers last.

    Playwright keeps an event loop running in this thread, under which neither Django's database nor asyncio tests work.
    """
    items.sort(key=_cost)
    part = config.getoption("--part")
    if part is not None:
        config.hook.pytest_deselected(items=[item for item in items if _part(item) != part])
        items[:] = [item for item in items if _part(item) == part]


def _cost(item: pytest.Item) -> list[bool]:
    return [name in getattr(item, "fixturenames", ()) for name in ("browser", "stack")]


def _part(item: pytest.Item) -> str:
    if item.path == DEATHS:
        return "deaths"
    if item.get_closest_marker("alone"):
        return "alone"
    browser, stack = _cost(item)
    if browser:
        return "attacks" if item.path.is_relative_to(ATTACKS) else "browser"
    return "system" if stack else "quick"


@pytest.fixture(scope="session")
def state_directory() -> Path:
    """The session's temporary ``CONCLAVE_STATE``."""
    return Path(os.environ["CONCLAVE_STATE"])
