"""A model's book beside the product: each event happens to both, and both must answer the same and say the same afterwards.

Where the product dies in the midst of an event, its picture must be one of those between two commits.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from conferences.errors import ConferencesError
from kmf.errors import KMFError
from kmf.models import Epoch
from kmf.services.release import ReleasedKey
from kmf.services.sealing import unseal_ekt_key
from kmf.services.settle import settle
from tests.kmf.model import events
from tests.kmf.model.book import Book
from tests.kmf.model.crash import Crashed, CrashPoint, crashing
from tests.kmf.model.seen import Picture, Sight, told
from tests.kmf.model.stage import Chosen, Stage, book_of

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Crash = tuple[int, bool]  # at which statement or commit the process dies (0: never); whether a commit still gets through
NEVER: Crash = (0, False)
CHOICES: dict[str, list[Any]] = {
    "on_join": ["rekey", "share"],
    "past_access": ["none", "none", "recording"],
    "admission": ["invited", "lobby"],
    "seats": [1000, 1000, 2],
    "pace": [(300, 600), (20, 30)],
    "starts_in": [-5, -5, -5, 16],
    "minutes": [60, 60, 60, 8],
}


class Beside(RuleBasedStateMachine):
    """One conference at the product, and its book. Rules are in ``machine``."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.count = 0
        self.keys: dict[int, bytes] = {}  # by epoch, as somebody opened it

    @initialize(**{name: st.sampled_from(values) for name, values in CHOICES.items()})
    def schedule(self, **chosen: Any) -> None:
        self.stage = Stage(Chosen(**chosen), START)
        self.accounts, self.conference = self.stage.accounts, self.stage.conference
        by_thumbprint = {simulator.jkt: key for key, simulator in self.stage.simulators.items()}
        self.sight = Sight(self.conference, self.accounts, by_thumbprint)
        self.book = book_of(Chosen(**chosen), START)

    def given(self, asker: tuple[int, int], answer: ReleasedKey | KMFError) -> Any:
        """What was given, opened by the asker; or the word of the refusal."""
        if isinstance(answer, KMFError):
            return word(answer)
        epoch = Epoch.objects.get(key_id=answer.key_id, conference=self.conference)
        key = self.stage.simulators[asker].open(answer)
        assert key == unseal_ekt_key(epoch).expose()
        self.opened(int(epoch.number), key)
        return "given", int(epoch.number), answer.ttl_s

    def opened(self, number: int, key: bytes) -> None:
        """A key is the same for all of its epoch, and was never one before."""
        assert self.keys.setdefault(number, key) == key
        assert len(set(self.keys.values())) == len(self.keys)

    # --- agreement ---------------------------------------------------------------------------------------------------

    def do(
        self,
        event: Callable[[Book], events.Event],
        act: Callable[[], Any],
        crash: Crash,
        *,
        read: Callable[[Any], Any] = lambda answer: answer,
    ) -> None:
        """One event at the product, and in the book; both answer the same and say the same afterwards."""
        self.count += 1
        stages, expected = events.played(self.book, event)
        at, after_commit = crash
        is_answered, answer = True, None
        try:
            with crashing(CrashPoint(at, after_commit=after_commit)) as point:
                try:
                    answer = act()
                except (KMFError, ConferencesError) as refusal:
                    answer = word(refusal)
        except (DatabaseError, InterfaceError, Crashed):
            if not point.hit:
                raise
            is_answered = False
        assert not connection.in_atomic_block
        seen = self.sight.picture()
        if is_answered:
            assert read(answer) == expected
        possible = stages if point.hit else stages[-1:]
        self.book = next((stage for stage in possible if told(stage) == seen), stages[-1])
        assert_same(told(self.book), seen)

    @invariant()
    def what_always_holds(self) -> None:
        if hasattr(self, "book"):
            self.book.check()

    def teardown(self) -> None:
        """Whatever happened: once somebody looks, the leavers are locked out."""
        if not hasattr(self, "book"):
            return
        self.now += timedelta(milliseconds=100)
        self.do(lambda book: events.look(book, self.now), lambda: settle(conference_id=self.conference.pk, now=self.now), NEVER)
        current = self.book.current
        if current is not None:
            assert current.holders == set(self.book.present)


def word(refusal: Exception) -> str:
    """A refusal as the model names it."""
    code = getattr(refusal, "code", "")
    return f"{code}: {refusal.reason}" if isinstance(refusal, KMFError) else code


def nothing(_answer: object) -> None:
    """What was done is seen in the rows."""


def assert_same(model: Picture, product: Picture) -> None:
    for part, said in model.items():
        assert product[part] == said, f"{part}: the product says {product[part]}, the model {said}"
