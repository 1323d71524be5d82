"""``manage.py doctor`` names each fault, which is really made here, and how to mend it; also when nothing runs."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.doctor.finding import ERROR, OK, SKIPPED, WARNING, Situation, look_around
from config.doctor.machine import disk, programs
from config.doctor.report import ALWAYS, RUNNING, WITH_STATE, is_tended
from config.embedded.ports import free_port
from config.embedded.state import State
from config.env import ROOT, Environment
from config.settings.origins import read_origins
from tests.scratch_state import make_scratch_state
from tests.silent_server import silent_server


@pytest.fixture
def state(tmp_path):
    make_scratch_state(tmp_path / "var")
    return State(tmp_path / "var")


def doctor(state, **environment):
    """Exit status and findings, as a process of its own tells them."""
    ports = {"CONCLAVE_PORT": str(free_port(0)), "CONCLAVE_PROVIDER_PORT": str(free_port(0))}
    kept = {"PATH": os.environ["PATH"], "CONCLAVE_STATE": str(state.root)}
    command = [sys.executable, "manage.py", "doctor", "--json"]
    run = subprocess.run(command, cwd=ROOT, env=kept | ports | environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.stderr == "" or "WARNING" in run.stderr
    return run.returncode, json.loads(run.stdout)


def mends(findings, level, what):
    """The mends of the findings of ``level`` that say ``what``."""
    found = [finding["mend"] for finding in findings if finding["level"] == level and what in finding["what"]]
    assert found, findings
    return " | ".join(found)


def levels(findings, check):
    return {finding["level"] for finding in findings if finding["check"] == check}


def test_nothing_set_up(tmp_path):
    status, findings = doctor(State(tmp_path / "nowhere"))
    assert status == 1
    assert mends(findings, ERROR, "not set up") == "make run"
    assert levels(findings, "databases") == levels(findings, "secrets") == {SKIPPED}
    assert not (tmp_path / "nowhere").exists()


def test_nothing_runs(state):
    status, findings = doctor(state)
    assert status == 1
    assert mends(findings, ERROR, "not running") == "make run"
    assert [finding["check"] for finding in findings if finding["level"] == ERROR] == ["instance"]


def test_a_process_tells_all_that_is_wrong_at_once_and_shows_no_secret(state):
    """Each by itself is below; here is what a run of the program says of many."""
    (state.root / "mail").chmod(0o750)
    secrets = state.root / "trusted" / "secrets"
    (state.root / "trusted" / "env").chmod(0o644)
    (secrets / "token-signing.pem").write_text("nonsense of a key")
    (secrets / "root.key").write_text("no base64 of a key")
    (secrets / "roster-signing.pem").unlink()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, findings = doctor(state, CONCLAVE_PORT=str(taken.getsockname()[1]))
    assert status == 1
    assert mends(findings, ERROR, f"{state.root / 'mail'} is open to others") == f"chmod 700 {state.root / 'mail'}"
    assert mends(findings, ERROR, "env can be read by others") == f"chmod 600 {state.root / 'trusted' / 'env'}"
    for name in ("token-signing.pem is damaged", "root.key is damaged", "roster-signing.pem is missing"):
        assert "backup" in mends(findings, ERROR, name)
    assert "CONCLAVE_PORT" in mends(findings, ERROR, "is taken by ")
    said = json.dumps(findings)
    assert not any(line in said for line in ["nonsense of a key", "no base64 of a key", *secret_lines(state)])


@pytest.fixture
def look(state, monkeypatch):
    """Findings of one check, as the process tells them; not one of those that load the site."""

    def at(name, **environment):
        for variable, value in {"CONCLAVE_STATE": str(state.root), **environment}.items():
            monkeypatch.setenv(variable, value)
        found = (ALWAYS | WITH_STATE | RUNNING)[name](look_around(state, is_tended))
        return [{"check": name} | asdict(finding) for finding in found]

    return at


def test_one_port_for_both_sites_is_named_with_both_settings(look):
    port = str(free_port(0))
    findings = look("ports", CONCLAVE_PORT=port, CONCLAVE_PROVIDER_PORT=port)
    assert "another port" in mends(findings, ERROR, "CONCLAVE_PORT and CONCLAVE_PROVIDER_PORT")
    assert len(findings) == 1


def test_taken_port_is_named_with_its_holder_and_variable(look):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        findings = look("ports", CONCLAVE_PORT=port, CONCLAVE_PROVIDER_PORT=str(free_port(0)))
    assert "CONCLAVE_PORT" in mends(findings, ERROR, f"port {port} is taken by ")
    assert f"(process {os.getpid()})" in str(findings)


@pytest.mark.parametrize(("name", "mode"), [("trusted", 0o755), ("mail", 0o750), ("secrets", 0o701), ("log", 0o755)])
def test_open_directory_is_named_with_its_chmod(state, look, name, mode):
    (state.root / name).chmod(mode)
    assert mends(look("modes"), ERROR, "is open to others") == f"chmod 700 {state.root / name}"


@pytest.mark.parametrize("name", ["trusted/secrets/root.key", "trusted/env"])
def test_open_file_is_named_with_its_chmod(state, look, name):
    (state.root / name).chmod(0o644)
    assert mends(look("modes"), ERROR, "can be read by others") == f"chmod 600 {state.root / name}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_file_that_the_trusted_processes_cannot_read_is_named_with_its_chown(state, look):
    path = state.root / "trusted" / "secrets" / "root.key"
    os.chown(path, 12345, 12345)
    assert mends(look("modes"), ERROR, "belongs to 12345:12345") == f"chown root:root {path}"


@pytest.mark.parametrize(
    ("name", "content"),
    [("root.key", b"c2hvcnQ=\n"), ("root.key", b"no base64!\n"), ("token-signing.pem", b"nonsense\n"), ("django.key", b"\n")],
)
def test_damaged_secret_is_named_and_not_shown(state, look, name, content):
    path = state.root / "trusted" / "secrets" / name
    path.write_bytes(content)
    findings = look("secrets")
    assert "backup" in mends(findings, ERROR, f"{path} is damaged")
    assert not content.strip() or content.decode().strip() not in json.dumps(findings)


def test_missing_secret_is_named(state, look):
    path = state.root / "trusted" / "secrets" / "root.key"
    path.unlink()
    assert "backup" in mends(look("secrets"), ERROR, f"{path} is missing")


def test_root_key_of_another_installation_opens_no_day_key(state, tmp_path):
    assert levels(make_day_key(state), "day keys") == {OK}
    make_scratch_state(tmp_path / "other")
    shutil.copy(tmp_path / "other/trusted/secrets/root.key", state.root / "trusted/secrets/root.key")
    status, findings = doctor(state)
    assert status == 1
    assert "backup" in mends(findings, ERROR, "day key 2026-01-02 does not open")
    assert not any(line in json.dumps(findings) for line in secret_lines(state))


def make_day_key(state):
    """And what doctor says of it."""
    make = "import django; django.setup(); from datetime import date; from kmf.services.day_keys import day_key"
    script = f"{make}; day_key(date(2026, 1, 2), create=True); from config.doctor.report import main; main(['--json'])"
    environment = {"PATH": os.environ["PATH"], "CONCLAVE_STATE": str(state.root)}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings.trusted"
    command = [sys.executable, "-c", script]
    return json.loads(subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True).stdout)  # noqa: S603


def secret_lines(state):
    files = [path for path in (state.root / "trusted" / "secrets").iterdir() if path.is_file()]
    return {line for path in files for line in path.read_text().splitlines() if len(line) > 30}


def test_origins_that_do_not_fit_each_other(look):
    strange = {"CONCLAVE_CORE_ORIGIN": "https://core.invalid", "CONCLAVE_AUTH_ORIGIN": "https://core.invalid"}
    findings = look("origins", **strange, CONCLAVE_KMF_ORIGIN="ftp://kmf.localhost/x")
    assert "host name each" in mends(findings, ERROR, "two origins share")
    assert "https for all four" in mends(findings, ERROR, "some origins are http")
    assert "CONCLAVE_KMF_ORIGIN" in mends(findings, ERROR, "origin of kmf is malformed")
    assert "DNS" in mends(findings, WARNING, "core.invalid does not resolve")


def test_servers_of_somebody_else_that_are_away(state):
    """As on a machine with systemd: no supervisor, and the environment names the servers."""
    away = f"127.0.0.1:{free_port(0)}"
    with silent_server() as silent:
        environment = {"DATABASE_URL": f"postgresql://u@{away}/n", "REDIS_URL": f"redis://{away}/0"}
        mail = {"CONCLAVE_SMTP_HOST": "127.0.0.1", "CONCLAVE_SMTP_PORT": str(silent)}
        status, findings = doctor(state, **environment, **mail, CONCLAVE_INTERNAL_PROVIDER=f"http://{away}")
    assert status == 1
    assert mends(findings, ERROR, "database of the trusted domain does not answer")
    assert mends(findings, WARNING, "broker does not answer")
    assert "CONCLAVE_SMTP_HOST" in mends(findings, WARNING, "mail server does not answer")
    assert "CONCLAVE_INTERNAL_PROVIDER" in mends(findings, ERROR, f"provider at http://{away} does not answer")
    assert mends(findings, ERROR, "kmf does not answer")


@pytest.mark.parametrize(("off", "level"), [(0, OK), (-12, WARNING), (300, ERROR)])
def test_clock_of_the_provider(look, off, level):
    class Clock(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp=None):
            import time  # noqa: PLC0415

            return super().date_time_string((timestamp or time.time()) + off)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Clock)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    findings = look("provider", CONCLAVE_INTERNAL_PROVIDER=address)
    server.shutdown()
    mend = mends(findings, level, "the provider's clock")
    assert ("NTP" in mend) == (level != OK)


def test_empty_database_is_told_from_one_that_is_away(state):
    from django.conf import settings  # noqa: PLC0415

    found = settings.DATABASES["default"]
    url = f"postgresql://{found['USER']}:{found['PASSWORD']}@/postgres?host={found['HOST']}"
    _, findings = doctor(state, DATABASE_URL=url)
    assert "migrate" in mends(findings, ERROR, "database of the trusted domain is empty")
    assert found["PASSWORD"] not in json.dumps(findings)


def test_missing_programs_and_full_disk(tmp_path, monkeypatch):
    situation = Situation(State(tmp_path), Environment("trusted"), read_origins(Environment("trusted")), 1, 2, running=False)
    monkeypatch.setattr("config.doctor.machine.SYSTEM_PATH", str(tmp_path))
    mend = [finding.mend for finding in programs(situation) if finding.what == "janus is not installed"]
    assert mend == ["apt-get install --no-install-recommends janus"]
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr("config.doctor.machine.LITTLE_BYTES", 2 * free)
    assert [finding.level for finding in disk(situation)] == [WARNING]
    monkeypatch.setattr("config.doctor.machine.TOO_LITTLE_BYTES", 2 * free)
    assert [finding.level for finding in disk(situation)] == [ERROR]


def test_report_for_people_says_the_same(state):
    (state.root / "trusted").chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "CONCLAVE_STATE": str(state.root)}
    command = [sys.executable, "manage.py", "doctor"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    at = lines.index(f"ERROR   modes        {state.root / 'trusted'} is open to others (mode 0755)")
    assert lines[at + 1].strip() == f"mend: chmod 700 {state.root / 'trusted'}"


def running_doctor(stack):
    ports = {"CONCLAVE_PORT": str(stack.port), "CONCLAVE_PROVIDER_PORT": str(stack.provider_port)}
    return doctor(stack.state, **ports)


def test_whole_system_is_well(stack):
    status, findings = running_doctor(stack)
    unwell = [finding for finding in findings if finding["level"] != OK]
    if stack.tls:  # as for others than its developer, who may trust the key that signs while one develops
        release = unwell.pop()
        assert (release["level"], release["check"]) == (WARNING, "release"), release
        assert release["what"].endswith("signed by development")
    assert unwell == []
    assert status == 0


@pytest.mark.parametrize(
    ("name", "level", "what"),
    [
        ("valkey", WARNING, "broker does not answer"),
        ("postgres", ERROR, "database of the trusted domain does not answer"),
        ("provider", ERROR, "does not answer"),
        ("janus", WARNING, "janus"),
    ],
)
def test_part_that_is_away_is_named(stack, name, level, what):
    stack.take_away(name)
    try:
        _, findings = running_doctor(stack)
    finally:
        stack.bring_back(name)
    assert "log" in mends(findings, level, what) or "make run" in mends(findings, level, what)
