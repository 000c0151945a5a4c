"""Values that a config entry keeps, read one by one: an odd one counts as not set, and takes no other along.

Entries are edited by hand, written by newer versions, and restored from damaged backups.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import time
from enum import StrEnum
from typing import Any


class EntryValues:
    """The values of one mapping. What is missing or ``null`` is not set.

    ``odd`` are the names of those that are set and have another shape than the dialogs give them.
    """

    def __init__(self, raw: object) -> None:
        """Take whatever is kept; what is no mapping has no values."""
        self.odd: set[str] = set()
        self._raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}

    def number[T](self, name: str, default: T, bounds: tuple[float, float]) -> float | T:
        """Return a number within ``bounds``, both included."""
        low, high = bounds

        def fits(value: Any) -> float | None:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return value if is_number and low <= value <= high else None

        return self._read(name, fits, default)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return whether something is chosen."""
        return self._read(name, lambda value: value if isinstance(value, bool) else None, default)

    def text(self, name: str) -> str | None:
        """Return a text, which may be empty."""
        return self._read(name, lambda value: value if isinstance(value, str) else None, None)

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return one of ``choices``."""
        return self._read(name, lambda value: value if isinstance(value, str) and value in choices else None, default)

    def time_of_day(self, name: str) -> time | None:
        """Return a local time."""

        def fits(value: Any) -> time | None:
            with suppress(TypeError, ValueError):
                found = time.fromisoformat(value)
                return found if found.tzinfo is None else None
            return None

        return self._read(name, fits, None)

    def texts(self, name: str) -> frozenset[str]:
        """Return the texts of a list; whatever else is in it is odd and left out."""
        items = self._read(name, lambda value: value if isinstance(value, list | tuple) else None, ())
        found = frozenset(item for item in items if isinstance(item, str))
        if not all(isinstance(item, str) for item in items):
            self.odd.add(name)
        return found

    def members[E: StrEnum](self, name: str, kind: type[E]) -> frozenset[E]:
        """Return the members of ``kind`` that a list names; others are odd and left out."""
        names = self.texts(name)
        found = frozenset(member for member in kind if member.value in names)
        if len(found) < len(names):
            self.odd.add(name)
        return found

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return a mapping, empty if there is none."""
        return self._read(name, lambda value: value if isinstance(value, Mapping) else None, {})

    def _read[T, D](self, name: str, fits: Callable[[Any], T | None], default: D) -> T | D:
        if (value := self._raw.get(name)) is None:
            return default
        if (found := fits(value)) is None:
            self.odd.add(name)
            return default
        return found
