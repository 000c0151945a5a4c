"""The CSV in a log: lines in any encoding, rows as RFC 4180 describes them, columns by name, numbers in any notation.

Logs come as the app writes them, or as spreadsheets rewrite them: with other delimiters, quotes, and a decimal comma.
"""

import codecs
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
import csv
from dataclasses import dataclass
from io import IncrementalNewlineDecoder
import re
from typing import Self

DELIMITERS = ",;\t|"

LONGEST_ROW = 16_384
"""Characters. A full row has about 1,000."""
_MOST_LINES = 8
"""Of one row: a quoted value may hold line ends, but a quote that is never closed must not swallow the file."""

_ENCODINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xfe\x00\x00|[\t -~]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00\x00\xfe\xff|\x00\x00\x00[\t -~]"), "utf-32-be"),
    (re.compile(rb"\xff\xfe|[\t -~]\x00[\t -~]\x00"), "utf-16-le"),
    (re.compile(rb"\xfe\xff|\x00[\t -~]\x00[\t -~]"), "utf-16-be"),
)
"""How files begin that are not UTF-8: with a byte order mark, or with two characters of a header."""


def lines(chunks: Iterable[bytes]) -> Iterator[str | None]:
    """Yield lines without their ends, CR, LF or both; ``None`` for one that is too long to be a row.

    Bytes that are no text become U+FFFD, which is part of no number.
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


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder: IncrementalNewlineDecoder | None = None
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        if decoder is None and len(buffer) < 4:
            continue
        decoder = decoder or _decoder(buffer)
        yield _without_marks(decoder.decode(buffer))
        buffer = b""
    yield _without_marks((decoder or _decoder(buffer)).decode(buffer, final=True))


def _decoder(beginning: bytes) -> IncrementalNewlineDecoder:
    encoding = next((name for pattern, name in _ENCODINGS if pattern.match(beginning)), "utf-8")
    return IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors="replace"), translate=True)


def _without_marks(text: str) -> str:
    """Return text without byte order marks, which also stand where files were joined."""
    return text.replace("\ufeff", "")


def split(row: str, delimiter: str) -> list[str] | None:
    """Return the values of a row; ``None`` if its quotes do not match."""
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


_COLUMNS = frozenset(
    {
        "ahr",
        "bms",
        "chargemode",
        "cpmvdiff",
        "epochtime",
        "gids",
        "hx",
        "odokm",
        "odomi",
        "odomiles",
        "packamps",
        "packvolts",
        "plugstate",
        "soc",
        "soh",
        "vin",
        *(f"packt{number}{unit}" for number in range(1, 5) for unit in "cf"),
    }
)
"""The columns that are read, without blanks and punctuation: headers differ in them."""

_HEADER_HINT = re.compile("ah|epoch|gids|odo|pack|so[ch]|vin", re.IGNORECASE)
"""One of these is in every header, and in hardly any row: most lines are rows, and need not be split twice."""
_LONG_NUMBER = re.compile(r"\d{7}")
"""It is in every row, and in no header."""

_USUAL_INDEX: Mapping[str, int] = {
    "gids": 5,
    "soc": 6,
    "ahr": 7,
    "packvolts": 8,
    "packamps": 9,
    "cpmvdiff": 13,
    **{f"packt{number + 1}{unit}": 15 + 2 * number + offset for number in range(4) for offset, unit in enumerate("fc")},
    "vin": 120,
    "hx": 121,
    "odokm": 123,
    "soh": 131,
    "epochtime": 134,
    "plugstate": 141,
    "chargemode": 142,
    "bms": 149,
}
"""Of each column in every log that is known (leafspy §9)."""
_USUAL_WIDTH = 152
"""Newer apps add columns at the end; the index of these has never changed."""

_DATE = re.compile(r"(\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{4}) \d{1,2}:\d{2}", re.ASCII)
_DECIMAL_POINT = re.compile(r"\s*-?\d*\.\d+\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """The layout of one file: the index of each column that is read, the width of its header, the delimiter."""

    index: Mapping[str, int]
    width: int
    delimiter: str

    @classmethod
    def of_header(cls, line: str) -> Self | None:
        """Return the layout that a header describes; ``None`` if the line is none."""
        if not _HEADER_HINT.search(line) or _LONG_NUMBER.search(line):
            return None
        best = max((cls._by_names(line, delimiter) for delimiter in DELIMITERS), key=lambda found: len(found.index))
        return best if len(best.index) >= 2 else None

    @classmethod
    def of_row(cls, line: str) -> Self | None:
        """Return the layout of a file that begins without a header, as the second parts of long logs do."""
        delimiter = max(DELIMITERS, key=line.count)
        return cls(_USUAL_INDEX, _USUAL_WIDTH, delimiter) if line.count(delimiter) + 1 >= _USUAL_WIDTH else None

    def values(self, line: str) -> list[str] | None:
        """Return the values of a row, as far as it goes; ``None`` if nobody can know to which columns they belong.

        Rows that the app writes may be cut off, may have columns that their header does not name, and may follow
        another that was cut off in the same line (leafspy §9). In what spreadsheets write every row is as wide as the
        header; one that is not has, for instance, unquoted decimal commas in it.
        """
        values = split(line, self.delimiter)
        if values is None:
            return None
        by_the_app = self.width >= _USUAL_WIDTH
        if by_the_app and len(values) > self.width:
            values = values[max((index for index, value in enumerate(values) if _DATE.search(value)), default=0) :]
        if len(values) < self.width:
            return values[:-1] if by_the_app else None  # the last value may be cut off, too
        if any(value.strip() for value in values[self.width :]) and not (
            by_the_app and (self.delimiter != "," or any(map(_DECIMAL_POINT.fullmatch, values)))
        ):
            return None
        return values

    @classmethod
    def _by_names(cls, line: str, delimiter: str) -> Self:
        names = [re.sub(r"[\W_]", "", name.casefold()) for name in split(line, delimiter) or ()]
        found: dict[str, int] = {}
        for index, name in enumerate(names):
            if name in _COLUMNS:
                found.setdefault(name, index)  # of a name that comes twice, the first is meant
        return cls(found, max((index + 1 for index, name in enumerate(names) if name), default=0), delimiter)


_UNKNOWN = frozenset({"", "-", "n/a", "na", "nan", "none", "null"})


def _pattern(mark: str, grouping: str) -> re.Pattern[str]:
    groups = rf"[1-9]\d{{0,2}}([{grouping}'\u2019 \u00a0\u202f])\d{{3}}(?:\1\d{{3}})*"
    # A time may end in its mark, as some apps write it; any other number that does has been cut off.
    fraction = rf"\{mark}\d+|(?<=\d{{10}})\{mark}"
    return re.compile(rf"[+-]?(?:\d+|{groups}|(?=\{mark}))(?:{fraction})?", re.ASCII)


_BY_MARK: Mapping[str, re.Pattern[str]] = {".": _pattern(".", ","), ",": _pattern(",", ".")}
_LONGEST_NUMBER = 40


class Ambiguous(Exception):
    """A text may be one of two numbers, or is none, such as the date that a spreadsheet has made of ``18.5``."""


@dataclass(frozen=True, slots=True)
class RowReader:
    """One row, read by the names of its columns.

    ``1,234`` can be two numbers. The rest of its row may show which one is meant, or only one of them is possible;
    otherwise it is :class:`Ambiguous`.
    """

    columns: Columns
    values: Sequence[str]

    def text(self, name: str) -> str:
        """Return the text in a column; an empty one if there is no such column."""
        index = self.columns.index.get(name)
        if index is None or index >= len(self.values):
            return ""
        text = self.values[index].strip()
        return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == "'" else text

    def candidates(self, name: str) -> Collection[float]:
        """Return the numbers that a column may hold; none if it is empty. Raises :class:`Ambiguous`."""
        text = self.text(name)
        if text.casefold() in _UNKNOWN:
            return ()
        found = _numbers_by_mark(text)
        if not found:
            raise Ambiguous
        if len(set(found.values())) > 1 and (mark := self._decimal_mark()):
            return (found[mark],)
        return set(found.values())

    def number(self, name: str, convert: Callable[[float], float | None] = float) -> float | None:
        """Return the number in a column, converted; ``None`` if it is impossible. Raises :class:`Ambiguous`."""
        converted = {value for each in self.candidates(name) if (value := convert(each)) is not None}
        if len(converted) > 1:
            raise Ambiguous
        return next(iter(converted), None)

    def _decimal_mark(self) -> str | None:
        """Return the mark in those numbers of the row that can be read in one way only, if they agree."""
        marks = {next(iter(found)) for value in self.values if len(found := _numbers_by_mark(value.strip())) == 1}
        return marks.pop() if len(marks) == 1 else None


def _numbers_by_mark(text: str) -> Mapping[str, float]:
    """Return the number by each decimal mark with which it can be read."""
    if len(text) > _LONGEST_NUMBER:
        return {}
    text = text.replace("\N{MINUS SIGN}", "-")
    return {
        mark: float(re.sub(rf"[^\d{mark}+-]", "", text).replace(mark, "."))
        for mark, pattern in _BY_MARK.items()
        if pattern.fullmatch(text)
    }
