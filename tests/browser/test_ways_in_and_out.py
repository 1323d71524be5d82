"""Going in after a refusal, turning back, being put out, and a worker that failed: what the page says is what is true."""

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.joining import JOIN_TIMEOUT_MS, epoch, join, open_conference, until
from tests.browser.past_the_worker import past_the_worker
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser

# Keeps every track that was given to the page, so that the test can see which of them are live.
KEEP_TRACKS = """
window.given = [];
window.delays = 0;
const native = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = async function (wanted) {
  await new Promise((resolve) => setTimeout(resolve, window.delays));
  const stream = await native.call(this, wanted);
  window.given.push(...stream.getTracks());
  return stream;
};
"""
NO_CONNECTION_IS_OPEN = "window.connections.every(({ connectionState }) => connectionState === 'closed')"
LIVE = "window.given.filter(({ readyState }) => readyState === 'live').length"


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack)


@pytest.fixture
def page(scene: Scene, profile) -> Page:
    context = profile()
    context.add_init_script(KEEP_TRACKS)
    return open_conference(context, scene.uri, scene.stack.accounts("participant")[0])


def move_start(scene: Scene, minutes: int) -> None:
    with scene.stack.connect("trusted") as database:
        moved = "UPDATE conferences_conference SET starts_at = starts_at + %s * interval '1 minute' WHERE id = %s"
        database.execute(moved, (minutes, scene.conference_id))


def is_in(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-state", "in-conference", timeout=JOIN_TIMEOUT_MS)


def test_who_was_too_early_may_try_again(scene: Scene, page: Page) -> None:
    until(lambda: page.evaluate(LIVE) == 2, "camera and microphone")
    move_start(scene, 120)
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-code", "too_early")
    assert page.evaluate(LIVE) == 0
    page.get_by_test_id("gate-action").click()
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin")
    until(lambda: page.evaluate(LIVE) == 2, "camera and microphone")
    move_start(scene, -120)
    page.get_by_test_id("join").click()
    is_in(page)
    page.wait_for_timeout(1500)
    is_in(page)
    assert scene.audit("endpoint.left") == []
    assert page.evaluate(LIVE) == 2


def test_who_turns_back_is_not_in_and_may_come_again(page: Page) -> None:
    held: list[Route] = []
    page.context.route("**/keys", lambda route: held.append(route))  # noqa: PLW0108 - playwright takes no built-in
    page.get_by_test_id("join").click()
    until(lambda: page.wait_for_timeout(100) or held != [], "the key request")
    expect(page.get_by_test_id("gate-action")).to_have_text("Cancel")
    page.get_by_test_id("gate-action").click()
    expect(page.locator("body")).to_have_attribute("data-state", "prejoin")
    page.get_by_test_id("join").click()
    page.wait_for_timeout(500)
    assert len(held) == 1, "the next request waits for the end of the one before"
    held[0].continue_()
    until(lambda: page.wait_for_timeout(100) or len(held) == 2, "the second key request")
    held[1].continue_()
    is_in(page)
    page.wait_for_timeout(1500)
    is_in(page)
    expect(page.get_by_test_id("people-count")).to_have_text("1")


def test_a_camera_that_comes_after_the_leave_is_closed_again(page: Page) -> None:
    page.get_by_test_id("join").click()
    is_in(page)
    until(lambda: page.evaluate(LIVE) == 2, "camera and microphone")
    page.get_by_test_id("toggle-camera").click()
    until(lambda: page.evaluate(LIVE) == 1, "the camera is off")
    page.evaluate("window.delays = 800")
    page.get_by_test_id("toggle-camera").click()
    expect(page.get_by_test_id("toggle-camera")).to_have_attribute("aria-busy", "true")
    page.get_by_test_id("leave").click()
    expect(page.locator("body")).to_have_attribute("data-state", "ended")
    page.wait_for_timeout(1500)
    assert page.evaluate("window.given.length") == 3
    assert page.evaluate(LIVE) == 0


def test_who_joins_before_the_camera_is_there_is_shown_with_it(page: Page, scene: Scene, profile) -> None:
    context = profile()
    context.add_init_script(KEEP_TRACKS + "window.delays = 1500;")
    late = open_conference(context, scene.uri, scene.stack.accounts("participant")[1])
    late.get_by_test_id("join").click()
    is_in(late)
    until(lambda: late.evaluate(LIVE) == 2, "camera and microphone")
    for device in ("mic", "camera"):
        expect(late.get_by_test_id(f"toggle-{device}")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.body.dataset.state") == "prejoin"


def test_who_is_put_out_deletes_the_keys_at_once_and_says_so(scene: Scene, profile) -> None:
    account = scene.stack.accounts("participant")[0]
    page = join(profile(), scene.uri, account)
    scene.withdraw(account["email"])
    expect(page.locator("body")).to_have_attribute("data-state", "ended", timeout=15_000)
    expect(page.locator("body")).to_have_attribute("data-code", "withdrawn")
    until(lambda: page.evaluate(NO_CONNECTION_IS_OPEN), "the end of the media", 2)
    until(lambda: scene.audit("key.deleted") != [], "the confirmation", 5)


def test_a_worker_that_fails_is_ended_and_the_devices_with_it(page: Page) -> None:
    page.get_by_test_id("join").click()
    is_in(page)
    until(lambda: page.evaluate(LIVE) == 2, "camera and microphone")
    page.workers[0].evaluate("setTimeout(() => { throw new Error('uncaught'); }, 0)")
    expect(page.locator("body")).to_have_attribute("data-code", "worker_failed")
    assert page.evaluate(LIVE) == 0
    until(lambda: page.workers == [] or page.wait_for_timeout(100), "the end of the worker", 5)
    assert page.evaluate(NO_CONNECTION_IS_OPEN)


def test_whose_sound_goes_past_the_worker_is_stopped_and_told(page: Page, scene: Scene) -> None:
    page.evaluate(past_the_worker("mic"))
    page.get_by_test_id("join").click()
    expect(page.locator("body")).to_have_attribute("data-code", "unprotected_media", timeout=JOIN_TIMEOUT_MS)
    expect(page.get_by_test_id("gate-title")).to_have_text("Stopped for your safety")
    assert page.evaluate(NO_CONNECTION_IS_OPEN)
    assert page.evaluate(LIVE) == 0
    until(lambda: scene.audit("key.deleted") != [], "the confirmation", 5)
    assert [entry["details"]["code"] for entry in scene.audit("media.problem")] == ["unprotected_media"]
    assert len(scene.audit("endpoint.left")) == 1


# The worker's next push sockets: one message of a kind can be lost, and what it says is kept.
LOSE = """() => {
  self.losing = '';
  self.lost = 0;
  self.asked = 0;
  self.WebSocket = class extends WebSocket {
    constructor(url) {
      super(url);
      this.addEventListener('message', (event) => {
        if (self.losing && JSON.parse(event.data).type === self.losing) {
          self.losing = '';
          self.lost += 1;
          event.stopImmediatePropagation();
        }
      });
    }
    send(data) {
      self.asked += JSON.parse(data).type === 'state';
      super.send(data);
    }
  };
}"""


def test_who_missed_a_message_asks_for_the_state_and_has_the_key(page: Page, scene: Scene) -> None:
    """A rekey does not arrive. What follows fits, but for its number: without that the page would be locked out."""
    worker = page.workers[0]
    worker.evaluate(LOSE)
    page.get_by_test_id("join").click()
    is_in(page)
    until(lambda: epoch(page) == 1, "the first key")
    worker.evaluate("self.losing = 'rekey'")
    bob = scene.person("participant", 1).sign_in()
    assert bob.ask_for_key().status_code == httpx.codes.OK
    with bob.open_socket() as socket:
        bob.hello(socket)
        bob.hear(socket, "welcome")
        until(lambda: epoch(page) == 2, "the key that was lost", 8)
        assert worker.evaluate("[lost, asked]") == [1, 1]
        assert scene.epochs() == [(1, "superseded"), (2, "current")]
        expect(page.get_by_test_id("people-count")).to_have_text("2")
    assert scene.audit("endpoint.left") == []


def falls_silent(scene: Scene) -> list[str]:
    """As if the KMF had listened for a while and heard nothing; reasons of the leaves so far. What is noted meanwhile goes on."""
    reasons = [entry["details"]["reason"] for entry in scene.audit("endpoint.left")]
    if not reasons:
        with scene.stack.connect("trusted") as database:
            listened = "UPDATE kmf_keystate SET listening_since = now() - interval '20 seconds' WHERE conference_id = %s"
            database.execute(listened, (scene.conference_id,))
            silent = (
                "UPDATE kmf_endpoint SET last_seen_at = now() - interval '20 seconds'"
                " WHERE membership_id = (SELECT min(membership_id) FROM kmf_endpoint WHERE conference_id = %s)"
            )
            database.execute(silent, (scene.conference_id,))
    return reasons


def test_who_was_taken_for_gone_comes_back_by_himself(page: Page, scene: Scene) -> None:
    page.get_by_test_id("join").click()
    is_in(page)
    until(lambda: falls_silent(scene) == ["silent"], "the leave", 10)
    until(lambda: len(scene.audit("endpoint.connected")) == 2, "the second stay", 10)
    is_in(page)
    expect(page.get_by_test_id("people-count")).to_have_text("1")
    expect(page.get_by_test_id("banner")).to_have_attribute("data-code", "")
    assert [state for _number, state in scene.epochs()].count("current") == 1


def test_a_provider_that_keeps_silent_is_named_and_asked_again(page: Page, scene: Scene) -> None:
    held: list[Route] = []
    join_url = f"{scene.stack.origins.provider}/conferences/*/join"
    page.context.route(join_url, lambda route: held.append(route))  # noqa: PLW0108 - playwright takes no built-in
    page.clock.install()
    page.get_by_test_id("join").click()
    is_in(page)
    until(lambda: page.wait_for_timeout(100) or held != [], "the join")
    page.clock.fast_forward(15_500)
    expect(page.get_by_test_id("banner")).to_have_attribute("data-code", "provider_silent")
    expect(page.get_by_test_id("banner")).to_contain_text("The conference provider does not answer")
    page.context.unroute(join_url)
    expect(page.get_by_test_id("stage")).to_have_attribute("data-media", "connected", timeout=JOIN_TIMEOUT_MS)
    expect(page.get_by_test_id("banner")).to_have_attribute("data-code", "")
    is_in(page)
    assert scene.audit("endpoint.left") == []
