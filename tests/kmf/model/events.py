"""What happens to the model's conference. Each event yields where the product may have committed, and returns the answer."""

from collections.abc import Callable, Generator
from copy import deepcopy
from datetime import datetime
from typing import Any

from tests.kmf.model import keys
from tests.kmf.model.book import Book, Stay
from tests.kmf.model.door import ASKS_AGAIN_WITHIN, deny, no_right, refusal

Event = Generator[None, None, Any]


def played(book: Book, event: Callable[[Book], Event]) -> tuple[list[Book], Any]:
    """The book before the event, at each commit and after it; and the answer."""
    after, stages = deepcopy(book), [book]
    running = event(after)
    while True:
        try:
            next(running)
        except StopIteration as end:
            return [*stages, after], end.value
        stages.append(deepcopy(after))


def look(book: Book, now: datetime) -> Event:
    """Somebody looks what is due."""
    if not book.is_begun or book.closed_at is not None:
        return
    if book.ended_at is not None or now >= book.policy.closes_at:
        _close(book, now)
        yield
        yield from destroy(book, now)
        return
    keys.note_look(book, now)
    over = [(number, why) for number in book.present if (why := keys.why_over(book, number, now))]
    for number, why in over:
        keys.end_stay(book, number, why, now)
    if over:
        keys.rekey_for_leave(book, now)
    if book.leavers_due_at is not None and now >= book.leavers_due_at:
        keys.lock_leavers_out(book, now)
    keys.rekey_by_period(book, now)
    if not book.policy.keeps_past:
        keys.destroy_keys(book, now, older_than=keys.OLD_KEYS_LAST)
    yield


def _close(book: Book, now: datetime) -> None:
    if book.ended_at is None:
        _end(book, "schedule", now)
    for number in book.present:
        keys.end_stay(book, number, "ended", now)
    keys.revoke_current(book, "ended", now)
    book.closed_at = now
    book.orders.append(("close", None))
    if book.policy.keeps_past:
        book.write("conference_key.kept", now)
    else:
        keys.destroy_keys(book, now)


def destroy(book: Book, now: datetime) -> Event:
    """The conference's own key goes, once it is over and nothing of it may be kept."""
    if book.closed_at is not None and book.key_destroyed_at is None and not book.policy.keeps_past:
        book.key_destroyed_at = now
        book.write("conference_key.destroyed", now)
        yield


def sweep(book: Book, now: datetime) -> Event:
    yield from look(book, now)
    yield from destroy(book, now)


def ask(book: Book, askers: list[tuple[int, int]], now: datetime) -> Event:
    """Devices ask for the key, all at once. What each gets: number and seconds of an epoch, or why not."""
    answers: dict[int, Any] = {who: why for who, _ in askers if (why := no_right(book.people[who]))}
    going = [(who, device) for who, device in askers if who not in answers]
    yield from deny(book, answers, now)
    if going:
        yield from look(book, now)
        found = _release(book, going, now)
        yield
        yield from deny(book, {who: found[who] for who, _ in going if isinstance(found[who], str)}, now)
        answers |= found
    return [answers[who] for who, _ in askers]


def _release(book: Book, going: list[tuple[int, int]], now: datetime) -> dict[int, Any]:
    inside = {book.stays[number].who for number in book.present}
    answers: dict[int, Any] = {}
    accepted: list[tuple[int, int]] = []
    for who, device in going:
        if why := refusal(book, who, device, inside, now):
            answers[who] = why
        else:
            accepted.append((who, device))
            inside.add(who)
    if not accepted:
        return answers
    book.is_begun = True
    entering = {who for who, _ in accepted}
    for number in [number for number in book.present if book.stays[number].who in entering]:
        keys.end_stay(book, number, "replaced", now)
    first = len(book.stays)
    book.stays += [Stay(who, device, since=now, seen_at=now) for who, device in accepted]
    joined = list(range(first, len(book.stays)))
    key = keys.key_for_joiners(book, joined, now)
    for number in joined:
        book.write("key.released", now, stay=number, epoch=key.number)
    given = ("given", key.number, max(0, int((key.expires_at - now).total_seconds())))
    return answers | dict.fromkeys(entering, given)


def hello(book: Book, who: int, device: int, now: datetime) -> Event:
    """A socket says who it is: it gets what its stay holds, or nothing."""
    number = book.stay_at(who, device)
    if number is None:
        return "denied: no key was released to this endpoint"
    if book.people[who].is_withdrawn:
        return "denied: invitation withdrawn"
    if book.ended_at is not None or now >= book.policy.closes_at:
        return "ended: after the end"
    stay = book.stays[number]
    stay.seen_at = now
    if not stay.is_connected:
        stay.is_connected = True
        book.write("endpoint.connected", now, stay=number)
    yield
    return number


def leave(book: Book, number: int, reason: str, now: datetime) -> Event:
    if book.stays[number].left_at is None:
        keys.end_stay(book, number, reason, now)
        keys.rekey_for_leave(book, now)
    yield


def beat(book: Book, numbers: list[int], now: datetime) -> Event:
    for number in numbers:
        if book.stays[number].left_at is None:
            book.stays[number].seen_at = now
    yield


def invite(book: Book, who: int, now: datetime) -> Event:
    person = book.people[who]
    if _is_over(book, now):
        return "conference_over"
    if person.invited_at is not None and not person.is_withdrawn:
        return "already_invited"
    person.invited_at, person.is_withdrawn = now, False
    book.write("participant.invited", now, who=who)
    yield
    return None


def withdraw(book: Book, who: int, now: datetime) -> Event:
    person = book.people[who]
    if _is_over(book, now):
        return "conference_over"
    if person.invited_at is None or person.is_withdrawn:
        return "not_invited"
    if person.is_initiator:
        return "initiator_stays"
    person.is_withdrawn = True
    book.write("participant.withdrawn", now, who=who)
    yield
    return None


def end(book: Book, now: datetime) -> Event:
    if book.ended_at is not None:
        return "conference_over"
    _end(book, "initiator", now)
    yield
    return None


def _end(book: Book, reason: str, now: datetime) -> None:
    book.ended_at, book.end_reason = now, reason
    book.write("conference.ended", now, reason=reason)


def _is_over(book: Book, now: datetime) -> bool:
    return book.ended_at is not None or now >= book.policy.closes_at


def waiting(book: Book, now: datetime) -> list[int]:
    """Who waits at the door now, longest first."""
    rows = [(person.waits, who) for who, person in enumerate(book.people)]
    open_rows = [(waits, who) for waits, who in rows if waits is not None and waits.declined_at is None]
    return [who for _, who in sorted((waits.since, who) for waits, who in open_rows if now - waits.asked_at <= ASKS_AGAIN_WITHIN)]
