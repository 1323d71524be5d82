"""Token requests that are refused: the right code outside, the precise reason in the audit, nothing given, nothing used up."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone

from conferences.models import AuditEntry
from kmf.authorization.models import AccessToken, Grant, RateCount, RefreshToken
from kmf.authorization.proofs import fresh_nonce
from kmf.authorization.validator import AT_ONCE, LOST_ANSWERS
from tests.kmf.authorization.oauth_client import host

STRANGER = ec.generate_private_key(ec.SECP256R1())


def assert_refused(response, code, status=400):
    assert (response.status_code, response.json()) == (status, {"error": code})


def assert_nothing_given():
    assert (AccessToken.objects.count(), RefreshToken.objects.count()) == (0, 0)
    assert list(Grant.objects.values_list("redeemed_at", flat=True)) == [None]


FORMS = {
    "no grant type": ({"grant_type": ...}, "unsupported_grant_type"),
    "password grant": ({"grant_type": "password"}, "unsupported_grant_type"),
    "client credentials": ({"grant_type": "client_credentials"}, "invalid_request"),
    "device grant": ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "invalid_request"),
    "openid's grant": ({"grant_type": "openid"}, "unsupported_grant_type"),
    "grant type twice": ({"grant_type": ["authorization_code", "authorization_code"]}, "invalid_request"),
    "no code": ({"code": ...}, "invalid_request"),
    "unknown code": ({"code": "A" * 30}, "invalid_grant"),
    "code with a NUL": ({"code": "A\x00"}, "invalid_grant"),
    "no client": ({"client_id": ...}, "invalid_request"),
    "unknown client": ({"client_id": "other"}, "invalid_client"),
    "client with a NUL": ({"client_id": "endpoint\x00"}, "invalid_client"),
    "code of another client": ({"client_id": "core"}, "invalid_grant"),
    "no redirect URI": ({"redirect_uri": ...}, "invalid_request"),
    "another redirect URI": ({"redirect_uri": "http://core.localhost:8000/signed-in"}, "invalid_request"),
    "no verifier": ({"code_verifier": ...}, "invalid_request"),
    "another verifier": ({"code_verifier": "A" * 43}, "invalid_grant"),
    "the challenge as verifier": ({"code_verifier": "{challenge}"}, "invalid_grant"),
    "no resource": ({"resource": []}, "invalid_target"),
    "two resources": ({"resource": ["{kmf}", "{provider}"]}, "invalid_target"),
    "the same resource twice": ({"resource": ["{kmf}", "{kmf}"]}, "invalid_target"),
    "all resources": ({"resource": ["{kmf}", "{provider}", "{core}"]}, "invalid_target"),
    "foreign resource": ({"resource": ["http://evil.localhost"]}, "invalid_target"),
    "resource with a path": ({"resource": ["{kmf}/keys"]}, "invalid_target"),
    "empty resource": ({"resource": [""]}, "invalid_target"),
}


def filled(client, value):
    origins = settings.ORIGINS
    if isinstance(value, list):
        return [filled(client, item) for item in value]
    if not isinstance(value, str):
        return value
    for name in ("kmf", "provider", "core"):
        value = value.replace("{" + name + "}", getattr(origins, name))
    return value.replace("{challenge}", client.query()["code_challenge"])


@pytest.mark.parametrize(("changes", "code"), FORMS.values(), ids=FORMS)
def test_a_wrong_form_is_refused_and_uses_nothing_up(endpoint_client, audited, changes, code):
    given = endpoint_client.code()
    form = {name: filled(endpoint_client, value) for name, value in changes.items()}
    assert_refused(endpoint_client.redeem(**({"code": given} | form)), code)
    assert_nothing_given()
    [entry] = audited("token.refused")
    assert entry["details"]["code"] == code
    assert given not in str(entry)
    assert endpoint_client.redeem(given).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        pytest.param(b"", "application/x-www-form-urlencoded", 400, "invalid_request", id="nothing"),
        pytest.param(b"\xff\xfe", "application/x-www-form-urlencoded", 400, "invalid_request", id="bytes"),
        pytest.param(b"code=%ff", "application/x-www-form-urlencoded", 400, "invalid_request", id="escaped bytes"),
        pytest.param(b"a=1&" * 30, "application/x-www-form-urlencoded", 400, "invalid_request", id="many fields"),
        pytest.param(b"{}", "application/json", 400, "invalid_request", id="JSON"),
        pytest.param(b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413, "too_large", id="too large"),
    ],
)
def test_a_body_of_another_form(endpoint_client, body, content_type, status, code):
    assert_refused(endpoint_client.post(body, content_type=content_type), code, status)
    assert AccessToken.objects.count() == 0


def test_only_post(clients):
    assert Client().get("/token", headers={"host": host(settings.ORIGINS.kmf)}).status_code == 405


PROOFS = {
    "no proof": lambda _client: None,
    "empty proof": lambda _client: "",
    "no JWS": lambda _client: "x.y.z",
    "for another URL": lambda client: client.proof(url=f"{settings.ORIGINS.kmf}/keys"),
    "for the auth origin": lambda client: client.proof(url=f"{settings.ORIGINS.auth}/token"),
    "for GET": lambda client: client.proof(method="GET"),
    "with ath": lambda client: client.proof(access_token="a.b.c"),
    "with kah": lambda client: client.proof(body=b""),
    "two joined": lambda client: f"{client.proof()}, {client.proof()}",
}


@pytest.mark.parametrize("make", PROOFS.values(), ids=PROOFS)
def test_a_wrong_proof_is_refused_and_uses_nothing_up(endpoint_client, audited, make):
    code = endpoint_client.code()
    response = endpoint_client.redeem(code, proof=make(endpoint_client))
    assert_refused(response, "invalid_dpop_proof", 401)
    assert response["WWW-Authenticate"].startswith("DPoP ")
    assert_nothing_given()
    assert audited("token.refused")[0]["details"]["code"] == "invalid_dpop_proof"
    assert endpoint_client.redeem(code).status_code == 200


def test_a_proof_is_taken_once(endpoint_client, audited):
    answer = endpoint_client.tokens()
    proof = endpoint_client.proof()
    assert endpoint_client.refresh("wrong", proof=proof).status_code == 400  # a refused request has used it too
    assert_refused(endpoint_client.refresh(answer["refresh_token"], proof=proof), "invalid_dpop_proof", 401)
    assert audited("token.refused")[-1]["details"]["reason"] == "proof was used before"
    assert endpoint_client.refresh(answer["refresh_token"]).status_code == 200


def test_a_code_is_good_only_for_the_key_of_its_authorization(endpoint_client, audited):
    code = endpoint_client.code()
    assert_refused(endpoint_client.redeem(code, proof=endpoint_client.proof(key=STRANGER)), "invalid_grant")
    assert_nothing_given()
    assert audited("token.refused")[0]["details"]["reason"] == "proof under another key than the grant's"
    assert endpoint_client.redeem(code).status_code == 200


def test_a_refresh_token_is_good_only_for_the_key_of_its_grant(endpoint_client):
    answer = endpoint_client.tokens()
    stolen = endpoint_client.refresh(answer["refresh_token"], proof=endpoint_client.proof(key=STRANGER))
    assert_refused(stolen, "invalid_grant")
    assert AccessToken.objects.count() == 1
    assert endpoint_client.refresh(answer["refresh_token"]).status_code == 200


def test_a_code_is_good_for_a_minute(endpoint_client):
    code = endpoint_client.code()
    Grant.objects.update(code_expires_at=timezone.now())
    assert_refused(endpoint_client.redeem(code), "invalid_grant")
    assert_nothing_given()


def test_a_code_used_twice_takes_back_what_it_gave(endpoint_client, audited):
    code = endpoint_client.code()
    first = endpoint_client.redeem(code).json()
    rotated = endpoint_client.refresh(first["refresh_token"], resource=settings.ORIGINS.provider).json()
    assert_refused(endpoint_client.redeem(code), "invalid_grant")
    assert AccessToken.objects.count() == 0
    assert RefreshToken.objects.filter(revoked=None).count() == 0
    assert Grant.objects.get().revoked_reason == "code used twice"
    assert_refused(endpoint_client.refresh(rotated["refresh_token"]), "invalid_grant")
    assert [entry["details"]["reason"] for entry in audited("authorization.revoked")] == ["code used twice"]


def test_a_refresh_token_used_twice_revokes_the_grant(endpoint_client, audited):
    first = endpoint_client.tokens()
    second = endpoint_client.refresh(first["refresh_token"]).json()
    second = endpoint_client.refresh(second["refresh_token"]).json()
    assert_refused(endpoint_client.refresh(first["refresh_token"]), "invalid_grant")
    assert AccessToken.objects.count() == 0
    assert_refused(endpoint_client.refresh(second["refresh_token"]), "invalid_grant")
    assert audited("authorization.revoked")[0]["details"]["reason"] == "refresh token used twice"
    # Another grant of the same account lives on.
    endpoint_client.new_keys()
    assert endpoint_client.tokens()["token_type"] == "DPoP"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"refresh_token": "A" * 43}, "invalid_grant", id="unknown"),
        pytest.param({"refresh_token": ...}, "invalid_request", id="missing"),
        pytest.param({"client_id": "core"}, "invalid_grant", id="another client"),
        pytest.param({"client_id": ...}, "invalid_request", id="no client"),
        pytest.param({"scope": "core"}, "invalid_scope", id="another scope"),
        pytest.param({"resource": []}, "invalid_target", id="no resource"),
        pytest.param({"resource": ["http://kmf.localhost:8000"] * 2}, "invalid_target", id="two resources"),
        pytest.param({"resource": "http://evil.localhost"}, "invalid_target", id="foreign resource"),
    ],
)
def test_a_wrong_refresh_is_refused_and_uses_nothing_up(endpoint_client, changes, code):
    answer = endpoint_client.tokens()
    assert_refused(endpoint_client.refresh(**({"refresh_token": answer["refresh_token"]} | changes)), code)
    assert (AccessToken.objects.count(), RefreshToken.objects.filter(revoked=None).count()) == (1, 1)
    assert endpoint_client.refresh(answer["refresh_token"]).status_code == 200


@pytest.mark.parametrize("resource", ["provider", "core"])
@pytest.mark.parametrize("how", ["never invited", "withdrawn", "of another conference", "conference unknown"])
def test_token2_and_token3_only_for_who_is_invited_now(endpoint_client, participant, audited, resource, how):
    if how == "withdrawn":
        participant.withdrawn_at = timezone.now()
        participant.save()
    elif how == "never invited":
        participant.delete()
    else:
        endpoint_client.scope = f"conference:{secrets.token_urlsafe(16)}"
    audience = getattr(settings.ORIGINS, resource)
    code = endpoint_client.code()
    assert_refused(endpoint_client.redeem(code, resource=audience), "access_denied")
    assert_nothing_given()
    assert audited("token.refused")[0]["details"]["reason"] == "no way into the conference at this moment"
    # token1 alike for all: what it opens, the key request answers.
    assert endpoint_client.redeem(code).status_code == 200


@pytest.mark.requirement("KMF-REL-8")
@pytest.mark.parametrize("resource", ["provider", "core"])
@pytest.mark.parametrize("how", ["waits in the lobby", "removed", "banned", "locked out"])
def test_token2_and_token3_only_for_who_has_a_way_in(endpoint_client, participant, conference, audited, resource, how):
    now = timezone.now()
    field = {"removed": "removed_at", "banned": "banned_at"}.get(how)
    if field is not None:
        setattr(participant, field, now)
        participant.save()
    conference.admission = "lobby" if how == "waits in the lobby" else "invited"
    conference.locked_at = now if how == "locked out" else None
    conference.save()
    audience = getattr(settings.ORIGINS, resource)
    code = endpoint_client.code()
    assert_refused(endpoint_client.redeem(code, resource=audience), "access_denied")
    assert_nothing_given()
    participant.removed_at = participant.banned_at = None
    participant.invited_at, participant.admitted_at = now, timezone.now()
    participant.save()
    assert endpoint_client.redeem(code, resource=audience).status_code == 200


def test_withdrawal_ends_token2_at_the_next_refresh(endpoint_client, participant):
    answer = endpoint_client.tokens(settings.ORIGINS.provider)
    participant.withdrawn_at = timezone.now()
    participant.save()
    assert_refused(endpoint_client.refresh(answer["refresh_token"], resource=settings.ORIGINS.provider), "access_denied")
    assert RefreshToken.objects.filter(revoked=None).count() == 1


@pytest.mark.parametrize("step", ["code", "refresh"])
def test_an_account_that_is_switched_off_gets_nothing_more(endpoint_client, ada, audited, step):
    code = endpoint_client.code()
    answer = endpoint_client.redeem(code).json() if step == "refresh" else None
    ada.is_active = False
    ada.save()
    response = endpoint_client.refresh(answer["refresh_token"]) if answer else endpoint_client.redeem(code)
    assert_refused(response, "invalid_grant")
    assert AccessToken.objects.count() == 0
    assert RefreshToken.objects.filter(revoked=None).count() == 0
    assert audited("authorization.revoked")[0]["details"]["reason"] == "account is not active"


@pytest.mark.requirement("AUTH-2")
@pytest.mark.parametrize("seconds", [-86_400, -60, 60, 86_400])
def test_with_a_wrong_clock_the_servers_nonce_leads_on(endpoint_client, audited, seconds):
    code = endpoint_client.code()
    wrong = timezone.now() + timedelta(seconds=seconds)
    response = endpoint_client.redeem(code, proof=endpoint_client.proof(now=wrong))
    assert_refused(response, "use_dpop_nonce")
    assert_nothing_given()
    assert (audited("token.refused"), RateCount.objects.count()) == ([], 0)  # a step of the protocol, and no refusal
    proof = endpoint_client.proof(now=wrong, nonce=response["DPoP-Nonce"])
    assert endpoint_client.redeem(code, proof=proof).status_code == 200
    again = endpoint_client.refresh("unknown", proof=proof)
    assert (again.status_code, again.json()) == (401, {"error": "invalid_dpop_proof"})  # good once all the same
    assert "DPoP-Nonce" not in again.headers


@pytest.mark.requirement("AUTH-2")
def test_the_kmf_gives_nonces_too(endpoint_client, conference):
    token = endpoint_client.tokens()["access_token"]
    path, body = f"/conferences/{conference.id}/moderation", b'{"action":"look"}'
    wrong = timezone.now() + timedelta(hours=2)

    def look(**more):
        proof = endpoint_client.proof(url=settings.ORIGINS.kmf + path, now=wrong, access_token=token, body=body, **more)
        headers = {"host": host(settings.ORIGINS.kmf), "dpop": proof, "authorization": f"DPoP {token}"}
        return Client().post(path, body, content_type="application/json", headers=headers)

    first = look()
    assert_refused(first, "use_dpop_nonce", 401)
    assert first["WWW-Authenticate"] == 'DPoP error="use_dpop_nonce"'
    assert RateCount.objects.count() == 0
    assert not AuditEntry.objects.filter(event="request.refused").exists()
    assert_refused(look(nonce=first["DPoP-Nonce"]), "denied", 403)  # authorized, and not in the conference


@pytest.mark.requirement("AUTH-2")
def test_a_nonce_that_is_over_is_answered_with_another(endpoint_client):
    code = endpoint_client.code()
    old = fresh_nonce(timezone.now() - timedelta(minutes=6))
    response = endpoint_client.redeem(code, proof=endpoint_client.proof(nonce=old))
    assert_refused(response, "use_dpop_nonce")
    assert response["DPoP-Nonce"] != old
    assert endpoint_client.redeem(code, proof=endpoint_client.proof(nonce=response["DPoP-Nonce"])).status_code == 200


@pytest.mark.requirement("AUTH-2")
@pytest.mark.parametrize("header", ["X-Forwarded-Host", "Forwarded", "X-Original-URL", "X-Forwarded-Proto"])
def test_what_a_proxy_or_a_liar_says_of_the_address_does_not_count(endpoint_client, header):
    """``htu`` is the public URL that was configured, whichever way the request came."""
    said = {"X-Forwarded-Host": "evil.localhost", "X-Forwarded-Proto": "https", "X-Original-URL": "/x"}
    client = Client(headers={"host": host(settings.ORIGINS.kmf), header: said.get(header, "host=evil.localhost;proto=https")})
    form = f"grant_type=refresh_token&refresh_token=x&client_id=endpoint&resource={settings.ORIGINS.kmf}"
    statuses = []
    for url in (f"{settings.ORIGINS.kmf}/token", "http://evil.localhost/token", "https://evil.localhost/token"):
        proof = endpoint_client.proof(url=url)
        answer = client.post("/token", form, content_type="application/x-www-form-urlencoded", headers={"dpop": proof})
        statuses.append(answer.status_code)
    assert statuses == [400, 401, 401]  # the first found the refresh token unknown, and nothing wrong with its proof


def test_a_guesser_is_slowed_and_does_not_fill_the_audit(endpoint_client, audited):
    answer = endpoint_client.tokens()
    statuses = [endpoint_client.refresh(secrets.token_urlsafe(32)).status_code for _ in range(65)]
    assert statuses == [400] * 60 + [429] * 5
    late = endpoint_client.refresh("unknown")
    assert_refused(late, "too_many", 429)
    assert 0 < int(late["Retry-After"]) <= 60
    assert len(audited("token.refused")) == 60
    assert endpoint_client.refresh(answer["refresh_token"]).status_code == 200  # nobody else behind this address is kept out


def test_a_guesser_takes_nothing_back_from_being_found_out(endpoint_client):
    """Over the limit nothing is written to the audit of refusals; what a replay revokes is revoked all the same."""
    code = endpoint_client.code()
    assert endpoint_client.redeem(code).status_code == 200
    for _ in range(60):
        endpoint_client.refresh(secrets.token_urlsafe(32))
    assert endpoint_client.redeem(code).status_code == 429
    assert Grant.objects.get().revoked_reason == "code used twice"
    assert AccessToken.objects.count() == 0


def in_parallel(count, call):
    def run(_number):
        try:
            return call().status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(run, range(count)))


def waited():
    """The time within which one does not ask again has passed."""
    for row in RefreshToken.objects.exclude(revoked=None):
        RefreshToken.objects.filter(pk=row.pk).update(revoked=row.revoked - AT_ONCE)
    RefreshToken.objects.update(given_at=F("given_at") - AT_ONCE)


@pytest.mark.django_db(transaction=True)
def test_of_twenty_refreshes_at_once_one_succeeds_and_its_answer_is_good(endpoint_client):
    answer = endpoint_client.tokens()
    answers = []
    statuses = in_parallel(20, lambda: answers.append(endpoint_client.refresh(answer["refresh_token"])) or answers[-1])
    assert statuses == [200] + [429] * 19
    assert Grant.objects.get().revoked_at is None
    assert (AccessToken.objects.count(), RefreshToken.objects.filter(revoked=None, voided_at=None).count()) == (1, 1)
    given = next(one.json() for one in answers if one.status_code == 200)
    assert endpoint_client.refresh(given["refresh_token"]).status_code == 200


def test_who_asks_again_at_once_is_told_to_wait_and_changes_nothing(endpoint_client, audited):
    first = endpoint_client.tokens()
    second = endpoint_client.refresh(first["refresh_token"]).json()
    again = endpoint_client.refresh(first["refresh_token"])
    assert_refused(again, "too_many", 429)
    assert again["Retry-After"] == "3"
    assert audited("token.refused")[0]["details"]["reason"] == "refresh token used a moment ago"
    assert endpoint_client.refresh(second["refresh_token"]).status_code == 200


def test_a_refresh_whose_answer_was_lost_may_be_asked_for_again(endpoint_client):
    first = endpoint_client.tokens()
    lost = endpoint_client.refresh(first["refresh_token"]).json()
    waited()
    again = endpoint_client.refresh(first["refresh_token"]).json()
    assert AccessToken.objects.count() == 1
    assert endpoint_client.refresh(again["refresh_token"]).status_code == 200
    assert lost["refresh_token"] != again["refresh_token"]
    assert Grant.objects.get().revoked_at is None


@pytest.mark.django_db(transaction=True)
def test_of_ten_repetitions_at_once_one_succeeds(endpoint_client):
    """Long after the first use: what counts is when the newest answer was given."""
    first = endpoint_client.tokens()
    endpoint_client.refresh(first["refresh_token"])
    waited()
    assert in_parallel(10, lambda: endpoint_client.refresh(first["refresh_token"])) == [200] + [429] * 9
    assert Grant.objects.get().revoked_at is None
    assert RefreshToken.objects.filter(revoked=None, voided_at=None).count() == 1


def test_two_answers_may_be_lost_and_no_more(endpoint_client):
    first = endpoint_client.tokens()
    statuses = []
    for _ in range(4):
        statuses.append(endpoint_client.refresh(first["refresh_token"]).status_code)
        waited()
    assert statuses == [200] * (1 + LOST_ANSWERS) + [400]
    assert Grant.objects.get().revoked_reason == "refresh token used twice"
    assert AccessToken.objects.count() == 0


@pytest.mark.parametrize("used", [False, True], ids=["before the owner goes on", "after the owner went on"])
def test_a_refresh_token_that_was_said_to_be_lost_shows_a_second_holder(endpoint_client, audited, used):
    first = endpoint_client.tokens()
    lost = endpoint_client.refresh(first["refresh_token"]).json()
    waited()
    again = endpoint_client.refresh(first["refresh_token"]).json()
    if used:
        again = endpoint_client.refresh(again["refresh_token"]).json()
    assert_refused(endpoint_client.refresh(lost["refresh_token"]), "invalid_grant")
    assert_refused(endpoint_client.refresh(again["refresh_token"]), "invalid_grant")
    assert audited("authorization.revoked")[0]["details"]["reason"] == "refresh token used that was said to be lost"
    assert AccessToken.objects.count() == 0
    assert RefreshToken.objects.filter(revoked=None).count() == 0


@pytest.mark.parametrize("how", ["a minute later", "by another key"])
def test_a_refresh_token_is_not_repeated(endpoint_client, how):
    first = endpoint_client.tokens()
    endpoint_client.refresh(first["refresh_token"])
    if how == "a minute later":
        RefreshToken.objects.exclude(revoked=None).update(revoked=timezone.now() - timedelta(seconds=61))
    else:
        endpoint_client.new_keys()
    assert_refused(endpoint_client.refresh(first["refresh_token"]), "invalid_grant")
    assert Grant.objects.get().revoked_reason == "refresh token used twice"
    assert RefreshToken.objects.filter(revoked=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_twenty_redemptions_at_once_give_one_token_and_no_fault(endpoint_client):
    code = endpoint_client.code()
    statuses = in_parallel(20, lambda: endpoint_client.redeem(code))
    assert statuses == [200] + [400] * 19
    assert Grant.objects.get().revoked_reason == "code used twice"
    assert AccessToken.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_one_proof_sent_ten_times_at_once_is_taken_once(endpoint_client):
    proof = endpoint_client.proof()
    statuses = in_parallel(10, lambda: endpoint_client.refresh("unknown", proof=proof))
    assert statuses == [400] + [401] * 9
