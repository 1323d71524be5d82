"""The KMF as the provider sees it: a JWK set over HTTP, tokens, proofs and signed orders."""

import json
import secrets
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from protocol import base64url, jwks, signed_request
from protocol.access_token import sign_access_token
from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint


def identifier() -> str:
    return base64url.encode(secrets.token_bytes(16))


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


class KMF:
    """One endpoint's view too: ``endpoint`` is its DPoP key."""

    def __init__(self) -> None:
        self.key = new_key()
        self.endpoint = new_key()
        self.pseudonym = identifier()
        self.handle = identifier()
        self.answered = 0
        self.answers = threading.Event()
        self.answers.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": settings.PROVIDER_TOKEN_ISSUER,
            "aud": settings.PROVIDER_ORIGIN,
            "sub": self.pseudonym,
            "client_id": "endpoint",
            "iat": now,
            "exp": now + 300,
            "jti": secrets.token_urlsafe(16),
            "cnf": {"jkt": thumbprint(public_jwk(self.endpoint.public_key()))},
            "handle": self.handle,
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, key: ec.EllipticCurvePrivateKey | None = None, **changes: Any) -> str:
        return sign_access_token(self.claims(**changes), key=key or self.key, kid=jwks.key_id((key or self.key).public_key()))

    def url(self, handle: str | None = None) -> str:
        return f"{settings.PROVIDER_ORIGIN}/conferences/{handle or self.handle}/join"

    def proof(self, token: str, **changes: Any) -> str:
        arguments = {"method": "POST", "url": self.url(), "now": datetime.now(UTC), "access_token": token} | changes
        return make_proof(arguments.pop("key", self.endpoint), **arguments)

    def headers(self, **changes: Any) -> dict[str, str]:
        token = self.token(**changes)
        return {"Authorization": f"DPoP {token}", "DPoP": self.proof(token)}

    def order(self, order: dict[str, Any] | bytes, **changes: Any) -> tuple[bytes, dict[str, str]]:
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        arguments = {
            "key": self.key,
            "issuer": settings.PROVIDER_KMF_ORIGIN,
            "audience": settings.PROVIDER_ORIGIN,
            "method": "POST",
            "url": f"{settings.PROVIDER_ORIGIN}/orders",
            "body": body,
            "now": datetime.now(UTC),
        } | changes
        arguments.setdefault("kid", jwks.key_id(arguments["key"].public_key()))
        return body, {"Authorization": signed_request.sign_request(**arguments)}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        kmf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kmf.answered += 1
                kmf.answers.wait(10)
                body = json.dumps({"keys": [jwks.signing_jwk(kmf.key.public_key())]}).encode()
                known = self.path == "/jwks" and self.headers["Host"] == settings.PROVIDER_KMF_ORIGIN.split("//")[1]
                with suppress(ConnectionError):  # who asked may have given up
                    self.send_response(200 if known else 404)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)
