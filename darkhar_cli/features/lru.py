"""What was used last, as much as fits: entries of the feature cache, compiled frame sizes, traced classifiers."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LeastRecentlyUsed(Generic[Key, Value]):
    """A mapping that forgets what was not used for longest where its values get too large together.

    Args:
        room: how much fits.
        size_of: how much of it a value takes; by default one each. The newest value is kept, however large it is.
    """

    def __init__(self, room: int, size_of: Callable[[Value], int] = lambda _: 1):
        self._room, self._size_of = room, size_of
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        """Return a value, if it is still there; it is now the one used last."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep a value; those not used for longest make room."""
        self.drop(key)
        self._values[key] = value
        self._room -= self._size_of(value)
        while self._room < 0 and len(self._values) > 1:
            self._room += self._size_of(self._values.popitem(last=False)[1])

    def drop(self, key: Key) -> None:
        """Forget a value, if it is there."""
        if key in self._values:
            self._room += self._size_of(self._values.pop(key))

    def clear(self) -> None:
        """Forget all of them."""
        for key in list(self._values):
            self.drop(key)
