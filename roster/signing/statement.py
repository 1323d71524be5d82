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
    body = json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
    return Statement(body=body, signature=key.sign(label + body))


def verify(message: dict[str, str], *, label: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    """The body's members.

    Raises:
        StatementInvalid: form, signature or label is wrong.

    """
    try:
        body = base64url.decode(message["body"])
        key.verify(base64url.decode(message["signature"], length=64), label + body)
        members: dict[str, Any] = json.loads(body)
    except (KeyError, TypeError, ProtocolError, InvalidSignature, ValueError):
        raise StatementInvalid("statement does not verify") from None
    return members
