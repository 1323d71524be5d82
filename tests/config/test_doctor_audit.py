"""``manage.py doctor`` on the audit: the signing key, a tree that is behind, a receiver that takes nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conferences.models import AuditTree, Organisation
from conferences.services.audit import record
from conferences.services.audit_forward import forward_due
from conferences.services.audit_key import log_signing_key
from conferences.services.audit_tree import extend_tree
from config.doctor import audit
from config.doctor.finding import ERROR, OK, WARNING, look_around
from config.embedded.state import State

pytestmark = pytest.mark.django_db


@pytest.fixture
def situation(state_directory):
    return look_around(State(state_directory), lambda _state: True)


@pytest.fixture
def write(transactional_db):
    organisation = Organisation.objects.create(name="Weaver", slug="weaver")

    def entry(*, seconds_ago):
        from django.db import transaction  # noqa: PLC0415  beside its only use

        with transaction.atomic():
            at = timezone.now() - timedelta(seconds=seconds_ago)
            record(event="audit.viewed", at=at, actor="ada@weaver.example", organisation=organisation)

    return entry


def said(findings):
    return [(finding.level, finding.what) for finding in findings]


@pytest.fixture
def key_file(settings, tmp_path):
    settings.AUDIT_SIGNING_KEY_FILE = tmp_path / "audit-signing.pem"
    log_signing_key.cache_clear()
    yield settings.AUDIT_SIGNING_KEY_FILE
    log_signing_key.cache_clear()


def test_a_whole_key_is_found(situation):
    assert said(audit.signing_key(situation)) == [(OK, "the audit's signing key can be read")]


def test_a_missing_and_a_damaged_key_are_told_without_a_word_of_it(situation, key_file):
    assert said(audit.signing_key(situation)) == [(ERROR, "the audit's signing key cannot be read")]
    key_file.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    assert said(audit.signing_key(situation)) == [(ERROR, "the audit's signing key is damaged, or none of Ed25519")]


def test_entries_that_wait_for_a_minute_are_told(situation, write):
    write(seconds_ago=30)
    assert said(audit.tree(situation))[1] == (OK, "the audit's tree keeps up")
    write(seconds_ago=0)
    extend_tree(now=timezone.now())
    write(seconds_ago=61)
    level, what = said(audit.tree(situation))[1]
    assert (level, what.startswith("1 entries of the audit wait for a checkpoint")) == (WARNING, True)


def test_another_key_than_the_trees_is_told(situation, write):
    write(seconds_ago=0)
    extend_tree(now=timezone.now())
    assert said(audit.tree(situation))[0] == (OK, "the audit's signing key is that of its tree")
    AuditTree.objects.update(log_key="another")
    assert said(audit.tree(situation))[0] == (ERROR, "the audit's signing key is not the one that its tree began with")


def test_a_receiver_that_takes_nothing_is_told_with_what_it_is_owed(situation, write, settings, tmp_path):
    write(seconds_ago=0)
    extend_tree(now=timezone.now())
    settings.AUDIT_RECEIVER = f"file://{tmp_path}/nowhere/siem.jsonl"
    forward_due(receiver=settings.AUDIT_RECEIVER, now=timezone.now())
    level, what = said(audit.tree(situation))[2]
    assert (level, what) == (WARNING, "the receiver of the audit takes nothing (FileNotFoundError); 1 entries wait")
    settings.AUDIT_RECEIVER = f"file://{tmp_path}/siem.jsonl"
    forward_due(receiver=settings.AUDIT_RECEIVER, now=timezone.now())
    assert said(audit.tree(situation))[2] == (OK, "the receiver of the audit takes entries, 0 are on their way")
