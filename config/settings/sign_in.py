"""How people sign in: the organisation's file, ``{state}/trusted/sign-in.toml`` or ``CONCLAVE_SIGN_IN`` (docs/operate.md)."""

import tomllib
from pathlib import Path
from typing import Any

from config.env import BadSetting, Environment
from kmf.authorization.methods.chosen import DEFAULT, UnknownMethod, find_methods, joined_settings

_env = Environment("trusted")


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
    if set(choice) - {"methods"} or not isinstance(methods, list) or not all(isinstance(name, str) for name in methods):
        raise BadSetting("CONCLAVE_SIGN_IN names a file with members that are not known")
    return choice


_choice = read_choice(Path(_env.text("CONCLAVE_SIGN_IN", str(_env.directory / "sign-in.toml"))))
try:
    SIGN_IN_METHODS = find_methods(_choice.get("methods", DEFAULT))
except UnknownMethod as error:
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
globals().update(joined_settings(SIGN_IN_METHODS, _BASE))
