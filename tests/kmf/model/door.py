"""The model's rules of who comes in, and why not. A refusal is ``code: reason``, as the audit is to have it."""

from collections.abc import Generator
from datetime import datetime, timedelta

from tests.kmf.model.book import Book, Denials, Person, Waits

JOINS_A_MINUTE = 6
MINUTE = timedelta(minutes=1)
ASKS_AGAIN_WITHIN = timedelta(seconds=30)
WAITS = ("waiting: not let in yet", "waiting: was removed and is not let in again")
STRANGER = "denied: not invited"


def no_right(person: Person) -> str:
    """Why somebody has no right to this conference at all; empty if he has."""
    if person.invited_at is None:
        return STRANGER
    if person.is_withdrawn:
        return "denied: invitation withdrawn"
    return "denied: banned by the initiator" if person.is_banned else ""


def refusal(book: Book, who: int, device: int, inside: set[int], now: datetime) -> str:
    """Why he gets no key now; empty if he gets it. ``inside``: who has a seat, and those ahead of him."""
    person = book.people[who]
    if why := no_right(person):
        return why
    if not person.is_active or (who, device) in book.revoked:
        return "denied: authorization revoked"
    if book.ended_at is not None or now >= book.policy.closes_at:
        return "ended: after the end"
    if now < book.policy.opens_at:
        return "too_early: before the conference opens"
    return _not_let_in(book, who, now) or _no_place(book, who, inside, now)


def _not_let_in(book: Book, who: int, now: datetime) -> str:
    person, locked_at = book.people[who], book.locked_at
    if locked_at is not None and not person.is_initiator and not _was_here(book, who, now):
        let_in_at = person.let_in_at
        if let_in_at is None or let_in_at < locked_at:
            return "locked: conference is locked"
    if not must_be_let_in(book, person):
        return ""
    declined_at = person.waits.declined_at if person.waits else None
    if declined_at is not None and now - declined_at < MINUTE:
        return "declined: declined by the initiator"
    return WAITS[person.is_removed]


def must_be_let_in(book: Book, person: Person) -> bool:
    return person.is_removed or (book.policy.has_lobby and not person.is_initiator and person.let_in_at is None)


def _was_here(book: Book, who: int, now: datetime) -> bool:
    """He is in, or left of himself within the minute."""
    stays = [stay for stay in book.stays_of(who) if stay.reason not in ("removed", "withdrawn")]
    return any(stay.left_at is None or now - stay.left_at <= MINUTE for stay in stays)


def _no_place(book: Book, who: int, inside: set[int], now: datetime) -> str:
    if sum(now - stay.since < MINUTE for stay in book.stays_of(who)) >= JOINS_A_MINUTE:
        return "too_many: more than six joins within a minute"
    return "full: no seat left" if len(inside - {who}) >= book.policy.seats else ""


def _knock(book: Book, who: int, now: datetime) -> None:
    """He waits, as long as he goes on asking."""
    person = book.people[who]
    waits = person.waits
    if waits is None or waits.declined_at is not None or now - waits.asked_at > ASKS_AGAIN_WITHIN:
        person.waits = Waits(since=now, asked_at=now)
        book.write("participant.waiting", now, who=who)
    else:
        waits.asked_at = now


def deny(book: Book, denials: dict[int, str], now: datetime) -> Generator[None, None, None]:
    """Put denials down: who must be let in waits, each by himself; the others' are written, a chain at a time."""
    written = [(who, why) for who, why in denials.items() if why not in WAITS]
    for who in [who for who in denials if (who, denials[who]) not in written]:
        _knock(book, who, now)
        yield
    for is_stranger in dict.fromkeys(why == STRANGER for _, why in written):
        for who, why in written:
            if (why == STRANGER) == is_stranger:
                _write_denial(book, who, why, now)
        yield


def _write_denial(book: Book, who: int, why: str, now: datetime) -> None:
    """The first of a minute at once, how many more there were with the first after it."""
    alike = book.alike.get((who, why))
    if alike is not None and now - alike.since < MINUTE:
        alike.more += 1
        return
    book.alike[who, why] = Denials(since=now)
    if why != STRANGER:  # his stands in the organisation's chain
        if alike is not None and alike.more:
            book.denied.append((now, who, why, alike.more))
        book.denied.append((now, who, why, 0))
