"""Proofs are accepted once: verify, then remember in the database (docs/protocol.md section 2)."""

from datetime import datetime, timedelta

from django.db import connection

from kmf.authorization.models import UsedProof
from protocol import dpop
from protocol.dpop import VerifiedProof
from protocol.errors import InvalidProof
from protocol.words import CLOCK_SKEW_S

# A proof is good until CLOCK_SKEW_S after its iat; the same again covers servers whose clocks differ.
_REMEMBERED_FOR = timedelta(seconds=2 * CLOCK_SKEW_S)
_INSERT = (
    f"INSERT INTO {UsedProof._meta.db_table} (jkt, jti, expires_at) VALUES (%s, %s, %s)"  # noqa: S608, SLF001  a constant
    " ON CONFLICT DO NOTHING"
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
    if not proof:
        raise InvalidProof("proof is missing")
    verified = dpop.verify_proof(proof, method=method, url=url, now=now, access_token=access_token, jkt=jkt, body=body)
    remember(verified)
    return verified


def remember(proof: VerifiedProof) -> None:
    """Note that ``proof`` was used.

    Raises:
        InvalidProof: it was used before.

    """
    remember_once(signer=proof.jkt, jti=proof.jti, until=proof.issued_at + _REMEMBERED_FOR)


def remember_once(*, signer: str, jti: str, until: datetime) -> None:
    """Note that ``signer`` (a key's thumbprint or id) used ``jti``, which it may not again before ``until``.

    Raises:
        InvalidProof: it was used before.

    """
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [signer, jti, until])
        if cursor.rowcount != 1:
            raise InvalidProof("proof was used before")
