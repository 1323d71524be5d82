"""Faults that the model must find: each is the product with a few words of one function changed, as long as it is asked for.

Not in the list, for the model did not find them within some 1,500 events: an admission under an earlier invitation
counts, one from before the lock opens it, a socket of somebody withdrawn gets his secret, a hub sends a key past its time,
the end of a conference leaves its epochs undestroyed.
"""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType


@dataclass(frozen=True)
class Mutant:
    """In ``module``, ``was`` (once) becomes ``becomes``."""

    name: str
    module: str
    was: str
    becomes: str


@contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    """The product with this fault. Functions keep their identity: whoever imported one has the fault, too."""
    module = importlib.import_module(mutant.module)
    source = Path(str(module.__file__)).read_text()
    assert source.count(mutant.was) == 1, mutant.name
    changed = {**vars(module)}
    exec(compile(source.replace(mutant.was, mutant.becomes), str(module.__file__), "exec"), changed)  # noqa: S102  our own source
    before = {function: function.__code__ for function in functions_of(vars(module), module)}
    after = {function.__qualname__: function.__code__ for function in functions_of(changed, module)}
    numbers = {name: value for name, value in vars(module).items() if isinstance(value, int) and changed[name] != value}
    assert numbers or any(after[function.__qualname__] != code for function, code in before.items()), mutant.name
    try:
        for function in before:
            function.__code__ = after[function.__qualname__]
        vars(module).update({name: changed[name] for name in numbers})
        yield
    finally:
        for function, code in before.items():
            function.__code__ = code
        vars(module).update(numbers)


def functions_of(names: dict[str, object], module: ModuleType) -> list[FunctionType]:
    """Functions and methods that were written in this module, without their decorators."""
    found = []
    for value in names.values():
        members = vars(value).values() if inspect.isclass(value) and value.__module__ == module.__name__ else [value]
        bare = [inspect.unwrap(member) for member in members if callable(member)]
        found += [one for one in bare if isinstance(one, FunctionType) and one.__module__ == module.__name__]
    return found


RELEASE, ADMISSION = "kmf.services.release", "kmf.services.admission"
EPOCHS, SETTLE, DUE = "kmf.services.epochs", "kmf.services.settle", "kmf.services.due"
RULES, STANDING, SELECTORS = "conferences.rules", "kmf.services.standing", "kmf.selectors"
PRESENCE, MODERATION = "kmf.services.presence", "kmf.services.moderation"
RIGHT = "def _check_right(participant: Participant) -> None:\n"
AUTHORIZED = "return account_id not in self.inactive and (jkt, account_id) not in self.revoked"
SHARED = "if current is None or waiting or not shared or current.expires_at <= now:"
LEAVE = "    last = state.last_leave_rekey_at\n"
ACCOUNT = "Q(account__is_active=False)"
WITHDRAWN = "Q(membership__participant__withdrawn_at__isnull=False)"
SEVERAL = "for membership, jkt in zip(memberships, thumbprints, strict=True):"
MUTANTS = [
    # who gets a key
    Mutant("no right is asked for", RELEASE, RIGHT, RIGHT + "    return\n"),
    Mutant("a ban is ignored", RELEASE, "if participant.banned_at is not None:", "if False:"),
    Mutant("a banned one is only removed", MODERATION, '"removed_at", "banned_at")', '"removed_at")'),
    Mutant("who was removed comes back", RULES, "if participant.removed_at is not None:", "if False:"),
    Mutant("the lobby is open", RULES, "return is_guarded and _admitted_at(participant) is None", "return False"),
    Mutant("the lock is open", ADMISSION, "is_locked = conference.locked_at is not None", "is_locked = False"),
    Mutant("a no is none", ADMISSION, "if _is_declined(Waiting", "if False and _is_declined(Waiting"),
    Mutant("a revoked device comes in", STANDING, AUTHORIZED, "return account_id not in self.inactive"),
    Mutant("an inactive account comes in", STANDING, AUTHORIZED, "return (jkt, account_id) not in self.revoked"),
    Mutant("seats without end", RELEASE, 'raise Full("no seat left")', "pass"),
    Mutant("joins without end", RELEASE, "JOINS_A_MINUTE = 6", "JOINS_A_MINUTE = 60"),
    Mutant("refused though allowed", RELEASE, "JOINS_A_MINUTE = 6", "JOINS_A_MINUTE = 5"),
    Mutant("before it opens", RELEASE, "if now < conference.opens_at:", "if False:"),
    # which key
    Mutant("no new key after a leave", EPOCHS, LEAVE, "    return\n" + LEAVE),
    Mutant("a late joiner gets the old key", EPOCHS, SHARED, "if current is None or waiting or current.expires_at <= now:"),
    Mutant("a joiner shares a leaver's key", EPOCHS, SHARED, "if current is None or not shared or current.expires_at <= now:"),
    Mutant("a key past its time is given", EPOCHS, SHARED, "if current is None or waiting or not shared:"),
    Mutant("the window of leavers never ends", SETTLE, "return state.rekey_due_at is not None and", "return False and"),
    Mutant("no key by the period", SETTLE, "return age >= timedelta(seconds=conference.rekey_s) or", "return"),
    # who is out
    Mutant("the withdrawn stay", SELECTORS, f"over = {WITHDRAWN} | {ACCOUNT}", f"over = {ACCOUNT}"),
    Mutant("the silent stay", SELECTORS, "if stale_before is not None:", "if False:"),
    Mutant("the look spares the withdrawn", DUE, WITHDRAWN, "Q(account__is_active=None)"),
    # what is written, and what is gone
    Mutant("a key without an audit row", RELEASE, SEVERAL, "for membership, jkt in [*zip(memberships, thumbprints)][:-1]:"),
    Mutant("a leaver keeps his secret", PRESENCE, "endpoint.sealed_member_secret = None", "pass"),
]
