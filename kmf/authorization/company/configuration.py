"""One provider as ``sign-in.toml`` describes it. Read before Django is ready: no models here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

ROLES = ("initiator", "auditor", "admin")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_TEXTS = ("name", "words", "issuer", "client_id", "organisation")
_OPTIONAL = {"domains", "groups_claim", "scopes", "roles", "second_factor", "trusts_addresses", "authorization_origin"}


class BadProvider(ValueError):
    """The description cannot be used. The message names the member, never a value."""


@dataclass(frozen=True)
class CompanyProvider:
    """A provider.

    Attributes:
        name: in URLs and in the audit.
        words: on the sign-in page, as in "Sign in with …".
        issuer: exactly as the provider names itself; ``https``, or ``http`` on this machine.
        client_id: ours there.
        client_secret: ours there.
        organisation: slug of the customer whose accounts it knows.
        domains: of addresses whose owners get an account at their first sign-in.
        groups_claim: member of the ID token that lists groups.
        scopes: to ask for beside ``openid profile email``, for instance to be told of groups.
        roles: groups that give each role; without any, roles are not this provider's business.
        factor_amr: words of its ``amr``, each of which says that there was a second factor.
        factor_acr: words of its ``acr`` that say so; they are also asked for.
        trusts_addresses: take addresses that it does not call verified.
        authorization_origin: where its sign-in page is, if not at the issuer's own origin.

    """

    name: str
    words: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    organisation: str
    domains: frozenset[str] = frozenset()
    groups_claim: str = "groups"
    scopes: tuple[str, ...] = ()
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    factor_amr: frozenset[str] = frozenset()
    factor_acr: tuple[str, ...] = ()
    trusts_addresses: bool = False
    authorization_origin: str = ""

    @property
    def confirm_path(self) -> str:
        """Where somebody confirms there who he is."""
        return "/confirm/company"

    def allauth_app(self) -> dict[str, Any]:
        """The same in allauth's words."""
        settings = {
            "server_url": self.issuer,
            "oauth_pkce_enabled": True,
            "fetch_userinfo": False,
            "scope": ["openid", "profile", "email", *self.scopes],
        }
        return {
            "provider_id": self.name,
            "name": self.words,
            "client_id": self.client_id,
            "secret": self.client_secret,
            "settings": settings,
        }


def read_provider(table: Mapping[str, Any], secret: Callable[[str], str]) -> CompanyProvider:
    """Read one ``[[openid_connect]]``.

    Args:
        table: as TOML gives it.
        secret: gives the client's secret, by the provider's name.

    Raises:
        BadProvider: a member is missing, unknown or of another form.

    """
    unknown = set(table) - set(_TEXTS) - _OPTIONAL
    if unknown:
        raise BadProvider("openid_connect: unknown member")
    texts = {name: _text(table, name) for name in _TEXTS}
    if _NAME.fullmatch(texts["name"]) is None:
        raise BadProvider("openid_connect: name is a lower-case word")
    roles = table.get("roles", {})
    if not isinstance(roles, dict) or set(roles) - set(ROLES):
        raise BadProvider("openid_connect: roles are initiator, auditor, admin")
    factor = table.get("second_factor", {})
    if not isinstance(factor, dict) or set(factor) - {"amr", "acr"}:
        raise BadProvider("openid_connect: second_factor has amr and acr")
    return CompanyProvider(
        **texts,
        client_secret=secret(texts["name"]),
        domains=frozenset(domain.lower() for domain in _list(table, "domains")),
        groups_claim=_text(table, "groups_claim", "groups"),
        scopes=tuple(_list(table, "scopes")),
        roles={role: frozenset(_list(roles, role)) for role in roles},
        factor_amr=frozenset(_list(factor, "amr")),
        factor_acr=tuple(_list(factor, "acr")),
        trusts_addresses=table.get("trusts_addresses") is True,
        authorization_origin=_text(table, "authorization_origin", _origin(texts["issuer"])),
    )


def _origin(issuer: str) -> str:
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    is_here = host in {"127.0.0.1", "localhost"} or host.endswith(".localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise BadProvider("openid_connect: issuer is an https address")
    return f"{parts.scheme}://{parts.netloc}"


def _text(table: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = table.get(name, default)
    if not isinstance(value, str) or not value:
        raise BadProvider(f"openid_connect: {name} is missing or no text")  # noqa: EM102  our own word
    return value


def _list(table: Mapping[str, Any], name: str) -> list[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise BadProvider(f"openid_connect: {name} is a list of texts")  # noqa: EM102  our own word
    return value
