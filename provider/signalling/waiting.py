"""Sockets that have shown no ticket yet: anybody can open one, so their number is bounded."""

from provider.errors import TooMany

LIMIT = 200


class Waiting:
    """One for a process."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._sockets: set[object] = set()

    def add(self, socket: object) -> None:
        """Let ``socket`` wait for its ``hello``.

        Raises:
            TooMany: as many as may do so already.

        """
        if len(self._sockets) >= self._limit:
            raise TooMany("too many sockets wait for their hello")
        self._sockets.add(socket)

    def remove(self, socket: object) -> None:
        """It has a seat, or is over."""
        self._sockets.discard(socket)


WAITING = Waiting()
