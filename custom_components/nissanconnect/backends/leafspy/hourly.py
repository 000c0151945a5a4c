"""Rows of logs, summed up by the hour."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from .log import LogRow

_HOUR = 3600


class Series(StrEnum):
    """What is summed up, named as in :class:`~...vehicle.Battery`.

    The level is not among it: what it was while somebody drove is not what it was in that hour.
    """

    HEALTH = "health"
    TEMPERATURE = "temperature"
    AMP_HOURS = "amp_hours"
    HX = "hx"


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
        """Begin without any hour."""
        self._hours: dict[int, _Hour] = {}

    def add(self, row: LogRow) -> None:
        """Count a row, unless one of the same second has been."""
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
