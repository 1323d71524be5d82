"""What of an OpenID provider speaks to us behind the browser's back: its configuration, its keys, and what it signs."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class KeyServer:
    """A provider's server on loopback, with an RSA and an EC key. ``asked`` counts what was asked of it."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {
            "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ec": ec.generate_private_key(ec.SECP256R1()),
        }
        self.asked: list[str] = []
        self.issuer = ""
        self.claimed_issuer = ""

    def rename(self, old: str, new: str) -> None:
        """The same key under another name, as after a rotation."""
        self.keys[new] = self.keys.pop(old)

    def documents(self) -> dict[str, dict[str, Any]]:
        makers = {"rsa": jwt.algorithms.RSAAlgorithm, "ec": jwt.algorithms.ECAlgorithm}
        keys = []
        for kid, key in self.keys.items():
            name = "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ec"
            keys.append({**makers[name].to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"})
        configuration = {"issuer": self.claimed_issuer or self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
        return {"/.well-known/openid-configuration": configuration, "/jwks": {"keys": keys}}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a logout token of this moment; ``...`` takes one away."""
        now = int(time.time())
        usual = {
            "iss": self.issuer, "aud": "conclave", "iat": now, "exp": now + 120, "jti": secrets.token_urlsafe(12),
            "events": {LOGOUT: {}},
        }  # fmt: skip
        return {name: value for name, value in (usual | changes).items() if value is not ...}

    def sign(self, claims: dict[str, Any], *, kid: str = "rsa", alg: str = "RS256", key: Any = ..., **header: Any) -> str:
        members = {"typ": "logout+jwt", "kid": kid, **header}
        return jwt.encode(claims, self.keys[kid] if key is ... else key, algorithm=alg, headers=members)

    def logout_token(self, **changes: Any) -> str:
        return self.sign(self.claims(**changes))


@contextmanager
def key_server() -> Iterator[KeyServer]:
    """Run one."""
    provider = KeyServer()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            content = json.dumps(provider.documents().get(self.path, {})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
