"""The places where values are looked for: memory, data directories, database rows, Valkey, files."""

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import redis
from psycopg import sql

from tests.stack import Stack


def memory(pid: int) -> Iterator[bytes]:
    """Every readable mapping of a running process, with its command line and environment."""
    process = Path(f"/proc/{pid}")
    yield (process / "cmdline").read_bytes() + b"\n" + (process / "environ").read_bytes()
    with (process / "mem").open("rb", buffering=0) as file:
        for line in (process / "maps").read_text().splitlines():
            span, rights = line.split()[:2]
            if "r" not in rights or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                file.seek(start)
                yield _read_up_to(file, end - start)
            except (OSError, OverflowError):  # unmapped meanwhile, or a device
                continue


def _read_up_to(file: Any, size: int) -> bytes:
    parts = []
    while size > 0:
        part = file.read(min(size, 64 << 20))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def files(*roots: Path) -> Iterator[bytes]:
    """Contents of every file below ``roots``; a name counts as content."""
    for root in roots:
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            yield os.fsencode(path.name) + b"\n"
            try:
                if path.is_file():
                    yield path.read_bytes()
            except OSError:  # gone meanwhile
                continue


def rows(stack: Stack, domain: str) -> Iterator[bytes]:
    """Every row of a domain's database as text: large values are compressed in the files."""
    with stack.connect(domain) as database:
        tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert tables
        for (table,) in tables:
            statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
            with database.cursor() as cursor, cursor.copy(statement) as copy:
                yield b"".join(bytes(part) for part in copy)


def database_files(stack: Stack, domain: str) -> Path:
    """Directory of one database below the cluster's."""
    with stack.connect(domain) as database:
        found = database.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    assert found is not None
    return stack.state.root / "postgres" / "base" / str(found[0])


def new_temporary_files(since: float) -> Iterator[bytes]:
    """Files directly in the directory for temporary files, and core files in the working directory, younger than ``since``."""
    for root, pattern in ((Path(tempfile.gettempdir()), "*"), (Path.cwd(), "core*")):
        for path in root.glob(pattern):
            try:
                if path.is_file() and path.stat().st_mtime >= since:
                    yield path.read_bytes()
            except OSError:
                continue


class Valkey:
    """The broker: what is said through it (MONITOR) and what lies in it. Use it as a context manager around the story."""

    def __init__(self, stack: Stack) -> None:
        lines = (stack.state.root / "trusted" / "env").read_text().splitlines()
        self.url = next(line.split("=", 1)[1] for line in lines if line.startswith("REDIS_URL="))
        self._directory = stack.state.root / "valkey"
        self._client = redis.Redis.from_url(self.url)
        self._said: list[bytes] = []
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._client.echo("over")  # wakes the listener
        self._listener.join(5)

    def _listen(self) -> None:
        with self._client.monitor() as monitor:
            while not self._over.is_set():
                self._said.append(repr(monitor.next_command()).encode())

    def content(self) -> Iterator[bytes]:
        """What was said, every key with its value, and the append-only files."""
        yield b"\n".join(self._said)
        for key in self._client.scan_iter():
            yield bytes(key) + b"\n" + bytes(self._client.dump(key) or b"")
        yield from files(self._directory / "appendonlydir")
