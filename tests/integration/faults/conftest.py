"""A crowd in a conference of the running system, and what must hold of it whatever happened to the servers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.simulators.crowd import Crowd
from tests.stack import Stack


@pytest.fixture
def crowd(stack: Stack) -> Iterator[Callable[[int], Crowd]]:
    """Make a conference of so many endpoints, all of them in."""
    with ExitStack() as until:

        def make(count: int) -> Crowd:
            made = until.enter_context(Crowd(stack, count))
            made.enter()
            made.together(within_s=60)
            return made

        yield make
