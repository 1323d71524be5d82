"""docs/page-codes.md and docs/audit-events.md name every code of page and worker and every audit event, and no others."""

import re
from pathlib import Path

from conferences.views.audit_words import event_names
from tests.architecture.repository import files, text

ROW = re.compile(r"^\| (`[^|]+) \|", re.MULTILINE)
NAME = re.compile(r"`([\w.]+)`")
THROWN = re.compile(
    r"(?:\b(?:MediaKey|Roster|Session|Call|Worker)Error|\bfail|\bexpel|#comeBack|\bfinish|\babort|\bdrop|\brefuse|\bcodeOf|\bonBroken)"
    r'\((?:\w+, |"(?:closed|failed)", )?(?!"(?:closed|failed)",)"([a-z][a-z_0-9]+)"'
)
WORDS = Path("static/endpoint/page/words.js")
TABLE = re.compile(r"const (\w+) = \{\n(.*?)\n\};", re.DOTALL)
KEY = re.compile(r"^  (\w+):", re.MULTILINE)
SAID = ("GATES", "BANNERS", "CAPABILITIES", "REASONS")


def documented(name: str) -> set[str]:
    return {code for row in ROW.findall(text(Path("docs") / name)) for code in NAME.findall(row)}


def thrown() -> set[str]:
    modules = [path for path in files() if path.suffix == ".js" and path.parts[:2] == ("static", "endpoint")]
    return {code for path in modules for code in THROWN.findall(text(path))}


def said() -> set[str]:
    """Codes for which the page has a sentence."""
    tables = dict(TABLE.findall(text(WORDS)))
    return {code for name in SAID for code in KEY.findall(tables[name])}


def test_every_code_of_page_and_worker_is_documented_and_no_other() -> None:
    assert len(thrown()) > 60, "the pattern is stale"
    assert len(said()) > 40, "the pattern is stale"
    assert sorted((thrown() | said()) ^ documented("page-codes.md")) == []


def test_every_audit_event_is_documented_and_no_other() -> None:
    assert sorted(set(event_names()) ^ documented("audit-events.md")) == []
