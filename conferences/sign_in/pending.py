"""Sign-ins that a session has begun: state, PKCE verifier and DPoP key, on the server, for ten minutes."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils.http import url_has_allowed_host_and_scheme

from conferences.sign_in.errors import NotOurs
from protocol import base64url
from protocol.authorization_details import Invite, read_details
from protocol.thumbprint import public_jwk, thumbprint
from protocol.words import CLIENT_CORE, SCOPE_CORE

_LIFETIME = timedelta(minutes=10)
_AT_ONCE = 5  # tabs that may be signing in side by side
_SCALAR_BYTES = 32
_ENTRY = "sign_in_pending"
TYPED = "invite_typed"  # session entry: a form whose action was not confirmed, for the page that shows it again


@dataclass(frozen=True)
class Wanted:
    """An action that is to be confirmed: by whom (his account's id), and the form as he had filled it in."""

    action: Invite
    subject: str
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pending:
    """A sign-in under way. No repr: it holds secrets."""

    verifier: str
    key: ec.EllipticCurvePrivateKey
    next_path: str
    wanted: Wanted | None = None

    def __repr__(self) -> str:
        return "Pending()"


def local_path(path: str) -> str:
    """``path`` if it stays on this origin, else ``/``."""
    return path if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else "/"


def begin(session: SessionBase, *, next_path: str, now: datetime, wanted: Wanted | None = None) -> str:
    """Begin a sign-in.

    Args:
        session: where it waits.
        next_path: local path to return to.
        now: UTC time of the request.
        wanted: the action that the person is to confirm at the authorization server.

    Returns:
        URL of the authorization request.

    """
    key = ec.generate_private_key(ec.SECP256R1())
    state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    entry = {
        "state": state,
        "verifier": verifier,
        "key": base64url.encode(key.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")),
        "next": local_path(next_path),
        "at": now.timestamp(),
    }
    if wanted is not None:
        entry["wanted"] = {"action": wanted.action.members(), "subject": wanted.subject, "typed": dict(wanted.typed)}
    session[_ENTRY] = [*session.get(_ENTRY, []), entry][-_AT_ONCE:]
    query = {
        "response_type": "code",
        "client_id": CLIENT_CORE,
        "redirect_uri": redirect_uri(),
        "scope": SCOPE_CORE,
        "state": state,
        "code_challenge": base64url.encode(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
        "dpop_jkt": thumbprint(public_jwk(key.public_key())),
        "resource": settings.ORIGINS.core,
    }
    if wanted is not None:
        query["authorization_details"] = json.dumps([wanted.action.members()], separators=(",", ":"))
    return f"{settings.ORIGINS.auth}/authorize?{urlencode(query)}"


def take(session: SessionBase, *, state: str, now: datetime) -> Pending:
    """Take the sign-in that ``state`` names out of the session: it can be finished once.

    Raises:
        NotOurs: there is none, or it is older than ten minutes.

    """
    waiting = session.get(_ENTRY, [])
    entry = next((item for item in waiting if secrets.compare_digest(item["state"].encode(), state.encode())), None)
    if entry is None:
        raise NotOurs("no sign-in waits under this state")
    session[_ENTRY] = [item for item in waiting if item is not entry]
    if now.timestamp() - entry["at"] > _LIFETIME.total_seconds():
        raise NotOurs("sign-in was begun too long ago")
    scalar = int.from_bytes(base64url.decode(entry["key"], _SCALAR_BYTES), "big")
    return Pending(entry["verifier"], ec.derive_private_key(scalar, ec.SECP256R1()), entry["next"], _wanted(entry.get("wanted")))


def _wanted(entry: Mapping[str, Any] | None) -> Wanted | None:
    return None if entry is None else Wanted(read_details([entry["action"]]), entry["subject"], entry["typed"])


def redirect_uri() -> str:
    """Redirect URI of this client."""
    return f"{settings.ORIGINS.core}/signed-in"
