"""One provider as ``sign-in.toml`` describes it. Read before Django is ready: no models here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from kmf.authorization.company.description import BadProvider, Description, is_here

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
    said = Description("saml", table)
    said.check_members(_NEEDED | _OPTIONAL)
    factor = said.inner("second_factor", ("contexts",), "second_factor has contexts")
    return SamlProvider(
        name=said.name,
        words=said.text("words"),
        issuer=said.text("entity_id"),
        sign_in_url=_web_address(said.text("sign_in_url")),
        certificates=tuple(_certificate(text) for text in said.texts("certificates")) or _no_certificate(),
        organisation=said.text("organisation"),
        domains=said.domains,
        roles=said.roles,
        factor_contexts=tuple(factor.texts("contexts")),
        **{member: said.text(member) if member in table else usual for member, usual in _ATTRIBUTES.items()},
    )


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.fragment or (parts.scheme != "https" and not (parts.scheme == "http" and is_here(host))):
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
