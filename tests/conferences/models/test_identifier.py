"""Identifiers can be typed behind an option of a command."""

from conferences.models import new_identifier
from protocol import base64url


def test_identifiers_are_canonical_and_never_look_like_an_option():
    for _ in range(2000):
        identifier = new_identifier()
        assert not identifier.startswith("-")
        assert len(base64url.decode(identifier, length=16)) == 16
