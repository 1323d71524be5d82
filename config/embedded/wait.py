"""Waiting until every origin says that it is ready. ``*.localhost`` is not resolved: the Host header carries the name."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from config.settings.origins import Origins


class NotReady(RuntimeError):
    """An origin did not get ready in time. The message carries what it answered last."""


def wait_until_ready(
    origins: Origins, *, check_alive: Callable[[], None], authority: Path | None = None, timeout_s: float = 120
) -> None:
    """Wait for ``/ready`` of all four origins.

    Args:
        origins: public origins and the internal addresses behind them.
        check_alive: raises when a process has ended; then there is nothing to wait for.
        authority: certificate that vouches for them where they are HTTPS and local.
        timeout_s: for all of them together.

    Raises:
        NotReady: one of them is not ready in time.

    """
    deadline = time.monotonic() + timeout_s
    internal = origins.internal_trusted
    pairs = [(origin, internal) for origin in (origins.core, origins.auth, origins.kmf)]
    trust = ssl.create_default_context(cafile=authority)
    with httpx.Client(timeout=5, trust_env=False, verify=trust) as client:
        for origin, base in [*pairs, (origins.provider, origins.internal_provider)]:
            _wait_for(client, origin, base, check_alive=check_alive, deadline=deadline)


def _wait_for(client: httpx.Client, origin: str, base: str, *, check_alive: Callable[[], None], deadline: float) -> None:
    while True:
        check_alive()
        answer = _ask(client, origin, base)
        if answer == "ready":
            return
        if time.monotonic() > deadline:
            message = f"{origin} is not ready: {answer}"
            raise NotReady(message)
        time.sleep(0.2)


def _ask(client: httpx.Client, origin: str, base: str) -> str:
    name = urlsplit(origin)
    try:
        response = client.get(f"{base}/ready", headers={"Host": name.netloc}, extensions={"sni_hostname": name.hostname})
    except httpx.HTTPError as error:
        return type(error).__name__
    return "ready" if response.is_success else f"{response.status_code} {response.text[:300]}"
