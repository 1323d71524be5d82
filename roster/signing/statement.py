"""Signed statements: Ed25519 over ``label ‖ body bytes`` (docs/protocol.md section 4). Bytes first, then the parse."""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocol import base64url
from protocol.errors import ProtocolError
from roster.errors import StatementInvalid

ROSTER = b"conclave/1 roster"
CURRENT = b"conclave/1 current"
POLICY = b"conclave/1 policy"


@dataclass(frozen=True)
class Statement:
    """A body and its signature (64 bytes)."""

    body: bytes
    signature: bytes

    def as_message(self) -> dict[str, str]:
        """The form on the wire."""
        return {"body": base64url.encode(self.body), "signature": base64url.encode(self.signature)}

    def as_json(self) -> bytes:
        """The form on the wire as compact JSON: base64url needs no escapes."""
        return f'{{"body":"{base64url.encode(self.body)}","signature":"{base64url.encode(self.signature)}"}}'.encode()


def sign(members: dict[str, Any], *, label: bytes, key: Ed25519PrivateKey) -> Statement:
    """Sign ``members`` in their order as compact JSON."""
    body = encode(members)
    return Statement(body=body, signature=key.sign(label + body))


def encode(members: dict[str, Any]) -> bytes:
    """The one text that these members have: compact JSON, members in their order, no escape that is not needed."""
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def verify(message: object, *, label: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    """The body's members.

    Raises:
        StatementInvalid: form, signature or label is wrong.

    """
    return verified(message, label=label, key=key)[0]


def verified(message: object, *, label: bytes, key: Ed25519PublicKey) -> tuple[dict[str, Any], bytes]:
    """The body's members, and its bytes.

    A body that is not the one text of its members is refused: one with a member twice, white space or a needless escape
    could say one thing to this parser and another to the next.

    Raises:
        StatementInvalid: form, signature or label is wrong.

    """
    try:
        body, signature = _parts(message)
        key.verify(signature, label + body)
        members = json.loads(body)
        canonical = isinstance(members, dict) and encode(members) == body
    except (ProtocolError, InvalidSignature, ValueError, RecursionError):
        raise StatementInvalid("statement does not verify") from None
    if not canonical:
        raise StatementInvalid("body is not the text of its members")
    return members, body


def _parts(message: object) -> tuple[bytes, bytes]:
    if not isinstance(message, dict) or set(message) != {"body", "signature"}:
        raise StatementInvalid("statement of another form")
    return base64url.decode(message["body"]), base64url.decode(message["signature"], length=64)
