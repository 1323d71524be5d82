"""Questions that wait together: answered in batches, each by itself, and never without an end."""

import asyncio

import pytest

from kmf.errors import KMFUnavailable
from kmf.push import batches
from kmf.push.batches import Batches


class Desk:
    """Answers by the question itself; the first batch waits until it is let go."""

    def __init__(self):
        self.seen = []
        self.open = asyncio.Event()
        self.batches = Batches(self.answer, self.run)

    def answer(self, questions):
        self.seen.append(questions)
        if "fail" in questions:
            raise ConnectionError
        return [question.upper() for question in questions]

    async def run(self, work, questions):
        await self.open.wait()
        return await asyncio.to_thread(work, questions)

    def ask(self, question, subject="s"):
        return asyncio.create_task(self.batches.ask(subject, question))


async def test_what_comes_while_a_batch_is_served_makes_the_next_one():
    desk = Desk()
    first = [desk.ask(name) for name in "ab"]
    await asyncio.sleep(0.01)
    later = [desk.ask(name) for name in "cd"]
    await asyncio.sleep(0.01)
    desk.open.set()
    assert await asyncio.gather(*first, *later) == ["A", "B", "C", "D"]
    assert desk.seen == [["a", "b"], ["c", "d"]]


async def test_subjects_do_not_wait_for_each_other():
    desk = Desk()
    waiting = desk.ask("a", "one")
    other = Desk()
    other.open.set()
    assert await other.ask("b", "two") == "B"
    assert not waiting.done()
    desk.open.set()
    assert await waiting == "A"


async def test_a_failure_is_that_of_its_batch_only():
    desk = Desk()
    failing = [desk.ask("a"), desk.ask("fail")]
    await asyncio.sleep(0.01)
    later = desk.ask("b")
    desk.open.set()
    found = await asyncio.gather(*failing, later, return_exceptions=True)
    assert [type(one) for one in found[:2]] == [ConnectionError, ConnectionError]
    assert found[2] == "B"


async def test_a_batch_is_bounded(monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 3)
    desk = Desk()
    desk.open.set()
    assert await asyncio.gather(*(desk.ask(str(number)) for number in range(7))) == [str(number) for number in range(7)]
    assert [len(one) for one in desk.seen] == [3, 3, 1]


async def test_who_waits_too_long_is_told_and_is_not_served_afterwards(monkeypatch):
    monkeypatch.setattr(batches, "WAIT_S", 0.05)
    desk = Desk()
    first = desk.ask("a")
    await asyncio.sleep(0.01)
    second = desk.ask("b")
    for each in (first, second):
        with pytest.raises(KMFUnavailable):
            await each
    desk.open.set()
    await asyncio.sleep(0.05)
    assert desk.seen == [["a"]]


async def test_too_many_are_sent_away_at_once(monkeypatch):
    monkeypatch.setattr(batches, "MOST_WAITING", 2)
    desk = Desk()
    served = [desk.ask(name) for name in "ab"]
    with pytest.raises(KMFUnavailable):
        await desk.ask("c")
    desk.open.set()
    assert await asyncio.gather(*served) == ["A", "B"]
    assert desk.seen == [["a", "b"]]
