import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from protocol import jwks
from provider.models import Eviction, Room, Seat, UsedProof
from provider.services.own_key import own_key
from tests.provider.kmf_stand_in import KMF, ago, identifier, new_key

pytestmark = pytest.mark.django_db


def join(http: Client, kmf: KMF, **changes: Any) -> Any:
    return http.post(f"/conferences/{kmf.handle}/join", content_type="application/json", headers=kmf.headers(**changes))


def this_second() -> int:
    return int(datetime.now(UTC).timestamp())


def send(http: Client, body: bytes, headers: dict[str, str]) -> Any:
    return http.post("/orders", data=body, content_type="application/json", headers=headers)


def test_close_ends_every_seat_and_refuses_earlier_tokens(http: Client, kmf: KMF) -> None:
    join(http, kmf)
    before = this_second()
    assert send(http, *kmf.order({"order": "close", "handle": kmf.handle})).status_code == 204
    assert Seat.objects.get().end_reason == "closed"
    answer = join(http, kmf, iat=before)
    assert (answer.status_code, answer.json()) == (403, {"error": "ended"})
    assert Seat.objects.count() == 1
    assert join(http, kmf, iat=this_second() + 2).status_code == 200


def test_evict_ends_one_seat_and_refuses_his_earlier_tokens(http: Client, kmf: KMF) -> None:
    join(http, kmf)
    join(http, kmf, sub=identifier())
    before = this_second()
    order = {"order": "evict", "handle": kmf.handle, "pseudonym": kmf.pseudonym}
    assert send(http, *kmf.order(order)).status_code == 204
    assert dict(Seat.objects.values_list("pseudonym", "end_reason"))[kmf.pseudonym] == "evicted"
    assert Seat.objects.filter(end_reason="").count() == 1
    assert join(http, kmf, iat=before).json() == {"error": "ended"}
    assert join(http, kmf, sub=identifier()).status_code == 200
    assert join(http, kmf, iat=this_second() + 2).status_code == 200


def test_a_close_before_the_first_join_holds(http: Client, kmf: KMF) -> None:
    before = this_second()
    send(http, *kmf.order({"order": "close", "handle": kmf.handle}))
    assert join(http, kmf, iat=before).json() == {"error": "ended"}
    assert not Seat.objects.exists()


CHANGED: dict[str, Callable[[], dict[str, Any]]] = {
    "foreign key": lambda: {"key": new_key()},
    "key of another provider, under the KMF's name for its own": lambda: {"key": new_key(), "kid": "kmf"},
    "this provider's own key": lambda: {"key": own_key()},
    "this provider's report, sent back": lambda: {
        "key": own_key(),
        "issuer": settings.PROVIDER_ORIGIN,
        "audience": settings.PROVIDER_KMF_ORIGIN,
        "url": settings.PROVIDER_KMF_ORIGIN + "/presence",
    },
    "of another issuer": lambda: {"issuer": "http://core.localhost:8000"},
    "for another audience": lambda: {"audience": "http://other.example"},
    "for another method": lambda: {"method": "PUT"},
    "for another URL": lambda: {"url": settings.PROVIDER_ORIGIN + "/jwks"},
    "over another body": lambda: {"body": b'{"order":"close"}'},
    "a minute old": lambda: {"now": ago(61)},
    "from the next minute": lambda: {"now": ago(-60)},
}


@pytest.mark.parametrize("changes", CHANGED.values(), ids=CHANGED.keys())
def test_an_order_that_is_not_the_kmfs_changes_nothing(http: Client, kmf: KMF, changes: Callable[[], dict[str, Any]]) -> None:
    join(http, kmf)
    order = {"order": "close", "handle": kmf.handle}
    given = changes()
    if given.get("kid") == "kmf":
        given["kid"] = jwks.key_id(kmf.key.public_key())
    _, headers = kmf.order(order, **given)
    answer = send(http, json.dumps(order).encode(), headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    assert Seat.objects.get().ended_at is None
    assert Room.objects.get().closed_at is None
    assert UsedProof.objects.count() == 1


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Signed"}, {"Authorization": "Bearer abc"}, {"Authorization": "Signed a.b.c"}]
)
def test_an_unsigned_order_changes_nothing(http: Client, kmf: KMF, headers: dict[str, str]) -> None:
    answer = send(http, json.dumps({"order": "close", "handle": kmf.handle}).encode(), headers)
    assert answer.status_code == 401
    assert not Room.objects.exists()


def test_an_endpoints_token_is_no_order(http: Client, kmf: KMF) -> None:
    body = json.dumps({"order": "close", "handle": kmf.handle}).encode()
    assert send(http, body, {"Authorization": f"Signed {kmf.token()}"}).status_code == 401
    assert not Room.objects.exists()


def test_an_order_is_good_once(http: Client, kmf: KMF) -> None:
    body, headers = kmf.order({"order": "evict", "handle": kmf.handle, "pseudonym": kmf.pseudonym})
    assert send(http, body, headers).status_code == 204
    before = Eviction.objects.get().at
    assert send(http, body, headers).status_code == 401
    assert Eviction.objects.get().at == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"order":"close"}',
        b'{"order":"open","handle":"AAAAAAAAAAAAAAAAAAAAAA"}',
        b'{"order":"close","handle":"short"}',
        b'{"order":"evict","handle":"AAAAAAAAAAAAAAAAAAAAAA"}',
        b'{"order":"close","handle":"AAAAAAAAAAAAAAAAAAAAAA","pseudonym":"AAAAAAAAAAAAAAAAAAAAAA"}',
        b'{"order":["close"],"handle":"AAAAAAAAAAAAAAAAAAAAAA"}',
        b'{"order":"close","order":"close","handle":"AAAAAAAAAAAAAAAAAAAAAA"}',
    ],
)
def test_a_signed_order_of_another_form_changes_nothing(http: Client, kmf: KMF, body: bytes) -> None:
    answer = send(http, *kmf.order(body))
    assert (answer.status_code, answer.json()) == (400, {"error": "malformed"})
    assert not Room.objects.exists()


def test_the_providers_own_key_is_shown(http: Client) -> None:
    keys = jwks.parse_jwks(http.get("/jwks").json())
    assert len(keys) == 1
