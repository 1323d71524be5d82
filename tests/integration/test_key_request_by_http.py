"""The key request's way past Django: the same headers, limits and refusals as everything else on this origin."""

import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.scenes import Scene
from tests.stack import Stack

SAME = (
    "content-security-policy", "cross-origin-opener-policy", "referrer-policy", "strict-transport-security",
    "x-content-type-options", "x-frame-options",
)  # fmt: skip


@pytest.fixture
def kmf(stack: Stack):
    with stack.http(stack.origins.kmf) as client:
        yield client


def test_its_answers_carry_the_headers_of_the_origin(kmf: httpx.Client):
    usual, own = kmf.get("/jwks"), kmf.post("/keys", content=b"{}")
    assert own.status_code == 401
    for name in SAME:
        assert (name in own.headers) == (name in usual.headers), name
        if name != "content-security-policy":
            assert own.headers.get(name) == usual.headers.get(name)
    assert own.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert own.headers["cache-control"] == "no-store"
    assert own.headers["www-authenticate"] == 'DPoP error="invalid_token"'
    assert "set-cookie" not in own.headers


@pytest.mark.parametrize(("method", "path"), [("POST", "/keys"), ("POST", "/token"), ("POST", "/leave"), ("GET", "/jwks")])
def test_its_answers_tell_the_time_once(kmf: httpx.Client, method: str, path: str):
    """An endpoint whose clock is wrong makes its proofs by this one."""
    told = kmf.request(method, path).headers.get_list("date")
    assert len(told) == 1
    assert abs(parsedate_to_datetime(told[0]).timestamp() - time.time()) < 10


def test_without_a_token_it_is_refused_and_audited(scene: Scene, kmf: httpx.Client):
    answer = kmf.post("/keys", content=b"{}", headers={"Cookie": "sessionid=x"})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    assert scene.last_refusal() == "token is missing"


def test_other_methods_are_not_allowed(kmf: httpx.Client):
    for method in ("GET", "PUT", "OPTIONS"):
        answer = kmf.request(method, "/keys")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_body_over_the_limit_is_refused_unread(kmf: httpx.Client):
    answer = kmf.post("/keys", content=bytes(64 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (413, {"error": "too_large"})
    answer = kmf.post("/keys", content=(bytes(40_000) for _ in range(2)))  # in pieces, without a length
    assert answer.status_code in (400, 413)


def test_it_answers_on_its_own_host_only(stack: Stack, kmf: httpx.Client):
    with stack.http(stack.origins.core) as core:
        assert core.post("/keys", content=b"{}").status_code in (403, 404)
    assert kmf.post("/keys", content=b"{}", headers={"Host": "evil.example"}).status_code == 400


def test_it_is_no_service_worker(kmf: httpx.Client):
    assert kmf.post("/keys", content=b"{}", headers={"Service-Worker": "script"}).status_code == 403


FORGET_REFUSALS = "DELETE FROM authorization_ratecount"


def test_a_seventh_join_within_a_minute_is_told_when_to_come_back(scene: Scene):
    petra, paul = (scene.person("participant", number).sign_in() for number in (0, 1))
    assert [petra.ask_for_key().status_code for _ in range(6)] == [200] * 6
    epochs, released = scene.epochs(), len(scene.audit("key.released"))
    answer = petra.ask_for_key()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.json() == {"error": "too_many", "retry_after": 60}
    assert (answer.headers["cache-control"], answer.headers.get("encryption-key")) == ("no-store", None)
    assert (scene.epochs(), len(scene.audit("key.released"))) == (epochs, released)
    [denied] = scene.audit("key.denied")
    assert (denied["actor"], denied["details"]["reason"]) == (petra.account["email"], "more than six joins within a minute")
    assert paul.ask_for_key().status_code == 200  # nobody else waits


def test_an_address_that_is_refused_too_often_is_told_so_and_who_is_right_there_goes_on(scene: Scene, kmf: httpx.Client):
    petra = scene.person("participant", 0).sign_in()
    with scene.stack.connect("trusted") as database:
        database.execute(FORGET_REFUSALS)
        try:
            answers = [kmf.post("/keys", content=b"{}") for _ in range(62)]
            rows = database.execute("SELECT count(*) FROM conferences_auditentry WHERE event = 'request.refused'").fetchone()
            assert [answer.status_code for answer in answers] == [401] * 60 + [429] * 2
            assert (answers[-1].json(), answers[-1].headers["retry-after"]) == ({"error": "too_many", "retry_after": 60}, "60")
            kmf.post("/keys", content=b"{}")
            again = database.execute("SELECT count(*) FROM conferences_auditentry WHERE event = 'request.refused'").fetchone()
            assert rows == again  # what is over the limit fills no audit
            assert petra.ask_for_key().status_code == 200
        finally:
            database.execute(FORGET_REFUSALS)
