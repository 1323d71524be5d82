"""Body of the key request and the header that answers it (docs/protocol.md section 3).

Spec: [PERC] 6.3; draft-thomson-http-encryption-02 section 4.
"""

from dataclasses import dataclass

from protocol import base64url, strict_json
from protocol.errors import Malformed

BODY_LIMIT = 64 * 1024  # bytes
_KEY_BYTES = {"X25519": 32, "P-256": 65, "X25519+ML-KEM-768": 32 + 1184}
_IDENTITY_KEY_BYTES = 32
_IDENTIFIER_LENGTH = 22


@dataclass(frozen=True)
class KeyRequest:
    """A parsed key request; ``agreement_key`` and ``identity_key`` are raw public keys."""

    conference_id: str
    algorithm: str
    agreement_key: bytes
    identity_key: bytes


def parse_key_request(body: bytes) -> KeyRequest:
    """Parse the JSON body.

    Raises:
        Malformed: another form than docs/protocol.md section 3.

    """
    members = strict_json.parse(body, limit=BODY_LIMIT)
    agreement = members.get("agreement")
    if set(members) != {"conference", "agreement", "identity"} or not isinstance(agreement, dict):
        raise Malformed("key request has other members")
    conference, algorithm = members["conference"], agreement.get("alg")
    if not isinstance(conference, str) or len(conference) != _IDENTIFIER_LENGTH or set(agreement) != {"alg", "key"}:
        raise Malformed("key request has other members")
    if not isinstance(algorithm, str) or algorithm not in _KEY_BYTES:
        raise Malformed("key request names an unknown algorithm")
    return KeyRequest(
        conference_id=conference,
        algorithm=algorithm,
        agreement_key=_key(agreement["key"], _KEY_BYTES[algorithm]),
        identity_key=_key(members["identity"], _IDENTITY_KEY_BYTES),
    )


def format_encryption_key(*, key_id: str, dh: bytes, wrapped: bytes, spi: int, ttl_s: int) -> str:
    """Value of the ``Encryption-Key`` header: no trailing semicolon, which the ABNF does not allow."""
    return (
        f'keyid="{key_id}"; dh="{base64url.encode(dh)}"; key="{base64url.encode(wrapped)}"; usage="EKT"; spi={spi}; ttl={ttl_s}'
    )


def _key(value: object, length: int) -> bytes:
    if not isinstance(value, str):
        raise Malformed("a key is not a text")
    return base64url.decode(value, length=length)
