"""Asking a directory who somebody is: found by the service account, shown by his own password, and what of him counts.

Spec: RFC 4513 section 5.1.3; RFC 4515 section 3.
"""

import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import Any

import ldap3

from kmf.authorization.company.claims import SUBJECT_MAX, CompanyClaims
from kmf.authorization.ldap.configuration import LdapDirectory, plain_dn
from kmf.authorization.ldap.connections import ANSWER_S, bound
from kmf.authorization.ldap.errors import DirectoryAway, WrongPassword

_LOGIN_MAX, _PASSWORD_MAX, _NAME_MAX, _ADDRESS_MAX = 254, 512, 200, 254
_MOST_GROUPS = 2000
_SUCCESS, _SIZE_LIMIT = 0, 4


def find_out(directory: LdapDirectory, login: str, password: str, *, now: datetime) -> CompanyClaims:
    """Who it is that knows this password.

    Args:
        directory: which to ask.
        login: as it was typed.
        password: as it was typed.
        now: UTC, the time of the sign-in.

    Raises:
        WrongPassword: nobody of this login, several, or another password.
        DirectoryAway: nobody can tell now.

    """
    # To believe a password we must, in this order:
    #   1. have one: a bind without it succeeds as nobody
    #   2. find exactly one entry by what was typed, which cannot be more of a filter than a value
    #   3. see the directory take the password for that entry, and do the same work where there is none
    #   4. read what counts of it, as the service account: nobody vouches for himself

    # (1)
    login = login.strip()
    if not password or len(password) > _PASSWORD_MAX or "\0" in password:
        raise WrongPassword("no password")
    if not 0 < len(login) <= _LOGIN_MAX or any(unicodedata.category(each) == "Cc" for each in login):
        raise WrongPassword("no login")
    # (2)
    with _service(directory) as service:
        entry = _person(directory, service, login)
        # (3)
        dn = entry["dn"] if entry is not None else f"cn={secrets.token_hex(8)},{directory.base}"
        with bound(directory, dn, password):
            if entry is None:
                raise WrongPassword("directory knows nobody of this login")
        # (4)
        return _claims(directory, service, entry, now)


@contextmanager
def _service(directory: LdapDirectory) -> Iterator[Any]:
    """The service account's connection. That it is refused says nothing of the person."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(bound(directory, directory.bind_dn, directory.bind_password))
        except WrongPassword:
            raise DirectoryAway("directory does not take the service account") from None
        yield connection


def escaped(value: str) -> str:
    """``value`` as it stands in a filter: by its bytes but for letters and digits, so that nothing of it is read as more."""
    return "".join(chr(each) if chr(each).isascii() and chr(each).isalnum() else f"\\{each:02x}" for each in value.encode())


def _person(directory: LdapDirectory, service: Any, login: str) -> dict[str, Any] | None:
    """The one entry of this login; None for nobody, and for several."""
    names = {directory.id_attribute, directory.email_attribute, directory.name_attribute, directory.groups_attribute}
    wanted = directory.login_filter.replace("{login}", escaped(login))
    entries = _search(service, directory.base, wanted, attributes=sorted(names), most=2)
    return entries[0] if len(entries) == 1 else None


def _search(service: Any, base: str, wanted: str, *, attributes: list[str], most: int) -> list[dict[str, Any]]:
    service.search(
        base,
        wanted,
        search_scope=ldap3.SUBTREE,
        dereference_aliases=ldap3.DEREF_NEVER,
        attributes=attributes,
        size_limit=most,
        time_limit=ANSWER_S,
    )
    if service.result["result"] == _SIZE_LIMIT:
        return []
    if service.result["result"] != _SUCCESS:
        raise DirectoryAway("directory does not search")  # also where it refers to another
    # References to other servers stand beside the entries; nobody goes there.
    return [each for each in service.response if each["type"] == "searchResEntry"]


def _claims(directory: LdapDirectory, service: Any, entry: dict[str, Any], now: datetime) -> CompanyClaims:
    held = {name.lower(): values for name, values in entry["raw_attributes"].items()}
    subject = _identifier(held.get(directory.id_attribute.lower(), []))
    emails = _texts(held.get(directory.email_attribute.lower(), []))
    names = _texts(held.get(directory.name_attribute.lower(), []))
    if directory.group_base:
        wanted = f"({directory.member_attribute}={escaped(entry['dn'])})"
        found = _search(service, directory.group_base, wanted, attributes=[ldap3.NO_ATTRIBUTES], most=_MOST_GROUPS)
        groups = [each["dn"] for each in found]
    else:
        groups = _texts(held.get(directory.groups_attribute.lower(), []))[:_MOST_GROUPS]
    return CompanyClaims(
        subject=subject,
        email=_address(emails[0] if emails else ""),
        name=(names[0] if names else "")[:_NAME_MAX].strip(),
        groups=frozenset(plain_dn(group) for group in groups),
        signed_in_at=now,
        amr=(),
    )


def _identifier(values: list[bytes]) -> str:
    """The one value, as text; one that is none (Active Directory's ``objectGUID``) by its bytes."""
    if len(values) != 1 or not values[0]:
        raise DirectoryAway("directory does not name people by the id_attribute")
    [text] = _texts(values) or [values[0].hex()]
    if len(text) > SUBJECT_MAX:
        raise DirectoryAway("directory does not name people by the id_attribute")
    return text


def _texts(values: list[bytes]) -> list[str]:
    texts = []
    for value in values:
        with suppress(UnicodeDecodeError):
            text = value.decode()
            if text.isprintable():
                texts.append(text)
    return texts


def _address(text: str) -> str:
    text = text.strip().lower()
    return text if text.count("@") == 1 and len(text) <= _ADDRESS_MAX else ""
