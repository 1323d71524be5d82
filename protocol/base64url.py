"""base64url without padding, canonical only: one text for each byte string (docs/protocol.md section 1)."""

import base64
import binascii
import re

from protocol.errors import Malformed

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")


def encode(data: bytes) -> str:
    """Text of ``data``, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str, length: int | None = None) -> bytes:
    """Bytes of ``text``.

    Args:
        text: base64url without padding.
        length: number of bytes that must come out, where it is known.

    Raises:
        Malformed: padding, other characters, non-canonical last bits, another length.

    """
    if not isinstance(text, str) or _ALPHABET.match(text) is None:
        raise Malformed("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise Malformed("not base64url") from None
    if encode(data) != text:
        raise Malformed("base64url is not canonical")
    if length is not None and len(data) != length:
        raise Malformed("base64url of another length")
    return data
