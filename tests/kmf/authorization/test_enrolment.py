"""Who enrols a room system or a recorder: an administrator, for his organisation, who signed in a moment ago."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from conferences.models import Organisation
from kmf.authorization.enrolment import enrol, read_enrolment, revoke_key
from kmf.authorization.errors import EnrolmentRefused, NoSuchGrant
from kmf.authorization.models import Account, EnrolledKey
from protocol.jwks import key_id
from protocol.thumbprint import public_jwk
from tests.kmf.authorization.oauth_client import host

pytestmark = pytest.mark.requirement("AUTH-6")
PASSWORD = "a long and winding password"
ROOM = "room-7@weaver.example"


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key):
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def form(key=None, **changes):
    return {"address": ROOM, "name": "Room 7", "kind": "room", "key": pem(key or new_key())} | changes


@pytest.fixture
def administrator(ada):
    ada.is_staff = True
    ada.set_password(PASSWORD)
    ada.save()
    browser = Client(headers={"host": host(settings.ORIGINS.auth)})
    assert browser.post("/sign-in", {"login": ada.email, "password": PASSWORD}).status_code == 302
    return browser


def test_an_administrator_enrols_a_room_and_sees_and_revokes_its_key(administrator, audited):
    key = new_key()
    done = administrator.post("/rooms", form(key, address="Room-7@Weaver.example"))
    device = Account.objects.get(email=ROOM)
    assert done["Location"] == f"/rooms?enrolled={device.pk}"
    assert (device.kind, device.name, device.has_usable_password()) == ("room", "Room 7", False)
    page = administrator.get(done["Location"]).content.decode()
    kid = key_id(key.public_key())
    for words in (ROOM, device.pk, kid, "never used"):
        assert words in page
    [entry] = audited("device.enrolled")
    assert (entry["actor"], entry["details"]) == ("ada@weaver.example", {"account": ROOM, "kind": "room", "kid": kid})
    assert administrator.post(f"/rooms/revoke/{kid}").status_code == 302
    assert EnrolledKey.objects.get().revoked_at is not None
    assert administrator.post(f"/rooms/revoke/{kid}").status_code == 404
    assert len(audited("device.key_revoked")) == 1


def test_a_jwk_is_taken_too(administrator):
    key = new_key()
    jwk = public_jwk(key.public_key()) | {"use": "sig", "kid": "whatever"}
    assert administrator.post("/rooms", form(key=key) | {"key": json.dumps(jwk)}).status_code == 302
    assert EnrolledKey.objects.get().kid == key_id(key.public_key())


def test_a_room_with_a_screen_needs_no_key(administrator, audited):
    assert administrator.post("/rooms", form() | {"key": " "}).status_code == 302
    assert (Account.objects.get(email=ROOM).kind, EnrolledKey.objects.count()) == ("room", 0)
    assert audited("device.added")[0]["details"] == {"account": ROOM, "kind": "room"}


def test_an_old_sign_in_is_confirmed_first(administrator):
    session = administrator.session
    for entry in session["account_authentication_methods"]:
        entry["at"] -= 601
    session.save()
    assert administrator.post("/rooms", form())["Location"].startswith("/confirm?next=/rooms")
    assert EnrolledKey.objects.count() == 0
    assert administrator.get("/rooms").status_code == 200


@pytest.mark.parametrize("who", ["nobody", "a participant", "an initiator", "an auditor"])
def test_nobody_else_enrols_revokes_or_sees_the_page(ada, organisation, who, now):
    key = enrol(read_enrolment(**form()), organisation=organisation, by="root", now=now).enrolled_keys.get()
    browser = Client(headers={"host": host(settings.ORIGINS.auth)})
    if who != "nobody":
        Account.objects.filter(pk=ada.pk).update(can_initiate=who == "an initiator", can_audit=who == "an auditor")
        browser.force_login(ada)
    expected = 302 if who == "nobody" else 404
    assert browser.get("/rooms").status_code == expected
    assert browser.post("/rooms", form(address="room-8@weaver.example")).status_code == expected
    assert browser.post(f"/rooms/revoke/{key.kid}").status_code == expected
    assert list(EnrolledKey.objects.values_list("revoked_at", flat=True)) == [None]


def test_another_organisations_administrator_has_no_part_in_it(administrator, ada, now):
    other = Organisation.objects.create(name="Spinner", slug="spinner")
    key = enrol(read_enrolment(**form()), organisation=other, by="root", now=now).enrolled_keys.get()
    assert ROOM not in administrator.get("/rooms").content.decode()
    assert administrator.post(f"/rooms/revoke/{key.kid}").status_code == 404
    refused = administrator.post("/rooms", form())
    assert refused.status_code == 422
    assert "somebody else" in refused.content.decode()
    assert EnrolledKey.objects.count() == 1
    with pytest.raises(NoSuchGrant):
        revoke_key(key.kid, organisation=ada.organisation, by="ada", now=now)


def test_a_form_of_another_page_enrols_nothing(administrator, ada):
    strict = Client(enforce_csrf_checks=True, headers={"host": host(settings.ORIGINS.auth)})
    strict.cookies = administrator.cookies
    assert strict.post("/rooms", form(), headers={"origin": settings.ORIGINS.core}).status_code == 403
    assert EnrolledKey.objects.count() == 0


P384 = ec.generate_private_key(ec.SECP384R1())
WRONG = {
    "no address": ({"address": "room"}, "address"),
    "a person's address": ({"address": "ada@weaver.example"}, "address"),
    "no name": ({"name": "  "}, "name"),
    "a name that turns the writing": ({"name": "Room\u202e7"}, "name"),
    "a person": ({"kind": "person"}, "kind"),
    "no kind": ({"kind": ""}, "kind"),
    "a recorder without a key": ({"kind": "recorder", "key": ""}, "key"),
    "another curve": ({"key": pem(P384)}, "key"),
    "another algorithm": ({"key": pem(ed25519.Ed25519PrivateKey.generate())}, "key"),
    "a private key": ({"key": private_pem(new_key())}, "key"),
    "a private JWK": ({"key": json.dumps(public_jwk(new_key().public_key()) | {"d": "AA"})}, "key"),
    "a point that is on no curve": ({"key": json.dumps({"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43})}, "key"),
    "a JWK that is cut": ({"key": '{"kty":"EC"'}, "key"),
    "too much": ({"key": "x" * 3000}, "key"),
}


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_enrolled_names_its_field_and_changes_nothing(administrator, organisation, changes, field, now):
    answer = administrator.post("/rooms", form() | changes)
    assert answer.status_code == 422
    assert answer.context["refusal"].field == field
    assert "PRIVATE" not in answer.content.decode()
    assert (EnrolledKey.objects.count(), Account.objects.exclude(kind="person").count()) == (0, 0)


def test_a_key_is_enrolled_once_and_never_again(organisation, now):
    key = new_key()
    enrol(read_enrolment(**form(key)), organisation=organisation, by="ada", now=now)
    revoke_key(key_id(key.public_key()), organisation=organisation, by="ada", now=now)
    for address in (ROOM, "room-8@weaver.example"):
        with pytest.raises(EnrolmentRefused) as refused:
            enrol(read_enrolment(**form(key, address=address)), organisation=organisation, by="ada", now=now)
        assert refused.value.field == "key"
    assert EnrolledKey.objects.count() == 1


def test_a_device_has_five_keys_at_most_and_stays_what_it_is(organisation, now):
    for _ in range(5):
        enrol(read_enrolment(**form()), organisation=organisation, by="ada", now=now)
    with pytest.raises(EnrolmentRefused, match="so many"):
        enrol(read_enrolment(**form()), organisation=organisation, by="ada", now=now)
    with pytest.raises(EnrolmentRefused, match="somebody else"):
        enrol(read_enrolment(**form(kind="recorder")), organisation=organisation, by="ada", now=now)
    assert EnrolledKey.objects.count() == 5


def test_the_command_enrols_shows_and_revokes(organisation, tmp_path, capsys):
    key = new_key()
    (tmp_path / "room.pub").write_text(pem(key))
    given = ("--organisation", "weaver")
    call_command("rooms", *given, "enrol", ROOM, "--name", "Room 7", "--kind", "recorder", "--key", str(tmp_path / "room.pub"))
    device, kid = Account.objects.get(email=ROOM), key_id(key.public_key())
    assert capsys.readouterr().out == f"enrolled {device.pk} key {kid}\n"
    call_command("rooms", *given, "show")
    assert capsys.readouterr().out == f"{device.pk} recorder {ROOM} Room 7\n  {kid} never used\n"
    call_command("rooms", *given, "revoke", kid)
    call_command("rooms", *given, "show")
    assert f"{kid} revoked" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no grant"):
        call_command("rooms", *given, "revoke", kid)
    with pytest.raises(CommandError, match="no such organisation"):
        call_command("rooms", "--organisation", "else", "show")
