"""The KMF's public keys, fetched from ``{kmf}/jwks`` and kept for a while.

Fetched anew after `FRESH_S`, and at once for a key id that is not known, but by one thread at a time and with `PAUSE_S` between
two fetches: a stranger's token must not make this site ask on his behalf, nor others wait for the answer. If the KMF is away, the
keys held go on for `STALE_S`.
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
PAUSE_S = 10
PAUSE_EMPTY_S = 2  # while no key is held nobody can join
TIMEOUT_S = 3


class KeyCache:
    """Keys by key id, for all threads of one process. Times are monotonic."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._asking = False
        self._keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")

    def keys_for(self, key_id: str | None) -> Mapping[str, ec.EllipticCurvePublicKey]:
        """All known keys, after a look for ``key_id`` if it is not among them.

        While another thread looks, this one goes on with what is held; it waits only if that is nothing.

        Raises:
            Unavailable: no keys are known that may still be used.

        """
        if self._shall_ask(key_id):
            self._refresh()
        with self._lock:
            if self._is_stale():
                self._lock.wait_for(lambda: not self._asking, TIMEOUT_S)
            if self._is_stale():
                raise Unavailable("the keys of the KMF cannot be had")
            return dict(self._keys)

    def _is_stale(self) -> bool:
        return time.monotonic() - self._fetched_at > STALE_S

    def _shall_ask(self, key_id: str | None) -> bool:
        with self._lock:
            now = time.monotonic()
            wanted = now - self._fetched_at > FRESH_S or (key_id is not None and key_id not in self._keys)
            pause = PAUSE_S if self._keys else PAUSE_EMPTY_S
            if not wanted or self._asking or now - self._asked_at <= pause:
                return False
            self._asking = True
            return True

    def _refresh(self) -> None:
        found = None
        try:
            found = fetch_keys()
        except (httpx.HTTPError, protocol_errors.Malformed):
            pass  # what is held goes on until it is stale
        finally:
            with self._lock:
                self._asked_at = time.monotonic()  # the pause follows the answer, however long it took
                if found is not None:
                    self._keys, self._fetched_at = found, self._asked_at
                self._asking = False
                self._lock.notify_all()

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
    kmf = urlsplit(settings.PROVIDER_KMF_ORIGIN)
    with httpx.Client(verify=settings.BACK_CHANNEL_TRUST, timeout=TIMEOUT_S, trust_env=False) as client:
        # The certificate must be the KMF's, whatever the address.
        answer = client.get(address, headers={"Host": kmf.netloc}, extensions={"sni_hostname": kmf.hostname})
    answer.raise_for_status()
    return jwks.parse_jwks(strict_json.parse(answer.content, REQUEST_LIMIT_BYTES))


KMF_KEYS = KeyCache()
