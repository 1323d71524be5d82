"""Where a root key is, in one line: ``file:PATH``, ``environment:NAME``, or a PKCS#11 URI (RFC 7512).

``pkcs11:token=LABEL;object=LABEL?module-path=PATH&pin-source=file:PATH``. Paths that are not absolute begin at the trusted
domain's directory. No secret stands in a specification.
"""

from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings

from kmf.errors import RootKeyAway
from kmf.services.root_keys.provider import RootKey
from kmf.services.root_keys.software import make_root_file, root_of_environment, root_of_file
from kmf.services.root_keys.token import TokenRoot

ENVIRONMENT_PREFIX = "CONCLAVE_ROOT_KEY"


def open_root(specification: str) -> RootKey:
    """The root key at ``specification``.

    Raises:
        RootKeyAway: there is none, or the line says nothing that is known.

    """
    kind, _, place = specification.partition(":")
    if kind == "file" and place:
        return root_of_file(_path(place))
    if kind == "environment" and place.startswith(ENVIRONMENT_PREFIX):
        return root_of_environment(place)
    if kind == "pkcs11":
        return _token(place)
    raise RootKeyAway("the root key's place is not understood")


def make_root(specification: str) -> RootKey:
    """Make a fresh root key there, and return it.

    Raises:
        FileExistsError: one is there.
        RootKeyAway: none can be made there.

    """
    kind, _, place = specification.partition(":")
    if kind == "file" and place:
        make_root_file(_path(place))
    elif kind == "pkcs11":
        _token(place).make()
    else:
        raise RootKeyAway("a root key can be made in a file or a token")
    return open_root(specification)


@lru_cache(maxsize=16)  # a token's session is kept with it
def _token(place: str) -> TokenRoot:
    path, _, query = place.partition("?")
    named = _attributes(path, ";") | _attributes(query, "&")
    try:
        return TokenRoot(
            module=Path(named["module-path"]),
            token=named["token"],
            label=named["object"],
            pin_file=_path(named["pin-source"].removeprefix("file:")),
        )
    except KeyError:
        raise RootKeyAway("the PKCS#11 URI lacks token, object, module-path or pin-source") from None


def _attributes(text: str, separator: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(separator) if part)
    return {name: unquote(value) for name, _, value in pairs}


def _path(text: str) -> Path:
    return Path(settings.ENV.directory) / text
