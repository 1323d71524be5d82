"""The real provider reports, the real KMF notes: who reached the MDD's side and who left it."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

from websockets.sync.client import connect

from tests.scenes import Scene
from tests.simulators.person import Person
from tests.stack import wait_for


def ticket_of(scene: Scene, person: Person) -> str:
    token2 = person.token("refresh_token", scene.stack.origins.provider).json()["access_token"]
    path = f"/conferences/{scene.handle}/join"
    proof = person.proof("POST", path, token=token2, origin=scene.stack.origins.provider)
    answer = person.post(path, token=token2, proof=proof, provider=True)
    assert answer.status_code == 200
    return str(answer.json()["ticket"])


def noted(scene: Scene, column: str) -> bool:
    with scene.stack.connect("trusted") as database:
        row = database.execute(
            f"SELECT {column} IS NOT NULL FROM kmf_endpoint WHERE conference_id = %s",  # noqa: S608  a name of ours
            (scene.conference_id,),
        ).fetchone()
    return bool(row and row[0])


def signal(scene: Scene, ticket: str, seen: Callable[[], None]) -> None:
    netloc = urlsplit(scene.stack.origins.provider).netloc
    line = scene.stack.open_line(scene.stack.origins.provider)
    with connect(f"ws://{netloc}/conferences/{scene.handle}/signalling", sock=line, proxy=None) as socket:
        socket.send(json.dumps({"type": "hello", "ticket": ticket}))
        seen()


def test_a_seat_that_opens_and_ends_is_reported(scene: Scene):
    ada = scene.person("participant", 0).sign_in()
    assert ada.ask_for_key().status_code == 200
    with ada.open_socket() as socket:
        ada.hello(socket)
        ada.hear(socket, "welcome")
        ticket = ticket_of(scene, ada)
        signal(scene, ticket, lambda: wait_for(lambda: noted(scene, "mdd_connected_at"), "the report", timeout_s=15))
        wait_for(lambda: noted(scene, "reported_gone_at") or bool(scene.audit("endpoint.left")), "the leave's report")
        assert scene.audit("presence.disagreement")[0]["details"]["reported"] == "disconnected"
