"""Enrolling room systems and services: an account that does not sign in, and public keys by which it shows who it is.

The identity that is invited is the account's address, as a person's is. Only an administrator of the organisation enrols and
revokes; the private half stays where it was made.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from conferences.models import Organisation
from conferences.services import audit
from kmf.authorization.errors import EnrolmentRefused, NoSuchGrant
from kmf.authorization.grants import revoke_grant
from kmf.authorization.models import Account, EnrolledKey, Grant
from protocol.errors import Malformed
from protocol.jwks import key_id
from protocol.thumbprint import parse_public_jwk, public_jwk

KEYS_AT_ONCE = 5  # of one device: enough to change one for another
_LONGEST_KEY, _LONGEST_NAME = 2000, 200  # characters
_KINDS = (Account.Kind.ROOM, Account.Kind.RECORDER)


@dataclass(frozen=True)
class Enrolment:
    """What an administrator enrols: address in lower case, name for everybody to see, ``room`` or ``recorder``, public key.

    A room whose screen is signed in by a code (``kmf.authorization.room_code``) needs no key.
    """

    address: str
    name: str
    kind: str
    key: ec.EllipticCurvePublicKey | None


def read_enrolment(*, address: str, name: str, kind: str, key: str) -> Enrolment:
    """Read what was typed.

    Args:
        address: e-mail address, any case.
        name: for display.
        kind: ``room`` or ``recorder``.
        key: P-256 public key, as PEM or as a JWK of ``kty``, ``crv``, ``x``, ``y``; others but private ones are passed over;
            empty for a room that has none.

    Raises:
        EnrolmentRefused: names the field.

    """
    address, name = address.strip().lower(), " ".join(name.split())
    try:
        validate_email(address)
    except ValidationError:
        raise EnrolmentRefused("address", "This is not an e-mail address.") from None
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise EnrolmentRefused("name", "Write the name under which everybody will see it.")
    if kind not in _KINDS:
        raise EnrolmentRefused("kind", "Choose a room system or a recorder.")
    without_key = kind == Account.Kind.ROOM and not key.strip()
    return Enrolment(address, name, kind, None if without_key else read_public_key(key))


def read_public_key(text: str) -> ec.EllipticCurvePublicKey:
    """A P-256 public key of its PEM or JWK text.

    Raises:
        EnrolmentRefused: it is none; a private key above all.

    """
    if "PRIVATE" in text[:_LONGEST_KEY] or '"d"' in text[:_LONGEST_KEY]:
        raise EnrolmentRefused("key", "This is a private key: it is known here now. Make another, and enrol its public half.")
    wrong = EnrolmentRefused("key", "This is not a P-256 public key as PEM or JWK.")
    if len(text) > _LONGEST_KEY:
        raise wrong
    try:
        if text.lstrip().startswith("{"):
            members = json.loads(text)
            return parse_public_jwk({name: members.get(name) for name in ("kty", "crv", "x", "y")})
        key = load_pem_public_key(text.strip().encode())
    except (ValueError, Malformed, UnsupportedAlgorithm, RecursionError):
        raise wrong from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise wrong
    return key


@transaction.atomic
def enrol(enrolment: Enrolment, *, organisation: Organisation, by: str, now: datetime) -> Account:
    """Enrol a device of ``organisation``, or a further key of one.

    Raises:
        EnrolmentRefused: the address is a person's, another organisation's or of another kind, or the key is somebody's.

    """
    account = _device(enrolment, organisation, by, now)
    if enrolment.key is not None:
        _add_key(account, enrolment.key, by, now)
    return account


def _device(enrolment: Enrolment, organisation: Organisation, by: str, now: datetime) -> Account:
    account = Account.objects.select_for_update(no_key=True).filter(email=enrolment.address).first()
    if account is None:
        account = Account.objects.create_account(
            email=enrolment.address, name=enrolment.name, organisation=organisation, kind=enrolment.kind
        )
        details = {"account": account.email, "kind": account.kind}
        audit.record(event="device.added", at=now, actor=by, organisation=organisation, details=details)
    elif account.organisation_id != organisation.pk or account.kind != enrolment.kind:
        raise EnrolmentRefused("address", "This address is somebody else's.")
    return account


def _add_key(account: Account, public: ec.EllipticCurvePublicKey, by: str, now: datetime) -> None:
    kid = key_id(public)
    if EnrolledKey.objects.filter(kid=kid).exists():
        raise EnrolmentRefused("key", "This key is or was enrolled. Make another.")
    if account.enrolled_keys.filter(revoked_at=None).count() >= KEYS_AT_ONCE:
        raise EnrolmentRefused("key", "This device has so many keys already. Revoke one.")
    key: EnrolledKey = EnrolledKey.objects.create(
        kid=kid, jwk=public_jwk(public), account=account, organisation=account.organisation, enrolled_at=now, enrolled_by=by
    )
    _record("device.enrolled", key, by, now)


@transaction.atomic
def revoke_key(kid: str, *, organisation: Organisation, by: str, now: datetime) -> EnrolledKey:
    """Revoke a key: what was given for it is over at once, its endpoint in a conference within a second.

    Raises:
        NoSuchGrant: no such key of this organisation, or revoked before; the same answer for both.

    """
    rows = EnrolledKey.objects.select_for_update(of=("self",)).select_related("account", "organisation")
    key: EnrolledKey | None = rows.filter(kid=kid, organisation=organisation, revoked_at=None).first()
    if key is None:
        raise NoSuchGrant
    key.revoked_at = now
    key.save(update_fields=["revoked_at"])
    grants = Grant.objects.select_for_update(of=("self",)).select_related("user__organisation", "application")
    for grant in grants.filter(enrolled_key=key, revoked_at=None, expires__gt=now).order_by("pk"):
        revoke_grant(grant, reason="enrolled key revoked", now=now, by=by)
    _record("device.key_revoked", key, by, now)
    return key


def enrolled(organisation: Organisation) -> list[Account]:
    """Devices of an organisation with their keys, by address."""
    rows = Account.objects.filter(organisation=organisation, kind__in=_KINDS).prefetch_related("enrolled_keys")
    return list(rows.order_by("email"))


def _record(event: str, key: EnrolledKey, by: str, now: datetime) -> None:
    details = {"account": key.account.email, "kind": key.account.kind, "kid": key.kid}
    audit.record(event=event, at=now, actor=by, organisation=key.organisation, details=details)
