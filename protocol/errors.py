"""What parsing and verifying may raise.

    ProtocolError
    ├── Malformed       not of the form of docs/protocol.md
    ├── InvalidToken    access token refused
    └── InvalidProof    DPoP proof refused
        └── NonceNeeded     it would do with a nonce of the server

``reason`` is a short fixed text without any input: safe to log and to audit, never for an outsider.
"""


class ProtocolError(Exception):
    """Root. ``code`` is what an outsider may learn, ``reason`` is for the audit."""

    code = "malformed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Malformed(ProtocolError):
    """Input is not of the agreed form."""


class InvalidToken(ProtocolError):
    """An access token was refused."""

    code = "invalid_token"


class InvalidProof(ProtocolError):
    """A DPoP proof was refused."""

    code = "invalid_dpop_proof"


class NonceNeeded(InvalidProof):
    """A proof whose time does not show that it is of this moment; with a nonce it would do (RFC 9449 section 8)."""

    code = "use_dpop_nonce"
