"""X25519 with ML-KEM-768 at the KMF: what it releases opens with both secrets, and with neither alone."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from kmf.crypto.agreement import agree, wrap_ekt_key
from kmf.crypto.secret_bytes import SecretBytes
from kmf.errors import KeyRequestMalformed

ALGORITHM = "X25519+ML-KEM-768"
EKT_KEY = bytes(range(32))
NAMES = {"conference_id": "A" * 22, "key_id": "B" * 22, "spi": 7, "jkt": "C" * 43}


@pytest.fixture(scope="module")
def keys():
    return x25519.X25519PrivateKey.generate(), mlkem.MLKEM768PrivateKey.generate()


@pytest.fixture(scope="module")
def endpoint_key(keys):
    return keys[0].public_key().public_bytes_raw() + keys[1].public_key().public_bytes_raw()


def opened(*, wrapped, dh, endpoint_key, secret):
    lp = lambda text: len(text).to_bytes(2, "big") + text.encode()  # noqa: E731
    info = b"conclave/1 EKT" + lp(NAMES["conference_id"]) + lp(NAMES["key_id"]) + (7).to_bytes(2, "big") + lp(NAMES["jkt"])
    salt = hashlib.sha256(dh + endpoint_key).digest()
    return aes_key_unwrap(HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(secret), wrapped)


@pytest.mark.requirement("KMF-REL-10")
def test_what_is_wrapped_opens_with_both_secrets_and_with_neither_alone(keys, endpoint_key):
    agreement = agree(algorithm=ALGORITHM, endpoint_key=endpoint_key)
    assert len(agreement.dh) == 32 + 1088
    wrapped = wrap_ekt_key(member_secret=agreement.member_secret, ekt_key=SecretBytes(EKT_KEY), **NAMES)
    classical = keys[0].exchange(x25519.X25519PublicKey.from_public_bytes(agreement.dh[:32]))
    quantum = keys[1].decapsulate(agreement.dh[32:])
    common = {"wrapped": wrapped, "dh": agreement.dh, "endpoint_key": endpoint_key}
    assert opened(**common, secret=classical + quantum) == EKT_KEY
    for partial in (classical, quantum, classical + bytes(32), bytes(32) + quantum, quantum + classical):
        with pytest.raises(InvalidUnwrap):
            opened(**common, secret=partial)


def test_each_agreement_has_keys_of_its_own(endpoint_key):
    one, other = (agree(algorithm=ALGORITHM, endpoint_key=endpoint_key) for _ in range(2))
    assert one.dh[:32] != other.dh[:32]
    assert one.dh[32:] != other.dh[32:]
    assert one.member_secret != other.member_secret


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda key: bytes(32) + key[32:], id="X25519 key of low order"),
        pytest.param(lambda key: key[:32] + b"\xff" * 1184, id="ML-KEM coefficients out of range"),
        pytest.param(lambda key: key[:-1], id="one byte short"),
        pytest.param(lambda key: key[:32], id="X25519 alone"),
        pytest.param(lambda _key: b"", id="nothing"),
    ],
)
def test_half_a_hybrid_is_refused_whole(endpoint_key, change):
    with pytest.raises(KeyRequestMalformed):
        agree(algorithm=ALGORITHM, endpoint_key=change(endpoint_key))


@pytest.mark.parametrize("algorithm", ["ML-KEM-768", "X25519+ML-KEM-1024", "x25519", ""])
def test_an_algorithm_that_is_not_ours_is_refused(endpoint_key, algorithm):
    with pytest.raises(KeyRequestMalformed):
        agree(algorithm=algorithm, endpoint_key=endpoint_key)
