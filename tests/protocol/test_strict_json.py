import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import strict_json
from protocol.errors import Malformed


def test_an_object_is_parsed():
    assert strict_json.parse('{"a": [1, "ü", null], "b": {"c": 1.5}}'.encode(), 100) == {"a": [1, "ü", None], "b": {"c": 1.5}}


def test_escapes_that_mean_ordinary_characters_are_taken():
    assert strict_json.parse(rb'{"a": "\u00fc \ud83d\ude00 \\u0000"}', 100) == {"a": "ü 😀 \\u0000"}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b'{"a": 1, "a": 2}', id="member twice"),
        pytest.param(b'{"a": {"b": 1, "b": 1}}', id="inner member twice"),
        pytest.param(rb'{"a": 1, "\u0061": 2}', id="member twice by an escape"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b'"text"', id="a text"),
        pytest.param(b"null", id="null"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b'{"a": 1} {"b": 2}', id="two objects"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b'{"a": -Infinity}', id="infinity"),
        pytest.param(b"{'a': 1}", id="single quotes"),
        pytest.param(b'{"a": 1,}', id="comma at the end"),
        pytest.param(b'{"a": "\xff"}', id="not UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', id="byte order mark"),
        pytest.param(rb'{"a": "\ud800"}', id="lone surrogate"),
        pytest.param(rb'{"\udc00": 1}', id="lone surrogate as a name"),
        pytest.param(rb'{"a": "x\u0000"}', id="NUL"),
        pytest.param(b'{"a": "\x01"}', id="raw control character"),
        pytest.param(b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", id="nested too deep"),
        pytest.param(b'{"a": 1' + b"0" * 5000 + b"}", id="number of 5000 digits"),
        pytest.param(b'{"a": "' + b"x" * 200_000 + b'"}', id="over its limit"),
    ],
)
def test_everything_else_is_refused(raw):
    with pytest.raises(Malformed):
        strict_json.parse(raw, 150_000)


@given(st.binary(max_size=60))
def test_random_bytes_never_raise_anything_else(raw):
    with contextlib.suppress(Malformed):
        assert isinstance(strict_json.parse(raw, 60), dict)
