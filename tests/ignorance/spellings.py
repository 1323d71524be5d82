"""The forms in which a value may lie somewhere: raw, hex, base64 inside longer text, and texts as formats escape them."""

import base64
import html
import json
import quopri
from urllib.parse import quote, quote_plus

SHORTEST = 7  # bytes; shorter ones turn up by chance


def spellings(value: bytes | str) -> set[bytes]:
    """Every byte string by which ``value`` is looked for."""
    raw = value.encode() if isinstance(value, str) else value
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), *_base64(raw)}
    if isinstance(value, str):
        found |= _texts(value)
    return {form for form in found if len(form) >= SHORTEST}


def _base64(raw: bytes) -> set[bytes]:
    """What base64 makes of ``raw`` wherever it stands inside a longer value: three alignments, two alphabets."""
    found = set()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        first = (0, 2, 3)[before]  # characters that hold bits of what stands before
        last = len(whole) - (1 if (before + len(raw)) % 3 else 0)  # … or of what follows
        core = whole[first:last]
        found |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def _texts(text: str) -> set[bytes]:
    forms = {
        json.dumps(text)[1:-1],
        html.escape(text),
        quote(text, safe=""),
        quote(text),
        quote_plus(text),
        quopri.encodestring(text.encode()).decode().rstrip("\n"),
        quopri.encodestring(text.encode(), header=True).decode().rstrip("\n"),
    }
    return {form.encode() for form in forms} | {text.encode("utf-16-le"), text.encode("utf-16-be")}
