from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from provider.models import Eviction, Room, Seat, UsedProof
from provider.services.cleaning import clean
from provider.services.joining import JOINS_PER_MINUTE, ticket_hash
from provider.services.kmf_keys import KMF_KEYS
from tests.provider.kmf_stand_in import KMF, ago, identifier, new_key

pytestmark = pytest.mark.django_db
Headers = dict[str, str]


def post(http: Client, kmf: KMF, headers: Headers, **options: Any) -> Any:
    return http.post(f"/conferences/{kmf.handle}/join", headers=headers, content_type="application/json", **options)


def test_join_gives_relay_socket_and_ticket(http: Client, kmf: KMF) -> None:
    answer = post(http, kmf, kmf.headers())
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"ice_servers", "socket", "ticket"}
    assert body["socket"] == kmf.url().replace("http", "ws", 1).replace("/join", "/signalling")
    assert body["ice_servers"][0]["urls"][0] == f"turn:{settings.PROVIDER_TURN_ADDRESS}?transport=udp"
    assert answer["Access-Control-Allow-Origin"] == "null"
    assert "no-store" in answer["Cache-Control"]
    seat = Seat.objects.get()
    assert seat.pseudonym == kmf.pseudonym
    assert seat.ticket == ticket_hash(body["ticket"])
    assert body["ticket"] not in str(Seat.objects.values())
    assert seat.opened_at is None


def test_a_relay_name_says_nothing_about_its_user(http: Client, kmf: KMF) -> None:
    username = post(http, kmf, kmf.headers()).json()["ice_servers"][0]["username"]
    assert kmf.pseudonym not in username
    assert kmf.handle not in username


def test_a_relay_name_stays_the_same_for_one_participant_only(http: Client, kmf: KMF) -> None:
    answers = [post(http, kmf, kmf.headers(**who)) for who in ({}, {}, {"sub": identifier()})]
    names = [answer.json()["ice_servers"][0]["username"].split(":")[1] for answer in answers]
    assert names[0] == names[1] != names[2]
    assert {len(name) for name in names} == {16}


REFUSED: dict[str, tuple[str, Callable[[KMF], Headers]]] = {
    "no token": ("invalid_token", lambda kmf: {"DPoP": kmf.proof("x")}),
    "no proof": ("invalid_dpop_proof", lambda kmf: {"Authorization": f"DPoP {kmf.token()}"}),
    "bearer instead of DPoP": ("invalid_token", lambda kmf: kmf.headers() | {"Authorization": f"Bearer {kmf.token()}"}),
    "token1, made for the KMF": ("invalid_token", lambda kmf: kmf.headers(aud=settings.PROVIDER_KMF_ORIGIN)),
    "token3, made for the core application": ("invalid_token", lambda kmf: kmf.headers(aud="http://core.localhost:8000")),
    "list of audiences": ("invalid_token", lambda kmf: kmf.headers(aud=[settings.PROVIDER_ORIGIN])),
    "token for another conference": ("invalid_token", lambda kmf: kmf.headers(handle=identifier())),
    "token without a handle": ("invalid_token", lambda kmf: kmf.headers(handle=None)),
    "expired token": ("invalid_token", lambda kmf: kmf.headers(iat=1, exp=int(ago(1).timestamp()))),
    "token from the future": ("invalid_token", lambda kmf: kmf.headers(iat=int(ago(-120).timestamp()))),
    "token of another issuer": ("invalid_token", lambda kmf: kmf.headers(iss="http://auth.example")),
    "token under a foreign key": ("invalid_token", lambda kmf: kmf.headers(key=new_key())),
    "token bound to no key": ("invalid_token", lambda kmf: kmf.headers(cnf=None)),
    "token bound to another key": ("invalid_dpop_proof", lambda kmf: kmf.headers(cnf={"jkt": "A" * 43})),
    "subject that is no pseudonym": ("invalid_token", lambda kmf: kmf.headers(sub="anna@example.org")),
    "no JWT": ("invalid_token", lambda kmf: kmf.headers() | {"Authorization": "DPoP abc"}),
    "proof of another key": ("invalid_dpop_proof", lambda kmf: with_proof(kmf, key=new_key())),
    "proof for another conference's URL": ("invalid_dpop_proof", lambda kmf: with_proof(kmf, url=kmf.url(identifier()))),
    "proof for the socket": ("invalid_dpop_proof", lambda kmf: with_proof(kmf, method="GET")),
    "proof of a minute ago": ("invalid_dpop_proof", lambda kmf: with_proof(kmf, now=ago(60))),
    "proof of the next minute": ("invalid_dpop_proof", lambda kmf: with_proof(kmf, now=ago(-60))),
    "proof for another token": ("invalid_dpop_proof", lambda kmf: with_proof(kmf, access_token="x")),
    "proof without a token's hash": ("invalid_dpop_proof", lambda kmf: with_proof(kmf, access_token=None)),
    "proof over a body": ("invalid_dpop_proof", lambda kmf: with_proof(kmf, body=b"{}")),
}


def with_proof(kmf: KMF, **changes: Any) -> Headers:
    token = kmf.token()
    return {"Authorization": f"DPoP {token}", "DPoP": kmf.proof(token, **changes)}


@pytest.mark.parametrize(("code", "headers"), REFUSED.values(), ids=REFUSED.keys())
def test_a_join_that_is_not_authorized_leaves_nothing(
    http: Client, kmf: KMF, code: str, headers: Callable[[KMF], Headers]
) -> None:
    answer = post(http, kmf, headers(kmf))
    assert (answer.status_code, answer.json()) == (401, {"error": code})
    assert not Seat.objects.exists()
    assert not Room.objects.exists()
    assert not UsedProof.objects.exists()


def test_a_proof_is_good_once(http: Client, kmf: KMF) -> None:
    headers = kmf.headers()
    assert post(http, kmf, headers).status_code == 200
    again = post(http, kmf, headers)
    assert (again.status_code, again.json()) == (401, {"error": "invalid_dpop_proof"})
    assert Seat.objects.count() == 1


def test_a_body_is_refused(http: Client, kmf: KMF) -> None:
    assert post(http, kmf, kmf.headers(), data=b'{"name": "Anna"}').json() == {"error": "malformed"}
    assert not Seat.objects.exists()


def test_a_large_body_is_refused(http: Client, kmf: KMF) -> None:
    answer = post(http, kmf, kmf.headers(), data=b" " * (64 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (413, {"error": "too_large"})
    assert not Seat.objects.exists()


def test_many_joins_of_one_participant_are_slowed(http: Client, kmf: KMF) -> None:
    for _ in range(JOINS_PER_MINUTE):
        assert post(http, kmf, kmf.headers()).status_code == 200
    answer = post(http, kmf, kmf.headers())
    assert (answer.status_code, answer.json()) == (429, {"error": "too_many"})
    assert answer["Retry-After"] == "60"
    assert (Seat.objects.count(), UsedProof.objects.count()) == (JOINS_PER_MINUTE, JOINS_PER_MINUTE)


@pytest.mark.django_db(transaction=True)
def test_joins_at_the_same_time_do_not_pass_the_limit(http: Client, kmf: KMF) -> None:
    def join(headers: Headers) -> int:
        try:
            return post(http, kmf, headers).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(join, [kmf.headers() for _ in range(JOINS_PER_MINUTE + 8)]))
    assert Counter(answers) == {200: JOINS_PER_MINUTE, 429: 8}
    assert (Seat.objects.count(), UsedProof.objects.count()) == (JOINS_PER_MINUTE, JOINS_PER_MINUTE)


def test_the_kmf_away_is_unavailable_but_keys_once_fetched_go_on(http: Client, kmf: KMF) -> None:
    assert post(http, kmf, kmf.headers()).status_code == 200
    kmf.stop()
    assert post(http, kmf, kmf.headers()).status_code == 200
    KMF_KEYS.forget()
    answer = post(http, kmf, kmf.headers())
    assert (answer.status_code, answer.json()) == (503, {"error": "unavailable"})
    assert answer["Retry-After"]
    assert Seat.objects.count() == 2


def test_strangers_cannot_make_the_provider_ask_for_keys_again_and_again(http: Client, kmf: KMF) -> None:
    for _ in range(5):
        post(http, kmf, kmf.headers(key=new_key()))
    assert kmf.answered == 1


def test_only_the_frame_may_read_the_answer(http: Client, kmf: KMF) -> None:
    answer = post(http, kmf, kmf.headers() | {"Origin": "http://core.localhost:8000"})
    assert "Access-Control-Allow-Origin" not in answer


def test_preflight_allows_the_three_headers(http: Client, kmf: KMF) -> None:
    answer = http.options(f"/conferences/{kmf.handle}/join")
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Headers"] == "Authorization, DPoP, Content-Type"
    assert answer["Access-Control-Allow-Origin"] == "null"


def test_cleaning_forgets_what_is_over_and_nothing_else(http: Client, kmf: KMF) -> None:
    post(http, kmf, kmf.headers())
    now = datetime.now(UTC)
    clean(now=now)
    assert (Seat.objects.count(), UsedProof.objects.count(), Room.objects.count()) == (1, 1, 1)
    clean(now=now + timedelta(minutes=6))
    assert (Seat.objects.count(), UsedProof.objects.count(), Room.objects.count()) == (0, 0, 1)
    Eviction.objects.create(room=Room.objects.get(), pseudonym=kmf.pseudonym, at=now + timedelta(hours=20))
    clean(now=now + timedelta(hours=25))
    assert Room.objects.count() == 1
    clean(now=now + timedelta(hours=45))
    assert Room.objects.count() == 0
