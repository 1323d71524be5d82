"""A conference that is larger than one media server: its parts at two are one conference, encrypted as always."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.call_scene import LARGE, PICTURE, SMALL, ask_for_height, enter, sees, shows, until
from tests.browser.provider_site import ProviderSite, identifier

pytestmark = pytest.mark.browser
Profile = Callable[..., BrowserContext]
LISTEN_S = 10  # of provider.signalling.cascade


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


# The operator of the other server takes all feeds of others out of the room there.
TAKE_AWAY = """
import asyncio
from provider.mdd.conference_room import feeds_in
from provider.mdd.janus_session import JanusSession
from provider.mdd.pool import find_mdd
from provider.models import Part
part = Part.objects.get(mdd='janus-2', room__handle='%s')
own = set(part.seats.values_list('feed', flat=True))
async def take_away():
    mdd = find_mdd('janus-2')
    session = await JanusSession.open(url=mdd.url, api_secret=mdd.api_secret())
    line = await session.attach()
    for feed in await feeds_in(session, line, part.mdd_room) - own:
        body = {'request': 'remove_remote_publisher', 'room': part.mdd_room, 'secret': part.secret, 'id': feed}
        await session.request(line, body)
        print('taken away')
    await session.close()
asyncio.run(take_away())
"""


def shows_each_size(page: Page) -> None:
    until(page, PICTURE, seconds=40)
    for height, wanted in ((720, LARGE), (90, SMALL), (720, LARGE)):
        ask_for_height(page, height)
        shows(page, wanted)


def test_both_layers_of_a_camera_arrive_at_the_other_server_after_a_repair_too(site: ProviderSite, profile: Profile) -> None:
    site.handle = identifier()
    site.pseudonyms.clear()
    anna = enter(site, profile, "anna", width=str(LARGE), height="360")
    berta = enter(site, profile, "berta", camera="0")
    shows_each_size(berta)
    assert "taken away" in site.manage("shell", "-c", TAKE_AWAY % site.handle)
    until(berta, "seen.gone.length > 0", seconds=10)
    shows_each_size(berta)
    for page in (anna, berta):
        assert page.evaluate("seen.problems") == []


# The operator of the feed's own server ends what it sends elsewhere: the other one shows the feed, and gets no packet of it.
SEND_NO_MORE = """
import asyncio
from provider.mdd.conference_room import feeds_in
from provider.mdd.janus_session import JanusSession
from provider.mdd.pool import find_mdd
from provider.models import Part
part, other = (Part.objects.get(mdd=name, room__handle='%s') for name in ('janus', 'janus-2'))
feed = part.seats.get(ended_at=None).feed
async def send_no_more():
    mdd = find_mdd('janus')
    session = await JanusSession.open(url=mdd.url, api_secret=mdd.api_secret())
    body = {'room': part.mdd_room, 'secret': part.secret, 'publisher_id': feed, 'remote_id': other.mdd_room}
    await session.request(await session.attach(), body | {'request': 'unpublish_remotely'})
    await session.close()
asyncio.run(send_no_more())
print('ended')
"""


def test_packets_that_do_not_come_to_the_other_server_are_missed_and_the_feed_is_shown_anew(
    site: ProviderSite, profile: Profile
) -> None:
    site.handle = identifier()
    site.pseudonyms.clear()
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(berta, 1)
    berta.wait_for_timeout(LISTEN_S * 1000 + 3000)  # it was heard once
    first = berta.evaluate("Object.keys(seen.remotes)")
    assert berta.evaluate("seen.gone") == []
    assert "ended" in site.manage("shell", "-c", SEND_NO_MORE % site.handle)
    until(berta, "seen.gone.length === 2", seconds=LISTEN_S * 2 + 15)
    assert set(berta.evaluate("seen.gone")) == set(first)
    sees(berta, 1)
    for page in (anna, berta):
        assert page.evaluate("seen.problems") == []
