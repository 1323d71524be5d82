"""A conference that is larger than one media server: its parts at two are one conference, encrypted as always."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.call_scene import enter, sees, until
from tests.browser.provider_site import ProviderSite

pytestmark = pytest.mark.browser
Profile = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def site() -> Iterator[ProviderSite]:
    running = ProviderSite(mdds=2, room_limit=1)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def endpoints(site: ProviderSite) -> list[str]:
    return [line.split("\t")[-1] for line in site.manage("mdd", "list").splitlines()]


def test_endpoints_at_two_media_servers_see_and_hear_each_other(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    assert endpoints(site) == ["endpoints: 1", "endpoints: 1"]
    sees(anna, 1)
    sees(berta, 1)
    anna.evaluate("call.replace('screen', media.getVideoTracks()[0].clone())")
    until(berta, "document.querySelectorAll('video').length === 2 && shown().every((frames) => frames > 20)")
    berta.evaluate("call.close()")
    until(anna, "Object.keys(seen.remotes).length === 0", seconds=10)
    assert anna.evaluate("seen.problems") == []
    assert berta.evaluate("seen.problems") == []
    assert endpoints(site) == ["endpoints: 1", "endpoints: 0"]
