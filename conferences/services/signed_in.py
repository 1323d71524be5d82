"""Whether a session's sign-in still holds. Ends are told by the Authorization Module, in the transaction that makes them."""

from collections.abc import Iterable

from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from conferences.models import SignInGeneration


def end_sign_ins(subject: str, *, before: int) -> None:
    """End every session of the account that was opened under a generation lower than ``before``; never takes one back."""
    row, is_new = SignInGeneration.objects.get_or_create(subject=subject, defaults={"generation": before})
    if not is_new:
        SignInGeneration.objects.filter(pk=row.pk).update(generation=Greatest(F("generation"), Value(before)))


def is_ended(subject: str, *, generation: int, session: str = "") -> bool:
    """Whether the sign-in of this generation was ended, or the one session that it was made under (empty: of none)."""
    ended = Q(subject=subject, generation__gt=generation)
    if session:
        ended |= Q(subject=session, generation__gt=0)
    return SignInGeneration.objects.filter(ended).exists()


def forget_sign_ins(subjects: Iterable[str]) -> None:
    """Forget ends that can concern nobody any more."""
    SignInGeneration.objects.filter(subject__in=list(subjects)).delete()
