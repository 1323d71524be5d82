"""What the KMF asks of the Authorization Module: whether a request is authorized, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from kmf.authorization.keys import public_jwks, verification_keys
from kmf.authorization.models import AccessToken as GivenToken
from kmf.authorization.models import Account
from kmf.authorization.proofs import check_proof, remember, remember_all
from kmf.authorization.validator import checksum
from protocol.access_token import AccessToken, verify_access_token
from protocol.dpop import VerifiedProof
from protocol.errors import InvalidProof, InvalidToken
from protocol.words import TOKEN_LIMIT_BYTES

__all__ = ["Presented", "VerifiedRequest", "public_jwks", "spend_proof", "verify_proof_only", "verify_request", "verify_requests"]


@dataclass(frozen=True)
class VerifiedRequest:
    """Who sent a request: account, its token and the proof."""

    account: Account
    token: AccessToken
    proof: VerifiedProof


@dataclass(frozen=True)
class Presented:
    """What came with one request.

    Attributes:
        authorization: the ``Authorization`` header; a socket's ``hello`` passes ``"DPoP " + token``.
        proof: the ``DPoP`` header.
        method: HTTP method; ``GET`` for a socket.
        url: public URL of the request, ``http(s)``.
        body: the body where the proof must carry its hash (key request), else None.
        audience: the origin that asks.
        now: UTC time of the request.

    """

    authorization: str | None
    proof: str | None
    method: str
    url: str
    body: bytes | None
    audience: str
    now: datetime


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
    """Verify token and proof of one request, and remember the proof; the arguments are those of :class:`Presented`.

    Call it outside a transaction that a refusal rolls back.

    Raises:
        InvalidToken: token missing, not presented as DPoP, not valid here, replaced, revoked, or its account not active.
        InvalidProof: proof missing, not valid for this request, or used before.

    """
    outcome = verify_requests([Presented(authorization, proof, method, url, body, audience, now)])[0]
    if not isinstance(outcome, VerifiedRequest):
        raise outcome
    return outcome


def verify_requests(presented: Sequence[Presented]) -> list[VerifiedRequest | InvalidToken | InvalidProof]:
    """Verify several requests by one read and one write: in the same order each one's refusal, or who sent it.

    A refusal hurts nobody else. Call it outside a transaction.
    """
    outcomes: dict[int, VerifiedRequest | InvalidToken | InvalidProof] = {}
    # (1) the token by itself
    tokens: dict[int, tuple[str, AccessToken]] = {}
    for index, each in enumerate(presented):
        try:
            tokens[index] = _token(each)
        except InvalidToken as refusal:
            outcomes[index] = refusal
    # (2) it was given, and is neither replaced nor revoked; its account is active
    given = _given({text for text, _ in tokens.values()})
    # (3) its presenter holds the key, and this request was not seen before
    verified: dict[int, VerifiedRequest] = {}
    for index, (text, token) in tokens.items():
        try:
            account = _account_of(given.get(checksum(text)), presented[index].now)
            verified[index] = VerifiedRequest(account, token, _proof(presented[index], text, token))
        except (InvalidToken, InvalidProof) as refusal:
            outcomes[index] = refusal
    seen = remember_all([one.proof for one in verified.values()])
    for index, refusal_or_none in zip(verified, seen, strict=True):
        outcomes[index] = refusal_or_none or verified[index]
    return [outcomes[index] for index in range(len(presented))]


def _token(presented: Presented) -> tuple[str, AccessToken]:
    """The presented token, as text and verified by itself."""
    text = _presented_token(presented.authorization)
    audience, now = presented.audience, presented.now
    return text, verify_access_token(text, keys=verification_keys(), issuer=settings.ORIGINS.auth, audience=audience, now=now)


def _proof(presented: Presented, text: str, token: AccessToken) -> VerifiedProof:
    return check_proof(
        presented.proof,
        method=presented.method,
        url=presented.url,
        now=presented.now,
        access_token=text,
        jkt=token.jkt,
        body=presented.body,
    )


def verify_proof_only(*, proof: str | None, method: str, url: str, now: datetime) -> VerifiedProof:
    """Verify a proof that comes without a token (``leave``). Anybody can make one: `spend_proof` once its key is somebody's.

    Raises:
        InvalidProof: missing, or not valid for this request.

    """
    return check_proof(proof, method=method, url=url, now=now, access_token=None, jkt=None, body=None)


def spend_proof(proof: VerifiedProof) -> None:
    """Remember a proof.

    Raises:
        InvalidProof: used before.

    """
    remember(proof)


def _presented_token(authorization: str | None) -> str:
    scheme, _, text = (authorization or "").partition(" ")
    if not text:
        raise InvalidToken("token is missing")
    if scheme.lower() != "dpop":
        raise InvalidToken("token is not presented as DPoP")
    if len(text) > TOKEN_LIMIT_BYTES:
        raise InvalidToken("token over its limit")
    return text


def _given(texts: set[str]) -> dict[str, GivenToken]:
    """Tokens as they were given, by the checksums of their texts."""
    rows = GivenToken.objects.select_related("grant", "user", "user__organisation")
    return {row.token_checksum: row for row in rows.filter(token_checksum__in={checksum(text) for text in texts})}


def _account_of(given: GivenToken | None, now: datetime) -> Account:
    if given is None:
        raise InvalidToken("token is replaced or revoked")
    if given.grant.revoked_at is not None or given.grant.expires <= now:
        raise InvalidToken("grant is over")
    if not given.user.is_active:
        raise InvalidToken("account is not active")
    account: Account = given.user
    return account
