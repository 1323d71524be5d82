"""Names of SAML and XML Signature, and our own names towards a provider.

Spec: SAML 2.0 Core (saml-core-2.0-os), Bindings, Metadata; XML Signature 1.1.
"""

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"

POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def entity_id(auth_origin: str, provider_name: str) -> str:
    """Our name towards a provider: where our metadata is. Each provider knows us by another, so that none can play another."""
    return f"{auth_origin}/sign-in/saml/{provider_name}/metadata"


def answer_url(auth_origin: str, provider_name: str) -> str:
    """Where a provider's answer comes to (SAML calls it the assertion consumer service)."""
    return f"{auth_origin}/sign-in/saml/{provider_name}/answer"
