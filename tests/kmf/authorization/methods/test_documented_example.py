"""The worked example of docs/sign-in-methods.md is a method as it stands there: it is written to a file, chosen and used."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import RequestFactory

from config.env import ROOT
from kmf.authorization import methods
from kmf.authorization.methods.chosen import UnknownMethod, find_methods, joined_settings
from kmf.authorization.sign_in import sign_in_of
from protocol.sign_in import Strength

pytestmark = pytest.mark.requirement("AUTH-10")
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def smart_card(tmp_path: Path, monkeypatch) -> str:
    """The example's file where Python looks for methods, as if it lay beside the others."""
    [code] = EXAMPLE.findall((ROOT / "docs/sign-in-methods.md").read_text())
    (tmp_path / "smart_card.py").write_text(code)
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, f"{methods.__name__}.smart_card", raising=False)
    yield "smart_card"
    sys.modules.pop(f"{methods.__name__}.smart_card", None)


def test_it_is_chosen_by_its_name_and_brings_what_django_needs(smart_card):
    chosen = find_methods(["password", smart_card])
    method = import_module(f"{methods.__name__}.smart_card").METHOD
    assert chosen[1] is method
    assert (method.name, method.template, method.apps) == ("smart_card", "sign_in_methods/smart_card.html", ("cards",))
    backends = joined_settings(chosen, {"AUTHENTICATION_BACKENDS": ["usual"]})["AUTHENTICATION_BACKENDS"]
    assert backends == ["usual", "cards.backends.CardBackend"]


def test_a_sign_in_that_it_records_has_the_strength_that_it_says(smart_card, ada, settings):
    request = RequestFactory().get("/")
    request.session = SessionStore()
    record_authentication(request, ada, "smart_card")
    assert sign_in_of(request, ada).strength is Strength.ANY  # it was not chosen
    settings.SIGN_IN_METHODS = find_methods(["password", smart_card])
    sign_in = sign_in_of(request, ada)
    assert (sign_in.methods, sign_in.strength) == (("sc", "pin", "mfa"), Strength.SECOND_FACTOR)


def test_without_its_file_there_is_no_such_method():
    with pytest.raises(UnknownMethod):
        find_methods(["smart_card"])
