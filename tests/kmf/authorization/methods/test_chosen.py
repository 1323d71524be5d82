"""Which methods are chosen, and how strong what they recorded is."""

import pytest

from kmf.authorization.methods.chosen import DEFAULT, UnknownMethod, find_methods, joined_settings, judge
from protocol.sign_in import Strength

METHODS = find_methods(DEFAULT)
PASSWORD = {"method": "password", "at": 1.0, "email": "ada@weaver.example"}
TOTP = {"method": "mfa", "type": "totp", "id": 1, "at": 2.0}
RECOVERY = {"method": "mfa", "type": "recovery_codes", "id": 2, "at": 2.0}
PASSKEY = {"method": "mfa", "type": "webauthn", "id": 3, "passwordless": True, "at": 2.0}


@pytest.mark.requirement("AUTH-10")
@pytest.mark.parametrize(
    ("records", "words", "strength"),
    [
        pytest.param([], (), Strength.ANY, id="nothing was recorded"),
        pytest.param([PASSWORD], ("pwd",), Strength.COMPANY, id="password"),
        pytest.param([PASSWORD, PASSWORD], ("pwd",), Strength.COMPANY, id="password twice is one factor"),
        pytest.param([PASSWORD, TOTP], ("pwd", "otp", "mfa"), Strength.SECOND_FACTOR, id="password and app"),
        pytest.param([PASSWORD, RECOVERY], ("pwd", "otp", "mfa"), Strength.SECOND_FACTOR, id="password and recovery code"),
        pytest.param([TOTP], ("otp",), Strength.ANY, id="a code alone is nothing"),
        pytest.param([TOTP, RECOVERY], ("otp",), Strength.ANY, id="two codes are nothing"),
        pytest.param([PASSKEY], ("pop", "mfa"), Strength.SECOND_FACTOR, id="passkey alone"),
        pytest.param([PASSWORD, PASSKEY], ("pwd", "pop", "mfa"), Strength.SECOND_FACTOR, id="password and passkey"),
        pytest.param([{"method": "socialaccount", "provider": "x"}], (), Strength.ANY, id="a method that was not chosen"),
    ],
)
def test_how_strong_a_session_is(records, words, strength):
    assert judge(records, METHODS) == (words, strength)


def test_a_method_that_was_given_up_counts_no_more():
    assert judge([PASSWORD, TOTP], find_methods(["password"])) == (("pwd",), Strength.COMPANY)
    assert judge([PASSKEY], find_methods(["password"])) == ((), Strength.ANY)


def test_settings_of_all_methods_are_joined():
    base = {"MFA_SUPPORTED_TYPES": ["first"]}
    assert joined_settings(METHODS, base)["MFA_SUPPORTED_TYPES"] == ["first", "totp", "webauthn", "recovery_codes"]
    assert joined_settings(find_methods(["password"]), base) == base == {"MFA_SUPPORTED_TYPES": ["first"]}


@pytest.mark.parametrize("names", [["pasword"], ["password", "password"], ["method"], ["chosen"], ["../x"], ["os"], [""]])
def test_only_methods_that_are_there_can_be_chosen(names):
    with pytest.raises(UnknownMethod):
        find_methods(names)
