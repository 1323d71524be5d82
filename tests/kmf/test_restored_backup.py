"""A real ``pg_dump`` of a running conference, restored after its end: nothing opens with everything the operator then has."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings as live_settings
from django.db import connection, transaction

from conferences.models import AuditEntry
from config.embedded.postgres import role
from config.embedded.programs import postgres_programs
from kmf.errors import KMFUnavailable
from kmf.models import ConferenceKey, Endpoint, Epoch
from kmf.services.clean import clean_up
from kmf.services.day_keys import days_with_keys
from kmf.services.destroy import destroy_due
from kmf.services.sealing import unseal_ekt_key, unseal_member_secrets
from kmf.services.settle import settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("KMF-SEAL-2")]


def program(name, *arguments):
    """Run one of PostgreSQL's programs against the test database; the password travels in the environment."""
    values = live_settings.DATABASES["default"] | connection.get_connection_params()
    environment = {
        "PATH": os.environ["PATH"],
        "PGHOST": values["host"],
        "PGUSER": values["user"],
        "PGPASSWORD": values["password"],
    }
    command = [str(postgres_programs() / name), *map(str, arguments)]
    subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603  our own command


@pytest.fixture
def backup(tmp_path):
    """Take a backup of the database; returns its file."""

    def take(name="backup.sql"):
        program("pg_dump", "--no-owner", "-d", connection.settings_dict["NAME"], "-f", tmp_path / name)
        return tmp_path / name

    return take


@contextmanager
def restored(file) -> Iterator[None]:
    """Within it every query goes to another database, empty before, that the backup was restored into."""
    used = connection.settings_dict["NAME"]
    other = role("trusted")  # tests never use the one without their prefix
    try:
        use(other)
        empty()
        connection.close()
        program("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", other, "-f", file)
        yield
        empty()
    finally:
        use(used)


def empty():
    with connection.cursor() as cursor:
        assert cursor.connection.info.dbname == role("trusted")
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def use(name):
    connection.close()
    connection.close_pool()
    connection.settings_dict["NAME"] = name


@pytest.fixture
def running(endpoint, conference, now, settings, tmp_path):
    """A conference with two epochs and two endpoints, in a key directory of its own."""
    settings.KMF_DAY_KEYS_DIR = tmp_path / "day-keys"
    endpoint("ada").ask(now)
    endpoint("bob").ask(now + timedelta(seconds=1))
    return conference


def what_opens():
    """How many keys of the database at hand open: EKT keys and member secrets."""
    rows = [(unseal_ekt_key, epoch) for epoch in Epoch.objects.all()]
    rows += [(_unseal_member, endpoint) for endpoint in Endpoint.objects.all()]
    return sum(opens(unseal, row) for unseal, row in rows)


def _unseal_member(endpoint):
    return unseal_member_secrets(conference_id=endpoint.conference_id, endpoints=[endpoint])[endpoint.pk]


def opens(unseal, row):
    try:
        return len(unseal(row)) == 32
    except KMFUnavailable:
        return False


def test_after_the_end_a_backup_of_the_running_conference_opens_nothing(running, backup, now):
    taken = backup()
    with restored(taken):
        assert what_opens() == 4  # the backup is whole: until the end it opens, with the key files of the moment
    settle(conference_id=running.id, now=running.closes_at)
    assert days_with_keys() == [now.date()]  # other conferences of the day go on under the same day key
    with restored(taken):
        assert Epoch.objects.exclude(sealed_key=None).count() == 2
        assert Endpoint.objects.exclude(sealed_member_secret=None).count() == 2
        assert what_opens() == 0
        # nor does anything that the program does by itself with the restored rows bring it back
        settle(conference_id=running.id, now=running.closes_at)
        assert what_opens() == 0
        assert not Epoch.objects.exclude(sealed_key=None).exists()


def test_a_superseded_epoch_of_a_running_conference_opens_from_a_backup_until_the_end(running, backup, now):
    """Said plainly in ADR 0021: while the conference runs its key is there, and a backup holds what the database forgot."""
    taken = backup()
    later = now + timedelta(seconds=40)
    Endpoint.objects.update(last_seen_at=later)
    settle(conference_id=running.id, now=later)
    assert Epoch.objects.get(number=1).state == "destroyed"
    with restored(taken):
        assert len(unseal_ekt_key(Epoch.objects.get(number=1))) == 32
    settle(conference_id=running.id, now=running.closes_at)
    with restored(taken):
        assert what_opens() == 0


def test_a_recording_opens_until_its_days_are_over_and_never_after(running, backup):
    type(running).objects.update(past_access="recording", keys_kept_days=7)
    end = running.closes_at
    settle(conference_id=running.id, now=end)
    assert what_opens() == 2  # both epochs; the member secrets ended with their members
    destroy_due(now=end + timedelta(days=7) - timedelta(seconds=1))
    clean_up(now=end + timedelta(days=6))
    assert what_opens() == 2
    taken = backup()
    destroy_due(now=end + timedelta(days=7))
    assert what_opens() == 2  # due, and destroyed when it has been so for an hour
    destroy_due(now=end + timedelta(days=7, hours=1))
    assert set(Epoch.objects.values_list("state", "sealed_key")) == {("destroyed", None)}
    assert events("conference_key.kept", "epoch.destroyed", "conference_key.destroyed") == [1, 1, 1]
    with restored(taken):
        assert what_opens() == 0
    clean_up(now=end + timedelta(days=8))
    assert days_with_keys() == []


def test_killed_between_the_mark_and_the_deed_the_next_sweep_does_it(running, now):
    with transaction.atomic():  # a transaction that comes to nothing destroys nothing
        settle(conference_id=running.id, now=running.closes_at)
        transaction.set_rollback(True)
    assert what_opens() == 4
    with transaction.atomic():
        settle(conference_id=running.id, now=running.closes_at)
        connection.run_on_commit.clear()  # the process died right after its commit
    assert events("conference_key.destroyed") == [0]  # nothing is said that has not happened
    destroy_due(now=running.closes_at)
    assert events("conference_key.destroyed") == [1]
    assert ConferenceKey.objects.get().destroyed_at == running.closes_at


def events(*names):
    return [AuditEntry.objects.filter(event=name).count() for name in names]
