"""Whom a verified assertion names: identifier, attributes, and how he signed in there.

Spec: SAML 2.0 Core sections 2.4.1, 2.7; Profiles section 8.5; Authentication Context; RFC 8176.
"""

from datetime import datetime
from typing import Any

from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.saml.configuration import SamlProvider
from kmf.authorization.saml.names import ASSERTION, PERSISTENT

_A = f"{{{ASSERTION}}}"
_SUBJECT_MAX, _NAME_MAX, _ADDRESS_MAX, _MOST_GROUPS = 255, 200, 254, 2000
_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_AMR = {  # RFC 8176 words of the classes that say which kind of proof it was
    f"{_CLASSES}Password": "pwd",
    f"{_CLASSES}PasswordProtectedTransport": "pwd",
    f"{_CLASSES}SmartcardPKI": "sc",
    f"{_CLASSES}TLSClient": "pop",
    f"{_CLASSES}X509": "pop",
}


def read_person(provider: SamlProvider, assertion: Any, *, audience: str, signed_in_at: datetime) -> CompanyClaims:
    """Who it is.

    Args:
        provider: whose assertion it is.
        assertion: verified; a signature's own bytes, read again.
        audience: our name towards the provider.
        signed_in_at: when he signed in there.

    Raises:
        CompanyRefused: it names nobody, or not for longer than this session.

    """
    attributes = _attributes(assertion)
    subject = _subject(provider, assertion, attributes, audience)
    if not 0 < len(subject) <= _SUBJECT_MAX:
        raise CompanyRefused("failed", "assertion names nobody")
    groups = attributes.get(provider.groups_attribute, [])
    return CompanyClaims(
        subject=subject,
        email=_address(attributes.get(provider.email_attribute, [])),
        name=next(iter(attributes.get(provider.name_attribute, [])), "")[:_NAME_MAX].strip(),
        groups=frozenset(groups) if len(groups) <= _MOST_GROUPS else frozenset(),
        signed_in_at=signed_in_at,
        amr=_amr(provider, assertion),
    )


def _subject(provider: SamlProvider, assertion: Any, attributes: dict[str, list[str]], audience: str) -> str:
    names = assertion.findall(f"{_A}Subject/{_A}NameID")
    if len(names) != 1:
        raise CompanyRefused("failed", "assertion names nobody")
    if provider.subject_attribute:
        values = attributes.get(provider.subject_attribute, [])
        return values[0] if len(values) == 1 else ""
    # An address changes its owner, a transient name is another one tomorrow: an account needs a name that stays.
    if names[0].get("Format") != PERSISTENT:
        raise CompanyRefused("failed", "name identifier is not persistent")
    if names[0].get("SPNameQualifier", audience) != audience or names[0].get("NameQualifier", provider.issuer) != provider.issuer:
        raise CompanyRefused("failed", "name identifier is of another place")
    return _text(names[0])


def _attributes(assertion: Any) -> dict[str, list[str]]:
    """Texts by the attribute's name; values of an attribute that stands there twice are joined."""
    found: dict[str, list[str]] = {}
    for attribute in assertion.iterfind(f"{_A}AttributeStatement/{_A}Attribute"):
        values = [_text(value) for value in attribute.iterfind(f"{_A}AttributeValue")]
        found.setdefault(attribute.get("Name", ""), []).extend(value for value in values if value)
    return found


def _address(values: list[str]) -> str:
    """The one address; of several none can be relied on."""
    address = values[0] if len(values) == 1 else ""
    return address.lower() if len(address) <= _ADDRESS_MAX and address.count("@") == 1 else ""


def _amr(provider: SamlProvider, assertion: Any) -> tuple[str, ...]:
    """Words for the authentication context; ``mfa`` only where the configuration says so."""
    context = assertion.find(f"{_A}AuthnStatement/{_A}AuthnContext/{_A}AuthnContextClassRef")
    name = "" if context is None else _text(context)
    words = [_AMR[name]] if name in _AMR else []
    return (*words, "mfa") if name in provider.factor_contexts else tuple(words)


def _text(element: Any) -> str:
    return "" if len(element) else (element.text or "").strip()
