"""Rules of the OAuth server, as django-oauth-toolkit's validator with its gaps closed.

As released the toolkit takes any number of resources, narrows the refresh token with the access token, replaces the
access tokens of every resource at a rotation, leaves alive what a replayed code gave, and knows no DPoP.

One validator serves one request: it holds the grant that it locked and the reason of a refusal.

Spec: RFC 6749, RFC 7636, RFC 8707, RFC 9449 section 10, RFC 9700.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from kmf.authorization.clients import clients
from kmf.authorization.errors import TokenRefused
from kmf.authorization.grants import lock_grant, record, revoke_grant, supersede_earlier
from kmf.authorization.keys import signing_key
from kmf.authorization.models import AccessToken, Grant, RefreshToken
from kmf.authorization.token_claims import claims_for
from protocol.access_token import sign_access_token
from protocol.dpop import VerifiedProof
from protocol.errors import Malformed
from protocol.words import ACCESS_TOKEN_LIFETIME_S

REFRESH_TOKEN_BYTES = 32
CODE_LIFETIME = timedelta(seconds=60)
GRANT_LIFETIME = timedelta(hours=12)
LOST_ANSWER = timedelta(seconds=60)  # so long a refresh may be asked for again whose answer did not arrive
LOST_ANSWERS = 2  # and so many times; then it is somebody else who asks, too
AT_ONCE = timedelta(seconds=3)  # who asks again within it has not waited for the answer: one of them gets it


def checksum(secret: str) -> str:
    """Hex SHA-256, the form in which codes and tokens are kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Validator(OAuth2Validator):  # type: ignore[misc]  # the toolkit is untyped
    """Validator of one request.

    Args:
        now: UTC time of the request.
        proof: verified DPoP proof of a token request.
        resource: the one resource that a token request names.

    """

    def __init__(self, *, now: datetime, proof: VerifiedProof | None = None, resource: str = "") -> None:
        super().__init__()
        self.now = now
        self.proof = proof
        self.resource = resource
        self.grant: Grant | None = None
        self.used_refresh_token: RefreshToken | None = None

    # --- both endpoints

    def validate_client_id(self, client_id: str, request: Request, *_args: Any, **_kwargs: Any) -> bool:
        """Know only the two clients; nothing else reaches the database."""
        return client_id in clients() and self._load_application(client_id, request) is not None

    def client_authentication_required(self, _request: Request, *_args: Any, **_kwargs: Any) -> bool:
        """Both clients are public: DPoP and PKCE stand for them."""
        return False

    def authenticate_client_id(self, client_id: str, request: Request, *_args: Any, **_kwargs: Any) -> bool:
        """Load the client that names itself."""
        return self.validate_client_id(client_id, request)

    # --- authorization request

    def validate_response_type(self, _client_id: str, response_type: str, *_args: Any, **_kwargs: Any) -> bool:
        """``code`` and nothing else."""
        return response_type == "code"

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, *_args: Any, **_kwargs: Any) -> bool:
        """Byte for byte the client's own."""
        return redirect_uri == clients()[client_id].redirect_uri

    def validate_scopes(self, client_id: str, scopes: list[str], *_args: Any, **_kwargs: Any) -> bool:
        """Exactly one scope, of the client's form."""
        try:
            clients()[client_id].check_scope(" ".join(scopes))
        except Malformed:
            return False
        return True

    def save_authorization_code(self, _client_id: str, code: dict[str, str], request: Request, *_a: Any, **_k: Any) -> None:
        """Keep the grant; its code only as a hash. ``request.dpop_jkt`` and the others were put there by ``authorize``."""
        self.grant = Grant.objects.create(
            user=request.user,
            organisation=request.user.organisation,
            application=request.client,
            code=checksum(code["code"]),
            code_expires_at=self.now + CODE_LIFETIME,
            expires=self.now + GRANT_LIFETIME,
            redirect_uri=request.redirect_uri,
            scope=" ".join(request.scopes),
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
            resource=request.resource,
            dpop_jkt=request.dpop_jkt,
            auth_time=request.auth_time,
            amr=request.amr,
            acr=request.acr,
            company_session_id=request.company_session,
            authorization_details=request.authorization_details,
        )
        details = {"resources": list(request.resource), "jkt": request.dpop_jkt, "amr": list(request.amr), "acr": request.acr}
        if request.authorization_details:
            action = {"action": request.authorization_details[0]}
            record(event="authorization.confirmed", grant=self.grant, now=self.now, details=details | action)
        else:
            record(event="authorization.granted", grant=self.grant, now=self.now, details=details)

    # --- token request with a code

    def validate_code(self, _client_id: str, code: str, client: Any, request: Request, *_a: Any, **_k: Any) -> bool:
        """Find and lock the grant of ``code``; a second use of a code takes back what the first gave."""
        grant = lock_grant(code=checksum(code), application=client)
        if grant is None:
            raise TokenRefused("invalid_grant", "unknown code")
        if grant.redeemed_at is not None:
            revoke_grant(grant, reason="code used twice", now=self.now)
            raise TokenRefused("invalid_grant", "code was used before", grant)
        if grant.code_expires_at <= self.now:
            raise TokenRefused("invalid_grant", "code is expired", grant)
        return self._adopt(grant, request)

    def confirm_redirect_uri(self, _client_id: str, _code: str, redirect_uri: str, *_args: Any, **_kwargs: Any) -> bool:
        """Byte for byte that of the authorization request."""
        return redirect_uri == str(self._locked_grant().redirect_uri)

    def get_code_challenge(self, _code: str, _request: Request) -> str:
        """Challenge of the locked grant."""
        return str(self._locked_grant().code_challenge)

    def get_code_challenge_method(self, _code: str, _request: Request) -> str:
        """S256: nothing else was let in."""
        return "S256"

    def invalidate_authorization_code(self, *_args: Any, **_kwargs: Any) -> None:
        """Done with the tokens, in ``save_bearer_token``."""

    # --- token request with a refresh token

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Request, *_a: Any, **_k: Any) -> bool:
        """Find the token and lock its grant; a second use revokes the grant, unless the first one's answer was lost.

        Of several at once one succeeds, and the others are told to wait; nothing is taken back. The use of a token that was
        said to be lost revokes the grant, too: then two hold what one was given.
        """
        found = RefreshToken.objects.filter(token_checksum=checksum(refresh_token), application=client).first()
        grant = lock_grant(pk=found.grant_id) if found else None
        if found is None or grant is None:
            raise TokenRefused("invalid_grant", "unknown refresh token")
        found.refresh_from_db()  # another request may have used it while this one waited for the lock
        if found.voided_at is not None and grant.revoked_at is None:
            revoke_grant(grant, reason="refresh token used that was said to be lost", now=self.now)
            raise TokenRefused("invalid_grant", "refresh token was said to be lost", grant)
        if self._is_lost_answer(found, grant):
            if self.now - self._last_given(found, grant) < AT_ONCE:
                raise TokenRefused("too_many", "refresh token used a moment ago", grant)
            RefreshToken.objects.filter(grant=grant, revoked=None, voided_at=None).update(voided_at=self.now)
        elif found.revoked is not None and grant.revoked_at is None:
            revoke_grant(grant, reason="refresh token used twice", now=self.now)
            raise TokenRefused("invalid_grant", "refresh token was used before", grant)
        self.used_refresh_token = found
        return self._adopt(grant, request)

    def _is_lost_answer(self, found: RefreshToken, grant: Grant) -> bool:
        """Whether the owner of the grant's key asks again for what a process that died, or a cut line, did not bring him.

        The token was used a moment ago, no later one of the grant ever was, and there were not many of them.
        """
        if found.revoked is None or grant.revoked_at is not None or self.now - found.revoked > LOST_ANSWER:
            return False
        if self.proof is None or self.proof.jkt != grant.dpop_jkt:
            return False
        later = RefreshToken.objects.filter(grant=grant, pk__gt=found.pk)
        return later.count() <= LOST_ANSWERS and not later.filter(revoked__isnull=False).exists()

    def _last_given(self, found: RefreshToken, grant: Grant) -> datetime:
        """When this token was used last: at first, or when the newest of its successors was given."""
        newest = RefreshToken.objects.filter(grant=grant, pk__gt=found.pk).order_by("-pk").first()
        used: datetime = found.revoked
        return used if newest is None else max(used, newest.given_at)

    def get_original_scopes(self, _refresh_token: str, _request: Request, *_args: Any, **_kwargs: Any) -> str:
        """The grant's scope, for ever."""
        return str(self._locked_grant().scope)

    def rotate_refresh_token(self, _request: Request) -> bool:
        """At each use."""
        return True

    # --- both token requests

    def _adopt(self, grant: Grant, request: Request) -> bool:
        if grant.revoked_at is not None:
            raise TokenRefused("invalid_grant", "grant is revoked", grant)
        if grant.expires <= self.now:
            raise TokenRefused("invalid_grant", "grant is over its lifetime", grant)
        if self.proof is None or self.proof.jkt != grant.dpop_jkt:
            raise TokenRefused("invalid_grant", "proof under another key than the grant's", grant)
        if not grant.user.is_active:
            revoke_grant(grant, reason="account is not active", now=self.now)
            raise TokenRefused("invalid_grant", "account is not active", grant)
        self.grant, request.user, request.scopes = grant, grant.user, grant.scope.split()
        return True

    def check_resource(self, _request: Request) -> dict[str, Any]:
        """Last check of a token request: its one resource is of the grant's list (RFC 8707)."""
        grant = self._locked_grant()
        if self.resource not in grant.resource:
            raise TokenRefused("invalid_target", "resource is not of the grant", grant)
        return {}

    def make_access_token(self, _request: Request) -> str:
        """Sign the JWT for this grant and resource."""
        key = signing_key()
        self.claims = claims_for(self._locked_grant(), resource=self.resource, now=self.now)
        return sign_access_token(self.claims, key=key.private, kid=key.kid)

    def save_bearer_token(self, token: dict[str, Any], request: Request, *_args: Any, **_kwargs: Any) -> None:
        """Keep the new pair. It replaces the access token of the same resource and the refresh token that was used."""
        grant = self._locked_grant()
        token["token_type"] = "DPoP"  # noqa: S105  a type, not a token
        AccessToken.objects.filter(grant=grant, resource=[self.resource]).delete()
        if self.used_refresh_token is not None:
            RefreshToken.objects.filter(pk=self.used_refresh_token.pk, revoked=None).update(revoked=self.now)
        else:
            Grant.objects.filter(pk=grant.pk).update(redeemed_at=self.now)
            supersede_earlier(grant, now=self.now)
        common = {"grant": grant, "user": grant.user, "application": request.client, "token": ""}
        AccessToken.objects.create(
            **common,
            token_checksum=checksum(token["access_token"]),
            scope=grant.scope,
            resource=[self.resource],
            expires=self.now + timedelta(seconds=ACCESS_TOKEN_LIFETIME_S),
        )
        RefreshToken.objects.create(
            **common, token_checksum=checksum(token["refresh_token"]), resource=grant.resource, given_at=self.now
        )
        details = {"audience": self.resource, "jti": self.claims["jti"], "jkt": grant.dpop_jkt}
        record(event="token.issued", grant=grant, now=self.now, details=details)

    def redeem(self, grant: Grant) -> dict[str, Any]:
        """Tokens under a grant that was locked and found good, without oauthlib, which knows no device codes."""
        self.grant = grant
        request = Request("")
        request.client, request.user = grant.application, grant.user
        self.check_resource(request)
        token = {"access_token": self.make_access_token(request), "refresh_token": secrets.token_urlsafe(REFRESH_TOKEN_BYTES)}
        self.save_bearer_token(token, request)
        return token | {"expires_in": ACCESS_TOKEN_LIFETIME_S, "scope": grant.scope}

    def _locked_grant(self) -> Grant:
        if self.grant is None:
            raise RuntimeError("no grant was locked")
        return self.grant
