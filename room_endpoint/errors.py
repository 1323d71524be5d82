"""Why an endpoint is out.

EndpointError
├── Away         no answer, or one that says to come back later
├── Refused      the server said no
└── NotGenuine   what came does not hold: a wrap of another's, a roster that nobody signed
"""


class EndpointError(Exception):
    """Root. ``code`` is the server's word or ours; nothing of a key is in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Away(EndpointError):
    """It may be tried again; ``retry_after_s`` says when, where the server did."""

    def __init__(self, code: str, retry_after_s: int | None = None) -> None:
        super().__init__(code)
        self.retry_after_s = retry_after_s


class Refused(EndpointError):
    """The server said no: ``denied``, ``invalid_client``, ``ended`` and others."""


class NotGenuine(EndpointError):
    """It was not made by the KMF for this endpoint."""
