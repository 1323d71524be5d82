"""A provider's answer: every check of the web browser profile, one reason for each refusal.

Spec: SAML 2.0 Profiles section 4.1.4; Core sections 2.3 to 2.7, 3.2.2; Bindings section 3.5.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kmf.authorization.company.claims import CompanyClaims
from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.saml.asked import Asked
from kmf.authorization.saml.document import read_answer
from kmf.authorization.saml.names import ASSERTION, BEARER, PROTOCOL, SIGNATURE, SUCCESS
from kmf.authorization.saml.signature import signed_part
from kmf.authorization.saml.statements import read_person

CLOCKS_DIFFER = timedelta(seconds=60)
_A, _P = f"{{{ASSERTION}}}", f"{{{PROTOCOL}}}"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?Z", re.ASCII)
_ID = re.compile(r"[A-Za-z_][\w.-]{0,127}", re.ASCII)
_CONDITIONS = {f"{_A}AudienceRestriction", f"{_A}OneTimeUse", f"{_A}ProxyRestriction"}


@dataclass(frozen=True)
class Verified:
    """Who it is; and which assertion said so, until when it could be said again."""

    claims: CompanyClaims
    assertion_id: str
    expires_at: datetime


def verify(encoded: str, asked: Asked, *, now: datetime) -> Verified:
    """What ``encoded`` says, if it is the answer to what was asked.

    Args:
        encoded: member ``SAMLResponse`` of the form, base64.
        asked: the one pending request that its ``RelayState`` names.
        now: UTC.

    Raises:
        CompanyRefused: it is not. The reason says what is the matter, and has no input in it.

    """
    response = read_answer(encoded)
    _check_response(response, asked)
    assertion = signed_part(_only_assertion(response), asked.provider.certificates)
    if _text(_one(assertion, "Issuer")) != asked.provider.issuer:
        raise CompanyRefused("failed", "assertion of another issuer")
    expires_at = _check_conditions(assertion, asked, now)
    subject = _one(assertion, "Subject")
    _check_confirmation(subject, asked, now)
    statement = _check_statement(assertion, asked, now)
    claims = read_person(asked.provider, assertion, audience=asked.audience, signed_in_at=_instant(statement, "AuthnInstant"))
    return Verified(claims, assertion.get("ID"), expires_at)


def _check_response(response: Any, asked: Asked) -> None:
    """Of the response itself nothing is believed: it may not be signed. But what it says must fit."""
    if response.tag != f"{_P}Response" or response.get("Version") != "2.0":
        raise CompanyRefused("failed", "not an answer of SAML 2.0")
    ids = [element.get("ID") for element in response.iter("*") if "ID" in element.attrib]
    if len(ids) != len(set(ids)) or not all(_ID.fullmatch(one) for one in ids):
        raise CompanyRefused("failed", "answer has an id twice, or one of another form")
    if response.get("InResponseTo") is None:
        raise CompanyRefused("failed", "answer to nothing that was asked")
    if response.get("InResponseTo") != asked.request_id:
        raise CompanyRefused("failed", "answer to another request")
    if response.get("Destination") != asked.answer_url:
        raise CompanyRefused("failed", "answer for another address")
    issuers = response.findall(f"{_A}Issuer")
    if len(issuers) > 1 or any(_text(issuer) != asked.provider.issuer for issuer in issuers):
        raise CompanyRefused("failed", "answer of another issuer")
    status = response.find(f"{_P}Status/{_P}StatusCode")
    if status is None or status.get("Value") != SUCCESS:
        raise CompanyRefused("failed", "provider signed nobody in")


def _only_assertion(response: Any) -> Any:
    if next(response.iter(f"{_A}EncryptedAssertion"), None) is not None:
        raise CompanyRefused("failed", "assertion is encrypted")
    found = list(response.iter(f"{_A}Assertion"))
    if len(found) != 1 or found[0].getparent() is not response:
        raise CompanyRefused("failed", "answer has not one assertion in its place")
    placed = [*response.findall(f"{{{SIGNATURE}}}Signature"), *found[0].iter(f"{{{SIGNATURE}}}Signature")]
    if len(placed) != len(list(response.iter(f"{{{SIGNATURE}}}Signature"))):
        raise CompanyRefused("failed", "answer has a signature where none belongs")
    return found[0]


def _check_conditions(assertion: Any, asked: Asked, now: datetime) -> datetime:
    conditions = _one(assertion, "Conditions")
    _check_time(conditions, now)
    if any(condition.tag not in _CONDITIONS for condition in conditions):
        raise CompanyRefused("failed", "assertion has a condition that is not known")
    audiences = [{_text(audience) for audience in restriction} for restriction in conditions.iterfind(f"{_A}AudienceRestriction")]
    if not audiences or not all(asked.audience in group for group in audiences):
        raise CompanyRefused("failed", "assertion for another audience")
    return _instant(conditions, "NotOnOrAfter")


def _check_confirmation(subject: Any, asked: Asked, now: datetime) -> None:
    """Exactly one, by possession: whoever carries it, to this address, as the answer to this request, now."""
    confirmation = _one(subject, "SubjectConfirmation")
    if confirmation.get("Method") != BEARER:
        raise CompanyRefused("failed", "subject is confirmed in another way")
    data = _one(confirmation, "SubjectConfirmationData")
    if data.get("InResponseTo") is None:
        raise CompanyRefused("failed", "assertion answers nothing that was asked")
    if data.get("InResponseTo") != asked.request_id:
        raise CompanyRefused("failed", "assertion answers another request")
    if data.get("Recipient") != asked.answer_url:
        raise CompanyRefused("failed", "assertion for another recipient")
    if data.get("NotBefore") is not None:
        raise CompanyRefused("failed", "subject is confirmed in another way")
    _check_time(data, now)


def _check_statement(assertion: Any, asked: Asked, now: datetime) -> Any:
    statement = _one(assertion, "AuthnStatement")
    signed_in_at = _instant(statement, "AuthnInstant")
    if signed_in_at > now + CLOCKS_DIFFER:
        raise CompanyRefused("failed", "sign-in is of the future")
    if asked.forced_at is not None and signed_in_at < asked.forced_at - CLOCKS_DIFFER:
        raise CompanyRefused("failed", "provider did not ask the person again")
    if statement.get("SessionNotOnOrAfter") is not None and _instant(statement, "SessionNotOnOrAfter") <= now - CLOCKS_DIFFER:
        raise CompanyRefused("failed", "session there is over")
    return statement


def _check_time(element: Any, now: datetime) -> None:
    if element.get("NotBefore") is not None and _instant(element, "NotBefore") > now + CLOCKS_DIFFER:
        raise CompanyRefused("failed", "assertion is of the future")
    if _instant(element, "NotOnOrAfter") <= now - CLOCKS_DIFFER:
        raise CompanyRefused("failed", "assertion is over")


def _instant(element: Any, name: str) -> datetime:
    value = element.get(name) or ""
    if _INSTANT.fullmatch(value) is None:
        raise CompanyRefused("failed", "assertion does not say a time")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CompanyRefused("failed", "assertion does not say a time") from None


def _one(element: Any, name: str) -> Any:
    found = element.findall(f"{_A}{name}")
    if len(found) != 1:
        raise CompanyRefused("failed", f"assertion has not one {name}")  # our own word
    return found[0]


def _text(element: Any) -> str:
    return "" if len(element) else (element.text or "").strip()
