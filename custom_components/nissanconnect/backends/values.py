"""Reading with doubt what others send: every shape is accepted, whatever makes no sense is unknown, nothing raises.

This is what several sources have in common. How one spells "nothing", a text or a switch is its own matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from math import inf, isfinite
import re
from typing import Self

from .base import Json

_CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of a vehicle or a server may be, and is believed (kamereon-eu §16.4)."""

_HALF_A_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON spells one half of a pair of surrogates, which need not be followed by the other half."""


def load_json(text: str) -> Json:
    """Return what a JSON text means, with a question mark for each half of a character: nothing with one can be kept.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    found: Json = json.loads(text)
    if not _HALF_A_CHARACTER.search(text):
        return found
    whole: Json = json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace"))
    return whole


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The values of one JSON object by their names."""

    values: Mapping[str, Json] = field(repr=False)

    @classmethod
    def of(cls, value: Json) -> Self:
        """Take ``value`` for an object; anything else is an empty one."""
        return cls(value if isinstance(value, dict) else {})

    def get(self, name: str) -> Json:
        """Return the raw value; absent and ``null`` are the same."""
        return self.values.get(name)

    def part(self, name: str) -> Self:
        """Return an inner object."""
        return self.of(self.get(name))

    def number(self, name: str, low: float = -inf, high: float = inf) -> float | None:
        """Return a finite number from ``low`` to ``high``. Numbers in strings count, booleans do not."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            return within(float(value), low, high)
        except ValueError, OverflowError:
            return None


def within(value: float | None, low: float, high: float) -> float | None:
    """Return a value only if it is possible: finite, and from ``low`` to ``high``."""
    return float(value) if value is not None and low <= value <= high and isfinite(value) else None


def text_of(value: Json) -> str | None:
    """Return a non-empty string without blanks around it; whole numbers become strings, as ids come as both."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def header_value(value: Json) -> str | None:
    """Return a string that is fit for an HTTP header."""
    return value if isinstance(value, str) and re.fullmatch(r"[!-~]+", value) else None


def time_of(value: Json) -> datetime | None:
    """Return a time in UTC, whenever it is; one without an offset is meant as UTC."""
    try:
        return utc(datetime.fromisoformat(value.strip())) if isinstance(value, str) else None
    except ValueError:
        return None


def saved_time(value: Json) -> datetime | None:
    """Return a time that we have saved; one without an offset was not saved by us."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo is not None else None


def utc(time: datetime | None) -> datetime | None:
    """Return a time in UTC; one without an offset is meant as UTC."""
    if time is None:
        return None
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except ValueError, OverflowError:
        return None


def past(time: datetime | None, now: datetime) -> datetime | None:
    """Return a time in UTC that has been, give or take the skew of a clock; 1970 or before means "unknown"."""
    told = utc(time)
    return told if told is not None and told.year > 1970 and told <= now + _CLOCK_SKEW else None


def upcoming(time: datetime | None, now: datetime) -> datetime | None:
    """Return a time in UTC that is still to come: a forecast for before has come true or not, and tells nothing."""
    told = utc(time)
    return told if told is not None and told > now else None


def ends_in(minutes: float | None, since: datetime, now: datetime) -> datetime | None:
    """Return when something ends that took ``minutes`` more at ``since``, if that is to come. 0 means "not told"."""
    return upcoming(since + timedelta(minutes=minutes), now) if minutes else None
