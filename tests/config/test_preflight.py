"""What is said before anything starts."""

import os

import pytest

from config.embedded.media import MediaMissing
from config.embedded.postgres import Cluster, _has_shared_memory
from config.embedded.preflight import CannotKeepState, check_media_programs, check_room
from config.embedded.state import State


def test_full_disk_is_said_with_its_variable(tmp_path):
    check_room(State(tmp_path / "var"))
    with pytest.raises(CannotKeepState, match=r"MB free .*CONCLAVE_STATE"):
        check_room(State(tmp_path / "var"), needed=2**62)


def test_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotKeepState, match="CONCLAVE_STATE"):
        check_room(State(tmp_path / "file" / "var"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change users")
def test_place_of_somebody_else_is_said(tmp_path):
    (tmp_path / "theirs").mkdir(mode=0o700)
    child = os.fork()
    if child == 0:
        os.chdir("/")
        tmp_path.chmod(0o755)
        os.setuid(65534)
        try:
            check_room(State(tmp_path / "theirs" / "var"))
        except (CannotKeepState, PermissionError):
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_missing_media_programs_are_named_with_their_packages(monkeypatch, tmp_path):
    check_media_programs()
    monkeypatch.setattr("config.embedded.preflight.SYSTEM_PATH", str(tmp_path))
    with pytest.raises(MediaMissing, match="apt-get install --no-install-recommends janus coturn"):
        check_media_programs()


def test_machine_without_shared_memory_gets_a_database_all_the_same(tmp_path, monkeypatch):
    assert not _has_shared_memory(tmp_path / "nowhere")
    cluster = Cluster(State(tmp_path))
    monkeypatch.setattr("config.embedded.postgres.LEAST_SHARED_MEMORY_BYTES", 2**62)
    assert "dynamic_shared_memory_type = mmap" in cluster._settings()
