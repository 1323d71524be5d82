"""Attacker: whoever caught a token, a proof or a whole request ([PERC] 4.6; requirement AUTH-2)."""

import json

import pytest

from tests.scenes import Scene
from tests.simulators.person import Person

pytestmark = pytest.mark.requirement("AUTH-2")


@pytest.fixture
def ada(scene: Scene) -> Person:
    return scene.person("participant", 0).sign_in()


def ask(person: Person, *, token: str, proof: str | None, body: bytes) -> tuple[int, str]:
    answer = person.post("/keys", content=body, token=token, proof=proof)
    assert "Encryption-Key" not in answer.headers
    return answer.status_code, answer.json()["error"]


def test_anothers_proof_does_not_carry_a_token(scene: Scene, ada: Person):
    thief = scene.person("participant", 1)
    body = thief.key_body()
    proof = thief.proof("POST", "/keys", token=ada.token1, body=body)
    assert ask(thief, token=ada.token1, proof=proof, body=body) == (401, "invalid_dpop_proof")
    assert scene.epochs() == []


def test_a_caught_request_is_good_once(scene: Scene, ada: Person):
    body = ada.key_body()
    proof = ada.proof("POST", "/keys", token=ada.token1, body=body)
    assert ada.post("/keys", content=body, token=ada.token1, proof=proof).status_code == 200
    assert ask(ada, token=ada.token1, proof=proof, body=body) == (401, "invalid_dpop_proof")
    assert len(scene.epochs()) == 1
    assert scene.last_refusal() == "proof was used before"


def test_a_proof_does_not_carry_another_body(scene: Scene, ada: Person):
    thief = scene.person("participant", 1)
    proof = ada.proof("POST", "/keys", token=ada.token1, body=ada.key_body())
    assert ask(ada, token=ada.token1, proof=proof, body=thief.key_body()) == (401, "invalid_dpop_proof")
    assert scene.epochs() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [pytest.param("GET", "/keys", id="another method"), pytest.param("POST", "/token", id="another URL")],
)
def test_a_proof_does_not_carry_another_request(scene: Scene, ada: Person, method: str, path: str):
    body = ada.key_body()
    proof = ada.proof(method, path, token=ada.token1, body=body)
    assert ask(ada, token=ada.token1, proof=proof, body=body) == (401, "invalid_dpop_proof")
    assert scene.epochs() == []


def test_a_proof_without_the_bodys_hash_is_refused(scene: Scene, ada: Person):
    proof = ada.proof("POST", "/keys", token=ada.token1)
    assert ask(ada, token=ada.token1, proof=proof, body=ada.key_body()) == (401, "invalid_dpop_proof")


def test_a_token_is_not_a_bearer_token(scene: Scene, ada: Person):
    assert ask(ada, token=ada.token1, proof=None, body=ada.key_body()) == (401, "invalid_dpop_proof")
    assert scene.epochs() == []


def test_a_socket_refuses_another_endpoints_hello(scene: Scene, ada: Person):
    assert ada.ask_for_key().status_code == 200
    thief = scene.person("participant", 1)
    path = f"/conferences/{scene.conference_id}/events"
    with thief.open_socket() as socket:
        thief.say(socket, "hello", token=ada.token1, proof=thief.proof("GET", path, token=ada.token1))
        with pytest.raises(Exception, match="4401"):
            json.loads(socket.recv(timeout=5))


def test_a_socket_opens_for_the_endpoint_page_only(scene: Scene, ada: Person):
    assert ada.ask_for_key().status_code == 200
    with pytest.raises(Exception, match="403"):
        ada.open_socket(origin=scene.stack.origins.core)
