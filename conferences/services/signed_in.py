"""Whether a session's sign-in still holds. Ends are told by the Authorization Module, in the transaction that makes them."""

from django.db.models import F, Value
from django.db.models.functions import Greatest

from conferences.models import SignInGeneration


def end_sign_ins(subject: str, *, before: int) -> None:
    """End every session of the account that was opened under a generation lower than ``before``; never takes one back."""
    row, is_new = SignInGeneration.objects.get_or_create(subject=subject, defaults={"generation": before})
    if not is_new:
        SignInGeneration.objects.filter(pk=row.pk).update(generation=Greatest(F("generation"), Value(before)))


def is_ended(subject: str, *, generation: int) -> bool:
    """Whether the sign-in of this generation was ended."""
    return SignInGeneration.objects.filter(subject=subject, generation__gt=generation).exists()
