"""Where the columns of a log are: by the names in its header, or as in every log that is known (leafspy §9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import re
from typing import Self

_DELIMITERS = ",;\t"

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
"""What is read, spelt without anything but letters and digits: headers differ in blanks and brackets."""

_SIGNS = re.compile("ah|epoch|gids|odo|pack|so[ch]|vin", re.IGNORECASE)
"""One of these is in every header, and in hardly any row: most lines are rows, and need not be taken apart twice."""

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


@dataclass(frozen=True, slots=True)
class Columns:
    """The layout of one file: the place of each column that is read, the width of its header, what separates."""

    places: Mapping[str, int]
    width: int
    delimiter: str

    @classmethod
    def of_header(cls, line: str) -> Self | None:
        """Return the layout that a header describes; ``None`` if the line is none."""
        if not _SIGNS.search(line):
            return None
        best = max((cls._by_names(line, delimiter) for delimiter in _DELIMITERS), key=lambda found: len(found.places))
        return best if len(best.places) >= 2 else None

    @classmethod
    def of_row(cls, line: str) -> Self | None:
        """Return the layout of a file that begins without a header, as the second parts of long logs do."""
        delimiter = max(_DELIMITERS, key=line.count)
        return cls(_ALWAYS, _NARROWEST, delimiter) if line.count(delimiter) + 1 >= _NARROWEST else None

    @classmethod
    def _by_names(cls, line: str, delimiter: str) -> Self:
        names = [re.sub("[^a-z0-9]", "", name.casefold()) for name in line.split(delimiter)]
        places: dict[str, int] = {}
        for place, name in enumerate(names):
            if name in _NAMES:
                places.setdefault(name, place)  # of a name that comes twice, the first is meant
        return cls(places, len(names), delimiter)


@dataclass(frozen=True, slots=True)
class Fields:
    """One row, read by the names of its columns."""

    columns: Columns
    values: Sequence[str]

    def text(self, name: str) -> str | None:
        """Return what stands there, without what spreadsheets put around it; a decimal comma becomes a point."""
        place = self.columns.places.get(name)
        if place is None or place >= len(self.values):
            return None
        text = self.values[place].strip(" \"'\r")
        return text if self.columns.delimiter == "," else text.replace(",", ".")
