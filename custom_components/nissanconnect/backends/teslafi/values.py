"""Reading a feed with doubt: nearly everything in it is a string, and five spellings mean nothing (teslafi §5 [H])."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

from ..base import Json

_NOTHING = {"", "null", "none", "<invalid>"}
"""In lower case and without blanks around it. Old exports also say "None"."""


@dataclass(frozen=True, slots=True)
class Values:
    """The fields of one reply. No method raises, whatever the JSON."""

    fields: Mapping[str, Json] = field(repr=False)

    def text(self, name: str) -> str | None:
        """Return a string that says something; whole numbers become strings, as ids come as both."""
        value = self.fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
            return str(value)
        word = value.strip() if isinstance(value, str) else ""
        return None if word.casefold() in _NOTHING else word

    def number(self, name: str, low: float = -inf, high: float = inf) -> float | None:
        """Return a finite number from ``low`` to ``high``."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            number = float(value)
        except ValueError, OverflowError:
            return None
        return number if isfinite(number) and low <= number <= high else None

    def flag(self, name: str) -> bool | None:
        """Return a switch: any number but zero is on, because clients disagree on which (§5)."""
        value = self.fields.get(name)
        if isinstance(value, bool):
            return value
        word = (self.text(name) or "").casefold()
        if word in {"true", "false"}:
            return word == "true"
        number = self.number(name)
        return None if number is None else number != 0

    def one_of[T](self, name: str, meanings: Mapping[str, T]) -> T | None:
        """Return the meaning of a word, given in lower case in ``meanings``."""
        return meanings.get((self.text(name) or "").casefold())

    def object(self, name: str) -> Values:
        """Return the fields of an object in the reply; none if there is no such object."""
        value = self.fields.get(name)
        return Values(value if isinstance(value, dict) else {})
