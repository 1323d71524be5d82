"""What everybody sees of a device, and that a recorder comes in as nothing else."""

from datetime import timedelta

import pytest

from conferences.models import AuditEntry, Participant
from kmf.authorization.models import Account
from kmf.errors import Denied
from kmf.models import Epoch
from roster.models import Membership
from tests.simulators.endpoint import EndpointSimulator

pytestmark = pytest.mark.requirement("AUTH-6")


def as_kind(endpoint, kind, *, invited_as):
    Account.objects.filter(pk=endpoint.account.pk).update(kind=kind)
    endpoint.account.refresh_from_db()
    Participant.objects.filter(identity=endpoint.account.email).update(kind=invited_as)
    return endpoint


@pytest.mark.parametrize(
    ("kind", "invited_as", "shown"),
    [
        ("person", "person", "person"),
        ("person", "room", "room"),  # somebody who signs in at a room's screen
        ("room", "room", "room"),
        ("room", "person", "room"),
        ("room", "recorder", "room"),
        ("recorder", "recorder", "recorder"),
    ],
)
def test_a_device_is_shown_as_what_it_is(endpoint, now, kind, invited_as, shown):
    as_kind(endpoint("bob"), kind, invited_as=invited_as).ask(now)
    assert [row.kind for row in Membership.objects.all()] == [shown]


@pytest.mark.parametrize("invited_as", ["person", "room"])
def test_a_recorder_that_was_invited_as_something_else_gets_no_key(endpoint, now, invited_as):
    recorder: EndpointSimulator = as_kind(endpoint("bob"), "recorder", invited_as=invited_as)
    with pytest.raises(Denied):
        recorder.ask(now)
    assert (Membership.objects.count(), Epoch.objects.count()) == (0, 0)
    assert "a recorder, invited as something else" in AuditEntry.objects.get(event="key.denied").body
    Participant.objects.filter(identity=recorder.account.email).update(kind="recorder")
    recorder.ask(now + timedelta(seconds=1))
    assert Membership.objects.count() == 1
