"""``manage.py account``: outside a demonstration, this is how the first organisation and its people come to be."""

import pytest
from django.conf import settings
from django.core.management import CommandError

from conferences.models import Organisation, OutboxItem
from conferences.services.signed_in import is_ended
from kmf.authorization.models import AccessToken, Account, Grant, PasswordLink
from kmf.authorization.second_factor import account as second_factor
from tests.kmf.authorization.accounts.conftest import PASSWORD
from tests.kmf.authorization.oauth_client import OAuthClient, host

pytestmark = pytest.mark.requirement("AUTH-17")
EVE = ("add", "Eve@Weaver.example", "--organisation", "weaver", "--name", "Eve  Weaver")


def path_of(link):
    assert link.startswith(f"{settings.ORIGINS.auth}/set-password?link=")
    return link.removeprefix(settings.ORIGINS.auth)


def test_from_nothing_to_somebody_who_is_signed_in(operator, mailed, browser, audited):
    assert operator("organisation", "Weaver & Sons") == "weaver-sons"
    operator(
        "add", "eve@weaver.example", "--organisation", "weaver-sons", "--name", "Eve", "--role", "admin", "--role", "initiator"
    )
    assert browser.get(path_of(mailed()), follow=True).status_code == 200
    answer = browser.post("/set-password", {"password": PASSWORD})
    assert answer["Location"] == "/sign-in?password_set=1"
    assert browser.post("/sign-in", {"login": "eve@weaver.example", "password": PASSWORD})["Location"] == "/"
    assert "Eve" in browser.get("/accounts").content.decode()
    account = Account.objects.get()
    assert (account.name, account.roles, account.organisation.name) == ("Eve", ["initiator", "admin"], "Weaver & Sons")
    for event in ("organisation.made", "account.added", "account.password_link_made"):
        [entry] = audited(event)
        assert (entry["actor"], entry["chain"]) == ("operator", "organisation:weaver-sons")
    [entry] = audited("account.password_set")
    assert entry["actor"] == "eve@weaver.example"


def test_a_link_that_is_shown_is_kept_as_a_hash_and_no_mail_is_sent(operator, organisation, mailoutbox):
    link = operator(*EVE, "--show")
    row = PasswordLink.objects.get()
    assert row.secret_checksum not in link
    assert link.partition("=")[2] not in str(PasswordLink.objects.values())
    assert mailoutbox == []
    account = Account.objects.get()
    assert (account.email, account.name, account.roles) == ("eve@weaver.example", "Eve Weaver", [])
    assert not account.has_usable_password()


REFUSED = {
    "an organisation that is there": (("organisation", "Weaver"), "organisation_exists"),
    "an organisation without a name": (("organisation", " "), "invalid_name"),
    "an organisation whose name makes no slug": (("organisation", "機織り"), "invalid_slug"),
    "a slug with a blank": (("organisation", "Else", "--slug", "el se"), "invalid_slug"),
    "a slug in capitals": (("organisation", "Else", "--slug", "ELSE"), "invalid_slug"),
    "no such organisation": (("add", "eve@weaver.example", "--organisation", "else", "--name", "Eve"), "no_such_organisation"),
    "no address": (("add", "eve", "--organisation", "weaver", "--name", "Eve"), "invalid_address"),
    "no name": (("add", "eve@weaver.example", "--organisation", "weaver", "--name", " "), "invalid_name"),
    "a name that shows nothing": (("add", "eve@weaver.example", "--organisation", "weaver", "--name", "\u202e"), "invalid_name"),
    "an address that is somebody's": (("add", "ADA@weaver.example", "--organisation", "weaver", "--name", "A"), "address_taken"),
    "nobody to switch off": (("off", "eve@weaver.example"), "no_such_account"),
    "nobody to switch on": (("on", "eve@weaver.example"), "no_such_account"),
    "nobody who lost anything": (("lost", "eve@weaver.example"), "no_such_account"),
    "nobody for a link": (("link", "eve@weaver.example"), "no_such_account"),
    "no role": (("role", "ada@weaver.example"), "nothing_to_do"),
    "a role given and taken": (("role", "ada@weaver.example", "--give", "admin", "--take", "admin"), "contradiction"),
    "a list of nobody's organisation": (("list", "--organisation", "else"), "no_such_organisation"),
}


@pytest.mark.parametrize(("words", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_has_a_code_and_changes_nothing(refused, ada, words, code):
    assert refused(*words) == code
    assert Organisation.objects.count() == 1


def test_a_role_that_is_none_is_no_command(operator, ada):
    with pytest.raises(CommandError, match="invalid choice"):
        operator("role", ada.email, "--give", "root")
    ada.refresh_from_db()
    assert ada.roles == ["initiator"]


def test_without_passwords_an_account_is_made_and_no_link(operator, refused, organisation, settings):
    settings.SIGN_IN_METHODS = [method for method in settings.SIGN_IN_METHODS if method.name != "password"]
    assert "company_link" in operator(*EVE)
    assert not Account.objects.get().has_usable_password()
    assert PasswordLink.objects.count() == 0
    assert refused("link", "eve@weaver.example") == "no_passwords"


@pytest.mark.parametrize("who", ["a room", "a guest", "one that is off"])
def test_who_has_no_password_gets_no_link(refused, ada, who):
    change = {"a room": {"kind": "room"}, "a guest": {"is_guest": True}, "one that is off": {"is_active": False}}[who]
    Account.objects.filter(pk=ada.pk).update(**change)
    assert refused("link", ada.email) == ("switched_off" if who == "one that is off" else "not_a_person")
    if who != "one that is off":
        assert refused("role", ada.email, "--give", "admin") == "not_a_person"
    assert PasswordLink.objects.count() == 0


def test_a_guest_becomes_a_person_and_is_no_longer_signed_in_as_a_guest(operator, ada, endpoint_client, audited):
    Account.objects.filter(pk=ada.pk).update(is_guest=True, guest_over=True, can_initiate=False)
    endpoint_client.tokens()
    operator("organisation", "Spinner")
    operator("add", ada.email, "--organisation", "spinner", "--name", "Ada Spinner", "--role", "auditor")
    ada.refresh_from_db()
    assert (ada.is_guest, ada.guest_over, ada.organisation.slug, ada.roles) == (False, False, "spinner", ["auditor"])
    assert AccessToken.objects.count() == 0
    assert endpoint_client.browser.get("/", headers={"host": host(settings.ORIGINS.auth)}).status_code == 302
    [entry] = audited("account.added")
    assert entry["details"] == {"account": ada.email, "roles": ["auditor"], "was_guest": True}


def test_whoever_is_switched_off_is_out_everywhere_until_he_is_switched_on(operator, ada, endpoint_client, audited):
    given = endpoint_client.tokens()
    operator("off", "ADA@weaver.example")
    ada.refresh_from_db()
    assert (ada.is_active, ada.switched_off_by) == (False, "operator")
    assert AccessToken.objects.count() == 0
    assert Grant.objects.get().revoked_reason == "account was switched off"
    assert endpoint_client.refresh(given["refresh_token"]).json() == {"error": "invalid_grant"}
    assert endpoint_client.browser.get("/", headers={"host": host(settings.ORIGINS.auth)}).status_code == 302
    assert is_ended(ada.pk, generation=0)  # at the core application
    operator("off", ada.email)
    [entry] = audited("account.switched_off")
    assert (entry["actor"], entry["details"]) == ("operator", {"account": ada.email})
    operator("on", ada.email)
    operator("on", ada.email)
    ada.refresh_from_db()
    assert ada.is_active
    assert endpoint_client.refresh(given["refresh_token"]).json() == {"error": "invalid_grant"}
    assert len(audited("account.switched_on")) == 1


def test_roles_are_given_without_a_word_and_taken_with_a_new_sign_in(operator, ada, signed_in, clients, audited):
    own = signed_in
    own.defaults["HTTP_HOST"] = host(settings.ORIGINS.auth)
    OAuthClient(own, client_id="core", scope="core").tokens()
    assert operator("role", ada.email, "--give", "admin") == "initiator,admin"
    assert own.get("/accounts").status_code == 200
    assert not is_ended(ada.pk, generation=0)
    assert operator("role", ada.email, "--take", "admin", "--give", "auditor") == "initiator,auditor"
    assert own.get("/accounts").status_code == 302
    assert is_ended(ada.pk, generation=0)
    assert operator("role", ada.email, "--give", "auditor") == "initiator,auditor"  # nothing new: nothing is written
    changes = [entry["details"] for entry in audited("account.roles_set")]
    assert [change["now"] for change in changes] == [["initiator", "admin"], ["initiator", "auditor"]]


def test_who_has_lost_his_second_factors_is_rid_of_them_and_out_everywhere(operator, ada, endpoint_client, audited, now):
    given = endpoint_client.tokens()
    second_factor.add_app(ada, secret="JBSWY3DPEHPK3PXP", step=1, now=now)
    second_factor.make_recovery_codes(ada, now=now)
    assert operator("lost", ada.email) == "removed: 1"
    held = second_factor.held_by(ada)
    assert (held.app, held.passkeys, held.recovery_codes) == (None, (), None)
    assert AccessToken.objects.count() == 0
    assert endpoint_client.refresh(given["refresh_token"]).json() == {"error": "invalid_grant"}
    [entry] = audited("account.factor_taken")
    assert (entry["actor"], entry["details"]) == ("operator", {"account": ada.email, "kind": "totp"})
    notices = OutboxItem.objects.filter(kind="account.factor_changed", payload__added=False)
    assert notices.count() == 1


def test_who_has_nothing_to_lose_stays_signed_in(operator, ada, endpoint_client, audited):
    given = endpoint_client.tokens()
    assert operator("lost", ada.email) == "removed: 0"
    assert endpoint_client.refresh(given["refresh_token"]).status_code == 200
    assert audited("account.factor_taken") == []


def test_a_list_says_who_is_there_and_never_how_he_signs_in(operator, ada, account):
    account("bob")
    operator("organisation", "Spinner")
    operator("add", "sue@spinner.example", "--organisation", "spinner", "--name", "Sue", "--role", "admin")
    operator("off", "bob@weaver.example")
    lines = [line.split("\t") for line in operator("list").splitlines()]
    assert [line[0] for line in lines] == ["sue@spinner.example", "ada@weaver.example", "bob@weaver.example"]
    assert lines[0][1:] == ["Sue", "spinner", "person", "admin", "on", "never signed in"]
    assert lines[2][5] == "off by operator"
    assert operator("list", "--organisation", "weaver", "--search", "BOB").split("\t")[0] == "bob@weaver.example"
    assert ada.password not in operator("list")
