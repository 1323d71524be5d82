"""Who may know what: one row a kind of value, one column a place. The document and the test are both made of this."""

from dataclasses import dataclass

NEVER, MAY, KNOWS = "never", "may", "knows"
SIGNS = {NEVER: "-", MAY: "(✓)", KNOWS: "✓"}

PEOPLE = ("titles", "names", "e-mail addresses")
KEYS = ("EKT keys", "member secrets, conference and day keys", "root key")
CREDENTIALS = ("passwords", "sessions", "authorization codes", "tokens for the trusted side", "proofs")
KINDS = (
    *PEOPLE,
    "conference ids",
    "account ids",
    "handles and pseudonyms",
    *KEYS,
    "endpoints' private keys",
    *CREDENTIALS,
    "tokens for the provider",
    "secrets of the trusted side",
    "secrets of the provider",
    "secrets of the media servers",
    "ICE passwords",
)


@dataclass(frozen=True)
class Place:
    """Where is looked. What neither ``knows`` nor ``may`` names is never there; what ``knows`` names is found there."""

    name: str
    knows: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    needs_root: bool = False

    def verdict(self, kind: str) -> str:
        return KNOWS if kind in self.knows else MAY if kind in self.may else NEVER


_INVITATION = (*PEOPLE, "conference ids")
_OF_THE_KMF = (*_INVITATION, "account ids", "handles and pseudonyms")
PROVIDER_SIDE = (
    Place("provider's database", knows=("handles and pseudonyms",)),
    Place("provider's configuration", knows=("secrets of the provider", "secrets of the media servers")),
    Place("provider-side logs", may=("handles and pseudonyms",)),
    Place(
        "provider's memory",
        knows=("handles and pseudonyms", "ICE passwords", "secrets of the media servers", "secrets of the provider"),
        may=("tokens for the provider",),
        needs_root=True,
    ),
    Place("Janus' memory", knows=("ICE passwords", "secrets of the media servers"), needs_root=True),
    Place("coturn's memory", knows=("secrets of the media servers",), needs_root=True),
    Place(
        "provider's and Janus' traffic",
        knows=("handles and pseudonyms", "ICE passwords", "tokens for the provider", "secrets of the media servers"),
        needs_root=True,
    ),
    Place("media and relay traffic", needs_root=True),
)
TRUSTED_SIDE = (
    Place("trusted database", knows=_OF_THE_KMF),
    Place("whole database cluster, write-ahead log included", knows=_OF_THE_KMF),
    Place("Valkey", knows=("conference ids",)),
    Place("trusted logs", may=("conference ids",)),
    Place("mails", knows=_INVITATION),
    Place("temporary files"),
    Place(
        "trusted site's memory",
        knows=(*_OF_THE_KMF, KEYS[1], "tokens for the trusted side", "secrets of the trusted side"),
        may=(*KEYS, *CREDENTIALS, "tokens for the provider"),  # other keys are read at each use and overwritten soon
        needs_root=True,
    ),
    Place(
        "worker's memory",
        knows=("secrets of the trusted side",),
        may=(*_OF_THE_KMF, *KEYS),
        needs_root=True,
    ),
)
ENDPOINT = (Place("leaver's browser profile", knows=("conference ids",), may=(*PEOPLE, "sessions", "authorization codes")),)
PLACES = (*PROVIDER_SIDE, *TRUSTED_SIDE, *ENDPOINT)


def as_markdown() -> str:
    """The tables of ``docs/security/what-each-party-knows.md``."""
    sides = (("Provider's side", PROVIDER_SIDE), ("Trusted side", TRUSTED_SIDE), ("Endpoint", ENDPOINT))
    return "\n\n".join(f"### {title}\n\n{_table(places)}" for title, places in sides)


def _table(places: tuple[Place, ...]) -> str:
    head = ["| kind of value | " + " | ".join(place.name for place in places) + " |", "|---" * (len(places) + 1) + "|"]
    rows = [f"| {kind} | " + " | ".join(SIGNS[place.verdict(kind)] for place in places) + " |" for kind in KINDS]
    return "\n".join(head + rows)
