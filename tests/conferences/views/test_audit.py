"""``/audit``: who may look, and that each look is written down."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.test import Client

from conferences.audit.verify import verify_export
from conferences.models import AuditEntry, Conference
from conferences.services.audit import record
from tests.conferences.conftest import ADA, BEN

Visitor = Callable[..., Client]
AUDITOR = "audra@weaver.example"


@pytest.fixture
def conference(schedule: Callable[..., Conference]) -> Conference:
    conference = schedule(at=datetime.now(UTC))
    details = {"epoch": 1, "spi": 1, "key_id": "k" * 22, "reason": "join", "holders": [7]}
    released = {"epoch": 1, "key_id": "k" * 22, "source_id": 7, "identity": BEN, "name": "Ben <Okafor>", "jkt": "j"}
    with transaction.atomic():
        record(event="epoch.opened", at=conference.created_at, actor="system", conference=conference, details=details)
        record(event="key.released", at=conference.created_at, actor=BEN, conference=conference, details=released)
        record(event="day_key.unheard_of", at=conference.created_at, actor="system", conference=conference)
        record(
            event="key.denied",
            at=conference.created_at,
            actor="eve@else.example",
            conference=conference,
            details={"reason": "not_invited"},
        )
    return conference


@pytest.mark.parametrize("who", ["auditor", "initiator"])
def test_reading_is_recorded(visitor: Visitor, conference: Conference, who: str) -> None:
    client = visitor(AUDITOR, "auditor") if who == "auditor" else visitor(ADA, "initiator")
    page = client.get(f"/conferences/{conference.id}/audit").content.decode()
    for words in ("Ben &lt;Okafor&gt;", "Epoch 1 opened", "day_key.unheard_of", "Key denied", "not invited", 'class="hold'):
        assert words in page
    viewed = AuditEntry.objects.get(event="audit.viewed")
    assert viewed.chain == conference.id
    assert viewed.actor == (AUDITOR if who == "auditor" else ADA)


@pytest.mark.parametrize(
    ("email", "roles", "customer"),
    [(BEN, ["initiator"], "weaver"), ("eve@else.example", ["auditor"], "else"), (ADA, ["initiator"], "else")],
    ids=["participant", "auditor of another organisation", "same address in another organisation"],
)
def test_others_see_nothing(visitor: Visitor, conference: Conference, email: str, roles: list[str], customer: str) -> None:
    client = visitor(email, *roles, organisation=customer)
    before = AuditEntry.objects.count()
    assert client.get(f"/conferences/{conference.id}/audit").status_code == 404
    assert client.post(f"/conferences/{conference.id}/audit/export").status_code == 404
    assert AuditEntry.objects.count() == before


def test_the_list_is_the_auditors(visitor: Visitor, conference: Conference) -> None:
    assert visitor(ADA, "initiator").get("/audit").status_code == 403
    assert not AuditEntry.objects.filter(event="audit.viewed").exists()
    assert conference.title in visitor(AUDITOR, "auditor").get("/audit").content.decode()
    assert AuditEntry.objects.get(event="audit.viewed").chain == "organisation:weaver"


def test_filter_by_kind(visitor: Visitor, conference: Conference) -> None:
    page = visitor(AUDITOR, "auditor").get(f"/conferences/{conference.id}/audit?kind=keys").content.decode()
    shown = {part.split('"')[0] for part in page.split('data-event="')[1:]}
    assert shown == {"epoch.opened", "key.released", "key.denied"}


@pytest.mark.parametrize("query", ["kind=%00", "kind=nonsense", "page=-1", "page=99999", "page=<script>"])
def test_odd_queries_show_the_page(visitor: Visitor, conference: Conference, query: str) -> None:
    assert visitor(AUDITOR, "auditor").get(f"/conferences/{conference.id}/audit?{query}").status_code == 200


def test_pages(visitor: Visitor, conference: Conference) -> None:
    with transaction.atomic():
        for number in range(60):
            record(
                event="token.issued",
                at=conference.created_at,
                actor=BEN,
                conference=conference,
                details={"audience": f"a{number}"},
            )
    client = visitor(AUDITOR, "auditor")
    assert "Page 1 of 2" in client.get(f"/conferences/{conference.id}/audit").content.decode()
    assert "conference.scheduled" in client.get(f"/conferences/{conference.id}/audit?page=2").content.decode()


def test_the_exported_file_verifies(visitor: Visitor, conference: Conference) -> None:
    response = visitor(AUDITOR, "auditor").post(f"/conferences/{conference.id}/audit/export")
    verified = verify_export(response.content.decode().splitlines())
    assert list(verified.heads) == [conference.id]
    assert verified.entry_count == AuditEntry.objects.filter(chain=conference.id).count()
    assert AuditEntry.objects.filter(event="audit.exported", actor=AUDITOR).count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(
    visitor: Visitor, schedule: Callable[..., Conference], count: int, django_assert_num_queries: Callable[..., object]
) -> None:
    for _ in range(count):
        schedule(at=datetime.now(UTC))
    client = visitor(AUDITOR, "auditor")
    client.get("/audit")  # the organisation's chain exists from now on
    with django_assert_num_queries(
        10
    ):  # session, its end, organisation, savepoint, head and entry of the audit, checkpoint, count, page
        assert client.get("/audit").status_code == 200
