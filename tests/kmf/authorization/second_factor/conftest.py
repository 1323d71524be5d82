"""An account with a password, its browser, an authenticator app and a passkey."""

import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings as site
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.test import Client
from django.utils import timezone

from conferences.services.outbox import deliver_due
from conferences.services.outbox_handlers import registered
from kmf.authorization.models import Account
from tests.kmf.authorization.oauth_client import host
from tests.kmf.authorization.second_factor.soft_passkey import SoftPasskey

PASSWORD = "correct horse battery"
STEP_S = 30  # of RFC 6238
NEAR_S = 1.5


@pytest.fixture
def password_hash() -> str:
    return make_password(PASSWORD)


class Person:
    """Somebody at a browser."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.browser = Client(headers={"host": host(site.ORIGINS.auth)})
        self.secret = ""
        self.passkey = SoftPasskey(origin=site.ORIGINS.auth, rp_id="auth.localhost")

    def elsewhere(self) -> "Person":
        """The same person at another browser."""
        other = Person(self.account)
        other.secret, other.passkey = self.secret, self.passkey
        return other

    def type_password(self, **more):
        return self.browser.post("/sign-in", {"login": self.account.email, "password": PASSWORD} | more)

    def confirm(self):
        return self.browser.post("/confirm", {"password": PASSWORD})

    def mailed_code(self):
        """Ask for a code by mail, have that delivered, and take it out of the mailbox."""
        self.browser.post("/second-factor/mail")
        handlers = {"account.mailbox_code": registered()["account.mailbox_code"]}
        deliver_due(now=timezone.now(), handlers=handlers, limit=9)
        [found] = re.findall(r"Your code: (\d{4} \d{4})", mail.outbox.pop().body)
        return found

    def show_mailbox(self):
        return self.browser.post("/second-factor/mail", {"code": self.mailed_code()})

    def code(self, ahead=0):
        left_s = STEP_S - time.time() % STEP_S
        if ahead < 0 and left_s < NEAR_S:  # what was good before this step would not be any more when it arrives
            time.sleep(left_s)
        return format_hotp_value(hotp_value(self.secret, int(time.time()) // STEP_S + ahead))

    def type_code(self, code, **more):
        return self.browser.post("/sign-in/second-factor", {"code": code} | more)

    def add_app(self, **more):
        page = self.browser.get("/second-factor/app")
        self.secret = page.context["form"].secret
        return self.browser.post("/second-factor/app", {"code": self.code(-1)} | more)

    def add_passkey(self, change=lambda answer: answer, **more):
        page = self.browser.get("/second-factor/passkey")
        answer = change(self.passkey.create(json.loads(page.context["passkey_options"])))
        return self.browser.post("/second-factor/passkey", {"name": "Key", "credential": json.dumps(answer)} | more)

    def options(self):
        return self.browser.get("/sign-in/passkey", headers={"x-requested-with": "XMLHttpRequest"}).json()["request_options"]

    def use_passkey(self, answer=None, **more):
        answer = answer if answer is not None else self.passkey.get(self.options())
        return self.browser.post("/sign-in/passkey", {"credential": json.dumps(answer)} | more)

    def recovery_codes(self):
        page = self.browser.post("/second-factor/recovery-codes").content.decode()
        return re.findall(r'<li class="code">(\d+)</li>', page)

    def is_signed_in(self):
        return self.browser.get("/").status_code == 200

    def kinds(self):
        return sorted(Authenticator.objects.filter(user=self.account).values_list("type", flat=True))


@pytest.fixture
def intruder(ada, password_hash) -> Person:
    """Somebody who knows the password, confirmed with it, and reads no mail."""
    Account.objects.filter(pk=ada.pk).update(password=password_hash)
    ada.refresh_from_db()
    one = Person(ada)
    one.type_password()
    one.confirm()
    return one


@pytest.fixture
def person(intruder) -> Person:
    """Signed in with a password, confirmed just now, and found to read the account's mail."""
    intruder.show_mailbox()
    return intruder
