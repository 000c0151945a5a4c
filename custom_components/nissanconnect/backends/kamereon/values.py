"""Reading JSON with doubt: every shape is accepted, whatever makes no sense is unknown (kamereon-eu §3.2, §3.4).

No method raises, whatever the JSON: a value that one vehicle sends oddly must not hide its others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
import logging
from math import inf, isfinite
import re
from typing import Self

from ..base import Json

_LOGGER = logging.getLogger(__name__)

_CLOCK_SKEW = timedelta(minutes=5)
"""How far in the future a vehicle's clock is believed (§16.4)."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of one body or of one object in it."""

    values: Mapping[str, Json] = field(repr=False)

    @classmethod
    def of(cls, body: Json) -> Self:
        """Find the attributes in ``data.attributes``, in ``data`` or at the top (§3.2)."""
        found = body if isinstance(body, dict) else {}
        for name in ("data", "attributes"):
            inner = found.get(name)
            if isinstance(inner, dict):
                found = inner
        return cls(found)

    def get(self, name: str) -> Json:
        """Return the raw value; absent and ``null`` are the same."""
        return self.values.get(name)

    def number(self, name: str, low: float = -inf, high: float = inf) -> float | None:
        """Return a finite number from ``low`` to ``high``. Numbers in strings count, booleans do not."""
        value = _number(self.get(name))
        return value if value is not None and low <= value <= high else None

    def text(self, name: str) -> str | None:
        """Return a non-empty string without blanks around it; whole numbers become strings, as ids come as both."""
        value = self.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
            return str(value)
        return value.strip() or None if isinstance(value, str) else None

    def token(self, name: str) -> str | None:
        """Return a string that is fit for an HTTP header."""
        value = self.text(name)
        return value if value and re.fullmatch(r"[!-~]+", value) else None

    def time(self, name: str) -> datetime | None:
        """Return a time in UTC; one without an offset is meant as UTC, one of 1970 or before as unknown."""
        value = self.get(name)
        try:
            time = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
            if time is None:
                return None
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except ValueError, OverflowError:
            return None
        return time if time.year > 1970 else None

    def past(self, now: datetime, *names: str) -> datetime | None:
        """Return the first of the named times that has been, give or take the skew of a vehicle's clock."""
        times = (self.time(name) for name in names)
        return next((time for time in times if time is not None and time <= now + _CLOCK_SKEW), None)

    def one_of[T](self, name: str, meanings: Mapping[str | float, T]) -> T | None:
        """Return the meaning of a word (in lower case in ``meanings``) or of a number."""
        value = self.get(name)
        if value is None:
            return None
        number = _number(value)
        word = value.strip().casefold() if isinstance(value, str) else ""
        key = word if number is None else round(number, 3)
        if key not in meanings:
            _note_unknown(name, str(key) if number is not None or re.fullmatch("[a-z_]{1,24}", word) else "…")
            return None
        return meanings[key]


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if isfinite(number) else None


@lru_cache(maxsize=256)
def _note_unknown(name: str, value: str) -> None:
    """Tell once of a value that nobody has described; only numbers and plain words are shown."""
    _LOGGER.debug("Unknown value of %s: %s", name, value)
