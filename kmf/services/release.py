"""Release: giving the current EKT key to endpoints ([PERC] 6.3). The numbered checks stand here and nowhere else.

Requests of one conference that wait at the same time are released together: each is checked by itself, then all that hold are
written in one transaction. One request is a batch of one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from conferences.models import Conference, Participant
from conferences.services.audit import Fact, one_write, record_all
from kmf.authorization.services import VerifiedRequest
from kmf.crypto.agreement import Agreement, agree, wrap_ekt_key
from kmf.errors import Denied, Ended, Full, KeyRequestMalformed, KMFError, Refused, Stranger, TooEarly, TooMany
from kmf.models import Endpoint, Epoch
from kmf.services.admission import (
    check_kind,
    check_let_in,
    check_strength,
    how_verified,
    shown_kind,
    shown_name,
)
from kmf.services.denials import Denial, record_denials
from kmf.services.due import settle_if_due
from kmf.services.epochs import epoch_for_join, lock_state
from kmf.services.presence import end_membership
from kmf.services.sealing import seal_member_secrets, unseal_ekt_key
from kmf.services.standing import Standing, read_invited, read_standing
from kmf.services.turns import turn
from protocol.key_request import KeyRequest
from roster.models import Membership
from roster.services.admission import Joiner, admit_all

JOINS_A_MINUTE = 6


@dataclass(frozen=True)
class ReleasedKey:
    """What the ``Encryption-Key`` header says; ``wrapped`` is 40 bytes, ``dh`` the KMF's raw public key."""

    key_id: str
    dh: bytes
    wrapped: bytes
    spi: int
    ttl_s: int


@dataclass(frozen=True)
class Asked:
    """A key request, its token and proof verified."""

    verified: VerifiedRequest
    request: KeyRequest


@dataclass(frozen=True)
class Invited:
    """A key request whose steps 1 and 2 hold."""

    verified: VerifiedRequest
    request: KeyRequest
    participant: Participant


@dataclass(frozen=True)
class _Accepted:
    """A key request whose steps 1 to 7 hold."""

    verified: VerifiedRequest
    joiner: Joiner
    agreement: Agreement


Outcome = ReleasedKey | KMFError


def release_ekt_key(*, verified: VerifiedRequest, request: KeyRequest, now: datetime) -> ReleasedKey:
    """Release the current EKT key to the endpoint that proved its DPoP key.

    Raises:
        Refused: a check failed; the precise reason is in the audit.
        KeyRequestMalformed: the agreement key is no usable point.
        KMFUnavailable: sealed, or a part is away: no key leaves.

    """
    invited = check_invited([Asked(verified, request)])[0]
    if isinstance(invited, Denial):
        record_denials([invited], now=now)
        raise invited.refusal
    outcome = release_ekt_keys([invited], now=now)[0]
    if isinstance(outcome, KMFError):
        raise outcome
    return outcome


def check_invited(asked: Sequence[Asked]) -> list[Invited | Denial]:
    """Steps 1 and 2 for requests of any conferences: what may go on to its conference, or a denial, which the caller records.

    A stranger is told here: he waits for no conference.
    """
    rows = read_invited([(each.request.conference_id, each.verified.account.email) for each in asked])
    outcomes: list[Invited | Denial] = []
    for each, (conference, participant) in zip(asked, rows, strict=True):
        try:
            outcomes.append(Invited(each.verified, each.request, _invited(each, conference, participant)))
        except Refused as refusal:
            outcomes.append(Denial(each.verified, each.request.conference_id, participant, refusal))
    return outcomes


def release_ekt_keys(invited: Sequence[Invited], *, now: datetime) -> list[Outcome]:
    """Release the current EKT key to endpoints of one conference, in one transaction.

    Returns, in the same order, what each gets, or its own refusal; a refusal hurts nobody else. A participant who asks twice is
    served twice, one time after the other.

    Raises:
        KMFUnavailable: sealed, or a part is away: no key leaves.

    """
    conference = invited[0].participant.conference
    settle_if_due(conference_id=conference.pk, now=now)  # what is due comes first, though no worker runs
    outcomes: dict[int, Outcome] = {}
    for together in _each_once(invited):
        with turn(conference.pk), one_write():
            found = _release([invited[index] for index in together], now)
            if not any(isinstance(outcome, ReleasedKey) for outcome in found):
                transaction.set_rollback(True)  # who is refused leaves no trace but the audit's
        outcomes.update(zip(together, found, strict=True))
    denials = []
    for index, each in enumerate(invited):
        if isinstance(refusal := outcomes[index], Refused):
            denials.append(Denial(each.verified, conference.pk, each.participant, refusal))
    record_denials(denials, now=now)
    return [outcomes[index] for index in range(len(invited))]


def _each_once(invited: Sequence[Invited]) -> list[list[int]]:
    """Indices in rounds in which nobody occurs twice."""
    rounds: list[dict[int, int]] = []
    for index, each in enumerate(invited):
        free = next((one for one in rounds if each.participant.pk not in one), None)
        if free is None:
            rounds.append(free := {})
        free[each.participant.pk] = index
    return [list(one.values()) for one in rounds]


def _release(invited: list[Invited], now: datetime) -> list[Outcome]:
    # To release keys we must, in this order, and from (3) on in this transaction and under the conference's lock:
    #   1. match the token to the conference that is asked for          (KMF-REL-1, [PERC] 4.6)
    #   2. match the account to an invited participant                  (KMF-REL-2, [PERC] 3.2)
    #   3. find the conference open by its times and not ended          (KMF-REL-3, [PERC] 4.9)
    #   4. find the sign-in as strong and as young as is demanded       (KMF-REL-11, [PERC] 4.5)
    #   5. find him let in by the initiator where that is asked, and the lock open  (KMF-REL-8, KMF-REL-9)
    #   6. stay under six joins a minute and find a seat                (KMF-REL-4)
    #   7. agree on a secret with the endpoint's own key                (KMF-REL-6, [PERC] 4.4)
    #   8. begin the membership, ending the participant's earlier one   (KMF-REL-5, [PERC] 4.8)
    #   9. take the epoch's key and wrap it for this endpoint only      (KMF-REL-6, [PERC] 4.4)
    #  10. write the audit row                                          (KMF-REL-7: no audit, no key)

    # (1), (2) are _invited(); the second once more, for a withdrawal that came while we waited for the lock
    conference = invited[0].participant.conference
    state, now = lock_state(conference=conference, now=now)
    standing = read_standing(
        conference=conference,
        participants=[each.participant.pk for each in invited],
        holders=[(each.verified.token.jkt, each.verified.account.pk) for each in invited],
        now=now,
    )
    # (3) to (7), for each
    accepted: dict[int, _Accepted] = {}
    refused: dict[int, KMFError] = {}
    for index, each in enumerate(invited):
        try:
            accepted[index] = _accept(each, standing, is_closed=state.closed_at is not None, now=now)
        except (Refused, KeyRequestMalformed) as refusal:
            refused[index] = refusal
    if not accepted:
        return [refused[index] for index in range(len(invited))]
    # (8)
    _end_earlier(standing, [each.joiner.participant for each in accepted.values()], now)
    memberships = _begin(conference, list(accepted.values()), now)
    # (9)
    epoch = epoch_for_join(state=state, conference=conference, joined=memberships, now=now)
    keys = _wrap(epoch, list(accepted.values()), now)
    # (10)
    _record(epoch, memberships, [each.verified.token.jkt for each in accepted.values()], now)
    released = dict(zip(accepted, keys, strict=True))
    return [released[index] if index in released else refused[index] for index in range(len(invited))]


def _invited(asked: Asked, conference: Conference | None, participant: Participant | None) -> Participant:
    """Steps 1 and 2."""
    if conference is None:
        raise Stranger("unknown conference")
    if asked.verified.token.claims.get("conference") != conference.id:
        raise Stranger("token is for another conference")
    if participant is None:
        raise Stranger("not invited")
    _check_right(participant)
    return participant


def _accept(invited: Invited, standing: Standing, *, is_closed: bool, now: datetime) -> _Accepted:
    """Steps 2 to 7 for one request; a seat that it takes is taken for those behind it."""
    verified, request = invited.verified, invited.request
    # (2)
    participant = standing.participants[invited.participant.pk]
    _check_right(participant)
    check_kind(participant=participant, verified=verified)
    if not standing.is_authorized(jkt=verified.token.jkt, account_id=verified.account.pk):
        raise Denied("authorization revoked")
    # (3)
    _check_open(participant.conference, now)
    if is_closed:
        raise Ended("the conference's keys are over")
    # (4)
    check_strength(participant=participant, verified=verified, now=now)
    # (5)
    check_let_in(participant=participant, verified=verified, now=now)
    # (6)
    if standing.joins[participant.pk] >= JOINS_A_MINUTE:
        raise TooMany("more than six joins within a minute", retry_after_s=60)
    if standing.seats_besides(participant.pk) >= participant.conference.capacity:
        raise Full("no seat left")
    # (7)
    agreement = agree(algorithm=request.algorithm, endpoint_key=request.agreement_key)
    standing.take_seat(participant.pk)
    joiner = Joiner(
        participant,
        request.identity_key,
        shown_name(verified, participant),
        how_verified(verified),
        shown_kind(verified, participant),
    )
    return _Accepted(verified, joiner, agreement)


def _check_right(participant: Participant) -> None:
    if participant.withdrawn_at is not None:
        raise Denied("invitation withdrawn")
    if participant.banned_at is not None:
        raise Denied("banned by the initiator")


def _check_open(conference: Conference, now: datetime) -> None:
    if conference.ended_at is not None or conference.closes_at <= now:
        raise Ended("after the end")
    if now < conference.opens_at:
        raise TooEarly("before the conference opens", retry_after_s=math.ceil((conference.opens_at - now).total_seconds()))


def _end_earlier(standing: Standing, participants: list[Participant], now: datetime) -> None:
    earlier = [participant for participant in participants if participant.pk in standing.present]
    if not earlier:
        return
    rows = Endpoint.objects.filter(membership__participant__in=earlier, membership__left_at=None)
    for endpoint in rows.select_related("membership__participant", "conference__organisation").order_by("pk"):
        end_membership(endpoint=endpoint, reason="replaced", now=now)


def _begin(conference: Conference, accepted: list[_Accepted], now: datetime) -> list[Membership]:
    memberships = admit_all(conference=conference, joiners=[each.joiner for each in accepted], now=now)
    secrets = {one.source_id: each.agreement.member_secret for each, one in zip(accepted, memberships, strict=True)}
    sealed = seal_member_secrets(conference_id=conference.id, secrets=secrets)
    Endpoint.objects.bulk_create(
        Endpoint(
            membership=membership,
            conference=conference,
            organisation=conference.organisation,
            account=each.verified.account,
            jkt=each.verified.token.jkt,
            sealed_member_secret=sealed[membership.source_id],
            last_seen_at=now,
        )
        for each, membership in zip(accepted, memberships, strict=True)
    )
    return memberships


def _wrap(epoch: Epoch, accepted: list[_Accepted], now: datetime) -> list[ReleasedKey]:
    ekt_key = unseal_ekt_key(epoch)
    ttl_s = max(0, int((epoch.ends_at(now) - now).total_seconds()))
    keys = []
    for each in accepted:
        wrapped = wrap_ekt_key(
            member_secret=each.agreement.member_secret,
            ekt_key=ekt_key,
            conference_id=epoch.conference_id,
            key_id=epoch.key_id,
            spi=epoch.spi,
            jkt=each.verified.token.jkt,
        )
        keys.append(ReleasedKey(epoch.key_id, each.agreement.dh, wrapped, epoch.spi, ttl_s))
    return keys


def _record(epoch: Epoch, memberships: list[Membership], thumbprints: list[str], now: datetime) -> None:
    facts = []
    for membership, jkt in zip(memberships, thumbprints, strict=True):
        identity = membership.participant.identity
        # The one entry that names the endpoint's identity and name; those of its epochs say its source id.
        details = {
            "epoch": epoch.number,
            "key_id": epoch.key_id,
            "source_id": membership.source_id,
            "identity": identity,
            "name": membership.name,
            "jkt": jkt,
        }
        facts.append(Fact("key.released", details, actor=identity))
    record_all(facts=facts, at=now, actor="system", conference=memberships[0].conference)
