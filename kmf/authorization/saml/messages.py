"""What we say to a provider: the request, by redirect, and our metadata.

Spec: SAML 2.0 Core section 3.4.1; Bindings section 3.4.4.1 (DEFLATE); Metadata section 2.4.4.
"""

import zlib
from base64 import b64encode
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from lxml import etree

from kmf.authorization.saml.configuration import SamlProvider
from kmf.authorization.saml.names import ASSERTION, METADATA, PERSISTENT, POST_BINDING, PROTOCOL

_NAMES = {"samlp": PROTOCOL, "saml": ASSERTION}
_RAW_DEFLATE = -15  # zlib's way to say "no header"


def request_url(
    provider: SamlProvider,
    *,
    request_id: str,
    relay_state: str,
    audience: str,
    answer_url: str,
    is_forced: bool,
    wants_factor: bool,
    now: datetime,
) -> str:
    """Where to send a browser so that the provider signs its person in.

    Args:
        provider: whom to ask.
        request_id: what the answer must name.
        relay_state: handle that comes back with the answer, at most 80 bytes.
        audience: our name towards it.
        answer_url: where the answer is to go.
        is_forced: it is to ask the person again, whatever session he has.
        wants_factor: of the contexts that say that there was a second factor.
        now: UTC.

    """
    request = _request(provider, request_id=request_id, audience=audience, answer_url=answer_url, is_forced=is_forced, now=now)
    if wants_factor and provider.factor_contexts:
        wanted = etree.SubElement(request, f"{{{PROTOCOL}}}RequestedAuthnContext", Comparison="exact")
        for context in provider.factor_contexts:
            etree.SubElement(wanted, f"{{{ASSERTION}}}AuthnContextClassRef").text = context
    compressor = zlib.compressobj(wbits=_RAW_DEFLATE)
    packed = compressor.compress(etree.tostring(request)) + compressor.flush()
    query = urlencode({"SAMLRequest": b64encode(packed).decode(), "RelayState": relay_state})
    return f"{provider.sign_in_url}{'&' if '?' in provider.sign_in_url else '?'}{query}"


def _request(
    provider: SamlProvider, *, request_id: str, audience: str, answer_url: str, is_forced: bool, now: datetime
) -> Any:
    request = etree.Element(
        f"{{{PROTOCOL}}}AuthnRequest",
        nsmap=_NAMES,
        ID=request_id,
        Version="2.0",
        IssueInstant=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        Destination=provider.sign_in_url,
        AssertionConsumerServiceURL=answer_url,
        ProtocolBinding=POST_BINDING,
    )
    if is_forced:
        request.set("ForceAuthn", "true")
    etree.SubElement(request, f"{{{ASSERTION}}}Issuer").text = audience
    if not provider.subject_attribute:
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
