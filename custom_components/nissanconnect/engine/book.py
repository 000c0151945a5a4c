"""The book of a vehicle: what it has driven and charged, and what that has taken and cost.

Entries of the last days are found again from readings whenever there is news, so that late and repeated reports end up
in the same book. Older entries are settled: they do not change any more.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Self

from .book_entries import HOME, Charge, Current, Trip
from .book_readings import Quantity, Reading, Stay
from .charge_finder import Assumptions
from .charge_meters import PAUSE
from .drives import Drive
from .energy_cost import Lots, add, adjust, take
from .entry_finder import Entries, EntryFinder
from .reading_set import Readings

OPEN = timedelta(days=2)
"""How late a report may come and still be taken into account."""

_MOST_READINGS = 6000
"""With more, entries are settled sooner: so many take some hundred kilobytes."""

_BEFORE = timedelta(seconds=1)
"""How long before something begins entries are settled: it is not yet among them."""

_DOUBT = 0.1
"""Which part of the capacity the content of the battery may differ from what was charged and used.

Sources differ by some percent, and a battery that has aged holds less than is assumed.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What entries add up to: kilometres, kilowatt-hours, and what charges have cost whose price was known.

    ``energy`` is what trips have used, net of what was ``regained``. ``stored`` is what charges brought into the
    battery and ``wall`` what they took from the wall, ``at_home`` which part of it at home, and ``priced`` for which
    part the ``cost`` is known.
    """

    trips: float = 0
    distance: float = 0.0
    minutes: float = 0.0
    energy: float = 0.0
    regained: float = 0.0
    charges: float = 0
    stored: float = 0.0
    wall: float = 0.0
    at_home: float = 0.0
    priced: float = 0.0
    cost: float = 0.0

    def __add__(self, other: Self) -> Self:
        """Return the sums of both."""
        return type(self)(
            **{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(type(self))}
        )

    def times(self, factor: float) -> Self:
        """Return a part of them, or what is opposite to them."""
        return type(self)(**{each.name: getattr(self, each.name) * factor for each in fields(type(self))})

    @property
    def without_costs(self) -> Self:
        """The same, as if nothing had cost anything."""
        return replace(self, priced=0.0, cost=0.0)

    @property
    def known_cost(self) -> float | None:
        """What the charges have cost whose price is known; ``None`` if there are only others."""
        return None if self.wall and not self.priced and not self.cost else self.cost

    @property
    def consumption(self) -> float | None:
        """The kWh for 100 km."""
        return 100 * self.energy / self.distance if self.distance >= 1 and self.energy > 0 else None


def sums_of(entries: Entries, currency: str) -> Sums:
    """Add entries up. Only costs in this currency count."""
    trips, charges = entries
    return Sums(
        trips=len(trips),
        distance=sum(trip.distance for trip in trips),
        minutes=sum(trip.minutes for trip in trips),
        energy=sum(trip.energy or 0.0 for trip in trips),
        regained=sum(trip.regained or 0.0 for trip in trips),
        charges=len(charges),
        stored=sum(charge.energy or 0.0 for charge in charges),
        wall=sum(charge.wall_energy or 0.0 for charge in charges),
        at_home=sum(charge.wall_energy or 0.0 for charge in charges if is_at_home(charge)),
        priced=sum(charge.wall_energy or 0.0 for charge in charges if cost_in(currency, charge) is not None),
        cost=sum(cost_in(currency, charge) or 0.0 for charge in charges),
    )


def cost_in(currency: str, charge: Charge) -> float | None:
    """Return what a charge has cost, if that is known in this currency."""
    return charge.cost if charge.currency == currency else None


def is_at_home(charge: Charge) -> bool:
    """Whether a vehicle has charged at home, or at a wall of which nobody knows where it is."""
    return charge.place == HOME or (charge.place is None and charge.current is not Current.DC)


class Book:
    """The open part of a book, and the sums of what is settled."""

    def __init__(
        self,
        readings: Readings | None = None,
        *,
        since: datetime | None = None,
        lots: Lots = (),
        settled: Sums = Sums(),
        odometer: float | None = None,
        last_start: datetime | None = None,
    ) -> None:
        """``since`` is until when entries are settled; ``lots`` is what was in the battery then.

        ``odometer`` is the distance up to which trips are settled, and ``last_start`` when the last of them began.
        """
        self.readings = Readings() if readings is None else readings
        self.since = since
        self.lots = lots
        self.settled = settled
        self.odometer = odometer
        self.last_start = last_start

    def add(self, quantity: Quantity, reading: Reading) -> bool:
        """Add a reading; return whether it tells anything new. What is settled does not change."""
        if self.since is not None and reading.at < self.since:
            return False
        return self.readings.add(quantity, reading)

    def entries(self, assumed: Assumptions, now: datetime) -> Entries:
        """Return the entries that are not settled."""
        return _with_costs(self._finder(assumed, now).find(), self.lots, assumed)[0]

    def settle(self, assumed: Assumptions, now: datetime) -> Entries:
        """Settle what is old enough, and return it: it is not kept here any more."""
        finder = self._finder(assumed, now)
        found = finder.find()
        late = OPEN if len(self.readings) <= _MOST_READINGS else OPEN / 8
        until = _quiet(finder.drives, found.charges, [*finder.evidence, *_spread(finder, assumed)], now - late)
        if self.since is not None and until <= self.since:
            return Entries()
        old = Entries(
            [trip for trip in found.trips if trip.end <= until],
            [charge for charge in found.charges if charge.end <= until],
        )
        settled, self.lots = _with_costs(old, self.lots, assumed)
        self.since, self.settled = until, self.settled + sums_of(settled, assumed.currency)
        self.odometer = finder.odometer_at(until)
        self.last_start = max((trip.start for trip in settled.trips), default=self.last_start)
        changed_at = max((entry.start for entries in settled for entry in entries), default=None)
        self.readings.forget(until, finder.place_at(until), changed_at)
        return settled

    def forget_costs(self) -> None:
        """Forget what all has cost that is settled: costs are counted in another currency from now on."""
        self.settled = self.settled.without_costs
        self.lots = tuple(lot._replace(price=None) for lot in self.lots)

    def _finder(self, assumed: Assumptions, now: datetime) -> EntryFinder:
        since = self.since or min((reading.at for _, reading in self.readings), default=now)
        if self.last_start is not None:  # of what was regained before, the trips that are settled have got their parts
            regained = tuple(each for each in assumed.regained if each.start > self.last_start)
            assumed = replace(assumed, regained=regained)
        return EntryFinder(self.readings, assumed, since=since, now=max(now, since), odometer=self.odometer)


def _spread(finder: EntryFinder, assumed: Assumptions) -> Iterator[Stay]:
    """Yield the times over whose drives something is spread that was regained: from the first drive that began then."""
    for each in assumed.regained:
        begun = [drive.start for drive in finder.drives if each.start <= drive.start < each.end]
        if begun:
            yield Stay(begun[0], each.end)


def _quiet(drives: Sequence[Drive], charges: Sequence[Charge], whole: Sequence[Stay], until: datetime) -> datetime:
    """Return the last time until then in which nothing goes on, and which divides nothing that has to be ``whole``.

    A charge may go on after a pause, unless it drove or another one has begun.

    What has risen until the odometer was read belongs to a drive, and would be driven again after it.
    """
    begun = [*(drive.start for drive in drives), *(charge.start for charge in charges)]
    others = sorted(start - _BEFORE for start in begun)
    spans = [*whole, *(Stay(drive.start, drive.read_at) for drive in drives)]
    for charge in charges:
        next_one = others[bisect_left(others, charge.end) :][:1]
        spans.append(Stay(charge.start, min([charge.end + PAUSE, *next_one])))
    for start, end in sorted(spans, reverse=True):
        if start <= until < end:
            until = start - _BEFORE
    return until


def _with_costs(entries: Entries, lots: Lots, assumed: Assumptions) -> tuple[Entries, Lots]:
    """Return the entries with what the energy of each trip has cost, and what is in the battery in the end."""
    trips = list[Trip]()
    both: Sequence[Trip | Charge] = sorted(
        [*entries.charges, *entries.trips], key=lambda entry: (entry.start, entry.end)
    )
    for entry in both:
        if assumed.capacity is not None and entry.level_from is not None:
            content = entry.level_from / 100 * assumed.capacity
            lots = adjust(lots, content, _DOUBT * assumed.capacity)
        if isinstance(entry, Charge):
            lots = add(lots, entry.energy or 0.0, cost_in(assumed.currency, entry))
        elif entry.energy is None:
            trips.append(entry)
        else:
            lots, cost = take(lots, max(entry.energy, 0.0))
            trips.append(replace(entry, cost=cost, currency=None if cost is None else assumed.currency))
    return Entries(trips, entries.charges), lots
