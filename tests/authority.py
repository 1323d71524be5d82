"""One certificate authority for all instances of a test session, so that one browser can be told of it beforehand."""

import base64
import functools
import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from config.embedded.state import State, write_private
from config.embedded.tls_certificates import Authority, make_authority


@functools.cache
def authority() -> Authority:
    return make_authority(datetime.now(UTC))


def place_authority(state: State) -> None:
    """Put it where an instance keeps its own; the instance finds and uses it."""
    state.make_directories()
    write_private(state.root / "secrets" / "tls-ca.key", authority().key_pem)
    write_private(state.root / "ca.pem", authority().certificate_pem)


def spki_hash() -> str:
    """Hash of its public key, for Chromium's ``--ignore-certificate-errors-spki-list``: no other authority is let through."""
    key = authority().certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()
