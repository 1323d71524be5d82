"""Time-limited credentials for the relay: the user name is ``{expiry}:{random}``, the password its HMAC-SHA1."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings

LIFETIME_S = 6 * 3600  # a relay checks them at each refresh, so they must outlast the conference


def ice_servers(*, now: datetime) -> list[dict[str, Any]]:
    """``iceServers`` for one endpoint, good for `LIFETIME_S`; the name in them is random and says nothing about anybody."""
    secret = settings.PROVIDER_TURN_SECRET_FILE.read_text().strip()
    username = f"{int(now.timestamp()) + LIFETIME_S}:{secrets.token_urlsafe(9)}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    address = settings.PROVIDER_TURN_ADDRESS
    return [
        {
            "urls": [f"turn:{address}?transport=udp", f"turn:{address}?transport=tcp"],
            "username": username,
            "credential": base64.b64encode(digest).decode(),
        }
    ]
