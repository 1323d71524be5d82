"""Database work of the push fabric on threads of its own: a thousand greetings do not stand before one leave."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")
# Together with the web requests' threads these stay below the size of the connection pool (config/settings/database.py).
_hubs = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hub")
_sockets = ThreadPoolExecutor(max_workers=3, thread_name_prefix="socket")
_gate = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gate")  # waits for no lock: one verifies for all
_keys = ThreadPoolExecutor(max_workers=4, thread_name_prefix="keys")  # each may stand at a conference's lock


async def for_hub(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run what a hub reads or writes."""
    return await _run(_hubs, partial(function, *args, **kwargs))


async def for_socket(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run what one socket asks for."""
    return await _run(_sockets, partial(function, *args, **kwargs))


async def for_gate(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Verify what came in."""
    return await _run(_gate, partial(function, *args, **kwargs))


async def for_keys(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run what takes its turn at a conference's lock."""
    return await _run(_keys, partial(function, *args, **kwargs))


async def _run(pool: ThreadPoolExecutor, work: Callable[[], R]) -> R:
    return await asyncio.get_running_loop().run_in_executor(pool, _with_connection, work)


def _with_connection(work: Callable[[], R]) -> R:
    """A connection of the pool for as long as the work takes."""
    try:
        return work()
    finally:
        close_old_connections()
