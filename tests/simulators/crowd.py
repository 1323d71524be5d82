"""Many endpoints without browsers, each with real keys and a socket. They come back as docs/protocol.md section 5 says.

They run on an event loop in a thread; a test looks at them from outside, and does to the servers what it likes.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Self

import httpx

from tests.simulators.crowd_endpoint import CrowdEndpoint, Site
from tests.simulators.minted import mint
from tests.stack import Stack

LONGEST_DAY = "UPDATE conferences_conference SET duration_min = 1440, grace_min = 240 WHERE id = %s"


class Crowd:
    """Endpoints of one conference. Use it as a context manager; at its end everybody's line is cut.

    With ``second_port``, of another process of the installation, every other endpoint goes there.
    """

    def __init__(self, stack: Stack, count: int, *, second_port: int = 0) -> None:
        self.stack = stack
        minted = mint(stack, count)
        self.conference_id = minted.conference
        with stack.connect("trusted") as database:
            database.execute(LONGEST_DAY, (self.conference_id,))
        ports = [0, second_port] if second_port else [0]
        self.sites = [Site(stack, self.conference_id, plain_port=port) for port in ports]
        self.endpoints = [CrowdEndpoint(self.sites[number % len(ports)], one) for number, one in enumerate(minted.endpoints)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        for site in self.sites:
            self._run(site.open())
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(TimeoutError):
            self._run(self._end(), timeout_s=20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def inside(self) -> list[CrowdEndpoint]:
        """Those who want to be in."""
        return [one for one in self.endpoints if one.wanted]

    def enter(self, endpoints: list[CrowdEndpoint] | None = None) -> None:
        """Have them join, and stay until they leave."""
        chosen = self.endpoints if endpoints is None else endpoints
        for one in chosen:
            one.wanted = True
        asyncio.run_coroutine_threadsafe(self._begin(chosen), self._loop)

    def leave(self, endpoints: list[CrowdEndpoint]) -> None:
        """Have them say goodbye; who has no line just stays away."""
        self._run(_all(one.leave() for one in endpoints))

    def together(self, *, within_s: float = 30, beyond: int = 0) -> float:
        """Wait until all who want to be in are, under one epoch ``beyond`` that one, with one roster number.

        Returns the seconds that it took.
        """
        begun = time.monotonic()
        while not self._agree(beyond):
            waited = time.monotonic() - begun
            for one in self.endpoints:
                if one.task is not None and one.task.done() and not one.task.cancelled():
                    one.task.result()  # an endpoint that died of a fault of its own says so
            assert waited < within_s, f"waited {waited:.0f} s: {self.state()}"
            time.sleep(0.1)
        return time.monotonic() - begun

    def state(self) -> dict[str, Any]:
        """What everybody holds, for a message."""
        inside = self.inside
        return {
            "in": sum(one.is_in for one in inside),
            "of": len(inside),
            "epochs": sorted({one.epoch for one in inside}),
            "numbers": sorted({one.number for one in inside}),
            "refused": sorted({refusal for one in inside for refusal in one.refusals[-3:]}),
        }

    def _agree(self, beyond: int) -> bool:
        inside = self.inside
        held = {(one.epoch, one.number) for one in inside}
        return len(held) == 1 and all(one.is_in and one.epoch > beyond for one in inside)

    async def _begin(self, endpoints: list[CrowdEndpoint]) -> None:
        for one in endpoints:
            if one.task is not None:  # of its stay before
                one.task.cancel()
                await asyncio.gather(one.task, return_exceptions=True)
            one.task = asyncio.create_task(one.live())
            await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311  no secret

    async def _end(self) -> None:
        tasks = [one.task for one in self.endpoints if one.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for site in self.sites:
            await site.close()

    def _run(self, work: Coroutine[Any, Any, Any], *, timeout_s: float = 60) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)


async def _all(works: Any) -> None:
    await asyncio.gather(*works)


def kmf_answers(stack: Stack) -> bool:
    """Whether the KMF serves a page now."""
    with suppress(httpx.HTTPError), stack.http(stack.origins.kmf, timeout=2) as client:
        return client.get("/health").is_success
    return False


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
