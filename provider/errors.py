"""What the conference provider refuses.

    ProviderError
    ├── NotAuthorized      token, proof, signature or ticket refused
    │   └── InvalidDPoPProof
    ├── Malformed          message or body not of the agreed form
    ├── TooLarge           over its limit
    ├── TooMany            too often
    ├── Ended              the conference is closed, or the endpoint was put out, since its token was issued
    └── Unavailable        the MDD, or the KMF's keys, are away
        └── MDDGone        Janus ended or does not answer
            └── MDDRefused Janus answered with an error; ``number`` is its own

``code`` is what an outsider may learn, ``reason`` a fixed text without input: safe to log.
"""


class ProviderError(Exception):
    """Root."""

    code = "unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAuthorized(ProviderError):
    """Who asks has not shown that he may."""

    code = "invalid_token"


class InvalidDPoPProof(NotAuthorized):
    """The proof of possession was refused."""

    code = "invalid_dpop_proof"


class Malformed(ProviderError):
    """Not of the form of docs/protocol.md section 7."""

    code = "malformed"


class TooLarge(ProviderError):
    """Over the limits of docs/protocol.md section 9."""

    code = "too_large"


class TooMany(ProviderError):
    """Too often; ``retry_after_s`` says when again."""

    code = "too_many"

    def __init__(self, reason: str, *, retry_after_s: int = 10) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Ended(ProviderError):
    """The KMF closed the conference, or put this endpoint out, after it had issued the token."""

    code = "ended"


class Unavailable(ProviderError):
    """A part that is needed is away."""


class MDDGone(Unavailable):
    """Janus ended, or did not answer in time; ``hangs`` is the latter."""

    code = "mdd_gone"

    def __init__(self, reason: str, *, hangs: bool = False) -> None:
        super().__init__(reason)
        self.hangs = hangs


class MDDRefused(MDDGone):
    """Janus refused a request."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the MDD refused a request ({number})")
        self.number = number
