"""A company's SAML provider that says whatever a test wants, under a real signature."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zlib import decompress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import CanonicalizationMethod, SignatureConstructionMethod, XMLSigner

from kmf.authorization.saml.names import ASSERTION, PERSISTENT, PROTOCOL

ISSUER = "https://saml.company.example/metadata"
TWO_FACTORS = "https://refeds.org/profile/mfa"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
_RESPONSE = """<samlp:Response xmlns:samlp="{protocol}" xmlns:saml="{assertion_names}" ID="{response_id}" Version="2.0"
 IssueInstant="{issued}"{response_to} Destination="{destination}"><saml:Issuer>{response_issuer}</saml:Issuer>
 <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>\
{assertion}</samlp:Response>"""
_ASSERTION = """<saml:Assertion xmlns:saml="{assertion_names}" ID="{id}" Version="2.0" IssueInstant="{issued}">
<saml:Issuer>{issuer}</saml:Issuer>
<saml:Subject><saml:NameID Format="{format}">{subject}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:{method}"><saml:SubjectConfirmationData{in_response_to}
 Recipient="{recipient}" NotOnOrAfter="{confirmed_until}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{not_before}" NotOnOrAfter="{not_on_or_after}"><saml:AudienceRestriction><saml:Audience>{audience}\
</saml:Audience></saml:AudienceRestriction>{condition}</saml:Conditions>
<saml:AuthnStatement AuthnInstant="{signed_in}"{session}><saml:AuthnContext><saml:AuthnContextClassRef>{context}\
</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"""
_ATTRIBUTE = '<saml:Attribute Name="{name}">{values}</saml:Attribute>'
_VALUE = "<saml:AttributeValue>{value}</saml:AttributeValue>"
GRACE = {"mail": ["grace@company.example"], "displayName": ["Grace Hopper"], "groups": ["hosts"]}


class _AnySigner(XMLSigner):
    """Signs with algorithms of yesterday, too."""

    def check_deprecated_methods(self) -> None:
        """Nothing is too old for it."""


@dataclass(frozen=True)
class AuthnRequest:
    """What a redirect asked for."""

    id: str
    issuer: str
    answer_url: str
    relay_state: str
    is_forced: bool
    contexts: list[str]


def read_request(location: str) -> AuthnRequest:
    """Read it as a provider does."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    root = etree.fromstring(decompress(b64decode(query["SAMLRequest"]), wbits=-15))
    contexts = root.findall(f"{{{PROTOCOL}}}RequestedAuthnContext/{{{ASSERTION}}}AuthnContextClassRef")
    return AuthnRequest(
        id=root.get("ID"),
        issuer=root.findtext(f"{{{ASSERTION}}}Issuer"),
        answer_url=root.get("AssertionConsumerServiceURL"),
        relay_state=query["RelayState"],
        is_forced=root.get("ForceAuthn") == "true",
        contexts=[context.text for context in contexts],
    )


def key_and_certificate() -> tuple[rsa.RSAPrivateKey, str]:
    """A key, and a certificate of it by itself (PEM), whose time is over: that does not count."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "saml.company.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    began = datetime(2020, 1, 1, tzinfo=UTC)
    builder = builder.serial_number(1).not_valid_before(began).not_valid_after(began + timedelta(days=30))
    return key, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class SamlProviderSimulator:
    """One provider: its name and its key."""

    key: rsa.RSAPrivateKey
    certificate: str
    issuer: str = ISSUER
    made: int = field(default=0)

    def assertion(self, asked: AuthnRequest, *, now: datetime, **changes: object) -> str:
        """An assertion about Grace that answers ``asked``, not signed; with ``changes``."""
        self.made += 1
        soon, past = now + timedelta(minutes=5), now - timedelta(seconds=5)
        attributes = changes.pop("attributes", GRACE)
        assert isinstance(attributes, dict)
        fields: dict[str, object] = {
            "assertion_names": ASSERTION,
            "id": f"_assertion-{self.made}-{asked.id}",
            "issued": instant(now),
            "issuer": self.issuer,
            "format": PERSISTENT,
            "subject": "0815",
            "method": "bearer",
            "in_response_to": f' InResponseTo="{asked.id}"',
            "recipient": asked.answer_url,
            "confirmed_until": instant(soon),
            "not_before": instant(past),
            "not_on_or_after": instant(soon),
            "audience": asked.issuer,
            "condition": "",
            "signed_in": instant(past),
            "session": "",
            "context": PASSWORD,
            "attributes": "".join(
                _ATTRIBUTE.format(name=name, values="".join(_VALUE.format(value=value) for value in values))
                for name, values in attributes.items()
            ),
        }
        return _ASSERTION.format(**(fields | changes))

    def signed(self, assertion: str, *, signature: str = "rsa-sha256", digest: str = "sha256") -> str:
        """The assertion with our signature in it."""
        element = etree.fromstring(assertion)
        signer = _AnySigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=signature,
            digest_algorithm=digest,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        done = signer.sign(element, key=key, cert=self.certificate, reference_uri=f"#{element.get('ID')}", id_attribute="ID")
        return etree.tostring(done).decode()

    def response(self, asked: AuthnRequest, assertion: str, *, now: datetime, **changes: object) -> str:
        """A response around an assertion; it is not signed itself."""
        fields: dict[str, object] = {
            "protocol": PROTOCOL,
            "assertion_names": ASSERTION,
            "response_id": f"_response-{self.made}",
            "issued": instant(now),
            "response_to": f' InResponseTo="{asked.id}"',
            "destination": asked.answer_url,
            "response_issuer": self.issuer,
            "status": "Success",
            "assertion": assertion,
        }
        return _RESPONSE.format(**(fields | changes))

    def answer(self, asked: AuthnRequest, *, now: datetime, **changes: object) -> str:
        """A whole answer as it should be but for ``changes`` of the assertion."""
        return self.response(asked, self.signed(self.assertion(asked, now=now, **changes)), now=now)


def encoded(answer: str) -> str:
    """As a form carries it."""
    return b64encode(answer.encode()).decode()


def instant(at: datetime) -> str:
    """As SAML writes times."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
