"""How strongly somebody signed in, as tokens say it (``acr``) and conferences demand it (docs/protocol.md section 2)."""

from enum import IntEnum

from protocol.errors import Malformed


class Strength(IntEnum):
    """Each includes those before it."""

    ANY = 1  # whoever can read the mail of an invited address
    COMPANY = 2  # an account of the organisation
    SECOND_FACTOR = 3  # and a second factor, or a passkey that asked for its owner

    @property
    def acr(self) -> str:
        """Its word on the wire."""
        return _WORDS[self]


_WORDS = {Strength.ANY: "any", Strength.COMPANY: "company", Strength.SECOND_FACTOR: "second_factor"}
_BY_WORD = {word: strength for strength, word in _WORDS.items()}


def parse_acr(word: object) -> Strength:
    """The strength that ``word`` names.

    Raises:
        Malformed: none of them.

    """
    if not isinstance(word, str) or word not in _BY_WORD:
        raise Malformed("not a strength of sign-in")
    return _BY_WORD[word]
