"""When the way to the media server breaks: another one without a new join; where the server is dead, another server."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.call_scene import enter, sees, until
from tests.browser.provider_site import ProviderSite, identifier
from tests.integration.running_conference import slack

pytestmark = pytest.mark.browser
Profile = Callable[..., BrowserContext]
MOVED_S = 5


@pytest.fixture(scope="module")
def site() -> Iterator[ProviderSite]:
    running = ProviderSite(mdds=2)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def conference(site: ProviderSite) -> None:
    site.handle = identifier()
    site.pseudonyms.clear()


def goes_on(page: Page) -> None:
    before = page.evaluate("shown()[0]")
    until(page, f"shown()[0] > {before + 20}")


def test_a_change_of_the_network_is_survived_without_a_new_join(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    sees(berta, 1)
    names = anna.evaluate("names()")
    assert len(set(names)) == 2
    anna.evaluate("dispatchEvent(new Event('online'))")
    until(anna, f"names().every((name) => !{names}.includes(name))", seconds=10)
    until(anna, "connections.every(({ connectionState }) => connectionState === 'connected')")
    goes_on(anna)
    goes_on(berta)
    assert anna.evaluate("[connections.length, seen.problems, seen.gone]") == [2, [], []]


def test_a_relay_that_died_and_came_back_is_used_again_without_a_new_join(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna", ice="relay"), enter(site, profile, "berta")
    sees(anna, 1)
    names = anna.evaluate("names()")
    site.stop_process("turn")
    site.run("turn", site.commands["turn"])
    until(anna, f"names().every((name) => !{names}.includes(name))", seconds=40)
    until(anna, "connections.every(({ connectionState }) => connectionState === 'connected')")
    goes_on(anna)
    goes_on(berta)
    assert anna.evaluate("[connections.length, seen.problems]") == [2, []]


def test_where_a_media_server_dies_the_conference_goes_on_at_another(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    sees(berta, 1)
    mdd = site.mdd_of_the_room()  # seats of the test before may still stand at either
    site.stop_process(mdd)
    begun = time.monotonic()
    for page in (anna, berta):
        until(page, "seen.problems.includes('mdd_gone') && document.querySelectorAll('video').length === 1 && shown()[0] > 3")
    took = time.monotonic() - begun
    assert took < MOVED_S * slack()
    site.run(mdd, site.commands[mdd])
    for page in (anna, berta):
        assert page.evaluate("[...new Set(seen.problems)]") == ["mdd_gone"]
        goes_on(page)
