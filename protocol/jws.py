"""Compact JWS with ES256 and nothing else: no algorithm is read from a header, no key is fetched for one.

Spec: RFC 7515 section 7.1; RFC 7518 section 3.4; RFC 8725.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from protocol import base64url, strict_json
from protocol.errors import Malformed
from protocol.words import TOKEN_LIMIT_BYTES

_PARTS = 3
_HALF = 32  # bytes of r, and of s
_ES256 = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True)
class UnverifiedJWS:
    """A parsed JWS: nothing of it is believed before ``verify``."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes

    def verify(self, key: ec.EllipticCurvePublicKey) -> dict[str, Any]:
        """Claims, once the signature holds under ``key`` (P-256).

        Raises:
            Malformed: it does not.

        """
        r, s = (int.from_bytes(half, "big") for half in (self.signature[:_HALF], self.signature[_HALF:]))
        try:
            key.verify(utils.encode_dss_signature(r, s), self.signing_input, _ES256)
        except InvalidSignature:
            raise Malformed("signature does not hold") from None
        return self.claims


def parse(
    text: str, *, typ: str | AbstractSet[str | None], members: AbstractSet[str] | Sequence[AbstractSet[str]]
) -> UnverifiedJWS:
    """Take a compact JWS apart.

    Args:
        text: header.payload.signature.
        typ: the only accepted ``typ``, compared byte for byte; or those that are, None where it may be missing.
        members: exactly the members that the header must have; or the sets of which it must have one.

    Raises:
        Malformed: too long, not of this form, another ``typ`` or ``alg``, or other header members (``crit`` among them).

    """
    if len(text) > TOKEN_LIMIT_BYTES or not text.isascii():
        raise Malformed("token over its limit")
    parts = text.split(".")
    if len(parts) != _PARTS:
        raise Malformed("not a compact JWS")
    header = strict_json.parse(base64url.decode(parts[0]), TOKEN_LIMIT_BYTES)
    if header.get("typ") not in ({typ} if isinstance(typ, str) else typ):
        raise Malformed("token of another type")
    if header.get("alg") != "ES256":
        raise Malformed("token under another algorithm")
    if header.keys() not in ([members] if isinstance(members, AbstractSet) else members):
        raise Malformed("token header has other members")
    claims = strict_json.parse(base64url.decode(parts[1]), TOKEN_LIMIT_BYTES)
    signature = base64url.decode(parts[2], 2 * _HALF)
    return UnverifiedJWS(header, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), signature)


def sign(header: bytes, claims: bytes, key: ec.EllipticCurvePrivateKey) -> str:
    """Compact JWS over JSON ``header`` and ``claims``, signed ES256 (P-256)."""
    signing_input = f"{base64url.encode(header)}.{base64url.encode(claims)}"
    r, s = utils.decode_dss_signature(key.sign(signing_input.encode("ascii"), _ES256))
    return f"{signing_input}.{base64url.encode(r.to_bytes(_HALF, 'big') + s.to_bytes(_HALF, 'big'))}"
