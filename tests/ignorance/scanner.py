"""Looking for many byte strings at once in gigabytes: four bytes of each select candidates, a comparison decides."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from tests.ignorance.spellings import spellings

CHUNK = 16 << 20
_BITS = 22
_MULTIPLIER = np.uint32(2654435761)  # Knuth's, to spread the four bytes over the table


class Scanner:
    """Finds the values of many kinds in byte strings of any length."""

    def __init__(self, values: dict[str, list[bytes | str]]) -> None:
        """Take ``values`` by kind."""
        self._by_anchor: dict[int, list[tuple[int, bytes, str]]] = defaultdict(list)
        self._longest = 0
        for kind, members in values.items():
            for form in {form for value in members for form in spellings(value)}:
                at = (len(form) - 4) // 2
                anchor = int.from_bytes(form[at : at + 4], "little")
                self._by_anchor[anchor].append((at, form, kind))
                self._longest = max(self._longest, len(form))
        self._table = np.zeros(1 << _BITS, bool)
        self._table[self._slots(np.array(list(self._by_anchor), np.uint32))] = True

    def kinds_in(self, pieces: Iterable[bytes]) -> dict[str, int]:
        """How often each kind occurs in ``pieces``; kinds that do not are left out."""
        counts: dict[str, int] = defaultdict(int)
        for piece in pieces:
            for chunk in self._chunks(piece):
                for kind in self._hits(chunk):
                    counts[kind] += 1
        return dict(counts)

    def _chunks(self, piece: bytes) -> Iterator[bytes]:
        for start in range(0, len(piece), CHUNK):
            yield piece[start : start + CHUNK + self._longest]  # what lies across the border is seen (twice, perhaps)

    def _hits(self, data: bytes) -> Iterator[str]:
        for shift in range(4):
            count = (len(data) - shift) // 4
            if count <= 0:
                return
            words = np.frombuffer(data, "<u4", count=count, offset=shift)
            for index in np.flatnonzero(self._table[self._slots(words)]):
                place = int(index) * 4 + shift
                for at, form, kind in self._by_anchor.get(int(words[index]), ()):
                    if place >= at and data.startswith(form, place - at):
                        yield kind

    @staticmethod
    def _slots(words: np.ndarray) -> np.ndarray:
        return (words * _MULTIPLIER) >> np.uint32(32 - _BITS)
