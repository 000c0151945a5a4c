"""Reading JSON with doubt: every shape is accepted, whatever makes no sense is unknown. No method raises."""

from collections.abc import Collection
from datetime import datetime
from math import inf
from typing import override

from ..base import Json
from ..values import JsonObject, header_value, past, time_of


class Said(JsonObject):
    """One object of the server's."""

    __slots__ = ()

    def parts(self, name: str) -> list[Said]:
        """Return the objects of a list."""
        return objects(self.get(name))

    @override
    def number(self, name: str, low: float = -inf, high: float = inf, *, never: Collection[float] = ()) -> float | None:
        """Return a finite number from ``low`` to ``high`` that is none of ``never``; in a string it counts, too."""
        number = super().number(name, low, high)
        return None if number in never else number

    def whole(self, name: str, low: float = -(2**53), high: float = 2**53) -> int | None:
        """Return a whole number from ``low`` to ``high``."""
        number = self.number(name, low, high)
        return int(number) if number is not None and number.is_integer() else None

    def codes(self, name: str) -> frozenset[int] | None:
        """Return a list of small numbers as a set; ``None`` if there is no list."""
        listed = self.get(name)
        if not isinstance(listed, list):
            return None
        return frozenset(each for each in listed if isinstance(each, int) and not isinstance(each, bool))

    def flag(self, name: str) -> bool | None:
        """Return yes or no."""
        value = self.get(name)
        return value if isinstance(value, bool) else None

    def text(self, name: str, longest: int = 100) -> str | None:
        """Return a non-empty printable string without blanks around it, cut at ``longest``."""
        value = self.get(name)
        if not isinstance(value, str) or not value.isprintable():
            return None
        return value.strip()[:longest].rstrip() or None

    def token(self, name: str) -> str | None:
        """Return a string that is fit for an HTTP header."""
        return header_value(self.get(name))

    def time(self, name: str, now: datetime) -> datetime | None:
        """Return a time in UTC that has been, give or take the server's clock; without an offset it is meant as UTC."""
        return past(time_of(self.get(name)), now)


def objects(value: Json) -> list[Said]:
    """Return the objects of a list; of anything else there are none."""
    return [Said.of(each) for each in value if isinstance(each, dict)] if isinstance(value, list) else []
