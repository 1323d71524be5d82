"""The configured MDDs. ``PROVIDER_JANUS_URL`` holds one address, or several with a blank between them.

An entry is ``name=ws://…``; without a name the first is ``janus``, the others ``janus-2``, ``janus-3`` … as in ``make run``.
"""

import asyncio
import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

import websockets
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from websockets.asyncio.client import connect

from provider.errors import MDDGone, Unavailable

SUBPROTOCOL = websockets.Subprotocol("janus-protocol")
_ENTRY = re.compile(r"(?:(?P<name>[a-z0-9][a-z0-9-]{0,31})=)?(?P<url>wss?://\S+)\Z")


@dataclass(frozen=True)
class MDD:
    """One Janus: its name, the address of its API, the file of the secret that each request to it must carry."""

    name: str
    url: str
    secret_file: Path

    def api_secret(self) -> str:
        """Read at each use: a new secret needs no restart here."""
        return self.secret_file.read_text().strip()


def configured_mdds() -> dict[str, MDD]:
    """All of them by name.

    Raises:
        ImproperlyConfigured: an entry is not of the form, or a name stands twice.

    """
    found = [_read(entry, number) for number, entry in enumerate(settings.PROVIDER_JANUS_URL.split(), start=1)]
    named = {mdd.name: mdd for mdd in found}
    if not named or len(named) != len(found):
        raise ImproperlyConfigured("CONCLAVE_JANUS_URL names no MDD, or one twice")
    return named


def find_mdd(name: str) -> MDD:
    """The MDD ``name``.

    Raises:
        Unavailable: it is not configured any more.

    """
    try:
        return configured_mdds()[name]
    except KeyError:
        raise Unavailable("the MDD of a room is not configured") from None


def _read(entry: str, number: int) -> MDD:
    match = _ENTRY.match(entry)
    if match is None:
        raise ImproperlyConfigured("CONCLAVE_JANUS_URL is not a list of ws:// addresses")
    name = match["name"] or ("janus" if number == 1 else f"janus-{number}")
    own = settings.PROVIDER_JANUS_SECRET_FILE.with_name(f"{name}-api")
    return MDD(name, match["url"], own if own.is_file() else settings.PROVIDER_JANUS_SECRET_FILE)


async def ping(mdd: MDD, *, timeout_s: float) -> None:
    """Ask for a sign of life, which needs no secret.

    Raises:
        MDDGone: nobody listens there, or no answer of any kind came in time: its loop does not run.

    """
    try:
        async with asyncio.timeout(timeout_s):
            async with connect(mdd.url, subprotocols=[SUBPROTOCOL], proxy=None, compression=None, close_timeout=0.1) as line:
                await line.send(json.dumps({"janus": "ping", "transaction": secrets.token_hex(8)}))
                await line.recv()
    except TimeoutError:
        raise MDDGone("the MDD hangs", hangs=True) from None
    except (OSError, websockets.WebSocketException):
        raise MDDGone("the MDD does not answer") from None
