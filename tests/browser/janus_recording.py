"""The media server's operator records a room: he holds every secret of it (VideoRoom ``enable_recording``)."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.stack import Stack

# Events that nobody reads stop a line's reading after 16 of them, its answers to pings too, and it is given up.
KEPT: dict[str, Any] = {"ping_interval": None, "max_queue": None}


class JanusOperator:
    """A session of the Janus API with one VideoRoom handle."""

    def __init__(self, stack: Stack) -> None:
        lines = (stack.state.root / "provider" / "env").read_text().splitlines()
        url = next(line.split("=", 1)[1] for line in lines if line.startswith("CONCLAVE_JANUS_URL="))
        self._secret = (stack.state.root / "provider" / "secrets" / "janus-api").read_text().strip()
        self._socket = connect(url, subprotocols=["janus-protocol"], proxy=None, legacy=True, **KEPT)  # type: ignore[list-item]
        self._ids: dict[str, Any] = {}
        self._ids["session_id"] = self._ask(janus="create")["data"]["id"]
        self._ids["handle_id"] = self._ask(janus="attach", plugin="janus.plugin.videoroom")["data"]["id"]

    def _ask(self, **members: Any) -> dict[str, Any]:
        transaction = secrets.token_hex(8)
        self._socket.send(json.dumps({"transaction": transaction, "apisecret": self._secret, **self._ids, **members}))
        while True:
            answer: dict[str, Any] = json.loads(self._socket.recv(timeout=10))
            if answer.get("transaction") == transaction and answer["janus"] != "ack":
                assert answer["janus"] == "success", answer
                return answer

    def ask_room(self, **body: Any) -> None:
        answer = self._ask(janus="message", body=body)["plugindata"]["data"]
        assert "error" not in answer, answer


@contextmanager
def record_room(stack: Stack, handle: str, directory: Path) -> Iterator[None]:
    """Record everything that goes through a conference's room into ``directory``."""
    with stack.connect("provider") as database:
        row = database.execute(
            "SELECT mdd_room, secret FROM provider_part p JOIN provider_room r ON r.id = p.room_id WHERE handle = %s", (handle,)
        ).fetchone()
    assert row is not None
    room = {"room": row[0], "secret": row[1]}
    operator = JanusOperator(stack)
    operator.ask_room(request="edit", **room, new_rec_dir=str(directory))
    operator.ask_room(request="enable_recording", **room, record=True)
    try:
        yield
    finally:
        operator.ask_room(request="enable_recording", **room, record=False)
