"""The key request, and opening what it and every rekey bring (docs/protocol.md section 3).

The bytes of an EKT key are opened to see that they are for this endpoint, and let go: nothing here has media to decrypt.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from protocol import base64url
from protocol.errors import Malformed
from room_endpoint.errors import NotGenuine
from room_endpoint.site import Device, Site, post

_EKT_KEY_BYTES, _WRAPPED_BYTES, _PUBLIC_BYTES = 32, 40, 32
_FIELDS = re.compile(r'(\w+)="?([^";]+)"?')


@dataclass(frozen=True)
class Told:
    """What is told of one EKT key: its name, SPI and time to live in seconds. Never its bytes."""

    key_id: str
    spi: int
    ttl_s: int


class Agreement:
    """What an endpoint keeps to open the wraps that are meant for it. No repr: it holds a secret."""

    def __init__(self, own: X25519PrivateKey, dh: bytes, *, conference_id: str, jkt: str) -> None:
        self._salt = hashlib.sha256(dh + own.public_key().public_bytes_raw()).digest()
        self._shared = own.exchange(X25519PublicKey.from_public_bytes(dh))
        self._conference_id, self._jkt = conference_id, jkt

    def __repr__(self) -> str:
        return "Agreement()"

    def check(self, wrapped: str, *, key_id: str, spi: int) -> None:
        """Check that a wrapped EKT key opens.

        Raises:
            NotGenuine: it was made for another endpoint, conference, key name or SPI, or altered.

        """
        info = b"conclave/1 EKT" + _lp(self._conference_id) + _lp(key_id) + spi.to_bytes(2, "big") + _lp(self._jkt)
        kek = HKDF(algorithm=hashes.SHA256(), length=_EKT_KEY_BYTES, salt=self._salt, info=info).derive(self._shared)
        try:
            aes_key_unwrap(kek, base64url.decode(wrapped, _WRAPPED_BYTES))
        except (InvalidUnwrap, Malformed):
            raise NotGenuine("wrapped_for_another") from None


def ask_for_key(site: Site, device: Device, conference_id: str, token: str) -> tuple[Agreement, Told]:
    """The key request, with key-agreement and identity keys of its own.

    Raises:
        Refused: ``denied``, ``too_early``, ``ended`` …
        Away: ``waiting`` to be let in, or a part is away.
        NotGenuine: the answer does not open.

    """
    own = X25519PrivateKey.generate()
    body = json.dumps(
        {
            "conference": conference_id,
            "agreement": {"alg": "X25519", "key": base64url.encode(own.public_key().public_bytes_raw())},
            "identity": base64url.encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()),
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"DPoP {token}",
        "DPoP": device.proof("POST", f"{site.kmf}/keys", token=token, body=body),
    }
    fields = dict(_FIELDS.findall(post(site, "/keys", body, headers).headers.get("Encryption-Key", "")))
    try:
        told = Told(fields["keyid"], int(fields["spi"]), int(fields["ttl"]))
        dh = base64url.decode(fields["dh"], _PUBLIC_BYTES)
        agreement = Agreement(own, dh, conference_id=conference_id, jkt=device.jkt)
        agreement.check(fields["key"], key_id=told.key_id, spi=told.spi)
    except (KeyError, ValueError, Malformed):
        raise NotGenuine("no_encryption_key") from None
    return agreement, told


def _lp(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data
