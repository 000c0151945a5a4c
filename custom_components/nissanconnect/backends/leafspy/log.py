"""The logs that the app writes while it runs: CSV files of up to several megabytes (leafspy §9).

They are read as a stream. Whatever the bytes are, reading them never raises: a row that cannot be read is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import re
from statistics import fmean

from . import quirks
from .columns import Columns, Fields
from .quirks import number

_LONGEST_LINE = 16_384
"""Bytes. A full row has about 1,000."""
_FIRST_LOG = datetime(2011, 1, 1, tzinfo=UTC).timestamp()
_CLOCK_SKEW = timedelta(minutes=5)
_DATE = re.compile(r"(\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{4}) \d{1,2}:\d{2}", re.ASCII)
_EPOCH = re.compile(r"(\d{10})(\d{3})?([.]\d*)?", re.ASCII)
"""Seconds or milliseconds, written out: spreadsheets that make 1.5E+09 of it have lost the time."""


class Skipped(StrEnum):
    """Why a row was not used."""

    UNREADABLE = "unreadable"
    """It is cut off, too long, or comes before any header."""
    NO_TIME = "no_time"
    FUTURE = "future"
    OTHER_VEHICLE = "other_vehicle"
    STALE = "stale"
    """The battery did not answer, so its values are old."""
    EMPTY = "empty"
    """It tells nothing of the battery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """What one row tells, in the units of ``vehicle``; at least one value is known."""

    at: datetime
    level: float | None = None
    health: float | None = None
    temperature: float | None = None
    amp_hours: float | None = None
    hx: float | None = None
    odometer: float | None = None


@dataclass(slots=True)
class LogReader:
    """Reads one file after the other, and counts: ``rows`` are those with data, used or ``skipped``.

    With a ``key``, rows that name another vehicle are skipped; rows that name none are not. Nothing later than
    ``now`` is believed. ``miles``: the odometer counts them.
    """

    now: datetime
    key: str | None = field(default=None, repr=False)
    miles: bool = False
    rows: int = 0
    skipped: Counter[Skipped] = field(default_factory=Counter)

    def read(self, chunks: Iterable[bytes]) -> Iterator[LogRow]:
        """Yield the rows of one file, which may come in pieces of any size."""
        columns: Columns | None = None
        for line in _lines(chunks):
            if line is not None and not line.strip(" ,;\t\"'"):
                continue
            if line is not None and (header := Columns.of_header(line)) is not None:
                columns = header
                continue
            if line is not None and columns is None:
                columns = Columns.of_row(line)
            self.rows += 1
            found = self._row(line, columns) if line is not None and columns is not None else Skipped.UNREADABLE
            if isinstance(found, LogRow):
                yield found
            else:
                self.skipped[found] += 1

    def _row(self, line: str, columns: Columns) -> LogRow | Skipped:
        values = _last_row(line).split(columns.delimiter)
        if len(values) < columns.width:
            values.pop()  # the row is cut off, and who knows where
        said = Fields(columns, values)
        at = _time(said.text("epochtime"))
        if at is None:
            return Skipped.NO_TIME if len(values) >= columns.width else Skipped.UNREADABLE
        if at > self.now + _CLOCK_SKEW:
            return Skipped.FUTURE
        if self.key is not None and (said.text("vin") or self.key).upper() != self.key:
            return Skipped.OTHER_VEHICLE
        if number(said.text("bms")) == 0:
            return Skipped.STALE
        row = _read(said, at, miles=self.miles)
        return Skipped.EMPTY if row == LogRow(at=at) else row


def _read(said: Fields, at: datetime, *, miles: bool) -> LogRow:
    distance = number(said.text("odokm"))
    if distance is None:
        distance, miles = number(said.text("odomi") or said.text("odomiles")), True
    return LogRow(
        at=at,
        level=quirks.level(_scaled(said.text("soc"), above=100), number(said.text("gids"))),
        health=quirks.health(number(said.text("soh"))),
        temperature=_temperature(said),
        amp_hours=quirks.amp_hours(_scaled(said.text("ahr"), above=1000)),
        hx=quirks.hx(number(said.text("hx"))),
        odometer=quirks.odometer(distance, miles=miles),
    )


def _scaled(text: str | None, *, above: float) -> float | None:
    """Undo the factor with which logs write some values as whole numbers."""
    value = number(text)
    return value / 10_000 if value is not None and value > above else value


def _temperature(said: Fields) -> float | None:
    """Return the mean of the sensors in the pack; from 2013 on the third is missing (leafspy §9)."""
    for unit, convert in _UNITS.items():
        sensors = (number(said.text(f"packt{place}{unit}")) for place in range(1, 5))
        found = [value for each in sensors if each is not None and (value := quirks.pack_temperature(convert(each)))]
        if found:
            return round(fmean(found), 1)
    return None


_UNITS: dict[str, Callable[[float], float]] = {"c": float, "f": quirks.celsius}


def _time(text: str | None) -> datetime | None:
    """Return the time of a row. The date at its start is local, and written in three ways (leafspy §9)."""
    if text is None or not (found := _EPOCH.fullmatch(text)):
        return None
    seconds = float(found[1] + (f".{found[2]}" if found[2] else found[3] or ""))
    return datetime.fromtimestamp(seconds, UTC) if seconds >= _FIRST_LOG else None


def _last_row(line: str) -> str:
    """Return the full row at the end of a line in which one follows another that was cut off (leafspy §9)."""
    dates = [found.start() for found in _DATE.finditer(line)] if line.count("/") > 2 else ()
    return line[dates[-1] :] if dates and dates[-1] > 0 else line


def _lines(chunks: Iterable[bytes]) -> Iterator[str | None]:
    """Yield lines without their ends; ``None`` for one that is too long to be a row."""
    rest, too_long = b"", False
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield None if too_long or len(line) > _LONGEST_LINE else _text(line)
            too_long = False
        if len(rest) > _LONGEST_LINE:
            rest, too_long = b"", True
    if rest or too_long:
        yield None if too_long or len(rest) > _LONGEST_LINE else _text(rest)


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").strip("\ufeff\r")
