"""The KMF as an endpoint reaches it, and the device's two keys."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint
from room_endpoint.errors import Away, Refused

ANSWER_S = 20
_SERVER_ERROR, _TOO_MANY = 500, 429


@dataclass(frozen=True)
class Site:
    """Origins, and where to connect.

    Attributes:
        kmf: the KMF's origin.
        auth: the issuer.
        connect: ``host:port`` to connect to instead of the origin's own; empty: by its name.
        authority: PEM file of the only authorities to trust; None: the system's.

    """

    kmf: str
    auth: str
    connect: str = ""
    authority: str | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the line; names below ``localhost`` are this machine (RFC 6761), though Python resolves none."""
        parts = urlsplit(f"//{self.connect}" if self.connect else self.kmf)
        name = parts.hostname or ""
        is_local = name == "localhost" or name.endswith(".localhost")
        return "127.0.0.1" if is_local else name, parts.port or (443 if self.is_secure else 80)

    @property
    def is_secure(self) -> bool:
        """Whether by HTTPS."""
        return self.kmf.startswith("https://")

    @property
    def trust(self) -> ssl.SSLContext | None:
        """What a socket must trust; None for plain HTTP."""
        return ssl.create_default_context(cafile=self.authority) if self.is_secure else None

    def client(self) -> httpx.Client:
        """HTTP to the KMF, under its own name whatever the address."""
        name = urlsplit(self.kmf)
        host, port = self.address

        def under_its_name(request: httpx.Request) -> None:
            request.extensions["sni_hostname"] = name.hostname

        return httpx.Client(
            base_url=f"{name.scheme}://{host}:{port}",
            headers={"Host": name.netloc},
            verify=self.trust or False,
            timeout=ANSWER_S,
            trust_env=False,
            event_hooks={"request": [under_its_name]},
        )


@dataclass(frozen=True)
class Device:
    """A device: the name that it was enrolled under, its enrolled key, and a DPoP key of this run. No repr: it holds keys."""

    client_id: str
    enrolled: ec.EllipticCurvePrivateKey
    dpop: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __repr__(self) -> str:
        return f"Device({self.client_id})"

    @property
    def jkt(self) -> str:
        """Thumbprint of the DPoP key."""
        return thumbprint(public_jwk(self.dpop.public_key()))

    def proof(self, method: str, url: str, *, token: str | None = None, body: bytes | None = None) -> str:
        """A DPoP proof for one request of this moment."""
        return make_proof(self.dpop, method=method, url=url, now=datetime.now(UTC), access_token=token, body=body)


def post(site: Site, path: str, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
    """One request.

    Raises:
        Away: no answer, 429 or 5xx.
        Refused: any other refusal, with the server's code.

    """
    try:
        with site.client() as client:
            answer = client.post(path, content=content, headers=dict(headers))
    except httpx.HTTPError:
        raise Away("unreachable") from None
    if answer.is_success:
        return answer
    try:
        code = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        code = str(answer.status_code)
    if answer.status_code == _TOO_MANY or answer.status_code >= _SERVER_ERROR or code == "waiting":
        raise Away(code, int(answer.headers.get("Retry-After", 0)) or None)
    raise Refused(code)
