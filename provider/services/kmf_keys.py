"""The KMF's public keys, fetched from ``{kmf}/jwks`` and kept for a while.

Fetched anew after `FRESH_S`, and at once for a key id that is not known, but never more than once in `PAUSE_S`: a stranger's
token must not make this site ask on his behalf. If the KMF is away, the keys held go on for `STALE_S`.
"""

import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from protocol import errors as protocol_errors
from protocol import jwks, strict_json
from protocol.words import REQUEST_LIMIT_BYTES
from provider.errors import Unavailable

FRESH_S = 300
STALE_S = 24 * 3600
PAUSE_S = 2
TIMEOUT_S = 3


class KeyCache:
    """Keys by key id, for all threads of one process. Times are monotonic."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")

    def keys_for(self, key_id: str | None) -> Mapping[str, ec.EllipticCurvePublicKey]:
        """All known keys, after a look for ``key_id`` if it is not among them.

        Raises:
            Unavailable: no keys are known that may still be used.

        """
        with self._lock:
            now = time.monotonic()
            wanted = now - self._fetched_at > FRESH_S or (key_id is not None and key_id not in self._keys)
            if wanted and now - self._asked_at > PAUSE_S:
                self._asked_at = now
                self._refresh(now)
            if now - self._fetched_at > STALE_S:
                raise Unavailable("the keys of the KMF cannot be had")
            return dict(self._keys)

    def _refresh(self, now: float) -> None:
        try:
            self._keys = fetch_keys()
            self._fetched_at = now
        except (httpx.HTTPError, protocol_errors.Malformed):
            return  # what is held goes on until it is stale

    def forget(self) -> None:
        """Start anew, as after a restart."""
        with self._lock:
            self._keys, self._fetched_at, self._asked_at = {}, float("-inf"), float("-inf")


def fetch_keys() -> dict[str, ec.EllipticCurvePublicKey]:
    """Keys that the KMF shows at this moment.

    Raises:
        httpx.HTTPError: it does not answer, or not with 200.
        protocol.errors.Malformed: its answer is not a JWK set.

    """
    address = settings.PROVIDER_KMF_INTERNAL + "/jwks"
    headers = {"Host": urlsplit(settings.PROVIDER_KMF_ORIGIN).netloc}
    answer = httpx.get(address, headers=headers, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)
    answer.raise_for_status()
    return jwks.parse_jwks(strict_json.parse(answer.content, REQUEST_LIMIT_BYTES))


KMF_KEYS = KeyCache()
