"""Every endpoint of all four origins, asked by everybody: the answers are those of ``docs/security/authorization-matrix.md``."""

import hashlib
import json
import secrets
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from socket import create_connection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from protocol import base64url
from protocol.client_assertion import ASSERTION_TYPE, make_assertion
from protocol.thumbprint import public_jwk
from tests.integration.matrix_cast import FORM, Caller, cast, form, said
from tests.matrix import Row, rows
from tests.scenes import Scene

pytestmark = pytest.mark.requirement("AUTH-4")
# These take something away that the others need; they come last, in this order.
LAST = [
    ("core", "POST", "/conferences/{conference_id}/withdraw/{participant_id}"),
    ("core", "POST", "/conferences/{conference_id}/end"),
    ("core", "POST", "/sign-out"),
    ("auth", "POST", "/accounts/{account_id}/end-everywhere"),
    ("auth", "POST", "/end-everywhere"),
    ("auth", "POST", "/sign-out"),
]
PRESENT = {"/conferences/{conference_id}/events", "/conferences/{conference_id}/moderation"}  # where one must be in


WITHOUT_TOKEN = {"/token", "/device-authorization", "/conferences/{conference_id}/leave"}  # a proof alone speaks for the caller


def request_body(row: Row, caller: Caller) -> tuple[bytes, str]:
    """What is sent, and of which type."""
    if row.path in {"/token", "/keys"}:
        return (_token_form(caller), FORM) if row.path == "/token" else (caller.person.key_body(), "application/json")
    if row.path == "/device-authorization":
        return urlencode({"client_id": "endpoint", "scope": f"conference:{caller.scene.conference_id}"}).encode(), FORM
    documents: dict[str, Any] = {"moderation": {"action": "look"}, "presence": {"reports": []}, "orders": {}}
    name = row.path.rsplit("/", 1)[1]
    if name in documents:
        return json.dumps(documents[name]).encode(), "application/json"
    if row.method != "POST" or row.origin in {"kmf", "provider"}:
        return b"", "application/json"
    typed = {
        "authorize": {"decision": "confirmed", "meant": "yes"},
        "rooms": _room(),
        "invite": {"address": "eve@else.example"},
        "room-code": {"code": "B"},
        "off": {"meant": "yes"},
    }
    return form(typed.get(name, {})), FORM


def _room() -> dict[str, str]:
    key = json.dumps(public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    return {"address": f"{secrets.token_hex(8)}@weaver.example", "name": "A room", "kind": "room", "key": key}


def _token_form(caller: Caller) -> bytes:
    if caller.device is not None:
        origins = caller.scene.stack.origins
        device = {"client_assertion_type": ASSERTION_TYPE, "grant_type": "client_credentials"}
        device["client_assertion"] = make_assertion(
            caller.device.enrolled, client_id=caller.device.client_id, issuer=origins.auth, now=datetime.now(UTC)
        )
        return urlencode({**device, "scope": f"conference:{caller.scene.conference_id}", "resource": origins.provider}).encode()
    token = caller.person.refresh_token if caller.how in {"own", "bearer"} else caller.token("kmf")
    members = {"grant_type": "refresh_token", "client_id": "endpoint", "refresh_token": token}
    return urlencode({**members, "resource": caller.scene.stack.origins.provider}).encode()


def query(row: Row, caller: Caller) -> str:
    if row.path != "/authorize":
        return ""
    origins = caller.scene.stack.origins
    asked = {
        "response_type": "code",
        "client_id": "core",
        "redirect_uri": f"{origins.core}/signed-in",
        "scope": "core",
        "state": "state",
        "code_challenge": base64url.encode(hashlib.sha256(b"verifier").digest()),
        "code_challenge_method": "S256",
        "dpop_jkt": caller.person.jkt,
        "resource": origins.core,
    }
    if row.method == "POST":
        invite = {"type": "invite", "conference": caller.scene.conference_id, "identity": "eve@else.example"}
        asked["authorization_details"] = json.dumps([{**invite, "name": "", "kind": "person"}])
    return "?" + urlencode(asked)


def asked(row: Row, caller: Caller) -> str:
    """The endpoint's answer, in the words of the matrix."""
    stack = caller.scene.stack
    module = "worker/worker.js" if row.origin == "kmf" else "frame.js"
    path = row.path.format(**caller.names, name=module) if "{" in row.path else row.path
    if row.path in PRESENT and caller.how in {"own", "room"}:
        caller.token("kmf")
        caller.person.ask_for_key()
    if row.method == "SOCKET":
        return events(caller, path) if row.origin == "kmf" else signalling(caller, path)
    body, kind = request_body(row, caller)
    if row.path in WITHOUT_TOKEN and caller.how in {"own", "room", "token1", "token2"}:
        headers = {"DPoP": caller.person.proof("POST", path)}
    elif row.path in WITHOUT_TOKEN:
        headers = {}
    else:
        headers = caller.credentials(row.origin, row.method, path, body)
    headers["Content-Type"] = kind
    with stack.http(getattr(stack.origins, row.origin)) as client:
        answer = client.request(row.method, path + query(row, caller), content=body, headers=headers)
    if row.origin == "auth" and caller.how == "own":
        caller.auth |= dict(answer.cookies)  # as his browser does
    if row.path == "/token" and answer.status_code == 200:
        caller.person.refresh_token = answer.json().get("refresh_token", "")
        caller.tokens.pop("provider", None)  # this one has replaced it
    return said(answer)


def events(caller: Caller, path: str) -> str:
    headers = caller.credentials("kmf", "GET", path, b"")
    token, proof = headers.get("Authorization", "").partition(" ")[2], headers.get("DPoP", "")
    if caller.how in {"own", "room", "token1", "token2"}:
        proof = caller.person.proof("GET", path, token=token)
    return first_message(caller, "kmf", path, {"type": "hello", "token": token, "proof": proof})


def signalling(caller: Caller, path: str) -> str:
    join = path.replace("signalling", "join")
    headers = caller.credentials("provider", "POST", join, b"")
    with caller.scene.stack.http(caller.scene.stack.origins.provider) as client:
        answer = client.post(join, headers={**headers, "Content-Type": "application/json"})
    ticket = answer.json().get("ticket", secrets.token_urlsafe(32))
    return first_message(caller, "provider", path, {"type": "hello", "ticket": ticket})


def first_message(caller: Caller, origin: str, path: str, hello: dict[str, str]) -> str:
    where = urlsplit(getattr(caller.scene.stack.origins, origin))
    line = create_connection(("127.0.0.1", where.port or 80))
    allowed: Any = f"{where.scheme}://{where.netloc}"
    with closing(connect(f"ws://{where.netloc}{path}", sock=line, origin=allowed, proxy=None, legacy=True)) as socket:
        socket.send(json.dumps(hello))
        try:
            message = json.loads(socket.recv(timeout=20))
            if message["type"] == "welcome":
                return "welcome"
            socket.recv(timeout=20)
        except ConnectionClosed as closed:
            return f"close {closed.rcvd.code if closed.rcvd else '?'}"
    return str(message["type"])


def in_turn(table: list[Row]) -> list[Row]:
    names = [(row.origin, row.method, row.path) for row in table]
    return [row for row, name in zip(table, names, strict=True) if name not in LAST] + [
        row for last in LAST for row, name in zip(table, names, strict=True) if name == last
    ]


# All of this comes from one address, which is refused more often than an address may be.
FORGET_REFUSALS = "DELETE FROM authorization_ratecount"


def test_everybody_gets_what_the_matrix_says(scene: Scene, tmp_path: Path):
    callers = cast(scene, tmp_path)
    differences, seen = [], []
    with scene.stack.connect("trusted") as database:
        for row in in_turn(rows()):
            database.execute(FORGET_REFUSALS)
            cells = []
            for name, expected in row.cells.items():
                answer = asked(row, callers[name])
                cells.append(answer)
                if answer != expected:
                    differences.append(f"{row.origin} {row.method} {row.path}, {name}: {answer}, not {expected}")
            seen.append(f"| {row.origin} | {row.method} | `{row.path}` | {' | '.join(cells)} |")
    assert not differences, "\n".join([*differences, "", *seen])
