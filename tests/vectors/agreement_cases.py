"""From two key pairs to the EKT key, with every step on the way (docs/protocol.md section 3)."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519

from tests.twin import agreement, base64url
from tests.vectors.load import load
from tests.vectors.material import CONFERENCE, EKT_KEY, SPI, identifier, octets

Case = dict[str, Any]
KEY_ID = identifier("KeyID")
JKT = base64url.encode(octets("thumbprint"))
HYBRID = "X25519+ML-KEM-768"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def cases() -> list[Case]:
    agreed = [_agreed(alg, rekey=rekey) for alg in ("X25519", "P-256", HYBRID) for rekey in (False, True)]
    return [*agreed, *_refused(), *_refused_hybrid()]


def _private(alg: str, name: str) -> agreement.PrivateKey:
    if alg == HYBRID:
        seed = bytes.fromhex(_kem()["inputs"]["seed"])
        classical = x25519.X25519PrivateKey.from_private_bytes(octets(f"X25519 key of {name}"))
        return agreement.HybridPrivateKey(classical, mlkem.MLKEM768PrivateKey.from_seed_bytes(seed))
    seed = octets(f"{alg} key of {name}")
    if alg == "X25519":
        return x25519.X25519PrivateKey.from_private_bytes(seed)
    return ec.derive_private_key(int.from_bytes(seed, "big") % (P256_ORDER - 1) + 1, ec.SECP256R1())


def _kem() -> Case:
    """An encapsulation to the endpoint's ML-KEM key: random when it was made, kept since."""
    case: Case = load("ml-kem-768.json")["cases"][0]
    return case


def _jwk(alg: str, key: agreement.PrivateKey) -> Case:
    if isinstance(key, agreement.HybridPrivateKey):
        return {**_jwk("X25519", key.classical), "seed": _kem()["inputs"]["seed"]}
    public = agreement.raw_public(key)
    if isinstance(key, x25519.X25519PrivateKey):
        return {"kty": "OKP", "crv": alg, "x": base64url.encode(public), "d": base64url.encode(key.private_bytes_raw())}
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    x, y = base64url.encode(public[1:33]), base64url.encode(public[33:])
    return {"kty": "EC", "crv": alg, "x": x, "y": y, "d": base64url.encode(secret)}


def _agreed(alg: str, *, rekey: bool) -> Case:
    endpoint = _private(alg, "the endpoint")
    dh, endpoint_key = _dh(alg), agreement.raw_public(endpoint)
    secret = agreement.shared_secret(endpoint, dh)
    member = agreement.member_secret(dh=dh, endpoint_key=endpoint_key, secret=secret)
    key_id, spi = (identifier("next KeyID"), 65535) if rekey else (KEY_ID, SPI)
    ekt_key = octets("next EKT key") if rekey else EKT_KEY
    kek = agreement.derive_kek(member=member, conference_id=CONFERENCE, key_id=key_id, spi=spi, jkt=JKT)
    wrapped = agreement.wrap(kek, ekt_key)
    return {
        "name": f"{alg}, {'rekey' if rekey else 'key answer'}",
        "inputs": {
            **_inputs(alg, endpoint, dh),
            "key_id": key_id,
            "spi": spi,
            "header": agreement.encode_header(key_id=key_id, dh=dh, wrapped=wrapped, spi=spi, ttl=600),
        },
        "steps": {
            "endpoint_key": endpoint_key.hex(),
            "dh": dh.hex(),
            "shared_secret": secret.hex(),
            "member_secret": member.hex(),
            "kek": kek.hex(),
            "wrapped": wrapped.hex(),
        },
        "expect": "ok",
        "output": ekt_key.hex(),
    }


def _dh(alg: str) -> bytes:
    """The KMF's public key; in the hybrid the ciphertext follows it."""
    if alg == HYBRID:
        return _dh("X25519") + bytes.fromhex(_kem()["inputs"]["ciphertext"])
    return agreement.raw_public(_private(alg, "the KMF"))


def _inputs(alg: str, endpoint: agreement.PrivateKey, dh: bytes) -> Case:
    return {"alg": alg, "endpoint": _jwk(alg, endpoint), "dh": dh.hex(), "conference_id": CONFERENCE, "jkt": JKT}


def _refused() -> list[Case]:
    good = _agreed("X25519", rekey=False)
    wrapped = good["steps"]["wrapped"]
    common = {name: value for name, value in good["inputs"].items() if name != "header"}
    changed = {
        "wrapped for another KeyID": {"key_id": identifier("another KeyID")},
        "wrapped for another SPI": {"spi": SPI + 1},
        "wrapped for another conference": {"conference_id": identifier("another conference")},
        "wrapped for another endpoint key": {"jkt": base64url.encode(octets("another thumbprint"))},
        "wrapped by another KMF key": {"dh": agreement.raw_public(_private("X25519", "another KMF")).hex()},
        "one bit changed": {"wrapped": f"{int(wrapped[:2], 16) ^ 1:02x}{wrapped[2:]}"},
        "a key of 16 bytes": {"wrapped": agreement.wrap(bytes.fromhex(good["steps"]["kek"]), EKT_KEY[:16]).hex()},
    }
    low_order = {
        "all-zero public key": ("X25519", bytes(32)),
        "public key of order 8": ("X25519", bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")),
        "P-256 key for X25519": ("X25519", agreement.raw_public(_private("P-256", "the KMF"))),
        "X25519 key for P-256": ("P-256", agreement.raw_public(_private("X25519", "the KMF"))),
        "point that is not on the curve": ("P-256", b"\x04" + octets("no point", 64)),
    }
    return [
        *(
            {"name": name, "inputs": {**common, "wrapped": wrapped, **change}, "expect": "unwrap_failed"}
            for name, change in changed.items()
        ),
        *(
            {
                "name": name,
                "inputs": {**_inputs(alg, _private(alg, "the endpoint"), dh), "key_id": KEY_ID, "spi": SPI, "wrapped": wrapped},
                "expect": "agreement_failed",
            }
            for name, (alg, dh) in low_order.items()
        ),
    ]


def _refused_hybrid() -> list[Case]:
    """A changed ciphertext is found out by the wrap only: decapsulation then gives another secret (FIPS 203)."""
    wrapped = _agreed(HYBRID, rekey=False)["steps"]["wrapped"]
    dh = _dh(HYBRID)
    wrong = {
        "hybrid, one bit of the ciphertext changed": (dh[:-1] + bytes([dh[-1] ^ 1]), "unwrap_failed"),
        "hybrid, another X25519 key": (agreement.raw_public(_private("X25519", "another KMF")) + dh[32:], "unwrap_failed"),
        "hybrid, a ciphertext that is too short": (dh[:-1], "agreement_failed"),
        "hybrid, the X25519 key alone": (dh[:32], "agreement_failed"),
    }
    return [
        {
            "name": name,
            "inputs": {
                **_inputs(HYBRID, _private(HYBRID, "the endpoint"), each),
                "key_id": KEY_ID,
                "spi": SPI,
                "wrapped": wrapped,
            },
            "expect": code,
        }
        for name, (each, code) in wrong.items()
    ]
