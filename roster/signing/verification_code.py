"""The verification code that people read to each other (docs/protocol.md section 4)."""

import hashlib
from collections.abc import Iterable

_LABEL = b"conclave/1 verification code"


def verification_code(*, head: bytes, spi: int, endpoints: Iterable[tuple[int, bytes]]) -> str:
    """30 digits for a chain head (32 bytes), an SPI and every ``(source_id, identity key)``."""
    digest = hashlib.sha512(_LABEL + head + spi.to_bytes(2, "big"))
    for source_id, identity_key in sorted(endpoints):
        digest.update(source_id.to_bytes(4, "big") + identity_key)
    first = digest.digest()[:30]
    return "".join(f"{int.from_bytes(first[i : i + 5], 'big') % 100000:05d}" for i in range(0, 30, 5))
