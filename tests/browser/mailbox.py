"""Codes that the running system mails, typed where they were asked for."""

import re

from playwright.sync_api import Page, expect

from tests.browser.axe import is_accessible
from tests.stack import Stack, wait_for


def codes_to(stack: Stack, address: str) -> list[str]:
    """Every code that was mailed to this address so far, oldest first."""
    bodies = [mail.get_content() for mail in stack.mails() if mail["To"] == address and "code" in mail["Subject"]]
    return [code for body in bodies for code in re.findall(r"Your code: (\d{4} \d{4})", body)]


def show_mailbox(page: Page, stack: Stack, address: str) -> None:
    """Show that one reads the account's mail, as the first second factor asks for."""
    expect(page.get_by_role("heading", name="One thing first")).to_be_visible()
    is_accessible(page, "before the first second factor")
    before = len(codes_to(stack, address))
    page.get_by_role("button", name="Mail me a code").press("Enter")
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    is_accessible(page, "typing the mailbox's code")
    wait_for(lambda: len(codes_to(stack, address)) > before, "the mail with the code")
    page.get_by_label("Code").fill(codes_to(stack, address)[-1])
    page.get_by_label("Code").press("Enter")
