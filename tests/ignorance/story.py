"""The story whose traces are looked for: schedule, mail, three people in, media, one leaves, audit, end."""

import json
import re
import secrets
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from websockets.exceptions import ConnectionClosed

from tests.browser.joining import epoch, frames_decoded, join, sees, until
from tests.browser.test_story import enter_core, invitation_for
from tests.ignorance import sealed
from tests.real_browsers import CHROMIUM_ARGUMENTS
from tests.scenes import Scene
from tests.simulators.person import Person
from tests.stack import Stack

ROLES = ("initiator", "leaver", "stayer", "listener")
MAKE_ACCOUNTS = """
import json
from conferences.models import Organisation
from kmf.authorization.models import Account
for one in json.loads(bytes.fromhex("{planted}")):
    Account.objects.create_account(organisation=Organisation.objects.get(slug="demo"), can_initiate=True, can_audit=True, **one)
"""
ICE_PASSWORDS = """() => window.connections.flatMap((one) => [one.localDescription, one.remoteDescription])
  .flatMap((one) => [...(one?.sdp ?? "").matchAll(/a=ice-pwd:(\\S+)/g)].map((found) => found[1]))"""


class CarefulPerson(Person):
    """Remembers every proof that he made for the trusted side."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.proofs: list[str] = []

    def proof(self, *given: str, **options: object) -> str:
        made = super().proof(*given, **options)  # type: ignore[arg-type]
        if options.get("origin") is None:
            self.proofs.append(made)
        return made


@dataclass
class Told:
    """What a browser was seen to send: authorization codes, and tokens for the trusted side."""

    codes: set[str]
    tokens: set[str]

    def note(self, request: Request) -> None:
        self.codes.update(parse_qs(urlsplit(request.url).query).get("code", []))
        headers = request.headers
        if headers.get("authorization", "").startswith("DPoP ") and "provider" not in request.url:
            self.tokens.add(headers["authorization"][5:])


class Story:
    """One conference and everything about it that is recognisable."""

    def __init__(self, stack: Stack, browser: Browser, directory: Path) -> None:
        self.stack, self.browser, self.directory = stack, browser, directory
        mark = secrets.token_hex(5)
        self.title_word = f"Zwiebelfisch{mark}"
        self.title = f"Übernahme {self.title_word} & Söhne"
        self.accounts = {
            role: {
                "email": f"quirina.{role}.{secrets.token_hex(5)}@planted.example",
                "name": f"Quirina Nordstjärna-{secrets.token_hex(5)}",
                "password": f"pw {secrets.token_urlsafe(15)}",
            }
            for role in ROLES
        }
        self._open = ExitStack()
        self.told = Told(set(), set())
        self.cookies: set[str] = set()
        self.ice_passwords: set[str] = set()
        self.values: dict[str, list[bytes | str]] = {}

    # --- what happens ------------------------------------------------------------------------------------------------

    def play_until_the_rekey(self) -> None:
        """Schedule, invite, join, talk; one leaves and the others get a new key. Three people remain signed in."""
        self._make_accounts()
        self.desk = enter_core(self._profile(), self.stack, self.accounts["initiator"])
        self._schedule()
        uri = f"{self.stack.origins.kmf}/c/{self.conference_id}"
        invitation_for(self.stack, self.accounts["leaver"]["email"], self.conference_id)
        self._enter_as_listener()
        self.leaving_profile = self._profile(lasting=True)
        leaver = join(self.leaving_profile, uri, self.accounts["leaver"])
        self.stayer = join(self._profile(), uri, self.accounts["stayer"])
        for page in (leaver, self.stayer):
            sees(page, 1)
            until(lambda page=page: frames_decoded(page) > 20, "frames")
            self.ice_passwords.update(page.evaluate(ICE_PASSWORDS))
        self._collect()
        self._leave(leaver)
        with suppress(TimeoutError, ConnectionClosed):
            self.listener.hear(self.socket, "rekey", timeout=1)
        self._collect()

    def _make_accounts(self) -> None:
        planted = json.dumps(list(self.accounts.values())).encode().hex()
        made = self.stack.manage("shell", "-c", MAKE_ACCOUNTS.format(planted=planted))
        assert made.returncode == 0, made.stderr

    def _profile(self, *, lasting: bool = False) -> BrowserContext:
        settings = {"permissions": ["camera", "microphone"], "viewport": {"width": 1280, "height": 800}}
        if lasting:  # kept on disk, as a person's own browser does
            kind = self.browser.browser_type
            context = kind.launch_persistent_context(
                self.directory / "profile", executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS, **settings
            )
        else:
            context = self.browser.new_context(**settings)
            self._open.callback(context.close)
        context.on("request", self.told.note)
        context.set_default_timeout(15_000)
        return context

    def _schedule(self) -> None:
        page, starts = self.desk, datetime.now(UTC) + timedelta(minutes=2)
        page.goto(self.stack.origins.core + "/conferences/new")
        page.locator("[name=title]").fill(self.title)
        page.locator("[name=date]").fill(starts.strftime("%Y-%m-%d"))
        page.locator("[name=time]").fill(starts.strftime("%H:%M"))
        page.locator("[name=time_zone]").fill("UTC")
        chips = page.get_by_label("People to invite")
        for role in ROLES[1:]:
            chips.press_sequentially(self.accounts[role]["email"])
            chips.press("Enter")
        page.get_by_role("button", name="Schedule and invite").click()
        page.wait_for_url(re.compile(r"/conferences/[\w-]{22}$"))
        self.conference_id = page.url.rsplit("/", 1)[1]

    def _enter_as_listener(self) -> None:
        """Somebody without a browser, whose keys and tokens the test can see; he joins at the provider too."""
        stack = self.stack
        person = self.listener = CarefulPerson(stack, self.accounts["listener"], self.conference_id).sign_in()
        assert person.ask_for_key().status_code == 200
        self.socket = self._open.enter_context(person.open_socket())
        person.hello(self.socket)
        person.hear(self.socket, "welcome")
        ekt_keys, above = sealed.keys_of(stack, self.conference_id)  # opened by the test: they are the real ones
        assert person.keys[1].ekt_key in ekt_keys
        assert HKDF.extract(hashes.SHA256(), person.opener.salt, person.opener.shared) in above
        gone = threading.Event()
        self._open.callback(gone.set)
        threading.Thread(target=self._beat, args=(gone,), daemon=True).start()
        self.token2 = person.token("refresh_token", stack.origins.provider).json()["access_token"]
        self.token3 = person.token("refresh_token", stack.origins.core).json()["access_token"]
        claims = Scene.claims_of(self.token2)
        path = f"/conferences/{claims['handle']}/join"
        proof = person.proof("POST", path, token=self.token2, origin=stack.origins.provider)
        assert person.post(path, token=self.token2, proof=proof, provider=True).status_code == 200
        self.opaque = [claims["handle"], claims["sub"]]

    def _beat(self, gone: threading.Event) -> None:
        with suppress(ConnectionClosed):  # at the end of the conference
            while not gone.wait(2):
                self.listener.say(self.socket, "heartbeat", number=0)

    def _leave(self, page: Page) -> None:
        before = epoch(self.stayer)
        page.get_by_test_id("leave").click()
        expect(page.locator("body")).to_have_attribute("data-state", "ended")
        until(lambda: epoch(self.stayer) > before, "a new epoch", 5)
        self._keep_cookies()
        self.leaving_profile.close()

    def _keep_cookies(self) -> None:
        for context in (self.leaving_profile, self.stayer.context, self.desk.context):
            self.cookies.update(cookie["value"] for cookie in context.cookies() if "session" in cookie["name"])
        assert self.cookies

    def play_to_the_end(self) -> None:
        """Look at the audit, end the conference, wait until everybody is out."""
        page, core = self.desk, self.stack.origins.core
        page.goto(f"{core}/conferences/{self.conference_id}/audit")
        expect(page.locator("main")).to_contain_text(self.accounts["leaver"]["email"])
        page.goto(f"{core}/conferences/{self.conference_id}")
        page.get_by_role("link", name=re.compile("^(End|Call off)")).click()
        page.get_by_role("button", name=re.compile("^(End|Call off)")).click()
        expect(self.stayer.locator("body")).to_have_attribute("data-state", "ended", timeout=8000)

    def close(self) -> None:
        self._open.close()

    # --- what is recognisable ----------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Put down every value of each kind that is known by now."""
        found = {**self._of_people(), **self._of_keys(), **self._of_sign_ins(), **self._of_installation()}
        for kind, values in found.items():
            self.values[kind] = list(dict.fromkeys([*self.values.get(kind, []), *values]))

    def _of_people(self) -> dict[str, list[bytes | str]]:
        accounts = self.accounts.values()
        with self.stack.connect("trusted") as database:
            ids = database.execute("SELECT id FROM authorization_account WHERE email LIKE '%@planted.example'").fetchall()
        emails = [account["email"] for account in accounts]
        names = [account["name"] for account in accounts]
        return {
            "titles": [self.title, self.title_word],
            "names": [*names, *(name.split("-")[1] for name in names)],
            "e-mail addresses": [*emails, *(address.split("@")[0] for address in emails)],
            "passwords": [account["password"] for account in accounts],
            "conference ids": [self.conference_id],
            "account ids": [identifier for (identifier,) in ids],
            "handles and pseudonyms": self.opaque,
        }

    def _of_keys(self) -> dict[str, list[bytes | str]]:
        ekt_keys, above = sealed.keys_of(self.stack, self.conference_id)
        person = self.listener
        own = [key.ekt_key for key in person.keys.values()]
        member_secret = HKDF.extract(hashes.SHA256(), person.opener.salt, person.opener.shared)
        return {
            "EKT keys": [*ekt_keys, *own],
            "member secrets, conference and day keys": [*above, member_secret],
            "root key": [sealed.root_key(self.stack)],
            "endpoints' private keys": [
                person.dpop.private_numbers().private_value.to_bytes(32, "big"),
                person.agreement.private_bytes_raw(),
                person.identity.private_bytes_raw(),
            ],
        }

    def _of_sign_ins(self) -> dict[str, list[bytes | str]]:
        person = self.listener
        signed_in = Person._signed_in[self.stack.port, self.accounts["listener"]["email"]]
        cookies = [value for name, value in signed_in.items() if "session" in name]
        assert self.told.codes
        return {
            "sessions": [*cookies, *self.cookies],
            "authorization codes": sorted(self.told.codes),
            "tokens for the trusted side": [person.token1, self.token3, person.refresh_token, *self.told.tokens],
            "tokens for the provider": [self.token2],
            "proofs": person.proofs,
            "ICE passwords": sorted(self.ice_passwords),
        }

    def _of_installation(self) -> dict[str, list[bytes | str]]:
        root = self.stack.state.root
        secret = lambda name: (root / name).read_text().strip()  # noqa: E731
        own = root / "trusted/secrets"
        return {
            "secrets of the trusted side": [
                *sealed.private_values(own / "token-signing.pem"),
                *sealed.private_values(own / "roster-signing.pem"),
                secret("trusted/secrets/django.key"),
                secret("secrets/postgres-trusted"),
                secret("secrets/valkey"),
            ],
            "secrets of the provider": [
                *sealed.private_values(root / "provider/secrets/provider-signing.pem"),
                secret("provider/secrets/django.key"),
                secret("secrets/postgres-provider"),
            ],
            "secrets of the media servers": [secret("provider/secrets/janus-api"), secret("provider/secrets/turn")],
        }
