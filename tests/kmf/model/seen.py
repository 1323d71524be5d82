"""What the product's rows and audit say of a conference, and what a book says, in one form, so that they can be compared."""

import json
from datetime import datetime
from typing import Any

from conferences.models import AuditEntry, Conference, OutboxItem, Participant
from conferences.selectors.audit_entries import ReadEntry, read_entry
from conferences.selectors.key_holds import holds_from_entries
from kmf.authorization.models import Account
from kmf.models import ConferenceKey, DenialCount, Endpoint, Epoch, KeyState, Waiting
from roster.models import RosterDelta
from tests.kmf.model.book import Book, Person

STATE = ("last_epoch", "rekey_due_at", "last_leave_rekey_at", "settled_at", "listening_since", "closed_at")
# What an audit row must say, by its event. An event that is not named here is one too many.
SAYS: dict[str, tuple[str, ...]] = {
    "epoch.opened": ("epoch", "reason", "holders"),
    "epoch.shared": ("epoch", "holders"),
    "epoch.revoked": ("epoch", "reason"),
    "epoch.expired": ("epoch",),
    "epoch.destroyed": ("epochs",),
    "key.released": ("stay", "epoch"),
    "endpoint.left": ("stay", "reason"),
    "endpoint.connected": ("stay",),
    "conference.ended": ("reason",),
    "conference.locked": (),
    "conference.unlocked": (),
    "conference_key.kept": (),
    "conference_key.destroyed": (),
    "moderation.refused": ("action", "why"),
    **{f"participant.{what}": ("who",) for what in ("invited", "withdrawn", "waiting", "admitted", "declined")},
    **{f"participant.{what}": ("who",) for what in ("removed", "banned", "unbanned")},
}
Picture = dict[str, Any]


def told(book: Book) -> Picture:
    """The book's picture."""
    state = (len(book.keys), book.leavers_due_at, book.leavers_out_at, book.looked_at, book.listening_since, book.closed_at)
    return {
        "epochs": [
            (key.number, key.state, key.cause, key.opened_at, key.expires_at, key.closed_at, key.destroyed_at is None)
            for key in book.keys
        ],
        "stays": [
            (stay.who, stay.device, stay.since, stay.left_at, stay.reason, stay.left_at is None, stay.seen_at, stay.is_announced)
            for stay in book.stays
        ],
        "state": state if book.is_begun else None,
        "changes": [(number, *change) for number, change in enumerate(book.changes, 1)],
        "audit": book.written,
        "denied": sorted(book.denied),
        "alike": sorted((who, why, one.since, one.more) for (who, why), one in book.alike.items()),
        "orders": book.orders,
        "conference": (book.ended_at, book.end_reason, book.locked_at, book.key_destroyed_at),
        "people": [_rights(person) for person in book.people],
        "holds": {
            number: ([key.number for key in book.keys if number in key.holders], stay.left_at, stay.reason)
            for number, stay in enumerate(book.stays)
        },
        "spans": [(key.number, key.opened_at, key.closed_at, key.destroyed_at, len(key.holders)) for key in book.keys],
    }


def _rights(person: Person) -> tuple[Any, ...] | None:
    if person.invited_at is None:
        return None
    waits = person.waits and (person.waits.since, person.waits.asked_at, person.waits.declined_at)
    return person.invited_at, person.is_withdrawn, person.admitted_at, person.is_removed, person.is_banned, waits


class Sight:
    """Looks at the product. People and devices have the numbers that the model gives them, stays the order they began in."""

    def __init__(self, conference: Conference, accounts: list[Account], devices: dict[str, tuple[int, int]]) -> None:
        self.conference = conference
        self.accounts = accounts
        self.who = {account.email: number for number, account in enumerate(accounts)}
        self.devices = devices
        self.endpoints: list[int] = []  # endpoint id of each stay
        self.sources: list[int] = []  # and its source id
        self.pseudonyms: dict[str, int] = {}

    def picture(self) -> Picture:
        """The product's picture of this moment."""
        stays, people = self._stays(), self._people()
        entries = [read_entry(row) for row in AuditEntry.objects.filter(chain=self.conference.pk).order_by("number")]
        row = Conference.objects.get(pk=self.conference.pk)
        destroyed_at = ConferenceKey.objects.filter(conference=row).values_list("destroyed_at", flat=True).first()
        deltas = RosterDelta.objects.filter(conference=row).order_by("number")
        orders = OutboxItem.objects.filter(kind="provider.order", payload__handle=row.handle).order_by("pk")
        return {
            "epochs": self._epochs(),
            "stays": stays,
            "state": KeyState.objects.filter(conference=row).values_list(*STATE).first(),
            "changes": [self._change(int(delta.number), json.loads(bytes(delta.body))) for delta in deltas],
            "audit": [self._said(entry) for entry in entries if entry.event != "key.denied"],
            "denied": sorted(self._denied(entry) for entry in entries if entry.event == "key.denied"),
            "alike": self._alike(),
            "orders": [(one.payload["order"], self._person_of(one.payload)) for one in orders],
            "conference": (row.ended_at, row.end_reason, row.locked_at, destroyed_at),
            "people": people,
            **self._holds(entries),
        }

    def number_of(self, source_id: int) -> int:
        return self.sources.index(source_id)

    def _stays(self) -> list[tuple[Any, ...]]:
        rows = list(Endpoint.objects.filter(conference=self.conference).select_related("membership__participant").order_by("pk"))
        self.endpoints = [int(row.pk) for row in rows]
        self.sources = [int(row.membership.source_id) for row in rows]
        found = []
        for row in rows:
            stay, device = row.membership, self.devices[row.jkt]
            assert device[0] == self.who[stay.participant.identity]
            rest = (row.sealed_member_secret is not None, row.last_seen_at, stay.announced_left)
            found.append((*device, stay.since, stay.left_at, stay.leave_reason, *rest))
        return found

    def _epochs(self) -> list[tuple[Any, ...]]:
        rows = Epoch.objects.filter(conference=self.conference).order_by("number")
        fields = ("number", "state", "reason", "opened_at", "expires_at", "closed_at", "sealed_key")
        return [(*row[:-1], row[-1] is not None) for row in rows.values_list(*fields)]

    def _change(self, number: int, body: dict[str, Any]) -> tuple[Any, ...]:
        assert body["number"] == number
        joined = sorted(self.number_of(entry["source_id"]) for entry in body["joined"])
        left = sorted((self.number_of(entry["source_id"]), entry["reason"]) for entry in body["left"])
        return number, body["epoch"], body["cause"], joined, left

    def _said(self, entry: ReadEntry) -> tuple[datetime, str, dict[str, Any]]:
        details = dict(entry.details)
        if "source_id" in details:
            details["stay"] = self.number_of(details["source_id"])
        if "holders" in details:
            details["holders"] = sorted(self.number_of(source_id) for source_id in details["holders"])
        if "identity" in details:
            details["who"] = self.who[details["identity"]]
        if "code" in details:
            details["why"] = f"{details['code']}: {details['reason']}"
        return entry.at, entry.event, {name: details[name] for name in SAYS[entry.event]}

    def _denied(self, entry: ReadEntry) -> tuple[Any, ...]:
        why = f"{entry.details['code']}: {entry.details['reason']}"
        return entry.at, self.who[entry.actor], why, entry.details.get("more", 0)

    def _alike(self) -> list[tuple[Any, ...]]:
        rows = DenialCount.objects.filter(account__in=self.accounts).select_related("account")
        return sorted((self.who[row.account.email], f"{row.code}: {row.reason}", row.since, int(row.more)) for row in rows)

    def _person_of(self, payload: dict[str, Any]) -> int | None:
        return self.pseudonyms[payload["pseudonym"]] if "pseudonym" in payload else None

    def _people(self) -> list[tuple[Any, ...] | None]:
        waits = {row.participant_id: (row.since, row.asked_at, row.declined_at) for row in self._waiting()}
        rights: list[tuple[Any, ...] | None] = [None] * len(self.accounts)
        for row in Participant.objects.filter(conference=self.conference):
            put_out = (row.removed_at is not None, row.banned_at is not None)
            right = (row.invited_at, row.withdrawn_at is not None, row.admitted_at, *put_out, waits.get(row.pk))
            rights[self.who[row.identity]] = right
            self.pseudonyms[row.pseudonym] = self.who[row.identity]
        return rights

    def _waiting(self) -> list[Waiting]:
        return list(Waiting.objects.filter(conference=self.conference))

    def _holds(self, entries: list[ReadEntry]) -> Picture:
        """The key-hold log, as auditors read it."""
        log = holds_from_entries(entries)
        return {
            "holds": {self.number_of(one.source_id): (one.epochs, one.left_at, one.left_reason) for one in log.endpoints},
            "spans": [(one.number, one.opened_at, one.closed_at, one.destroyed_at, one.holder_count) for one in log.epochs],
        }
