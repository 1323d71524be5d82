"""Errors of the KMF. ``code`` goes to the asker, ``reason`` to the audit only.

KMFError
├── Refused            an answer about rights
│   ├── Denied         withdrawn; Stranger: not invited, unknown. One and the same code
│   ├── TooEarly · Ended · Locked · Full · TooMany
│   ├── WeakSignIn        invited, but not signed in as strongly as the conference demands
│   ├── Waits · Declined          the initiator has yet to let him in, or did not
│   └── StepUp · UnknownParticipant   of moderation
├── NotAdmitted        a socket without a released key
├── KeyRequestMalformed · MessageTooLarge · TooManyMessages
└── KMFUnavailable     sealed, or a part is away: no key leaves
    ├── RootKeyAway    the root key cannot be reached
    └── RootKeyWrong   it is there and does not open the day keys
"""


class KMFError(Exception):
    """Root of the tree. The message is safe to log: it is made without input."""

    code = "denied"

    def __init__(self, reason: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Refused(KMFError):
    """The request was understood and is refused."""


class Denied(Refused):
    """Not invited, withdrawn or unknown; alike from outside (DESIGN section 14)."""

    code = "denied"


class Stranger(Denied):
    """Denied to somebody who was never invited; the code tells nobody so."""


class TooEarly(Refused):
    """Invited, but the conference does not open yet."""

    code = "too_early"


class Ended(Refused):
    """The conference is over."""

    code = "ended"


class Locked(Refused):
    """Nobody new comes in at the moment."""

    code = "locked"


class Waits(Refused):
    """The initiator must let this identity in first; ``name`` is how he sees it."""

    code = "waiting"

    def __init__(self, reason: str, *, name: str, retry_after_s: int) -> None:
        super().__init__(reason, retry_after_s=retry_after_s)
        self.name = name


class Declined(Refused):
    """The initiator did not let this identity in."""

    code = "declined"


class StepUp(Refused):
    """Loosening a running conference needs a sign-in younger than ten minutes."""

    code = "step_up"


class WeakSignIn(Refused):
    """The conference demands a stronger or younger sign-in; ``acr`` and ``max_age_s`` are what to ask the person for."""

    code = "step_up"

    def __init__(self, reason: str, *, acr: str, max_age_s: int) -> None:
        super().__init__(reason)
        self.acr = acr
        self.max_age_s = max_age_s


class UnknownParticipant(Refused):
    """Nobody of this identity waits, is present or is banned, as the order would have it."""

    code = "unknown_participant"


class Full(Refused):
    """Every seat is taken."""

    code = "full"


class TooMany(Refused):
    """More than six joins a minute for one participant."""

    code = "too_many"


class NotAdmitted(Refused):
    """The endpoint holds no released key: it must ask for one first."""

    code = "denied"


class KeyRequestMalformed(KMFError):
    """The body is not of the form of docs/protocol.md section 3."""

    code = "malformed"


class MessageTooLarge(KMFError):
    """A body or message over the limits of docs/protocol.md section 9."""

    code = "too_large"


class TooManyMessages(KMFError):
    """A socket or an address says more than anybody has to say."""

    code = "too_many"


class KMFUnavailable(KMFError):
    """The root key or another part is away; fail closed."""

    code = "unavailable"


class RootKeyAway(KMFUnavailable):
    """The root key provider cannot be reached: sealed until it can."""


class RootKeyWrong(KMFUnavailable):
    """The root key is there, and is not the one that the day keys were sealed under."""

    def __init__(self) -> None:
        super().__init__("root key does not open the day keys")
