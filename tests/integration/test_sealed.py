"""The root key is away, or another one is in its place: no key leaves, who is in stays in, and it comes back by itself."""

import base64
import os
import secrets
from pathlib import Path

import pytest

from tests.scenes import Scene
from tests.simulators.person import Person
from tests.stack import Stack, wait_for

pytestmark = pytest.mark.requirement("KMF-SEAL-1")


def ready(stack: Stack) -> tuple[int, str]:
    with stack.http(stack.origins.kmf) as http:
        answer = http.get("/ready")
    return answer.status_code, answer.json()["dependencies"]["root_key"]


@pytest.fixture
def root_key(stack: Stack):
    path = stack.state.root / "trusted" / "secrets" / "root.key"
    content = path.read_bytes()
    yield path
    put(path, content)
    wait_for(lambda: ready(stack) == (200, "ok"), "the root key to be found again")


def put(path: Path, content: bytes):
    """As the sites' user would have it, whoever we are."""
    path.write_bytes(content)
    path.chmod(0o600)
    owner = path.parent.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


def enter(person: Person):
    assert person.ask_for_key().status_code == 200
    socket = person.open_socket()
    person.hello(socket)
    person.hear(socket, "welcome")
    return socket


@pytest.mark.parametrize(
    ("instead", "told"), [(None, "away"), (base64.b64encode(secrets.token_bytes(32)), "wrong")], ids=["away", "another one"]
)
def test_sealed_no_key_leaves_and_who_is_in_stays_in(stack: Stack, scene: Scene, root_key, instead, told):
    ada, bob = (scene.person("participant", index).sign_in() for index in range(2))
    cyd = scene.person("initiator", 0).sign_in()
    socket, third = enter(ada), enter(cyd)
    ada.hear(socket, "rekey")
    content = root_key.read_bytes()
    root_key.unlink()
    if instead is not None:
        put(root_key, instead)
    wait_for(lambda: ready(stack) == (503, told), "the root key to be missed")
    refused = bob.ask_for_key()
    assert (refused.status_code, refused.json(), refused.headers["Retry-After"]) == (
        503,
        {"error": "unavailable", "retry_after": 2},
        "2",
    )
    assert bob.keys == {}
    assert "Encryption-Key" not in refused.headers
    ada.hear(socket, "current", timeout=8)
    ada.say(socket, "heartbeat", number=1)
    assert "root key" in stack.log("trusted")
    assert [entry["event"] for entry in scene.audit()].count("key.released") == 2
    cyd.say(third, "leaving")
    wait_for(lambda: bool(scene.audit("endpoint.left")), "the leave to be put down")
    put(root_key, content)
    assert ada.hear(socket, "rekey", timeout=8)["reason"] == "leave"
    wait_for(lambda: ready(stack) == (200, "ok"), "the root key to be found again")
    other = enter(bob)
    assert ada.hear(socket, "rekey")["reason"] == "join"
    assert {key.key_id for key in bob.keys.values()} <= {key.key_id for key in ada.keys.values()}
    socket.close()
    other.close()


def test_the_root_key_is_rotated_in_the_running_system(stack: Stack, scene: Scene, root_key):
    """There and back, so that the system is afterwards as it was: each time a conference that runs goes on, without a restart."""
    ada = scene.person("participant", 0).sign_in()
    enter(ada).close()  # its key lies under a day key under the old root key
    made = stack.manage("kmf", "make-root", "file:secrets/next.key")
    assert made.returncode == 0, made.stderr
    done = stack.manage("kmf", "rotate-root", "--to", "file:secrets/next.key")
    assert (done.returncode, done.stderr) == (0, "")
    content = root_key.read_bytes()
    root_key.unlink()  # the old one is not needed for anything
    assert ready(stack) == (200, "ok")
    enter(scene.person("participant", 1).sign_in()).close()
    put(root_key, content)
    assert stack.manage("kmf", "rotate-root", "--to", "file:secrets/root.key").returncode == 0
    (root_key.parent / "next.key").unlink()
    enter(scene.person("initiator", 0).sign_in()).close()
    assert [entry["event"] for entry in scene.audit()].count("key.released") == 3
