"""The state directory: what is closed, and where sockets go."""

import os
import stat

import pytest

from config.embedded.state import ForeignDirectory, State, write_private


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("closed", ["trusted", "trusted/secrets", "provider", "provider/secrets", "secrets", "mail"])
def test_directory_is_closed_whatever_the_umask_says(tmp_path, closed):
    before = os.umask(0)
    try:
        State(tmp_path / "state").make_directories()
    finally:
        os.umask(before)
    assert mode(tmp_path / "state" / closed) == 0o700


def test_loosened_directory_is_closed_again(tmp_path):
    state = State(tmp_path)
    state.make_directories()
    (tmp_path / "trusted").chmod(0o755)
    state.make_directories()
    assert mode(tmp_path / "trusted") == 0o700


def test_private_file_is_private_from_the_first_byte_and_leaves_no_draft(tmp_path):
    write_private(tmp_path / "a", "secret")
    assert mode(tmp_path / "a") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_private_file_is_not_written_through_a_link(tmp_path):
    (tmp_path / "elsewhere").write_text("untouched")
    (tmp_path / f".a.{os.getpid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        write_private(tmp_path / "a", "secret")
    assert (tmp_path / "elsewhere").read_text() == "untouched"
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("length", [10, 200])
def test_socket_path_is_short_enough(tmp_path, length):
    root = tmp_path / ("d" * length)
    directory = State(root).socket_directory("postgres")
    assert len(os.fsencode(directory / ".s.PGSQL.5432")) < 100
    assert length < 200 or not directory.is_relative_to(root)
    if not directory.is_relative_to(root):
        directory.parent.rmdir()


def test_socket_directory_of_somebody_else_is_refused(tmp_path):
    state = State(tmp_path / ("e" * 200))
    place = state.socket_directory("postgres").parent
    place.rmdir()
    place.symlink_to(tmp_path)
    try:
        with pytest.raises(ForeignDirectory):
            state.socket_directory("postgres")
    finally:
        place.unlink()
