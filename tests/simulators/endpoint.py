"""An endpoint in Python with real keys: it asks the KMF's services for a key and opens what it is given."""

import hashlib
import secrets
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from kmf.authorization.models import Account
from kmf.authorization.services import VerifiedRequest
from kmf.services.release import ReleasedKey, release_ekt_key
from protocol import base64url
from protocol.access_token import AccessToken
from protocol.dpop import VerifiedProof
from protocol.key_request import KeyRequest


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
        )
        proof = VerifiedProof(jkt=self.jkt, jti=secrets.token_urlsafe(16), issued_at=now, good_until=now, claims={})
        return VerifiedRequest(account=self.account, token=token, proof=proof)

    def ask(self, now: datetime) -> ReleasedKey:
        """Ask for the key and keep what opens."""
        request = KeyRequest(
            conference_id=self.conference_id,
            algorithm="X25519",
            agreement_key=self.agreement.public_key().public_bytes_raw(),
            identity_key=self.identity.public_key().public_bytes_raw(),
        )
        released = release_ekt_key(verified=self.verified(now), request=request, now=now)
        self.keys[released.key_id] = self.open(released)
        return released

    def open(self, released: ReleasedKey) -> bytes:
        """The EKT key, by the chain of docs/protocol.md section 3, written independently of the KMF's code."""
        own = self.agreement.public_key().public_bytes_raw()
        shared = self.agreement.exchange(X25519PublicKey.from_public_bytes(released.dh))
        fields = (b"conclave/1 EKT", self._lp(self.conference_id), self._lp(released.key_id))
        info = b"".join(fields) + released.spi.to_bytes(2, "big") + self._lp(self.jkt)
        salt = hashlib.sha256(released.dh + own).digest()
        kek = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(shared)
        return aes_key_unwrap(kek, released.wrapped)

    @staticmethod
    def _lp(text: str) -> bytes:
        return len(text.encode()).to_bytes(2, "big") + text.encode()
