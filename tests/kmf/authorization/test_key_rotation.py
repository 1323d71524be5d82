"""Another token-signing key takes over: no token that is good is refused by anybody whose copy of ``/jwks`` may be used."""

import secrets
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as configured
from django.core.management import call_command

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
        for _taken_at, keys in copies:
            for _given_at, text in tokens:
                assert verify(text, keys, now).subject == "account"
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
