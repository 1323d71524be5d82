"""The short way of hearing a message understands nothing that the long way would not, and nothing otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmf.push.messages import installed_epoch, is_plain_heartbeat, parse_message

numbers = st.integers(0, 10**18 - 1)


@given(numbers)
def test_both_ways_understand_the_same(number: int):
    heartbeat = f'{{"type":"heartbeat","number":{number}}}'
    assert is_plain_heartbeat(heartbeat.encode())
    assert parse_message(heartbeat) == {"type": "heartbeat", "number": number}
    installed = f'{{"type":"installed","epoch":{number}}}'
    assert installed_epoch(installed.encode()) == (number or None)
    if number:
        assert parse_message(installed) == {"type": "installed", "epoch": number}


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"installed","epoch":0}',
        '{"type":"installed","epoch":01}',
        '{"type":"installed","epoch":-1}',
        '{"type":"installed","epoch":1.0}',
        '{"type":"installed","epoch":1e3}',
        '{"type":"installed","epoch":"1"}',
        '{"type":"installed","epoch":1,"epoch":2}',
        '{"type":"installed","epoch":1}\n',
        '{"type":"installed","epoch":1} ',
        '{"type":"installed","number":1}',
        '{"type":"installed","epoch":٣}',
        '{"type":"installed","epoch":' + "9" * 19 + "}",
        '{"type":"heartbeat","number":00}',
        '{"type":"heartbeat","epoch":1}',
        '{"type":"deleted","epochs":[1]}',
        "",
    ],
)
def test_everything_else_is_left_to_the_long_way(text: str):
    assert installed_epoch(text.encode()) is None
    assert not is_plain_heartbeat(text.encode())
