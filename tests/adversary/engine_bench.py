"""Endpoints whose keys and roster come from the running KMF, and whose frames go through the shipped engine in real Chromium."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Browser, Page
from websockets.exceptions import ConnectionClosed

from protocol import base64url
from tests.browser.module_server import module_page
from tests.simulators.person import HeldKey, Person, body_of
from tests.twin.errors import TwinError
from tests.twin.frame import FrameOpener

SOUND = bytes(range(60))
CODEC = {"mic": "opus", "screen-audio": "opus", "camera": "vp8", "screen": "vp8"}
HEARTBEAT_S = 3
START = """() => {
  const worker = new Worker('/adversary/bench_worker.js', { type: 'module' });
  const waiting = new Map();
  let numbers = 0;
  worker.onmessage = ({ data: { number, value, error } }) =>
    error === undefined ? waiting.get(number).resolve(value) : waiting.get(number).reject(new Error(error));
  window.ask = (order) => new Promise((resolve, reject) => {
    waiting.set(++numbers, { resolve, reject });
    worker.postMessage({ ...order, number: numbers });
  });
}"""


@dataclass
class Outcome:
    """What an engine did with a frame: ``frame`` is what came out, or ``code`` says why nothing did."""

    frame: bytes | None
    code: str | None


class EngineBench:
    """A worker of ``page`` with as many engines as there are endpoints."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._endpoints: list[Endpoint] = []
        page.evaluate(START)

    def enter(self, person: Person, name: str) -> "Endpoint":
        """``person`` enters the conference, with an engine here."""
        endpoint = Endpoint(person, self, name)
        self._endpoints.append(endpoint)
        endpoint.enter()
        return endpoint

    def of(self, name: str) -> "Endpoint":
        """The endpoint that was given that name."""
        return next(endpoint for endpoint in self._endpoints if endpoint.name == name)

    def close(self) -> None:
        for endpoint in self._endpoints:
            endpoint.close()

    def ask(self, order: str, **members: Any) -> Any:
        return self._page.evaluate("(order) => window.ask(order)", {"order": order, **members})

    def pause(self, ms: int) -> None:
        self._page.wait_for_timeout(ms)


@contextlib.contextmanager
def engine_bench(browser: Browser) -> Iterator[EngineBench]:
    """A bench in a profile of its own; at the end everybody's line is cut."""
    with module_page(browser) as page:
        bench = EngineBench(page)
        try:
            yield bench
        finally:
            bench.close()


@dataclass
class Endpoint:
    """A person in the conference, with an engine that follows what the KMF tells him."""

    person: Person
    bench: EngineBench
    name: str
    source_id: int = 0
    epoch: int = 0
    number: int = 0
    roster: dict[int, bytes] = field(default_factory=dict)
    identities: dict[int, bytes] = field(default_factory=dict)

    def enter(self) -> None:
        assert self.person.sign_in().ask_for_key().status_code == 200
        self.socket = self.person.open_socket()
        self.person.hello(self.socket)
        welcome = self.person.hear(self.socket, "welcome")
        self.source_id = welcome["source_id"]
        self._gone = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()
        identity = self.person.identity.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._ask("make", conferenceId=self.person.conference_id, sourceId=self.source_id, identity=identity.hex())
        snapshot = body_of(welcome["roster"])
        self._install(welcome["key"]["epoch"], snapshot["number"], first=True)
        self._set_roster(snapshot["number"], snapshot["endpoints"], [])

    def leave(self) -> None:
        """Say goodbye; the engine and all keys stay as they are."""
        self._gone.set()
        self.person.say(self.socket, "leaving")

    def close(self) -> None:
        """Cut the line."""
        self._gone.set()
        self.socket.close()

    # --- what the KMF says -------------------------------------------------------------------------------------------

    def follow(self, members: set[int]) -> None:
        """Take what the KMF says until its roster is ``members``."""
        while set(self.roster) != members:
            self.take()

    def catch_up(self) -> None:
        """Take what the KMF has said by now."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.take(timeout_s=0)

    def take(self, timeout_s: float = 10) -> str:
        """Take the next message; its type."""
        message = json.loads(self.socket.recv(timeout=timeout_s))
        if message["type"] == "rekey":
            self.person._keep(message["epoch"], message["key_id"], message["spi"], message["key"])
            self._install(message["epoch"], self.number + 1, first=False)
        elif message["type"] == "roster":
            delta = body_of(message["delta"])
            self._set_roster(delta["number"], delta["joined"], [entry["source_id"] for entry in delta["left"]])
        return str(message["type"])

    def _install(self, epoch: int, number: int, *, first: bool) -> None:
        self.epoch = epoch
        self._ask("install", epoch=epoch, spi=self.key.spi, ekt=self.key.ekt_key.hex(), first=first, rosterNumber=number)

    def _set_roster(self, number: int, joined: list[dict[str, Any]], left: list[int]) -> None:
        self.roster |= {entry["source_id"]: base64url.decode(entry["identity_key"]) for entry in joined}
        self.identities |= self.roster
        for source_id in left:
            del self.roster[source_id]
        self.number = number
        entries = [[source_id, key.hex()] for source_id, key in self.roster.items()]
        self._ask("roster", entries=entries, rosterNumber=number)

    def _beat(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while not self._gone.wait(HEARTBEAT_S):
                self.person.say(self.socket, "heartbeat", number=0)

    # --- what he holds, and does with it -----------------------------------------------------------------------------

    @property
    def key(self) -> HeldKey:
        """The newest EKT key that he was given."""
        return self.person.keys[self.epoch]

    def opener(self) -> FrameOpener:
        """An independent decryptor with every key and identity he was ever given."""
        return FrameOpener(
            conference_id=self.person.conference_id,
            ekt_keys={key.spi: key.ekt_key for key in self.person.keys.values()},
            identities={sid: Ed25519PublicKey.from_public_bytes(key) for sid, key in self.identities.items()},
        )

    def send(self, track: str = "mic", data: bytes = SOUND) -> bytes:
        outcome = self._ask("send", track=track, data=data.hex())
        assert "frame" in outcome, outcome
        return bytes.fromhex(outcome["frame"])

    def send_many(self, count: int, track: str = "mic", data: bytes = SOUND) -> list[bytes]:
        """As many frames as fast as the engine makes them."""
        return [bytes.fromhex(frame) for frame in self._ask("sendMany", track=track, data=data.hex(), count=count)]

    def receive(self, frame: bytes, *, track: str = "mic", line: str = "line") -> Outcome:
        """Give his engine a frame on the subscription ``line``."""
        outcome = self._ask("receive", track=track, frame=frame.hex(), id=f"{line} {track}")
        opened = outcome.get("frame")
        return Outcome(None if opened is None else bytes.fromhex(opened), outcome.get("code"))

    def flood(self, frames: list[bytes], *, track: str = "mic", line: str = "line") -> None:
        """Give his engine many frames at once, and do not wait for it."""
        self._ask("flood", track=track, frames=[frame.hex() for frame in frames], id=f"{line} {track}")

    def flooded(self, line: str, track: str = "mic") -> dict[str, Any]:
        """Wait until it is through with all frames of ``line``: its counters."""
        while True:
            found = self.counters(line, track)
            if found["ok"] + sum(found["dropped"].values()) >= found["frames"]:
                return found
            self.bench.pause(50)

    def counters(self, line: str, track: str = "mic") -> dict[str, Any]:
        found: dict[str, Any] = self._ask("counters", id=f"{line} {track}")
        return found

    def opened_count(self, line: str, track: str = "mic") -> int:
        return int(self.counters(line, track)["ok"])

    def sources_of(self, line: str, track: str = "mic") -> list[int]:
        """Source ids that the engine has told the page for this subscription."""
        return [event["sourceId"] for event in self._ask("sources") if event["id"] == f"receive {line} {track}"]

    def _ask(self, order: str, **members: Any) -> Any:
        return self.bench.ask(order, name=self.name, **members)


def opens(endpoint: Endpoint, frames: list[bytes]) -> int:
    """How many of ``frames`` an independent decryptor opens with every key that ``endpoint`` was ever given."""
    opener = endpoint.opener()
    count = 0
    for frame in frames:
        try:
            opener.open(frame, track="mic", codec="opus")
        except TwinError:
            continue
        count += 1
    return count
