"""Proofs are accepted once: verify, then remember in the database (docs/protocol.md section 2)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.utils.crypto import salted_hmac

from kmf.authorization.models import UsedProof
from protocol import dpop
from protocol.dpop import VerifiedProof
from protocol.dpop_nonce import Nonces
from protocol.errors import InvalidProof
from protocol.words import CLOCK_SKEW_S

_SERVERS_DIFFER = timedelta(seconds=CLOCK_SKEW_S)  # so much longer is a proof remembered than it is good
# In one order wherever it is written: two processes that are shown the same proofs at once never wait for each other in a ring.
_INSERT = (
    f"INSERT INTO {UsedProof._meta.db_table} (jkt, jti, expires_at)"  # noqa: S608, SLF001  a constant
    " SELECT * FROM unnest(%s::varchar[], %s::varchar[], %s::timestamptz[])"
    " ON CONFLICT DO NOTHING RETURNING jkt, jti"
)


def accept_proof(
    proof: str | None,
    *,
    method: str,
    url: str,
    now: datetime,
    access_token: str | None = None,
    jkt: str | None = None,
    body: bytes | None = None,
) -> VerifiedProof:
    """Verify ``proof`` (see ``protocol.dpop.verify_proof``) and remember it.

    Call it outside a transaction that a refusal rolls back, or the memory is rolled back with it.

    Raises:
        InvalidProof: missing, not valid for this request, or used before.

    """
    verified = check_proof(proof, method=method, url=url, now=now, access_token=access_token, jkt=jkt, body=body)
    remember(verified)
    return verified


def check_proof(
    proof: str | None,
    *,
    method: str,
    url: str,
    now: datetime,
    access_token: str | None,
    jkt: str | None,
    body: bytes | None,
) -> VerifiedProof:
    """Verify ``proof`` by itself; whoever accepts it must remember it.

    Raises:
        InvalidProof: missing, or not valid for this request.

    """
    if not proof:
        raise InvalidProof("proof is missing")
    return dpop.verify_proof(
        proof, method=method, url=url, now=now, access_token=access_token, jkt=jkt, body=body, nonces=_nonces(settings.SECRET_KEY)
    )


def fresh_nonce(now: datetime) -> str:
    """Nonce for a client whose proof was refused with ``use_dpop_nonce``."""
    return _nonces(settings.SECRET_KEY).make(now)


@lru_cache(maxsize=2)
def _nonces(secret: str) -> Nonces:
    return Nonces(salted_hmac("kmf.authorization.dpop_nonce", "", secret=secret, algorithm="sha256").digest())


def remember(proof: VerifiedProof) -> None:
    """Note that ``proof`` was used.

    Raises:
        InvalidProof: it was used before.

    """
    if (refusal := remember_all([proof])[0]) is not None:
        raise refusal


def remember_all(proofs: Sequence[VerifiedProof]) -> list[InvalidProof | None]:
    """Note that these were used, by one statement; for each the refusal, if it was used before, also earlier in the list."""
    return _remember([(proof.jkt, proof.jti, proof.good_until + _SERVERS_DIFFER) for proof in proofs])


def remember_once(*, signer: str, jti: str, until: datetime) -> None:
    """Note that ``signer`` (a key's thumbprint or id) used ``jti``, which it may not again before ``until``.

    Raises:
        InvalidProof: it was used before.

    """
    if (refusal := _remember([(signer, jti, until)])[0]) is not None:
        raise refusal


def _remember(used: list[tuple[str, str, datetime]]) -> list[InvalidProof | None]:
    if not used:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*sorted(used), strict=True)])
        fresh = set(cursor.fetchall())
    refusals: list[InvalidProof | None] = []
    for signer, jti, _until in used:
        refusals.append(None if (signer, jti) in fresh else InvalidProof("proof was used before"))
        fresh.discard((signer, jti))
    return refusals
