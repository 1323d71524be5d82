"""The way in, for key requests and sockets: what waits together is verified, released and attached together.

1. *gate*: token and proof of whatever came, by one read and one write; for key requests also whether he is invited
2. *conference*: what must hold its lock, one batch at a time
3. *denials*: their audit rows, by the chain that they stand in, so that no stranger waits for a conference
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from kmf.authorization.services import Presented, VerifiedRequest, verify_requests
from kmf.errors import KMFError
from kmf.push.batches import Batches
from kmf.push.threads import for_gate, for_keys, for_socket
from kmf.services.attach import Attached, attach_endpoints
from kmf.services.denials import Denial, record_denials
from kmf.services.release import Asked, Invited, Outcome, ReleasedKey, check_invited, release_ekt_keys
from protocol.errors import InvalidProof, InvalidToken
from protocol.key_request import parse_key_request

T = TypeVar("T")


async def verified_request(presented: Presented) -> VerifiedRequest:
    """Who sent a request.

    Raises:
        InvalidToken: see ``verify_request``.
        InvalidProof: likewise.

    """
    return _or_raise(await _gate.ask("", presented))


async def released_key(presented: Presented, body: bytes) -> ReleasedKey:
    """The answer to a key request.

    Raises:
        InvalidToken: see ``verify_request``.
        InvalidProof: likewise.
        Malformed: the body.
        Refused: see ``release_ekt_key``; the audit has it.
        KMFUnavailable: no key leaves.

    """
    verified = await verified_request(presented)
    invited = await _door.ask("", Asked(verified, parse_key_request(body)))
    if isinstance(invited, Denial):
        await _denials.ask(_chain(invited), invited)
        raise invited.refusal
    return _or_raise(await _releases.ask(invited.participant.conference_id, invited))


async def attached(conference_id: str, verified: VerifiedRequest) -> Attached:
    """The endpoint behind a socket, and its member secret.

    Raises:
        NotAdmitted: see ``attach_endpoints``.
        Ended: likewise.
        KMFUnavailable: sealed.

    """
    return _or_raise(await _hellos.ask(conference_id, _Hello(conference_id, verified)))


@dataclass(frozen=True)
class _Hello:
    conference_id: str
    verified: VerifiedRequest


def _or_raise(outcome: T | Exception) -> T:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _chain(denial: Denial) -> str:
    conference = denial.chain
    return f"organisation {denial.verified.account.organisation_id}" if conference is None else conference.pk


def _verify(presented: list[Presented]) -> Sequence[VerifiedRequest | InvalidToken | InvalidProof]:
    return verify_requests(presented)


def _check(asked: list[Asked]) -> Sequence[Invited | Denial]:
    return check_invited(asked)


def _release(invited: list[Invited]) -> Sequence[Outcome]:
    return release_ekt_keys(invited, now=datetime.now(UTC))


def _attach(hellos: list[_Hello]) -> Sequence[Attached | KMFError]:
    verified = [hello.verified for hello in hellos]
    return attach_endpoints(verified=verified, conference_id=hellos[0].conference_id, now=datetime.now(UTC))


def _deny(denials: list[Denial]) -> Sequence[None]:
    record_denials(denials, now=datetime.now(UTC))
    return [None] * len(denials)


_gate = Batches(_verify, for_gate, rest_s=0.02)
_door = Batches(_check, for_gate, rest_s=0.02)
_releases = Batches(_release, for_keys, rest_s=0.1)
_hellos = Batches(_attach, for_socket, rest_s=0.1)
_denials = Batches(_deny, for_socket)
