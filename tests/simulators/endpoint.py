"""An endpoint in Python with real keys: it asks the KMF's services for a key and opens what it is given."""

import secrets
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kmf.authorization.models import Account
from kmf.authorization.services import VerifiedRequest
from kmf.services.release import ReleasedKey, release_ekt_key
from protocol import base64url
from protocol.access_token import AccessToken
from protocol.dpop import VerifiedProof
from protocol.key_request import KeyRequest
from protocol.sign_in import Strength
from tests.simulators.opening import Opener


class EndpointSimulator:
    """One endpoint: a DPoP thumbprint, an X25519 key and an Ed25519 key of its own."""

    def __init__(self, *, account: Account, conference_id: str, token_conference: str | None = None) -> None:
        self.account = account
        self.conference_id = conference_id
        self.token_conference = token_conference or conference_id
        self.jkt = base64url.encode(secrets.token_bytes(32))
        self.agreement = X25519PrivateKey.generate()
        self.identity = Ed25519PrivateKey.generate()
        self.keys: dict[str, bytes] = {}
        self.acr = Strength.COMPANY

    def verified(self, now: datetime, *, signed_in: datetime | None = None) -> VerifiedRequest:
        """What the Authorization Module says once token and proof are checked; ``signed_in``: when, if not just now."""
        token = AccessToken(
            issuer="http://auth.localhost:8000",
            audience="http://kmf.localhost:8000",
            subject=str(self.account.pk),
            client_id="endpoint",
            jti=secrets.token_urlsafe(16),
            jkt=self.jkt,
            issued_at=now,
            expires_at=now + timedelta(minutes=5),
            auth_time=signed_in or now,
            amr=("pwd",),
            claims={"conference": self.token_conference},
            acr=self.acr,
        )
        proof = VerifiedProof(jkt=self.jkt, jti=secrets.token_urlsafe(16), issued_at=now, good_until=now, claims={})
        return VerifiedRequest(account=self.account, token=token, proof=proof)

    def ask(self, now: datetime, *, signed_in: datetime | None = None) -> ReleasedKey:
        """Ask for the key and keep what opens."""
        request = KeyRequest(
            conference_id=self.conference_id,
            algorithm="X25519",
            agreement_key=self.agreement.public_key().public_bytes_raw(),
            identity_key=self.identity.public_key().public_bytes_raw(),
        )
        released = release_ekt_key(verified=self.verified(now, signed_in=signed_in), request=request, now=now)
        self.keys[released.key_id] = self.open(released)
        return released

    def open(self, released: ReleasedKey) -> bytes:
        """The EKT key, by code that is independent of the KMF's."""
        opener = Opener(self.agreement, released.dh, conference=self.conference_id, jkt=self.jkt)
        return opener.open(released.wrapped, key_id=released.key_id, spi=released.spi)
