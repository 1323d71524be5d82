"""Many endpoints that hold tokens, without a sign-in each, and the key requests that they make."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.env import ROOT
from protocol import base64url
from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint
from tests.simulators.opening import Opener
from tests.stack import Stack


@dataclass(frozen=True)
class Minted:
    """A conference, and what its endpoints hold: ``{"key": PEM of the DPoP key, "token": token1}`` each."""

    conference: str
    endpoints: list[dict[str, str]]


def mint(stack: Stack, count: int) -> Minted:
    """A conference that is open, and so many invited accounts that each have a token."""
    return mint_many(stack, count, 1)[0]


def mint_many(stack: Stack, count: int, conferences: int) -> list[Minted]:
    """Several such conferences, ``count`` accounts in each."""
    result = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "benchmarks.minting", str(count), str(conferences)],
        cwd=ROOT,
        env=stack.environment() | {"DJANGO_SETTINGS_MODULE": "config.settings.trusted"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [Minted(**one) for one in json.loads(result.stdout)]


class KeyAsker:
    """One of them: its keys, and the bytes of its key request."""

    def __init__(self, origin: str, conference: str, endpoint: dict[str, str]) -> None:
        key = load_pem_private_key(endpoint["key"].encode(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        self.dpop, self.token = key, endpoint["token"]
        self.origin, self.conference = origin, conference
        self.agreement = X25519PrivateKey.generate()
        self._identity = Ed25519PrivateKey.generate().public_key().public_bytes_raw()

    def request(self) -> tuple[dict[str, str], bytes]:
        """Headers and body, with a proof of this moment."""
        agreement = {"alg": "X25519", "key": base64url.encode(self.agreement.public_key().public_bytes_raw())}
        members = {"conference": self.conference, "agreement": agreement, "identity": base64url.encode(self._identity)}
        body = json.dumps(members).encode()
        proof = make_proof(
            self.dpop, method="POST", url=f"{self.origin}/keys", now=datetime.now(UTC), access_token=self.token, body=body
        )
        headers = {"Host": self.origin.split("//")[1], "Authorization": f"DPoP {self.token}", "DPoP": proof}
        return headers | {"Content-Type": "application/json", "Content-Length": str(len(body))}, body

    def raw_request(self) -> bytes:
        """The same as it stands on the line."""
        headers, body = self.request()
        lines = ["POST /keys HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def opener(self, encryption_key: str) -> Opener:
        """What opens the wraps for this endpoint, from the header of its answer."""
        dh = base64url.decode(dict(re.findall(r'(\w+)="?([^";]+)"?', encryption_key))["dh"])
        return Opener(self.agreement, dh, conference=self.conference, jkt=thumbprint(public_jwk(self.dpop.public_key())))

    def hello(self) -> dict[str, Any]:
        """The first message of its push socket, with a proof of this moment."""
        url = f"{self.origin}/conferences/{self.conference}/events"
        proof = make_proof(self.dpop, method="GET", url=url, now=datetime.now(UTC), access_token=self.token)
        return {"type": "hello", "token": self.token, "proof": proof}
