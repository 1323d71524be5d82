"""Writes the tables into ``docs/security/what-each-party-knows.md``: ``python -m tests.ignorance.document``."""

import re
from pathlib import Path

from tests.ignorance.table import as_markdown

DOCUMENT = Path("docs/security/what-each-party-knows.md")
MARKS = re.compile(r"(<!-- tables -->\n).*(<!-- end of tables -->)", re.DOTALL)

if __name__ == "__main__":
    DOCUMENT.write_text(MARKS.sub(lambda found: f"{found[1]}\n{as_markdown()}\n\n{found[2]}", DOCUMENT.read_text()))
