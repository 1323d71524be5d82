"""What endpoints said or were told since the last tick, for its audit rows: what is alike stands together."""

from collections.abc import Iterable, Mapping

Detail = int | str | tuple[int, ...]
Note = tuple[str, tuple[tuple[str, Detail], ...]]  # event, and what was said


class Notes:
    """Source ids by what they said."""

    def __init__(self) -> None:
        self._alike: dict[Note, list[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._alike)

    def add(self, event: str, source_ids: Iterable[int], **details: Detail) -> None:
        """Put down that these endpoints said the same."""
        self._alike.setdefault((event, tuple(details.items())), []).extend(source_ids)

    def take(self) -> Mapping[Note, list[int]]:
        """All of it, in the order in which each was said first; nothing is left."""
        taken, self._alike = self._alike, {}
        return taken

    def give_back(self, taken: Mapping[Note, list[int]]) -> None:
        """It could not be recorded: it comes before what was said meanwhile."""
        said, self._alike = self._alike, dict(taken)
        for note, source_ids in said.items():
            self._alike[note] = self._alike.get(note, []) + source_ids
