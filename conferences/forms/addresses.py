"""People or rooms as they are typed: ``address`` or ``Name <address>``, one a line or with , or ; between."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from conferences.forms.lines import parse_line
from conferences.services.plan import Invitee

NAMED = re.compile(r"^\s*(?P<name>[^<>]*?)\s*<\s*(?P<address>[^<>\s]+)\s*>\s*$")
SEPARATOR = re.compile(r"[\r\n;]+|,(?![^<\n]*>)")
LONGEST_ADDRESS, LONGEST_NAME = 254, 200
SHOWN = 60  # characters of a wrong entry that its message repeats


def parse_invitees(text: str, kind: str) -> tuple[list[Invitee], list[ValidationError]]:
    """Invitees in order, and one error for each entry that is none. ``kind`` is that of all of them."""
    invitees: list[Invitee] = []
    errors: list[ValidationError] = []
    for entry in filter(None, (part.strip(" \t") for part in SEPARATOR.split(text))):
        try:
            invitees.append(parse_invitee(entry, kind))
        except ValidationError as error:
            errors.append(error)
    return invitees, errors


def parse_invitee(entry: str, kind: str) -> Invitee:
    """One invitee.

    Raises:
        ValidationError: it is no e-mail address, or its name cannot be shown.

    """
    named = NAMED.match(entry)
    name = parse_line(named["name"].strip("\"' "), "A name") if named else ""
    address = (named["address"] if named else entry).strip().lower()
    shown = parse_shown(entry)
    if len(name) > LONGEST_NAME:
        msg = f"The name of “{shown}” is longer than {LONGEST_NAME} characters."
        raise ValidationError(msg, code="too_long")
    if len(address) > LONGEST_ADDRESS:
        msg = f"“{shown}” is longer than an e-mail address can be."
        raise ValidationError(msg, code="too_long")
    try:
        validate_email(address)
    except ValidationError:
        msg = f"“{shown}” is not an e-mail address."
        raise ValidationError(msg, code="not_an_address") from None
    return Invitee(identity=address, name=name, kind=kind)


def parse_shown(entry: str) -> str:
    """``entry`` as a message may repeat it: printable, short."""
    printable = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in entry)
    return printable if len(printable) <= SHOWN else printable[:SHOWN] + "…"
