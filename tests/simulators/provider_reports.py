"""The conference provider's voice in a test: presence reports, signed with its real key or with another."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from protocol.jwks import key_id
from protocol.signed_request import sign_request
from tests.scenes import Scene
from tests.simulators.person import Person


class ReportingProvider:
    """Reports about one conference, truthful or not."""

    def __init__(self, scene: Scene, *, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        self.scene = scene
        pem = (scene.stack.state.root / "provider" / "secrets" / "provider-signing.pem").read_bytes()
        real: Any = load_pem_private_key(pem, None)
        self.kid = key_id(real.public_key())
        self.key: ec.EllipticCurvePrivateKey = key or real

    def pseudonym(self, person: Person) -> str:
        with self.scene.stack.connect("trusted") as database:
            row = database.execute(
                "SELECT pseudonym FROM conferences_participant WHERE conference_id = %s AND identity = %s",
                (self.scene.conference_id, person.account["email"]),
            ).fetchone()
        assert row is not None
        return str(row[0])

    def line(self, person: Person, event: str, *, handle: str | None = None) -> dict[str, Any]:
        at = int(datetime.now(UTC).timestamp())
        return {"handle": handle or self.scene.handle, "pseudonym": self.pseudonym(person), "event": event, "at": at}

    def signed(self, lines: list[dict[str, Any]], *, audience: str | None = None) -> tuple[bytes, str]:
        body = json.dumps({"reports": lines}).encode()
        origins = self.scene.stack.origins
        authorization = sign_request(
            key=self.key,
            kid=self.kid,
            issuer=origins.provider,
            audience=audience or origins.kmf,
            method="POST",
            url=f"{origins.kmf}/presence",
            body=body,
            now=datetime.now(UTC),
        )
        return body, authorization

    def client(self) -> httpx.Client:
        """A client of the KMF, as the provider's is."""
        return self.scene.stack.http(self.scene.stack.origins.kmf)

    def post(self, body: bytes, authorization: str, client: httpx.Client | None = None) -> httpx.Response:
        if client is None:
            with self.client() as own:
                return self.post(body, authorization, own)
        headers = {"Content-Type": "application/json", "Authorization": authorization}
        return client.post("/presence", content=body, headers=headers)

    def report(self, *lines: dict[str, Any]) -> httpx.Response:
        return self.post(*self.signed(list(lines)))
