"""The organisation's directory switches people off, over SCIM 2.0: at once, its own people only, and nothing else of them."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from conferences.models import Organisation
from conferences.services.signed_in import is_ended
from kmf.authorization.directory.tokens import make_token
from kmf.authorization.models import AccessToken, Account, DirectoryToken, Grant, RefreshToken
from kmf.models import Epoch
from kmf.services.due import settle_if_due
from roster.models import Membership
from tests.kmf.authorization.oauth_client import host
from tests.simulators.endpoint import EndpointSimulator

pytestmark = pytest.mark.requirement("AUTH-7")
OFF = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": "active", "value": False}],
}
ON = {"Operations": [{"op": "replace", "path": "active", "value": True}]}


class Directory:
    """The directory of an organisation, or whoever says that he is it."""

    def __init__(self, organisation, token=None):
        self.token = make_token(organisation, by="root", now=timezone.now()) if token is None else token

    def ask(self, method, path, content=None, **headers):
        sent = {"host": host(settings.ORIGINS.auth), "authorization": f"Bearer {self.token}"} | headers
        body = content if isinstance(content, str) else "" if content is None else json.dumps(content)
        return Client().generic(method, f"/scim/v2{path}", body, content_type="application/scim+json", headers=sent)


@pytest.fixture
def directory(organisation):
    return Directory(organisation)


def is_on(account):
    account.refresh_from_db()
    return account.is_active


def test_people_are_found_by_name_and_shown(directory, ada):
    found = directory.ask("GET", '/Users?filter=userName eq "ADA@weaver.example"').json()
    assert (found["totalResults"], found["Resources"][0]["id"]) == (1, ada.pk)
    shown = directory.ask("GET", f"/Users/{ada.pk}")
    assert shown["Content-Type"] == "application/scim+json"
    assert shown["Cache-Control"] == "no-store"
    assert (shown.json()["userName"], shown.json()["active"]) == ("ada@weaver.example", True)
    assert "password" not in shown.content.decode()
    assert directory.ask("GET", '/Users?filter=userName eq "eve@weaver.example"').json()["totalResults"] == 0
    assert directory.ask("GET", "/ServiceProviderConfig").json()["patch"] == {"supported": True}


def test_people_are_shown_a_page_at_a_time(directory, account):
    for number in range(5):
        account(f"person{number}")
    page = directory.ask("GET", "/Users?startIndex=2&count=2").json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 2, 2)
    assert [user["userName"] for user in page["Resources"]] == ["person1@weaver.example", "person2@weaver.example"]
    assert directory.ask("GET", "/Users?startIndex=-1&count=x").json()["itemsPerPage"] == 5


OFFS = {
    "a patch": ("PATCH", OFF),
    "a patch without a path": ("PATCH", {"Operations": [{"op": "Replace", "value": {"active": False}}]}),
    "a patch in texts": ("PATCH", {"operations": [{"op": "Replace", "path": "active", "value": "False"}]}),
    "a patch that takes it away": ("PATCH", {"Operations": [{"op": "remove", "path": "active"}]}),
    "a patch of other things too": (
        "PATCH",
        {
            "Operations": [
                {"op": "replace", "path": "displayName", "value": "X"},
                {"op": "replace", "path": "active", "value": False},
            ]
        },
    ),
    "a patch that says two things": ("PATCH", {"Operations": [*ON["Operations"], *OFF["Operations"]]}),
    "a replacement": ("PUT", {"userName": "other@weaver.example", "active": False}),
    "a deletion": ("DELETE", None),
}


@pytest.mark.parametrize(("method", "content"), OFFS.values(), ids=OFFS.keys())
def test_whoever_is_switched_off_is_out_everywhere_at_once(directory, ada, endpoint_client, audited, method, content):
    given = endpoint_client.tokens()
    assert endpoint_client.browser.get("/", headers={"host": host(settings.ORIGINS.auth)}).status_code == 200
    answer = directory.ask(method, f"/Users/{ada.pk}", content)
    assert answer.status_code == (204 if method == "DELETE" else 200)
    assert not is_on(ada)
    assert (ada.email, ada.name) == ("ada@weaver.example", "Ada Weaver")
    assert AccessToken.objects.count() == 0
    assert RefreshToken.objects.filter(revoked=None).count() == 0
    assert endpoint_client.refresh(given["refresh_token"]).json() == {"error": "invalid_grant"}
    assert endpoint_client.browser.get("/", headers={"host": host(settings.ORIGINS.auth)}).status_code == 302
    assert is_ended(ada.pk, generation=0)  # at the core application
    assert Grant.objects.get().revoked_reason == "account was switched off"
    [entry] = audited("account.switched_off")
    assert (entry["actor"], entry["details"], entry["chain"]) == ("directory", {"account": ada.email}, "organisation:weaver")


def test_his_endpoint_is_out_of_the_conference_and_the_key_is_another(directory, ada, conference, participant, endpoint, now):
    gone = EndpointSimulator(account=ada, conference_id=conference.id)
    gone.ask(now)
    endpoint("bob").ask(now + timedelta(seconds=1))
    before = Epoch.objects.filter(conference=conference).count()
    directory.ask("DELETE", f"/Users/{ada.pk}")
    settle_if_due(conference_id=conference.id, now=now + timedelta(seconds=2))  # what the hub and the worker do every second
    present = Membership.objects.filter(conference=conference, left_at=None)
    assert [row.participant.identity for row in present] == ["bob@weaver.example"]
    assert Epoch.objects.filter(conference=conference).count() == before + 1


def test_who_is_off_already_stays_as_he_is(directory, ada, audited):
    for _ in range(3):
        assert directory.ask("DELETE", f"/Users/{ada.pk}").status_code == 204
    assert len(audited("account.switched_off")) == 1


def test_the_directory_switches_on_what_it_switched_off_and_nothing_that_was_ended_comes_back(
    directory, ada, endpoint_client, audited
):
    given = endpoint_client.tokens()
    directory.ask("PATCH", f"/Users/{ada.pk}", OFF)
    answer = directory.ask("PATCH", f"/Users/{ada.pk}", ON)
    assert (answer.status_code, answer.json()["active"]) == (200, True)
    assert is_on(ada)
    assert endpoint_client.refresh(given["refresh_token"]).json() == {"error": "invalid_grant"}
    assert endpoint_client.browser.get("/", headers={"host": host(settings.ORIGINS.auth)}).status_code == 302
    assert len(audited("account.switched_on")) == 1


def test_it_does_not_switch_on_what_somebody_else_switched_off(directory, ada, audited):
    Account.objects.filter(pk=ada.pk).update(is_active=False)
    assert directory.ask("PATCH", f"/Users/{ada.pk}", ON).status_code == 403
    assert not is_on(ada)
    assert audited("account.switched_on") == []


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_another_organisations_people_are_not_there(directory, ada, method):
    other = Directory(Organisation.objects.create(name="Spinner", slug="spinner"))
    answers = [other.ask(method, f"/Users/{account_id}", OFF) for account_id in (ada.pk, "A" * 22)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert is_on(ada)
    assert other.ask("GET", "/Users").json()["totalResults"] == 0


STRANGERS = {
    "no header": {"authorization": ""},
    "another scheme": {"authorization": "Basic abc"},
    "an empty token": {"authorization": "Bearer "},
    "an unknown token": {"authorization": "Bearer " + "A" * 43},
    "a very long one": {"authorization": "Bearer " + "A" * 5000},
}


@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS.keys())
def test_nobody_else_is_answered(directory, ada, audited, headers):
    for method, path in (("GET", "/Users"), ("DELETE", f"/Users/{ada.pk}"), ("GET", "/ServiceProviderConfig")):
        answer = directory.ask(method, path, **headers)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert ada.email not in answer.content.decode()
    assert is_on(ada)
    assert len(audited("directory.refused")) == 3


def test_a_token_is_over_once_there_is_another_or_it_is_revoked(organisation, ada, capsys):
    call_command("directory_token", organisation="weaver")
    first = capsys.readouterr().out.strip()
    assert DirectoryToken.objects.filter(token_checksum__contains=first).count() == 0
    assert Directory(organisation, first).ask("GET", "/Users").status_code == 200
    call_command("directory_token", organisation="weaver")
    second = capsys.readouterr().out.strip()
    assert Directory(organisation, first).ask("DELETE", f"/Users/{ada.pk}").status_code == 401
    assert Directory(organisation, second).ask("GET", "/Users").status_code == 200
    call_command("directory_token", organisation="weaver", revoke=True)
    assert Directory(organisation, second).ask("DELETE", f"/Users/{ada.pk}").status_code == 401
    assert is_on(ada)
    with pytest.raises(CommandError):
        call_command("directory_token", organisation="else")


def test_a_session_of_an_administrator_is_no_directory(organisation, ada):
    ada.is_staff = True
    ada.save()
    browser = Client(headers={"host": host(settings.ORIGINS.auth)})
    browser.force_login(ada)
    assert browser.delete(f"/scim/v2/Users/{ada.pk}").status_code == 401
    assert is_on(ada)


def test_a_guesser_is_slowed_and_the_directory_is_not(directory, ada):
    guesses = [directory.ask("GET", "/Users", authorization=f"Bearer {number}") for number in range(62)]
    assert [answer.status_code for answer in guesses] == [401] * 60 + [429] * 2
    assert int(guesses[-1]["Retry-After"]) <= 60
    assert directory.ask("GET", "/Users").status_code == 200


WRONG = {
    "nothing": ("PATCH", ""),
    "no JSON": ("PATCH", "{"),
    "a list": ("PATCH", "[]"),
    "a member twice": ("PATCH", '{"Operations":[],"Operations":[]}'),
    "no operations": ("PATCH", "{}"),
    "an empty list of them": ("PATCH", '{"Operations":[]}'),
    "an unknown one": ("PATCH", '{"Operations":[{"op":"move","path":"active"}]}'),
    "one that is none": ("PATCH", '{"Operations":["replace"]}'),
    "neither true nor false": ("PATCH", '{"Operations":[{"op":"replace","path":"active","value":"maybe"}]}'),
    "a number": ("PATCH", '{"Operations":[{"op":"replace","path":"active","value":0}]}'),
    "something else alone": ("PATCH", '{"Operations":[{"op":"replace","path":"userName","value":"eve@weaver.example"}]}'),
    "a replacement that is none": ("PUT", '{"active":"maybe"}'),
    "too much": ("PATCH", json.dumps({"Operations": OFF["Operations"], "x": "y" * 70_000})),
}


@pytest.mark.parametrize(("method", "content"), WRONG.values(), ids=WRONG.keys())
def test_what_is_malformed_changes_nothing(directory, ada, method, content):
    answer = directory.ask(method, f"/Users/{ada.pk}", content)
    assert answer.status_code in {400, 413}
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert is_on(ada)
    assert ada.email == "ada@weaver.example"


@pytest.mark.parametrize("text", ['userName sw "a"', "active eq true", 'userName eq "a" or userName eq "b"', "", 'id eq "x"'])
def test_other_filters_are_refused(directory, ada, text):
    answer = directory.ask("GET", f"/Users?filter={text}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(("method", "path"), [("POST", "/Users"), ("DELETE", "/Users"), ("POST", "/Bulk")])
def test_nobody_is_made_by_it(directory, ada, method, path):
    assert directory.ask(method, path, {"userName": "eve@weaver.example"}).status_code in {404, 405}
    assert Account.objects.count() == 1
