"""What the KMF asks of the Authorization Module: whether a request is authorized, and by whom."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from kmf.authorization.keys import public_jwks, verification_keys
from kmf.authorization.models import AccessToken as GivenToken
from kmf.authorization.models import Account
from kmf.authorization.proofs import accept_proof
from kmf.authorization.validator import checksum
from protocol.access_token import AccessToken, verify_access_token
from protocol.dpop import VerifiedProof
from protocol.errors import InvalidToken
from protocol.words import TOKEN_LIMIT_BYTES

__all__ = ["VerifiedRequest", "public_jwks", "verify_proof_only", "verify_request"]


@dataclass(frozen=True)
class VerifiedRequest:
    """Who sent a request: account, its token and the proof."""

    account: Account
    token: AccessToken
    proof: VerifiedProof


def verify_request(
    *,
    authorization: str | None,
    proof: str | None,
    method: str,
    url: str,
    body: bytes | None,
    audience: str,
    now: datetime,
) -> VerifiedRequest:
    """Verify token and proof of one request, and remember the proof.

    Call it outside a transaction that a refusal rolls back.

    Args:
        authorization: the ``Authorization`` header; a socket's ``hello`` passes ``"DPoP " + token``.
        proof: the ``DPoP`` header.
        method: HTTP method; ``GET`` for a socket.
        url: public URL of the request, ``http(s)``.
        body: the body where the proof must carry its hash (key request), else None.
        audience: the origin that asks.
        now: UTC time of the request.

    Raises:
        InvalidToken: token missing, not presented as DPoP, not valid here, replaced, revoked, or its account not active.
        InvalidProof: proof missing, not valid for this request, or used before.

    """
    # (1) the token by itself
    text = _presented_token(authorization)
    token = verify_access_token(text, keys=verification_keys(), issuer=settings.ORIGINS.auth, audience=audience, now=now)
    # (2) it was given, and is neither replaced nor revoked; its account is active
    account = _account_of(text, now)
    # (3) its presenter holds the key, and this request was not seen before
    verified = accept_proof(proof, method=method, url=url, now=now, access_token=text, jkt=token.jkt, body=body)
    return VerifiedRequest(account, token, verified)


def verify_proof_only(*, proof: str | None, method: str, url: str, now: datetime) -> VerifiedProof:
    """Verify a proof that comes without a token (``leave``), and remember it.

    Raises:
        InvalidProof: missing, not valid for this request, or used before.

    """
    return accept_proof(proof, method=method, url=url, now=now)


def _presented_token(authorization: str | None) -> str:
    scheme, _, text = (authorization or "").partition(" ")
    if not text:
        raise InvalidToken("token is missing")
    if scheme.lower() != "dpop":
        raise InvalidToken("token is not presented as DPoP")
    if len(text) > TOKEN_LIMIT_BYTES:
        raise InvalidToken("token over its limit")
    return text


def _account_of(text: str, now: datetime) -> Account:
    given = GivenToken.objects.filter(token_checksum=checksum(text)).select_related("grant", "user", "user__organisation").first()
    if given is None:
        raise InvalidToken("token is replaced or revoked")
    if given.grant.revoked_at is not None or given.grant.expires <= now:
        raise InvalidToken("grant is over")
    if not given.user.is_active:
        raise InvalidToken("account is not active")
    account: Account = given.user
    return account
