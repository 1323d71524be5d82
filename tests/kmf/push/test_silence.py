from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kmf.crypto.secret_bytes import SecretBytes
from kmf.push.member import Member
from kmf.push.silence import silent, weigh

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MONOTONIC = 1000.0


def member(endpoint_id: int, silence: float, token_left: float = 100) -> Member:
    nothing: Any = None
    return Member(
        endpoint_id=endpoint_id,
        source_id=endpoint_id,
        identity="",
        jkt="",
        conference_id="",
        account_id="",
        attached_at=NOW,
        member_secret=SecretBytes(bytes(32)),
        token_expires_at=NOW.timestamp() + token_left,
        wire=nothing,
        close=nothing,
        heard_at=MONOTONIC - silence,
    )


@pytest.mark.parametrize(
    ("silence", "token_left", "reason"),
    [
        pytest.param(14.9, 100, None, id="two heartbeats missed"),
        pytest.param(15, 100, "silent", id="three missed"),
        pytest.param(1, -59, None, id="token expired within its grace"),
        pytest.param(1, -60, "expired", id="not renewed"),
    ],
)
def test_silence_and_expiry_end_a_stay(silence: float, token_left: float, reason: str | None):
    over = silent([member(1, silence, token_left)], monotonic=MONOTONIC, now=NOW)
    assert [found for _, found in over] == ([reason] if reason else [])


def test_a_report_counts_only_against_silence():
    members = {1: member(1, 2), 2: member(2, 5.5), 3: member(3, 6.5), 4: member(4, 6.5)}
    reported = {1: NOW - timedelta(seconds=3), 2: NOW - timedelta(seconds=3), 3: NOW - timedelta(seconds=3), 9: NOW}
    heard, over = weigh(reported, members, monotonic=MONOTONIC, now=NOW)
    assert heard == [1]
    assert [(one.endpoint_id, reason) for one, reason in over] == [(3, "silent")]
