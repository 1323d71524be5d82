"""The outbox: each item once more until it is delivered, one transaction each, nothing twice at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread

import pytest
from django.db import connection, transaction

from conferences.models import Organisation, OutboxItem
from conferences.services.outbox import Delivery, deliver_due, enqueue, forget_delivered
from conferences.services.outbox_handlers import register, registered


def fill(organisation: Organisation, now: datetime, count: int = 1) -> list[OutboxItem]:
    return [enqueue(kind="probe", payload={"n": n}, organisation=organisation, now=now) for n in range(count)]


def test_delivers_in_order_up_to_the_limit(organisation: Organisation, now: datetime) -> None:
    fill(organisation, now, 3)
    seen: list[int] = []
    handlers = {"probe": lambda item, _now: seen.append(item.payload["n"])}
    assert deliver_due(now=now, handlers=handlers, limit=2) == Delivery(2, 0)
    assert deliver_due(now=now, handlers=handlers, limit=2) == Delivery(1, 0)
    assert deliver_due(now=now, handlers=handlers, limit=2) == Delivery(0, 0)
    assert seen == [0, 1, 2]
    assert OutboxItem.objects.filter(done_at=now, attempts=1).count() == 3


def test_nothing_before_its_time_nor_of_a_foreign_kind(organisation: Organisation, now: datetime) -> None:
    enqueue(kind="probe", payload={}, organisation=organisation, now=now, due_at=now + timedelta(seconds=1))
    enqueue(kind="foreign", payload={}, organisation=organisation, now=now)
    assert deliver_due(now=now, handlers={"probe": lambda *_: None}, limit=9) == Delivery(0, 0)
    assert OutboxItem.objects.filter(done_at=None, attempts=0).count() == 2


def test_a_failure_waits_longer_each_time_and_hurts_no_other(organisation: Organisation, now: datetime) -> None:
    bad, good = fill(organisation, now, 2)

    def handler(item: OutboxItem, _now: datetime) -> None:
        Organisation.objects.create(name="left behind", slug=f"x{item.pk}")
        if item.pk == bad.pk:
            raise ConnectionRefusedError("smtp.example password=hunter2")

    assert deliver_due(now=now, handlers={"probe": handler}, limit=9) == Delivery(1, 1)
    good.refresh_from_db()
    assert good.done_at == now
    waits = []
    for _ in range(12):
        bad.refresh_from_db()
        waits.append(int((bad.due_at - now).total_seconds()))
        assert (bad.done_at, bad.last_error) == (None, "ConnectionRefusedError")
        now = bad.due_at
        deliver_due(now=now, handlers={"probe": handler}, limit=9)
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert max(waits) == 900
    assert Organisation.objects.filter(name="left behind").count() == 1  # what the failed handler wrote is taken back


@pytest.mark.django_db(transaction=True)
def test_an_item_in_other_hands_is_skipped(now: datetime) -> None:
    organisation = Organisation.objects.create(name="Weaver", slug="weaver")
    first, second = fill(organisation, now, 2)
    seen: list[int] = []

    def other_worker() -> None:
        deliver_due(now=now, handlers={"probe": lambda item, _now: seen.append(item.pk)}, limit=9)
        connection.close()

    with transaction.atomic():
        OutboxItem.objects.select_for_update().get(pk=first.pk)
        worker = Thread(target=other_worker)
        worker.start()
        worker.join(10)
    assert seen == [second.pk]
    first.refresh_from_db()
    assert first.done_at is None


def test_a_kind_has_one_handler() -> None:
    handler = registered()["invitation.request"]
    register("invitation.request", handler)
    with pytest.raises(RuntimeError):
        register("invitation.request", lambda *_: None)
    assert registered()["invitation.request"] is handler


def test_the_task_delivers_with_the_registered_handlers(schedule: Callable[..., object], mailoutbox: list[object]) -> None:
    from conferences.tasks import deliver_outbox  # noqa: PLC0415

    schedule(at=datetime.now().astimezone())
    OutboxItem.objects.exclude(kind__startswith="invitation.").delete()
    deliver_outbox()
    assert len(mailoutbox) == 2
    assert not OutboxItem.objects.filter(done_at=None, due_at__lte=datetime.now().astimezone()).exists()


@pytest.mark.django_db(transaction=True)
def test_three_deliveries_at_once_hand_out_each_item_once(now: datetime) -> None:
    fill(Organisation.objects.create(name="Weaver", slug="weaver"), now, 30)
    seen: list[int] = []

    def worker() -> None:
        deliver_due(now=now, handlers={"probe": lambda item, _now: seen.append(item.pk)}, limit=50)
        connection.close()

    workers = [Thread(target=worker) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(20)
    assert sorted(seen) == sorted(OutboxItem.objects.values_list("pk", flat=True))
    assert OutboxItem.objects.filter(attempts=1, done_at=now).count() == 30


def test_what_was_delivered_long_ago_is_forgotten(organisation: Organisation, now: datetime) -> None:
    old, waiting = fill(organisation, now, 2)
    OutboxItem.objects.filter(pk=old.pk).update(done_at=now)
    assert forget_delivered(before=now) == 0
    assert forget_delivered(before=now + timedelta(seconds=1)) == 1
    assert list(OutboxItem.objects.all()) == [waiting]
