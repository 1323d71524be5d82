"""The core frame: its document is framed by the endpoint page alone, its data is that of one token3, and no session opens it."""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from conferences.models import AuditEntry, Conference, FrameProof, FrameRefusalCount
from conferences.tasks import clean
from kmf.authorization.keys import public_jwks, signing_key
from kmf.services.clean import clean_up
from protocol.access_token import sign_access_token
from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint
from tests.conferences.conftest import ADA, BEN

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("CORE-FRAME-1")]
CORE = settings.ORIGINS.core


@pytest.fixture(autouse=True)
def _issuer() -> Iterator[None]:
    """The issuer's keys as they would be fetched."""
    cache.set("issuer-jwks", public_jwks())
    yield
    cache.clear()


@pytest.fixture
def conference(schedule: Callable[..., Conference]) -> Conference:
    return schedule(at=timezone.now())


class Frame:
    """A frame that was given token3 of Ben, and proofs by his endpoint's key."""

    def __init__(self, conference_id: str, **claims: Any) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.path = f"/frame/conferences/{conference_id}"
        now = int(datetime.now(UTC).timestamp())
        given = {
            "iss": settings.ORIGINS.auth, "aud": CORE, "sub": "ben", "client_id": "endpoint", "iat": now, "exp": now + 300,
            "jti": secrets.token_urlsafe(16), "cnf": {"jkt": thumbprint(public_jwk(self.key.public_key()))},
            "auth_time": now, "amr": ["pwd"], "conference": conference_id, "identity": BEN,
        } | claims  # fmt: skip
        key = signing_key()
        self.token = sign_access_token(given, key=key.private, kid=key.kid)

    def proof(self, **changed: Any) -> str:
        members = {"method": "GET", "url": CORE + self.path, "now": datetime.now(UTC), "access_token": self.token} | changed
        return make_proof(self.key, **members)

    def ask(self, proof: str | None = None, **headers: str) -> Any:
        sent = {"authorization": f"DPoP {self.token}", "dpop": self.proof() if proof is None else proof} | headers
        return Client(headers={"host": CORE.split("//")[1]}).get(self.path, headers=sent)


def refusals() -> list[str]:
    return [
        json.loads(entry.body)["details"]["reason"] for entry in AuditEntry.objects.filter(event="frame.refused").order_by("id")
    ]


def test_an_invited_endpoint_sees_its_conference(conference: Conference) -> None:
    answer = Frame(conference.id).ask()
    assert answer.status_code == 200
    assert answer.json()["title"] == conference.title
    assert [person["identity"] for person in answer.json()["invited"]] == [ADA, BEN, "chiara@supplier.example"]
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert refusals() == []


def test_who_was_withdrawn_is_not_shown_and_sees_nothing(conference: Conference) -> None:
    conference.participants.filter(identity=BEN).update(withdrawn_at=timezone.now())
    answer = Frame(conference.id).ask()
    assert (answer.status_code, answer.json()) == (403, {"error": "denied"})
    assert refusals() == ["not invited now"]
    shown = Frame(conference.id, identity=ADA).ask().json()["invited"]
    assert BEN not in [person["identity"] for person in shown]


def test_who_is_refused_in_a_loop_fills_no_audit(conference: Conference) -> None:
    conference.participants.filter(identity=BEN).update(withdrawn_at=timezone.now())
    frame = Frame(conference.id)
    assert {frame.ask().status_code for _ in range(20)} == {403}
    other = Frame(conference.id, identity="eve@weaver.example", sub="eve")
    assert other.ask().status_code == 403
    assert refusals() == ["not invited now"] * 2
    clean_up(now=timezone.now() + timedelta(seconds=61))
    [told] = [entry for entry in map(details_of, AuditEntry.objects.filter(event="frame.refused")) if "more" in entry]
    assert (told["reason"], told["more"]) == ("not invited now", 19)
    assert FrameRefusalCount.objects.count() == 0
    assert frame.ask().status_code == 403
    assert len(refusals()) == 4  # a new minute begins with an entry


def test_each_reason_has_its_own_entry_and_a_minute_later_what_was_counted_comes_first(conference: Conference) -> None:
    frame = Frame(conference.id)
    proof = frame.proof()
    assert [frame.ask(proof).status_code for _ in range(3)] == [200, 401, 401]
    conference.participants.filter(identity=BEN).update(withdrawn_at=timezone.now())
    assert frame.ask().status_code == 403
    assert refusals() == ["proof was used before", "not invited now"]
    FrameRefusalCount.objects.update(since=timezone.now() - timedelta(seconds=61))
    assert frame.ask(proof).status_code == 401
    assert refusals() == ["proof was used before", "not invited now", "proof was used before", "proof was used before"]
    entries = AuditEntry.objects.filter(event="frame.refused").order_by("id")
    assert [details_of(entry).get("more") for entry in entries][2:] == [1, None]


def details_of(entry: AuditEntry) -> dict[str, Any]:
    details: dict[str, Any] = json.loads(entry.body)["details"]
    return details


def test_another_conference_is_refused_though_invited_there_too(
    conference: Conference, schedule: Callable[..., Conference]
) -> None:
    other = schedule(at=timezone.now())
    frame = Frame(other.id, conference=conference.id)
    assert frame.ask().status_code == 403
    assert refusals() == ["token of another conference"]


def test_a_conference_that_is_none_answers_alike(conference: Conference) -> None:
    unknown = Frame("A" * 22).ask()
    conference.participants.filter(identity=BEN).update(withdrawn_at=timezone.now())
    known = Frame(conference.id).ask()
    assert (unknown.status_code, unknown.content) == (known.status_code, known.content)


def test_a_proof_is_good_once(conference: Conference) -> None:
    frame = Frame(conference.id)
    proof = frame.proof()
    assert [frame.ask(proof).status_code for _ in range(2)] == [200, 401]
    assert refusals() == ["proof was used before"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"method": "POST"}, "proof for another method"),
        ({"url": f"{CORE}/frame"}, "proof for another URL"),
        ({"access_token": "other"}, "ath does not match"),
        ({"now": datetime.now(UTC) - timedelta(minutes=2)}, "proof is not of this moment"),
    ],
    ids=["another method", "another URL", "another token", "of yesterday"],
)
def test_a_proof_of_something_else_is_refused(conference: Conference, change: dict[str, Any], reason: str) -> None:
    frame = Frame(conference.id)
    answer = frame.ask(frame.proof(**change))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_dpop_proof"})
    assert refusals() == [reason]
    assert FrameProof.objects.count() == 0


def test_the_token_of_somebody_else_is_refused(conference: Conference) -> None:
    """A script of the core origin that saw a token has no proof for a second look."""
    stolen, thief = Frame(conference.id), Frame(conference.id)
    proof = make_proof(thief.key, method="GET", url=CORE + stolen.path, now=datetime.now(UTC), access_token=stolen.token)
    assert stolen.ask(proof).status_code == 401
    assert refusals() == ["proof under another key"]


def test_the_sign_in_token_of_a_session_opens_no_frame(conference: Conference) -> None:
    assert Frame(conference.id, client_id="core").ask().json() == {"error": "invalid_token"}
    assert refusals() == ["token of another client"]


@pytest.mark.parametrize(
    "claims",
    [{"aud": settings.ORIGINS.kmf}, {"aud": settings.ORIGINS.provider}, {"iss": "http://elsewhere.localhost"}, {"exp": 1}],
    ids=["token1", "token2", "of another issuer", "expired"],
)
def test_tokens_for_others_are_refused(conference: Conference, claims: dict[str, Any]) -> None:
    assert Frame(conference.id, **claims).ask().json() == {"error": "invalid_token"}


@pytest.mark.parametrize("authorization", ["", "DPoP ", "Bearer x", "DPoP x", "DPoP " + "x" * 10_000])
def test_without_a_token_nothing_is_told(conference: Conference, authorization: str) -> None:
    assert Frame(conference.id).ask(authorization=authorization).status_code == 401
    assert AuditEntry.objects.filter(event="frame.refused").count() == 0


def test_a_session_opens_nothing(conference: Conference, visitor: Callable[..., Client]) -> None:
    """Under one registrable domain the browser sends the core application's cookie into the frame, too."""
    answer = visitor(BEN).get(f"/frame/conferences/{conference.id}")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})


def test_the_document_is_framed_by_the_endpoint_page_alone(visitor: Callable[..., Client]) -> None:
    answers = [client.get("/frame") for client in (visitor(), visitor(BEN))]
    assert answers[0].content == answers[1].content
    policy = dict(part.split(" ", 1) for part in answers[0]["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == settings.ORIGINS.kmf
    assert policy["form-action"] == policy["base-uri"] == policy["trusted-types"] == "'none'"
    assert "unsafe" not in answers[0]["Content-Security-Policy"]
    assert "X-Frame-Options" not in answers[0]
    assert "camera=()" in answers[0]["Permissions-Policy"]
    assert not answers[0].cookies


def test_used_proofs_are_forgotten_when_their_time_is_over(conference: Conference) -> None:
    Frame(conference.id).ask()
    clean()
    assert FrameProof.objects.count() == 1
    FrameProof.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    clean()
    assert FrameProof.objects.count() == 0
