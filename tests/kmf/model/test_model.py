"""The epoch machine against a model, with crashes at any statement or commit; and faults that the model must find.

``CONCLAVE_MODEL_EVENTS=10000`` makes it long: about that many events (the suite runs some hundreds).
``CONCLAVE_MODEL_MUTANTS=1`` shows that it can fail: each of ``mutants`` must be found. Try them after a change of the model.
"""

import os
import secrets

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from kmf.services import epochs
from tests.kmf.model.machine import Conferring
from tests.kmf.model.mutants import MUTANTS, Mutant, mutated
from tests.kmf.model.walk import walk

STEPS = 40
EVENTS = int(os.environ.get("CONCLAVE_MODEL_EVENTS", "200"))
FIRST = 1 if "CONCLAVE_MODEL_EVENTS" not in os.environ else secrets.randbelow(2**32)
FOUND_WITHIN = 1500
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("KMF-REL-7")]


@pytest.fixture(autouse=True)
def _own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's time is its own. One thread waits for nobody: what looks like a wait for a lock is a busy machine."""
    monkeypatch.setattr(epochs, "WORTH_COUNTING_S", 3600)


def walks(events: int, first: int) -> int:
    """Walk until there were so many events."""
    count = 0
    while count < events:
        count += walk(first, STEPS)
        first += 1
    return count


def test_epochs_and_hold_log_agree_with_the_model() -> None:
    print(f"  {walks(EVENTS, FIRST)} events, from walk {FIRST}")  # noqa: T201


def test_they_agree_in_what_hypothesis_makes_up() -> None:
    """Short, and what it finds it makes shorter still."""
    common = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}
    run_state_machine_as_test(Conferring, settings=settings(max_examples=4, stateful_step_count=12, **common))


@pytest.mark.parametrize("mutant", MUTANTS if "CONCLAVE_MODEL_MUTANTS" in os.environ else [], ids=lambda mutant: mutant.name)
def test_the_model_finds(mutant: Mutant) -> None:
    with mutated(mutant), pytest.raises(AssertionError):
        walks(FOUND_WITHIN, 1)
