"""What a page says of its installation, read from itself, and put into the released form. Pure."""

import re
from dataclasses import asdict, dataclass
from typing import Self

from endpoint_release.errors import PageWrong

_ORIGIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?")
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_BODY = re.compile(r"<body\b([^>]*)>")


@dataclass(frozen=True, slots=True)
class Installation:
    """Four origins and the key of roster statements, as the page names them."""

    kmf: str
    auth: str
    provider: str
    core: str
    roster_key: str

    @classmethod
    def placeholders(cls) -> Self:
        """The released form itself."""
        return cls("{kmf}", "{auth}", "{provider}", "{core}", "{roster_key}")

    @property
    def socket(self) -> str:
        """The KMF's origin for WebSockets."""
        return "{socket}" if self.kmf == "{kmf}" else self.kmf.replace("http", "ws", 1)

    def fill(self, released: str) -> str:
        """A released text as this installation serves it."""
        for name, value in (asdict(self) | {"socket": self.socket}).items():
            released = released.replace(f"{{{name}}}", value)
        return released


def read_installation(page: str) -> Installation:
    """Read what the page's body names.

    Raises:
        PageWrong: something is missing, twice, or not of its form.

    """
    bodies = _BODY.findall(page)
    if len(bodies) != 1:
        raise PageWrong("the page has not one body")
    values = {}
    for name in ("kmf", "auth", "provider", "core", "roster-key"):
        found = re.findall(rf'\sdata-{name}="([^"]*)"', bodies[0])
        form = _KEY if name == "roster-key" else _ORIGIN
        if len(found) != 1 or not form.fullmatch(found[0]):
            message = f"the page does not say its {name} in its form"
            raise PageWrong(message)
        values[name.replace("-", "_")] = found[0]
    return Installation(**values)
