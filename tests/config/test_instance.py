"""``make run`` itself: what it brings up, how it ends, what it survives."""

import json
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config.embedded.leftovers import list_leftovers
from config.env import ROOT
from protocol.client_assertion import ASSERTION_TYPE, make_assertion
from protocol.dpop import make_proof
from room_endpoint.__main__ import read_private_key
from tests.openid_provider.key_server import key_server
from tests.openid_provider.running import trust
from tests.scenes import Scene
from tests.simulators.room import RoomSystem
from tests.stack import Stack, wait_for

EVERYTHING = {"postgres", "valkey", "janus", "turn", "trusted", "provider", "worker", "beat"}


@pytest.fixture(scope="module")
def company():
    """What a company's provider would sign, and its keys."""
    with key_server() as server:
        yield server


@pytest.fixture(scope="module")
def stack(company):
    running = Stack()
    trust(running, company.issuer)
    with running:
        yield running


def ready(stack, origin, query=""):
    try:
        with stack.http(origin) as client:
            return client.get(f"/ready{query}")
    except httpx.HTTPError:
        return httpx.Response(599)


def environment_of(pid):
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def test_everything_runs_and_every_origin_is_ready(stack):
    assert json.loads(stack.state.process_list.read_text()).keys() == EVERYTHING
    for name in ("core", "auth", "kmf", "provider"):
        origin = getattr(stack.origins, name)
        assert ready(stack, origin).status_code == 200
        assert origin in stack.output


def test_demo_accounts_lie_in_a_closed_file(stack):
    path = stack.state.root / "demo.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entries = json.loads(path.read_text())
    assert all(entry.keys() == {"role", "email", "password"} for entry in entries)
    assert {entry["role"] for entry in entries} == {"admin", "initiator", "auditor", "participant"}
    assert len(stack.accounts("participant")) >= 2
    assert len({entry["password"] for entry in entries}) == len(entries)
    assert not any(entry["password"] in stack.output for entry in entries)


def test_provider_knows_nothing_of_the_trusted_side(stack):
    environment = environment_of(stack.pid("provider"))
    assert environment["DJANGO_SETTINGS_MODULE"] == "config.settings.provider"
    assert environment.keys() & {"DATABASE_URL", "REDIS_URL", "CONCLAVE_SMTP_HOST"} == set()
    own = (stack.state.root / "provider" / "env").read_text()
    assert "conclave_trusted" not in own
    assert "REDIS_URL" not in own


def test_nothing_listens_beyond_loopback_but_media(stack):
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {row[9] for row in rows if row[3] == "0A" and not row[1].startswith("0100007F")}
    for name in EVERYTHING:
        held = {str(link.readlink()) for link in Path(f"/proc/{stack.pid(name)}/fd").iterdir() if link.is_symlink()}
        assert not held & {f"socket:[{inode}]" for inode in sockets}, f"{name} listens on more than loopback"


@pytest.mark.requirement("AUTH-6")
@pytest.mark.requirement("AUTH-14")
def test_a_rooms_assertion_and_a_companys_sign_out_that_were_used_are_refused_after_a_restart_too(stack, company, tmp_path):
    """What was used is remembered in the database: no process has to live for that."""
    room = RoomSystem(Scene.schedule(stack), tmp_path)
    key = read_private_key(room.key_file)

    def assertion():
        return make_assertion(key, client_id=room.device, issuer=stack.origins.auth, now=datetime.now(UTC))

    caught, signed_out = assertion(), company.logout_token(sub="nobody-here")
    asked_at = time.monotonic()
    assert room_token(room, caught).status_code == 200
    assert [sign_out(stack, signed_out).status_code for _ in range(2)] == [200, 400]
    stack.restart("trusted")
    wait_for(lambda: ready(stack, stack.origins.kmf).status_code == 200, "the KMF")
    assert "trusted ended with status -9" in stack.output
    answer = room_token(room, caught)
    assert time.monotonic() - asked_at < 50  # its minute is not over: nothing but its use is held against it
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})
    assert sign_out(stack, signed_out).json() == {"error": "invalid_request"}
    assert room_token(room, assertion()).status_code == 200
    assert sign_out(stack, company.logout_token(sub="nobody-here")).status_code == 200


def sign_out(stack, token):
    """The answer to a company's back-channel logout."""
    with stack.http(stack.origins.auth) as client:
        return client.post("/sign-in/with/company/logout", data={"logout_token": token})


def room_token(room, assertion):
    """The token endpoint's answer to an assertion, under a fresh DPoP key."""
    origins = room.scene.stack.origins
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        "scope": f"conference:{room.scene.conference_id}",
        "resource": origins.kmf,
    }
    key = ec.generate_private_key(ec.SECP256R1())
    proof = make_proof(key, method="POST", url=f"{origins.kmf}/token", now=datetime.now(UTC))
    with room.scene.stack.http(origins.kmf) as client:
        return client.post("/token", data=form, headers={"DPoP": proof})


@pytest.mark.parametrize("name", ["worker", "janus"])
def test_killed_process_comes_back(stack, name):
    stack.restart(name)
    for origin in (stack.origins.kmf, stack.origins.provider):
        wait_for(lambda origin=origin: ready(stack, origin).status_code == 200, f"{origin} after the end of {name}")
    assert f"{name} ended with status -9" in stack.output


def test_scheduling_and_keys_stay_ready_without_valkey(stack):
    stack.take_away("valkey")
    try:
        wait_for(lambda: ready(stack, stack.origins.kmf).status_code == 503, "valkey to be missed")
        answer = ready(stack, stack.origins.kmf)
        assert answer.json()["status"] == "degraded"
        assert answer.json()["dependencies"]["broker"] == "away"
        assert ready(stack, stack.origins.kmf, "?only=needed").status_code == 200
    finally:
        stack.bring_back("valkey")
    wait_for(lambda: ready(stack, stack.origins.kmf).status_code == 200, "valkey to be seen again")


def test_without_its_database_no_origin_of_the_trusted_side_is_ready(stack):
    stack.take_away("postgres")
    try:
        wait_for(lambda: ready(stack, stack.origins.kmf, "?only=needed").status_code == 503, "the database to be missed")
    finally:
        stack.bring_back("postgres")
    wait_for(lambda: ready(stack, stack.origins.kmf).status_code == 200, "the database to be seen again")


def test_second_instance_with_the_same_state_is_refused(stack):
    result = subprocess.run(
        [sys.executable, "-m", "config.embedded", "up"],
        cwd=ROOT,
        env=stack.environment() | {"CONCLAVE_PORT": "1", "CONCLAVE_PROVIDER_PORT": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "another instance runs with" in result.stdout
    assert ready(stack, stack.origins.kmf).status_code == 200


def test_taken_port_is_said_plainly_and_leaves_nothing_running(stack, tmp_path):
    environment = stack.environment() | {"CONCLAVE_STATE": str(tmp_path)}
    command = [sys.executable, "-m", "config.embedded", "up"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 1
    assert f"port {stack.port} is taken" in result.stdout
    assert "CONCLAVE_PORT" in result.stdout
    assert not (tmp_path / "postgres").exists()


def conference_page(stack):
    conference = Scene.schedule(stack)
    with stack.http(stack.origins.kmf) as client:
        return client.get(f"/c/{conference.conference_id}")


def test_two_run_side_by_side_and_after_kill_or_ctrl_c_nothing_runs_and_the_next_start_finds_everything(stack):
    beside = stack
    stack = Stack()
    try:
        stack.start()
        for one in (beside, stack):
            assert conference_page(one).status_code == 200
            for name in ("core", "auth", "kmf", "provider"):
                origin = getattr(one.origins, name)
                wait_for(lambda one=one, origin=origin: ready(one, origin).status_code == 200, f"{origin} beside another")
        accounts = (stack.state.root / "demo.json").read_bytes()
        secrets = (stack.state.root / "trusted" / "secrets" / "root.key").read_bytes()

        stack.supervisor.kill()
        stack.supervisor.wait()
        wait_for(lambda: list_leftovers(stack.state) == [], "everything to end with its supervisor")

        stack.start()
        assert (stack.state.root / "demo.json").read_bytes() == accounts
        assert (stack.state.root / "trusted" / "secrets" / "root.key").read_bytes() == secrets
        stack.stop(keep_state=True)
        assert list_leftovers(stack.state) == []
    finally:
        stack.stop()
