"""Where the columns of a log are: by the names in its header, or as in every log that is known (leafspy §9)."""

import codecs
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
import csv
from dataclasses import dataclass
from io import IncrementalNewlineDecoder
import re
from typing import Self

LONGEST_ROW = 16_384
"""Characters. A full row has about 1,000."""
_MOST_LINES = 8
"""Of one row: a quoted value may hold line ends, but a quote that is never closed must not swallow the file."""

_BEGINNINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xfe\x00\x00|[\t -~]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00\x00\xfe\xff|\x00\x00\x00[\t -~]"), "utf-32-be"),
    (re.compile(rb"\xff\xfe|[\t -~]\x00[\t -~]\x00"), "utf-16-le"),
    (re.compile(rb"\xfe\xff|\x00[\t -~]\x00[\t -~]"), "utf-16-be"),
)
"""How files begin that are not UTF-8: with a byte order mark, or with two characters of a header."""


def lines(chunks: Iterable[bytes]) -> Iterator[str | None]:
    """Yield lines without their ends, CR, LF or both; ``None`` for one that is too long to be a row.

    Bytes that are no text become U+FFFD, which is part of no figure.
    """
    rest, too_long = "", False
    for text in _decoded(chunks):
        *complete, rest = (rest + text).split("\n")
        for line in complete:
            yield None if too_long or len(line) > LONGEST_ROW else line
            too_long = False
        if len(rest) > LONGEST_ROW:
            rest, too_long = "", True
    if rest or too_long:
        yield None if too_long else rest


def split(row: str, delimiter: str) -> list[str] | None:
    """Return the values of a row; ``None`` if its quotes do not fit."""
    if '"' not in row:
        return row.split(delimiter)
    try:
        return next(csv.reader([row], delimiter=delimiter, skipinitialspace=True, strict=True), [])
    except csv.Error:
        return None


def is_open(rows: list[str], delimiter: str) -> bool:
    """Whether a quote in these lines may be closed by one that follows."""
    text = "\n".join(rows)
    return (
        len(rows) < _MOST_LINES
        and len(text) <= LONGEST_ROW
        and text.count('"') % 2 == 1
        and split(text, delimiter) is None
    )


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder: IncrementalNewlineDecoder | None = None
    beginning = b""
    for chunk in chunks:
        beginning += chunk
        if decoder is None and len(beginning) < 4:
            continue
        decoder = decoder or _decoder(beginning)
        yield _text(decoder.decode(beginning))
        beginning = b""
    yield _text((decoder or _decoder(beginning)).decode(beginning, final=True))


def _decoder(beginning: bytes) -> IncrementalNewlineDecoder:
    encoding = next((name for pattern, name in _BEGINNINGS if pattern.match(beginning)), "utf-8")
    return IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors="replace"), translate=True)


def _text(decoded: str) -> str:
    """Return text without byte order marks, which also stand where files were joined."""
    return decoded.replace("\ufeff", "")


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
