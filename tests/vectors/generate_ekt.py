"""Write the project's own vectors: EKT, frames, key agreement, Encryption-Key header, roster histories.

Everything is derived from names by SHA-256, so that a second run gives the same bytes::

    python -m tests.vectors.generate_ekt

The values are made by the twin (Python ``cryptography``) and checked by the browser's implementation, which shares no code
with it. None of these keys was ever used for anything.
"""

import json
from pathlib import Path
from typing import Any

from tests.vectors import agreement_cases, ekt_cases, frame_cases, header_cases, roster_cases

DIRECTORY = Path(__file__).parent
FILES = {
    "ekt.json": ekt_cases.cases,
    "frames.json": frame_cases.cases,
    "key-agreement.json": agreement_cases.cases,
    "encryption-key-header.json": header_cases.cases,
    "roster.json": roster_cases.cases,
}


def render(name: str) -> str:
    """The text of one vector file."""
    content: dict[str, Any] = {"source": "generate_ekt.py", "cases": FILES[name]()}
    return json.dumps(content, indent=1) + "\n"


def main() -> None:
    for name in FILES:
        (DIRECTORY / name).write_text(render(name), encoding="utf-8")


if __name__ == "__main__":
    main()
