"""The audit's disk is full: no audit, no key. Who is in stays in, a leave is put down when there is room, and all goes on."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from config.embedded.postgres import Cluster, role
from tests.integration.faults.books import check_audit, check_books, entries_of
from tests.simulators.crowd import Crowd
from tests.simulators.crowd_endpoint import CrowdEndpoint
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.requirement("KMF-REL-7")
TABLE = "conferences_auditentry"


class SmallDisk:
    """A file system of PostgreSQL's own that holds the audit's table, and can be filled."""

    def __init__(self, stack: Stack) -> None:
        self.pid = stack.pid("postgres")
        self.place = stack.state.root / "small"
        self.inside = Path(f"/proc/{self.pid}/root{self.place}")  # as PostgreSQL sees it

    def mount(self) -> None:
        owner = self.place.with_name("postgres").stat()
        self.place.mkdir()
        options = f"size=48m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
        self._run("mount", "-t", "tmpfs", "-o", options, "none", str(self.place))

    def unmount(self) -> None:
        self._run("umount", str(self.place))
        self.place.rmdir()

    def fill(self) -> None:
        with (self.inside / "ballast").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        assert os.statvfs(self.inside).f_bavail == 0

    def clear(self) -> None:
        (self.inside / "ballast").unlink()

    def _run(self, *command: str) -> None:
        subprocess.run(["nsenter", "--target", str(self.pid), "--mount", *command], check=True)  # noqa: S603, S607  fixed


def superuser(stack: Stack) -> psycopg.Connection:
    return Cluster(stack.state)._connect(role("trusted"))


@pytest.fixture
def disk(stack: Stack) -> Iterator[SmallDisk]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    small = SmallDisk(stack)
    small.mount()
    with superuser(stack) as database:
        database.execute(f"CREATE TABLESPACE small LOCATION '{small.place}'")
        database.execute(f"ALTER TABLE {TABLE} SET TABLESPACE small")
    yield small
    with superuser(stack) as database:
        database.execute(f"ALTER TABLE {TABLE} SET TABLESPACE pg_default")
        database.execute("DROP TABLESPACE small")
    small.unmount()


def is_refused(endpoint: CrowdEndpoint) -> bool:
    return any(text.startswith("503") for text in endpoint.refusals)


def reasons(running: Crowd) -> dict[int, str]:
    """Why each source that is out left."""
    return {entry["details"]["source_id"]: entry["details"]["reason"] for entry in entries_of(running, "endpoint.left")}


def test_no_key_without_room_for_its_entry(stack: Stack, crowd: Callable[[int], Crowd], disk: SmallDisk, tmp_path: Path):
    running = crowd(9)
    stays, leaver, late = running.endpoints[:7], running.endpoints[7], running.endpoints[8]
    running.leave([late])
    running.together()
    with superuser(stack) as database:
        database.execute(f"VACUUM FULL {TABLE}")  # no room but in the last page
    disk.fill()
    try:
        for _ in range(4):  # what still has room there
            running.enter([late])
            wait_for(lambda: is_refused(late) or not late.asks, "an answer")  # a key, though there may be no welcome after it
            running.leave([] if late.asks else [late])
        wait_for(lambda: is_refused(late), "the refusal")
        released, held = len(entries_of(running, "key.released")), dict(late.keys)
        running.leave([leaver])
        assert not late.is_in
        assert all(one.is_in for one in stays)
        assert (len(entries_of(running, "key.released")), late.keys) == (released, held)
    finally:
        disk.clear()
    running.together(within_s=40)
    wait_for(lambda: leaver.sources <= reasons(running).keys(), "the leave to be put down")
    assert [reasons(running)[source_id] for source_id in leaver.sources] == ["left"]
    running.together(within_s=40)
    check_books(running)
    check_audit(stack, tmp_path)
