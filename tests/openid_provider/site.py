"""An instance that trusts a company's real OpenID Connect provider; one for all tests of a session."""

from collections.abc import Generator
from dataclasses import dataclass

import pytest

from tests.openid_provider.running import PEOPLE, company_provider, trust
from tests.stack import Stack


@dataclass(frozen=True)
class Company:
    """The provider's issuer, and the instance."""

    issuer: str
    stack: Stack


@pytest.fixture(scope="session")
def company() -> Generator[Company]:
    stack = Stack()
    with company_provider(auth_origin=stack.origins.auth, people=PEOPLE) as issuer:
        trust(stack, issuer)
        with stack:
            yield Company(issuer, stack)
