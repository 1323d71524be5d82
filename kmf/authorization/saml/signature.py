"""An assertion's signature. What is returned is parsed from the very bytes that were signed, and nothing else is ever read.

So a signature cannot be wrapped around something else: whatever the document says elsewhere, it is not looked at again.

Spec: SAML 2.0 Core section 5.4; XML Signature 1.1; XML Signature Best Practices, section 2.4 ("see what is signed").
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidSignature
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from kmf.authorization.company.errors import CompanyRefused
from kmf.authorization.saml.names import ENVELOPED, EXCLUSIVE, SIGNATURE

_DS = f"{{{SIGNATURE}}}"
_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_EXPECTED = SignatureConfiguration(location="./", expect_references=1, signature_methods=_METHODS, digest_algorithms=_DIGESTS)


def signed_part(element: Any, certificates: Iterable[str]) -> Any:
    """What of ``element`` is signed: itself, read again from the signed bytes.

    Args:
        element: an assertion.
        certificates: PEM; those in the document do not count.

    Raises:
        CompanyRefused: it is not signed, in another form than SAML's, or by nobody of these.

    """
    _check_form(element)
    for pem in certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        # A certificate is here the envelope of a key that an administrator trusts; what it says of time does not count.
        expected = replace(_EXPECTED, verification_time=certificate.not_valid_before_utc)
        try:
            result = XMLVerifier().verify(element, x509_cert=certificate, id_attribute="ID", expect_config=expected)
        except (InvalidSignature, ValueError, etree.LxmlError):
            continue
        part = result.signed_xml if isinstance(result, VerifyResult) else None
        if part is not None and part.tag == element.tag and part.get("ID") == element.get("ID"):
            return part
    raise CompanyRefused("failed", "signature does not hold")


def _check_form(element: Any) -> None:
    # (1) One signature, a child of what it signs.
    signatures = element.findall(f"{_DS}Signature")
    if not signatures:
        raise CompanyRefused("failed", "assertion is not signed")
    if len(signatures) > 1 or len(list(element.iter(f"{_DS}Signature"))) > 1:
        raise CompanyRefused("failed", "assertion has several signatures")
    # (2) It is over this element, whole: one reference, by the element's id, which it has.
    info = signatures[0].find(f"{_DS}SignedInfo")
    references = [] if info is None else info.findall(f"{_DS}Reference")
    if info is None or len(references) != 1 or "ID" not in element.attrib or references[0].get("URI") != f"#{element.get('ID')}":
        raise CompanyRefused("failed", "signature is over something else")
    # (3) Nothing is left out of it but the signature itself.
    transforms = [transform.get("Algorithm") for transform in references[0].iterfind(f"{_DS}Transforms/{_DS}Transform")]
    if transforms != [ENVELOPED, EXCLUSIVE] or _algorithm(info, "CanonicalizationMethod") != EXCLUSIVE:
        raise CompanyRefused("failed", "signature is of another form")
    # (4) Algorithms of today.
    if _algorithm(info, "SignatureMethod") not in _values(_METHODS):
        raise CompanyRefused("failed", "signature algorithm is not allowed")
    if _algorithm(references[0], "DigestMethod") not in _values(_DIGESTS):
        raise CompanyRefused("failed", "digest algorithm is not allowed")


def _algorithm(element: Any, name: str) -> str | None:
    found = element.find(f"{_DS}{name}")
    return None if found is None else found.get("Algorithm")


def _values(algorithms: Iterable[Any]) -> set[str]:
    return {algorithm.value for algorithm in algorithms}
