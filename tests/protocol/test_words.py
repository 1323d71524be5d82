import pytest

from protocol import words
from protocol.errors import Malformed

CONFERENCE = "AAAAAAAAAAAAAAAAAAAAAA"


def test_scope_of_a_conference():
    assert words.conference_of_scope(words.conference_scope(CONFERENCE)) == CONFERENCE


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "core",
        "conference:",
        f"conference:{CONFERENCE} conference:{CONFERENCE}",
        f"conference:{CONFERENCE}A",
        "conference:../x",
    ],
)
def test_other_scopes_are_refused(scope):
    with pytest.raises(Malformed):
        words.conference_of_scope(scope)


@pytest.mark.parametrize("value", [None, 1, "", "A" * 21, "A" * 23, "A" * 21 + "B", "A" * 21 + "="])
def test_what_is_no_identifier(value):
    with pytest.raises(Malformed):
        words.check_identifier(value)
