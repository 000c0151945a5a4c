"""Reads JSON from others with doubt: any shape is accepted, whatever makes no sense is ``None``, nothing raises."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
import json
import logging
from math import inf, isfinite
import re
from typing import Self

from .base import Json
from .mapping import Plausible

_LOGGER = logging.getLogger(__name__)

_CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of a vehicle or a server may be ahead of ours (kamereon-eu §16.4)."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON spells one half of a surrogate pair. The other half need not follow."""

_PLAIN_WORD = re.compile(r"[a-z]{1,24}(_[a-z]{1,24}){0,5}")


def load_json(text: str) -> Json:
    """Parse JSON. A lone surrogate becomes a question mark, because no file or page can hold one.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    value: Json = json.loads(text)
    if not _SURROGATE.search(text):
        return value
    clean: Json = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return clean


@dataclass(frozen=True, slots=True)
class JsonReader:
    """One JSON object, read by the names of its fields. A field that is absent and one that is ``null`` are the same.

    A backend whose service spells "nothing" or a switch in its own way overrides :meth:`get` or :meth:`flag`.
    """

    values: Mapping[str, Json] = field(repr=False)

    @classmethod
    def of(cls, value: Json) -> Self:
        """Read ``value``; anything but an object is an empty one."""
        return cls(value if isinstance(value, dict) else {})

    @classmethod
    def list_of(cls, value: Json) -> list[Self]:
        """Read the objects in a list; whatever else is in it is skipped."""
        return [cls.of(each) for each in value if isinstance(each, dict)] if isinstance(value, list) else []

    def get(self, name: str) -> Json:
        """Return the raw value."""
        return self.values.get(name)

    def child(self, name: str) -> Self:
        """Return an inner object."""
        return self.of(self.get(name))

    def children(self, name: str) -> list[Self]:
        """Return the objects of an inner list."""
        return self.list_of(self.get(name))

    def number(self, name: str, low: float = -inf, high: float = inf) -> float | None:
        """Return a finite number from ``low`` to ``high``. Numbers in strings count, booleans do not."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            number = float(value)
        except ValueError, OverflowError:
            return None
        return number if low <= number <= high and isfinite(number) else None

    def integer(self, name: str, low: float = -(2**53), high: float = 2**53) -> int | None:
        """Return a whole number from ``low`` to ``high``."""
        number = self.number(name, low, high)
        return int(number) if number is not None and number.is_integer() else None

    def quantity(
        self, name: str, quantity: Plausible, factor: float = 1.0, *, never: Collection[float] = ()
    ) -> float | None:
        """Return a number of ``factor`` units each as ``quantity``; ``never`` are raw values that mean "none"."""
        number = self.number(name)
        return None if number is None or number in never else quantity.of(number * factor)

    def text(self, name: str) -> str | None:
        """Return a non-empty string without blanks around it; whole numbers become strings, as ids come as both."""
        return text_of(self.get(name))

    def texts(self, name: str) -> list[str]:
        """Return the strings in an inner list, as they are."""
        value = self.get(name)
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

    def line(self, name: str, longest: int = 100) -> str | None:
        """Return a :meth:`text` that is printable, cut at ``longest`` characters."""
        text = self.text(name)
        return text[:longest].rstrip() or None if text is not None and text.isprintable() else None

    def flag(self, name: str) -> bool | None:
        """Return true or false."""
        value = self.get(name)
        return value if isinstance(value, bool) else None

    def token(self, name: str) -> str | None:
        """Return a string that is fit for an HTTP header."""
        return header_value(self.text(name))

    def time(self, name: str) -> datetime | None:
        """Return a time in UTC; one without an offset is UTC, one of 1970 or before means "unknown"."""
        time = time_of(self.get(name))
        return time if time is not None and time.year > 1970 else None

    def past(self, now: datetime, *names: str) -> datetime | None:
        """Return the first of the named times that is not in the future (see :func:`past`)."""
        times = (past(time_of(self.get(name)), now) for name in names)
        return next((time for time in times if time is not None), None)

    def one_of[T](self, name: str, meanings: Mapping[str | float, T]) -> T | None:
        """Return the meaning of a word (lower case in ``meanings``) or of a number; others are logged once."""
        value = self.get(name)
        if value is None:
            return None
        number = self.number(name)
        word = value.strip().casefold() if isinstance(value, str) else ""
        key = word if number is None else round(number, 3)
        if key not in meanings:
            # Only numbers and plain words are shown.
            _log_unknown(name, key if isinstance(key, float) or _PLAIN_WORD.fullmatch(key) else "…")
            return None
        return meanings[key]


@lru_cache(maxsize=256)
def _log_unknown(name: str, value: str | float) -> None:
    """Log once that a field has a value that nobody has described."""
    _LOGGER.debug("Unknown value of %s: %s", name, value)


def text_of(value: Json) -> str | None:
    """Return a non-empty string without blanks around it; whole numbers become strings, as ids come as both."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def header_value(value: Json) -> str | None:
    """Return a string that is fit for an HTTP header."""
    return value if isinstance(value, str) and re.fullmatch(r"[!-~]+", value) else None


def time_of(value: Json) -> datetime | None:
    """Parse an ISO 8601 time to UTC; one without an offset is UTC."""
    try:
        return utc(datetime.fromisoformat(value.strip())) if isinstance(value, str) else None
    except ValueError:
        return None


def saved_time(value: Json) -> datetime | None:
    """Parse a time that we have stored; one without an offset was not stored by us."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo is not None else None


def utc(time: datetime | None) -> datetime | None:
    """Convert a time to UTC; one without an offset is UTC."""
    if time is None:
        return None
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except ValueError, OverflowError:
        return None


def past(time: datetime | None, now: datetime) -> datetime | None:
    """Return a UTC time that is not in the future (5 min tolerance); 1970 or before means "unknown"."""
    found = utc(time)
    return found if found is not None and found.year > 1970 and found <= now + _CLOCK_SKEW else None


def upcoming(time: datetime | None, now: datetime) -> datetime | None:
    """Return a UTC time that is in the future: an older forecast has come true or not, and tells nothing."""
    found = utc(time)
    return found if found is not None and found > now else None


def ends_in(minutes: float | None, since: datetime, now: datetime) -> datetime | None:
    """Return when something ends that took ``minutes`` more at ``since``, if that is in the future. 0 is "unknown"."""
    return upcoming(since + timedelta(minutes=minutes), now) if minutes else None
