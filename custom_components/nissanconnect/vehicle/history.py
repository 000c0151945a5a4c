"""What happened: driven trips and messages. Read on request, not part of the state."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from .alert import AlertType
from .names import LONGEST_NAME, LONGEST_TEXT, LONGEST_TITLE, clean


class TripPeriod(StrEnum):
    """How trips are summed up."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripSummary:
    """The trips of one day, month or year, which begins on ``start``.

    Distance in km, duration in minutes, energy in kWh (``energy_recovered`` came back by braking), fuel in litres,
    ``co2_saved`` in grams. The summary of the running period still grows.
    """

    start: date
    period: TripPeriod
    trips: int | None = None
    distance: float | None = None
    duration: float | None = None
    first_start: datetime | None = None
    last_end: datetime | None = None
    energy_used: float | None = None
    energy_recovered: float | None = None
    fuel_used: float | None = None
    co2_saved: float | None = None


@dataclass(frozen=True, slots=True)
class DrivenTrips:
    """Trips that were asked for, and from which day on there are none because the source could not tell of it yet."""

    summaries: tuple[TripSummary, ...]
    missing_from: date | None = None


def last_finished(period: TripPeriod, today: date) -> date:
    """Return the last day of the last day, month or year that is over."""
    match period:
        case TripPeriod.MONTH:
            today = today.replace(day=1)
        case TripPeriod.YEAR:
            today = today.replace(month=1, day=1)
    return today - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message of the maker's cloud.

    ``kind`` is its key there (``battery.ended.charge``), whatever the language; ``alert`` is what it tells.
    """

    id: str
    kind: str
    alert: AlertType = AlertType.CLOUD_MESSAGE
    category: str | None = None
    title: str | None = None
    text: str | None = None
    sent_at: datetime | None = None
    read: bool | None = None

    def __post_init__(self) -> None:
        """Have its words in one printable line each."""
        clean(self, category=LONGEST_NAME, title=LONGEST_TITLE, text=LONGEST_TEXT)
