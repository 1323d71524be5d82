"""Questions that wait together are answered together: one batch at a time for each subject, on a database thread.

Who waits holds no thread and no connection. Nothing is kept between batches.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from kmf.errors import KMFUnavailable

Q = TypeVar("Q")
A = TypeVar("A")
AT_ONCE = 64
MOST_WAITING = 4096  # for one subject; who comes then is asked to come again
WAIT_S = 20.0

Run = Callable[[Callable[[list[Q]], Sequence[A]], list[Q]], Awaitable[Sequence[A]]]


class Batches(Generic[Q, A]):
    """Answers questions by ``answer``, on a thread of ``run``: it takes a list and returns as many answers, in the same order."""

    def __init__(self, answer: Callable[[list[Q]], Sequence[A]], run: Run[Q, A], *, rest_s: float = 0.0) -> None:
        """After a batch the next gathers for as long as that one took, ``rest_s`` at most: few large ones cost less than many."""
        self._answer = answer
        self._rest_s = rest_s
        self._run = run
        self._waiting: dict[str, list[tuple[Q, asyncio.Future[A]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, subject: str, question: Q) -> A:
        """The answer to ``question``, together with what else waits for ``subject``.

        Raises:
            KMFUnavailable: too many wait, or it takes too long; a question that was not taken up by then never is.
            Exception: what ``answer`` raised, for everybody of the batch.

        """
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[A] = loop.create_future()
        waiting = self._waiting.get(subject)
        if waiting is None:
            waiting = self._waiting[subject] = []
            task = loop.create_task(self._serve(subject, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if len(waiting) >= MOST_WAITING:
            raise KMFUnavailable("too many wait")
        waiting.append((question, mine))
        try:
            return await asyncio.wait_for(mine, WAIT_S)
        except TimeoutError:
            raise KMFUnavailable("waited too long") from None

    async def _serve(self, subject: str, waiting: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            while waiting:
                taken = [(question, mine) for question, mine in waiting[:AT_ONCE] if not mine.done()]
                del waiting[:AT_ONCE]
                if taken:
                    begun = time.monotonic()
                    await self._serve_batch(taken)
                    await self._rest(len(waiting), time.monotonic() - begun)
        finally:
            del self._waiting[subject]
            for _question, mine in waiting:
                mine.cancel()

    async def _rest(self, waiting: int, took_s: float) -> None:
        if waiting < AT_ONCE:
            await asyncio.sleep(min(self._rest_s, took_s))

    async def _serve_batch(self, taken: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._run(self._answer, [question for question, _ in taken])
            pairs = list(zip(taken, answers, strict=True))
        except Exception as error:  # noqa: BLE001  whatever it is, it is the asker's to handle, and the next batch is tried
            for _question, mine in taken:
                if not mine.done():
                    mine.set_exception(error)
            return
        for (_question, mine), answer in pairs:
            if not mine.done():
                mine.set_result(answer)
