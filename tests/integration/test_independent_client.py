"""A client that somebody else wrote (npm ``oauth4webapi``) signs in under DPoP, refreshes and gets the key; so a device."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.scenes import Scene
from tests.simulators.room import RoomSystem

SCRIPT = Path(__file__).with_name("independent_client.mjs")
ORIGINS = ("auth", "kmf", "provider", "core")


class Client:
    """The script, running: what it says, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(self._process.stderr.read())
        said: dict[str, Any] = json.loads(line)
        return said

    def hear_until(self, step: str) -> list[dict[str, Any]]:
        said = [self.hear()]
        while said[-1]["step"] != step:
            said.append(self.hear())
        return said


@contextmanager
def client(scene: Scene, what: str, **more: Any) -> Iterator[Client]:
    node = shutil.which("node")
    assert node is not None, "Debian package nodejs"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([node, str(SCRIPT), what], text=True, **pipes) as process:  # noqa: S603  our own script
        running = Client(process)
        origins = {name: getattr(scene.stack.origins, name) for name in ORIGINS}
        running.tell(json.dumps({"origins": origins, "conference": scene.conference_id} | more))
        try:
            yield running
        finally:
            process.kill()


def assert_key(said: dict[str, Any], scene: Scene) -> None:
    assert (said["status"], said["length"]) == (200, "0")
    for part in ('keyid="', 'dh="', 'key="', 'usage="EKT"', "spi=", "ttl="):
        assert part in said["header"]
    assert len(scene.audit("key.released")) == 1


@pytest.mark.requirement("AUTH-2")
@pytest.mark.parametrize("skew", [0, 7200], ids=["with the right time", "with a clock two hours ahead"])
def test_a_person_signs_in_refreshes_and_gets_the_key(scene: Scene, skew: int):
    if scene.stack.tls:
        pytest.skip("the client is told to trust plain HTTP on this machine")
    petra = scene.person("participant", 0)
    with client(scene, "person", skew=skew) as oauth:
        discovered, asked = oauth.hear(), oauth.hear()
        assert discovered["issuer"] == scene.stack.origins.auth
        assert discovered["token_endpoint"] == f"{scene.stack.origins.kmf}/token"
        oauth.tell(petra._authorize(asked["url"].removeprefix(scene.stack.origins.auth)))
        said = oauth.hear_until("key")
    steps = [one["step"] for one in said if one["step"] != "nonce"]
    assert steps == ["code", "refreshed", "key"]
    assert ("nonce" in [one["step"] for one in said]) == (skew != 0)
    code, refreshed = (next(one for one in said if one["step"] == step) for step in ("code", "refreshed"))
    assert (code["type"].lower(), code["scope"], code["expires_in"]) == ("dpop", f"conference:{scene.conference_id}", 300)
    assert refreshed["rotated"] == 3
    assert_key(said[-1], scene)


@pytest.mark.requirement("AUTH-6")
def test_a_device_gets_the_key_by_its_enrolled_key(scene: Scene, tmp_path: Path):
    if scene.stack.tls:
        pytest.skip("the client is told to trust plain HTTP on this machine")
    room = RoomSystem(scene, tmp_path)
    room.invite()
    with client(scene, "device", device=room.device, kid=room.kid, key=room.key_file.read_text()) as oauth:
        oauth.hear()
        token, key = oauth.hear_until("key")
    assert (token["type"].lower(), token["scope"], token["refresh"]) == ("dpop", f"conference:{scene.conference_id}", False)
    assert_key(key, scene)
