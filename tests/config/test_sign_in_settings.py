"""``sign-in.toml``: what it may say, and that anything else stops the start."""

import os
import subprocess
import sys

import pytest

from config.env import ROOT, BadSetting
from config.settings.sign_in import read_choice
from tests.simulators.saml_provider import key_and_certificate

COMPANY = """
[[openid_connect]]
name = "company"
words = "your company account"
issuer = "https://login.company.example"
client_id = "conclave"
organisation = "company"
"""
SAML = """
[[saml]]
name = "{name}"
words = "your company account"
entity_id = "https://saml.company.example/metadata"
sign_in_url = "https://saml.company.example/sso"
certificates = ['''{certificate}''']
organisation = "company"
"""


@pytest.mark.parametrize(
    "text",
    [
        "methods = [",
        "methods = 7",
        'methods = ["password", 7]',
        'method = ["password"]',
        COMPANY,  # described, not among the methods
        'methods = ["password", "openid_connect"]',  # among the methods, not described
        'methods = ["openid_connect"]\nopenid_connect = "company"',
        'methods = ["saml"]',
        'methods = ["openid_connect"]\n' + COMPANY + "[[saml]]",
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path, text):
    path = tmp_path / "sign-in.toml"
    path.write_text(text)
    with pytest.raises(BadSetting, match="CONCLAVE_SIGN_IN"):
        read_choice(path)


def test_without_a_file_nothing_is_chosen(tmp_path):
    assert read_choice(tmp_path / "sign-in.toml") == {}


def started_with(tmp_path, state_directory, text: str) -> subprocess.CompletedProcess[str]:
    """Settings of a process that is started with this file."""
    path = tmp_path / "sign-in.toml"
    path.write_text(text)
    program = (
        "import django; django.setup(); from django.conf import settings as s; from django.urls import reverse;"
        "print([m.name for m in s.SIGN_IN_METHODS], s.COMPANY_PROVIDERS, s.MFA_SUPPORTED_TYPES,"
        " s.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'],"
        " reverse('openid_connect_login', 'config.urls_auth', ['company']))"
    )
    environment = os.environ | {"CONCLAVE_SIGN_IN": str(path), "DJANGO_SETTINGS_MODULE": "config.settings.trusted"}
    secret = state_directory / "trusted/secrets/openid-connect-company"
    secret.write_text("a-secret-of-the-client")
    try:
        return subprocess.run(  # noqa: S603  our own interpreter
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    finally:
        secret.unlink()


def test_a_company_is_offered_beside_what_is_named(tmp_path, state_directory):
    done = started_with(tmp_path, state_directory, 'methods = ["passkey", "openid_connect"]\n' + COMPANY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("['passkey', 'openid_connect']")
    assert "['webauthn']" in done.stdout
    assert "'https://login.company.example'" in done.stdout
    assert done.stdout.strip().endswith("/sign-in/with/company")
    assert "a-secret-of-the-client" not in done.stdout


def test_the_sign_in_form_may_lead_to_a_saml_provider(tmp_path, state_directory):
    described = SAML.format(name="works", certificate=key_and_certificate()[1])
    done = started_with(tmp_path, state_directory, 'methods = ["saml", "openid_connect"]\n' + COMPANY + described)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("['saml', 'openid_connect']")
    assert "'https://saml.company.example']" in done.stdout


def test_two_providers_of_one_name_stop_the_start(tmp_path, state_directory):
    described = SAML.format(name="company", certificate=key_and_certificate()[1])
    done = started_with(tmp_path, state_directory, 'methods = ["saml", "openid_connect"]\n' + COMPANY + described)
    assert done.returncode != 0
    assert "names two providers alike" in done.stderr


@pytest.mark.parametrize("methods", ['["pasword"]', '["password", "password"]'])
def test_a_method_that_there_is_not_stops_the_start(tmp_path, state_directory, methods):
    done = started_with(tmp_path, state_directory, f"methods = {methods}")
    assert done.returncode != 0
    assert "BadSetting" in done.stderr
