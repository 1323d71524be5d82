"""Secrets are made once, differ, and can be read by their owner only."""

import base64
import stat

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.embedded.secrets import MAKERS, make_secrets, password
from config.embedded.state import State


def made(tmp_path):
    state = State(tmp_path)
    state.make_directories()
    make_secrets(state)
    return {(domain, name): tmp_path / domain / "secrets" / name for domain, names in MAKERS.items() for name in names}


def test_every_secret_is_closed_and_unlike_every_other(tmp_path):
    paths = made(tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths.values()} == {0o600}
    assert len({path.read_bytes() for path in paths.values()}) == len(paths)


def test_second_start_keeps_them(tmp_path):
    before = {key: path.read_bytes() for key, path in made(tmp_path).items()}
    assert {key: path.read_bytes() for key, path in made(tmp_path).items()} == before


def test_keys_have_their_form(tmp_path):
    paths = made(tmp_path)
    assert len(base64.b64decode(paths["trusted", "root.key"].read_bytes().strip(), validate=True)) == 32
    token_key = load_pem_private_key(paths["trusted", "token-signing.pem"].read_bytes(), None)
    assert isinstance(token_key, ec.EllipticCurvePrivateKey)
    assert isinstance(token_key.curve, ec.SECP256R1)
    assert isinstance(load_pem_private_key(paths["trusted", "roster-signing.pem"].read_bytes(), None), ed25519.Ed25519PrivateKey)
    provider_key = load_pem_private_key(paths["provider", "provider-signing.pem"].read_bytes(), None)
    assert isinstance(provider_key, ec.EllipticCurvePrivateKey)


def test_passwords_of_services_differ_and_stay(tmp_path):
    made(tmp_path)
    state = State(tmp_path)
    assert password(state, "valkey") == password(state, "valkey") != password(state, "postgres-trusted")
