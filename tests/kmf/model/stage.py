"""The conference at the product that a model is played beside: who is invited, with which devices."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from conferences.models import Conference, Organisation, Participant
from kmf.authorization.models import Account, Application, Grant
from kmf.services.release import Asked
from protocol.key_request import KeyRequest
from tests.kmf.model.book import Book, Person, Policy
from tests.simulators.endpoint import EndpointSimulator

INVITED, PEOPLE, DEVICES = 4, 5, 2  # person 0 is the initiator, the last one a stranger
MINUTE = timedelta(minutes=1)
EARLY, GRACE = 15 * MINUTE, MINUTE


@dataclass(frozen=True)
class Chosen:
    """What hypothesis chose: words and numbers of the schedule, the start in minutes from now, pace as (rekey, TTL) in s."""

    on_join: str
    past_access: str
    admission: str
    seats: int
    pace: tuple[int, int]
    starts_in: int
    minutes: int


class Stage:
    """One conference, its people's accounts and their devices."""

    def __init__(self, chosen: Chosen, now: datetime) -> None:
        self.organisation = Organisation.objects.create(name="Weaver", slug=f"weaver-{uuid4().hex[:12]}")
        self.accounts = [self._account(number) for number in range(PEOPLE)]
        self.conference = self._schedule(chosen, now)
        for number in range(INVITED):
            self._invite(number, now)
        self.simulators = {
            (who, device): EndpointSimulator(account=self.accounts[who], conference_id=self.conference.pk)
            for who in range(PEOPLE)
            for device in range(DEVICES)
        }

    def asked(self, who: int, device: int, now: datetime) -> Asked:
        """A key request of a device, its token and proof verified."""
        simulator = self.simulators[who, device]
        keys = (simulator.agreement.public_key().public_bytes_raw(), simulator.identity.public_key().public_bytes_raw())
        return Asked(simulator.verified(now), KeyRequest(self.conference.pk, "X25519", *keys))

    def revoke(self, who: int, device: int, now: datetime) -> None:
        """A grant of this device is taken back."""
        fields = {"client_type": "public", "authorization_grant_type": "authorization-code", "redirect_uris": "http://k/callback"}
        client, _ = Application.objects.get_or_create(client_id="endpoint", defaults=fields)
        Grant.objects.create(
            user=self.accounts[who],
            organisation=self.organisation,
            application=client,
            code=uuid4().hex,
            dpop_jkt=self.simulators[who, device].jkt,
            expires=now + 60 * MINUTE,
            **dict.fromkeys(("code_expires_at", "auth_time", "revoked_at"), now),
        )

    def participant_id(self, who: int) -> int:
        """Row of a participant; 0 for a stranger."""
        rows = Participant.objects.filter(conference=self.conference, identity=self.accounts[who].email)
        return rows.values_list("pk", flat=True).first() or 0

    def _account(self, number: int) -> Account:
        return Account.objects.create(email=f"p{number}-{uuid4().hex[:8]}@weaver.example", organisation=self.organisation)

    def _schedule(self, chosen: Chosen, now: datetime) -> Conference:
        return Conference.objects.create(
            organisation=self.organisation,
            title="Model",
            initiator_identity=self.accounts[0].email,
            initiator_name="Ada",
            time_zone="UTC",
            starts_at=now + chosen.starts_in * MINUTE,
            duration_min=chosen.minutes,
            early_min=EARLY // MINUTE,
            grace_min=GRACE // MINUTE,
            created_at=now,
            on_join=chosen.on_join,
            past_access=chosen.past_access,
            admission=chosen.admission,
            capacity=chosen.seats,
            rekey_s=chosen.pace[0],
            ttl_s=chosen.pace[1],
        )

    def _invite(self, number: int, now: datetime) -> None:
        Participant.objects.create(
            organisation=self.organisation,
            conference=self.conference,
            identity=self.accounts[number].email,
            role="initiator" if number == 0 else "participant",
            invited_at=now,
            invited_by="Ada",
        )


def book_of(chosen: Chosen, now: datetime) -> Book:
    """The model's book of the same conference, still empty."""
    starts_at = now + chosen.starts_in * MINUTE
    policy = Policy(
        rekeys_on_join=chosen.on_join == "rekey",
        keeps_past=chosen.past_access == "recording",
        has_lobby=chosen.admission == "lobby",
        seats=chosen.seats,
        period=timedelta(seconds=chosen.pace[0]),
        life=timedelta(seconds=chosen.pace[1]),
        opens_at=starts_at - EARLY,
        closes_at=starts_at + chosen.minutes * MINUTE + GRACE,
    )
    invited = [Person(is_initiator=number == 0, invited_at=now) for number in range(INVITED)]
    return Book(policy, [*invited, *(Person() for _ in range(PEOPLE - INVITED))])
