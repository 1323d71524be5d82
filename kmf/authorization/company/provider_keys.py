"""Keys of a provider, fetched from where its configuration document says, and kept for a while in this process.

Whoever sends signed nonsense must not have us ask the provider each time: an unknown key is looked for once in half a minute.

Spec: OpenID Connect Discovery 1.0 section 4.3; RFC 7517.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import httpx
import jwt

from kmf.authorization.company.configuration import CompanyProvider, secure_origin
from kmf.authorization.company.description import BadProvider
from kmf.authorization.company.errors import CompanyRefused
from protocol import strict_json
from protocol.errors import Malformed

_KEPT, _ASKED_AGAIN_AFTER = timedelta(minutes=10), timedelta(seconds=30)
_TIMEOUT_S = 3
_DOCUMENT_MAX = 256 * 1024  # bytes
_MOST_KEYS = 100


@dataclass(frozen=True)
class _Held:
    """Keys by name, as they were when the provider last said them, and when it was last asked."""

    keys: dict[str, dict[str, Any]]
    asked_at: datetime
    is_away: bool = False


_held: dict[str, _Held] = {}
_guard = Lock()


def key_of(provider: CompanyProvider, kid: str, algorithm: str, *, now: datetime) -> jwt.PyJWK:
    """The provider's public key of this name, for signatures of this algorithm and no other.

    Raises:
        CompanyRefused: ``failed``, there is none; ``away``, the provider does not say its keys now.

    """
    jwk = _keys(provider, kid, now).get(kid)
    if jwk is None or jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        raise CompanyRefused("failed", "no key of the provider's for this signature")
    try:
        return jwt.PyJWK(jwk, algorithm=algorithm)
    except jwt.PyJWTError:
        raise CompanyRefused("failed", "key and algorithm do not belong together") from None


def _keys(provider: CompanyProvider, kid: str, now: datetime) -> dict[str, dict[str, Any]]:
    if not _guard.acquire(timeout=_TIMEOUT_S):  # one asks, the others wait for what it hears
        raise CompanyRefused("away", "provider does not say its keys")
    try:
        held = _held.get(provider.issuer)
        if held is None or not _will_do(held, kid, now):
            held = _held[provider.issuer] = _asked(provider, held, now)
    finally:
        _guard.release()
    if held.is_away and kid not in held.keys:
        raise CompanyRefused("away", "provider does not say its keys")
    return held.keys


def _will_do(held: _Held, kid: str, now: datetime) -> bool:
    age = now - held.asked_at
    return timedelta(0) <= age < (_KEPT if kid in held.keys and not held.is_away else _ASKED_AGAIN_AFTER)


def _asked(provider: CompanyProvider, held: _Held | None, now: datetime) -> _Held:
    try:
        return _Held(_fetched(provider), now)
    except CompanyRefused:
        return _Held(held.keys if held is not None else {}, now, is_away=True)


def _fetched(provider: CompanyProvider) -> dict[str, dict[str, Any]]:
    try:
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
            configuration = _document(client, provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if configuration.get("issuer") != provider.issuer:
                raise CompanyRefused("away", "configuration document of another issuer")
            where = str(configuration.get("jwks_uri"))
            secure_origin(where)
            listed = _document(client, where).get("keys")
    except (httpx.HTTPError, httpx.InvalidURL, Malformed, BadProvider):
        raise CompanyRefused("away", "provider does not say its keys") from None
    keys = [key for key in listed if isinstance(key, dict)][:_MOST_KEYS] if isinstance(listed, list) else []
    return {key["kid"]: key for key in keys if isinstance(key.get("kid"), str)}


def _document(client: httpx.Client, url: str) -> dict[str, Any]:
    answer = client.get(url)
    answer.raise_for_status()
    return strict_json.parse(answer.content, _DOCUMENT_MAX)
