"""Whatever goes wrong, no key, title or name is written down: no core file, no variables in a traceback, no failing statement."""

import json
import os
import secrets
import signal
from pathlib import Path

import psycopg
import pytest

from tests.ignorance import places
from tests.ignorance.scanner import Scanner
from tests.scenes import Scene
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.requirement("IGNORANCE-2")
FAIL_WITH_A_KEY = """
from celery import shared_task
from django.core.handlers.exception import response_for_exception
from django.test import RequestFactory
from kmf.crypto.secret_bytes import SecretBytes
def fail():
    plain = bytes.fromhex("{key}")
    sealed_in = SecretBytes(plain)
    raise RuntimeError("planted failure")
try:
    fail()
except RuntimeError as error:
    print(response_for_exception(RequestFactory().get("/keys?code={code}"), error).status_code)
print(shared_task(name="tests.fail")(fail).apply().state)
"""


def everything_written(stack: Stack) -> list[bytes]:
    return [*places.files(stack.state.root / "log"), *places.files(stack.state.root / "output")]


def test_no_process_may_leave_a_core_file(stack: Stack):
    processes = json.loads(stack.state.process_list.read_text())
    assert {"trusted", "provider", "worker", "janus", "turn", "postgres", "valkey"} <= processes.keys()
    for name, pid in processes.items():
        limits = Path(f"/proc/{pid}/limits").read_text()
        line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert line.split()[4:6] == ["0", "0"], name


def test_a_site_that_dies_of_a_fault_leaves_no_key(stack: Stack, scene: Scene):
    person = scene.person("participant", 0).sign_in()
    assert person.ask_for_key().status_code == 200
    before = stack.pid("trusted")
    os.kill(before, signal.SIGSEGV)
    wait_for(lambda: stack.pid("trusted") != before, "the trusted site to start again")
    assert list(Path.cwd().glob("core*")) == []
    scanner = Scanner({"keys": [key.ekt_key for key in person.keys.values()], "tokens": [person.token1, person.refresh_token]})
    assert scanner.kinds_in(everything_written(stack)) == {}
    assert "trusted ended with status -11" in stack.output


def test_a_traceback_shows_no_variable(stack: Stack):
    key, code = secrets.token_bytes(32), secrets.token_urlsafe(24)
    failed = stack.manage("shell", "-c", FAIL_WITH_A_KEY.format(key=key.hex(), code=code))
    assert failed.stdout.split()[-2:] == ["500", "FAILURE"]
    assert "planted failure" in failed.stderr
    assert Scanner({"keys": [key], "codes": [code]}).kinds_in([(failed.stdout + failed.stderr).encode()]) == {}


def test_postgresql_does_not_log_a_failing_statement(stack: Stack):
    name = f"Zwiebelfisch{secrets.token_hex(5)}"
    insert = "INSERT INTO conferences_organisation (name, slug) VALUES (%s, %s)"
    with stack.connect("trusted") as database:
        database.execute(insert, (name, name.lower()))
        with pytest.raises(psycopg.errors.UniqueViolation):
            database.execute(insert, (name, name.lower()))
        assert database.execute("DELETE FROM conferences_organisation WHERE name = %s", (name,)).rowcount == 1
    assert "duplicate key" in stack.log("postgres")
    assert name.lower() not in stack.log("postgres").lower()
