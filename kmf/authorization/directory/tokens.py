"""Bearer tokens by which an organisation's directory shows that it is that. Kept as SHA-256 only."""

import secrets
from datetime import datetime

from django.db import transaction

from conferences.models import Organisation
from conferences.services import audit
from kmf.authorization.models import DirectoryToken
from kmf.authorization.validator import checksum
from protocol.errors import InvalidToken

_TOKEN_BYTES = 32
_LONGEST = 200  # characters


@transaction.atomic
def make_token(organisation: Organisation, *, by: str, now: datetime) -> str:
    """A fresh token for the directory of ``organisation``; every earlier one is over. It is shown once."""
    DirectoryToken.objects.filter(organisation=organisation, revoked_at=None).update(revoked_at=now)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    DirectoryToken.objects.create(organisation=organisation, token_checksum=checksum(token), made_at=now)
    audit.record(event="directory.token_made", at=now, actor=by, organisation=organisation, details={})
    return token


@transaction.atomic
def revoke_tokens(organisation: Organisation, *, by: str, now: datetime) -> int:
    """End every token of the directory of ``organisation``; their number."""
    ended = DirectoryToken.objects.filter(organisation=organisation, revoked_at=None).update(revoked_at=now)
    if ended:
        audit.record(event="directory.token_revoked", at=now, actor=by, organisation=organisation, details={})
    return ended


def organisation_of(authorization: str | None) -> Organisation:
    """Whose directory sent a request.

    Args:
        authorization: value of its ``Authorization`` header.

    Raises:
        InvalidToken: none, of another scheme, unknown or over.

    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST:
        raise InvalidToken("no directory token")
    found = DirectoryToken.objects.select_related("organisation").filter(token_checksum=checksum(token), revoked_at=None).first()
    if found is None:
        raise InvalidToken("unknown directory token")
    organisation: Organisation = found.organisation
    return organisation
