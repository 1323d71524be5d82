"""Attacker: script that runs in the core application, in the initiator's browser ([PERC] 4.2; requirement AUTH-3).

He has everything that a page of that origin has: its forms with their tokens, fetch, frames, windows, navigation. He has no
password, and no hand that presses on a page of another origin.
"""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.joining import sign_in
from tests.scenes import Scene
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.requirement("AUTH-3")]
EVE = "eve@else.example"
# What the form does, by script: the answer is the redirect to the page that asks, which script may not follow into.
INVITE = """async ([address, redirect]) => {
  const csrfmiddlewaretoken = document.querySelector('form.invite [name=csrfmiddlewaretoken]').value;
  const form = new URLSearchParams({address, csrfmiddlewaretoken});
  return fetch(document.querySelector('form.invite').action, {method: 'POST', body: form, redirect})
    .then((answer) => `${answer.type} ${answer.status}`, (error) => `failed ${error.name}`);
}"""
FETCH = """async ([url, method, credentials]) => fetch(url, {method, credentials, mode: 'cors', redirect: 'follow'})
  .then(async (answer) => `read ${await answer.text()}`, (error) => `failed ${error.name}`)"""
FRAME = """(url) => new Promise((done) => {
  const frame = document.createElement('iframe');
  frame.onload = () => done(frame.contentDocument === null ? 'foreign' : frame.contentDocument.body.innerText);
  frame.onerror = () => done('failed');
  frame.src = url;
  document.body.append(frame);
  setTimeout(() => done('nothing'), 3000);
})"""
POST = """([url, members]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = url;
  for (const [name, value] of Object.entries(members)) {
    const input = document.createElement('input');
    input.name = name;
    input.value = value;
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}"""
WINDOW = """async (url) => {
  const opened = window.open(url);
  await new Promise((done) => setTimeout(done, 2000));
  try {
    opened.document.querySelector('[name=meant]').click();
    return 'pressed';
  } catch (error) {
    return opened.closed ? 'cut off' : `refused ${error.name}`;
  }
}"""


@pytest.fixture
def scene(stack: Stack) -> Scene:
    return Scene.schedule(stack, title="Board meeting")


@pytest.fixture
def context(scene: Scene, profile) -> BrowserContext:
    return profile()


@pytest.fixture
def page(scene: Scene, context: BrowserContext) -> Page:
    """The conference's page in the core application, where the initiator has signed in just now."""
    page = context.new_page()
    page.goto(f"{scene.stack.origins.core}/conferences/{scene.conference_id}")
    sign_in(page, scene.stack.accounts("initiator")[0])
    page.wait_for_url(re.compile(rf"/conferences/{scene.conference_id}$"))
    return page


def invited(scene: Scene) -> set[str]:
    with scene.stack.connect("trusted") as database:
        rows = database.execute(
            "SELECT identity FROM conferences_participant WHERE conference_id = %s AND withdrawn_at IS NULL",
            (scene.conference_id,),
        )
        return {row[0] for row in rows}


def ask_address(page: Page) -> str:
    """The address of the page that asks: the attacker can make such a request himself, so he is given it."""
    found: list[str] = []
    page.context.on("request", lambda request: found.append(request.url) if "/authorize?" in request.url else None)
    page.locator("#address").fill(EVE)
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_test_id("identity")).to_have_text(EVE)
    page.go_back()
    return found[0]


def test_script_with_the_forms_own_token_invites_nobody(scene: Scene, page: Page) -> None:
    before = invited(scene)
    for redirect in ("follow", "manual"):
        answer = page.evaluate(INVITE, [EVE, redirect])
        assert answer in {"failed TypeError", "opaqueredirect 0"}
    assert invited(scene) == before
    assert scene.audit("participant.invited") == []


def test_script_can_neither_read_nor_frame_nor_press_the_page_that_asks(scene: Scene, page: Page) -> None:
    before = invited(scene)
    address = ask_address(page)
    for credentials in ("include", "omit"):
        for method in ("GET", "POST"):
            assert page.evaluate(FETCH, [address, method, credentials]) == "failed TypeError"
    assert page.evaluate(FRAME, address) in {"foreign", "nothing", "failed"}
    assert all(frame.get_by_test_id("identity").count() == 0 for frame in page.frames[1:])
    assert page.evaluate(WINDOW, address) in {"cut off", "refused SecurityError", "refused TypeError"}
    assert invited(scene) == before


def test_script_that_sends_the_answer_itself_is_refused(scene: Scene, page: Page) -> None:
    before = invited(scene)
    address = ask_address(page)
    members: dict[str, Any] = {"decision": "confirmed", "meant": "yes", "csrfmiddlewaretoken": "a" * 64}
    with page.expect_response(lambda response: response.request.method == "POST" and "/authorize" in response.url) as answer:
        page.evaluate(POST, [address, members])
    assert answer.value.status == 403
    assert invited(scene) == before


def test_script_gets_no_code_for_the_kmf_and_reads_nothing_there(scene: Scene, page: Page) -> None:
    origins = scene.stack.origins
    for url in (f"{origins.kmf}/token", f"{origins.kmf}/keys", f"{origins.auth}/", f"{origins.auth}/confirm", scene.uri):
        for method in ("GET", "POST"):
            assert page.evaluate(FETCH, [url, method, "include"]) == "failed TypeError", url
    assert page.evaluate(FRAME, scene.uri) in {"foreign", "nothing", "failed"}
    assert page.evaluate(FRAME, f"{origins.auth}/") in {"foreign", "nothing", "failed"}
    assert scene.audit("key.released") == []


def test_what_the_person_reads_is_what_he_confirms(scene: Scene, page: Page) -> None:
    """The attacker exchanges the address in the form at the last moment: the page that asks says the exchanged one."""
    before = invited(scene)
    page.locator("#address").fill("dora@weaver.example")
    page.evaluate(
        "(eve) => document.querySelector('form.invite').addEventListener('formdata', (e) => e.formData.set('address', eve))", EVE
    )
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_test_id("identity")).to_have_text(EVE)
    expect(page.get_by_test_id("conference")).to_have_text("Board meeting")
    page.get_by_role("button", name="Do not invite").click()
    expect(page.get_by_text("Nobody was invited")).to_be_visible()
    assert invited(scene) == before
    assert [json.dumps(entry["details"]["action"]["identity"]) for entry in scene.audit("authorization.declined")] == [f'"{EVE}"']


def test_the_person_himself_invites(scene: Scene, page: Page) -> None:
    page.locator("#address").fill("Dora <dora@weaver.example>")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_test_id("identity")).to_have_text("dora@weaver.example")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.locator("#meant-error")).to_be_visible()
    page.locator("#meant").check()
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_text("dora@weaver.example is invited")).to_be_visible()
    assert "dora@weaver.example" in invited(scene)
