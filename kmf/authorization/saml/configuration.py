"""One provider as ``sign-in.toml`` describes it. Read before Django is ready: no models here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kmf.authorization.company.configuration import ROLES, BadProvider

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_NEEDED = {"name", "words", "entity_id", "sign_in_url", "certificates", "organisation"}
_ATTRIBUTES = {"subject_attribute": "", "email_attribute": "mail", "name_attribute": "displayName", "groups_attribute": "groups"}
_OPTIONAL = {*_ATTRIBUTES, "domains", "roles", "second_factor"}
_RSA_BITS = 2048


@dataclass(frozen=True)
class SamlProvider:
    """A provider (SAML calls it the identity provider).

    Attributes:
        name: in URLs and in the audit.
        words: on the sign-in page, as in "Sign in with …".
        issuer: its entity id, exactly as it names itself.
        sign_in_url: of its single sign-on service, HTTP-Redirect binding.
        certificates: PEM; a signature counts under the key of one of them. Their dates do not: who is named here is trusted.
        organisation: slug of the customer whose accounts it knows.
        domains: of addresses whose owners get an account at their first sign-in.
        subject_attribute: attribute that names a person for ever; without it the persistent name identifier does.
        email_attribute: attribute that is the address; people must not be able to write it themselves.
        name_attribute: attribute to show.
        groups_attribute: attribute that lists groups.
        roles: groups that give each role; without any, roles are not this provider's business.
        factor_contexts: authentication contexts, each of which says that there was a second factor; they are also asked for.

    """

    name: str
    words: str
    issuer: str
    sign_in_url: str
    certificates: tuple[str, ...]
    organisation: str
    domains: frozenset[str] = frozenset()
    subject_attribute: str = ""
    email_attribute: str = "mail"
    name_attribute: str = "displayName"
    groups_attribute: str = "groups"
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    factor_contexts: tuple[str, ...] = ()

    @property
    def confirm_path(self) -> str:
        """Where somebody confirms there who he is."""
        return "/confirm/saml"

    @property
    def sign_in_origin(self) -> str:
        """Where its sign-in page is: the sign-in form leads there."""
        parts = urlsplit(self.sign_in_url)
        return f"{parts.scheme}://{parts.netloc}"


def read_saml_provider(table: Mapping[str, Any]) -> SamlProvider:
    """Read one ``[[saml]]``.

    Args:
        table: as TOML gives it.

    Raises:
        BadProvider: a member is missing, unknown or of another form. The message names the member, never a value.

    """
    if set(table) - _NEEDED - _OPTIONAL:
        raise BadProvider("saml: unknown member")
    name = _text(table, "name")
    if _NAME.fullmatch(name) is None:
        raise BadProvider("saml: name is a lower-case word")
    roles, factor = table.get("roles", {}), table.get("second_factor", {})
    if not isinstance(roles, dict) or set(roles) - set(ROLES):
        raise BadProvider("saml: roles are initiator, auditor, admin")
    if not isinstance(factor, dict) or set(factor) - {"contexts"}:
        raise BadProvider("saml: second_factor has contexts")
    return SamlProvider(
        name=name,
        words=_text(table, "words"),
        issuer=_text(table, "entity_id"),
        sign_in_url=_web_address(_text(table, "sign_in_url")),
        certificates=tuple(_certificate(text) for text in _list(table, "certificates")) or _no_certificate(),
        organisation=_text(table, "organisation"),
        domains=frozenset(domain.lower() for domain in _list(table, "domains")),
        roles={role: frozenset(_list(roles, role)) for role in roles},
        factor_contexts=tuple(_list(factor, "contexts")),
        **{member: _text(table, member) if member in table else usual for member, usual in _ATTRIBUTES.items()},
    )


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_here = host in {"127.0.0.1", "localhost"} or host.endswith(".localhost")
    if not host or parts.fragment or (parts.scheme != "https" and not (parts.scheme == "http" and is_here)):
        raise BadProvider("saml: sign_in_url is an https address")
    return url


def _certificate(text: str) -> str:
    try:
        key = x509.load_pem_x509_certificate(text.strip().encode()).public_key()
    except ValueError:
        raise BadProvider("saml: certificates are PEM") from None
    if not (isinstance(key, RSAPublicKey) and key.key_size >= _RSA_BITS) and not isinstance(key, EllipticCurvePublicKey):
        raise BadProvider("saml: certificates are of RSA keys of 2048 bits or more, or of elliptic curves")
    return text.strip()


def _no_certificate() -> tuple[str, ...]:
    raise BadProvider("saml: certificates is empty")


def _text(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise BadProvider(f"saml: {name} is missing or no text")  # noqa: EM102  our own word
    return value


def _list(table: Mapping[str, Any], name: str) -> list[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise BadProvider(f"saml: {name} is a list of texts")  # noqa: EM102  our own word
    return value
