"""One LDAP directory as ``sign-in.toml`` describes it. Read before Django is ready: no models here.

Spec: RFC 4511, RFC 4513, RFC 4515.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from kmf.authorization.company.description import BadProvider, Description

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}", re.ASCII)  # an attribute's name
_TEXTS = ("name", "words", "url", "organisation", "bind_dn", "base")
_ATTRIBUTES = {
    "id_attribute": "entryUUID",
    "email_attribute": "mail",
    "name_attribute": "cn",
    "groups_attribute": "memberOf",
    "member_attribute": "member",
}
_FILTER = "(|(uid={login})(mail={login}))"
_OPTIONAL = {*_ATTRIBUTES, "login_filter", "group_base", "domains", "roles", "authority"}
_PORTS = {"ldap": 389, "ldaps": 636}


@dataclass(frozen=True)
class LdapDirectory:
    """A directory.

    Attributes:
        name: in URLs and in the audit.
        words: on the sign-in page, as in "Sign in with …".
        host: of its server.
        port: of its server.
        security: ``tls`` from the first byte, ``starttls``, or ``none``, which is for this machine alone.
        authority: file with the certificates to trust, PEM; the system's where it is empty.
        organisation: slug of the customer whose accounts it knows.
        bind_dn: of the service account that searches.
        bind_password: of that.
        base: below which people are.
        login_filter: finds somebody by what he typed, which stands for ``{login}``.
        id_attribute: names a person for ever: neither his name nor his address.
        email_attribute: his address; people must not be able to write it themselves.
        name_attribute: to show.
        groups_attribute: of a person, his groups.
        group_base: where it is given, groups are the entries below it that have him as a member.
        member_attribute: of such an entry.
        domains: of addresses whose owners get an account at their first sign-in.
        roles: groups (their DNs) that give each role; without any, roles are not this directory's business.

    """

    name: str
    words: str
    host: str
    port: int
    security: str
    organisation: str
    bind_dn: str
    bind_password: str = field(repr=False)
    base: str
    authority: str = ""
    login_filter: str = _FILTER
    id_attribute: str = "entryUUID"
    email_attribute: str = "mail"
    name_attribute: str = "cn"
    groups_attribute: str = "memberOf"
    member_attribute: str = "member"
    group_base: str = ""
    domains: frozenset[str] = frozenset()
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """As accounts are linked with it: by its name here, so that a server that moves keeps its people."""
        return f"ldap:{self.name}"

    @property
    def confirm_path(self) -> str:
        """Where somebody confirms by its password who he is."""
        return f"/confirm/ldap/{self.name}"


def read_directory(table: Mapping[str, Any], secret: Callable[[str], str]) -> LdapDirectory:
    """Read one ``[[ldap]]``.

    Args:
        table: as TOML gives it.
        secret: gives the service account's password, by the directory's name.

    Raises:
        BadProvider: a member is missing, unknown or of another form, or the package that speaks LDAP is not installed.

    """
    if find_spec("ldap3") is None:
        raise BadProvider("ldap: the package ldap3 is not installed")
    said = Description("ldap", table)
    said.check_members({*_TEXTS, *_OPTIONAL})
    texts = {name: said.text(name) for name in _TEXTS} | {"name": said.name}
    attributes = {name: said.text(name, usual) for name, usual in _ATTRIBUTES.items()}
    if any(_WORD.fullmatch(name) is None for name in attributes.values()):
        raise BadProvider("ldap: an attribute is a word")
    login_filter = said.text("login_filter", _FILTER)
    if "{login}" not in login_filter or not (login_filter.startswith("(") and login_filter.endswith(")")):
        raise BadProvider("ldap: login_filter is a filter with {login} in it")
    host, port, security = _server(texts.pop("url"))
    password = secret(texts["name"])
    if not password:
        raise BadProvider("ldap: the service account has no password")
    return LdapDirectory(
        **texts,
        **attributes,
        host=host,
        port=port,
        security=security,
        bind_password=password,
        authority=said.text("authority") if "authority" in table else "",
        login_filter=login_filter,
        group_base=said.text("group_base") if "group_base" in table else "",
        domains=said.domains,
        roles={role: frozenset(plain_dn(group) for group in groups) for role, groups in said.roles.items()},
    )


def plain_dn(dn: str) -> str:
    """A DN in the spelling in which they are compared: lower case, no blanks around commas and equals signs."""
    return re.sub(r"\s*([,=])\s*", r"\1", dn.strip()).lower()


def _server(url: str) -> tuple[str, int, str]:
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    host = parts.hostname or ""
    if not host or not port or parts.path.strip("/") or parts.query or parts.username:
        raise BadProvider("ldap: url is ldaps://host or ldap://host")
    if parts.scheme == "ldaps":
        return host, port, "tls"
    is_here = host in {"127.0.0.1", "::1", "localhost"}
    return host, port, "none" if is_here else "starttls"
