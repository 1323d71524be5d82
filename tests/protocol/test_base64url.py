import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import base64url
from protocol.errors import Malformed


@given(st.binary(max_size=80))
def test_what_was_encoded_comes_back(data):
    assert base64url.decode(base64url.encode(data)) == data
    assert base64url.decode(base64url.encode(data), len(data)) == data


@given(st.text(max_size=30))
def test_any_text_is_canonical_or_refused(text):
    try:
        data = base64url.decode(text)
    except Malformed:
        return
    assert base64url.encode(data) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("AA==", id="padding"),
        pytest.param("AB", id="last bits that are not zero"),
        pytest.param("AAF", id="last bits of three characters that are not zero"),
        pytest.param("A", id="one character"),
        pytest.param("AA+A", id="plus of the other alphabet"),
        pytest.param("AA/A", id="slash of the other alphabet"),
        pytest.param("AA AA", id="space"),
        pytest.param("AAAA\n", id="line end"),
        pytest.param("AÄAA", id="letter outside ASCII"),
        pytest.param("\uff21AAA", id="full-width letter"),
        pytest.param(None, id="no text at all"),
    ],
)
def test_what_has_a_second_spelling_is_refused(text):
    with pytest.raises(Malformed):
        base64url.decode(text)


def test_another_length_is_refused():
    with pytest.raises(Malformed, match="another length"):
        base64url.decode(base64url.encode(bytes(15)), 16)
