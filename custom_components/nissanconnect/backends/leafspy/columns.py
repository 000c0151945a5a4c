"""Where the columns of a log are: by the names in its header, or as in every log that is known (leafspy §9)."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Self

from .text import split

DELIMITERS = ",;\t|"

_NAMES = frozenset(
    {
        "ahr",
        "bms",
        "epochtime",
        "gids",
        "hx",
        "odokm",
        "odomi",
        "odomiles",
        "soc",
        "soh",
        "vin",
        *(f"packt{number}{unit}" for number in range(1, 5) for unit in "cf"),
    }
)
"""What is read, spelt without blanks and signs: headers differ in them."""

_SIGNS = re.compile("ah|epoch|gids|odo|pack|so[ch]|vin", re.IGNORECASE)
"""One of these is in every header, and in hardly any row: most lines are rows, and need not be taken apart twice."""
_LONG_NUMBER = re.compile(r"\d{7}")
"""It is in every row, and in no header."""

_ALWAYS: Mapping[str, int] = {
    "gids": 5,
    "soc": 6,
    "ahr": 7,
    **{f"packt{number + 1}{unit}": 15 + 2 * number + place for number in range(4) for place, unit in enumerate("fc")},
    "vin": 120,
    "hx": 121,
    "odokm": 123,
    "soh": 131,
    "epochtime": 134,
    "bms": 149,
}
_NARROWEST = 152
"""Newer apps add columns at the end; these places have been the same since there are logs."""

_DATE = re.compile(r"(\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{4}) \d{1,2}:\d{2}", re.ASCII)
_DECIMAL_POINT = re.compile(r"\s*-?\d*\.\d+\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """The layout of one file: the place of each column that is read, the width of its header, what separates."""

    places: Mapping[str, int]
    width: int
    delimiter: str

    @classmethod
    def of_header(cls, line: str) -> Self | None:
        """Return the layout that a header describes; ``None`` if the line is none."""
        if not _SIGNS.search(line) or _LONG_NUMBER.search(line):
            return None
        best = max((cls._by_names(line, delimiter) for delimiter in DELIMITERS), key=lambda found: len(found.places))
        return best if len(best.places) >= 2 else None

    @classmethod
    def of_row(cls, line: str) -> Self | None:
        """Return the layout of a file that begins without a header, as the second parts of long logs do."""
        delimiter = max(DELIMITERS, key=line.count)
        return cls(_ALWAYS, _NARROWEST, delimiter) if line.count(delimiter) + 1 >= _NARROWEST else None

    def fit(self, line: str) -> list[str] | None:
        """Return the values of a row, each in its place, as far as it goes; ``None`` if their places cannot be told.

        Rows that the app writes may be cut off, may have columns that their header does not name, and may follow
        another that was cut off in the same line (leafspy §9). In what spreadsheets write every row is as wide as the
        header; one that is not has, for instance, unquoted decimal commas in it.
        """
        values = split(line, self.delimiter)
        if values is None:
            return None
        by_the_app = self.width >= _NARROWEST
        if by_the_app and len(values) > self.width:
            values = values[max((place for place, value in enumerate(values) if _DATE.search(value)), default=0) :]
        if len(values) < self.width:
            return values[:-1] if by_the_app else None  # it is cut off, and who knows where
        if any(value.strip() for value in values[self.width :]) and not (
            by_the_app and (self.delimiter != "," or any(map(_DECIMAL_POINT.fullmatch, values)))
        ):
            return None
        return values

    @classmethod
    def _by_names(cls, line: str, delimiter: str) -> Self:
        names = [re.sub(r"[\W_]", "", name.casefold()) for name in split(line, delimiter) or ()]
        places: dict[str, int] = {}
        for place, name in enumerate(names):
            if name in _NAMES:
                places.setdefault(name, place)  # of a name that comes twice, the first is meant
        return cls(places, max((place + 1 for place, name in enumerate(names) if name), default=0), delimiter)
