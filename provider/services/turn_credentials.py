"""Time-limited credentials for the relay: the user name is ``{expiry}:{name}``, the password its HMAC-SHA1.

The name is the same at each join of one participant, so that the relay can hold its quota; without the secret it says nothing.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

from django.conf import settings

from protocol import base64url
from provider.models import Seat

LIFETIME_S = 6 * 3600  # a relay checks them at each refresh, so they must outlast the conference
NAME_CHARACTERS = 16
NAME_LABEL = "conclave/1 relay name"


def ice_servers(*, seat: Seat, now: datetime) -> list[dict[str, Any]]:
    """``iceServers`` for the endpoint of ``seat``, good for `LIFETIME_S`."""
    secret = settings.PROVIDER_TURN_SECRET_FILE.read_text().strip().encode()
    username = f"{int(now.timestamp()) + LIFETIME_S}:{_name(seat, secret)}"
    digest = hmac.new(secret, username.encode(), hashlib.sha1).digest()
    address = settings.PROVIDER_TURN_ADDRESS
    return [
        {
            "urls": [f"turn:{address}?transport=udp", f"turn:{address}?transport=tcp"],
            "username": username,
            "credential": base64.b64encode(digest).decode(),
        }
    ]


def _name(seat: Seat, secret: bytes) -> str:
    owner = f"{NAME_LABEL}|{seat.room.issuer}|{seat.room.handle}|{seat.pseudonym}"
    return base64url.encode(hmac.new(secret, owner.encode(), hashlib.sha256).digest())[:NAME_CHARACTERS]
