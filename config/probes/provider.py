"""What the provider's site depends on. Without the relay some networks are cut off; without the KMF's keys nobody new joins."""

import json
import secrets
import socket

from django.conf import settings
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from config.probes.database import check_database
from config.probes.look import Away, Check
from provider.errors import Unavailable
from provider.services.kmf_keys import KMF_KEYS

WAIT_S = 0.7
STUN_MAGIC = bytes.fromhex("2112a442")  # RFC 8489 section 5
BINDING_REQUEST, BINDING_SUCCESS = b"\x00\x01", b"\x01\x01"


def check_janus() -> None:
    """Check that Janus answers a request for its description, which needs no secret.

    Raises:
        Away: it does not.

    """
    options = {"open_timeout": WAIT_S, "close_timeout": 0.1, "proxy": None}
    try:
        with connect(settings.PROVIDER_JANUS_URL, subprotocols=["janus-protocol"], **options) as line:
            line.send(json.dumps({"janus": "ping", "transaction": secrets.token_hex(8)}))
            line.recv(timeout=WAIT_S)  # an answer of any kind: its loop runs
    except (OSError, WebSocketException):
        raise Away("janus does not answer") from None


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
