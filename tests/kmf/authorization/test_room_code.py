"""A room's screen is signed in by a code that somebody invited enters: he sees what it is for, and decides (RFC 8628)."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.test import Client
from django.utils import timezone

from conferences.models import Organisation, Participant
from kmf.authorization.cleaning import clean
from kmf.authorization.enrolment import enrol, read_enrolment
from kmf.authorization.keys import verification_keys
from kmf.authorization.models import AccessToken, Account, Grant, RateCount, RefreshToken, RoomCode
from protocol.access_token import verify_access_token
from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint
from tests.kmf.authorization.oauth_client import host

pytestmark = pytest.mark.requirement("AUTH-8")
PASSWORD = "a long and winding password"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
FORM = "application/x-www-form-urlencoded"


class Screen:
    """A room's endpoint page: it has a DPoP key and nothing else."""

    def __init__(self, conference):
        self.conference = conference
        self.key = ec.generate_private_key(ec.SECP256R1())

    def post(self, path, form, *, key=None):
        proof = make_proof(key or self.key, method="POST", url=settings.ORIGINS.kmf + path, now=timezone.now())
        headers = {"host": host(settings.ORIGINS.kmf), "dpop": proof}
        return Client().post(path, urlencode(form, doseq=True), content_type=FORM, headers=headers)

    def begin(self, **changes):
        form = {"client_id": "endpoint", "scope": f"conference:{self.conference.id}"} | changes
        answer = self.post("/device-authorization", form)
        if answer.status_code == 200:
            self.given = answer.json()
            RoomCode.objects.update(asked_at=timezone.now() - timedelta(seconds=3))
        return answer

    def poll(self, *, key=None, **changes):
        form = {"grant_type": DEVICE_CODE, "client_id": "endpoint", "device_code": self.given["device_code"]}
        return self.post("/token", form | {"resource": settings.ORIGINS.kmf} | changes, key=key)

    @property
    def code(self):
        return self.given["user_code"]


@pytest.fixture
def ada(ada):
    ada.set_password(PASSWORD)
    ada.save()
    return ada


@pytest.fixture
def person(ada, participant):
    """Ada's phone; she is invited."""
    return phone(ada)


def phone(account):
    browser = Client(headers={"host": host(settings.ORIGINS.auth)})
    assert browser.post("/sign-in", {"login": account.email, "password": PASSWORD}).status_code == 302
    return browser


@pytest.fixture
def room(organisation, invite) -> Account:
    typed = read_enrolment(address="room-7@weaver.example", name="Room 7", kind="room", key="")
    invite("room-7")
    return enrol(typed, organisation=organisation, by="root", now=timezone.now())


@pytest.fixture
def screen(conference, room, clients):
    conference.starts_at = timezone.now()
    conference.save()
    made = Screen(conference)
    assert made.begin().status_code == 200
    return made


def approve(person, screen, room, /, **changes):
    return person.post("/room-code", {"code": screen.code, "decision": "approved", "meant": "yes", "room": room.pk} | changes)


def test_the_screen_is_the_room_once_somebody_invited_has_said_so(person, screen, room, conference, audited):
    assert screen.given["verification_uri"] == f"{settings.ORIGINS.auth}/room-code"
    assert (screen.given["expires_in"], screen.given["interval"]) == (600, 3)
    waiting = screen.poll()
    assert (waiting.status_code, waiting.json()) == (400, {"error": "authorization_pending"})
    page = person.post("/room-code", {"code": screen.code.lower().replace("-", " ")}).content.decode()
    for words in (conference.title, "Room 7", screen.code, conference.organisation.name, "127.0.0.1", "that you have, too"):
        assert words in page
    assert Grant.objects.count() == 0
    assert approve(person, screen, room)["Location"] == "/room-code?done=approved"
    answer = screen.poll().json()
    claims = verify_access_token(
        answer["access_token"],
        keys=verification_keys(), issuer=settings.ORIGINS.auth, audience=settings.ORIGINS.kmf, now=timezone.now(),
    ).claims  # fmt: skip
    jkt = thumbprint(public_jwk(screen.key.public_key()))
    assert (claims["sub"], claims["conference"], claims["amr"], claims["cnf"]) == (
        room.pk,
        conference.id,
        ["room_code"],
        {"jkt": jkt},
    )
    [granted] = audited("authorization.granted")
    assert (granted["actor"], granted["details"]["room"]) == ("ada@weaver.example", "room-7@weaver.example")
    assert audited("token.refused") == []
    assert RateCount.objects.filter(count__gt=0).count() == 1  # that a code was asked for
    refreshed = screen.post(
        "/token",
        {
            "grant_type": "refresh_token",
            "client_id": "endpoint",
            "refresh_token": answer["refresh_token"],
            "resource": settings.ORIGINS.provider,
        },
    )
    assert refreshed.status_code == 200


def test_the_room_gets_no_token_for_the_enterprises_data(person, screen, room):
    approve(person, screen, room)
    assert screen.poll(resource=settings.ORIGINS.core).json() == {"error": "invalid_target"}
    assert AccessToken.objects.count() == 0


def test_a_code_gives_tokens_once(person, screen, room):
    approve(person, screen, room)
    assert screen.poll().status_code == 200
    assert screen.poll().json() == {"error": "invalid_grant"}
    assert (AccessToken.objects.count(), RefreshToken.objects.filter(revoked=None).count()) == (1, 1)


def test_whoever_saw_the_secret_cannot_use_it_without_the_screens_key(person, screen, room):
    approve(person, screen, room)
    assert screen.poll(key=ec.generate_private_key(ec.SECP256R1())).json() == {"error": "invalid_grant"}
    assert AccessToken.objects.count() == 0
    assert screen.poll().status_code == 200


def test_declined_the_screen_hears_no(person, screen, room):
    assert person.post("/room-code", {"code": screen.code, "decision": "declined"})["Location"] == "/room-code?done=declined"
    assert screen.poll().json() == {"error": "access_denied"}
    assert approve(person, screen, room).status_code == 422
    assert Grant.objects.count() == 0


@pytest.mark.parametrize(
    "changes", [{"meant": ""}, {"decision": ""}, {"decision": "approve"}], ids=["no tick", "no press", "another press"]
)
def test_one_press_alone_signs_nothing_in(person, screen, room, changes):
    assert approve(person, screen, room, **changes).status_code == 422
    assert Grant.objects.count() == 0
    assert screen.poll().json() == {"error": "authorization_pending"}


def test_an_old_sign_in_is_confirmed_first(person, screen, room):
    session = person.session
    for entry in session["account_authentication_methods"]:
        entry["at"] -= 601
    session.save()
    assert approve(person, screen, room)["Location"].startswith("/confirm?next=/room-code")
    assert Grant.objects.count() == 0


def not_invited(ada, _room):
    Participant.objects.filter(identity=ada.email).delete()


def withdrawn(ada, _room):
    Participant.objects.filter(identity=ada.email).update(withdrawn_at=timezone.now())


def banned(ada, _room):
    Participant.objects.filter(identity=ada.email).update(banned_at=timezone.now())


def over(_ada, _room):
    RoomCode.objects.update(expires_at=timezone.now())


def ended(ada, _room):
    conference = Participant.objects.get(identity=ada.email).conference
    conference.ended_at = timezone.now()
    conference.save()


WHO = {"not invited": not_invited, "withdrawn": withdrawn, "banned": banned, "code over": over, "conference over": ended}


@pytest.mark.parametrize("change", WHO.values(), ids=WHO.keys())
def test_who_may_not_decide_hears_that_there_is_no_such_code(person, screen, room, ada, change):
    change(ada, room)
    answers = [approve(person, screen, room), person.post("/room-code", {"code": "BBBB-BBBB"})]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert "No screen shows this code now" in answers[0].content.decode()
    assert screen.conference.title not in answers[0].content.decode()
    assert Grant.objects.count() == 0


def room_elsewhere(room):
    room.organisation = Organisation.objects.create(name="Spinner", slug="spinner")
    room.save()


def room_off(room):
    Account.objects.filter(pk=room.pk).update(is_active=False)


def room_not_invited(room):
    Participant.objects.filter(identity=room.email).delete()


def room_is_a_recorder(room):
    Account.objects.filter(pk=room.pk).update(kind="recorder")


ROOMS = [room_elsewhere, room_off, room_not_invited, room_is_a_recorder]


@pytest.mark.parametrize("change", ROOMS, ids=[each.__name__ for each in ROOMS])
def test_the_screen_becomes_an_invited_room_of_his_organisation_and_nothing_else(person, screen, room, ada, change):
    change(room)
    page = person.post("/room-code", {"code": screen.code}).content.decode()
    assert "No room of your organisation is invited" in page
    for someone in (room.pk, ada.pk, "A" * 22, ""):
        assert approve(person, screen, room, room=someone).status_code == 422
    assert Grant.objects.count() == 0


def test_a_guesser_of_codes_is_stopped_and_nobody_else(person, screen, room, invite):
    statuses = [person.post("/room-code", {"code": f"BBBB-BBB{letter}"}).status_code for letter in "BCDFGH"]
    assert statuses == [422] * 5 + [429]
    stopped = approve(person, screen, room)
    assert (stopped.status_code, 0 < int(stopped["Retry-After"]) <= 300) == (429, True)
    bob = Account.objects.create_account(
        email="bob@weaver.example", name="Bob", organisation=room.organisation, password=PASSWORD
    )
    invite("bob")
    assert approve(phone(bob), screen, room).status_code == 302


def test_screens_of_one_address_are_rationed(screen):
    statuses = [screen.begin().status_code for _ in range(30)]
    assert statuses == [200] * 29 + [429]


def test_who_asks_too_often_is_told_to_be_slower_and_is_not_on_record(screen, audited):
    assert screen.poll().json() == {"error": "authorization_pending"}
    assert screen.poll().json() == {"error": "slow_down"}
    assert audited("token.refused") == []


def test_a_code_that_nobody_entered_is_over(screen, room):
    RoomCode.objects.update(expires_at=timezone.now())
    assert screen.poll().json() == {"error": "expired_token"}
    clean(timezone.now() + timedelta(hours=2))
    assert RoomCode.objects.count() == 0


WRONG = {
    "another client": ({"client_id": "core"}, "invalid_request"),
    "no client": ({"client_id": ""}, "invalid_request"),
    "the core application's scope": ({"scope": "core"}, "invalid_scope"),
    "a scope twice": ({"scope": ["a", "b"]}, "invalid_request"),
}


@pytest.mark.parametrize(("changes", "code"), WRONG.values(), ids=WRONG.keys())
def test_a_screen_that_asks_wrongly_gets_no_code(screen, changes, code):
    assert screen.begin(**changes).json() == {"error": code}
    assert RoomCode.objects.count() == 1


@pytest.mark.parametrize("secret", ["", "A" * 43])
def test_an_unknown_secret_gives_nothing(screen, secret):
    assert screen.poll(device_code=secret).status_code == 400
    assert AccessToken.objects.count() == 0


def test_without_a_proof_there_is_no_code(clients, conference):
    form = urlencode({"client_id": "endpoint", "scope": f"conference:{conference.id}"})
    answer = Client().post("/device-authorization", form, content_type=FORM, headers={"host": host(settings.ORIGINS.kmf)})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_dpop_proof"})
    assert RoomCode.objects.count() == 0


def test_nobody_decides_who_is_not_signed_in_or_by_a_form_of_another_page(person, screen, room):
    assert Client(headers={"host": host(settings.ORIGINS.auth)}).post("/room-code", {"code": screen.code}).status_code == 302
    strict = Client(enforce_csrf_checks=True, headers={"host": host(settings.ORIGINS.auth)})
    strict.cookies = person.cookies
    form = {"code": screen.code, "decision": "approved", "meant": "yes", "room": room.pk}
    assert strict.post("/room-code", form, headers={"origin": settings.ORIGINS.core}).status_code == 403
    assert Grant.objects.count() == 0
