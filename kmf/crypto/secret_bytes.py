"""Key bytes in Python: nothing that prints, stores or ships a value can carry them by accident."""

import hmac
from typing import NoReturn


class SecretBytes:
    """Immutable secret bytes without repr, hash, pickle, copy or JSON; ``==`` takes constant time.

    ``expose()`` is the one word to look for in a review.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # unhashable on purpose: no dict key, no set member

    def __init__(self, value: bytes) -> None:
        object.__setattr__(self, "_value", bytes(value))

    def expose(self) -> bytes:
        """The bytes themselves."""
        value: bytes = object.__getattribute__(self, "_value")
        return value

    def __len__(self) -> int:
        return len(self.expose())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretBytes):
            return NotImplemented
        return hmac.compare_digest(self.expose(), other.expose())

    def __repr__(self) -> str:
        return "SecretBytes(…)"

    def __setattr__(self, _name: str, _value: object) -> NoReturn:
        raise AttributeError("SecretBytes is immutable")

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("SecretBytes cannot be pickled")

    def __copy__(self) -> NoReturn:
        raise TypeError("SecretBytes cannot be copied")

    def __deepcopy__(self, _memo: object) -> NoReturn:
        raise TypeError("SecretBytes cannot be copied")
