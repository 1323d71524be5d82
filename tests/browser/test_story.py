"""The whole story, as people live it: schedule in the web UI, open the link of the mail, talk, leave, read the audit, verify it.

With ``CONCLAVE_SCREENSHOTS=docs/screens`` the pictures of the documentation are taken on the way.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from icalendar import Calendar
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.joining import epoch, frames_decoded, join, sees, sign_in, until
from tests.browser.pictures import picture
from tests.stack import Stack

pytestmark = pytest.mark.browser
TITLE = "Quarterly figures"


def enter_core(context: BrowserContext, stack: Stack, account: dict[str, str]) -> Page:
    page = context.new_page()
    page.goto(stack.origins.core + "/")
    sign_in(page, account)
    page.wait_for_url(stack.origins.core + "/**")
    return page


def schedule(page: Page, stack: Stack, invitees: list[str]) -> str:
    """Schedule through the form; the conference's id."""
    starts = datetime.now(UTC) + timedelta(minutes=2)
    page.goto(stack.origins.core + "/conferences/new")
    page.locator("[name=title]").fill(TITLE)
    page.locator("[name=date]").fill(starts.strftime("%Y-%m-%d"))
    page.locator("[name=time]").fill(starts.strftime("%H:%M"))
    page.locator("[name=time_zone]").fill("UTC")
    chips = page.get_by_label("People to invite")
    for address in invitees:
        chips.press_sequentially(address)
        chips.press("Enter")
    picture(page, "schedule")
    page.get_by_role("button", name="Schedule and invite").click()
    page.wait_for_url(re.compile(r"/conferences/[\w-]{22}$"))
    picture(page, "conference-detail")
    return page.url.rsplit("/", 1)[1]


def invitation_for(stack: Stack, address: str, conference_id: str) -> EmailMessage:
    """The mail that reached ``address``."""
    found: list[EmailMessage] = []

    def arrived() -> bool:
        found[:] = [m for m in stack.mails() if address in str(m["To"]) and conference_id in m.get_body(("plain",)).get_content()]
        return bool(found)

    until(arrived, f"the invitation of {address}", 15)
    return found[0]


def test_the_whole_story(stack: Stack, profile):
    initiator = stack.accounts("initiator")[0]
    ada, bob = stack.accounts("participant")[:2]

    # an initiator schedules and invites
    desk = enter_core(profile(), stack, initiator)
    conference_id = schedule(desk, stack, [ada["email"], bob["email"]])

    # the mail carries a calendar entry and the conference URI, and no secret
    mail = invitation_for(stack, ada["email"], conference_id)
    calendar_part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    event = Calendar.from_ical(calendar_part.get_content()).walk("VEVENT")[0]
    assert (calendar_part.get_param("method"), str(event["SUMMARY"])) == ("REQUEST", TITLE)
    uri = re.search(rf"{re.escape(stack.origins.kmf)}/c/[\w-]{{22}}", mail.get_body(("plain",)).get_content())[0]
    assert uri.endswith(conference_id)

    # two people open it in profiles of their own
    ada_page, bob_page = join(profile(), uri, ada), join(profile(), uri, bob)
    for page in (ada_page, bob_page):
        sees(page, 1)
        before = frames_decoded(page)
        until(lambda page=page, before=before: frames_decoded(page) > before + 20, "frames")
    expect(ada_page.get_by_test_id("title")).to_have_text(TITLE)
    ada_page.get_by_test_id("toggle-people").click()
    expect(ada_page.get_by_test_id("person")).to_have_count(2)
    picture(ada_page, "conference")
    ada_page.get_by_test_id("toggle-people").click()

    # both read the same verification code to each other
    codes = []
    for page in (ada_page, bob_page):
        page.get_by_test_id("toggle-code").click()
        codes.append(re.sub(r"\D", "", page.get_by_test_id("code").inner_text()))
    assert codes[0] == codes[1]
    assert len(codes[0]) == 30
    picture(ada_page, "encryption")

    # one leaves; the other goes on under a new key
    before = epoch(ada_page)
    bob_page.get_by_test_id("leave").click()
    expect(bob_page.locator("body")).to_have_attribute("data-state", "ended")
    until(lambda: epoch(ada_page) > before, "a new epoch", 3)
    sees(ada_page, 0)
    time.sleep(2)  # let it be read as a stretch of time in the audit

    # an auditor reads who could decrypt what, exports it and verifies it offline
    audit = enter_core(profile(viewport={"width": 1280, "height": 1000}), stack, stack.accounts("auditor")[0])
    audit.goto(f"{stack.origins.core}/conferences/{conference_id}/audit")
    expect(audit.locator("main")).to_contain_text(ada["email"])
    picture(audit, "audit")
    export = stack.manage("audit", "export", "--conference", conference_id)
    assert export.returncode == 0, export.stderr
    file = stack.state.root / "export.jsonl"
    file.write_text(export.stdout)
    assert stack.manage("audit", "verify", str(file)).returncode == 0
    file.write_text(export.stdout.replace(bob["email"], ada["email"], 1))
    spoiled = stack.manage("audit", "verify", str(file))
    assert spoiled.returncode == 1

    # the initiator ends it for everybody
    desk.goto(f"{stack.origins.core}/conferences/{conference_id}")
    desk.get_by_role("link", name=re.compile("^(End|Call off)")).click()
    desk.get_by_role("button", name=re.compile("^(End|Call off)")).click()
    expect(ada_page.locator("body")).to_have_attribute("data-state", "ended", timeout=8000)
    picture(ada_page, "ended")
