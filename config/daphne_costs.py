"""Work that Daphne's libraries do for each connection though nobody looks at its outcome (ADR 0029).

* Autobahn formats some forty options for a debug log, whether it is on or off: most of what a handshake costs.
* Twisted puts the ``Content-Type`` of each POST through an e-mail parser: for one text the answer is always the same.

What does not look as expected is left alone: it only costs more.
"""

import sys
from functools import lru_cache
from pprint import pformat
from typing import Any


def spare() -> None:
    """Spare them that, where they are loaded: a process of another server has neither."""
    autobahn: Any = sys.modules.get("autobahn.websocket.protocol")
    if getattr(autobahn, "pformat", None) is pformat:
        autobahn.pformat = _unformatted
    http: Any = sys.modules.get("twisted.web.http")
    if callable(getattr(http, "_parseContentType", None)):
        http._parseContentType = lru_cache(maxsize=64)(http._parseContentType)  # noqa: SLF001  looked at above


def _unformatted(_options: object) -> str:
    return "…"
