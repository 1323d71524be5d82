"""``python -m roster.verify FILE --key KEY --conference ID``: verify what an endpoint was told, alone and offline.

``FILE`` holds a JSON object a line: ``{"kind": "policy" | "snapshot" | "delta" | "current", "body", "signature"}``, where it
matters with ``"at"``, the second at which it was shown. ``KEY`` is the KMF's statement key, b64u of 32 bytes; it stands in the
endpoint page and in every audit export. Names the first line that does not hold. Needs no settings, no database, no Django.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol import base64url, strict_json
from protocol.errors import ProtocolError
from roster.errors import RosterError, StatementInvalid
from roster.signing.held import HeldRoster

LINE_LIMIT = 8 * 1024 * 1024  # bytes; the largest snapshot has half of it
_PUBLIC_KEY_BYTES = 32


class LineRefused(Exception):
    """The first line that does not hold, from 1, and the code of what is the matter with it."""

    def __init__(self, line: int, code: str) -> None:
        super().__init__(f"line {line}: {code}")
        self.line = line
        self.code = code


def verify_lines(lines: Iterable[bytes], *, key: bytes, conference_id: str) -> HeldRoster:
    """What is held after every line.

    Raises:
        LineRefused: a line does not hold.

    """
    held = HeldRoster(key=Ed25519PublicKey.from_public_bytes(key), conference_id=conference_id)
    for number, line in enumerate(lines, start=1):
        try:
            _take(held, strict_json.parse(line, limit=LINE_LIMIT))
        except RosterError as refusal:
            raise LineRefused(number, refusal.code) from None
        except ProtocolError:
            raise LineRefused(number, StatementInvalid.code) from None
    return held


def main(arguments: list[str]) -> int:
    """Say what holds; 0, or 1 with the first line that does not."""
    parser = argparse.ArgumentParser(prog="python -m roster.verify", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", required=True)
    parser.add_argument("--conference", required=True)
    options = parser.parse_args(arguments)
    try:
        key = base64url.decode(options.key, length=_PUBLIC_KEY_BYTES)
        with options.file.open("rb") as lines:
            held = verify_lines(lines, key=key, conference_id=options.conference)
    except (LineRefused, ProtocolError, OSError) as refusal:
        sys.stderr.write(f"does not hold: {refusal}\n")
        return 1
    sys.stdout.write(f"holds up to delta {held.number}, epoch {held.epoch}; {len(held.entries)} endpoints\n")
    if held.number:
        sys.stdout.write(f"head {base64url.encode(held.head)}\nverification code {held.verification_code()}\n")
    return 0


def _take(held: HeldRoster, line: dict[str, Any]) -> None:
    at = line.pop("at", None)
    kind = line.pop("kind", None)
    if not isinstance(kind, str) or (at is not None and type(at) is not int):
        raise StatementInvalid("line of another form")
    held.take(kind, line, at=at)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
