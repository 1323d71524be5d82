"""What the core frame may see of a conference: that of its own token3, and of no session (DESIGN section 9)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from conferences.errors import FrameRefused
from conferences.models import Conference, FrameProof
from conferences.selectors.conferences import conference_for
from conferences.services.frame_refusals import record_frame_refusal
from protocol import dpop
from protocol.access_token import AccessToken
from protocol.errors import InvalidProof
from protocol.words import CLIENT_ENDPOINT, CLOCK_SKEW_S

_REMEMBERED_FOR = timedelta(seconds=2 * CLOCK_SKEW_S)


def frame_conference(*, text: str, token: AccessToken, proof: str, path: str, conference_id: str, now: datetime) -> Conference:
    """The conference that a core frame asks for.

    Args:
        text: the access token as it came, whose hash the proof carries.
        token: the same, verified for this origin.
        proof: value of the ``DPoP`` header.
        path: path of the request.
        conference_id: that is asked for.
        now: UTC time of the request.

    Raises:
        FrameRefused: with the precise reason, which is audited: its presenter is known.

    """
    try:
        return _checked(text=text, token=token, proof=proof, path=path, conference_id=conference_id, now=now)
    except (FrameRefused, InvalidProof) as refusal:
        record_frame_refusal(refusal, token=token, conference_id=conference_id, now=now)
        raise FrameRefused(refusal.reason, code=refusal.code) from None


def _checked(*, text: str, token: AccessToken, proof: str, path: str, conference_id: str, now: datetime) -> Conference:
    # To show conference data in a frame we must, in this order:
    #   1. see that the token is an endpoint's, not a session's
    #   2. see that its presenter holds the token's key, with a proof that was never used
    #   3. match its conference to the one that is asked for
    #   4. find its identity among those who are invited now

    # (1)
    if token.client_id != CLIENT_ENDPOINT:
        raise FrameRefused("token of another client", code="invalid_token")
    # (2)
    url = f"{settings.ORIGINS.core}{path}"
    verified = dpop.verify_proof(proof, method="GET", url=url, now=now, access_token=text, jkt=token.jkt, body=None)
    _use_once(verified)
    # (3)
    if token.claims.get("conference") != conference_id:
        raise FrameRefused("token of another conference")
    # (4)
    found = conference_for(str(token.claims.get("identity", "")), conference_id)
    if found is None:
        raise FrameRefused("not invited now")
    return found


def _use_once(proof: dpop.VerifiedProof) -> None:
    try:
        with transaction.atomic():
            FrameProof.objects.create(jkt=proof.jkt, jti=proof.jti, expires_at=proof.issued_at + _REMEMBERED_FOR)
    except IntegrityError:
        raise InvalidProof("proof was used before") from None


def forget_frame_proofs(*, now: datetime) -> None:
    """Forget proofs that their own time refuses."""
    FrameProof.objects.filter(expires_at__lt=now).delete()
