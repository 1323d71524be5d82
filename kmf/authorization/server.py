"""oauthlib's server with this module's validator: code and refresh grants, and nothing else."""

import secrets

from oauthlib.common import Request
from oauthlib.oauth2 import WebApplicationServer

from kmf.authorization.validator import REFRESH_TOKEN_BYTES, Validator
from protocol.words import ACCESS_TOKEN_LIFETIME_S


def build(validator: Validator) -> WebApplicationServer:
    """Server for one request of ``validator``."""
    server = WebApplicationServer(
        validator,
        token_generator=validator.make_access_token,
        refresh_token_generator=_refresh_token,
        token_expires_in=ACCESS_TOKEN_LIFETIME_S,
    )
    for grant_type in (server.auth_grant, server.refresh_grant):
        grant_type.custom_validators.post_token.append(validator.check_resource)
    return server


def _refresh_token(_request: Request) -> str:
    return secrets.token_urlsafe(REFRESH_TOKEN_BYTES)
