"""What an account holds beside its password. Each change is one transaction with its audit entry and a mail to the owner."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import transaction

from conferences.services import audit
from kmf.authorization.grants import end_everywhere
from kmf.authorization.models import Account
from kmf.authorization.second_factor.codes import mark_used
from kmf.authorization.second_factor.notices import notify

_Type = Authenticator.Type


@dataclass(frozen=True, slots=True)
class Factor:
    """An authenticator app or a passkey, as its owner sees it."""

    id: int
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """Everything; ``recovery_codes`` counts those that are still good, None without a list."""

    app: Factor | None
    passkeys: tuple[Factor, ...]
    recovery_codes: int | None

    @property
    def has_second_factor(self) -> bool:
        """Whether there is anything to confirm with."""
        return self.app is not None or bool(self.passkeys)


def held_by(account: Account) -> Held:
    """What ``account`` holds."""
    rows = list(Authenticator.objects.filter(user=account).order_by("pk"))
    app = next((_factor(row, "Authenticator app") for row in rows if row.type == _Type.TOTP), None)
    passkeys = tuple(_factor(row, row.wrap().name) for row in rows if row.type == _Type.WEBAUTHN)
    codes = next((row for row in rows if row.type == _Type.RECOVERY_CODES), None)
    return Held(app, passkeys, len(codes.wrap().get_unused_codes()) if codes is not None else None)


def _factor(row: Authenticator, name: str) -> Factor:
    return Factor(row.pk, name, row.created_at, row.last_used_at)


@transaction.atomic
def add_app(account: Account, *, secret: str, step: int, now: datetime) -> Authenticator:
    """Add an authenticator app; the code that showed it is used up. ``secret`` is base32."""
    row: Authenticator = TOTP.activate(account, secret).instance
    mark_used(row, step)
    _record("account.factor_added", account, now, {"kind": "totp"})
    notify(account, kind="totp", is_added=True, now=now)
    return row


@transaction.atomic
def add_passkey(account: Account, *, name: str, credential: dict[str, object], now: datetime) -> Authenticator:
    """Add a passkey whose answer was verified."""
    row: Authenticator = WebAuthn.add(account, name, credential).instance
    _record("account.factor_added", account, now, {"kind": "passkey", "passkey": row.pk})
    notify(account, kind="passkey", is_added=True, now=now)
    return row


@transaction.atomic
def make_recovery_codes(account: Account, *, now: datetime) -> list[str]:
    """A new list, which is shown once; the one before is over."""
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)  # one after the other
    Authenticator.objects.filter(user=account, type=_Type.RECOVERY_CODES).delete()
    _record("account.factor_added", account, now, {"kind": "recovery_codes"})
    notify(account, kind="recovery_codes", is_added=True, now=now)
    return list(RecoveryCodes.activate(account).get_unused_codes())


@transaction.atomic
def remove(row: Authenticator, *, account: Account, now: datetime, by: str | None = None) -> None:
    """Remove an app or a passkey of ``account``; with the last of them the recovery codes go, too.

    ``by`` is who did it, where it was not the account itself.
    """
    row.delete()
    left = Authenticator.objects.filter(user=account)
    if not left.exclude(type=_Type.RECOVERY_CODES).exists():
        left.delete()
    kind = "passkey" if row.type == _Type.WEBAUTHN else "totp"
    if by is None:
        _record("account.factor_removed", account, now, {"kind": kind})
    else:
        _record("account.factor_taken", account, now, {"kind": kind}, by)
    notify(account, kind=kind, is_added=False, now=now)


@transaction.atomic
def remove_all(account: Account, *, by: str, now: datetime) -> int:
    """Remove what somebody has lost, or a thief may have: every app and passkey (their number), and the recovery codes.

    Whoever is signed in to the account is out; the owner gets a mail for each.
    """
    rows = list(Authenticator.objects.filter(user=account).exclude(type=_Type.RECOVERY_CODES).order_by("pk"))
    for row in rows:
        remove(row, account=account, now=now, by=by)
    if rows:
        end_everywhere(account, now=now, reason="second factors were removed", by=by)
    return len(rows)


def _record(event: str, account: Account, now: datetime, details: dict[str, object], by: str | None = None) -> None:
    about = details if by is None else {"account": account.email, **details}
    audit.record(event=event, at=now, actor=by or account.email, organisation=account.organisation, details=about)
