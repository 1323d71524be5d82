"""What all tests share: the running system and real browsers (both made at first use), and which site a test belongs to.

``tests/provider`` runs with the provider's settings (``--ds=config.settings.provider``), everything else with the trusted ones.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import TransactionTestCase, override_settings

from tests.emptied_tables import empty_tables
from tests.openid_provider.site import company
from tests.real_browsers import browser, profile, pytest_runtest_makereport, stack

__all__ = ["browser", "company", "profile", "pytest_runtest_makereport", "stack"]

PROVIDER_TESTS = Path(__file__).parent / "provider"
TESTS = Path(__file__).parent
ATTACKS = TESTS / "adversary"
DEATHS = TESTS / "integration" / "test_processes_die.py"
PARTS = ("quick", "system", "browser", "attacks", "deaths", "alone")
WITH_THE_SYSTEM = (ATTACKS, TESTS / "browser", TESTS / "config", TESTS / "integration")
PLACES = {"attacks": (ATTACKS,), "deaths": (DEATHS,)} | dict.fromkeys(("system", "browser", "alone"), WITH_THE_SYSTEM)
QUICK_PASSWORDS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EITHER = tuple(Path(__file__).parent / name for name in ("protocol", "provider"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip what the settings of this run cannot load, and where nothing of its part lies."""
    places = PLACES.get(config.getoption("--part"))
    if places is not None and not any(on_the_way(collection_path, place) for place in places):
        return True
    within_provider = collection_path.is_relative_to(PROVIDER_TESTS)
    if os.environ["DJANGO_SETTINGS_MODULE"].endswith(".provider"):
        return None if any(on_the_way(collection_path, place) for place in EITHER) else True
    return True if within_provider else None


def on_the_way(path: Path, place: Path) -> bool:
    return path.is_relative_to(place) or place.is_relative_to(path)


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
    """Whether it uses a real browser, and whether the running system. Elsewhere ``browser`` is a client of Django's."""
    names = getattr(item, "fixturenames", ()) if _is_with_the_system(item) else ()
    return [name in names for name in ("browser", "stack")]


def _is_with_the_system(item: pytest.Item) -> bool:
    return any(item.path.is_relative_to(place) for place in WITH_THE_SYSTEM)


def _part(item: pytest.Item) -> str:
    if item.path == DEATHS:
        return "deaths"
    if item.get_closest_marker("alone") and _is_with_the_system(item):
        return "alone"
    browser, stack = _cost(item)
    if browser:
        return "attacks" if item.path.is_relative_to(ATTACKS) else "browser"
    return "system" if stack else "quick"


@pytest.fixture(scope="session")
def state_directory() -> Path:
    """The session's temporary ``CONCLAVE_STATE``."""
    return Path(os.environ["CONCLAVE_STATE"])


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """In this process a password is made and checked in no time; ``kmf/authorization/test_sign_in.py`` tries the real way."""
    with override_settings(PASSWORD_HASHERS=QUICK_PASSWORDS):
        yield


@pytest.fixture(scope="session", autouse=True)
def _quickly_emptied_tables() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield
