"""A session's row does not give its cookie away."""

import pytest
from django.contrib.sessions.models import Session

from config.sessions import SessionStore

pytestmark = pytest.mark.django_db


def test_the_cookies_value_is_nowhere_in_the_table():
    store = SessionStore()
    store["who"] = "ada"
    store.save()
    row = Session.objects.get()
    assert store.session_key
    assert store.session_key not in (row.session_key, row.session_data)
    assert SessionStore(store.session_key)["who"] == "ada"
    assert SessionStore(row.session_key).get("who") is None


def test_a_session_is_changed_cycled_and_ended_under_its_cookie():
    store = SessionStore()
    store["who"] = "ada"
    store.save()
    again = SessionStore(store.session_key)
    again["who"] = "bob"
    again.save()
    assert SessionStore(store.session_key)["who"] == "bob"
    before = again.session_key
    again.cycle_key()
    assert again.session_key != before
    assert SessionStore(again.session_key)["who"] == "bob"
    assert not SessionStore().exists(before)
    again.flush()
    assert not Session.objects.exists()
