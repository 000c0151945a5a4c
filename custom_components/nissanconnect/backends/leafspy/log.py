"""The logs that the app writes while it runs: CSV files of up to several megabytes (leafspy §9), summed up by the hour.

An owner uploads one log, or a ZIP archive of many, as phones make when files are sent from them. Both are read as
streams. Whatever the bytes of a log are, reading them never raises: a row that cannot be read is counted.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import pairwise
from math import inf
from operator import itemgetter
from statistics import fmean
import struct
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
import zlib

from ...vehicle import normalise_key
from ..mapping import AMP_HOURS, CELL_SPREAD, HEALTH, TEMPERATURE
from .log_csv import DELIMITERS, Ambiguous, Columns, RowReader, is_open, lines
from .message import celsius, hx_of, level_of, odometer_of

_CHUNK = 65_536
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")
"""How an archive begins, the second one an empty archive."""
_PLAIN = (ZIP_STORED, ZIP_DEFLATED)
_BROKEN = (BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError, struct.error, zlib.error)
"""What the standard library raises over archives that are damaged or encrypted."""
_MOST_FILES = 5_000
_MOST_BYTES = 1_000_000_000
"""Unpacked; years of logs are less. A small archive can hold any amount."""


class Damaged(Exception):
    """The archive cannot be read to its end, or is larger than anybody's logs."""


def log_files(file: BinaryIO) -> Iterator[Iterator[bytes]]:
    """Yield each log as chunks, to be read before the next one is taken; raises :class:`Damaged`, :class:`OSError`."""
    beginning = file.read(4)
    file.seek(0)
    if beginning not in _ARCHIVES:
        yield iter(lambda: file.read(_CHUNK), b"")
        return
    left = _MOST_BYTES
    for archive, member in _members(file):
        left -= member.file_size
        if left < 0:
            raise Damaged
        yield _chunks(archive, member)


def _members(file: BinaryIO) -> Iterator[tuple[ZipFile, ZipInfo]]:
    try:
        archive = ZipFile(file)
        members = [each for each in archive.infolist() if each.filename.lower().endswith(".csv")]
    except _BROKEN as err:
        raise Damaged from err
    if len(members) > _MOST_FILES or any(each.compress_type not in _PLAIN for each in members):
        raise Damaged
    with archive:
        for member in sorted(members, key=lambda each: each.filename):
            yield archive, member


def _chunks(archive: ZipFile, member: ZipInfo) -> Iterator[bytes]:
    """Yield the content of a file in an archive, up to the size that the archive states."""
    left = member.file_size
    try:
        with archive.open(member) as opened:
            while left > 0 and (chunk := opened.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk
    except _BROKEN as err:
        raise Damaged from err


_FIRST_LOG = datetime(2011, 1, 1, tzinfo=UTC).timestamp()
_CLOCK_SKEW = timedelta(minutes=5)


class Skipped(StrEnum):
    """Why a row was not used."""

    UNREADABLE = "unreadable"
    """It is cut off, too long, wider than its header or of broken quotes, or comes before any header."""
    AMBIGUOUS = "ambiguous"
    """It holds what is no number, or may be one of two."""
    NO_TIME = "no_time"
    FUTURE = "future"
    OTHER_VEHICLE = "other_vehicle"
    STALE = "stale"
    """The battery did not respond, so its values are old."""
    EMPTY = "empty"
    """It holds no value of the battery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """The values of one row in the units of ``vehicle``; at least one is known.

    ``level``, ``odometer`` and ``power`` belong to no :class:`Series`; a row in which they are ambiguous is not trusted
    at all. ``power`` is what is drawn from the battery in kW, below zero while it regains, unknown at the plug.
    ``cell_spread`` is in mV.
    """

    at: datetime
    level: float | None = None
    health: float | None = None
    temperature: float | None = None
    amp_hours: float | None = None
    hx: float | None = None
    cell_spread: float | None = None
    odometer: float | None = None
    power: float | None = None


@dataclass(slots=True)
class LogReader:
    """Reads one file after the other, and counts: ``rows`` are those with data, used or ``skipped``.

    With a ``key``, rows that name another vehicle are skipped; rows that name none are not. Rows later than ``now``
    are skipped.
    """

    now: datetime
    key: str | None = field(default=None, repr=False)
    rows: int = 0
    skipped: Counter[Skipped] = field(default_factory=Counter)

    def read(self, chunks: Iterable[bytes]) -> Iterator[LogRow]:
        """Yield the rows of one file, which may come in pieces of any size."""
        columns: Columns | None = None
        waiting: list[str] = []
        for line in lines(chunks):
            if line is None:
                self._skip(Skipped.UNREADABLE, len(waiting) + 1)
                waiting = []
                continue
            waiting.append(line)
            if any(is_open(waiting, delimiter) for delimiter in (columns.delimiter if columns else DELIMITERS)):
                continue
            text, count, waiting = "\n".join(waiting), len(waiting), []
            if not text.strip(f" {DELIMITERS}\n\"'"):
                continue
            if (header := Columns.of_header(text)) is not None:
                columns = header
                continue
            columns = columns or Columns.of_row(text)
            found = self._row(text, columns) if columns is not None else Skipped.UNREADABLE
            if isinstance(found, LogRow):
                self.rows += 1
                yield found
            else:
                self._skip(found, count)
        self._skip(Skipped.UNREADABLE, len(waiting))

    def _skip(self, reason: Skipped, count: int) -> None:
        """Count lines that are not used."""
        if count:
            self.rows += count
            self.skipped[reason] += count

    def _row(self, line: str, columns: Columns) -> LogRow | Skipped:
        values = columns.values(line)
        if values is None:
            return Skipped.UNREADABLE
        reader = RowReader(columns, values)
        at = _time(reader)
        if at is None:
            return Skipped.NO_TIME if len(values) >= columns.width else Skipped.UNREADABLE
        if at > self.now + _CLOCK_SKEW:
            return Skipped.FUTURE
        if self.key is not None and (normalise_key(reader.text("vin")) or self.key) != self.key:
            return Skipped.OTHER_VEHICLE
        try:
            if 0 in reader.candidates("bms"):
                return Skipped.STALE
            row = _log_row(reader, at)
        except Ambiguous:
            return Skipped.AMBIGUOUS
        return Skipped.EMPTY if row == LogRow(at=at) else row


def _log_row(row: RowReader, at: datetime) -> LogRow:
    gids = row.number("gids")
    return LogRow(
        at=at,
        level=row.number("soc", lambda soc: level_of(_scaled(soc, above=100, least=1), gids)),
        health=row.number("soh", HEALTH.of),
        temperature=_temperature(row),
        amp_hours=row.number("ahr", lambda ahr: AMP_HOURS.of(_scaled(ahr, above=1000, least=10))),
        hx=row.number("hx", hx_of),
        cell_spread=row.number("cpmvdiff", CELL_SPREAD.of),
        odometer=_odometer(row),
        power=_power(row),
    )


def _power(row: RowReader) -> float | None:
    """Return what the battery gives; of the volts in single rows the app writes the amps again (leafspy §9)."""
    if any({0} != {*row.candidates(name)} for name in ("plugstate", "chargemode")):
        return None
    volts, amps = row.number("packvolts"), row.number("packamps")
    if volts is None or amps is None or not _LEAST_VOLTS <= volts <= _MOST_VOLTS or volts == abs(amps):
        return None
    power = volts * amps / 1000
    return round(power, 3) if abs(power) <= _MOST_POWER else None


def _odometer(row: RowReader) -> float | None:
    for name, miles in (("odokm", False), ("odomi", True), ("odomiles", True)):
        if row.candidates(name):
            return row.number(name, partial(odometer_of, miles=miles))
    return None


def _scaled(value: float, *, above: float, least: float) -> float | None:
    """Undo the factor of 10,000 with which logs write some values; whatever is ``above`` that has it.

    ``None`` if the result is below ``least``: then the decimal point is lost, as of 56.312 grouped to 56,312.
    """
    if value <= above:
        return value
    return value / 10_000 if value >= least * 10_000 else None


def _temperature(row: RowReader) -> float | None:
    """Return the mean of the sensors in the pack; from 2013 on the third is missing (leafspy §9)."""
    for unit, convert in _TEMPERATURES.items():
        sensors = [row.number(f"packt{number}{unit}", convert) for number in range(1, 5)]
        if found := [value for value in sensors if value is not None]:
            return round(fmean(found), 1)
    return None


_TEMPERATURES: Mapping[str, Callable[[float], float | None]] = {
    "c": TEMPERATURE.of,
    "f": lambda fahrenheit: TEMPERATURE.of(celsius(fahrenheit)),
}


def _time(row: RowReader) -> datetime | None:
    """Return the time of a row, in seconds or milliseconds.

    The date at its start is of no use: it is local, and written in three ways (leafspy §9).
    """
    try:
        seconds = row.number("epochtime", lambda value: value / 1000 if value >= 1e12 else value)
    except Ambiguous:
        return None
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and _FIRST_LOG <= seconds < 1e10 else None


_LEAST_VOLTS, _MOST_VOLTS = 200.0, 450.0
_MOST_POWER = 200.0
"""kW; no LEAF has so much."""

_HOUR = 3600


class Series(StrEnum):
    """What is summed up, named as in :class:`~...vehicle.Battery`.

    The level is not among it: what it was while somebody drove is not what it was in that hour.
    """

    HEALTH = "health"
    TEMPERATURE = "temperature"
    AMP_HOURS = "amp_hours"
    HX = "hx"
    CELL_SPREAD = "cell_spread"


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyValue:
    """One hour of one series; ``start`` is a full hour in UTC."""

    start: datetime
    mean: float
    minimum: float
    maximum: float


@dataclass(slots=True)
class _Sum:
    count: int = 0
    total: float = 0.0
    minimum: float = float("inf")
    maximum: float = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)


@dataclass(slots=True)
class _Hour:
    """``seconds`` has a bit for each second that was counted: logs overlap, and a reading counts once."""

    seconds: int = 0
    sums: dict[Series, _Sum] = field(default_factory=dict)


class HourlyValues:
    """Mean, minimum and maximum of every series in every hour. Reading rows again changes nothing."""

    def __init__(self) -> None:
        self._hours: dict[int, _Hour] = {}

    def add(self, row: LogRow) -> None:
        """Count a row, unless one of the same second was counted."""
        number, second = divmod(int(row.at.timestamp()), _HOUR)
        hour = self._hours.setdefault(number, _Hour())
        if hour.seconds >> second & 1:
            return
        hour.seconds |= 1 << second
        for series in Series:
            if (value := getattr(row, series)) is not None:
                hour.sums.setdefault(series, _Sum()).add(value)

    def of(self, series: Series, *, before: datetime) -> Iterator[HourlyValue]:
        """Yield the hours of a series that were over ``before`` that time, in order."""
        for number, hour in sorted(self._hours.items()):
            start = datetime.fromtimestamp(number * _HOUR, UTC)
            found = hour.sums.get(series)
            if found is not None and start + timedelta(hours=1) <= before:
                # Rounding can push a mean of equal values past them.
                mean = min(max(found.total / found.count, found.minimum), found.maximum)
                yield HourlyValue(start=start, mean=mean, minimum=found.minimum, maximum=found.maximum)


_PAUSE = 6
"""Minutes without a row after which it is unknown what was driven; some log every five minutes."""
_FASTEST, _ROUNDED = 3.0, 2.0
"""km in a minute, and km: what has risen faster was misread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenHour:
    """What was driven in one hour; ``start`` is a full hour in UTC.

    The ``distance`` is in km. ``energy`` is what has left the battery in kWh, without what was ``regained``.
    """

    start: datetime
    distance: float
    energy: float
    regained: float


@dataclass(slots=True)
class _Minute:
    """``seconds`` has a bit for each second that was counted. ``powers`` are how many, ``drawn`` and ``back`` in kW."""

    seconds: int = 0
    powers: int = 0
    drawn: float = 0.0
    back: float = 0.0
    odometer: float | None = None

    @property
    def means(self) -> tuple[float, float]:
        """The mean kW that were drawn and that flowed back."""
        return self.drawn / max(self.powers, 1), self.back / max(self.powers, 1)


class DrivenHours:
    """What was driven in every hour, as far as it was logged. Reading rows again, in any order, changes nothing."""

    def __init__(self) -> None:
        self._minutes: dict[int, _Minute] = {}

    def add(self, row: LogRow) -> None:
        """Count a row, unless one of the same second was counted."""
        number, second = divmod(int(row.at.timestamp()), 60)
        minute = self._minutes.setdefault(number, _Minute())
        if minute.seconds >> second & 1:
            return
        minute.seconds |= 1 << second
        if row.power is not None:
            minute.powers += 1
            minute.drawn += max(row.power, 0.0)
            minute.back += max(-row.power, 0.0)
        if row.odometer is not None:
            minute.odometer = max(row.odometer, minute.odometer or 0.0)

    def of(self, *, before: datetime) -> Iterator[DrivenHour]:
        """Yield the hours that were over ``before`` that time, in order, of the times in which it has driven."""
        hours = defaultdict[int, list[float]](lambda: [0.0, 0.0, 0.0])
        for driven in self._driven():
            for minute, *amounts in driven:
                hours[minute // 60] = [total + each for total, each in zip(hours[minute // 60], amounts, strict=True)]
        for number, (distance, drawn, back) in sorted(hours.items()):
            start = datetime.fromtimestamp(number * _HOUR, UTC)
            if start + timedelta(hours=1) <= before:
                yield DrivenHour(start=start, distance=distance, energy=max(drawn - back, 0.0), regained=back)

    def _driven(self) -> Iterator[list[tuple[int, float, float, float]]]:
        """Yield minutes with what has been driven, drawn and regained until then, of each time without a pause."""
        driven, shown = list[tuple[int, float, float, float]](), None
        minutes = sorted(self._minutes.items(), key=itemgetter(0))
        for (one, first), (other, second) in pairwise([*minutes, (inf, _Minute())]):
            shown, pause, distance = first.odometer if shown is None else shown, other - one, 0.0
            if pause > _PAUSE:
                if any(each[1] for each in driven):
                    yield driven
                driven, shown = [], None
                continue
            if shown is not None and second.odometer is not None:
                risen = second.odometer - shown
                if 0 <= risen <= _FASTEST * pause + _ROUNDED:
                    distance, shown = risen, second.odometer
            hours = pause / 60 if first.powers and second.powers else 0.0
            drawn, back = (hours * (before + now) / 2 for before, now in zip(first.means, second.means, strict=True))
            driven.append((int(other), distance, drawn, back))
