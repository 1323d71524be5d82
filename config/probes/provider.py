"""What the provider's site depends on. Without the relay some networks are cut off; without the KMF's keys nobody new joins."""

import asyncio
import secrets
import socket

from django.conf import settings

from config.probes.database import check_database
from config.probes.look import Away, Check
from provider.errors import MDDGone, Unavailable
from provider.mdd.pool import configured_mdds, ping
from provider.services.kmf_keys import KMF_KEYS

WAIT_S = 0.7
STUN_MAGIC = bytes.fromhex("2112a442")  # RFC 8489 section 5
BINDING_REQUEST, BINDING_SUCCESS = b"\x00\x01", b"\x01\x01"


def check_janus() -> None:
    """Check that one Janus at least answers; ``manage.py mdd list`` tells of each.

    Raises:
        Away: none does.

    """
    asyncio.run(_check_any_janus())


async def _check_any_janus() -> None:
    for answer in asyncio.as_completed([ping(mdd, timeout_s=WAIT_S) for mdd in configured_mdds().values()]):
        try:
            await answer
        except MDDGone:
            continue
        return
    raise Away("janus does not answer")


def check_turn() -> None:
    """Check that coturn answers a STUN binding request.

    Raises:
        Away: it does not.

    """
    host, _, port = settings.PROVIDER_TURN_ADDRESS.rpartition(":")
    transaction = secrets.token_bytes(12)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(WAIT_S)
        try:
            line.connect((host, int(port)))
            line.send(BINDING_REQUEST + bytes(2) + STUN_MAGIC + transaction)
            answer = line.recv(1500)
        except (OSError, ValueError):
            raise Away("turn server does not answer") from None
    if answer[:2] != BINDING_SUCCESS or answer[8:20] != transaction:
        raise Away("turn server does not answer as one")


def check_kmf_keys() -> None:
    """Check that keys of the KMF are held by which tokens can be verified.

    Raises:
        Away: none can be had, and none is held that may still be used.

    """
    try:
        KMF_KEYS.keys_for(None)
    except Unavailable as error:
        raise Away(error.reason) from None


NEEDED: dict[str, Check] = {"database": check_database, "janus": check_janus}
HELPFUL: dict[str, Check] = {"turn": check_turn, "kmf_keys": check_kmf_keys}
