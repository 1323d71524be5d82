"""The model's rules of keys and stays (DESIGN section 6), in its own words and numbers."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.kmf.model.book import Book, Key

TOGETHER = timedelta(milliseconds=100)
OLD_KEYS_LAST = timedelta(seconds=30)
SILENT_AFTER = timedelta(seconds=15)
DEAF_AFTER = timedelta(seconds=6)
LOOK_NOTED_EVERY = timedelta(seconds=2)
PUT_OUT = ("removed", "withdrawn")  # the provider is told to cut them


def open_key(book: Book, cause: str, now: datetime, *, joined: Iterable[int] = ()) -> None:
    """A new key for whoever is present; the one before it is over."""
    if (before := book.current) is not None:
        before.state, before.closed_at = "superseded", now
    number, holders = len(book.keys) + 1, set(book.present)
    book.keys.append(Key(number, cause, now, min(now + book.policy.life, book.policy.closes_at), holders))
    book.leavers_due_at = None
    book.tell_change(cause, joined=joined, left=book.unannounced)
    book.write("epoch.opened", now, epoch=number, reason=cause, holders=sorted(holders))


def key_for_joiners(book: Book, joined: list[int], now: datetime) -> Key:
    """A new key, or by the policy, or within 100 ms, the one that there is; never one that a leaver holds."""
    current = book.current
    if current is not None and not book.unannounced and now < current.expires_at:
        is_young = timedelta(0) <= now - current.opened_at <= TOGETHER
        if is_young or not book.policy.rekeys_on_join:
            current.holders |= set(joined)
            book.tell_change("join", joined=joined)
            book.write("epoch.shared", now, epoch=current.number, holders=sorted(joined))
            return current
    open_key(book, "join", now, joined=joined)
    return book.keys[-1]


def end_stay(book: Book, number: int, reason: str, now: datetime) -> None:
    stay = book.stays[number]
    stay.left_at, stay.reason = now, reason
    book.write("endpoint.left", now, stay=number, reason=reason)
    if reason in PUT_OUT:
        book.orders.append(("evict", stay.who))


def rekey_for_leave(book: Book, now: datetime) -> None:
    """At once; who leaves within 100 ms of such a one waits for that window's end."""
    last = book.leavers_out_at
    if last is not None and timedelta(0) <= now - last < TOGETHER:
        book.leavers_due_at = book.leavers_due_at or last + TOGETHER
    else:
        lock_leavers_out(book, now)


def lock_leavers_out(book: Book, now: datetime) -> None:
    book.leavers_out_at = now
    if book.present:
        open_key(book, "leave", now)
        return
    revoke_current(book, "empty", now)
    book.tell_change("leave", left=book.unannounced)
    book.leavers_due_at = None


def revoke_current(book: Book, reason: str, now: datetime) -> None:
    current = book.current
    if current is not None:
        current.state, current.closed_at = "revoked", now
        book.write("epoch.revoked", now, epoch=current.number, reason=reason)


def destroy_keys(book: Book, now: datetime, *, older_than: timedelta = timedelta(0)) -> None:
    """Keys that ended so long ago."""
    over = [key for key in book.keys if key.state in ("superseded", "revoked")]
    over = [key for key in over if key.closed_at is not None and key.closed_at <= now - older_than]
    for key in over:
        key.state, key.destroyed_at = "destroyed", now
    if over:
        book.write("epoch.destroyed", now, epochs=[key.number for key in over])


def note_look(book: Book, now: datetime) -> None:
    """Silence counts from when somebody listened: a break of more than six seconds begins it anew."""
    last = book.looked_at
    if last is not None and now - last <= LOOK_NOTED_EVERY:
        return
    if last is None or now - last > DEAF_AFTER:
        book.listening_since = now
    book.looked_at = now


def why_over(book: Book, number: int, now: datetime) -> str:
    """Why a stay that lasts is over; empty if it is not."""
    stay = book.stays[number]
    person = book.people[stay.who]
    if person.is_withdrawn:
        return "withdrawn"
    if not person.is_active:
        return "removed"
    was_heard_for = book.listening_since is not None and now - book.listening_since >= SILENT_AFTER
    if was_heard_for and now - stay.seen_at > SILENT_AFTER:
        return "silent"
    return "removed" if (stay.who, stay.device) in book.revoked else ""


def rekey_by_period(book: Book, now: datetime) -> None:
    current = book.current
    if current is None or now - current.opened_at < book.policy.period:
        return
    if book.present:
        open_key(book, "periodic", now)
    if current.expires_at <= now:
        book.write("epoch.expired", now, epoch=current.number)
