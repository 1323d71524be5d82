"""Every vector against the twin, and the counts, so that none gets lost."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap,
    aes_key_wrap_with_padding,
)

from tests.twin import agreement, base64url, ctr_hmac, ekt, sframe
from tests.twin.errors import TwinError
from tests.twin.frame import FrameOpener
from tests.twin.thumbprint import thumbprint
from tests.vectors import generate_ekt
from tests.vectors.load import DIRECTORY, cases, load

SFRAME = load("sframe-rfc9605.json")
COUNTS = {
    "aes-key-wrap.json": 8,
    "jwk-thumbprint.json": 1,
    "ekt.json": 47,
    "frames.json": 5,
    "key-agreement.json": 22,
    "encryption-key-header.json": 53,
}


@contextlib.contextmanager
def expecting(code: str) -> Iterator[None]:
    """The block succeeds for ``ok`` and raises ``code`` otherwise."""
    if code == "ok":
        yield
        return
    with pytest.raises(TwinError) as refusal:
        yield
    assert refusal.value.code == code


def test_no_vector_is_missing() -> None:
    assert {name: len(SFRAME[name]) for name in SFRAME} == {"header": 289, "aes_ctr_hmac": 3, "aes_256_ctr_hmac": 3, "sframe": 5}
    assert {name: len(load(name)["cases"]) for name in COUNTS} == COUNTS
    assert sum(len(stream["frames"]) for stream in load("frames.json")["cases"]) == 53


@pytest.mark.parametrize("name", generate_ekt.FILES)
def test_our_own_vectors_are_what_their_script_writes(name: str) -> None:
    assert (DIRECTORY / name).read_text(encoding="utf-8") == generate_ekt.render(name)


def test_sframe_headers() -> None:
    for case in SFRAME["header"]:
        encoded = bytes.fromhex(case["encoded"])
        assert sframe.encode_header(case["kid"], case["ctr"]) == encoded
        assert sframe.parse_header(encoded + b"rest") == sframe.Header(case["kid"], case["ctr"], len(encoded))


CTR_HMAC = SFRAME["aes_ctr_hmac"] + SFRAME["aes_256_ctr_hmac"]


@pytest.mark.parametrize("case", CTR_HMAC, ids=lambda case: f"suite {case['cipher_suite']}")
def test_ctr_hmac(case: dict[str, Any]) -> None:
    given = {name: bytes.fromhex(value) for name, value in case.items() if isinstance(value, str)}
    suite = case["cipher_suite"]
    assert ctr_hmac.split_key(suite, given["key"]) == (given["enc_key"], given["auth_key"])
    common = {"suite": suite, "key": given["key"], "nonce": given["nonce"], "aad": given["aad"]}
    assert ctr_hmac.seal(**common, plaintext=given["pt"]) == given["ct"]
    assert ctr_hmac.open_sealed(**common, sealed=given["ct"]) == given["pt"]


@pytest.mark.parametrize("case", SFRAME["sframe"], ids=lambda case: f"suite {case['cipher_suite']}")
def test_sframe(case: dict[str, Any]) -> None:
    given = {name: bytes.fromhex(value) for name, value in case.items() if isinstance(value, str)}
    suite, kid, ctr = case["cipher_suite"], case["kid"], case["ctr"]
    assert sframe.labels(kid, suite) == (given["sframe_key_label"], given["sframe_salt_label"])
    assert sframe.nonce(given["sframe_salt"], ctr) == given["nonce"]
    if suite in sframe.GCM_SUITES:
        assert sframe.extract(given["base_key"], sframe.GCM_SUITES[suite][0]) == given["sframe_secret"]
        key = sframe.FrameKey.from_base_key(given["base_key"], kid, suite)
        assert (key.key, key.salt) == (given["sframe_key"], given["sframe_salt"])
        assert key.encrypt(ctr, given["metadata"], given["pt"]) == given["ct"]
        assert key.decrypt(given["ct"], given["metadata"]) == given["pt"]
    else:
        inputs = {"base_key": given["base_key"], "metadata": given["metadata"], "plaintext": given["pt"]}
        assert ctr_hmac.encrypt_frame(suite=suite, kid=kid, ctr=ctr, **inputs) == given["ct"]


@pytest.mark.parametrize("case", cases("aes-key-wrap.json"))
def test_aes_key_wrap(case: dict[str, Any]) -> None:
    padded = case["inputs"]["algorithm"] == "KWP"
    kek, plaintext = bytes.fromhex(case["inputs"]["kek"]), bytes.fromhex(case["inputs"]["plaintext"])
    wrapped = bytes.fromhex(case["output"])
    assert (aes_key_wrap_with_padding if padded else aes_key_wrap)(kek, plaintext) == wrapped
    assert (aes_key_unwrap_with_padding if padded else aes_key_unwrap)(kek, wrapped) == plaintext


@pytest.mark.parametrize("case", cases("jwk-thumbprint.json"))
def test_jwk_thumbprint(case: dict[str, Any]) -> None:
    assert thumbprint(case["inputs"]["jwk"]) == case["output"]


@pytest.mark.parametrize("case", cases("ekt.json", "kwp"))
def test_key_wrap_with_padding(case: dict[str, Any]) -> None:
    kek, plaintext = bytes.fromhex(case["inputs"]["kek"]), bytes.fromhex(case["inputs"]["plaintext"])
    assert aes_key_unwrap_with_padding(kek, bytes.fromhex(case["output"])) == plaintext


@pytest.mark.parametrize("case", cases("ekt.json", "kwp-unwrap"))
def test_key_wrap_with_padding_refuses(case: dict[str, Any]) -> None:
    with pytest.raises((InvalidUnwrap, ValueError)):
        aes_key_unwrap_with_padding(bytes.fromhex(case["inputs"]["kek"]), bytes.fromhex(case["inputs"]["wrapped"]))


@pytest.mark.parametrize("case", cases("ekt.json", "tail"))
def test_tail(case: dict[str, Any]) -> None:
    with expecting(case["expect"]):
        rest, full = ekt.parse_tail(bytes.fromhex(case["inputs"]["frame"]))
        assert rest.hex() == case["output"]["rest"]
        assert (None if full is None else full.field.hex()) == (case["output"]["full"] or {}).get("field")


@pytest.mark.parametrize("case", cases("ekt.json", "field"))
def test_field(case: dict[str, Any]) -> None:
    given = case["inputs"]
    _, full = ekt.parse_tail(bytes.fromhex(given["tail"]))
    assert full is not None
    identity = Ed25519PublicKey.from_public_bytes(bytes.fromhex(given["identity_key"]))
    with expecting(case["expect"]):
        ekt.check_signature(full, identity, given["conference_id"])
        sender_key = ekt.open_field(full, bytes.fromhex(given["ekt_key"]), given["source_id"])
        assert sender_key.hex() == case["output"]


@pytest.mark.parametrize("case", cases("frames.json"))
def test_frames(case: dict[str, Any]) -> None:
    given = case["inputs"]
    identities = {
        int(number): Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for number, key in given["identities"].items()
    }
    ekt_keys = {given["spi"]: bytes.fromhex(given["ekt_key"])}
    opener = FrameOpener(conference_id=given["conference_id"], ekt_keys=ekt_keys, identities=identities)
    for frame in case["frames"]:
        with expecting(frame["expect"]):
            opened = opener.open(bytes.fromhex(frame["frame"]), track=frame["track"], codec=frame["codec"])
            assert {"source_id": opened.source_id, "data": opened.data.hex()} == frame["output"], frame["name"]


@pytest.mark.parametrize("case", cases("key-agreement.json"))
def test_key_agreement(case: dict[str, Any]) -> None:
    given = case["inputs"]
    secret = base64url.decode(given["endpoint"]["d"])
    endpoint: agreement.PrivateKey
    if given["alg"] == "X25519":
        endpoint = x25519.X25519PrivateKey.from_private_bytes(secret)
    elif "seed" in given["endpoint"]:
        kem = mlkem.MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(given["endpoint"]["seed"]))
        endpoint = agreement.HybridPrivateKey(x25519.X25519PrivateKey.from_private_bytes(secret), kem)
    else:
        endpoint = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    dh = bytes.fromhex(given["dh"])
    with expecting(case["expect"]):
        shared = agreement.shared_secret(endpoint, dh)
        member = agreement.member_secret(dh=dh, endpoint_key=agreement.raw_public(endpoint), secret=shared)
        release = {name: given[name] for name in ("conference_id", "key_id", "spi", "jkt")}
        kek = agreement.derive_kek(member=member, **release)
        wrapped = agreement.parse_header(given["header"]).wrapped if "header" in given else bytes.fromhex(given["wrapped"])
        assert agreement.unwrap(kek, wrapped).hex() == case["output"]


@pytest.mark.parametrize("case", cases("encryption-key-header.json"))
def test_encryption_key_header(case: dict[str, Any]) -> None:
    with expecting(case["expect"]):
        parsed = agreement.parse_header(case["inputs"]["header"])
        assert {**vars(parsed), "dh": parsed.dh.hex(), "wrapped": parsed.wrapped.hex()} == case["output"]
