"""Attacker: whoever holds a token for one party and tries it at another ([PERC] 6.2; requirement AUTH-1)."""

import pytest

from tests.scenes import Scene
from tests.simulators.person import Person

pytestmark = pytest.mark.requirement("AUTH-1")


@pytest.fixture
def ada(scene: Scene) -> Person:
    return scene.person("participant", 0).sign_in()


def join(person: Person, handle: str, token: str) -> int:
    path = f"/conferences/{handle}/join"
    proof = person.proof("POST", path, token=token, origin=person.stack.origins.provider)
    return person.post(path, token=token, proof=proof, provider=True).status_code


def test_token1_opens_nothing_at_the_provider(scene: Scene, ada: Person):
    assert join(ada, scene.handle, ada.token1) == 401


def test_token2_opens_no_key(scene: Scene, ada: Person):
    token2 = ada.token("refresh_token", scene.stack.origins.provider).json()["access_token"]
    body = ada.key_body()
    answer = ada.post("/keys", content=body, token=token2, proof=ada.proof("POST", "/keys", token=token2, body=body))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    assert "Encryption-Key" not in answer.headers
    assert scene.epochs() == []
    assert scene.last_refusal() == "token for another audience"
    assert join(ada, scene.handle, token2) == 200


def test_token2_says_nothing_about_the_person_or_the_conference(scene: Scene, ada: Person):
    token2 = ada.token("refresh_token", scene.stack.origins.provider).json()["access_token"]
    claims = scene.claims_of(token2)
    assert set(claims) == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "cnf", "handle"}
    assert ada.account["email"] not in str(claims)
    assert scene.conference_id not in str(claims)


def test_token2_of_one_conference_does_not_open_another(scene: Scene, ada: Person):
    other = scene.another()
    token2 = ada.token("refresh_token", scene.stack.origins.provider).json()["access_token"]
    assert join(ada, other.handle, token2) in (401, 403)


@pytest.mark.parametrize("resources", [[], ["kmf", "provider"]], ids=["none", "two"])
def test_a_token_request_names_exactly_one_resource(scene: Scene, ada: Person, resources: list[str]):
    pairs = [("grant_type", "refresh_token"), ("client_id", "endpoint"), ("refresh_token", ada.refresh_token)]
    pairs += [("resource", getattr(scene.stack.origins, name)) for name in resources]
    answer = ada.post_form("/token", pairs)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
    assert ada.token("refresh_token", scene.stack.origins.kmf).status_code == 200  # nothing was used up


def test_each_resource_keeps_its_token_when_another_is_refreshed(scene: Scene, ada: Person):
    ada.token("refresh_token", scene.stack.origins.provider)
    ada.token("refresh_token", scene.stack.origins.core)
    assert ada.ask_for_key().status_code == 200
