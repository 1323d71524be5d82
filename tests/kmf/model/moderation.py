"""The initiator's orders, by the model."""

from collections.abc import Callable
from datetime import datetime

from tests.kmf.model import keys
from tests.kmf.model.book import Book, Person
from tests.kmf.model.events import Event, look, waiting

OF_ALL = ("look", "lock", "unlock")
OF_ONE = ("admit", "decline", "remove", "ban", "unban")
LOOSENING = ("admit", "unlock", "unban")
STRANGER = "denied: no present endpoint"
NOBODY_SUCH = "unknown_participant: not a participant of this conference"


def order(book: Book, device: int, action: str, whom: int, *, is_fresh: bool, now: datetime) -> Event:
    """An order of the initiator, who is person 0. The door after it, or why not."""
    if book.stay_at(0, device) is None:
        return STRANGER
    yield from look(book, now)
    if book.stay_at(0, device) is None:
        return STRANGER
    why = _carry_out(book, action, whom, is_fresh=is_fresh, now=now)
    if why:
        book.write("moderation.refused", now, action=action, why=why)
    yield
    kept_out = [who for who, person in enumerate(book.people) if _is_kept_out(person)]
    return why or (waiting(book, now), kept_out, book.locked_at is not None)


def _is_kept_out(person: Person) -> bool:
    return person.invited_at is not None and not person.is_withdrawn and (person.is_removed or person.is_banned)


def _carry_out(book: Book, action: str, whom: int, *, is_fresh: bool, now: datetime) -> str:
    if action in LOOSENING and not is_fresh:
        return "step_up: sign-in is ten minutes old"
    if action in OF_ALL:
        _lock(book, action, now)
        return ""
    person = book.people[whom]
    if person.invited_at is None or person.is_withdrawn or person.is_initiator:
        return NOBODY_SUCH
    return _ORDERS[action](book, whom, person, now)


def _lock(book: Book, action: str, now: datetime) -> None:
    is_locked = book.locked_at is not None
    if action == "look" or is_locked == (action == "lock"):
        return
    book.locked_at = now if action == "lock" else None
    book.write(f"conference.{action}ed", now)
    book.tell_change(f"{action}ed")


def _admit(book: Book, whom: int, person: Person, now: datetime) -> str:
    if whom not in waiting(book, now) or person.is_banned:
        return "unknown_participant: nobody of this identity waits"
    person.admitted_at, person.is_removed, person.waits = now, False, None
    book.write("participant.admitted", now, who=whom)
    return ""


def _decline(book: Book, whom: int, person: Person, now: datetime) -> str:
    if person.waits is None or person.waits.declined_at is not None:
        return "unknown_participant: nobody of this identity waits"
    person.waits.declined_at = now
    book.write("participant.declined", now, who=whom)
    return ""


def _remove(book: Book, whom: int, person: Person, now: datetime) -> str:
    if not _put_out(book, whom, now):
        return "unknown_participant: nobody of this identity is present"
    person.is_removed = True
    book.write("participant.removed", now, who=whom)
    return ""


def _ban(book: Book, whom: int, person: Person, now: datetime) -> str:
    if person.is_banned:
        return ""
    if not _put_out(book, whom, now):
        book.orders.append(("evict", whom))
    person.is_removed = person.is_banned = True
    person.waits = None
    book.write("participant.banned", now, who=whom)
    return ""


def _unban(book: Book, whom: int, person: Person, now: datetime) -> str:
    if not person.is_banned:
        return "unknown_participant: nobody of this identity is banned"
    person.is_banned = False
    book.write("participant.unbanned", now, who=whom)
    return ""


def _put_out(book: Book, whom: int, now: datetime) -> bool:
    stays = [number for number in book.present if book.stays[number].who == whom]
    for number in stays:
        keys.end_stay(book, number, "removed", now)
    if stays:
        keys.rekey_for_leave(book, now)
    return bool(stays)


_ORDERS: dict[str, Callable[[Book, int, Person, datetime], str]] = {
    "admit": _admit,
    "decline": _decline,
    "remove": _remove,
    "ban": _ban,
    "unban": _unban,
}
