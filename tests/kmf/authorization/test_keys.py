import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from kmf.authorization.keys import public_jwks, signing_key


def test_the_published_key_is_the_public_half_only(settings):
    assert stat.S_IMODE(settings.TOKEN_SIGNING_KEY_FILE.stat().st_mode) == 0o600
    key = signing_key()
    assert public_jwks()["keys"][0]["kid"] == key.kid
    assert repr(key) == f"SigningKey(kid={key.kid})"
    assert "d" not in public_jwks()["keys"][0]


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no key",
        *(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            for key in (ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate())
        ),
    ],
    ids=["empty", "no PEM", "P-384", "Ed25519"],
)
def test_another_key_stops_the_process(tmp_path, settings, pem):
    settings.TOKEN_SIGNING_KEY_FILE = tmp_path / "token-signing.pem"
    settings.TOKEN_SIGNING_KEY_FILE.write_bytes(pem)
    with pytest.raises(RuntimeError):
        signing_key()
