"""The keys that sign access tokens: ES256 keys in files of mode 0600, outside database and backups.

One signs. Beside it may stand the *next*, which is published before it signs, so that whoever keeps a copy of ``/jwks`` has it by
then, and the *previous*, which is published until the tokens that it signed are over (``kmf.authorization.key_rotation``).
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from protocol.jwks import key_id, signing_jwk


@dataclass(frozen=True)
class SigningKey:
    """Private key and its ``kid``. Without a repr of the key."""

    private: ec.EllipticCurvePrivateKey
    kid: str

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid})"


def signing_key() -> SigningKey:
    """Key of ``settings.TOKEN_SIGNING_KEY_FILE``; another file there is noticed at the next use.

    Raises:
        RuntimeError: the file holds no P-256 key.

    """
    return read_key(settings.TOKEN_SIGNING_KEY_FILE)


def next_file() -> Path:
    """Where the key lies that will sign next, if one is announced."""
    return _beside("next")


def previous_file() -> Path:
    """Where the key lies that signed before, while its tokens are good."""
    return _beside("previous")


def verification_keys() -> dict[str, ec.EllipticCurvePublicKey]:
    """Public keys by ``kid``, for the KMF in the same process: the one that signs first, then the others that are there.

    They are read in the order in which a key moves: one that takes another's place meanwhile is seen before it or after.
    """
    upcoming = _read_if_there(next_file())
    signs = signing_key()
    earlier = _read_if_there(previous_file())
    return {key.kid: key.private.public_key() for key in (signs, upcoming, earlier) if key is not None}


def public_jwks() -> dict[str, list[dict[str, Any]]]:
    """JWK set of ``{kmf}/jwks``."""
    return {"keys": [dict(signing_jwk(key)) for key in verification_keys().values()]}


def _beside(which: str) -> Path:
    file: Path = settings.TOKEN_SIGNING_KEY_FILE
    return file.with_name(f"{file.stem}.{which}{file.suffix}")


def _read_if_there(path: Path) -> SigningKey | None:
    try:
        return read_key(path)
    except FileNotFoundError:
        return None


def read_key(path: Path) -> SigningKey:
    """The key in a file; one that was replaced meanwhile is read anew.

    Raises:
        FileNotFoundError: there is none.
        RuntimeError: it holds no P-256 key.

    """
    found = path.stat()
    return _load(path, found.st_ino, found.st_mtime_ns)


@lru_cache(maxsize=16)
def _load(path: Path, _inode: int, _changed_ns: int) -> SigningKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError:
        raise RuntimeError("the token-signing key cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RuntimeError("the token-signing key is not of P-256")  # noqa: TRY004  the file's fault, not a caller's type
    return SigningKey(key, key_id(key.public_key()))
