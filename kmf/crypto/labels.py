"""Constant labels: one for each use of a key (docs/protocol.md). Changing one breaks the wire or what is at rest."""

EKT = b"conclave/1 EKT"
SEAL = b"conclave/1 seal"
SECOND_FACTOR = b"conclave/1 second factor"
ROOT_ID = b"conclave/1 root id"


def lp(value: bytes) -> bytes:
    """Length-prefixed bytes: ``u16(len) ‖ value``."""
    return len(value).to_bytes(2, "big") + value
