"""Orders to the conference provider: close a conference, evict a participant (docs/protocol.md section 7).

They save bandwidth and manners; nobody's rights depend on the provider's carrying them out.
"""

import json
from datetime import datetime
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from conferences.models import OutboxItem
from kmf.authorization.keys import signing_key
from protocol.signed_request import sign_request

TIMEOUT_S = 5


def deliver_order(item: OutboxItem, now: datetime) -> None:
    """Send one order; raises to be called again later.

    Raises:
        httpx.HTTPError: the provider is away or did not take it.

    """
    body = json.dumps(item.payload, separators=(",", ":")).encode()
    origin = settings.ORIGINS.provider
    signing = signing_key()
    authorization = sign_request(
        key=signing.private,
        kid=signing.kid,
        issuer=settings.ORIGINS.kmf,
        audience=origin,
        method="POST",
        url=f"{origin}/orders",
        body=body,
        now=now,
    )
    provider = urlsplit(origin)
    with httpx.Client(verify=settings.BACK_CHANNEL_TRUST, timeout=TIMEOUT_S, trust_env=False) as client:
        response = client.post(
            f"{settings.ORIGINS.internal_provider}/orders",
            content=body,
            headers={"Authorization": authorization, "Content-Type": "application/json", "Host": provider.netloc},
            extensions={"sni_hostname": provider.hostname},  # the certificate must be the provider's, whatever the address
        )
    response.raise_for_status()
