"""Who ends everything at the authorization server is out of the core application with the next request, in every browser."""

from datetime import datetime

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from conferences.services.signed_in import end_sign_ins, is_ended
from kmf.authorization.grants import end_everywhere
from tests.conferences.sign_in.redirects import host, path_of

pytestmark = pytest.mark.requirement("AUTH-5")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def signed_in(core, auth) -> Client:
    core.get(path_of(auth.get(path_of(core.get("/sign-in")))))
    assert core.get("/").status_code == 200
    return core


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_is_over_at_once(signed_in, ada, now, method):
    end_everywhere(ada, now=now)
    answer = signed_in.get("/") if method == "get" else signed_in.post("/conferences/new", {"title": "x"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in?next=")
    assert "identity" not in signed_in.session


def test_a_sign_in_after_it_holds(signed_in, ada, now):
    end_everywhere(ada, now=now)
    again = Client(headers={"host": host(settings.ORIGINS.auth)})
    ada.refresh_from_db()
    again.force_login(ada)
    signed_in.get(path_of(again.get(path_of(signed_in.get("/sign-in")))))
    assert signed_in.get("/").status_code == 200


def test_the_end_of_one_account_is_nobody_elses(signed_in, ada, now, django_user_model):
    ben = django_user_model.objects.create_account(email="ben2@weaver.example", name="Ben", organisation=ada.organisation)
    end_everywhere(ben, now=now)
    assert signed_in.get("/").status_code == 200


@pytest.mark.django_db
def test_an_end_is_never_taken_back():
    end_sign_ins("ada", before=3)
    end_sign_ins("ada", before=2)
    assert is_ended("ada", generation=2)
    assert not is_ended("ada", generation=3)
    assert not is_ended("ben", generation=0)
