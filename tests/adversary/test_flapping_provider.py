"""Attacker: a conference provider that lies about who is connected (DESIGN section 10). It can annoy, not rekey or evict."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.scenes import Scene
from tests.simulators.person import Person
from tests.simulators.provider_reports import ReportingProvider

pytestmark = pytest.mark.requirement("KMF-PRESENCE-1")


@pytest.fixture
def provider(scene: Scene) -> ReportingProvider:
    return ReportingProvider(scene)


def enter(person: Person):
    assert person.ask_for_key().status_code == 200
    socket = person.open_socket()
    person.hello(socket)
    person.hear(socket, "welcome")
    return socket


@pytest.fixture
def ada(scene: Scene) -> Person:
    return scene.person("participant", 0).sign_in()


def test_a_reported_leave_of_a_living_endpoint_is_a_disagreement_and_no_leave(
    scene: Scene, provider: ReportingProvider, ada: Person
):
    socket = enter(ada)
    before = scene.epochs()
    for _ in range(8):  # two seconds of flapping, while she speaks
        for event in ("disconnected", "connected", "disconnected"):
            assert provider.report(provider.line(ada, event)).status_code == 204
        ada.say(socket, "heartbeat", number=1)
        time.sleep(0.25)
    time.sleep(6.5)
    ada.say(socket, "heartbeat", number=1)
    time.sleep(1.5)
    assert scene.epochs() == before
    assert scene.audit("endpoint.left") == []
    disagreements = scene.audit("presence.disagreement")
    assert [entry["actor"] for entry in disagreements] == ["provider"]
    assert disagreements[0]["details"]["identity"] == ada.account["email"]
    socket.close()


def test_a_reported_leave_is_believed_when_the_next_heartbeat_is_missed(scene: Scene, provider: ReportingProvider, ada: Person):
    socket = enter(ada)
    silent_since = time.monotonic()
    assert provider.report(provider.line(ada, "disconnected")).status_code == 204
    while not scene.audit("endpoint.left"):
        assert time.monotonic() - silent_since < 10, "nobody believed it"
        time.sleep(0.2)
    assert time.monotonic() - silent_since > 4
    assert scene.audit("endpoint.left")[0]["details"]["reason"] == "silent"
    socket.close()


def test_a_forged_signature_changes_nothing(scene: Scene, provider: ReportingProvider, ada: Person):
    socket = enter(ada)
    forger = ReportingProvider(scene, key=ec.generate_private_key(ec.SECP256R1()))
    answer = forger.report(forger.line(ada, "disconnected"))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    assert scene.last_refusal() == "signature does not hold"
    assert scene.audit("presence.disagreement") == []
    socket.close()


def test_a_report_for_another_audience_is_refused(scene: Scene, provider: ReportingProvider, ada: Person):
    body, authorization = provider.signed([provider.line(ada, "disconnected")], audience=scene.stack.origins.core)
    assert provider.post(body, authorization).status_code == 401
    assert scene.last_refusal() == "request was signed for another aud"


def test_a_report_is_good_once(scene: Scene, provider: ReportingProvider, ada: Person):
    signed = provider.signed([provider.line(ada, "connected")])
    assert provider.post(*signed).status_code == 204
    assert provider.post(*signed).status_code == 401
    assert scene.last_refusal() == "proof was used before"


def test_a_changed_body_is_refused(scene: Scene, provider: ReportingProvider, ada: Person):
    _, authorization = provider.signed([provider.line(ada, "connected")])
    other, _ = provider.signed([provider.line(ada, "disconnected")])
    assert provider.post(other, authorization).status_code == 401
    assert scene.audit("presence.disagreement") == []


def test_unknown_handles_and_other_conferences_move_nothing_here(scene: Scene, provider: ReportingProvider, ada: Person):
    socket = enter(ada)
    other = scene.another()
    lines = [provider.line(ada, "disconnected", handle=handle) for handle in (other.handle, "A" * 22)]
    assert provider.report(*lines).status_code == 204
    assert scene.audit("presence.disagreement") == other.audit("presence.disagreement") == []
    socket.close()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([{"handle": "A" * 22}], id="members missing"),
        pytest.param([{"handle": "A" * 22, "pseudonym": "B" * 22, "event": "evicted", "at": 1}], id="unknown event"),
        pytest.param([{"handle": "A" * 22, "pseudonym": "B" * 22, "event": "connected", "at": True}], id="no time"),
        pytest.param([{}] * 201, id="too many at once"),
    ],
)
def test_malformed_reports_are_refused_whole(provider: ReportingProvider, body: list[dict[str, object]]):
    assert provider.post(*provider.signed(body)).status_code == 400


def test_a_thousand_reports_at_once_open_no_epoch_and_hold_up_nobody(scene: Scene, provider: ReportingProvider, ada: Person):
    socket = enter(ada)
    before = scene.epochs()
    line = provider.line(ada, "disconnected")
    requests = [provider.signed([{**line, "event": event}]) for event in ("disconnected", "connected") * 500]
    over = threading.Event()

    def speak() -> None:
        while not over.wait(1):
            ada.say(socket, "heartbeat", number=1)

    with provider.client() as client, ThreadPoolExecutor(17) as pool:
        begun = time.monotonic()
        speaking = pool.submit(speak)
        statuses = [answer.status_code for answer in pool.map(lambda one: provider.post(*one, client=client), requests)]
        over.set()
        speaking.result()
        taken_s = time.monotonic() - begun
        assert ada.hear(socket, "current", timeout=8)
    assert set(statuses) <= {204, 429, 503}  # 503 on a busy machine: the database is asked for more than it has
    assert statuses.count(204) <= 50 * (taken_s // 10 + 2)  # windows of 10 s begin when they do
    assert scene.epochs() == before
    assert scene.audit("endpoint.left") == []
    assert len(scene.audit("presence.disagreement")) <= 1 + taken_s // 60
    socket.close()
