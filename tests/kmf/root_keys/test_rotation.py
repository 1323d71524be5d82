"""A new root key takes over while keys are released; killed anywhere, it goes on; the old one opens nothing afterwards."""

import json
import threading
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from conferences.models import AuditEntry, Conference
from kmf.errors import RootKeyAway, RootKeyWrong
from kmf.models import Epoch
from kmf.services.day_keys import check_day_keys, day_key, days_with_keys, drop_day_keys, reseal_day_key, sealing_root
from kmf.services.root_keys.register import current_root, read_register
from kmf.services.root_keys.rotation import RotationRefused, rotate_root
from kmf.services.root_keys.specification import open_root
from kmf.services.sealing import unseal_ekt_key
from tests.kmf.root_keys.killed import killed_at
from tests.simulators.endpoint import EndpointSimulator

pytestmark = pytest.mark.requirement("KMF-SEAL-3")
DAYS = [date(2026, 11, day) for day in (21, 22, 23)]


@pytest.fixture
def old(day_keys, root_file, settings):
    settings.KMF_ROOT = root_file("old")
    return settings.KMF_ROOT


@pytest.fixture
def new(root_file):
    return root_file("new")


@pytest.fixture
def keys(old):
    """Three days' keys under the old root key."""
    return {day: day_key(day, create=True) for day in DAYS}


def silent(_done, _of):
    """No progress is shown."""


def events():
    rows = AuditEntry.objects.filter(event__startswith="root.").order_by("number")
    return [(row.event, json.loads(row.body)["details"]) for row in rows]


@pytest.mark.django_db
def test_the_new_root_key_takes_over(old, new, keys, now, settings):
    seen = []
    done = rotate_root(to=new, now=now, progress=lambda *step: seen.append(step))
    ids = {"from": open_root(old).id, "to": open_root(new).id, "day_keys": 3}
    assert events() == [("root.rotation_started", ids), ("root.rotation_finished", ids)]
    assert (done.old, done.new, done.day_keys) == (ids["from"], ids["to"], 3)
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert {day: day_key(day) for day in DAYS} == keys
    assert {sealing_root(day) for day in DAYS} == {current_root().id} == {ids["to"]}
    (settings.ENV.directory / old.removeprefix("file:")).unlink()  # the old one is not needed for anything
    assert {day: day_key(day) for day in DAYS} == keys
    tomorrow = date(2026, 11, 24)
    day_key(tomorrow, create=True)
    assert sealing_root(tomorrow) == ids["to"]


@pytest.mark.django_db
def test_the_old_root_key_opens_nothing_afterwards(old, new, keys, now, day_keys):
    rotate_root(to=new, now=now, progress=silent)
    (day_keys / "roots.json").unlink()  # as if only the old one were known again
    for day in DAYS:
        with pytest.raises(RootKeyWrong):
            day_key(day)
    with pytest.raises(RootKeyWrong):
        day_key(date(2026, 11, 24), create=True)  # and it seals nothing beside them
    assert days_with_keys() == DAYS


@pytest.mark.django_db(transaction=True)
def test_killed_anywhere_it_goes_on(old, new, keys, now, day_keys, settings):
    def work():
        register = read_register()
        rotate_root(to=new if register is None or register.previous is None else None, now=now, progress=silent)

    point = 1
    while killed_at(point, work):
        # whatever had happened, every key opens
        assert {day: day_key(day) for day in DAYS} == keys
        check_day_keys()
        point += 1
        if point % 3 == 0:  # from the start again, else it goes on from where it was killed
            back_to(old, day_keys, settings)
    assert point > 20
    register = read_register()
    assert register.previous is None
    assert {sealing_root(day) for day in DAYS} == {register.current.id} == {open_root(new).id}
    assert {day: day_key(day) for day in DAYS} == keys
    assert events()[-1][0] == "root.rotation_finished"
    assert not list(day_keys.glob("tmp*"))


def back_to(old, day_keys, settings):
    """Everything under the old root key again."""
    for day in days_with_keys():
        reseal_day_key(day, root=open_root(old))
    (day_keys / "roots.json").unlink(missing_ok=True)
    settings.KMF_ROOT = old


@pytest.mark.django_db(transaction=True)
def test_keys_are_released_throughout(old, new, root_file, conference, account, invite, now):
    """Two endpoints ask all the time, each on a connection of its own, while three rotations run."""
    Conference.objects.filter(pk=conference.pk).update(duration_min=24 * 60)
    released, failures, stop = [], [], threading.Event()

    def ask(name, person):
        moment = now
        while not stop.is_set():
            moment += timedelta(seconds=11)  # under six joins a minute
            try:
                EndpointSimulator(account=person, conference_id=conference.id).ask(moment)
                released.append(name)
            except Exception as failure:  # noqa: BLE001  any of them fails the test
                failures.append(repr(failure))
        connection.close()

    people = {name: account(name) for name in ("ada", "bob")}
    for name in people:
        invite(name)
    threads = [threading.Thread(target=ask, args=item) for item in people.items()]
    for thread in threads:
        thread.start()
    counts = []
    for place in (new, root_file("third"), root_file("fourth")):
        before = len(released)
        rotate_root(to=place, now=now, progress=silent)
        while len(released) < before + 4 and not failures:
            pass_time()
        counts.append(len(released) - before)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(counts) >= 4
    assert len(unseal_ekt_key(Epoch.objects.get(state="current"))) == 32
    assert sealing_root(now.date()) == current_root().id


def pass_time():
    threading.Event().wait(0.02)


@pytest.mark.django_db
def test_from_a_file_into_a_token_and_back(old, keys, now, token, root_file):
    call_command("kmf", "make-root", token.place())
    rotate_root(to=token.place(), now=now, progress=silent)
    assert {day: day_key(day) for day in DAYS} == keys
    rotate_root(to=root_file("back"), now=now, progress=silent)
    assert {day: day_key(day) for day in DAYS} == keys


@pytest.mark.django_db
def test_a_rotation_that_cannot_begin_changes_nothing(old, new, keys, now, tmp_path):
    (tmp_path / "copy").write_bytes((tmp_path / "old").read_bytes())
    for to, error in ((None, RotationRefused), ("file:not-there", RootKeyAway), (f"file:{tmp_path}/copy", RotationRefused)):
        with pytest.raises(error):
            rotate_root(to=to, now=now, progress=silent)
    assert read_register() is None
    assert {sealing_root(day) for day in DAYS} == {open_root(old).id}
    assert events() == []


@pytest.mark.django_db
def test_interrupted_by_the_operator_it_is_continued_and_no_other_begins(old, new, keys, now):
    def ctrl_c(done, _of):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_root(to=new, now=now, progress=ctrl_c)
    assert [sealing_root(day) for day in DAYS] == [open_root(new).id, open_root(old).id, open_root(old).id]
    assert {day: day_key(day) for day in DAYS} == keys
    with pytest.raises(RotationRefused):
        rotate_root(to="file:third", now=now, progress=silent)
    rotate_root(to=None, now=now, progress=silent)
    assert {sealing_root(day) for day in DAYS} == {open_root(new).id}
    assert [event for event, _details in events()] == ["root.rotation_started", "root.rotation_finished"]


def test_a_day_that_is_dropped_meanwhile_does_not_come_back(old, new, keys):
    drop_day_keys([DAYS[0]])
    reseal_day_key(DAYS[0], root=open_root(new))
    assert days_with_keys() == DAYS[1:]


@pytest.mark.django_db
def test_the_commands_say_what_they_did(old, new, keys, capsys, tmp_path):
    call_command("kmf", "roots")
    assert capsys.readouterr().out == f"current {open_root(old).id} {old} day keys: 3\n"
    call_command("kmf", "rotate-root", "--to", new)
    assert capsys.readouterr().out.splitlines()[1] == "1 of 3 day keys under the new root key"
    call_command("kmf", "roots")
    assert capsys.readouterr().out == f"current {open_root(new).id} {new} day keys: 3\n"
    with pytest.raises(CommandError, match="no rotation is under way"):
        call_command("kmf", "rotate-root")
    with pytest.raises(CommandError, match="nothing was made"):
        call_command("kmf", "make-root", new)
