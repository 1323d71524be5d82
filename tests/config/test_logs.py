"""Logs are closed and do not grow for ever, while their writer goes on."""

import stat
import subprocess

from config.embedded.logs import open_log, rotate, tail


def test_log_is_closed(tmp_path):
    open_log(tmp_path / "a.log").close()
    assert stat.S_IMODE((tmp_path / "a.log").stat().st_mode) == 0o600


def test_long_log_is_set_aside_under_its_writer(tmp_path):
    log = tmp_path / "a.log"
    with open_log(log) as output, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output) as writer:  # noqa: S607
        writer.stdin.write(b"before\n" * 100)
        writer.stdin.flush()
        while not log.stat().st_size:
            pass
        rotate(log, limit=200)
        writer.stdin.write(b"after\n")
        writer.stdin.close()
        writer.wait()
    assert log.read_text() == "after\n"
    assert set((tmp_path / "a.log.1").read_text().split()) >= {"before"}
    assert (tmp_path / "a.log.1").stat().st_size <= 201
    assert stat.S_IMODE((tmp_path / "a.log.1").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1"]


def test_short_log_stays(tmp_path):
    (tmp_path / "a.log").write_text("short\n")
    rotate(tmp_path / "a.log", limit=200)
    assert [path.name for path in tmp_path.iterdir()] == ["a.log"]


def test_tail_is_the_end(tmp_path):
    (tmp_path / "a.log").write_text("\n".join(str(number) for number in range(100)))
    assert tail(tmp_path / "a.log", lines=2) == "98\n99"
    assert tail(tmp_path / "none.log") == ""
