"""The key that Janus wants for making a room, derived so that both sides need one secret file only."""

import hashlib
import hmac

_LABEL = b"conference provider room key"


def room_admin_key(api_secret: str) -> str:
    """``admin_key`` of the VideoRoom plugin: 64 hex characters."""
    return hmac.new(api_secret.encode(), _LABEL, hashlib.sha256).hexdigest()
