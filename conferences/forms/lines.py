"""One-line texts that go into headers, calendars and other people's screens."""

import unicodedata

from django.core.exceptions import ValidationError

# They reorder or hide what stands beside them: a title could be made to read as another.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def parse_line(text: str, subject: str) -> str:
    """``text`` trimmed, in NFC.

    Raises:
        ValidationError: it holds a line break, a control or a text-direction character. ``subject`` begins the message.

    """
    line = unicodedata.normalize("NFC", text.strip())
    if any(character in "\r\n\u2028\u2029" for character in line):
        msg = f"{subject} must stay on one line."
        raise ValidationError(msg, code="line_break")
    if any(unicodedata.category(character) == "Cc" or character in _REORDERING for character in line):
        msg = f"{subject} holds a character that cannot be shown."
        raise ValidationError(msg, code="control_character")
    return line
