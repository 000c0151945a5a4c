"""The objects of the server's responses."""

from collections.abc import Collection
from math import inf
from typing import override

from ..base import Json
from ..reader import JsonReader


class Said(JsonReader):
    """One object of the server's."""

    __slots__ = ()

    @override
    def number(self, name: str, low: float = -inf, high: float = inf, *, never: Collection[float] = ()) -> float | None:
        """Return a finite number from ``low`` to ``high`` that is none of ``never``; in a string it counts, too."""
        number = super().number(name, low, high)
        return None if number in never else number

    def codes(self, name: str) -> frozenset[int] | None:
        """Return a list of small numbers as a set; ``None`` if there is no list."""
        listed = self.get(name)
        if not isinstance(listed, list):
            return None
        return frozenset(each for each in listed if isinstance(each, int) and not isinstance(each, bool))


def objects(value: Json) -> list[Said]:
    """Return the objects of a list; of anything else there are none."""
    return Said.list_of(value)
