"""How people sign in: the organisation's file, ``{state}/trusted/sign-in.toml`` or ``CONCLAVE_SIGN_IN`` (docs/operate.md)."""

import tomllib
from pathlib import Path
from typing import Any

from config.env import BadSetting, Environment
from kmf.authorization.company.configuration import read_provider
from kmf.authorization.company.description import BadProvider
from kmf.authorization.ldap.configuration import read_directory
from kmf.authorization.methods.chosen import DEFAULT, UnknownMethod, find_methods, joined_settings
from kmf.authorization.saml.configuration import read_saml_provider

_env = Environment("trusted")
_DESCRIBED = ("openid_connect", "saml", "ldap")  # methods each of which has providers to describe


def read_choice(path: Path) -> dict[str, Any]:
    """What the file says; nothing, where there is none.

    Raises:
        BadSetting: it cannot be read as TOML, or says something that is not known.

    """
    if not path.is_file():
        return {}
    try:
        choice = tomllib.loads(path.read_text())
    except (OSError, ValueError):
        raise BadSetting("CONCLAVE_SIGN_IN names a file that is no TOML") from None
    methods = choice.get("methods", list(DEFAULT))
    is_known = not set(choice) - {"methods", *_DESCRIBED} and _lists(methods, str)
    if not is_known or not all(_fits(choice.get(name, []), name in methods) for name in _DESCRIBED):
        raise BadSetting("CONCLAVE_SIGN_IN names a file with members that are not known")
    return choice


def _fits(described: object, is_chosen: bool) -> bool:  # noqa: FBT001  described exactly where chosen
    return _lists(described, dict) and bool(described) == is_chosen


def _lists(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _client_secret(name: str) -> str:
    return _env.secret_text(f"openid-connect-{name}")


def _directory_password(name: str) -> str:
    return _env.secret_text(f"ldap-{name}")


_choice = read_choice(Path(_env.text("CONCLAVE_SIGN_IN", str(_env.directory / "sign-in.toml"))))
try:
    SIGN_IN_METHODS = find_methods(_choice.get("methods", DEFAULT))
    COMPANY_PROVIDERS = [read_provider(table, _client_secret) for table in _choice.get("openid_connect", [])]
    LDAP_DIRECTORIES = [read_directory(table, _directory_password) for table in _choice.get("ldap", [])]
    SAML_PROVIDERS = [read_saml_provider(table) for table in _choice.get("saml", [])]
except (UnknownMethod, BadProvider) as error:
    raise BadSetting(*error.args) from None
SIGN_IN_APPS = ["allauth.mfa", *dict.fromkeys(app for method in SIGN_IN_METHODS for app in method.apps)]

MFA_ADAPTER = "kmf.authorization.second_factor.adapter.SecondFactorAdapter"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # so that a passkey is two factors, wherever it is used
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # periods of 30 s: clocks of telephones differ
MFA_ALLOW_UNVERIFIED_EMAIL = True  # accounts are the organisation's, and allauth's own list of addresses stays empty
_FORMS = {
    "authenticate": "kmf.authorization.second_factor.code_forms.AuthenticateForm",
    "reauthenticate": "kmf.authorization.second_factor.code_forms.ReauthenticateForm",
    "activate_totp": "kmf.authorization.second_factor.code_forms.ActivateTOTPForm",
    "authenticate_webauthn": "kmf.authorization.second_factor.passkey_forms.AuthenticateForm",
    "reauthenticate_webauthn": "kmf.authorization.second_factor.passkey_forms.ReauthenticateForm",
    "login_webauthn": "kmf.authorization.second_factor.passkey_forms.SignInForm",
    "add_webauthn": "kmf.authorization.second_factor.passkey_forms.AddForm",
}
_BASE = {
    "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
    "MFA_SUPPORTED_TYPES": [],
    "MFA_FORMS": _FORMS,
}
_joined = joined_settings(SIGN_IN_METHODS, _BASE)
AUTHENTICATION_BACKENDS: list[str] = _joined.pop("AUTHENTICATION_BACKENDS")
MFA_SUPPORTED_TYPES: list[str] = _joined.pop("MFA_SUPPORTED_TYPES")
MFA_FORMS: dict[str, str] = _joined.pop("MFA_FORMS")
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [provider.allauth_app() for provider in COMPANY_PROVIDERS]}}
_names = [
    *(one.name for one in COMPANY_PROVIDERS),
    *(one.name for one in SAML_PROVIDERS),
    *(one.name for one in LDAP_DIRECTORIES),
]
if len(set(_names)) != len(_names):
    raise BadSetting("CONCLAVE_SIGN_IN names two providers alike")
SIGN_IN_ORIGINS = sorted(  # to which our form leads on
    {provider.authorization_origin for provider in COMPANY_PROVIDERS} | {provider.sign_in_origin for provider in SAML_PROVIDERS}
)
globals().update(_joined)
