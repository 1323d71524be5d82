"""Answers that no honest provider gives: each made of the provider, what was asked and the time, with the reason why not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from kmf.authorization.saml.names import ASSERTION, PERSISTENT, PROTOCOL, SIGNATURE
from tests.simulators.saml_provider import (
    GRACE,
    AuthnRequest,
    SamlProviderSimulator,
    instant,
    key_and_certificate,
)

_A, _P, _DS = f"{{{ASSERTION}}}", f"{{{PROTOCOL}}}", f"{{{SIGNATURE}}}"
Make = Callable[[SamlProviderSimulator, AuthnRequest, datetime], str]
STRANGER = SamlProviderSimulator(*key_and_certificate())
BOSS = GRACE | {"mail": ["boss@company.example"]}


@dataclass(frozen=True)
class Forgery:
    """One, by a name that reads as what somebody did."""

    name: str
    reason: str
    make: Make


def said(name: str, reason: str, **changes: object) -> Forgery:
    """A provider's own signature over something that is not for us, not now, or not about a person."""
    return Forgery(name, reason, lambda company, asked, now: company.answer(asked, now=now, **_at(changes, now)))


def around(name: str, reason: str, **changes: object) -> Forgery:
    """The response says something else than it should; its assertion is good."""

    def make(company: SamlProviderSimulator, asked: AuthnRequest, now: datetime) -> str:
        return company.response(asked, company.signed(company.assertion(asked, now=now)), now=now, **changes)

    return Forgery(name, reason, make)


def edited(name: str, reason: str, *replaced: tuple[str, str]) -> Forgery:
    """The text of an honest answer was changed on the way."""

    def make(company: SamlProviderSimulator, asked: AuthnRequest, now: datetime) -> str:
        answer = company.answer(asked, now=now)
        for old, new in replaced:
            assert old in answer
            answer = answer.replace(old, new, 1)
        return answer

    return Forgery(name, reason, make)


def rebuilt(name: str, reason: str, change: Callable[[etree._Element, etree._Element], None]) -> Forgery:
    """The tree of an honest answer was built anew around its signature; ``change`` gets response and assertion."""

    def make(company: SamlProviderSimulator, asked: AuthnRequest, now: datetime) -> str:
        response = etree.fromstring(company.answer(asked, now=now))
        change(response, response.find(f"{_A}Assertion"))
        return etree.tostring(response).decode()

    return Forgery(name, reason, make)


def _at(changes: dict[str, object], now: datetime) -> dict[str, object]:
    return {name: instant(now + value) if isinstance(value, timedelta) else value for name, value in changes.items()}


def evil(assertion: etree._Element, *, keeps_id: bool = False) -> etree._Element:
    """A copy that names somebody else, without the signature."""
    copy = etree.fromstring(etree.tostring(assertion))
    copy.remove(copy.find(f"{_DS}Signature"))
    copy.find(f"{_A}Subject/{_A}NameID").text = "boss"
    if not keeps_id:
        copy.set("ID", "_evil")
    return copy


def _before(response: etree._Element, assertion: etree._Element) -> None:
    response.insert(1, evil(assertion))


def _after(response: etree._Element, assertion: etree._Element) -> None:
    response.append(evil(assertion))


def _same_id(response: etree._Element, assertion: etree._Element) -> None:
    response.insert(1, evil(assertion, keeps_id=True))


def _in_extensions(response: etree._Element, assertion: etree._Element) -> None:
    response.replace(assertion, evil(assertion))
    etree.SubElement(response, f"{_P}Extensions").append(assertion)


def _in_its_own_signature(response: etree._Element, assertion: etree._Element) -> None:
    wrapped, signature = evil(assertion), assertion.find(f"{_DS}Signature")
    response.replace(assertion, wrapped)
    assertion.remove(signature)
    wrapped.insert(1, signature)
    etree.SubElement(signature, f"{_DS}Object").append(assertion)


def _borrowed_signature(response: etree._Element, assertion: etree._Element) -> None:
    """The signed assertion is gone; its signature stands in another."""
    other = evil(assertion)
    other.insert(1, assertion.find(f"{_DS}Signature"))
    response.replace(assertion, other)


def _signature_of_the_response(response: etree._Element, assertion: etree._Element) -> None:
    response.insert(1, assertion.find(f"{_DS}Signature"))


def _whole_response_inside(response: etree._Element, assertion: etree._Element) -> None:
    inner = etree.fromstring(etree.tostring(response))
    inner.set("ID", "_inner")
    response.replace(assertion, evil(assertion))
    etree.SubElement(response, f"{_P}Extensions").append(inner)


def _second_signature(_response: etree._Element, assertion: etree._Element) -> None:
    assertion.append(etree.fromstring(etree.tostring(assertion.find(f"{_DS}Signature"))))


def _signature_elsewhere(response: etree._Element, assertion: etree._Element) -> None:
    status = response.find(f"{_P}Status")
    status.append(etree.fromstring(etree.tostring(assertion.find(f"{_DS}Signature"))))


def _second_reference(_response: etree._Element, assertion: etree._Element) -> None:
    info = assertion.find(f"{_DS}Signature/{_DS}SignedInfo")
    info.append(etree.fromstring(etree.tostring(info.find(f"{_DS}Reference"))))


def _of_the_document(_response: etree._Element, assertion: etree._Element) -> None:
    assertion.find(f".//{_DS}Reference").set("URI", "")


def _filtered(_response: etree._Element, assertion: etree._Element) -> None:
    transform = etree.SubElement(assertion.find(f".//{_DS}Transforms"), f"{_DS}Transform")
    transform.set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
    etree.SubElement(transform, f"{_DS}XPath").text = "not(ancestor-or-self::*[local-name()='NameID'])"


def _with_comments(_response: etree._Element, assertion: etree._Element) -> None:
    assertion.find(f".//{_DS}CanonicalizationMethod").set("Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments")


def _without_id(response: etree._Element, assertion: etree._Element) -> None:
    """The reference is to "#None", which a careless comparison makes of an id that is not there."""
    del assertion.attrib["ID"]
    assertion.find(f".//{_DS}Reference").set("URI", "#None")


def _encrypted(response: etree._Element, assertion: etree._Element) -> None:
    response.replace(assertion, etree.Element(f"{_A}EncryptedAssertion"))


def _unsigned(company: SamlProviderSimulator, asked: AuthnRequest, now: datetime) -> str:
    return company.response(asked, company.assertion(asked, now=now), now=now)


def _response_signed_alone(company: SamlProviderSimulator, asked: AuthnRequest, now: datetime) -> str:
    return company.signed(company.response(asked, company.assertion(asked, now=now, attributes=BOSS), now=now))


def _by_a_stranger(_company: SamlProviderSimulator, asked: AuthnRequest, now: datetime) -> str:
    """His certificate stands beside his signature."""
    return STRANGER.answer(asked, now=now, attributes=BOSS)


def _by(signature: str, digest: str) -> Make:
    def make(company: SamlProviderSimulator, asked: AuthnRequest, now: datetime) -> str:
        signed = company.signed(company.assertion(asked, now=now), signature=signature, digest=digest)
        return company.response(asked, signed, now=now)

    return make


def _with_prologue(prologue: str) -> Make:
    return lambda company, asked, now: prologue + company.answer(asked, now=now)


def _bomb(company: SamlProviderSimulator, asked: AuthnRequest, now: datetime) -> str:
    entities = '<!ENTITY a "boss">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    return f"<!DOCTYPE r [{entities}]>" + company.answer(asked, now=now).replace("0815", "&h;")


_MINUTE = timedelta(minutes=1)
_DTD = '<!DOCTYPE r [<!ENTITY who SYSTEM "file:///etc/hostname">]>'
_NOBODY, _PASSING = "assertion names nobody", "name identifier is not persistent"
_FORMATS = "urn:oasis:names:tc:SAML:"
FORGERIES = [
    Forgery("no signature at all", "assertion is not signed", _unsigned),
    Forgery("the response signed, the assertion not", "assertion is not signed", _response_signed_alone),
    Forgery("signed by a stranger whose certificate is in it", "signature does not hold", _by_a_stranger),
    Forgery("signed with RSA and SHA-1", "signature algorithm is not allowed", _by("rsa-sha1", "sha256")),
    Forgery("digest by SHA-1", "digest algorithm is not allowed", _by("rsa-sha256", "sha1")),
    Forgery("digest by SHA-224", "digest algorithm is not allowed", _by("rsa-sha256", "sha224")),
    edited("another subject after signing", "signature does not hold", ("0815", "boss")),
    edited("another group after signing", "signature does not hold", (">hosts<", ">admins<")),
    edited("a later end after signing", "signature does not hold", ('NotOnOrAfter="2', 'NotOnOrAfter="9')),
    rebuilt("another assertion before the signed one", "answer has not one assertion in its place", _before),
    rebuilt("another assertion after the signed one", "answer has not one assertion in its place", _after),
    rebuilt("another assertion of the same id", "answer has an id twice, or one of another form", _same_id),
    rebuilt("the signed assertion in extensions", "answer has not one assertion in its place", _in_extensions),
    rebuilt("the signed assertion in its signature", "answer has not one assertion in its place", _in_its_own_signature),
    rebuilt("the honest response inside another", "answer has not one assertion in its place", _whole_response_inside),
    rebuilt("another assertion under the signature", "signature is over something else", _borrowed_signature),
    rebuilt("the signature beside the assertion", "assertion is not signed", _signature_of_the_response),
    rebuilt("two signatures", "assertion has several signatures", _second_signature),
    rebuilt("a signature in the status", "answer has a signature where none belongs", _signature_elsewhere),
    rebuilt("a signature over two things", "signature is over something else", _second_reference),
    rebuilt("a signature over nothing that has an id", "signature is over something else", _without_id),
    rebuilt("a signature over the document", "signature is over something else", _of_the_document),
    rebuilt("a signature that leaves the name out", "signature is of another form", _filtered),
    rebuilt("a signature with comments in it", "signature is of another form", _with_comments),
    rebuilt("an encrypted assertion", "assertion is encrypted", _encrypted),
    edited("a comment in the name", "answer has a comment", ("0815", "08<!-- -->15")),
    edited("a comment in the address", "answer has a comment", ("grace@company.example", "grace@company.example<!---->.evil")),
    edited("an instruction in the name", "answer has a processing instruction", ("0815", "08<?x y?>15")),
    edited("a CDATA section", "answer has a CDATA section", ("0815", "<![CDATA[0815]]>")),
    Forgery("a document type", "answer has a document type", _with_prologue("<!DOCTYPE r>")),
    Forgery("an external entity", "answer has a document type", _with_prologue(_DTD)),
    Forgery("entities that grow", "answer has a document type", _bomb),
    Forgery("another encoding", "answer is not in UTF-8", _with_prologue('<?xml version="1.0" encoding="UTF-7"?>')),
    Forgery("no XML", "answer is no XML", lambda *_all: "SAMLResponse"),
    Forgery("nothing", "answer is no XML", lambda *_all: ""),
    Forgery("elements without end", "answer is nested too deeply", lambda *_all: "<a>" * 33 + "</a>" * 33),
    Forgery("a request", "not an answer of SAML 2.0", lambda *_all: f'<a:AuthnRequest xmlns:a="{PROTOCOL}" Version="2.0"/>'),
    around("unsolicited", "answer to nothing that was asked", response_to=""),
    around("the answer to another request", "answer to another request", response_to=' InResponseTo="_other"'),
    said("an assertion that was not asked for", "assertion answers nothing that was asked", in_response_to=""),
    said("an assertion for another request", "assertion answers another request", in_response_to=' InResponseTo="_other"'),
    around("for another address", "answer for another address", destination="https://auth.else.example/answer"),
    around("for no address", "answer for another address", destination=""),
    said("for another recipient", "assertion for another recipient", recipient="https://auth.else.example/answer"),
    said("for another audience", "assertion for another audience", audience="https://auth.else.example/metadata"),
    said(
        "for us and, elsewhere, for others alone",
        "assertion for another audience",
        condition="<saml:AudienceRestriction><saml:Audience>https://else.example</saml:Audience></saml:AudienceRestriction>",
    ),
    said("a condition that nobody knows", "assertion has a condition that is not known", condition="<saml:Condition/>"),
    around("a response of another issuer", "answer of another issuer", response_issuer="https://saml.else.example/metadata"),
    said("an assertion of another issuer", "assertion of another issuer", issuer="https://saml.else.example/metadata"),
    said("over", "assertion is over", not_on_or_after=-2 * _MINUTE),
    said("confirmed until a while ago", "assertion is over", confirmed_until=-2 * _MINUTE),
    said("of the future", "assertion is of the future", not_before=2 * _MINUTE),
    said("without an end", "assertion does not say a time", not_on_or_after=""),
    said("until a day that is none", "assertion does not say a time", not_on_or_after="2026-02-31T00:00:00Z"),
    said("in local time", "assertion does not say a time", not_on_or_after="2199-01-01T00:00:00"),
    said("a sign-in of the future", "sign-in is of the future", signed_in=2 * _MINUTE),
    said("a session that is over", "session there is over", session=' SessionNotOnOrAfter="2026-01-01T00:00:00Z"'),
    said("confirmed by a key", "subject is confirmed in another way", method="holder-of-key"),
    said("a name for this session", _PASSING, format=f"{_FORMATS}2.0:nameid-format:transient"),
    said("an address as a name", _PASSING, format=f"{_FORMATS}1.1:nameid-format:emailAddress"),
    said("no name", _NOBODY, subject=""),
    said("a name without end", _NOBODY, subject="x" * 256),
    said("a name within a name", _NOBODY, subject="<saml:b>0815</saml:b>"),
    said(
        "a name of another place",
        "name identifier is of another place",
        format=f'{PERSISTENT}" NameQualifier="https://else.example',
    ),
    around("nobody was signed in", "provider signed nobody in", status="Responder"),
]
