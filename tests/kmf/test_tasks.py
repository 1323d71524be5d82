"""The sweep: one conference that cannot be settled stops no other."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from conferences.models import Conference, Participant
from kmf.models import KeyState
from kmf.tasks import sweep
from roster.models import Membership
from tests.simulators.endpoint import EndpointSimulator


def test_a_conference_that_cannot_be_settled_stops_no_other(
    endpoint: Callable[[str], EndpointSimulator], conference: Conference, now: datetime
):
    broken = Conference.objects.get(pk=conference.pk)
    broken.pk, broken.handle, broken.starts_at = "B" * 22, "H" * 22, datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    broken.save(force_insert=True)  # its end is beyond what a date can say
    KeyState.objects.create(conference=broken, organisation=broken.organisation)
    endpoint("ada").ask(now)
    endpoint("bob").ask(now + timedelta(seconds=1))
    Participant.objects.filter(identity="bob@weaver.example").update(withdrawn_at=now)
    sweep()
    present = Membership.objects.filter(left_at=None).values_list("participant__identity", flat=True)
    assert "bob@weaver.example" not in present
    assert KeyState.objects.get(conference=broken).closed_at is None
