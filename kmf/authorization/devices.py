"""Where an account is signed in: its live grants, for itself and for the administrator of its organisation, and their end."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q

from conferences.models import Conference
from conferences.services import audit
from kmf.authorization.errors import NoSuchGrant
from kmf.authorization.grants import conference_id_of, end_everywhere, lock_grant, revoke_grant
from kmf.authorization.models import Account, Grant
from protocol.words import CLIENT_DEVICE, CLIENT_ENDPOINT

ACCOUNTS_SHOWN = 500
ENDPOINTS = (CLIENT_ENDPOINT, CLIENT_DEVICE)


@dataclass(frozen=True, slots=True)
class Device:
    """One endpoint page that is signed in, and when it last got a token (each lasts five minutes).

    ``title`` is empty where the account was never invited: a conference's name is for its people.
    """

    grant_id: int
    title: str
    signed_in_at: datetime
    used_at: datetime


def devices_of(account: Account, *, shown_to: Account, now: datetime) -> list[Device]:
    """Endpoint pages that are signed in as ``account``, the last used first; sessions of browsers are not among them.

    To an administrator conferences of other organisations have no title.
    """
    live = Grant.objects.filter(user=account, revoked_at=None, expires__gt=now, redeemed_at__isnull=False)
    grants = live.filter(application__client_id__in=ENDPOINTS).annotate(refreshed_at=Max("refresh_tokens__created"))
    by_conference = {grant.pk: conference_id_of(grant) for grant in grants}
    invited = Conference.objects.filter(pk__in=by_conference.values(), participants__identity=account.email)
    if shown_to != account:
        invited = invited.filter(organisation=shown_to.organisation)
    titles = {conference.pk: conference.title for conference in invited}
    devices = [
        Device(grant.pk, titles.get(by_conference[grant.pk] or "", ""), grant.auth_time, grant.refreshed_at or grant.redeemed_at)
        for grant in grants
    ]
    return sorted(devices, key=lambda device: device.used_at, reverse=True)


def accounts_signed_in(administrator: Account, *, search: str = "", now: datetime) -> list[Account]:
    """Accounts of the administrator's organisation, by address; ``devices`` counts where each is signed in.

    With ``search``, those that have it in name or address. At most ``ACCOUNTS_SHOWN``.

    Raises:
        NoSuchGrant: not an administrator.

    """
    if not administrator.is_staff:
        raise NoSuchGrant
    live = Q(
        authorization_grant__revoked_at=None,
        authorization_grant__expires__gt=now,
        authorization_grant__redeemed_at__isnull=False,
        authorization_grant__application__client_id__in=ENDPOINTS,
    )
    counted = Count("authorization_grant", filter=live, distinct=True)
    rows = Account.objects.filter(organisation=administrator.organisation).annotate(devices=counted)
    if search:
        rows = rows.filter(Q(email__icontains=search) | Q(name__icontains=search))
    return list(rows.order_by("-devices", "email")[:ACCOUNTS_SHOWN])


def account_of(account_id: str, *, by: Account) -> Account:
    """The account that ``by`` may look after: his own, or one of the organisation that he is an administrator of.

    Raises:
        NoSuchGrant: there is none; the same answer for another organisation's.

    """
    account = Account.objects.select_related("organisation").filter(pk=account_id).first()
    if account is None:
        raise NoSuchGrant
    _check_may_end(account, by)
    return account


@transaction.atomic
def end_device(account: Account, grant_id: int, *, by: Account, now: datetime) -> None:
    """End one grant of ``account``: tokens at once, its endpoint in a conference within a second.

    Args:
        account: whose it is.
        grant_id: of :class:`Device`.
        by: the account itself, or an administrator of its organisation.
        now: UTC.

    Raises:
        NoSuchGrant: it is not this account's, or over already; the same answer for both.

    """
    _check_may_end(account, by)
    grant = lock_grant(pk=grant_id, user=account)
    if grant is None or grant.revoked_at is not None:
        raise NoSuchGrant
    reason = "ended by the account" if by == account else "ended by an administrator"
    revoke_grant(grant, reason=reason, now=now, by=by.email)


@transaction.atomic
def end_account_everywhere(account: Account, *, by: Account, now: datetime) -> None:
    """End every session and grant of ``account``, for an administrator.

    Raises:
        NoSuchGrant: ``by`` may not.

    """
    _check_may_end(account, by)
    reason = "ended everywhere by the account" if by == account else "ended everywhere by an administrator"
    end_everywhere(account, now=now, reason=reason, by=by.email)
    details = {"account": account.email}
    audit.record(event="account.ended_everywhere", at=now, actor=by.email, organisation=account.organisation, details=details)


def _check_may_end(account: Account, by: Account) -> None:
    is_administrator = by.is_staff and by.organisation_id == account.organisation_id
    if by != account and not is_administrator:
        raise NoSuchGrant
