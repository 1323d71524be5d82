"""Tokens of a device: an assertion under its enrolled key, a proof under its DPoP key (docs/protocol.md section 2)."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from protocol.client_assertion import ASSERTION_TYPE, make_assertion
from protocol.words import conference_scope
from room_endpoint.errors import NotGenuine
from room_endpoint.site import Device, Site, post


def get_token(site: Site, device: Device, conference_id: str, *, resource: str) -> str:
    """A fresh access token for one resource, good for five minutes.

    Raises:
        Refused: ``invalid_client``, ``access_denied`` …
        Away: later, perhaps.
        NotGenuine: the answer is no token.

    """
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": make_assertion(device.enrolled, client_id=device.client_id, issuer=site.auth, now=datetime.now(UTC)),
        "scope": conference_scope(conference_id),
        "resource": resource,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "DPoP": device.proof("POST", f"{site.kmf}/token")}
    token = post(site, "/token", urlencode(form).encode(), headers).json().get("access_token")
    if not isinstance(token, str):
        raise NotGenuine("no_token")
    return token
