"""The call module, the conference application and the provider, in real Chromium through real Janus and coturn."""

import signal
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.browser.call_scene import enter, sees, until
from tests.browser.past_the_worker import past_the_worker
from tests.browser.provider_site import ProviderSite, identifier
from tests.waiting import NotInTime

pytestmark = pytest.mark.browser
Profile = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def site() -> Iterator[ProviderSite]:
    running = ProviderSite()
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def conference(site: ProviderSite) -> str:
    site.handle = identifier()
    site.pseudonyms.clear()
    return site.handle


def test_two_pages_see_and_hear_each_other_and_a_leaver_goes(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    sees(berta, 1)
    berta.evaluate("call.close()")
    until(anna, "Object.keys(seen.remotes).length === 0 && document.querySelectorAll('video').length === 0", seconds=10)
    assert anna.evaluate("seen.problems") == []
    assert berta.evaluate("seen.states") == ["connecting", "connected", "closed"]


def test_a_place_in_the_subscription_is_used_again_with_a_transform_of_its_own(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    berta.evaluate("call.close()")
    until(anna, "Object.keys(seen.remotes).length === 0")
    enter(site, profile, "clara")
    sees(anna, 1)
    assert len(anna.evaluate("Object.keys(seen.remotes)")) == 2
    assert set(anna.evaluate("Object.keys(seen.remotes)")).isdisjoint(anna.evaluate("seen.gone"))
    anna.wait_for_timeout(2500)
    assert anna.evaluate("seen.problems") == []


def test_comings_and_goings_leave_nothing_in_the_worker(site: ProviderSite, profile: Profile) -> None:
    """Whose place ended has no transform any more, and the watchdog accuses nobody of those who come after."""
    anna = enter(site, profile, "anna")
    until(anna, "seen.states.at(-1) === 'connected'")
    for who in ("berta", "clara", "dora"):
        other = enter(site, profile, who)
        sees(anna, 1)
        other.evaluate("call.close()")
        until(anna, "Object.keys(seen.remotes).length === 0", seconds=10)
        left = until(anna, "counters().then((all) => Object.keys(all).every((id) => id.startsWith('send-')) && all)")
        assert len(left) == 2
    enter(site, profile, "emma")
    sees(anna, 1)
    anna.wait_for_timeout(2500)
    assert len(anna.evaluate("counters()")) == 4
    assert anna.evaluate("seen.problems") == []


def test_three_see_each_other_through_the_relay(site: ProviderSite, profile: Profile) -> None:
    pages = [enter(site, profile, who, ice="relay") for who in ("anna", "berta", "clara")]
    for page in pages:
        sees(page, 2)


def test_order_close_ends_the_call_for_everybody(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    assert site.order(order="close", handle=site.handle).status_code == 204
    for page in (anna, berta):
        until(page, "seen.states.at(-1) === 'closed'", seconds=5)
        assert page.evaluate("seen.problems") == ["closed"]
        assert page.evaluate("Object.keys(seen.remotes)") == []


def test_order_evict_puts_one_out_and_leaves_the_others(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    assert site.order(order="evict", handle=site.handle, pseudonym=site.pseudonyms["berta"]).status_code == 204
    until(berta, "seen.problems.includes('evicted')", seconds=5)
    until(anna, "Object.keys(seen.remotes).length === 0", seconds=5)
    assert anna.evaluate("seen.states.at(-1)") == "connected"


def test_a_second_join_replaces_the_first(site: ProviderSite, profile: Profile) -> None:
    first = enter(site, profile, "anna")
    until(first, "seen.states.at(-1) === 'connected'")
    second = enter(site, profile, "anna")
    until(first, "seen.states.at(-1) === 'closed'", seconds=10)
    assert first.evaluate("seen.problems") == ["replaced"]
    until(second, "seen.states.at(-1) === 'connected'")


def test_a_camera_taken_away_and_a_screen_shared(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(berta, 1)
    anna.evaluate("call.replace('camera', null)")
    anna.evaluate("call.replace('screen', media.getVideoTracks()[0].clone())")
    until(berta, "document.querySelectorAll('video').length === 2 && shown().every((frames) => frames > 20)")
    berta.wait_for_timeout(2500)
    assert berta.evaluate("seen.problems") == []


def test_media_that_the_worker_did_not_open_ends_the_call(site: ProviderSite, profile: Profile) -> None:
    anna, _berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    anna.evaluate("worker.postMessage('stop-counting'); worker.postMessage('forget')")
    until(anna, "seen.problems.includes('unprotected_media')", seconds=8)
    assert anna.evaluate("seen.states.at(-1)") == "failed"
    assert anna.evaluate("document.querySelectorAll('video').length") == 0


def test_who_goes_while_the_watchdog_looks_makes_it_accuse_nobody(site: ProviderSite, profile: Profile) -> None:
    """His pictures were counted when it began, his transform's are gone when the worker answers."""
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    worker = anna.workers[0]
    worker.evaluate("self.holding = true")
    until_held(anna, lambda: worker.evaluate("self.held"), "the watchdog asked nobody")
    berta.evaluate("call.close()")
    until(anna, "Object.keys(seen.remotes).length === 0", seconds=5)
    worker.evaluate("letGo()")
    anna.wait_for_timeout(2500)
    assert anna.evaluate("[seen.problems, seen.states]") == [[], ["connecting", "connected"]]


def test_pictures_that_are_sent_past_the_worker_end_the_call(site: ProviderSite, profile: Profile) -> None:
    """Sound: tests/browser/test_ways_in_and_out.py."""
    context = profile()
    context.add_init_script(past_the_worker("camera"))
    page = context.new_page()
    page.goto(site.page("anna", width="640", height="360"))
    until(page, "seen.problems.length > 0")
    assert page.evaluate("[seen.problems, seen.states]") == [["unprotected_media"], ["connecting", "connected", "failed"]]
    assert page.evaluate("connections.every(({ connectionState }) => connectionState === 'closed')")
    assert page.evaluate("counters()") == {}


def test_a_worker_that_does_not_answer_ends_the_connections_and_accuses_nobody(site: ProviderSite, profile: Profile) -> None:
    anna, _berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    anna.evaluate("worker.postMessage('fall-silent')")
    until(anna, "seen.problems.includes('unwatched_media')", seconds=14)
    assert "reconnecting" in anna.evaluate("seen.states")
    assert "unprotected_media" not in anna.evaluate("seen.problems")


def test_a_call_that_is_over_lets_go_of_its_transforms(site: ProviderSite, profile: Profile) -> None:
    anna, _berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    anna.evaluate("call.close()")
    anna.wait_for_timeout(300)
    assert anna.evaluate("counters()") == {}


def test_a_janus_that_died_and_came_back_is_joined_again(site: ProviderSite, profile: Profile) -> None:
    anna, berta = enter(site, profile, "anna"), enter(site, profile, "berta")
    sees(anna, 1)
    site.stop_process("janus")
    until(anna, "seen.problems.includes('mdd_gone')", seconds=10)
    assert site.get("/ready").status_code == 503
    site.run("janus", site.commands["janus"])
    for page in (anna, berta):
        until(page, "seen.states.at(-1) === 'connected'", seconds=40)
        sees(page, 1)


def wait_in_vain(page: Page) -> None:
    """As if the provider had kept silent for a quarter of a minute."""
    page.clock.fast_forward(15_500)
    until(page, "seen.problems.includes('provider_silent')", seconds=5)
    assert page.evaluate("seen.states.at(-1)") == "reconnecting"


def test_a_join_that_is_not_answered_is_given_up_and_tried_again(site: ProviderSite, profile: Profile) -> None:
    held: list[Route] = []
    context = profile()
    context.route("**/conferences/*/join", lambda route: held.append(route))  # noqa: PLW0108 - playwright takes no built-in
    page = context.new_page()
    page.clock.install()
    page.goto(site.page("anna"))
    until(page, "window.ready === true")
    until_held(page, lambda: held, "nobody asked to join")
    page.clock.fast_forward(14_000)
    assert page.evaluate("seen.problems") == []
    wait_in_vain(page)
    context.unroute("**/conferences/*/join")
    until(page, "seen.states.at(-1) === 'connected'")
    assert page.evaluate("[seen.problems, seen.states]") == [["provider_silent"], ["connecting", "reconnecting", "connected"]]


def until_held(page: Page, held: Callable[[], object], otherwise: str) -> None:
    for _ in range(100):
        if held():
            return
        page.wait_for_timeout(100)
    raise NotInTime(otherwise)


def test_an_offer_that_is_not_answered_ends_in_a_new_join(site: ProviderSite, profile: Profile) -> None:
    page = profile().new_page()
    page.clock.install()
    page.goto(site.page("anna"))
    until(page, "window.ready && seen.states.at(-1) === 'connected'")
    daphne = site.processes["daphne"]
    daphne.send_signal(signal.SIGSTOP)
    try:
        page.evaluate("call.replace('screen', media.getVideoTracks()[0].clone())")
        wait_in_vain(page)
    finally:
        daphne.send_signal(signal.SIGCONT)
    until(page, "seen.states.at(-1) === 'connected'")
    assert page.evaluate("connections.filter(({ connectionState }) => connectionState === 'connected').length") == 1
    assert page.evaluate("connections.find(({ connectionState }) => connectionState === 'connected').getSenders().length") == 3
