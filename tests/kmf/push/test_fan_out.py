"""One refresh to many sockets: each its own wrap and number, and nobody waits for a frozen reader (DESIGN section 12, rule 5)."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from kmf.crypto.secret_bytes import SecretBytes
from kmf.push.fan_out import FanOut
from kmf.push.hub import Hub
from kmf.push.member import CLOSE_SLOW, HIGH_WATER_BYTES, EpochKey, Member
from kmf.push.state import Refresh
from tests.kmf.push.test_silence import NOW, member

KEY = EpochKey(7, 7, "K" * 22, NOW + timedelta(minutes=10), "leave", SecretBytes(b"k" * 32))


class Line:
    """A wire whose reader takes everything at once, or nothing."""

    def __init__(self, *, frozen: bool = False) -> None:
        self.frozen, self.heard, self.is_open = frozen, list[bytes](), True

    @property
    def waiting_bytes(self) -> int:
        return sum(map(len, self.heard)) if self.frozen else 0

    def write(self, payloads: Sequence[bytes]) -> None:
        self.heard.extend(payloads)

    def abort(self) -> None: ...

    def messages(self) -> list[dict[str, object]]:
        return [json.loads(one) for one in self.heard]


def listening(number: int, *, frozen: bool = False) -> tuple[Member, Line]:
    one, line = member(number, 0), Line(frozen=frozen)
    one.wire, one.greeted, one.proved, one.epoch, one.number = line, True, True, 6, 3
    return one, line


def refresh(*deltas: int) -> Refresh:
    made = [(number, b'"delta":{"body":"%d","signature":"s"}' % number) for number in deltas]
    return Refresh(version=1, closed=False, present=frozenset(), key=KEY, deltas=made, current=b'"current":{}')


async def test_everybody_hears_his_own_wrap_then_the_deltas_he_has_not():
    (ada, first), (bob, second) = listening(1), listening(2)
    bob.number = 4
    assert await FanOut().tell([ada, bob], refresh(4, 5), NOW, []) == []
    heard = first.messages()
    assert [(one["type"], one["seq"]) for one in heard] == [("rekey", 1), ("roster", 2), ("roster", 3)]
    assert {name: heard[0][name] for name in ("epoch", "spi", "key_id", "ttl", "reason")} == {
        "epoch": 7, "spi": 7, "key_id": "K" * 22, "ttl": 600, "reason": "leave",
    }  # fmt: skip
    assert [one["type"] for one in second.messages()] == ["rekey", "roster"]
    assert (ada.number, bob.number, ada.epoch, bob.epoch) == (5, 5, 7, 7)


async def test_nothing_is_told_twice():
    one, line = listening(1)
    for _ in range(2):
        await FanOut().tell([one], refresh(4), NOW, [])
    assert [message["type"] for message in line.messages()] == ["rekey", "roster"]


async def test_who_is_not_greeted_hears_nothing():
    one, line = listening(1)
    one.greeted = False
    handed: list[Member] = []
    await FanOut().tell([one], refresh(4), NOW, handed)
    assert (line.heard, one.epoch, handed) == ([], 6, [])


@pytest.mark.requirement("AUDIT-6")
async def test_delivered_is_only_what_was_written_to_a_line_that_is_there():
    (ada, _), (cut, line), (frozen, stuck), (knows, _) = listening(1), listening(2), listening(3, frozen=True), listening(4)
    line.is_open, knows.epoch = False, 7
    stuck.heard.append(b"x" * (HIGH_WATER_BYTES + 1))
    handed: list[Member] = []
    assert await FanOut().tell([ada, cut, frozen, knows], refresh(4), NOW, handed) == [frozen]
    assert handed == [ada]


async def test_what_was_handed_counts_though_a_later_wrap_fails():
    (ada, _), (broken, line) = listening(1), listening(2)
    broken.member_secret = None  # type: ignore[assignment]  # what must not happen
    handed: list[Member] = []
    with pytest.raises(AttributeError):
        await FanOut().tell([ada, broken], refresh(4), NOW, handed)
    assert (handed, line.heard) == ([ada], [])
    assert broken.epoch == 6  # the key is still owed to him


@pytest.mark.requirement("KMF-PUSH-3")
async def test_a_frozen_reader_is_bounded_closed_with_4408_and_may_come_back():
    hub = Hub("C" * 22)
    (frozen, stuck), (living, line) = listening(1, frozen=True), listening(2)
    closed: list[int] = []
    frozen.close = closed.append
    hub.take_in(frozen)
    hub.take_in(living)
    large = b'"current":"' + b"x" * 100_000 + b'"'
    for _ in range(30):
        hub._cut(await FanOut().prove([m for m in (frozen, living) if m.endpoint_id in hub.members], large))
    assert closed == [CLOSE_SLOW]
    assert stuck.waiting_bytes < HIGH_WATER_BYTES + 2 * len(large)
    assert list(hub.members) == [living.endpoint_id]
    assert len(line.heard) == 30
    assert not hub.idle  # he may come back within 5 s
