"""Audit entries: in the transaction of their fact, in one unbroken chain."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection

from conferences.models import AuditChain, AuditEntry, Conference, Organisation
from conferences.services.audit import EMPTY_HEAD, Fact, entry_hash, record, record_all


def test_entries_chain(schedule: Callable[..., Conference]) -> None:
    conference = schedule()
    rows = list(AuditEntry.objects.filter(chain=conference.id).order_by("number"))
    assert [row.number for row in rows] == [1, 2, 3, 4]
    previous = EMPTY_HEAD
    for row in rows:
        assert (row.previous, row.hash) == (previous, entry_hash(previous, row.body))
        previous = row.hash
    chain = AuditChain.objects.get(chain=conference.id)
    assert (chain.number, chain.head) == (4, previous)


def test_chains_of_organisation_and_system(organisation: Organisation, now: datetime) -> None:
    record(event="audit.viewed", at=now, actor="x", organisation=organisation)
    record_all(facts=[Fact("day_key.dropped"), Fact("day_key.dropped")], at=now, actor="system")
    chains = dict(AuditChain.objects.values_list("chain", "number"))
    assert chains == {"organisation:weaver": 1, "system": 2}


@pytest.mark.django_db(transaction=True)
def test_refuses_outside_a_transaction(now: datetime) -> None:
    assert not connection.in_atomic_block
    with pytest.raises(RuntimeError):
        record(event="key.released", at=now, actor="x")
    assert not AuditEntry.objects.exists()
