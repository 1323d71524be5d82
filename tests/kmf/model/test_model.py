"""The epoch machine against a model, with crashes at any statement or commit.

``CONCLAVE_MODEL_EVENTS=10000`` makes it long: about that many events (the suite runs some hundreds).
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from kmf.services import epochs
from tests.kmf.model.machine import Conferring

STEPS = 40
EVENTS = int(os.environ.get("CONCLAVE_MODEL_EVENTS", "600"))


@pytest.mark.requirement("KMF-REL-7")
@pytest.mark.django_db(transaction=True)
def test_epochs_and_hold_log_agree_with_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    # The model's time is its own. One thread waits for nobody: what looks like a wait for a lock is a busy machine.
    monkeypatch.setattr(epochs, "WORTH_COUNTING_S", 3600)
    run_state_machine_as_test(
        Conferring,
        settings=settings(
            max_examples=max(1, EVENTS // STEPS),
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="CONCLAVE_MODEL_EVENTS" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
