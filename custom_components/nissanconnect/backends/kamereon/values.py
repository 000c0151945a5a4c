"""Reading JSON with doubt: every shape is accepted, whatever makes no sense is unknown (kamereon-eu §3.2, §3.4).

No method raises, whatever the JSON: a value that one vehicle sends oddly must not hide its others.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
import logging
import re
from typing import Self, override

from ..base import Json
from ..values import JsonObject, header_value, past, text_of, time_of

_LOGGER = logging.getLogger(__name__)


class Attributes(JsonObject):
    """The attributes of one body or of one object in it."""

    __slots__ = ()

    @classmethod
    @override
    def of(cls, body: Json) -> Self:
        """Find the attributes in ``data.attributes``, in ``data`` or at the top (§3.2)."""
        found = body if isinstance(body, dict) else {}
        for name in ("data", "attributes"):
            inner = found.get(name)
            if isinstance(inner, dict):
                found = inner
        return cls(found)

    def text(self, name: str) -> str | None:
        """Return a non-empty string without blanks around it; whole numbers become strings, as ids come as both."""
        return text_of(self.get(name))

    def token(self, name: str) -> str | None:
        """Return a string that is fit for an HTTP header."""
        return header_value(self.text(name))

    def time(self, name: str) -> datetime | None:
        """Return a time in UTC; one without an offset is meant as UTC, one of 1970 or before as unknown."""
        time = time_of(self.get(name))
        return time if time is not None and time.year > 1970 else None

    def past(self, now: datetime, *names: str) -> datetime | None:
        """Return the first of the named times that has been, give or take the skew of a vehicle's clock."""
        times = (past(self.time(name), now) for name in names)
        return next((time for time in times if time is not None), None)

    def one_of[T](self, name: str, meanings: Mapping[str | float, T]) -> T | None:
        """Return the meaning of a word (in lower case in ``meanings``) or of a number."""
        value = self.get(name)
        if value is None:
            return None
        number = self.number(name)
        word = value.strip().casefold() if isinstance(value, str) else ""
        key = word if number is None else round(number, 3)
        if key not in meanings:
            _note_unknown(name, str(key) if number is not None or re.fullmatch("[a-z_]{1,24}", word) else "…")
            return None
        return meanings[key]


@lru_cache(maxsize=256)
def _note_unknown(name: str, value: str) -> None:
    """Tell once of a value that nobody has described; only numbers and plain words are shown."""
    _LOGGER.debug("Unknown value of %s: %s", name, value)
