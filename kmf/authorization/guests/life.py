"""A guest's account lives for the conferences that he is invited to."""

from datetime import datetime, timedelta

from django.db import transaction

from kmf.authorization.grants import end_everywhere
from kmf.authorization.guests.invitations import guest_invitation
from kmf.authorization.models import Account, GuestCode

_AT_ONCE = 50  # guests looked at in one cleaning
_FORGOTTEN_AFTER = timedelta(hours=1)


def end_guests(*, now: datetime) -> None:
    """Sign guests out who are invited to nothing any more, and forget codes whose time is over. A later code opens them again."""
    GuestCode.objects.filter(asked_at__lte=now - _FORGOTTEN_AFTER).delete()
    guests = Account.objects.filter(is_guest=True, guest_over=False).order_by("last_login", "pk")
    for account in guests[:_AT_ONCE]:
        if guest_invitation(account.email, now=now) is None:
            with transaction.atomic():
                Account.objects.filter(pk=account.pk).update(guest_over=True)
                end_everywhere(account, now=now)
