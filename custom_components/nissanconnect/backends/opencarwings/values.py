"""Reading JSON with doubt: every shape is accepted, whatever makes no sense is unknown. No method raises."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf, isfinite
from typing import Self

from ..base import Json

_CLOCK_SKEW = timedelta(minutes=5)
"""How far the server's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Said:
    """One JSON object; anything else is an empty one."""

    values: Mapping[str, Json] = field(repr=False)

    @classmethod
    def of(cls, value: Json) -> Self:
        """Take ``value`` for an object."""
        return cls(value if isinstance(value, dict) else {})

    def get(self, name: str) -> Json:
        """Return the raw value; absent and ``null`` are the same."""
        return self.values.get(name)

    def part(self, name: str) -> Said:
        """Return an inner object."""
        return Said.of(self.get(name))

    def parts(self, name: str) -> list[Said]:
        """Return the objects of a list."""
        return objects(self.get(name))

    def number(self, name: str, low: float = -inf, high: float = inf, *, never: Collection[float] = ()) -> float | None:
        """Return a finite number from ``low`` to ``high`` that is none of ``never``; in a string it counts, too."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            number = float(value)
        except ValueError, OverflowError:
            return None
        return number if isfinite(number) and low <= number <= high and number not in never else None

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
        value = self.get(name)
        return value if isinstance(value, str) and value and all("!" <= sign <= "~" for sign in value) else None

    def time(self, name: str, now: datetime) -> datetime | None:
        """Return a time in UTC that has been, give or take the server's clock; without an offset it is meant as UTC."""
        time = utc(self.get(name))
        return time if time is not None and time.year > 1970 and time <= now + _CLOCK_SKEW else None


def objects(value: Json) -> list[Said]:
    """Return the objects of a list; of anything else there are none."""
    return [Said.of(each) for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def utc(value: Json) -> datetime | None:
    """Return a time in UTC, whenever it is."""
    try:
        time = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        if time is None:
            return None
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except ValueError, OverflowError:
        return None
