"""Authorization requests: check first, sign in then, answer with a code (docs/protocol.md section 2).

No consent is asked: both clients are ours and the account is the organisation's. An action that the request names is confirmed
by the person (``kmf.authorization.confirmation``).

Spec: RFC 6749 section 4.1.1; RFC 7636; RFC 8707 section 2; RFC 9207; RFC 9396; RFC 9449 section 10.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.db import transaction
from oauthlib.oauth2.rfc6749.errors import FatalClientError, OAuth2Error

from conferences.rules import CLOCKS_DIFFER
from kmf.authorization import server
from kmf.authorization.clients import Client, clients
from kmf.authorization.errors import RedirectRefused, RequestRefused
from kmf.authorization.models import Account, CompanySession
from kmf.authorization.validator import Validator
from protocol import base64url
from protocol.authorization_details import Invite, parse_details
from protocol.errors import Malformed
from protocol.sign_in import Strength, parse_acr
from protocol.words import CLIENT_CORE, JKT_BYTES

_CHALLENGE_BYTES = 32
_STATE_MAX = 512  # characters
_FIELDS_MAX = 20
_MAX_AGE = re.compile(r"[0-9]{1,7}", re.ASCII)
JUST_NOW = timedelta(seconds=30)  # who has just confirmed is not asked again
ACTION_MAX_AGE = timedelta(minutes=10)  # of the sign-in that an action is confirmed under


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request that may be answered with a code, once somebody is signed in."""

    uri: str
    scope: str
    resources: tuple[str, ...]
    dpop_jkt: str
    redirect_uri: str
    state: str
    max_age: timedelta | None = None  # the sign-in may be no older (OpenID Connect Core 3.1.2.1)
    action: Invite | None = None  # what the person confirms first, and the only thing that the token is for
    strength: Strength = Strength.ANY  # the sign-in may be no weaker (RFC 9470 section 5)


@dataclass(frozen=True)
class SignIn:
    """How and when the account signed in; ``company_session`` names the session at the company that it was under."""

    at: datetime
    methods: tuple[str, ...]
    strength: Strength
    company_session: str = ""


def read_request(uri: str, *, now: datetime) -> AuthorizationRequest:
    """Check an authorization request completely.

    Args:
        uri: path and query as they came.
        now: UTC time of the request.

    Raises:
        RequestRefused: client or redirect URI are not known, or the query can be read in two ways.
        RedirectRefused: everything else.

    """
    # (1) one reading only
    single, resources = _read_query(uri)
    # (2) client and redirect URI, before anything is sent there
    client = clients().get(single.get("client_id", ""))
    if client is None:
        raise RequestRefused("invalid_client", "unknown client")
    if single.get("redirect_uri") != client.redirect_uri:
        raise RequestRefused("invalid_request", "redirect URI is not the client's")
    # (3) response type, scope, PKCE
    try:
        server.build(Validator(now=now)).validate_authorization_request(uri)
    except FatalClientError as error:
        raise RequestRefused(error.error, "refused by the OAuth server") from None
    except OAuth2Error as error:
        raise _redirect(client, single, error.error, "refused by the OAuth server") from None
    # (4) what OAuth itself leaves open
    _check_state_and_challenge(client, single)
    _check_resources(client, single, resources)
    action, max_age = _action(client, single), _max_age(client, single)
    if action is not None:
        max_age = ACTION_MAX_AGE if max_age is None else min(max_age, ACTION_MAX_AGE)
    return AuthorizationRequest(
        uri,
        single["scope"],
        tuple(resources),
        _dpop_jkt(client, single),
        client.redirect_uri,
        single["state"],
        max_age,
        action,
        _strength(client, single),
    )


def is_fresh(request: AuthorizationRequest, sign_in: SignIn, *, now: datetime) -> bool:
    """Whether a sign-in is as young as the request asks; one of the last half minute always is, one of the future never."""
    return request.max_age is None or -CLOCKS_DIFFER <= now - sign_in.at <= max(request.max_age, JUST_NOW)


def is_strong(request: AuthorizationRequest, sign_in: SignIn) -> bool:
    """Whether a sign-in is as strong as the request asks."""
    return sign_in.strength >= request.strength


@transaction.atomic
def grant(request: AuthorizationRequest, *, account: Account, sign_in: SignIn, now: datetime) -> str:
    """Give ``account`` the grant that ``request`` asks for.

    Returns:
        The client's redirect URI with ``code``, ``state`` and ``iss``.

    Raises:
        RedirectRefused: the account was switched off, or signed out everywhere, since the request was looked at.

    """
    # Held against whoever ends everything: he waits and finds this grant, or this finds that all was ended.
    same = Account.objects.filter(
        pk=account.pk, kind=Account.Kind.PERSON, is_active=True, session_generation=account.session_generation
    )
    if not same.select_for_update(no_key=True).exists():
        raise refusal_of(request, "access_denied", "sign-in was ended meanwhile")
    if sign_in.company_session and not _is_open(sign_in.company_session):
        raise refusal_of(request, "access_denied", "company has signed the person out meanwhile")
    credentials = {
        "user": account,
        "resource": list(request.resources),
        "dpop_jkt": request.dpop_jkt,
        "auth_time": sign_in.at,
        "amr": list(sign_in.methods),
        "acr": sign_in.strength.acr,
        "company_session": sign_in.company_session or None,
        "authorization_details": [request.action.members()] if request.action is not None else [],
    }
    headers, _body, _status = server.build(Validator(now=now)).create_authorization_response(
        request.uri, scopes=[request.scope], credentials=credentials
    )
    return f"{headers['Location']}&{urlencode({'iss': settings.ORIGINS.auth})}"


def _is_open(session: str) -> bool:
    # Held likewise: its end waits and finds this grant.
    return CompanySession.objects.select_for_update().filter(pk=session, ended_at=None).exists()


def _read_query(uri: str) -> tuple[dict[str, str], list[str]]:
    try:
        pairs = parse_qsl(urlsplit(uri).query, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise RequestRefused("invalid_request", "query cannot be read") from None
    resources = [value for name, value in pairs if name == "resource"]
    single = {name: value for name, value in pairs if name != "resource"}
    if len(single) + len(resources) != len(pairs):
        raise RequestRefused("invalid_request", "parameter twice")
    return single, resources


def _check_state_and_challenge(client: Client, single: dict[str, str]) -> None:
    if not 0 < len(single.get("state", "")) <= _STATE_MAX:
        raise _redirect(client, single, "invalid_request", "state is missing or too long")
    if single.get("code_challenge_method") != "S256":
        raise _redirect(client, single, "invalid_request", "PKCE method is not S256")
    try:
        base64url.decode(single["code_challenge"], _CHALLENGE_BYTES)
    except Malformed:
        raise _redirect(client, single, "invalid_request", "PKCE challenge is not of S256") from None


def _check_resources(client: Client, single: dict[str, str], resources: list[str]) -> None:
    if not resources or len(set(resources)) != len(resources) or not client.resources.issuperset(resources):
        raise _redirect(client, single, "invalid_target", "resources are not the client's")


def _dpop_jkt(client: Client, single: dict[str, str]) -> str:
    jkt = single.get("dpop_jkt", "")
    try:
        base64url.decode(jkt, JKT_BYTES)
    except Malformed:
        raise _redirect(client, single, "invalid_request", "dpop_jkt is missing or malformed") from None
    return jkt


def _max_age(client: Client, single: dict[str, str]) -> timedelta | None:
    if "max_age" not in single:
        return None
    if _MAX_AGE.fullmatch(single["max_age"]) is None:
        raise _redirect(client, single, "invalid_request", "max_age is not a number of seconds")
    return timedelta(seconds=int(single["max_age"]))


def _strength(client: Client, single: dict[str, str]) -> Strength:
    if "acr_values" not in single:
        return Strength.ANY
    try:
        return parse_acr(single["acr_values"])
    except Malformed:
        raise _redirect(client, single, "invalid_request", "acr_values is not one strength of sign-in") from None


def _action(client: Client, single: dict[str, str]) -> Invite | None:
    if "authorization_details" not in single:
        return None
    if client.client_id != CLIENT_CORE:
        raise _redirect(client, single, "invalid_authorization_details", "not a client that asks for actions")
    try:
        return parse_details(single["authorization_details"])
    except Malformed:
        raise _redirect(client, single, "invalid_authorization_details", "action is malformed") from None


def refusal_of(request: AuthorizationRequest, code: str, reason: str) -> RedirectRefused:
    """The refusal of a request that was well formed."""
    answer = {"error": code, "iss": settings.ORIGINS.auth, "state": request.state}
    return RedirectRefused(code, reason, f"{request.redirect_uri}?{urlencode(answer)}")


def _redirect(client: Client, single: dict[str, str], code: str, reason: str) -> RedirectRefused:
    answer = {"error": code, "iss": settings.ORIGINS.auth}
    if single.get("state"):
        answer["state"] = single["state"]
    return RedirectRefused(code, reason, f"{client.redirect_uri}?{urlencode(answer)}")
