"""What one socket says of itself is put down once, and not without end."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from kmf.crypto.secret_bytes import SecretBytes
from kmf.push.member import MOST_PROBLEMS, Member


@pytest.fixture
def member() -> Member:
    nothing: Any = None
    return Member(
        endpoint_id=1,
        source_id=1,
        identity="ada@weaver.example",
        jkt="jkt",
        conference_id="c",
        account_id="a",
        attached_at=datetime(2026, 11, 23, tzinfo=UTC),
        member_secret=SecretBytes(bytes(32)),
        token_expires_at=0,
        wire=nothing,
        close=lambda _code: None,
    )


def test_a_problem_is_put_down_once(member: Member):
    assert member.new_problems("mdd_gone") == ["mdd_gone"]
    assert member.new_problems("mdd_gone") == []


@pytest.mark.parametrize("code", ["", "Bob is listening", "a" * 41, "mdd-gone", "mdd_gone\n", "ä"])
def test_what_is_no_code_is_not(member: Member, code: str):
    assert member.new_problems(code) == []


def test_there_is_an_end_to_them(member: Member):
    new = [code for number in range(100) for code in member.new_problems("p" + "_" * (number % 39) + "q" * (number // 39))]
    assert len(new) == MOST_PROBLEMS


def test_what_was_said_of_each_epoch_is_remembered_in_a_bit(member: Member):
    member.epoch = 20_000
    for epoch in range(1, 20_001):
        assert member.newly_said("installed", [epoch]) == [epoch]
    assert member.newly_said("installed", [1, 7, 20_000]) == []
    assert member.newly_said("deleted", [7, 20_000, 7, 20_001]) == [7, 20_000]
    assert sum(map(sys.getsizeof, (member.said, *member.said.values()))) < 10_000  # bytes; a conference has a thousand of these
