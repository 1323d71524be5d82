"""allauth's OpenID Connect client with what it leaves open: signature and nonce of the ID token, linking, times, factors."""

from typing import Any, NoReturn

import jwt
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from kmf.authorization.company.claims import read_claims
from kmf.authorization.company.configuration import CompanyProvider
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.company.linking import account_for
from kmf.authorization.company.logout_token import ALGORITHMS
from kmf.authorization.company.opening import open_session, record_of
from kmf.authorization.company.sessions import RECORD, note_session
from kmf.authorization.sign_in import record_refusal_at

_METHOD = "openid_connect"
_STATUS = 403


def provider_of(name: str) -> CompanyProvider | None:
    """The configured provider of this name."""
    return next((one for one in settings.COMPANY_PROVIDERS if one.name == name), None)


def configured(name: str) -> CompanyProvider:
    """The provider of this name.

    Raises:
        CompanyRefused: none is configured.

    """
    provider = provider_of(name)
    if provider is None:
        raise CompanyRefused("failed", "provider is not configured")
    return provider


class SignedTokens(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth is untyped
    """allauth leaves the signature to TLS where it may (OpenID Connect Core 3.1.3.7); here it is verified always."""

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        try:
            algorithm, key = jwtkit.fetch_key(id_token, self.openid_config["jwks_uri"], jwtkit.lookup_kid_jwk)
            if algorithm not in ALGORITHMS:
                raise OAuth2Error("algorithm of the ID token is not allowed")
            return jwt.decode(
                id_token,
                key=key,
                algorithms=[algorithm],
                issuer=app.settings["server_url"],
                audience=app.client_id,
                options={"require": ["iss", "aud", "exp", "iat", "sub"]},
            )
        except jwt.PyJWTError:
            raise OAuth2Error("ID token does not hold") from None


class CompanyAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """What allauth asks when the provider has answered."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """Decide everything here: none of allauth's own linking and signing up comes after it.

        Raises:
            ImmediateHttpResponse: always, with where the person goes.

        """
        try:
            provider = configured(sociallogin.account.provider)
            stated = sociallogin.account.extra_data.get("id_token") or {}
            claims = read_claims(provider, stated, nonce=sociallogin.state.get("nonce", ""))
            account = account_for(provider, claims, now=timezone.now())
            session = note_session(provider, claims, now=timezone.now())
        except CompanyRefused as refusal:
            raise ImmediateHttpResponse(refuse(request, sociallogin.account.provider, refusal)) from None
        record = record_of(provider, claims, now=timezone.now()) | {RECORD: session}
        next_path = sociallogin.get_redirect_url(request)
        raise ImmediateHttpResponse(open_session(request, account, method=_METHOD, record=record, next_path=next_path))

    def on_authentication_error(self, request: HttpRequest, provider: Any, **_kwargs: Any) -> NoReturn:
        """Nobody was signed in: turned away there, or the answer does not hold."""
        refusal = CompanyRefused("failed", "provider's answer does not hold")
        raise ImmediateHttpResponse(refuse(request, provider.app.provider_id, refusal))


def refuse(request: HttpRequest, provider: str, refusal: CompanyRefused, status: int = _STATUS) -> HttpResponse:
    """Audit a refusal, and say what to do."""
    record_refusal_at(provider, refusal.reason)
    return render(request, "company/refused.html", {"code": refusal.code}, status=status)
