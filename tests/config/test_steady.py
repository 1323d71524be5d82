"""The beat's clock: a period goes on though the wall clock is put back."""

from datetime import UTC, datetime, timedelta

from config import steady
from config.settings.celery import CELERY_BEAT_SCHEDULE


def test_a_period_is_over_after_what_passed_and_not_by_the_wall_clock():
    period = steady.every(1.0)
    last = steady.steady_now()
    assert period.is_due(last)[0] is False
    assert period.is_due(last - timedelta(seconds=1.1))[0] is True
    assert abs(steady.steady_now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_every_task_of_the_beat_goes_by_it():
    assert {entry["schedule"].nowfun for entry in CELERY_BEAT_SCHEDULE.values()} == {steady.steady_now}
