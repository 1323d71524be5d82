"""The chain as somebody holds it who was told statement after statement: the endpoint's rules, without a browser.

``static/endpoint/worker/roster/chain.js`` is the same in the page; both pass ``tests/vectors/roster.json``.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from roster.errors import Fork, Gap, RolledBack, StatementExpired, StatementInvalid
from roster.signing import statement
from roster.signing.bodies import Place, Standing, read_current, read_delta, read_policy, read_snapshot
from roster.signing.chain import Entry, head_after
from roster.signing.verification_code import verification_code

CLOCK_TOLERANCE_S = 5


class HeldRoster:
    """Everything a verifier holds of one conference. A statement that is refused changes nothing.

    Args of its methods: ``message`` as it travelled; ``at`` the time at which it is shown, in seconds since 1970, or None
    where only the history matters.
    """

    def __init__(self, *, key: Ed25519PublicKey, conference_id: str) -> None:
        self._key = key
        self._conference_id = conference_id
        self._known: dict[int, Entry] = {}  # everybody ever named: a source id is never given twice
        self.entries: dict[int, Entry] = {}
        self.number = 0
        self.epoch = 0
        self.head = b""

    def take(self, kind: str, message: object, *, at: int | None) -> None:
        """Take a statement of the kind that it is said to be.

        Raises:
            StatementInvalid, StatementExpired, RolledBack, Gap, Fork: see :mod:`roster.errors`.

        """
        takers = {"policy": self._policy, "snapshot": self._snapshot, "delta": self._delta, "current": self._current}
        if kind not in takers:
            raise StatementInvalid("unknown kind of statement")
        takers[kind](message, at)

    def verification_code(self) -> str:
        """Thirty digits for what is held."""
        endpoints = [(entry.source_id, entry.identity_key) for entry in self.entries.values()]
        return verification_code(head=self.head, spi=self.epoch % 65536, endpoints=endpoints)

    def _policy(self, message: object, _at: int | None) -> None:
        read_policy(self._verified(message, statement.POLICY)[0])

    def _snapshot(self, message: object, at: int | None) -> None:
        snapshot = read_snapshot(self._verified(message, statement.ROSTER)[0])
        _check_present(snapshot.at, at)
        self._check_not_back(snapshot)
        entries = {entry.source_id: entry for entry in snapshot.entries}
        for entry in snapshot.entries:
            self._check_same_endpoint(entry)
        if snapshot.at.number == self.number:
            since = {source_id: entry.since for source_id, entry in entries.items()}
            if since != {source_id: entry.since for source_id, entry in self.entries.items()} or snapshot.at.epoch != self.epoch:
                raise Fork("the same number with another roster")
        self._hold(snapshot.at, snapshot.head, entries)

    def _delta(self, message: object, _at: int | None) -> None:
        members, body = self._verified(message, statement.ROSTER)
        delta = read_delta(members)
        if delta.at.number <= self.number:
            raise RolledBack("a delta that is known")
        if delta.at.number > self.number + 1:
            raise Gap("a delta is missing")
        if delta.previous != self.head or delta.at.epoch < self.epoch:
            raise Fork("a delta on another head")
        entries = dict(self.entries)
        for source_id, _reason in delta.left:
            if entries.pop(source_id, None) is None:
                raise Fork("somebody leaves who was not there")
        for entry in delta.joined:
            if entry.source_id in entries:
                raise Fork("somebody joins who is there")
            self._check_same_endpoint(entry)
            entries[entry.source_id] = entry
        self._hold(delta.at, head_after(body), entries)

    def _current(self, message: object, at: int | None) -> None:
        current = read_current(self._verified(message, statement.CURRENT)[0])
        _check_present(current.at, at)
        self._check_not_back(current)
        if current.at.number > self.number:
            raise Gap("a delta is missing")
        if current.at.epoch != self.epoch:
            raise Fork("the same number with another epoch")

    def _verified(self, message: object, label: bytes) -> tuple[dict[str, object], bytes]:
        members, body = statement.verified(message, label=label, key=self._key)
        if members.get("conference") != self._conference_id:
            raise StatementInvalid("statement of another conference")
        return members, body

    def _check_not_back(self, standing: Standing) -> None:
        if standing.at.number < self.number or standing.at.epoch < self.epoch:
            raise RolledBack("older than what is held")
        if standing.at.number == self.number and standing.head != self.head:
            raise Fork("the same number with another head")

    def _check_same_endpoint(self, entry: Entry) -> None:
        """A source id means one endpoint for ever; only the time of its stay may be another."""
        known = self._known.get(entry.source_id)
        if known is not None and _identity(known) != _identity(entry):
            raise Fork("a source id with another endpoint")

    def _hold(self, at: Place, head: bytes, entries: dict[int, Entry]) -> None:
        self.entries = entries
        self._known.update(entries)
        self.number, self.epoch, self.head = at.number, at.epoch, head


def _check_present(place: Place, at: int | None) -> None:
    if at is None:
        return
    if at > place.expires_at + CLOCK_TOLERANCE_S or at < place.issued_at - CLOCK_TOLERANCE_S:
        raise StatementExpired("not of this moment")


def _identity(entry: Entry) -> dict[str, object]:
    return {**entry.members(), "since": None}
