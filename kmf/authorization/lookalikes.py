"""Addresses as a person must see them who confirms one: what is not plain Latin is spelled out, so that a lookalike is noticed.

Spec: RFC 5891 (A-labels begin with ``xn--``); Unicode TR 39 section 5 (mixed scripts).
"""

import unicodedata
from dataclasses import dataclass

_PUNYCODE = "xn--"


@dataclass(frozen=True)
class ShownAddress:
    """An address and what is odd about it.

    Attributes:
        written: as it was asked for.
        wire: the same with its domain as the mail system reads it (ASCII); equal to ``written`` for a plain one.
        displayed: the same as a mail program may display it, where that differs; else empty.
        scripts: writing systems of its letters, by name, if there is any beside Latin.
        foreign: its characters that are not ASCII, each with its name.

    """

    written: str
    wire: str
    displayed: str
    scripts: tuple[str, ...]
    foreign: tuple[tuple[str, str], ...]

    @property
    def is_plain(self) -> bool:
        """Whether nothing about it needs a second look."""
        return not self.scripts and not self.foreign and not self.displayed


def shown_address(address: str) -> ShownAddress:
    """``address`` taken apart for the page that asks whether it is meant."""
    local, at, domain = address.rpartition("@")
    displayed = local + at + ".".join(_decoded(label) for label in domain.split("."))
    wire = local + at + ".".join(_encoded(label) for label in domain.split("."))
    foreign = dict.fromkeys(character for character in displayed if not character.isascii())
    return ShownAddress(
        written=address,
        wire=wire,
        displayed=displayed if displayed != address else "",
        scripts=_scripts(displayed),
        foreign=tuple((character, unicodedata.name(character, "a character without a name")) for character in foreign),
    )


def _scripts(text: str) -> tuple[str, ...]:
    """Scripts of the letters, by the first word of their names; empty where all are Latin."""
    words = dict.fromkeys(unicodedata.name(letter, "UNKNOWN").split()[0] for letter in text if letter.isalpha())
    found = tuple(word.capitalize() for word in words)
    return () if set(found) <= {"Latin"} else found


def _decoded(label: str) -> str:
    if not label.startswith(_PUNYCODE):
        return label
    try:
        decoded = label.removeprefix(_PUNYCODE).encode().decode("punycode")
    except (UnicodeError, ValueError):
        return label
    return decoded if decoded.isprintable() else label


def _encoded(label: str) -> str:
    return label if label.isascii() else _PUNYCODE + unicodedata.normalize("NFC", label).encode("punycode").decode()
