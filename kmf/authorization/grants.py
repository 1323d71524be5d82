"""Life of a grant: given, redeemed once, used by refresh, revoked. Every change locks the grant's row first."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from conferences.models import Conference, Participant
from conferences.rules import demanded_strength, is_strong_enough
from conferences.services import audit
from conferences.services.signed_in import end_sign_ins
from kmf.authorization.models import AccessToken, Account, CompanySession, Grant, RefreshToken
from kmf.hints import announce_on_commit
from kmf.selectors import may_come_in
from protocol import words
from protocol.errors import Malformed
from protocol.sign_in import parse_acr


def lock_grant(**lookup: object) -> Grant | None:
    """The grant found by ``lookup``, its row locked until the transaction ends."""
    grants = Grant.objects.select_for_update(of=("self",)).select_related("user", "user__organisation", "application")
    grant: Grant | None = grants.filter(**lookup).first()
    return grant


def revoke_grant(grant: Grant, *, reason: str, now: datetime, by: str | None = None) -> None:
    """Take back everything that was given under ``grant``: refresh tokens, and access tokens at the KMF at once.

    Args:
        grant: its row locked.
        reason: fixed text, for the audit.
        now: UTC.
        by: who did it, where it was not the account itself.

    """
    with transaction.atomic():
        RefreshToken.objects.filter(grant=grant, revoked=None).update(revoked=now)
        AccessToken.objects.filter(grant=grant).delete()
        if grant.revoked_at is None:
            grant.revoked_at, grant.revoked_reason = now, reason
            grant.save(update_fields=["revoked_at", "revoked_reason"])
            record(event="authorization.revoked", grant=grant, now=now, details={"reason": reason}, actor=by)
            if (conference_id := conference_id_of(grant)) is not None:
                announce_on_commit(conference_id)  # its endpoint is out at once, not with the next second's look


def revoke_grants_of(account: Account, *, reason: str, now: datetime, by: str | None = None) -> int:
    """Revoke every live grant of ``account``: he was deactivated, or asked for it. Returns their number."""
    return _revoke_all(Grant.objects.filter(user=account), reason=reason, now=now, by=by)


def revoke_grants_under(session: CompanySession, *, reason: str, now: datetime, by: str) -> int:
    """Revoke every live grant that was given under a session at the company. Returns their number."""
    return _revoke_all(Grant.objects.filter(company_session=session), reason=reason, now=now, by=by)


@transaction.atomic
def _revoke_all(grants: QuerySet[Grant], *, reason: str, now: datetime, by: str | None) -> int:
    live = grants.select_for_update(of=("self",)).filter(revoked_at=None, expires__gt=now)
    found = list(live.select_related("user", "user__organisation", "application").order_by("pk"))
    for grant in found:
        revoke_grant(grant, reason=reason, now=now, by=by)
    return len(found)


def supersede_earlier(grant: Grant, *, now: datetime) -> None:
    """End what the same endpoint was granted before, for instance ahead of a step-up: it lives as long as an access token.

    It is not revoked, for that would end the endpoint's stay. What was given under it a moment ago may still be on its way.
    """
    if conference_id_of(grant) is None:
        return
    until = now + timedelta(seconds=words.ACCESS_TOKEN_LIFETIME_S)
    same = Grant.objects.filter(user=grant.user, application=grant.application, scope=grant.scope, dpop_jkt=grant.dpop_jkt)
    earlier = same.select_for_update(of=("self",)).filter(pk__lt=grant.pk, revoked_at=None, expires__gt=until)
    for one in earlier.select_related("user__organisation", "application").order_by("pk"):
        one.expires = until
        one.save(update_fields=["expires"])
        record(event="authorization.superseded", grant=one, now=now, details={"by": grant.pk, "until": until.isoformat()})


def end_everywhere(
    account: Account, *, now: datetime, reason: str = "ended everywhere by the account", by: str | None = None
) -> None:
    """End every session, here and at the core application, and every grant of ``account``, on every device.

    Args:
        account: whose.
        now: UTC.
        reason: fixed text, for the audit.
        by: who did it, where it was not the account itself.

    """
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(session_generation=F("session_generation") + 1)
        account.refresh_from_db()
        end_sign_ins(account.pk, before=account.session_generation)
        revoke_grants_of(account, reason=reason, now=now, by=by)


def revoked_thumbprints(thumbprints: Iterable[str]) -> set[tuple[str, str]]:
    """``(thumbprint, account id)`` of grants that were revoked: an endpoint of one has no right to its key any more.

    A thumbprint alone says nothing: whoever saw one can ask for a grant with it.
    """
    revoked = Grant.objects.filter(dpop_jkt__in=list(thumbprints), revoked_at__isnull=False)
    return set(revoked.values_list("dpop_jkt", "user_id"))


def conference_id_of(grant: Grant) -> str | None:
    """Conference that a grant of the endpoint page is for; None for the core application's."""
    try:
        return words.conference_of_scope(grant.scope)
    except Malformed:
        return None


def _concerned_by(grant: Grant) -> str | None:
    """Conference that a grant is for, or that its confirmed action is about."""
    actions = grant.authorization_details
    return actions[0]["conference"] if actions else conference_id_of(grant)


def invitation_of(grant: Grant, *, now: datetime) -> Participant | None:
    """The participant that the grant's account is in its conference at this moment, with the conference.

    None for somebody who is banned, locked out, waits to be let in, or did not sign in as is demanded, and for everybody after
    the end: without a key he has nothing to do elsewhere.
    """
    conference_id = conference_id_of(grant)
    if conference_id is None:
        return None
    invited = Participant.objects.filter(conference_id=conference_id, identity=grant.user.email, withdrawn_at=None)
    participant = invited.select_related("conference").first()
    if participant is None or participant.conference.ended_at is not None or not may_come_in(participant, now):
        return None
    demanded, strength = demanded_strength(participant.conference, is_device=grant.user.is_device), parse_acr(grant.acr)
    is_strong = is_strong_enough(demanded, strength=strength, signed_in_at=grant.auth_time, now=now)
    return participant if is_strong else None


def record(*, event: str, grant: Grant, now: datetime, details: Mapping[str, object], actor: str | None = None) -> None:
    """Audit ``event`` in the conference's chain where the account was ever invited to it, else in its organisation's.

    A stranger who asks for a conference therefore writes nothing into its chain.
    """
    conference = Conference.objects.filter(pk=_concerned_by(grant) or "", participants__identity=grant.user.email).select_related(
        "organisation"
    )
    audit.record(
        event=event,
        at=now,
        actor=actor or grant.user.email,
        conference=conference.first(),
        organisation=grant.user.organisation,
        details={"client": grant.application.client_id, "grant": grant.pk, **details},
    )
