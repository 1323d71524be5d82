"""A person without a browser: signs in over HTTP, obtains tokens and keys, holds the push socket. Real requests, real keys.

What a browser would do stands here once, so that attackers in ``tests/adversary/`` can do one thing of it wrongly.
"""

import base64
import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from websockets.sync.client import ClientConnection, connect

from protocol import base64url
from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint
from tests.simulators.opening import Opener
from tests.stack import Stack

NOT_TOGETHER_S = 0.12  # a joiner may share an epoch that is not older than 0.1 s (kmf/services/epochs.py)


@dataclass
class HeldKey:
    """What one ``Encryption-Key`` header or ``rekey`` gave."""

    key_id: str
    spi: int
    ekt_key: bytes


class Person:
    """One endpoint of one account, with a DPoP key of its own."""

    # Who signed in stays signed in at the auth origin, as in a browser: sign-ins are rationed.
    _signed_in: ClassVar[dict[tuple[int, str], dict[str, str]]] = {}

    def __init__(self, stack: Stack, account: dict[str, str], conference_id: str) -> None:
        self.stack, self.account, self.conference_id = stack, account, conference_id
        self.dpop = ec.generate_private_key(ec.SECP256R1())
        self.agreement = X25519PrivateKey.generate()
        self.identity = Ed25519PrivateKey.generate()
        self.refresh_token = ""
        self.ahead = timedelta(0)  # of this machine's clock: where the servers' is
        self.keys: dict[int, HeldKey] = {}

    # --- OAuth -------------------------------------------------------------------------------------------------------

    @property
    def jkt(self) -> str:
        return thumbprint(public_jwk(self.dpop.public_key()))

    def sign_in(self) -> "Person":
        """Authorization code flow with PKCE and DPoP; leaves a refresh token for all three resources."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        origins = self.stack.origins
        query = [
            ("response_type", "code"), ("client_id", "endpoint"), ("redirect_uri", f"{origins.kmf}/callback"),
            ("scope", f"conference:{self.conference_id}"), ("state", secrets.token_urlsafe(16)),
            ("code_challenge", challenge), ("code_challenge_method", "S256"), ("dpop_jkt", self.jkt),
            ("resource", origins.kmf), ("resource", origins.provider), ("resource", origins.core),
        ]  # fmt: skip
        code = parse_qs(urlsplit(self._authorize(f"/authorize?{urlencode(query)}")).query)["code"][0]
        fields = {"code": code, "redirect_uri": f"{origins.kmf}/callback", "code_verifier": verifier}
        self.token1 = self.token("authorization_code", origins.kmf, fields).json()["access_token"]
        return self

    def _authorize(self, path: str) -> str:
        """Follow the auth origin's redirects, signing in on the way; the callback's URL."""
        with self.stack.http(self.stack.origins.auth) as client:
            cookies = self._signed_in.setdefault((self.stack.port, self.account["email"]), {})
            for _ in range(8):
                answer = client.get(path, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())})
                cookies.update(answer.cookies)
                if answer.status_code == httpx.codes.OK:
                    answer = self._post_sign_in(client, path, answer.text, cookies)
                    cookies.update(answer.cookies)
                location = answer.headers["Location"]
                if location.startswith(self.stack.origins.kmf):
                    return location
                path = location.removeprefix(self.stack.origins.auth)
        raise AssertionError("the authorization did not come back")

    def _post_sign_in(self, client: httpx.Client, path: str, page: str, cookies: dict[str, str]) -> httpx.Response:
        hidden = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
        form = {**hidden, "login": self.account["email"], "password": self.account["password"]}
        form = {name: value.replace("&amp;", "&") for name, value in form.items()}
        headers = {
            "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()),
            "Origin": self.stack.origins.auth,
            "Referer": self.stack.origins.auth + "/sign-in",
        }
        return client.post(path.split("?", 1)[0], data=form, headers=headers)

    def token(self, grant_type: str, resource: str, fields: dict[str, str] | None = None) -> httpx.Response:
        """One request to the token endpoint; keeps the rotated refresh token."""
        form = {"grant_type": grant_type, "client_id": "endpoint", "resource": resource, **(fields or {})}
        if grant_type == "refresh_token":
            form["refresh_token"] = self.refresh_token
        answer = self.post(
            "/token", content=urlencode(form), kind="application/x-www-form-urlencoded", proof=self.proof("POST", "/token")
        )
        if answer.status_code == httpx.codes.OK:
            self.refresh_token = answer.json()["refresh_token"]
        return answer

    def renew_token(self) -> str:
        """A fresh token1 in the earlier one's place."""
        self.token1 = self.token("refresh_token", self.stack.origins.kmf).json()["access_token"]
        return self.token1

    def post_form(self, path: str, pairs: list[tuple[str, str]]) -> httpx.Response:
        kind = "application/x-www-form-urlencoded"
        return self.post(path, content=urlencode(pairs), kind=kind, proof=self.proof("POST", path))

    def proof(
        self, method: str, path: str, *, token: str | None = None, body: bytes | None = None, origin: str | None = None
    ) -> str:
        return make_proof(
            self.dpop,
            method=method,
            url=(origin or self.stack.origins.kmf) + path,
            now=datetime.now(UTC) + self.ahead,
            access_token=token,
            body=body,
        )

    def post(
        self, path: str, *, content: bytes | str = b"", kind: str = "application/json", proof: str | None = None,
        token: str | None = None, provider: bool = False,
    ) -> httpx.Response:  # fmt: skip
        origin = self.stack.origins.provider if provider else self.stack.origins.kmf
        headers = {"Content-Type": kind}
        if proof is not None:
            headers["DPoP"] = proof
        if token is not None:
            headers["Authorization"] = f"DPoP {token}"
        with self.stack.http(origin) as client:
            return client.post(path, content=content, headers=headers)

    # --- keys --------------------------------------------------------------------------------------------------------

    def key_body(self) -> bytes:
        return json.dumps(
            {
                "conference": self.conference_id,
                "agreement": {"alg": "X25519", "key": base64url.encode(self.agreement.public_key().public_bytes_raw())},
                "identity": base64url.encode(self.identity.public_key().public_bytes_raw()),
            }
        ).encode()

    def ask_for_key(self) -> httpx.Response:
        """``POST /keys``; keeps the key of a successful answer.

        Not within the moment in which who joins shares the epoch of who joined just before.
        """
        time.sleep(NOT_TOGETHER_S)
        body = self.key_body()
        answer = self.post(
            "/keys", content=body, token=self.token1, proof=self.proof("POST", "/keys", token=self.token1, body=body)
        )
        if answer.status_code == httpx.codes.OK:
            fields = dict(re.findall(r'(\w+)="?([^";]+)"?', answer.headers["Encryption-Key"]))
            dh = base64url.decode(fields["dh"])
            self.opener = Opener(self.agreement, dh, conference=self.conference_id, jkt=self.jkt)
            self._keep(0, fields["keyid"], int(fields["spi"]), fields["key"])
        return answer

    def _keep(self, epoch: int, key_id: str, spi: int, wrapped: str) -> None:
        ekt_key = self.opener.open(base64url.decode(wrapped), key_id=key_id, spi=spi)
        self.keys[epoch or spi] = HeldKey(key_id, spi, ekt_key)

    # --- push --------------------------------------------------------------------------------------------------------

    def open_socket(self, origin: str | None = None) -> ClientConnection:
        url = urlsplit(self.stack.origins.kmf)
        return connect(
            f"ws://{url.netloc}/conferences/{self.conference_id}/events",
            sock=self.stack.open_line(self.stack.origins.kmf), origin=origin or self.stack.origins.kmf, proxy=None, legacy=True,
        )  # fmt: skip

    def hello(self, socket: ClientConnection) -> None:
        self.say(socket, "hello", token=self.token1, proof=self.socket_proof(self.token1))

    def socket_proof(self, token: str) -> str:
        """A proof for ``hello`` or ``renew``."""
        return self.proof("GET", f"/conferences/{self.conference_id}/events", token=token)

    @staticmethod
    def say(socket: ClientConnection, kind: str, **members: Any) -> None:
        socket.send(json.dumps({"type": kind, **members}))

    def hear(self, socket: ClientConnection, kind: str, timeout: float = 5) -> dict[str, Any]:
        """The next message of ``kind``; keys on the way are kept."""
        while True:
            message: dict[str, Any] = json.loads(socket.recv(timeout=timeout))
            key = message.get("key") if message["type"] == "welcome" else message if message["type"] == "rekey" else None
            if key is not None:
                self._keep(key["epoch"], key["key_id"], key["spi"], key["key"])
            if message["type"] == kind:
                return message


def body_of(statement: dict[str, str]) -> dict[str, Any]:
    """Members of a signed statement, unverified."""
    body: dict[str, Any] = json.loads(base64url.decode(statement["body"]))
    return body
