"""Looks at the audit are facts too: no entry, no look (DESIGN section 11)."""

from datetime import datetime
from typing import Any

from django.db import transaction

from conferences.models import Conference, Organisation
from conferences.services.audit import record


@transaction.atomic
def record_audit_view(
    *,
    actor: str,
    organisation: Organisation,
    now: datetime,
    conference: Conference | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write ``audit.viewed`` to the conference's chain, or to the organisation's where a list was looked at."""
    record(event="audit.viewed", at=now, actor=actor, conference=conference, organisation=organisation, details=details)


@transaction.atomic
def record_audit_search(*, actor: str, organisation: Organisation, query: dict[str, str], now: datetime) -> None:
    """Write ``audit.searched`` with what was looked for to the organisation's chain."""
    record(event="audit.searched", at=now, actor=actor, organisation=organisation, details={"query": query})


@transaction.atomic
def record_audit_export(
    *, actor: str, now: datetime, conference: Conference | None = None, organisation: Organisation | None = None
) -> None:
    """Write ``audit.exported`` to the chain it concerns; neither given: the chain ``system``."""
    record(event="audit.exported", at=now, actor=actor, conference=conference, organisation=organisation)
