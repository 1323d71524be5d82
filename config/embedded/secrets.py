"""Secrets of an instance, made at the first start and kept. Each domain's lie below its own directory, mode 0600."""

import base64
import secrets
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config.embedded.state import State, write_private


def mdd_name(number: int) -> str:
    """Name of the MDD ``number``, counted from 1: of its process, its directory and in the provider's records."""
    return "janus" if number == 1 else f"janus-{number}"


def make_secrets(state: State, *, mdds: int = 1) -> None:
    """Make every secret that is missing; existing ones stay as they are. Each of ``mdds`` media servers has its own."""
    more: dict[str, Callable[[], str]] = {f"{mdd_name(number)}-api": _text for number in range(1, mdds + 1)}
    for domain, makers in MAKERS.items():
        for name, make in (makers | (more if domain == "provider" else {})).items():
            path = state.root / domain / "secrets" / name
            if not path.exists():
                write_private(path, make() + "\n")


def password(state: State, name: str) -> str:
    """Password ``name`` of an embedded service, made at the first call. For the supervisor only."""
    path = state.root / "secrets" / name
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32) + "\n")
    return path.read_text().strip()


def _text() -> str:
    return secrets.token_urlsafe(48)


def _root_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()


def _es256() -> str:
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def _ed25519() -> str:
    return _pem(ed25519.Ed25519PrivateKey.generate())


MAKERS: dict[str, dict[str, Callable[[], str]]] = {
    "trusted": {
        "django.key": _text,
        "root.key": _root_key,
        "token-signing.pem": _es256,
        "roster-signing.pem": _ed25519,
        "audit-signing.pem": _ed25519,
        "development-release.pem": _ed25519,
    },
    "provider": {
        "django.key": _text,
        "provider-signing.pem": _es256,
        "janus-api": _text,
        "turn": _text,
    },
}
