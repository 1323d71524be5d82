"""The provider's real parts for browser tests: PostgreSQL, Janus, coturn, Daphne; and a stand-in for the KMF's origin.

The stand-in shows the signing key at ``/jwks``, serves the call module and the test's page, and hands out token2 and proofs.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
from cryptography.hazmat.primitives.asymmetric import ec

from config.embedded.ports import distinct_ports, free_port
from config.embedded.secrets import make_secrets
from config.embedded.state import State
from config.env import ROOT, Environment
from protocol import base64url, jwks, signed_request
from protocol.access_token import sign_access_token
from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint

TYPES = {".js": "text/javascript", ".html": "text/html"}


class ProviderSite:
    def __init__(self, *, mdds: int = 1, room_limit: int = 0) -> None:
        self.room_limit = room_limit
        self.names = ["janus", *(f"janus-{number}" for number in range(2, mdds + 1))]
        self.directory = Path(tempfile.mkdtemp(prefix="conclave-provider-"))
        self.port, self.provider_port, self.turn_port = (free_port(0) for _ in range(3))
        self.janus_ports = distinct_ports([0] * mdds)
        self.kmf = f"http://kmf.localhost:{self.port}"
        self.auth = f"http://auth.localhost:{self.port}"
        self.provider = f"http://provider.localhost:{self.provider_port}"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.endpoint_keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.pseudonyms: dict[str, str] = {}
        self.handle = identifier()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())

    def start(self) -> None:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        command = [sys.executable, "-m", "provider.mdd", "--directory", str(self.directory), "--secrets", self._secrets()]
        for name, port in zip(self.names, self.janus_ports, strict=True):
            command += ["--janus", f"{name}:{port}"]
        command += ["--turn-port", str(self.turn_port)]
        command += ["--rtp-ports", "39000-39399", "--relay-ports", "39400-39799"]
        written = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603  our own command
        self.commands = json.loads(written.stdout)
        for name in [*self.names, "turn"]:
            self.run(name, self.commands[name])
        for port in self.janus_ports:
            self.wait_for_port(port)  # one that is not there yet would be taken for lost, and get no room at first
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=self.environment(), check=True)
        with psycopg.connect(Environment("provider").text("DATABASE_URL")) as database:
            database.execute("TRUNCATE provider_room CASCADE")  # the test session's sites share it: seats of one that is over
        daphne = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(self.provider_port), "config.asgi_provider:application"]
        self.run("daphne", [sys.executable, *daphne])
        self.wait_until_ready()

    def run(self, name: str, command: list[str]) -> None:
        log = (self.directory / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(  # noqa: S603  our own command
            command, cwd=ROOT, env=self.environment(), stdout=log, stderr=log
        )

    def wait_for_port(self, port: int) -> None:
        deadline = time.monotonic() + 40
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, f"nothing listens at {port}"
                time.sleep(0.1)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            try:
                if self.get("/ready").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError((self.directory / "daphne.log").read_text()[-4000:])

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.provider_port}{path}", headers={"Host": urlsplit(self.provider).netloc})

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            process.wait(20)
        self.server.shutdown()

    def stop_process(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait(10)

    def mdd_of_the_room(self) -> str:
        """Name of the MDD at which the conference is: the one with the fewest seats when its first endpoint came."""
        with psycopg.connect(Environment("provider").text("DATABASE_URL")) as database:
            rows = database.execute(
                "SELECT mdd FROM provider_part JOIN provider_room ON provider_room.id = room_id WHERE handle = %s", (self.handle,)
            )
            [(name,)] = rows.fetchall()
        return str(name)

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings.provider",
            "CONCLAVE_PORT": str(self.port),
            "CONCLAVE_PROVIDER_PORT": str(self.provider_port),
            "CONCLAVE_JANUS_URL": " ".join(f"ws://127.0.0.1:{port}" for port in self.janus_ports),
            "CONCLAVE_MDD_ROOM_LIMIT": str(self.room_limit),
            "CONCLAVE_TURN_ADDRESS": f"127.0.0.1:{self.turn_port}",
        }

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        run = subprocess.run(command, cwd=ROOT, env=self.environment(), check=True, capture_output=True, text=True)  # noqa: S603
        return run.stdout

    def order(self, **order: Any) -> httpx.Response:
        body = json.dumps(order).encode()
        url = f"{self.provider}/orders"
        authorization = signed_request.sign_request(
            key=self.key,
            kid=jwks.key_id(self.key.public_key()),
            issuer=self.kmf,
            audience=self.provider,
            method="POST",
            url=url,
            body=body,
            now=datetime.now(UTC),
        )
        headers = {"Authorization": authorization, "Host": urlsplit(self.provider).netloc}
        return httpx.post(f"http://127.0.0.1:{self.provider_port}/orders", content=body, headers=headers)

    def page(self, who: str, **settings: str) -> str:
        more = "".join(f"&{name}={value}" for name, value in settings.items())
        return f"{self.kmf}/call_page/index.html?who={who}&provider={self.provider}{more}"

    def credentials(self, who: str) -> dict[str, str]:
        now = datetime.now(UTC)
        key = self.endpoint_keys.setdefault(who, ec.generate_private_key(ec.SECP256R1()))
        claims = {
            "iss": self.auth,
            "aud": self.provider,
            "sub": self.pseudonyms.setdefault(who, identifier()),
            "client_id": "endpoint",
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 300,
            "jti": secrets.token_urlsafe(16),
            "cnf": {"jkt": thumbprint(public_jwk(key.public_key()))},
            "handle": self.handle,
        }
        token = sign_access_token(claims, key=self.key, kid=jwks.key_id(self.key.public_key()))
        url = f"{self.provider}/conferences/{self.handle}/join"
        proof = make_proof(key, method="POST", url=url, now=now, access_token=token)
        return {"handle": self.handle, "url": url, "token": token, "proof": proof}

    def _secrets(self) -> str:
        make_secrets(State(Path(os.environ["CONCLAVE_STATE"])), mdds=len(self.names))
        return str(Path(os.environ["CONCLAVE_STATE"]) / "provider" / "secrets")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/jwks":
                    self.answer("application/json", {"keys": [jwks.signing_jwk(site.key.public_key())]})
                elif parts.path == "/join-credentials":
                    self.answer("application/json", site.credentials(parse_qs(parts.query)["who"][0]))
                elif parts.path == "/favicon.ico":
                    self.answer("image/x-icon", b"")
                else:
                    folder = ROOT / ("static/endpoint" if parts.path.startswith("/call/") else "tests/browser")
                    path = folder / parts.path.removeprefix("/")
                    self.answer(TYPES[path.suffix], path.read_bytes())

            def answer(self, content_type: str, content: Any) -> None:
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler


def identifier() -> str:
    return base64url.encode(secrets.token_bytes(16))
