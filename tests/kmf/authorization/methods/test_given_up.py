"""Where an organisation gave passwords up, they open nothing any more, and nobody is asked for one."""

import pytest

from kmf.authorization.methods.chosen import find_methods
from tests.kmf.authorization.second_factor.conftest import Person, intruder, password_hash, person

__all__ = ["intruder", "password_hash", "person"]


@pytest.fixture
def without_passwords(person: Person, settings) -> Person:
    person.add_passkey()
    settings.SIGN_IN_METHODS = find_methods(["passkey"])
    return person


@pytest.mark.requirement("AUTH-10")
def test_a_password_signs_nobody_in(without_passwords, audited):
    other = without_passwords.elsewhere()
    assert other.type_password().status_code == 200
    assert not other.is_signed_in()
    page = other.browser.get("/sign-in").content.decode()
    assert "Sign in with a passkey" in page
    assert 'name="password"' not in page
    assert other.use_passkey().status_code == 302


@pytest.mark.requirement("AUTH-11")
def test_nobody_confirms_by_one(without_passwords):
    other = without_passwords.elsewhere()
    other.use_passkey()
    assert other.browser.get("/second-factor/passkey")["Location"].startswith("/confirm/passkey?next=")
    assert other.browser.post("/confirm", {"password": "correct horse battery"})["Location"].startswith("/confirm/passkey")
    assert other.browser.get("/second-factor/passkey").status_code == 302
