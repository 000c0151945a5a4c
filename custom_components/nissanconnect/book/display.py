"""What entities show of a book: it changes when a trip or a charge is over, and sometimes during a charge."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date

from homeassistant.util import dt as dt_util

from ..engine.book import Sums, cost_in, sums_of
from ..engine.book_entries import Charge, Trip
from ..engine.entry_finder import Entries


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDisplay:
    """The sums of all entries, of those that began ``today`` and this ``month``, and the last ones.

    ``totals`` never fall, except their cost. Costs are in ``currency``, but for that of the last charge.
    """

    currency: str = ""
    totals: Sums = Sums()
    today: Sums = Sums()
    month: Sums = Sums()
    last_trip: Trip | None = None
    last_charge: Charge | None = None

    @property
    def last_charge_cost(self) -> float | None:
        """What the last charge has cost, if that is known in the currency."""
        return None if self.last_charge is None else cost_in(self.currency, self.last_charge)


def risen(before: Sums, now: Sums) -> Sums:
    """Return sums that are nowhere lower than before: a correction must not look like a meter that was exchanged.

    What has been paid may fall: some prices are negative.
    """
    highest = {each.name: max(getattr(before, each.name), getattr(now, each.name)) for each in fields(Sums)}
    return Sums(**highest | {"priced": now.priced, "cost": now.cost})


def local_day(entry: Trip | Charge) -> date:
    """Return the day, by the local time, on which an entry began."""
    return dt_util.as_local(entry.start).date()


def sums_by_day(entries: Entries, currency: str) -> dict[date, Sums]:
    """Add the entries of each day up."""
    days = defaultdict[date, tuple[list[Trip], list[Charge]]](lambda: ([], []))
    for trip in entries.trips:
        days[local_day(trip)][0].append(trip)
    for charge in entries.charges:
        days[local_day(charge)][1].append(charge)
    return {day: sums_of(Entries(*each), currency) for day, each in days.items()}


def added(days: Iterable[Mapping[date, Sums]], first: date) -> Sums:
    """Add up all days from the ``first`` on."""
    return sum((sums for each in days for day, sums in each.items() if day >= first), Sums())
