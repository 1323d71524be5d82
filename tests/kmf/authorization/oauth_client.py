"""A client of the authorization server with a real key, which can be told to do each thing wrong."""

import hashlib
import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.test import Client
from django.utils import timezone

from protocol import base64url
from protocol.dpop import make_proof
from protocol.thumbprint import public_jwk, thumbprint


def host(origin):
    return urlsplit(origin).netloc


def query_of(response):
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


class OAuthClient:
    """One endpoint page, or the core application's server, against one test browser."""

    def __init__(self, browser: Client, *, client_id: str, scope: str) -> None:
        origins = settings.ORIGINS
        self.browser = browser
        self.client_id = client_id
        self.scope = scope
        endpoint = client_id == "endpoint"
        self.redirect_uri = f"{origins.kmf}/callback" if endpoint else f"{origins.core}/signed-in"
        self.resources = [origins.kmf, origins.provider, origins.core] if endpoint else [origins.core]
        self.token_url = f"{origins.kmf}/token"
        self.new_keys()

    def new_keys(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.jkt = thumbprint(public_jwk(self.key.public_key()))
        self.new_verifier()

    def new_verifier(self):
        self.verifier = secrets.token_urlsafe(32)
        self.state = secrets.token_urlsafe(16)

    def query(self, **changes):
        whole = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": base64url.encode(hashlib.sha256(self.verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "dpop_jkt": self.jkt,
            "resource": self.resources,
        }
        return {name: value for name, value in (whole | changes).items() if value is not ...}

    def authorize(self, *, raw=None, **changes):
        query = raw if raw is not None else urlencode(self.query(**changes), doseq=True)
        return self.browser.get(f"/authorize?{query}", headers={"host": host(settings.ORIGINS.auth)})

    def code(self, **changes):
        return query_of(self.authorize(**changes))["code"]

    def proof(self, *, key=None, method="POST", url=None, now=None, **more):
        return make_proof(key or self.key, method=method, url=url or self.token_url, now=now or timezone.now(), **more)

    def post(self, form, *, proof=..., content_type="application/x-www-form-urlencoded", path="/token"):
        headers = {"host": host(settings.ORIGINS.kmf)}
        if proof is ...:
            proof = self.proof()
        if proof is not None:
            headers["dpop"] = proof
        body = form if isinstance(form, str | bytes) else urlencode(form, doseq=True)
        return Client().post(path, body, content_type=content_type, headers=headers)

    def redeem(self, code, *, resource=None, proof=..., **changes):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "client_id": self.client_id,
            "code_verifier": self.verifier,
            "resource": self.resources[0] if resource is None else resource,
        }
        return self.post({name: value for name, value in (form | changes).items() if value is not ...}, proof=proof)

    def refresh(self, refresh_token, *, resource=None, proof=..., **changes):
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.client_id}
        form["resource"] = self.resources[0] if resource is None else resource
        return self.post({name: value for name, value in (form | changes).items() if value is not ...}, proof=proof)

    def tokens(self, resource=None):
        """Answer of a whole sign-in: access and refresh token."""
        response = self.redeem(self.code(), resource=resource)
        assert response.status_code == 200, response.content
        return response.json()
