"""What a test waited for did not come: the product is too slow, or the machine is.

A test that ends so is tried once more, and named at the end of the run (ADR 0045). One that saw something wrong is not.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class NotInTime(AssertionError):
    """The message says what was waited for, and what was there instead."""


@contextmanager
def waiting() -> Iterator[None]:
    """Where the way to what is tested is awaited, an unmet expectation is a wait in vain."""
    try:
        yield
    except AssertionError as error:
        raise NotInTime(str(error)) from error
