"""Strict base64url (docs/protocol.md section 1)."""

import base64
import re

from tests.twin.errors import TwinError


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Decode; padding, other characters and non-canonical last bits raise ``base64url``."""
    if re.fullmatch(r"[A-Za-z0-9_-]*", text) is None or len(text) % 4 == 1:
        raise TwinError("base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise TwinError("base64url")
    return data
