"""Figures as they are written in logs, and as spreadsheets rewrite them: with a point or a comma, in groups.

``1,234`` can be two figures. Which one is meant is told by the rest of its row, or by what it can be; otherwise it is
:class:`Ambiguous`, and so is what is no figure at all, such as the date that a spreadsheet has made of ``18.5``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
import re

from .columns import Columns

_NOT_KNOWN = frozenset({"", "-", "n/a", "na", "nan", "none", "null"})


def _pattern(mark: str, grouping: str) -> re.Pattern[str]:
    groups = rf"[1-9]\d{{0,2}}([{grouping}'\u2019 \u00a0\u202f])\d{{3}}(?:\1\d{{3}})*"
    # A time may end in its mark, as some apps write it; any other figure that does has been cut off.
    fraction = rf"\{mark}\d+|(?<=\d{{10}})\{mark}"
    return re.compile(rf"[+-]?(?:\d+|{groups}|(?=\{mark}))(?:{fraction})?", re.ASCII)


_BY_MARK: Mapping[str, re.Pattern[str]] = {".": _pattern(".", ","), ",": _pattern(",", ".")}
_LONGEST = 40


class Ambiguous(Exception):
    """Which figure is meant cannot be told."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One row, read by the names of its columns."""

    columns: Columns
    values: Sequence[str]

    def text(self, name: str) -> str:
        """Return what stands in a column; nothing if there is no such column."""
        place = self.columns.places.get(name)
        if place is None or place >= len(self.values):
            return ""
        text = self.values[place].strip()
        return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == "'" else text

    def figures(self, name: str) -> Collection[float]:
        """Return what the figure in a column may be; nothing if it is not known. Raises :class:`Ambiguous`."""
        text = self.text(name)
        if text.casefold() in _NOT_KNOWN:
            return ()
        found = _readings(text)
        if not found:
            raise Ambiguous
        if len(set(found.values())) > 1 and (mark := self._decimal_mark()):
            return (found[mark],)
        return set(found.values())

    def figure(self, name: str, meaning: Callable[[float], float | None] = float) -> float | None:
        """Return what the figure in a column means, ``None`` if nothing. Raises :class:`Ambiguous`."""
        meant = {value for each in self.figures(name) if (value := meaning(each)) is not None}
        if len(meant) > 1:
            raise Ambiguous
        return next(iter(meant), None)

    def _decimal_mark(self) -> str | None:
        """Return the mark in those figures of the row that can be read in one way only, if they agree."""
        marks = {next(iter(found)) for value in self.values if len(found := _readings(value.strip())) == 1}
        return marks.pop() if len(marks) == 1 else None


def _readings(text: str) -> Mapping[str, float]:
    """Return the figure by the decimal marks with which it can be read."""
    if len(text) > _LONGEST:
        return {}
    text = text.replace("\N{MINUS SIGN}", "-")
    return {
        mark: float(re.sub(rf"[^\d{mark}+-]", "", text).replace(mark, "."))
        for mark, pattern in _BY_MARK.items()
        if pattern.fullmatch(text)
    }
