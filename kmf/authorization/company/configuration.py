"""One provider as ``sign-in.toml`` describes it. Read before Django is ready: no models here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kmf.authorization.company.description import BadProvider, Description, is_here

_TEXTS = ("name", "words", "issuer", "client_id", "organisation")
_OPTIONAL = {"domains", "groups_claim", "scopes", "roles", "second_factor", "trusts_addresses", "authorization_origin"}


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
    said = Description("openid_connect", table)
    said.check_members({*_TEXTS, *_OPTIONAL})
    texts = {name: said.text(name) for name in _TEXTS} | {"name": said.name}
    factor = said.inner("second_factor", ("amr", "acr"), "second_factor has amr and acr")
    return CompanyProvider(
        **texts,
        client_secret=secret(texts["name"]),
        domains=said.domains,
        groups_claim=said.text("groups_claim", "groups"),
        scopes=tuple(said.texts("scopes")),
        roles=said.roles,
        factor_amr=frozenset(factor.texts("amr")),
        factor_acr=tuple(factor.texts("acr")),
        trusts_addresses=table.get("trusts_addresses") is True,
        authorization_origin=said.text("authorization_origin", secure_origin(texts["issuer"])),
    )


def secure_origin(url: str) -> str:
    """Origin of an address that may be relied on: by HTTPS, or on this machine.

    Raises:
        BadProvider: it is neither.

    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here(parts.hostname or "")):
        raise BadProvider("openid_connect: issuer is an https address")
    return f"{parts.scheme}://{parts.netloc}"
