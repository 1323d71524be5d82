"""``/audit/search``: by conference, person, event, time and words, page by page; every search is written down."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from conferences.audit.verify import verify_export
from conferences.models import AuditEntry, Conference, Organisation
from conferences.services.audit import record
from conferences.services.audit_tree import extend_tree
from tests.conferences.conftest import ADA, BEN

Visitor = Callable[..., Client]
AUDITOR = "audra@weaver.example"


@pytest.fixture
def conference(schedule: Callable[..., Conference], now: datetime) -> Conference:
    conference = schedule(at=now)
    for number in range(60):
        at = now + timedelta(minutes=number)
        record(
            event="key.denied", at=at, actor=BEN, conference=conference, details={"reason": "not_invited", "n": f"word{number}"}
        )
    extend_tree(now=now)
    return conference


def found(client: Client, query: str) -> list[str]:
    page = client.get(f"/audit/search?{query}").content.decode()
    return [part.split('"')[0] for part in page.split('data-event="')[1:]]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("event=key.denied", 50),
        (f"person={ADA.upper()}", 4),
        ("text=word7", 1),
        ("text=word7+unheard", 0),
        ("conference=quarterly&event=conference.scheduled", 1),
        ("conference=nothing", 0),
        ("from_at=2026-11-23T12:30&until_at=2026-11-23T12:40", 10),
    ],
)
def test_each_filter(visitor: Visitor, conference: Conference, query: str, count: int) -> None:
    client = visitor(AUDITOR, "auditor")
    assert len(found(client, query)) == count
    searched = AuditEntry.objects.get(event="audit.searched")
    assert (searched.actor, searched.chain) == (AUDITOR, "organisation:weaver")
    assert query.split("=", maxsplit=1)[0] in searched.body


def test_pages_by_keys(visitor: Visitor, conference: Conference) -> None:
    client = visitor(AUDITOR, "auditor")
    page = client.get("/audit/search?event=key.denied").content.decode()
    older = page.split('<a class="button button--small" href="?')[1].split('"')[0].replace("&amp;", "&")
    assert len(found(client, older)) == 10


@pytest.mark.parametrize("query", ["from_at=nonsense", "after=1", "after=x.y", "after=99999999999999999999.1", "text=%00"])
def test_odd_queries_find_nothing_and_break_nothing(visitor: Visitor, conference: Conference, query: str) -> None:
    client = visitor(AUDITOR, "auditor")
    assert client.get(f"/audit/search?{query}").status_code == 200
    assert found(client, query) == []
    assert not AuditEntry.objects.filter(event="audit.searched").exists()


def test_only_auditors_and_only_their_own(visitor: Visitor, conference: Conference, db: None) -> None:
    Organisation.objects.create(name="Else", slug="else")
    assert visitor(ADA, "initiator").get("/audit/search").status_code == 403
    assert found(visitor("eve@else.example", "auditor", organisation="else"), "event=key.denied") == []


def test_export_and_checkpoint_are_downloads_and_recorded(visitor: Visitor, conference: Conference) -> None:
    client = visitor(AUDITOR, "auditor")
    verified = verify_export(client.post("/audit/export").content.decode().splitlines())
    assert verified.checkpoint is not None
    assert verified.header["scope"] == "organisation"
    assert verified.checkpoint.note.split("\n")[0] in client.get("/audit/checkpoint").content.decode()
    assert AuditEntry.objects.filter(event="audit.exported", actor=AUDITOR).count() == 1
