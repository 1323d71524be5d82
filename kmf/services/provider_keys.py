"""The conference provider's public keys, from ``{provider}/jwks``: what its presence reports are verified with.

Asked anew for a key id that is not known, but not more often than every `PAUSE_S`, and by one thread: a forger must not make this
site ask for him, nor its threads wait for a provider that hangs.
"""

import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from kmf.errors import KMFUnavailable
from protocol import jwks, strict_json
from protocol.errors import Malformed
from protocol.words import REQUEST_LIMIT_BYTES

FRESH_S, PAUSE_S, TIMEOUT_S = 300.0, 10.0, 3.0
_lock = threading.Lock()
_NEVER = float("-inf")


class _Held:
    """What was fetched, and when; monotonic seconds."""

    keys: Mapping[str, ec.EllipticCurvePublicKey] = {}
    fetched_at = _NEVER
    asked_at = _NEVER


def provider_keys(key_id: str) -> Mapping[str, ec.EllipticCurvePublicKey]:
    """The provider's keys by key id, after a look for ``key_id`` if it is not among them.

    Raises:
        KMFUnavailable: none are known, and the provider does not answer.

    """
    with _lock:
        now = time.monotonic()
        wanted = key_id not in _Held.keys or now - _Held.fetched_at > FRESH_S
        asks = wanted and now - _Held.asked_at > PAUSE_S
        if asks:
            _Held.asked_at = now
    if asks:
        _fetch()
    if not _Held.keys:
        raise KMFUnavailable("the provider's keys cannot be had")
    return _Held.keys


def _fetch() -> None:
    url, provider = f"{settings.ORIGINS.internal_provider}/jwks", urlsplit(settings.ORIGINS.provider)
    try:
        with httpx.Client(verify=settings.BACK_CHANNEL_TRUST, timeout=TIMEOUT_S, trust_env=False) as client:
            # The certificate must be the provider's, whatever the address.
            answer = client.get(url, headers={"Host": provider.netloc}, extensions={"sni_hostname": provider.hostname})
        answer.raise_for_status()
        _Held.keys = jwks.parse_jwks(strict_json.parse(answer.content, REQUEST_LIMIT_BYTES))
        _Held.fetched_at = time.monotonic()
    except (httpx.HTTPError, Malformed):
        return  # what is held goes on
