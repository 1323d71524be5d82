"""Which methods the organisation chose, and how strong a sign-in by some of them is."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from kmf.authorization.methods.method import Method
from protocol.sign_in import Strength

DEFAULT = ("password", "totp", "passkey", "recovery_code")
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


class UnknownMethod(ValueError):
    """The configuration names a method that there is no file of. The message says which."""


def find_methods(names: Iterable[str]) -> tuple[Method, ...]:
    """The methods of these names, in the order in which the sign-in page offers them.

    Raises:
        UnknownMethod: there is no such file, or one is named twice.

    """
    listed = list(names)
    if len(set(listed)) != len(listed):
        raise UnknownMethod("a sign-in method is named twice")
    return tuple(_find(name) for name in listed)


def joined_settings(methods: Iterable[Method], base: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of all methods after those of ``base``; lists and dictionaries of one name are joined."""
    joined: dict[str, Any] = dict(base)
    for method in methods:
        for name, value in method.settings.items():
            held = joined.get(name)
            if isinstance(value, list):
                joined[name] = [*(held or []), *value]
            elif isinstance(value, dict):
                joined[name] = {**(held or {}), **value}
            else:
                joined[name] = value
    return joined


def judge(records: Sequence[Mapping[str, Any]], methods: Iterable[Method]) -> tuple[tuple[str, ...], Strength]:
    """How strong a session is that was opened and confirmed by ``records``.

    Args:
        records: what allauth wrote down of each step, in their order.
        methods: those that the organisation chose; a record of another counts for nothing.

    Returns:
        RFC 8176 words, each once; and the strength. A company sign-in and a second factor together are ``mfa``.

    """
    known = list(methods)
    used = [(method, record) for record in records for method in known if method.made(record)]
    words = list(dict.fromkeys(word for method, record in used for word in method.words_of(record)))
    strengths = [method.strength_of(record) for method, record in used]
    strength = max((one for one in strengths if one is not None), default=Strength.ANY)
    if strength is Strength.COMPANY and None in strengths:
        strength = Strength.SECOND_FACTOR
        words = [*(word for word in words if word != "mfa"), "mfa"]
    return tuple(words), strength


def _find(name: str) -> Method:
    module = f"{__package__}.{name}"
    if _NAME.fullmatch(name) is None or find_spec(module) is None:
        message = f"there is no sign-in method of the name {name!r}"
        raise UnknownMethod(message)
    method = getattr(import_module(module), "METHOD", None)
    if not isinstance(method, Method):
        message = f"there is no sign-in method of the name {name!r}"
        raise UnknownMethod(message)
    return method
