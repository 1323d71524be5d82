"""What we say to a provider: the request, by redirect, and our metadata.

Spec: SAML 2.0 Core section 3.4.1; Bindings section 3.4.4.1 (DEFLATE); Metadata section 2.4.4.
"""

import zlib
from base64 import b64encode
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from lxml import etree

from kmf.authorization.saml.asked import Asked
from kmf.authorization.saml.names import ASSERTION, METADATA, PERSISTENT, POST_BINDING, PROTOCOL

_NAMES = {"samlp": PROTOCOL, "saml": ASSERTION}
_RAW_DEFLATE = -15  # zlib's way to say "no header"


def request_url(asked: Asked, *, relay_state: str, wants_factor: bool, now: datetime) -> str:
    """Where to send a browser so that the provider signs its person in.

    Args:
        asked: what is asked, of whom.
        relay_state: handle that comes back with the answer, at most 80 bytes.
        wants_factor: of the contexts that say that there was a second factor.
        now: UTC.

    """
    request, provider = _request(asked, now), asked.provider
    if wants_factor and provider.factor_contexts:
        wanted = etree.SubElement(request, f"{{{PROTOCOL}}}RequestedAuthnContext", Comparison="exact")
        for context in provider.factor_contexts:
            etree.SubElement(wanted, f"{{{ASSERTION}}}AuthnContextClassRef").text = context
    compressor = zlib.compressobj(wbits=_RAW_DEFLATE)
    packed = compressor.compress(etree.tostring(request)) + compressor.flush()
    query = urlencode({"SAMLRequest": b64encode(packed).decode(), "RelayState": relay_state})
    return f"{provider.sign_in_url}{'&' if '?' in provider.sign_in_url else '?'}{query}"


def _request(asked: Asked, now: datetime) -> Any:
    request = etree.Element(
        f"{{{PROTOCOL}}}AuthnRequest",
        nsmap=_NAMES,
        ID=asked.request_id,
        Version="2.0",
        IssueInstant=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        Destination=asked.provider.sign_in_url,
        AssertionConsumerServiceURL=asked.answer_url,
        ProtocolBinding=POST_BINDING,
    )
    if asked.forced_at is not None:
        request.set("ForceAuthn", "true")
    etree.SubElement(request, f"{{{ASSERTION}}}Issuer").text = asked.audience
    if not asked.provider.subject_attribute:
        etree.SubElement(request, f"{{{PROTOCOL}}}NameIDPolicy", Format=PERSISTENT, AllowCreate="true")
    return request


def metadata(*, audience: str, answer_url: str) -> bytes:
    """Our metadata for one provider."""
    entity = etree.Element(f"{{{METADATA}}}EntityDescriptor", nsmap={"md": METADATA}, entityID=audience)
    ours = etree.SubElement(
        entity,
        f"{{{METADATA}}}SPSSODescriptor",
        AuthnRequestsSigned="false",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=PROTOCOL,
    )
    etree.SubElement(ours, f"{{{METADATA}}}NameIDFormat").text = PERSISTENT
    service = {"Binding": POST_BINDING, "Location": answer_url, "index": "0", "isDefault": "true"}
    etree.SubElement(ours, f"{{{METADATA}}}AssertionConsumerService", service)
    document: bytes = etree.tostring(entity, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return document
