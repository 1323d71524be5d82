"""Text frames of a WebSocket server, made ahead of writing.

Spec: RFC 6455 section 5.2 (unmasked, final, opcode 1).
"""

_SHORT, _MEDIUM = 126, 65536


def text_frame(payload: bytes) -> bytes:
    """One unmasked text frame; ``payload`` is UTF-8."""
    size = len(payload)
    if size < _SHORT:
        return b"\x81%c" % size + payload
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
