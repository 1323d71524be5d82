"""Everybody who may ask something of an endpoint: one account each, in one conference, and what he would send."""

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from protocol.signed_request import sign_request
from room_endpoint.__main__ import read_private_key
from room_endpoint.errors import Refused
from room_endpoint.site import Device, Site
from room_endpoint.tokens import get_token
from tests.scenes import Scene
from tests.simulators.person import Person
from tests.simulators.provider_reports import ReportingProvider
from tests.simulators.room import RoomSystem

TOKEN = "a" * 32
TOKEN_KEPT_S = 180
SPARE = "spare@weaver.example"  # whom the others may act upon
FORM = "application/x-www-form-urlencoded"
COPIED = (
    "INSERT INTO authorization_account (id, password, last_login, email, name, organisation_id, can_initiate, can_audit,"
    " is_staff, is_active, session_generation, kind) SELECT %s, password, NULL, %s, %s, organisation_id, false, false, false,"
    " true, 0, 'person' FROM authorization_account WHERE email = %s"
)
INVITED = (
    "INSERT INTO conferences_participant (organisation_id, conference_id, identity, name, role, kind, pseudonym, invited_at,"
    " invited_by) SELECT organisation_id, id, %s, '', 'participant', 'person', %s, now(), 'Initiator' FROM conferences_conference"
    " WHERE id = %s"
)


@dataclass
class Caller:
    """One column of the matrix. ``how``: his own credentials, another kind of them, or none."""

    scene: Scene
    person: Person
    how: str = "own"
    core: dict[str, str] = field(default_factory=dict)
    auth: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, tuple[float, str]] = field(default_factory=dict)
    device: Device | None = None

    @cached_property
    def names(self) -> dict[str, str]:
        """What stands for the names in a path."""
        return {
            "conference_id": self.scene.conference_id,
            "handle": self.scene.handle,
            "participant_id": self._found(
                "SELECT id FROM conferences_participant WHERE identity = %s AND conference_id = %s", self.scene.conference_id
            ),
            "account_id": self._found("SELECT id FROM authorization_account WHERE email = %s"),
            "grant_id": "999999999",  # nobody's
            "kid": "A" * 43,  # nobody's
            "factor_id": "999999999",  # nobody's
            "provider_name": "nobodys",
        }

    def _found(self, query: str, *more: str) -> str:
        with self.scene.stack.connect("trusted") as database:
            row = database.execute(query, (SPARE, *more)).fetchone()
        assert row is not None
        return str(row[0])

    def token(self, audience: str) -> str:
        """An access token for the provider or the KMF that is good for two minutes more; empty where none is given."""
        given_at, text = self.tokens.get(audience, (0.0, ""))
        if time.monotonic() - given_at > TOKEN_KEPT_S and self.how == "room":
            text = self._device_token(audience)
            self.tokens[audience] = (time.monotonic(), text)
        elif time.monotonic() - given_at > TOKEN_KEPT_S:
            answer = self.person.token("refresh_token", getattr(self.scene.stack.origins, audience))
            text = str(answer.json().get("access_token", ""))
            self.tokens[audience] = (time.monotonic(), text)
        if audience == "kmf" and text:
            self.person.token1 = text
        return text

    def _device_token(self, audience: str) -> str:
        assert self.device is not None
        stack = self.scene.stack
        ca = str(stack.state.root / "ca.pem") if stack.tls else None
        site = Site(kmf=stack.origins.kmf, auth=stack.origins.auth, authority=ca)
        try:
            return get_token(site, self.device, self.scene.conference_id, resource=getattr(stack.origins, audience))
        except Refused:
            return ""

    def credentials(self, origin: str, method: str, path: str, body: bytes) -> dict[str, str]:
        """Headers that speak for him."""
        where = getattr(self.scene.stack.origins, origin)
        if self.how == "nothing" or (origin in {"kmf", "provider"} and method == "GET" and not path.endswith("/events")):
            return {}
        if self.how == "signed":
            return {"Authorization": self._signature(where, method, path, body)}
        of_frame = path.startswith("/frame/conferences/")
        if self.how == "own" and origin in {"core", "auth"} and not of_frame:
            return self._cookies(origin, where)
        usual = "core" if of_frame else origin if origin in {"kmf", "provider"} else "kmf"
        wanted = {"token1": "kmf", "token2": "provider"}.get(self.how, usual)
        text = self.token(wanted) or self.token("kmf") or self.person.token1 or "none"  # who is given none shows what he has
        if self.how == "bearer":
            return {"Authorization": f"Bearer {text}"}
        hashed = body if origin == "kmf" else None
        proof = self.person.proof(method, path, token=text, body=hashed, origin=where)
        return {"Authorization": f"DPoP {text}", "DPoP": proof}

    def _cookies(self, origin: str, where: str) -> dict[str, str]:
        cookies = {**getattr(self, origin), "csrftoken": TOKEN}
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Origin": where}

    def _signature(self, where: str, method: str, path: str, body: bytes) -> str:
        provider = ReportingProvider(self.scene)
        return sign_request(
            key=provider.key, kid=provider.kid, issuer=self.scene.stack.origins.provider, audience=where, method=method,
            url=where + path, body=body, now=datetime.now(UTC),
        )  # fmt: skip

    def enter(self) -> None:
        """Sign in everywhere: tokens of an endpoint, and a session at either origin that has sessions."""
        self.person.sign_in()
        stack = self.scene.stack
        self.auth = dict(Person._signed_in[stack.port, self.person.account["email"]])
        with stack.http(stack.origins.core) as core, stack.http(stack.origins.auth) as auth:
            begun = core.get("/sign-in")
            cookies = "; ".join(f"{name}={value}" for name, value in self.auth.items())
            answer = auth.get(path_of(begun), headers={"Cookie": cookies})
            done = core.get(path_of(answer), headers={"Cookie": f"sessionid={begun.cookies['sessionid']}"})
            self.core = dict(done.cookies)
            assert done.status_code == httpx.codes.FOUND


def room(scene: Scene, directory: Path) -> Caller:
    """An enrolled room system that is invited: its own key is all that it has."""
    system = RoomSystem(scene, directory)
    system.invite()
    key = read_private_key(system.key_file)
    assert key is not None
    person = Person(scene.stack, {"role": "room", "email": system.address, "password": ""}, scene.conference_id)
    caller = Caller(scene, person, how="room", device=Device(system.device, key, dpop=person.dpop))
    caller.token("kmf")
    return caller


def path_of(answer: httpx.Response) -> str:
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def cast(scene: Scene, directory: Path) -> dict[str, Caller]:
    """The callers by the names of the columns; what has become of each is done before the first request."""
    ended = scene.another()
    made: dict[str, Caller] = {}
    copied(scene, "spare")
    for where in (scene, ended):
        invite(where, SPARE)
    for name in ("guest", "invited", "not invited", "withdrawn", "left", "removed", "ended", "token1", "token2", "bearer"):
        where = ended if name == "ended" else scene
        account = copied(where, name)
        if name != "not invited":
            invite(where, account["email"])
        made[name] = Caller(where, Person(scene.stack, account, where.conference_id))
    with scene.stack.connect("trusted") as database:  # he has no password in truth: a code came to him by mail
        database.execute(
            "UPDATE authorization_account SET is_guest = true WHERE email = %s", (made["guest"].person.account["email"],)
        )
    for role in ("initiator", "auditor", "admin"):
        made[role] = Caller(scene, scene.person(role, 0))
    for caller in made.values():
        caller.enter()
    for name in ("token1", "token2", "bearer"):
        made[name].how = name
    made["left"].person.ask_for_key()
    path = f"/conferences/{scene.conference_id}/leave"
    made["left"].person.post(path, proof=made["left"].person.proof("POST", path))
    change(made["withdrawn"], "withdrawn_at")
    change(made["removed"], "removed_at")
    with scene.stack.connect("trusted") as database:
        database.execute("UPDATE conferences_conference SET ended_at = now() WHERE id = %s", (ended.conference_id,))
    made["room"] = room(scene, directory)
    made["anonymous"] = Caller(scene, made["invited"].person, how="nothing")
    made["provider"] = Caller(scene, made["invited"].person, how="signed")
    return made


def copied(scene: Scene, name: str) -> dict[str, str]:
    """An account of its own, with the password of a demo account."""
    original = scene.stack.accounts("participant")[0]
    email = f"{name.replace(' ', '-')}@weaver.example"
    with scene.stack.connect("trusted") as database:
        database.execute(COPIED, (secrets.token_urlsafe(16), email, name.title(), original["email"]))
    return {"role": "participant", "email": email, "password": original["password"]}


def invite(scene: Scene, identity: str) -> None:
    with scene.stack.connect("trusted") as database:
        database.execute(INVITED, (identity, secrets.token_urlsafe(16), scene.conference_id))


def change(caller: Caller, column: str) -> None:
    with caller.scene.stack.connect("trusted") as database:
        database.execute(
            f"UPDATE conferences_participant SET {column} = now() WHERE conference_id = %s AND identity = %s",  # noqa: S608  ours
            (caller.scene.conference_id, caller.person.account["email"]),
        )


def said(answer: httpx.Response) -> str:
    """An answer in the words of the matrix: its status, and what it says or where it leads."""
    if answer.status_code == httpx.codes.FOUND:
        return f"302{_where(answer.headers['Location'])}"
    if answer.is_error and answer.headers.get("Content-Type", "").startswith("application/json"):
        error = json.loads(answer.content).get("error", "")
        return f"{answer.status_code} {error}".strip()
    return str(answer.status_code)


def _where(location: str) -> str:
    if found := re.search(r"[?&]error=(\w+)", location):
        return f" {found[1]}"
    if re.search(r"[?&]code=", location):
        return " code"
    for part, word in (("authorization_details", "confirm"), ("/sign-in", "sign-in"), ("/authorize", "sign-in")):
        if part in location:
            return f" {word}"
    return ""


def form(members: dict[str, Any]) -> bytes:
    return urlencode({**members, "csrfmiddlewaretoken": TOKEN}).encode()
