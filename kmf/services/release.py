"""Release: giving the current EKT key to one endpoint ([PERC] 6.3). The numbered checks stand here and nowhere else."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from conferences.models import Conference, Participant
from conferences.services.audit import record
from kmf.authorization.services import VerifiedRequest
from kmf.crypto.agreement import agree, wrap_ekt_key
from kmf.errors import Denied, Ended, Full, Refused, Stranger, TooEarly, TooMany, Waits
from kmf.models import Endpoint, Epoch, KeyState
from kmf.services.admission import check_let_in, how_verified, knock, shown_name
from kmf.services.due import settle_if_due
from kmf.services.epochs import epoch_for_join, lock_state
from kmf.services.presence import end_membership
from kmf.services.sealing import seal_member_secret, unseal_ekt_key
from kmf.services.turns import turn
from protocol.key_request import KeyRequest
from roster.models import Membership
from roster.selectors import seats_taken
from roster.services.membership import admit

JOINS_A_MINUTE = 6


@dataclass(frozen=True)
class ReleasedKey:
    """What the ``Encryption-Key`` header says; ``wrapped`` is 40 bytes, ``dh`` the KMF's raw public key."""

    key_id: str
    dh: bytes
    wrapped: bytes
    spi: int
    ttl_s: int


def release_ekt_key(*, verified: VerifiedRequest, request: KeyRequest, now: datetime) -> ReleasedKey:
    """Release the current EKT key to the endpoint that proved its DPoP key.

    Raises:
        Refused: a check failed; the precise reason is in the audit.
        KMFUnavailable: sealed, or a part is away: no key leaves.

    """
    conference = Conference.objects.select_related("organisation").filter(pk=request.conference_id).first()
    try:
        invited = _invited(conference, verified, request)
        settle_if_due(conference_id=invited.conference_id, now=now)  # what is due comes first, though no worker runs
        with turn(invited.conference_id), transaction.atomic():
            return _release(verified=verified, request=request, participant=invited, now=now)
    except Waits:
        knock(participant_id=invited.pk, verified=verified, now=now)
        raise
    except Refused as refusal:
        _record_denial(verified=verified, request=request, refusal=refusal, conference=conference, now=now)
        raise


def _record_denial(
    *, verified: VerifiedRequest, request: KeyRequest, refusal: Refused, conference: Conference | None, now: datetime
) -> None:
    """A stranger's denial stands in his organisation's chain: he neither writes into a conference's nor waits for it."""
    with transaction.atomic():
        record(
            event="key.denied",
            at=now,
            actor=verified.account.email,
            conference=None if isinstance(refusal, Stranger) else conference,
            organisation=verified.account.organisation,
            details={
                "code": refusal.code,
                "reason": refusal.reason,
                "jkt": verified.token.jkt,
                "conference": request.conference_id,
            },
        )


def _release(*, verified: VerifiedRequest, request: KeyRequest, participant: Participant, now: datetime) -> ReleasedKey:
    # To release a key we must, in this order, and from (3) on in this transaction and under the conference's lock:
    #   1. match the token to the conference that is asked for          (KMF-REL-1, [PERC] 4.6)
    #   2. match the account to an invited participant                  (KMF-REL-2, [PERC] 3.2)
    #   3. find the conference open by its times and not ended          (KMF-REL-3, [PERC] 4.9)
    #   4. find him let in by the initiator where that is asked, and the lock open  (KMF-REL-8, KMF-REL-9)
    #   5. stay under six joins a minute and find a seat                (KMF-REL-4)
    #   6. begin the membership, ending the participant's earlier one   (KMF-REL-5, [PERC] 4.8)
    #   7. take the epoch's key and wrap it for this endpoint only      (KMF-REL-6, [PERC] 4.4)
    #   8. write the audit row                                          (KMF-REL-7: no audit, no key)

    # (1), (2) are _invited(); the second once more, for a withdrawal that came while we waited for the lock
    conference = participant.conference
    state, now = lock_state(conference=conference, now=now)
    participant = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
    participant.conference = conference
    _check_right(participant)
    # (3)
    _check_open(conference, now)
    if state.closed_at is not None:
        raise Ended("the conference's keys are over")
    # (4)
    check_let_in(participant=participant, verified=verified, now=now)
    # (5)
    _check_rate(participant, now)
    _check_seat(conference, participant)
    # (6)
    _end_earlier(conference=conference, participant=participant, now=now)
    membership = _begin(conference=conference, participant=participant, verified=verified, request=request, now=now)
    # (7)
    return _wrap(state=state, membership=membership, verified=verified, request=request, now=now)


def _invited(conference: Conference | None, verified: VerifiedRequest, request: KeyRequest) -> Participant:
    """Steps 1 and 2. The same reads are made for a conference that is not there."""
    rows = Participant.objects.select_related("conference__organisation")
    participant = rows.filter(conference_id=request.conference_id, identity=verified.account.email).first()
    if conference is None:
        raise Stranger("unknown conference")
    if verified.token.claims.get("conference") != conference.id:
        raise Stranger("token is for another conference")
    if participant is None:
        raise Stranger("not invited")
    _check_right(participant)
    return participant


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


def _check_rate(participant: Participant, now: datetime) -> None:
    since = now - timedelta(minutes=1)
    if Membership.objects.filter(participant=participant, since__gt=since).count() >= JOINS_A_MINUTE:
        raise TooMany("more than six joins within a minute", retry_after_s=60)


def _check_seat(conference: Conference, participant: Participant) -> None:
    if seats_taken(conference.id, besides=participant.pk) >= conference.capacity:
        raise Full("no seat left")


def _end_earlier(*, conference: Conference, participant: Participant, now: datetime) -> None:
    rows = Endpoint.objects.filter(conference=conference, membership__participant=participant, membership__left_at=None)
    for endpoint in rows.select_related("membership__participant", "conference__organisation"):
        end_membership(endpoint=endpoint, reason="replaced", now=now)


def _begin(
    *, conference: Conference, participant: Participant, verified: VerifiedRequest, request: KeyRequest, now: datetime
) -> Membership:
    return admit(
        conference=conference,
        participant=participant,
        identity_key=request.identity_key,
        name=shown_name(verified, participant),
        verified_by=how_verified(verified),
        now=now,
    )


def _wrap(
    *, state: KeyState, membership: Membership, verified: VerifiedRequest, request: KeyRequest, now: datetime
) -> ReleasedKey:
    conference = membership.conference
    agreement = agree(algorithm=request.algorithm, endpoint_key=request.agreement_key)
    Endpoint.objects.create(
        membership=membership,
        conference=conference,
        organisation=conference.organisation,
        account=verified.account,
        jkt=verified.token.jkt,
        sealed_member_secret=seal_member_secret(
            conference_id=conference.id, source_id=membership.source_id, member_secret=agreement.member_secret
        ),
        last_seen_at=now,
    )
    epoch = epoch_for_join(state=state, conference=conference, membership=membership, now=now)
    wrapped = wrap_ekt_key(
        member_secret=agreement.member_secret,
        ekt_key=unseal_ekt_key(epoch),
        conference_id=conference.id,
        key_id=epoch.key_id,
        spi=epoch.spi,
        jkt=verified.token.jkt,
    )
    # (8)
    _record_release(epoch=epoch, membership=membership, jkt=verified.token.jkt, now=now)
    return ReleasedKey(epoch.key_id, agreement.dh, wrapped, epoch.spi, _ttl_s(epoch, now))


def _record_release(*, epoch: Epoch, membership: Membership, jkt: str, now: datetime) -> None:
    record(
        event="key.released",
        at=now,
        actor=membership.participant.identity,
        conference=membership.conference,
        # The one entry that names the endpoint's identity and name; those of its epochs say its source id.
        details={
            "epoch": epoch.number,
            "key_id": epoch.key_id,
            "source_id": membership.source_id,
            "identity": membership.participant.identity,
            "name": membership.name,
            "jkt": jkt,
        },
    )


def _ttl_s(epoch: Epoch, now: datetime) -> int:
    return max(0, int((epoch.expires_at - now).total_seconds()))
