"""Audit events in words: every event that is written has some, and no words are for events that are not."""

import re
from datetime import UTC, datetime
from itertools import chain

from conferences.selectors.audit_entries import ReadEntry
from conferences.views.audit_words import event_names, sentence_of
from config.env import ROOT

WRITTEN = re.compile(
    r'(?:event=|Fact\(\s*|note\(|record\(|_notes\.add\(|event, grant=grant, )f?"([a-z_]+\.[a-z_{}]+)"'
    r'|"((?:participant|audit)\.[a-z]+)"'
)
CAUSES = {"conference.{cause}": {"conference.locked", "conference.unlocked"}}


def written() -> set[str]:
    """Names of events in the code of the trusted domain."""
    sources = chain.from_iterable((ROOT / part).rglob("*.py") for part in ("conferences", "kmf", "roster"))
    texts = [path.read_text() for path in sources if path.name != "audit_words.py"]
    names = {one or other for text in texts for one, other in WRITTEN.findall(text)}
    return set(chain.from_iterable(CAUSES.get(name, {name}) for name in names))


def test_every_event_that_is_written_has_words_and_no_other():
    assert sorted(written() ^ set(event_names())) == []


def test_endpoints_that_were_never_reported_are_named():
    details = {
        "endpoints": [{"source_id": 7, "identity": "bob@weaver.example"}, {"source_id": 8, "identity": "cyd@weaver.example"}]
    }
    entry = ReadEntry(1, datetime.now(UTC), "presence.unreached", "system", details, "{}", "")
    assert sentence_of(entry, {7: "Bob"}).text == "Connected here, never reported by the provider: Bob, endpoint 8"


def test_denials_that_were_counted_say_how_many():
    entry = ReadEntry(1, datetime.now(UTC), "key.denied", "bob@weaver.example", {"reason": "not invited", "more": 41}, "{}", "")
    assert sentence_of(entry, {}).reason == "not invited, 41 more times"
