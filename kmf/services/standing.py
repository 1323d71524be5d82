"""How requests for a key stand: everything that its checks need to know of the rows, read for all that wait together.

Read anew for each batch, in the transaction that writes the audit rows: nothing of it is kept.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from conferences.models import Conference, Participant
from conferences.rules import CLOCKS_DIFFER
from kmf.authorization.grants import revoked_thumbprints
from kmf.authorization.models import Account
from roster.models import Membership

RATE_WINDOW = timedelta(minutes=1)


@dataclass
class Standing:
    """One conference's rows, under its lock.

    Attributes:
        participants: by id, their rows locked, each with the conference as it was read under the lock.
        joins: memberships that each of them began within the last minute.
        present: those of them who have a seat.
        taken: seats taken by anybody.
        revoked: thumbprints and account ids of grants that were revoked.
        inactive: ids of accounts that are not active.

    """

    participants: dict[int, Participant]
    joins: Counter[int]
    present: set[int]
    taken: int
    revoked: set[tuple[str, str]]
    inactive: set[str]

    def is_authorized(self, *, jkt: str, account_id: str) -> bool:
        """Whether the account is active and no grant of this key was revoked."""
        return account_id not in self.inactive and (jkt, account_id) not in self.revoked

    def seats_besides(self, participant_id: int) -> int:
        """Seats taken by others."""
        return self.taken - (participant_id in self.present)

    def take_seat(self, participant_id: int) -> None:
        """Count a seat for the participant, who gives up the one he has."""
        self.taken = self.seats_besides(participant_id) + 1


def read_invited(asked: Sequence[tuple[str, str]]) -> list[tuple[Conference | None, Participant | None]]:
    """Conference and participant of each ``(conference id, identity)``; two reads, whether they are there or not."""
    ids, identities = {conference_id for conference_id, _ in asked}, {identity for _, identity in asked}
    conferences = {row.pk: row for row in Conference.objects.select_related("organisation").filter(pk__in=ids)}
    rows = Participant.objects.filter(conference_id__in=ids, identity__in=identities)
    participants = {(row.conference_id, row.identity): row for row in rows}
    for participant in participants.values():
        participant.conference = conferences[participant.conference_id]
    return [(conferences.get(conference_id), participants.get((conference_id, who))) for conference_id, who in asked]


def read_standing(
    *, conference: Conference, participants: Sequence[int], holders: Iterable[tuple[str, str]], now: datetime
) -> Standing:
    """Lock the participants' rows, by rising id, and read how they stand. The caller holds the conference's lock.

    Args:
        conference: as it was read under the lock.
        participants: ids of those who ask.
        holders: their keys' thumbprints and account ids.
        now: time at which the lock was had.

    """
    holders = list(holders)
    rows = Participant.objects.select_for_update(no_key=True).filter(pk__in=participants).order_by("pk")
    locked = {row.pk: row for row in rows}
    for row in locked.values():
        row.conference = conference
    stays = Membership.objects.filter(conference=conference)
    recent = stays.filter(participant__in=participants, since__gt=now - RATE_WINDOW, since__lte=now + CLOCKS_DIFFER)
    seated = stays.filter(left_at=None)
    accounts = Account.objects.filter(pk__in=[account_id for _, account_id in holders], is_active=False)
    return Standing(
        participants=locked,
        joins=Counter(dict(recent.values_list("participant").annotate(Count("pk")))),
        present=set(seated.filter(participant__in=participants).values_list("participant_id", flat=True)),
        taken=seated.count(),
        revoked=revoked_thumbprints(jkt for jkt, _ in holders),
        inactive=set(accounts.values_list("pk", flat=True)),
    )
