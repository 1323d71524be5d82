"""Sessions at the company: noted when somebody signs in under one; when the company ends one, what hangs on it ends.

Spec: OpenID Connect Back-Channel Logout 1.0 sections 2.1 and 2.7.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from conferences.services import audit
from conferences.services.signed_in import end_sign_ins, forget_sign_ins
from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.configuration import CompanyProvider
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.grants import end_everywhere, revoke_grants_under
from kmf.authorization.models import Account, CompanyLink, CompanySession

COMPANY = "company"  # who did it, as the audit names it
RECORD = "company_session"  # member of allauth's record of a sign-in
_REASON = "signed out at the company"
_KEPT = timedelta(days=7)  # a session here is asked for again much earlier


@transaction.atomic
def note_session(provider: CompanyProvider, claims: CompanyClaims, *, now: datetime) -> str:
    """Note under which session of the company somebody signs in.

    Returns:
        Our name for it; empty where the company names none.

    Raises:
        CompanyRefused: the company has ended this session, or all of this person's of that time.

    """
    links = CompanyLink.objects.filter(issuer=provider.issuer, subject=claims.subject)
    if links.filter(signed_out_at__gte=claims.signed_in_at).exists():
        raise CompanyRefused("failed", "signed out at the company since")
    if not claims.sid:
        return ""
    fields = {"subject": claims.subject, "kept_until": now + _KEPT}
    session, is_new = CompanySession.objects.get_or_create(issuer=provider.issuer, sid=claims.sid, defaults=fields)
    if session.ended_at is not None or session.subject != claims.subject:
        raise CompanyRefused("failed", "session at the company is over")
    if not is_new:
        CompanySession.objects.filter(pk=session.pk).update(kept_until=now + _KEPT)
    return str(session.pk)


def are_alive(sessions: Iterable[str]) -> bool:
    """Whether all of these sessions go on at the company, as far as it has told."""
    names = set(sessions)
    return CompanySession.objects.filter(pk__in=names, ended_at=None).count() == len(names)


@transaction.atomic
def end_session(provider: CompanyProvider, sid: str, *, subject: str, now: datetime) -> None:
    """End what was opened under one session of the company: sessions here and at the core application, grants, keys.

    One that nobody knows is noted as ended: an ID token of it may still be on its way.

    Raises:
        CompanyRefused: it is not a session of ``subject`` (empty: whose it is was not said).

    """
    fields = {"kept_until": now + _KEPT, "ended_at": now}
    session, is_new = CompanySession.objects.select_for_update().get_or_create(issuer=provider.issuer, sid=sid, defaults=fields)
    if is_new or session.ended_at is not None:
        return
    if subject not in ("", session.subject):
        raise CompanyRefused("failed", "logout token: names a session of somebody else")
    CompanySession.objects.filter(pk=session.pk).update(**fields)
    end_sign_ins(session.pk, before=1)
    revoke_grants_under(session, reason=_REASON, now=now, by=COMPANY)
    account = Account.objects.filter(company_links__issuer=provider.issuer, company_links__subject=session.subject).first()
    if account is not None:
        _record(account, provider, now, "one session")


@transaction.atomic
def end_all_sessions(provider: CompanyProvider, subject: str, *, since: datetime, now: datetime) -> None:
    """End everything of somebody's account, everywhere.

    Args:
        provider: who says so.
        subject: of whom.
        since: when he was signed out there, by its clock: an ID token of a sign-in before that opens nothing.
        now: UTC.

    """
    link = CompanyLink.objects.select_for_update(of=("self",)).filter(issuer=provider.issuer, subject=subject).first()
    if link is None:
        return
    link.signed_out_at = max(since, link.signed_out_at or since)
    link.save(update_fields=["signed_out_at"])
    account = Account.objects.select_related("organisation").get(pk=link.account_id)
    end_everywhere(account, now=now, reason=_REASON, by=COMPANY)
    _record(account, provider, now, "every session")


def is_named(provider: CompanyProvider, subject: str) -> bool:
    """Whether the provider names sessions of this person in its ID tokens."""
    return CompanySession.objects.filter(issuer=provider.issuer, subject=subject).exists()


def forget_sessions(now: datetime) -> None:
    """Forget sessions that nothing hangs on any more."""
    old = list(CompanySession.objects.filter(kept_until__lte=now).values_list("pk", flat=True))
    CompanySession.objects.filter(pk__in=old).delete()
    forget_sign_ins(old)


def _record(account: Account, provider: CompanyProvider, now: datetime, what: str) -> None:
    details = {"account": account.email, "provider": provider.name, "what": what}
    audit.record(event="account.signed_out_by_company", at=now, actor=COMPANY, organisation=account.organisation, details=details)
