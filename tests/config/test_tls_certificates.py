"""The local authority and its leaves: closed keys, nothing but ``*.localhost``, made anew before they end."""

import dataclasses
import os
import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from config.embedded.state import State
from config.embedded.tls import Certificates, NotLocal
from config.embedded.tls_certificates import AUTHORITY_LIFE, LEAF_LIFE, RENEWED_BEFORE, make_authority, make_leaf
from config.env import Environment
from config.settings.origins import read_origins

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FILES = ["ca.pem", "trusted/tls.pem", "provider/tls.pem", "trusted/secrets/tls.key", "provider/secrets/tls.key"]


@pytest.fixture
def origins(monkeypatch):
    monkeypatch.setenv("CONCLAVE_TLS", "1")
    return read_origins(Environment("none"))


@pytest.fixture
def certificates(tmp_path):
    state = State(tmp_path)
    state.make_directories()
    return Certificates(state)


def contents(certificates: Certificates) -> dict[str, bytes]:
    return {name: (certificates.state.root / name).read_bytes() for name in FILES}


def leaf(certificates: Certificates, domain: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((certificates.state.root / domain / "tls.pem").read_bytes())


def check_name(authority: x509.Certificate, certificate: x509.Certificate, name: str, now: datetime = NOW) -> None:
    verifier = PolicyBuilder().store(Store([authority])).time(now).build_server_verifier(x509.DNSName(name))
    verifier.verify(certificate, [])


def test_each_domain_gets_a_key_of_its_own_for_its_own_origins(certificates, origins):
    assert certificates.make(origins, NOW) is True
    authority = x509.load_pem_x509_certificate(certificates.authority.read_bytes())
    for name in ("core", "auth", "kmf"):
        check_name(authority, leaf(certificates, "trusted"), f"{name}.localhost")
        with pytest.raises(VerificationError):
            check_name(authority, leaf(certificates, "provider"), f"{name}.localhost")
    check_name(authority, leaf(certificates, "provider"), "provider.localhost")
    with pytest.raises(VerificationError):
        check_name(authority, leaf(certificates, "trusted"), "provider.localhost")


def test_keys_are_closed_and_the_certificate_is_not(certificates, origins):
    certificates.make(origins, NOW)
    root = certificates.state.root
    closed = ["secrets/tls-ca.key", "trusted/secrets/tls.key", "provider/secrets/tls.key"]
    assert {stat.S_IMODE((root / name).stat().st_mode) for name in closed} == {0o600}
    assert stat.S_IMODE(certificates.authority.stat().st_mode) == 0o644
    assert b"PRIVATE" not in certificates.authority.read_bytes()


@pytest.mark.parametrize("host", ["bank.example", "localhost.example", "kmf.localhost.example"])
def test_the_authority_can_vouch_for_nothing_but_this_machine(host):
    authority = make_authority(NOW)
    good = x509.load_pem_x509_certificate(make_leaf(authority, ["other.localhost"], NOW)[1].encode())
    check_name(authority.certificate, good, "other.localhost")
    stolen = x509.load_pem_x509_certificate(make_leaf(authority, [host], NOW)[1].encode())
    with pytest.raises(VerificationError):
        check_name(authority.certificate, stolen, host)


def test_a_second_start_keeps_everything(certificates, origins):
    certificates.make(origins, NOW)
    before = contents(certificates)
    assert certificates.make(origins, NOW + timedelta(days=100)) is False
    assert contents(certificates) == before


def test_a_worn_leaf_is_made_anew_under_the_same_authority(certificates, origins):
    certificates.make(origins, NOW)
    before = contents(certificates)
    later = NOW + LEAF_LIFE - RENEWED_BEFORE
    assert certificates.make(origins, later) is False
    after = contents(certificates)
    assert [name for name in FILES if after[name] != before[name]] == FILES[1:]
    authority = x509.load_pem_x509_certificate(after["ca.pem"])
    check_name(authority, leaf(certificates, "trusted"), "kmf.localhost", later + RENEWED_BEFORE - timedelta(days=1))


@pytest.mark.parametrize(
    ("damage", "changed"),
    {
        "the authority's key is gone": (lambda root: (root / "secrets/tls-ca.key").unlink(), FILES),
        "the authority's certificate is not its key's": (
            lambda root: (root / "ca.pem").write_text(make_authority(NOW).certificate_pem),
            FILES,
        ),
        "a leaf is cut short": (
            lambda root: os.truncate(root / "trusted/tls.pem", 90),
            ["trusted/tls.pem", "trusted/secrets/tls.key"],
        ),
        "a leaf of a stranger": (
            lambda root: write_stranger(root, "provider"),
            ["provider/tls.pem", "provider/secrets/tls.key"],
        ),
    }.values(),
)
def test_what_is_damaged_is_made_anew(certificates, origins, damage, changed):
    certificates.make(origins, NOW)
    before = contents(certificates)
    damage(certificates.state.root)
    assert certificates.make(origins, NOW) is ("ca.pem" in changed)
    after = contents(certificates)
    assert {name for name in FILES if after[name] != before[name]} == set(changed)
    check_name(x509.load_pem_x509_certificate(after["ca.pem"]), leaf(certificates, "provider"), "provider.localhost")


def write_stranger(root, domain: str) -> None:
    key, certificate = make_leaf(make_authority(NOW), [f"{domain}.localhost"], NOW)
    (root / domain / "secrets/tls.key").write_text(key)
    (root / domain / "tls.pem").write_text(certificate)


def test_an_authority_that_cannot_outlive_a_leaf_is_made_anew(certificates, origins):
    certificates.make(origins, NOW)
    assert certificates.make(origins, NOW + AUTHORITY_LIFE - LEAF_LIFE) is True


@pytest.mark.parametrize("origin", ["http://core.localhost:8000", "https://core.company.example", "https://127.0.0.1:8000"])
def test_other_origins_get_none(certificates, origins, origin):
    with pytest.raises(NotLocal, match="CONCLAVE_CORE_ORIGIN is " + origin):
        certificates.make(dataclasses.replace(origins, core=origin), NOW)
    assert not certificates.authority.exists()


def test_openssl_takes_the_pair(certificates, origins):
    certificates.make(origins, datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.state.root / "trusted/tls.pem", certificates.state.root / "trusted/secrets/tls.key")
