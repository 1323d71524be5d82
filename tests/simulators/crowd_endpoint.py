"""One endpoint of a :class:`tests.simulators.crowd.Crowd`."""

import asyncio
import email.utils
import json
import random
import re
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from protocol import base64url
from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint
from tests.simulators.opening import Opener
from tests.stack import Stack

HEARTBEAT_S = 5
SILENT_S = 12  # a server that says nothing for so long is not there
ANSWER_S = 25
DENIED, NOT_AUTHORIZED = 4403, 4401  # close codes
LOST = (OSError, WebSocketException, TimeoutError, httpx.HTTPError, asyncio.IncompleteReadError)


class Site:
    """The KMF as these endpoints reach it, and its clock as they estimate it from its answers.

    ``plain_port``: of another process of the same installation, which speaks plain HTTP.
    """

    def __init__(self, stack: Stack, conference_id: str, *, plain_port: int = 0) -> None:
        self.origin, self.port, self.conference_id = stack.origins.kmf, plain_port or stack.port, conference_id
        self.host = self.origin.split("//")[1]
        is_tls = stack.tls and not plain_port
        self.trust = stack.trust if is_tls else None
        self.tls: dict[str, Any] = {"ssl": self.trust, "ssl_shutdown_timeout": 1} if is_tls else {}
        scheme = "https" if is_tls else "http"
        self.base = f"{scheme}://127.0.0.1:{self.port}"
        self.socket_base = f"{scheme.replace('http', 'ws')}://{self.host}"
        self.ahead = timedelta(0)

    async def open(self) -> None:
        limits = httpx.Limits(max_connections=64)
        settings = {"headers": {"Host": self.host}, "timeout": ANSWER_S, "limits": limits, "trust_env": False}
        self.http = httpx.AsyncClient(base_url=self.base, verify=self.trust or False, **settings)

    async def close(self) -> None:
        await self.http.aclose()

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def post(self, path: str, content: str | bytes, headers: dict[str, str]) -> httpx.Response:
        name = {"sni_hostname": self.host.split(":")[0]}
        answer = await self.http.post(path, content=content, headers=headers, extensions=name)
        if "Date" in answer.headers:
            moved = email.utils.parsedate_to_datetime(answer.headers.get_list("Date")[0]) - self.now
            if abs(moved) > timedelta(seconds=3):
                self.ahead += moved
        return answer


class CrowdEndpoint:
    """One endpoint: its keys by KeyID, the source ids that it was given, and where it stands."""

    def __init__(self, site: Site, minted: dict[str, str]) -> None:
        self.site = site
        self.key = load_pem_private_key(minted["key"].encode(), None)
        self.jkt = thumbprint(public_jwk(self.key.public_key()))
        self.token, self.refresh_token = minted["token"], minted["refresh_token"]
        self.keys: dict[str, bytes] = {}
        self.sources: set[int] = set()
        self.refusals: list[str] = []
        self.wanted = self.is_in = False
        self.asks, self.renews = True, False
        self.epoch = self.number = self.joins = 0
        self.welcomed_at = 0.0
        self.heard_at: dict[int, float] = {}  # epoch → when its key came first, by the monotonic clock
        self.task: asyncio.Task[None] | None = None
        self._line: ClientConnection | None = None

    async def live(self) -> None:
        """Come in and stay, come back after every cut, until it is not wanted any more."""
        while self.wanted:
            with suppress(*LOST):
                if self.renews:
                    await self._renew()
                if self.asks:
                    await self._ask()
                await self._attend()
            self.is_in = False
            if self.wanted:
                await asyncio.sleep(random.uniform(0.5, 3))  # noqa: S311  no secret

    async def leave(self) -> None:
        """Say goodbye, and forget the membership."""
        self.wanted, self.is_in, self.asks = False, False, True
        if self._line is not None:
            with suppress(*LOST):
                await self._line.send('{"type":"leaving"}')
                await asyncio.wait_for(self._line.close(), 2)

    # --- requests ----------------------------------------------------------------------------------------------------

    def _proof(self, method: str, path: str, *, body: bytes | None = None, with_token: bool = True) -> str:
        token = self.token if with_token else None
        return make_proof(self.key, method=method, url=self.site.origin + path, now=self.site.now, access_token=token, body=body)

    async def _ask(self) -> None:
        """A key request; what is refused is tried again after a pause."""
        agreement = X25519PrivateKey.generate()
        identity = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        public = base64url.encode(agreement.public_key().public_bytes_raw())
        fields = {"conference": self.site.conference_id, "agreement": {"alg": "X25519", "key": public}}
        body = json.dumps({**fields, "identity": base64url.encode(identity)}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"DPoP {self.token}"}
        headers["DPoP"] = self._proof("POST", "/keys", body=body)
        answer = await self.site.post("/keys", body, headers)
        if answer.status_code != httpx.codes.OK:
            self.refusals.append(f"{answer.status_code} {answer.text[:60]}")
            self.renews = answer.status_code == httpx.codes.UNAUTHORIZED
            raise ConnectionError("refused")
        header = dict(re.findall(r'(\w+)="?([^";]+)"?', answer.headers["Encryption-Key"]))
        self.opener = Opener(agreement, base64url.decode(header["dh"]), conference=self.site.conference_id, jkt=self.jkt)
        self._keep({"key_id": header["keyid"], "spi": int(header["spi"]), "key": header["key"]})
        self.asks = False
        self.joins += 1

    async def _renew(self) -> None:
        form = {"grant_type": "refresh_token", "client_id": "endpoint", "resource": self.site.origin}
        form["refresh_token"] = self.refresh_token
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        headers["DPoP"] = self._proof("POST", "/token", with_token=False)
        answer = await self.site.post("/token", urlencode(form), headers)
        if answer.status_code != httpx.codes.OK:
            self.refusals.append(f"token {answer.status_code} {answer.text[:60]}")
            raise ConnectionError("refused")
        given = answer.json()
        self.token, self.refresh_token, self.renews = given["access_token"], given["refresh_token"], False

    def _keep(self, key: dict[str, Any]) -> None:
        opened = self.opener.open(base64url.decode(key["key"]), key_id=key["key_id"], spi=int(key["spi"]))
        assert self.keys.setdefault(key["key_id"], opened) == opened

    # --- the socket --------------------------------------------------------------------------------------------------

    async def _attend(self) -> None:
        path = f"/conferences/{self.site.conference_id}/events"
        async with connect(
            f"{self.site.socket_base}{path}",
            **self.site.tls,
            host="127.0.0.1",
            port=self.site.port,
            origin=self.site.origin,  # type: ignore[arg-type]
            proxy=None,
            compression=None,
            max_size=2**22,
            open_timeout=ANSWER_S,
            close_timeout=1,
            ping_interval=None,
        ) as line:
            self._line = line
            beats = asyncio.create_task(self._beat(line))
            try:
                await line.send(json.dumps({"type": "hello", "token": self.token, "proof": self._proof("GET", path)}))
                while True:
                    self._hear(json.loads(await asyncio.wait_for(line.recv(), SILENT_S)))
            finally:
                beats.cancel()
                self._line = None
                self.asks |= line.close_code == DENIED
                self.renews |= line.close_code == NOT_AUTHORIZED

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "welcome":
            self.sources.add(message["source_id"])
            self._take_key(message["key"])
            self.number = _body(message["roster"])["number"]
            self.is_in, self.welcomed_at = True, time.monotonic()
        elif kind == "rekey":
            self._take_key(message)
        elif kind == "roster":
            self.number = _body(message["delta"])["number"]
        elif kind == "revoked":
            self.refusals.append(f"revoked {message['reason']}")
            self.is_in, self.asks = False, True
            self.renews = message["reason"] == "expired"
        elif kind == "denied":
            self.refusals.append(f"denied {message['code']}")
            self.asks = True

    def _take_key(self, key: dict[str, Any]) -> None:
        self._keep(key)
        self.epoch = key["epoch"]
        self.heard_at.setdefault(self.epoch, time.monotonic())

    async def _beat(self, line: ClientConnection) -> None:
        with suppress(*LOST):
            while True:
                await asyncio.sleep(HEARTBEAT_S)
                await line.send(json.dumps({"type": "heartbeat", "number": self.number}))


def _body(statement: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(base64url.decode(statement["body"]))
    return body
