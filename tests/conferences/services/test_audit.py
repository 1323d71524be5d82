"""Audit entries: in the transaction of their fact, in one unbroken chain."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conferences.models import AuditChain, AuditEntry, Conference, Organisation
from conferences.services.audit import EMPTY_HEAD, Fact, entry_hash, one_write, record, record_all


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


def test_one_write_puts_down_what_was_recorded_within_in_its_order(organisation: Organisation, now: datetime) -> None:
    record(event="audit.viewed", at=now, actor="x", organisation=organisation)
    record(event="audit.viewed", at=now, actor="x")
    with CaptureQueriesContext(connection) as queries, one_write():
        record(event="endpoint.left", at=now, actor="ada", organisation=organisation)
        record(event="day_key.dropped", at=now, actor="system")
        later, facts = now + timedelta(seconds=1), [Fact("epoch.opened"), Fact("key.released", actor="bob")]
        record_all(facts=facts, at=later, actor="system", organisation=organisation)
        assert AuditEntry.objects.count() == 2
    assert sum("auditchain" in query["sql"] for query in queries) == 4
    rows = AuditEntry.objects.filter(chain="organisation:weaver").order_by("number").values_list("number", "event", "actor", "at")
    assert list(rows)[1:] == [
        (2, "endpoint.left", "ada", now), (3, "epoch.opened", "system", later), (4, "key.released", "bob", later),
    ]  # fmt: skip
    assert AuditChain.objects.get(chain="system").number == 2


@one_write()
def _record_and(then: Callable[[], object], **said: Any) -> None:
    Organisation.objects.create(name="Other", slug="other")
    record(event="key.released", actor="x", **said)
    then()


def _fail() -> None:
    raise ConnectionError


def test_one_write_of_what_came_to_nothing_writes_nothing(organisation: Organisation, now: datetime) -> None:
    said = {"organisation": organisation, "at": now}
    with pytest.raises(ConnectionError):
        _record_and(_fail, **said)
    with pytest.raises(RuntimeError):
        _record_and(lambda: _record_and(_fail, **said), **said)
    with one_write():
        record(event="key.released", actor="x", **said)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()
    record(event="audit.viewed", actor="x", **said)  # it is over
    assert AuditEntry.objects.get().event == "audit.viewed"


@pytest.mark.django_db(transaction=True)
def test_a_fact_whose_entry_cannot_be_written_is_undone(organisation: Organisation, now: datetime) -> None:
    with pytest.raises(TypeError):
        _record_and(lambda: None, organisation=organisation, at=now, details={"not": object()})
    assert not Organisation.objects.filter(slug="other").exists()
    assert not AuditEntry.objects.exists()
