"""Who has fallen silent: pure decisions over a hub's members. Clocks: monotonic seconds, and the wall clock for tokens."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from kmf.push.member import Member

SILENCE_S = 15.0  # three missed heartbeats
DOUBTED_SILENCE_S = 6.0  # one missed heartbeat, with a second of grace, for whom the provider reported gone
RENEWAL_GRACE_S = 60.0


def silent(members: Iterable[Member], *, monotonic: float, now: datetime) -> list[tuple[Member, str]]:
    """Members whose stay is over though they never said so, each with the reason."""
    over = []
    for member in members:
        if monotonic - member.heard_at >= SILENCE_S:
            over.append((member, "silent"))
        elif now.timestamp() >= member.token_expires_at + RENEWAL_GRACE_S:
            over.append((member, "expired"))
    return over


def weigh(
    reported: Mapping[int, datetime], members: Mapping[int, Member], *, monotonic: float, now: datetime
) -> tuple[list[int], list[tuple[Member, str]]]:
    """Weigh reports against heartbeats: ids of those heard since, and members whose silence now bears the report out."""
    heard: list[int] = []
    over: list[tuple[Member, str]] = []
    for endpoint_id, reported_at in reported.items():
        member = members.get(endpoint_id)
        if member is None:  # another process has its socket
            continue
        silence = monotonic - member.heard_at
        if now - timedelta(seconds=silence) > reported_at:
            heard.append(endpoint_id)
        elif silence >= DOUBTED_SILENCE_S:
            over.append((member, "silent"))
    return heard, over
