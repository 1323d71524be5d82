"""Another token-signing key takes over: no token that is good is refused by anybody whose copy of ``/jwks`` may be used."""

import secrets
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as configured
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from kmf.authorization import keys
from kmf.authorization.key_rotation import rotate
from kmf.authorization.keys import next_file, previous_file, public_jwks, signing_key, verification_keys
from protocol.access_token import sign_access_token, verify_access_token
from protocol.errors import InvalidToken
from protocol.jwks import parse_jwks

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def own_file(settings, tmp_path, db):
    settings.TOKEN_SIGNING_KEY_FILE = tmp_path / "token-signing.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    settings.TOKEN_SIGNING_KEY_FILE.write_bytes(pem)
    settings.TOKEN_SIGNING_KEY_FILE.chmod(0o600)


def token(now):
    key = signing_key()
    issued_at = int(now.timestamp())
    claims = {
        "iss": configured.ORIGINS.auth,
        "aud": configured.ORIGINS.kmf,
        "sub": "account",
        "client_id": "endpoint",
        "iat": issued_at,
        "exp": issued_at + 300,
        "jti": secrets.token_urlsafe(16),
        "cnf": {"jkt": "A" * 43},
    }
    return sign_access_token(claims, key=key.private, kid=key.kid)


def verify(text, keys, now):
    return verify_access_token(text, keys=keys, issuer=configured.ORIGINS.auth, audience=configured.ORIGINS.kmf, now=now)


def test_no_good_token_is_refused_by_any_copy_that_may_be_used():
    """A rotation is asked for every minute; each reader keeps its copy for 5 minutes, each token is shown for 5."""
    first, copies, tokens, done = signing_key().kid, [], [], []
    for minute in range(40):
        now = NOW + minute * MINUTE
        if minute >= 6:
            done.append(rotate(now=now).done)
        copies = [*copies, (now, parse_jwks(public_jwks()))][-6:]  # of the last five minutes, and of now
        tokens = [*tokens, (now, token(now))][-5:]
        for _taken_at, copy in copies:
            for _given_at, text in tokens:
                assert verify(text, copy, now).subject == "account"
        assert len(verification_keys()) <= 2
    steps = [name for name in done if name != "waits"]
    assert steps[:3] == ["announced", "switched", "retired"]
    assert signing_key().kid != first
    assert first not in verification_keys()


def test_what_the_earlier_key_signs_is_worth_nothing_once_it_is_gone():
    stolen = token(NOW)
    for _ in range(3):
        rotate(now=NOW, at_once=True)
    with pytest.raises(InvalidToken, match="unknown signing key"):
        verify(stolen, verification_keys(), NOW)


def test_each_step_is_done_once_and_not_before_its_time(audited):
    assert rotate(now=NOW).next_at == NOW + 10 * MINUTE
    assert rotate(now=NOW + 9 * MINUTE).done == "waits"
    announced = set(verification_keys())
    assert rotate(now=NOW + 10 * MINUTE).done == "switched"
    assert set(verification_keys()) == announced
    assert rotate(now=NOW + 19 * MINUTE).done == "waits"
    assert rotate(now=NOW + 20 * MINUTE).done == "retired"
    assert list(verification_keys()) == [signing_key().kid]
    assert [entry["details"]["step"] for entry in audited("token_key.rotated")] == ["announced", "switched", "retired"]


def test_the_new_files_are_as_closed_as_the_first():
    rotate(now=NOW)
    assert stat.S_IMODE(next_file().stat().st_mode) == 0o600
    rotate(now=NOW + 10 * MINUTE)
    for file in (configured.TOKEN_SIGNING_KEY_FILE, previous_file()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.stat().st_uid == configured.TOKEN_SIGNING_KEY_FILE.parent.stat().st_uid
    assert not next_file().exists()


def rotate_without_audit(now):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
    rotate(now=now)


def test_no_step_is_done_that_the_audit_does_not_know(audited):
    """The audit is away: every step fails, and no file is touched."""
    for minutes in (0, 10, 20):
        before = {path.name: path.read_bytes() for path in configured.TOKEN_SIGNING_KEY_FILE.parent.iterdir()}
        entries = len(audited("token_key.rotated"))
        with pytest.raises(DatabaseError), transaction.atomic():
            rotate_without_audit(NOW + minutes * MINUTE)
        assert {path.name: path.read_bytes() for path in configured.TOKEN_SIGNING_KEY_FILE.parent.iterdir()} == before
        assert len(audited("token_key.rotated")) == entries
        rotate(now=NOW + minutes * MINUTE)


def test_each_step_names_the_key_that_it_is_about(audited):
    first = signing_key().kid
    for minutes in (0, 10, 20):
        rotate(now=NOW + minutes * MINUTE)
    named = [(entry["details"]["step"], entry["details"]["kid"]) for entry in audited("token_key.rotated")]
    assert named == [("announced", signing_key().kid), ("switched", signing_key().kid), ("retired", first)]


def test_a_reader_who_is_overtaken_by_the_switch_misses_no_key(monkeypatch):
    """Between any two of his reads the rotation may go on: the key that signs then is among those he found."""
    rotate(now=NOW)
    for reads_before in (1, 2):
        if not next_file().exists():
            rotate(now=NOW + 40 * MINUTE, at_once=True)
            rotate(now=NOW + 40 * MINUTE, at_once=True)
        before = signing_key().kid
        seen = read_through_a_switch(monkeypatch, reads_before)
        assert {before, signing_key().kid} <= seen


def read_through_a_switch(monkeypatch, reads_before):
    """The keys that are found where the switch comes after so many reads of a file."""
    reads, real = [], keys.read_key

    def read(path):
        if len(reads) == reads_before:
            monkeypatch.setattr(keys, "read_key", real)
            rotate(now=NOW + 30 * MINUTE, at_once=True)
        reads.append(path)
        return real(path)

    monkeypatch.setattr(keys, "read_key", read)
    found = set(verification_keys())
    monkeypatch.setattr(keys, "read_key", real)
    return found


def test_a_rotation_that_died_halfway_goes_on():
    rotate(now=NOW)
    next_file().with_suffix(".new").write_bytes(b"half")  # of one that was killed while it made the file
    assert rotate(now=NOW + 10 * MINUTE).done == "switched"
    rotate(now=NOW + 20 * MINUTE)
    assert rotate(now=NOW + 20 * MINUTE).done == "announced"


def test_the_command_says_what_it_did_and_what_is_next(capsys):
    before = signing_key().kid
    call_command("token_keys")
    assert capsys.readouterr().out == f"signs     {before}\n"
    call_command("token_keys", "rotate")
    said = capsys.readouterr().out
    assert "another key is published; again from" in said
    assert f"signs     {before}" in said
    call_command("token_keys", "rotate", at_once=True)
    assert f"published {before}" in capsys.readouterr().out
