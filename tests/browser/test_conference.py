"""Two and three people in real browsers through a real Janus: they see and hear each other, and a leave changes the key."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.joining import audio_energy, epoch, frames_decoded, inbound, join, sees, until
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Two of us")


def people(stack: Stack, count: int) -> list[dict[str, str]]:
    return [*stack.accounts("participant"), *stack.accounts("initiator")][:count]


def test_two_see_and_hear_each_other_by_verified_names(scene: Scene, profile):
    ada, bob = people(scene.stack, 2)
    ada_page = join(profile(), scene.uri, ada)
    bob_page = join(profile(), scene.uri, bob)
    for page in (ada_page, bob_page):
        sees(page, 1)
        before = frames_decoded(page)
        until(lambda page=page, before=before: frames_decoded(page) > before + 10, "frames")
        until(lambda page=page: audio_energy(page) > 0, "sound")
        expect(page.get_by_test_id("title")).to_have_text("Two of us")
    source_ids = {entry["details"]["source_id"]: entry["details"]["name"] for entry in scene.audit("endpoint.connected")}
    tile = bob_page.locator('[data-testid=tile][data-decrypting="true"]')
    assert tile.get_by_test_id("tile-name").inner_text().strip() == source_ids[int(tile.get_attribute("data-source-id"))]


def test_a_leave_locks_out_and_those_who_stay_lose_nothing(scene: Scene, profile):
    accounts = people(scene.stack, 3)
    pages = [join(profile(), scene.uri, account) for account in accounts]
    for page in pages:
        sees(page, 2)
    before = epoch(pages[0])
    decoded = frames_decoded(pages[0])
    pages[2].get_by_test_id("leave").click()
    expect(pages[2].locator("body")).to_have_attribute("data-state", "ended")
    for page in pages[:2]:
        until(lambda page=page: epoch(page) > before, "a new epoch", 3)
        sees(page, 1)
    until(lambda: frames_decoded(pages[0]) > decoded + 20, "frames under the new key")
    assert scene.audit("endpoint.left")[-1]["details"]["reason"] in ("left", "closed")


@pytest.mark.alone
def test_a_closed_tab_is_noticed_at_once(scene: Scene, profile):
    ada, bob = people(scene.stack, 2)
    ada_page, bob_page = join(profile(), scene.uri, ada), join(profile(), scene.uri, bob)
    sees(ada_page, 1)
    before = epoch(ada_page)
    closed_at = time.monotonic()
    bob_page.close(run_before_unload=True)
    until(lambda: epoch(ada_page) > before, "a new epoch", 4)
    assert time.monotonic() - closed_at < 3
    sees(ada_page, 0)


HAS_ML_KEM = """crypto.subtle.generateKey({ name: 'ML-KEM-768' }, false, ['encapsulateBits', 'decapsulateBits'])
  .then(() => true, () => false)"""


def test_the_key_is_agreed_on_by_the_hybrid_where_the_browser_has_it(scene: Scene, profile):
    asked: list[str] = []
    context = profile()
    context.on("request", lambda each: each.url.endswith("/keys") and asked.append(each.post_data_json["agreement"]["alg"]))
    page = join(context, scene.uri, people(scene.stack, 1)[0])
    assert asked == ["X25519+ML-KEM-768" if page.evaluate(HAS_ML_KEM) else "X25519"]


# What the worker answers its page's watchdog: how many frames each transform took and opened.
OVERHEAR_COUNTERS = """
window.counted = [];
const NativeWorker = Worker;
window.Worker = class extends NativeWorker {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', ({ data }) => {
      if (Object.keys(data.value ?? {}).some((name) => name.startsWith('receive-'))) window.counted.push(data.value);
    });
  }
};
"""


def test_no_frame_is_decoded_that_the_worker_did_not_open(scene: Scene, profile):
    ada, bob = people(scene.stack, 2)
    context = profile()
    context.add_init_script(OVERHEAR_COUNTERS)
    ada_page, _bob_page = join(context, scene.uri, ada), join(profile(), scene.uri, bob)
    sees(ada_page, 1)
    until(lambda: frames_decoded(ada_page) > 10, "frames")
    rows = inbound(ada_page)
    before = ada_page.evaluate("counted.length")
    until(lambda: ada_page.evaluate("counted.length") > before + 1, "the next two looks of the watchdog")
    counted = ada_page.evaluate("counted.at(-1)")
    received = {name: count for name, count in counted.items() if name.startswith("receive-")}
    assert {row["kind"] for row in rows} == {"audio", "video"}
    assert sum(row["frames"] for row in rows if row["kind"] == "video") <= sum(count["ok"] for count in received.values())
    assert sum(row["packets"] for row in rows if row["kind"] == "audio") <= sum(count["frames"] for count in received.values())
    assert all(count["ok"] > 10 for count in received.values())
    assert len(received) == 2
