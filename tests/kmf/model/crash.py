"""A database connection that dies at a chosen point: before a statement, at a commit, or right after one.

The server's side of the connection is really ended (``pg_terminate_backend``), as if the machine had gone away.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection


class Crashed(Exception):
    """The process is gone: nobody hears the answer, though the commit may have happened."""


class CrashPoint:
    """Kills the connection at its statement or commit number ``at`` (from 1; 0: never), or right after its commit ``at``."""

    def __init__(self, at: int, *, after_commit: bool = False) -> None:
        self.at = at
        self.after_commit = after_commit
        self.seen = 0
        self.hit = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  Django's
        if not self.after_commit and self._is_now():
            _terminate()
        return execute(sql, params, many, context)

    def commit(self, original: Callable[[], None]) -> None:
        """Commit, and die before or after it, if this is the point."""
        now = self._is_now()
        if now and not self.after_commit:
            _terminate()
        original()
        if now:
            raise Crashed

    def _is_now(self) -> bool:
        self.seen += 1
        self.hit = self.hit or self.seen == self.at
        return self.seen == self.at


@contextmanager
def crashing(point: CrashPoint) -> Iterator[CrashPoint]:
    """Run a block under ``point``. Afterwards the connection is a new one, as in a new process."""
    connection.ensure_connection()
    original = connection._commit
    connection._commit = lambda: point.commit(original)
    try:
        with connection.execute_wrapper(point):
            yield point
    finally:
        connection._commit = original
        if point.hit:
            connection.needs_rollback = False
            connection.in_atomic_block = False
            connection.savepoint_ids.clear()
            connection.atomic_blocks.clear()
            connection.run_on_commit.clear()
            connection.close()


def _terminate() -> None:
    settings = connection.get_connection_params()
    parameters = {name: settings[name] for name in ("dbname", "user", "password", "host", "port") if settings.get(name)}
    with connection.connection.cursor() as own:
        pid = own.connection.info.backend_pid
    with psycopg.connect(**parameters, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 2000)", (pid,))
