"""What a conference demands of the sign-in is found in the token at the key request, after the invitation."""

from datetime import timedelta

import pytest

from conferences.models import AuditEntry, Conference, Participant
from kmf.authorization.models import Account
from kmf.errors import Denied, WeakSignIn
from kmf.models import Endpoint, Epoch
from kmf.views.answers import refuse
from protocol.sign_in import Strength

STRENGTHS = list(Strength)
HALF_A_DAY = timedelta(hours=12)


def demand(conference, word):
    Conference.objects.filter(pk=conference.pk).update(sign_in=word)


def nothing_happened():
    assert not Epoch.objects.exists()
    assert not Endpoint.objects.exists()
    return [entry.body for entry in AuditEntry.objects.filter(event="key.denied")]


@pytest.mark.requirement("KMF-REL-11")
@pytest.mark.parametrize("demanded", STRENGTHS)
@pytest.mark.parametrize("shown", STRENGTHS)
def test_a_key_needs_the_demanded_strength(conference, endpoint, now, demanded, shown):
    demand(conference, demanded.acr)
    ada = endpoint("ada")
    ada.acr = shown
    if shown >= demanded:
        assert ada.ask(now).key_id in ada.keys
        return
    with pytest.raises(WeakSignIn) as caught:
        ada.ask(now)
    assert (caught.value.code, caught.value.acr, caught.value.max_age_s) == ("step_up", demanded.acr, 43200)
    [body] = nothing_happened()
    assert f'"reason":"signed in as {shown.acr}, demanded is {demanded.acr}"' in body


@pytest.mark.requirement("KMF-REL-11")
@pytest.mark.parametrize(
    ("age", "is_young"),
    [(timedelta(0), True), (HALF_A_DAY, True), (HALF_A_DAY + timedelta(seconds=1), False), (timedelta(seconds=-6), False)],
)
def test_a_demanded_sign_in_is_of_the_last_twelve_hours(conference, endpoint, now, age, is_young):
    demand(conference, "company")
    ada = endpoint("ada")
    if is_young:
        ada.ask(now, signed_in=now - age)
        return
    with pytest.raises(WeakSignIn):
        ada.ask(now, signed_in=now - age)
    assert "twelve hours" in nothing_happened()[0]


def test_where_any_sign_in_does_its_age_is_nobodys_business(endpoint, now):
    endpoint("ada").ask(now, signed_in=now - timedelta(days=3))


@pytest.mark.requirement("KMF-REL-2")
def test_a_stranger_hears_the_same_however_he_signed_in(conference, endpoint, now):
    demand(conference, "second_factor")
    eve = endpoint("eve")
    Participant.objects.all().delete()
    for eve.acr in STRENGTHS:
        with pytest.raises(Denied) as caught:
            eve.ask(now)
        assert refuse(caught.value).content == b'{"error": "denied"}'
    assert len(nothing_happened()) == 1  # and the audit counts those that are alike


def test_the_answer_says_how_to_sign_in():
    response = refuse(WeakSignIn("weak", acr="second_factor", max_age_s=43200))
    assert response.status_code == 403
    assert response.content == b'{"error": "step_up", "acr_values": "second_factor", "max_age": 43200}'


DEVICES = [Account.Kind.ROOM, Account.Kind.RECORDER]


@pytest.mark.requirement("KMF-REL-11")
@pytest.mark.parametrize("invited_as", DEVICES)
def test_a_person_who_was_invited_as_a_device_is_asked_like_a_person(conference, endpoint, now, invited_as):
    demand(conference, "second_factor")
    ada = endpoint("ada")
    Participant.objects.update(kind=invited_as)
    for ada.acr in (Strength.ANY, Strength.COMPANY):
        with pytest.raises(WeakSignIn) as caught:
            ada.ask(now)
        assert caught.value.acr == "second_factor"
    assert len(nothing_happened()) == 2
    ada.acr = Strength.SECOND_FACTOR
    assert ada.ask(now).key_id in ada.keys


@pytest.mark.requirement("KMF-REL-11")
@pytest.mark.parametrize("kind", DEVICES)
def test_of_a_device_no_second_factor_is_asked(conference, endpoint, now, kind):
    demand(conference, "second_factor")
    room = endpoint("room")
    Account.objects.filter(pk=room.account.pk).update(kind=kind)
    Participant.objects.update(kind=kind)
    room.account.refresh_from_db()
    room.acr = Strength.ANY
    with pytest.raises(WeakSignIn) as caught:
        room.ask(now)
    assert caught.value.acr == "company"
    room.acr = Strength.COMPANY
    room.ask(now)
