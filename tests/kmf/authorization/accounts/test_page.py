"""The administrator's page: he finds the people of his organisation, and switches their accounts off and on."""

import pytest
from django.conf import settings
from django.test import Client

from conferences.models import Organisation
from kmf.authorization.accounts.switching import Side, switch_off
from kmf.authorization.models import AccessToken, Account
from tests.kmf.authorization.oauth_client import host

pytestmark = pytest.mark.requirement("AUTH-5")
MEANT = {"meant": "yes"}


@pytest.fixture
def root(organisation):
    return Account.objects.create_account(email="root@weaver.example", name="Root", organisation=organisation, is_staff=True)


@pytest.fixture
def admin(root, browser):
    """His browser, in which he signed in just now."""
    root.set_password("four words nobody joins")
    root.save()
    browser.post("/sign-in", {"login": root.email, "password": "four words nobody joins"})
    return browser


def state(account):
    account.refresh_from_db()
    return account.is_active, account.switched_off_by


def test_he_finds_people_by_a_part_of_name_or_address(admin, ada, account):
    for name in ("bob", "eve"):
        account(name)
    page = admin.get("/accounts?search=WEAVER.ex").content.decode()
    assert all(f"{name}@weaver.example" in page for name in ("ada", "bob", "eve"))
    page = admin.get("/accounts?search=eVe").content.decode()
    assert "eve@weaver.example" in page
    assert "bob@weaver.example" not in page
    assert "Never signed in" in page
    assert "Nobody of that name" in admin.get("/accounts?search=%25").content.decode()
    assert "Signed in last" in admin.get("/accounts?search=root").content.decode()


def test_he_switches_somebody_off_and_on_and_both_is_on_record(admin, root, ada, endpoint_client, audited):
    given = endpoint_client.tokens()
    answer = admin.post(f"/accounts/{ada.pk}/off", MEANT)
    assert answer["Location"] == f"/accounts/{ada.pk}?switched=off"
    assert state(ada) == (False, "administrator")
    assert AccessToken.objects.count() == 0
    assert endpoint_client.refresh(given["refresh_token"]).json() == {"error": "invalid_grant"}
    assert endpoint_client.browser.get("/", headers={"host": host(settings.ORIGINS.auth)}).status_code == 302
    page = admin.get(answer["Location"]).content.decode()
    assert "Switched off. It is signed out everywhere" in page
    answer = admin.post(f"/accounts/{ada.pk}/on")
    assert answer["Location"] == f"/accounts/{ada.pk}?switched=on"
    assert state(ada) == (True, "")
    for event in ("account.switched_off", "account.switched_on"):
        [entry] = audited(event)
        assert (entry["actor"], entry["details"]) == (root.email, {"account": ada.email})


def test_without_the_tick_nothing_happens_and_the_page_says_so(admin, ada, audited):
    answer = admin.post(f"/accounts/{ada.pk}/off")
    assert answer.status_code == 422
    assert "Tick the box if you mean it." in answer.content.decode()
    assert state(ada) == (True, "")
    assert audited("account.switched_off") == []


def test_nobody_switches_himself_off(admin, root, audited):
    assert "another administrator" in admin.get(f"/accounts/{root.pk}").content.decode()
    answer = admin.post(f"/accounts/{root.pk}/off", MEANT)
    assert (answer.status_code, state(root)) == (422, (True, ""))
    assert "his own account" in answer.content.decode()
    assert audited("account.switched_off") == []


@pytest.mark.parametrize("side", [Side.DIRECTORY, Side.OPERATOR])
def test_what_a_weightier_side_switched_off_stays_off_and_the_page_says_who_it_was(admin, ada, now, audited, side):
    switch_off(ada, side=side, by=side, now=now)
    assert f"{side.value} switched" in admin.get(f"/accounts/{ada.pk}").content.decode()
    answer = admin.post(f"/accounts/{ada.pk}/on")
    assert (answer.status_code, state(ada)) == (422, (False, side.value))
    assert f"{side.value} switched" in answer.content.decode()
    admin.post(f"/accounts/{ada.pk}/off", MEANT)
    assert state(ada) == (False, side.value)
    assert audited("account.switched_on") == []


def test_who_was_switched_off_here_is_the_directorys_once_that_says_so_too(ada, now):
    switch_off(ada, side=Side.ADMINISTRATOR, by="root@weaver.example", now=now)
    switch_off(ada, side=Side.DIRECTORY, by="directory", now=now)
    assert state(ada) == (False, "directory")


def test_switching_on_asks_for_a_young_sign_in_and_off_does_not(root, ada):
    late = Client(headers={"host": host(settings.ORIGINS.auth)})
    late.force_login(root)  # a session that does not say when it was opened
    assert late.post(f"/accounts/{ada.pk}/off", MEANT).status_code == 302
    assert state(ada) == (False, "administrator")
    assert late.post(f"/accounts/{ada.pk}/on")["Location"].startswith("/confirm?")
    assert state(ada) == (False, "administrator")


@pytest.mark.parametrize("who", ["another", "an initiator", "an auditor", "nobody", "an administrator elsewhere"])
def test_nobody_else_switches_anything(ada, account, audited, who):
    bob = account("bob")
    bob.can_initiate, bob.can_audit = who == "an initiator", who == "an auditor"
    if who == "an administrator elsewhere":
        bob.is_staff, bob.organisation = True, Organisation.objects.create(name="Else", slug="else")
    bob.save()
    browser = Client(headers={"host": host(settings.ORIGINS.auth)})
    if who != "nobody":
        browser.force_login(bob)
    for path in ("off", "on"):
        assert browser.post(f"/accounts/{ada.pk}/{path}", MEANT).status_code == (302 if who == "nobody" else 404)
    assert state(ada) == (True, "")
    assert audited("account.switched_off") == []


def test_a_form_of_another_page_switches_nothing(root, ada):
    strict = Client(enforce_csrf_checks=True, headers={"host": host(settings.ORIGINS.auth)})
    strict.force_login(root)
    assert strict.post(f"/accounts/{ada.pk}/off", MEANT, headers={"origin": settings.ORIGINS.core}).status_code == 403
    assert state(ada) == (True, "")


def test_a_room_is_switched_like_anybody(admin, account):
    room = account("room")
    Account.objects.filter(pk=room.pk).update(kind="room")
    admin.post(f"/accounts/{room.pk}/off", MEANT)
    assert state(room) == (False, "administrator")
    admin.post(f"/accounts/{room.pk}/on")
    assert state(room) == (True, "")
