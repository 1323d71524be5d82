"""Stored form of the tree: tiles of 256 hashes, as C2SP tlog-tiles lays them out. Pure; no database.

The tile ``(level, index)`` holds the hashes of up to 256 complete subtrees of ``256 ** level`` leaves each. Whatever lies
between two levels is computed from one tile, so a proof in a tree of n leaves reads O(log n) tiles.
"""

from collections.abc import Callable, Iterable

from conferences.audit.merkle import node_hash

WIDTH = 256  # hashes in a full tile
HASH = 32  # bytes of one
LEVELS = 8  # tree levels in a tile

Tile = tuple[int, int]


class TileTree:
    """Reads nodes from tiles, and grows them. ``changed`` holds what must be stored anew."""

    def __init__(self, size: int, load: Callable[[Tile], bytes]) -> None:
        self.size = size
        self.changed: dict[Tile, bytes] = {}
        self._load = load
        self._tiles: dict[Tile, bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree, see :data:`conferences.audit.merkle.Node`."""
        count = 1 << level % LEVELS
        first = index * count
        tile = self._tile((level // LEVELS, first // WIDTH))
        at = first % WIDTH * HASH
        return _reduced(tile[at : at + count * HASH])

    def append(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        for leaf in leaves:
            self._put(0, self.size, leaf)
            self.size += 1

    def _put(self, level: int, index: int, digest: bytes) -> None:
        name = (level, index // WIDTH)
        at = index % WIDTH * HASH
        tile = (self._tile(name)[:at] if at else b"") + digest
        self._tiles[name] = self.changed[name] = tile
        if len(tile) == WIDTH * HASH:
            self._put(level + 1, index // WIDTH, _reduced(tile))

    def _tile(self, name: Tile) -> bytes:
        if name not in self._tiles:
            self._tiles[name] = self._load(name)
        return self._tiles[name]


def _reduced(hashes: bytes) -> bytes:
    """Root over a power of two of hashes."""
    while len(hashes) > HASH:
        hashes = b"".join(
            node_hash(hashes[at : at + HASH], hashes[at + HASH : at + 2 * HASH]) for at in range(0, len(hashes), 2 * HASH)
        )
    return hashes
