"""A sign-in at a SAML provider in three steps, each of them once: ask, take the answer, finish in the browser that asked.

The answer comes by a form of another site, which carries no cookie of ours (SameSite=Lax). So it opens nothing: it is verified,
kept, and the browser sent on with a handle. Only the session that asked can turn that into a sign-in.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.models import SamlRequest
from kmf.authorization.proofs import remember_once
from kmf.authorization.saml.answer import CLOCKS_DIFFER, verify
from kmf.authorization.saml.asked import Asked
from kmf.authorization.saml.configuration import SamlProvider
from kmf.authorization.saml.messages import request_url
from kmf.authorization.saml.names import answer_url, entity_id
from protocol.errors import InvalidProof

LIFETIME = timedelta(minutes=10)
_REMEMBERED = timedelta(days=1)  # at most; long before that its request is over
_PATH_MAX = 4096


@dataclass(frozen=True)
class SignedIn:
    """Who came back, and where he was going."""

    claims: CompanyClaims
    next_path: str


def ask(provider: SamlProvider, *, ticket: str, next_path: str, is_forced: bool, wants_factor: bool, now: datetime) -> str:
    """Note a request; where to send the browser with it.

    Args:
        provider: whom to ask.
        ticket: secret of the browser's session.
        next_path: a path of ours, checked.
        is_forced: the person is to be asked again there.
        wants_factor: a second factor is to be asked for.
        now: UTC.

    """
    handle = secrets.token_urlsafe(32)
    row = SamlRequest.objects.create(
        request_id=f"_{secrets.token_hex(20)}",
        handle_hash=_hash(handle),
        ticket_hash=_hash(ticket),
        provider=provider.name,
        next_path=next_path if len(next_path) <= _PATH_MAX else "",
        is_forced=is_forced,
        asked_at=now,
        expires_at=now + LIFETIME,
    )
    return request_url(_asked(provider, row), relay_state=handle, wants_factor=wants_factor, now=now)


@transaction.atomic
def take(provider: SamlProvider, *, encoded: str, relay_state: str, now: datetime) -> str:
    """Verify an answer and keep what it says.

    Args:
        provider: at whose address of ours it came.
        encoded: the answer, base64.
        relay_state: what came with it.
        now: UTC.

    Returns:
        What the browser that asked must show to be that person.

    Raises:
        CompanyRefused: nothing is kept, and the request stays as it was.

    """
    row = SamlRequest.objects.select_for_update().filter(handle_hash=_hash(relay_state), provider=provider.name).first()
    if row is None:
        raise CompanyRefused("failed", "answer to nothing that was asked")
    if row.answer_hash:
        raise CompanyRefused("failed", "request was answered before")
    if row.expires_at <= now:
        raise CompanyRefused("failed", "request is over")
    verified = verify(encoded, _asked(provider, row), now=now)
    until = min(verified.expires_at + CLOCKS_DIFFER, now + _REMEMBERED)
    try:
        remember_once(signer=_hash(provider.issuer)[:43], jti=verified.assertion_id, until=until)
    except InvalidProof:
        raise CompanyRefused("failed", "assertion was used before") from None
    shown = secrets.token_urlsafe(32)
    row.answer, row.answer_hash = _kept(verified.claims), _hash(shown)
    row.save(update_fields=["answer", "answer_hash"])
    return shown


@transaction.atomic
def finish(provider: SamlProvider, *, shown: str, ticket: str, now: datetime) -> SignedIn:
    """Who it is, for the browser that asked. What was kept is gone afterwards.

    Raises:
        CompanyRefused: no such answer, or it was used; over; or another browser asked. It stays for the one that did.

    """
    row = SamlRequest.objects.select_for_update().filter(answer_hash=_hash(shown), provider=provider.name).first()
    if row is None or row.answer is None:
        raise CompanyRefused("failed", "no such answer, or it was used")
    if row.expires_at <= now:
        raise CompanyRefused("failed", "request is over")
    if not constant_time_compare(row.ticket_hash, _hash(ticket)):
        raise CompanyRefused("failed", "another browser asked")
    row.delete()
    return SignedIn(_read(row.answer), row.next_path)


def _asked(provider: SamlProvider, row: SamlRequest) -> Asked:
    return Asked(
        provider=provider,
        request_id=row.request_id,
        audience=entity_id(settings.ORIGINS.auth, provider.name),
        answer_url=answer_url(settings.ORIGINS.auth, provider.name),
        forced_at=row.asked_at if row.is_forced else None,
    )


def _kept(claims: CompanyClaims) -> dict[str, Any]:
    changed = {"groups": sorted(claims.groups), "signed_in_at": claims.signed_in_at.timestamp(), "amr": list(claims.amr)}
    return asdict(claims) | changed


def _read(kept: dict[str, Any]) -> CompanyClaims:
    at = datetime.fromtimestamp(kept["signed_in_at"], tz=UTC)
    return CompanyClaims(**{**kept, "groups": frozenset(kept["groups"]), "signed_in_at": at, "amr": tuple(kept["amr"])})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
