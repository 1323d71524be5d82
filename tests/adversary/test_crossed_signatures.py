"""Attacker: somebody with signatures that are good elsewhere: another provider's, yesterday's, or the other side's own."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from protocol.jwks import key_id
from protocol.signed_request import sign_request
from tests.scenes import Scene
from tests.simulators.person import Person
from tests.simulators.provider_reports import ReportingProvider

pytestmark = pytest.mark.requirement("KMF-PRESENCE-1")


def kmf_key(scene: Scene) -> Any:
    return load_pem_private_key((scene.stack.state.root / "trusted" / "secrets" / "token-signing.pem").read_bytes(), None)


CROSSED = {
    "another provider's key": (lambda _scene: {"key": ec.generate_private_key(ec.SECP256R1())}, "unknown signing key"),
    "another provider's origin": (lambda _scene: {"issuer": "https://conferences.example"}, "request was signed for another iss"),
    "an order of the KMF, sent back": (
        lambda scene: {"key": kmf_key(scene), "issuer": scene.stack.origins.kmf, "audience": scene.stack.origins.provider},
        "unknown signing key",
    ),
    "a minute old": (lambda _scene: {"now": datetime.now(UTC) - timedelta(seconds=61)}, "signature is expired"),
    "from the next minute": (lambda _scene: {"now": datetime.now(UTC) + timedelta(seconds=60)}, "signature is from the future"),
    "for another path": (lambda scene: {"url": f"{scene.stack.origins.kmf}/token"}, "request was signed for another htu"),
}


@pytest.mark.parametrize(("changes", "reason"), CROSSED.values(), ids=CROSSED.keys())
def test_a_report_under_a_signature_for_something_else_changes_nothing(scene: Scene, changes: Any, reason: str):
    ada = scene.person("participant", 0).sign_in()
    assert ada.ask_for_key().status_code == 200
    provider, origins = ReportingProvider(scene), scene.stack.origins
    body = json.dumps({"reports": [provider.line(ada, "disconnected")]}).encode()
    arguments: dict[str, Any] = {
        "key": provider.key,
        "issuer": origins.provider,
        "audience": origins.kmf,
        "method": "POST",
        "url": f"{origins.kmf}/presence",
        "body": body,
        "now": datetime.now(UTC),
    } | changes(scene)
    kid = key_id(arguments["key"].public_key())
    answer = provider.post(body, sign_request(kid=kid, **arguments))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    assert scene.last_refusal() == reason
    assert scene.audit("presence.disagreement") == []


def test_an_order_under_the_providers_own_key_changes_nothing(scene: Scene):
    ada: Person = scene.person("participant", 0).sign_in()
    assert ada.ask_for_key().status_code == 200
    provider, origins = ReportingProvider(scene), scene.stack.origins
    body = json.dumps({"order": "close", "handle": scene.handle}).encode()
    authorization = sign_request(
        key=provider.key,
        kid=provider.kid,
        issuer=origins.kmf,
        audience=origins.provider,
        method="POST",
        url=f"{origins.provider}/orders",
        body=body,
        now=datetime.now(UTC),
    )
    with scene.stack.http(origins.provider) as client:
        answer = client.post(
            "/orders", content=body, headers={"Authorization": authorization, "Content-Type": "application/json"}
        )
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    with scene.stack.connect("provider") as database:
        row = database.execute("SELECT count(*) FROM provider_room WHERE handle = %s AND closed_at IS NOT NULL", (scene.handle,))
        assert row.fetchone() == (0,)
