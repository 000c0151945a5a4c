"""Lives of vehicles, and what is reported of them: for the laws of the book."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import strategies as st

from custom_components.nissanconnect.engine.book import Book
from custom_components.nissanconnect.engine.book_entries import Charge, Trip
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading, number
from custom_components.nissanconnect.engine.charge_finder import Assumptions
from custom_components.nissanconnect.engine.energy_cost import Tariff
from custom_components.nissanconnect.engine.entry_finder import Entries

START = datetime(2026, 11, 16, 6, tzinfo=UTC)
CAPACITY = 40.0
EFFICIENCY, OVERHEAD = 0.9, 0.3
LOSS = 0.01
"""kW that a parked vehicle loses."""
TARIFF = Tariff("tariff", "EUR")
ASSUMED = Assumptions(
    capacity=CAPACITY, power=6.6, efficiency=EFFICIENCY, overhead=OVERHEAD, tariffs=(TARIFF,), currency="EUR"
)

type Noted = tuple[Quantity, Reading]


class Moment(NamedTuple):
    """What is true at a time."""

    odometer: float
    content: float
    meter: float
    plugged_in: bool
    charging: bool
    driving: bool


class Phase(NamedTuple):
    """Some time in which all goes on evenly."""

    start: datetime
    end: datetime
    speed: float = 0.0
    power: float = 0.0
    """kW into the battery."""
    mains: float = 0.0
    plugged_in: bool = False


class TrueTrip(NamedTuple):
    """A trip as it was."""

    start: datetime
    end: datetime
    distance: float
    energy: float


class TrueCharge(NamedTuple):
    """A charge as it was."""

    start: datetime
    end: datetime
    stored: float
    wall: float


@dataclass
class Life:
    """A life, which is written by one method after another."""

    content: float = 0.6 * CAPACITY
    odometer: float = 20_000.0
    phases: list[Phase] = field(default_factory=list)
    trips: list[TrueTrip] = field(default_factory=list)
    charges: list[TrueCharge] = field(default_factory=list)
    first_content: float = 0.6 * CAPACITY

    @property
    def now(self) -> datetime:
        """Where the life ends so far."""
        return self.phases[-1].end if self.phases else START

    def _go_on(self, minutes: float, **rates: float | bool) -> Phase:
        phase = Phase(self.now, self.now + timedelta(minutes=minutes), **rates)  # type: ignore[arg-type]
        self.phases.append(phase)
        self.content += phase.power * minutes / 60
        return phase

    def stand(self, minutes: float, *, plugged_in: bool = False) -> None:
        """Stand, and lose a little."""
        self._go_on(minutes, power=-LOSS, plugged_in=plugged_in)

    def drive(self, minutes: float, speed: float) -> None:
        """Drive as far as the battery lasts."""
        consumption = 0.17
        hours = min(minutes / 60, (self.content - 2) / (speed * consumption))
        if hours < 0.1:
            return
        hours = round(hours * 60) / 60
        start = self.now
        self._go_on(hours * 60, speed=speed, power=-speed * consumption)
        self.trips.append(TrueTrip(start, self.now, speed * hours, speed * hours * consumption))

    def charge(self, spells: Sequence[tuple[float, float]], mains: float = 6.6) -> None:
        """Plug in, charge in spells after pauses of so many minutes, and unplug."""
        arriving = mains * EFFICIENCY - OVERHEAD
        start: datetime | None = None
        end, stored, wall = self.now, 0.0, 0.0
        for pause, minutes in spells:
            if pause:
                self.stand(pause, plugged_in=True)
            hours = min(minutes / 60, (CAPACITY - self.content) / arriving)
            if hours < 0.25:
                continue
            hours = round(hours * 60 - 0.5) / 60
            phase = self._go_on(hours * 60, power=arriving, mains=mains, plugged_in=True)
            start, end = start or phase.start, phase.end
            stored, wall = stored + arriving * hours, wall + mains * hours
        if start is not None:
            self.charges.append(TrueCharge(start, end, stored, wall))
        self.stand(30, plugged_in=True)

    def moments(self, every: timedelta) -> Iterator[tuple[datetime, Moment]]:
        """Yield what is true at each change and in between."""
        odometer, content, meter = self.odometer, self.first_content, 100.0
        for phase in self.phases:
            at = phase.start
            while at < phase.end:
                hours = (at - phase.start) / timedelta(hours=1)
                yield at, _moment(phase, odometer, content, meter, hours)
                at += every
            hours = (phase.end - phase.start) / timedelta(hours=1)
            odometer += phase.speed * hours
            content += phase.power * hours
            meter += phase.mains * hours
        last = self.phases[-1]
        yield last.end, Moment(odometer, content, meter, last.plugged_in, charging=False, driving=False)


def _moment(phase: Phase, odometer: float, content: float, meter: float, hours: float) -> Moment:
    return Moment(
        odometer + phase.speed * hours,
        content + phase.power * hours,
        meter + phase.mains * hours,
        phase.plugged_in,
        charging=phase.mains > 0,
        driving=phase.speed > 0,
    )


class Source(NamedTuple):
    """How a source reports: how often, and how much it rounds. One without ``contents`` only knows the level."""

    name: str
    every: timedelta
    decimals: int
    contents: bool = True
    plug: bool = True
    charging: bool = True
    levels: bool = True
    metered: bool = True
    odometer: bool = True

    def report(self, life: Life) -> Iterator[Noted]:
        """Yield what it reports of a life."""
        for at, moment in life.moments(self.every):
            yield from self._of(at, moment)

    def _of(self, at: datetime, moment: Moment) -> Iterator[Noted]:
        values = {
            Quantity.ODOMETER: round(moment.odometer - 0.5 * 10**-self.decimals, self.decimals),
            Quantity.LEVEL: round(100 * moment.content / CAPACITY, self.decimals),
            Quantity.CONTENT: round(moment.content, 1),
            Quantity.PLUGGED_IN: float(moment.plugged_in),
            Quantity.CHARGING: float(moment.charging),
        }
        left_out = {
            quantity
            for quantity, has in {
                Quantity.CONTENT: self.contents,
                Quantity.PLUGGED_IN: self.plug,
                Quantity.CHARGING: self.charging,
                Quantity.LEVEL: self.levels,
                Quantity.ODOMETER: self.odometer,
            }.items()
            if not has
        }
        for quantity, value in values.items():
            if quantity not in left_out:
                yield quantity, Reading(at, value, self.name)
        if self.metered:
            yield Quantity.METER, Reading(at, round(moment.meter, 2), "box")
        yield Quantity.PLACE, Reading(at, "" if moment.driving else "zone.home", self.name)


DENSE = Source("ovms", timedelta(minutes=2), 1)
POLLED = Source("eu", timedelta(minutes=10), 0, contents=False)
SELDOM = Source("seldom", timedelta(hours=12), 0, contents=False, metered=False)
"""Only when something begins or ends, as most vehicles do by themselves."""


@st.composite
def lives(draw: st.DrawFn, most: int = 8) -> Life:
    """Lives of some days."""
    life = Life()
    life.stand(60)
    for _ in range(draw(st.integers(1, most))):
        match draw(st.sampled_from(["drive", "charge", "pauses", "long"])):
            case "drive":
                life.drive(draw(st.integers(8, 80)), draw(st.sampled_from([30.0, 60.0, 110.0])))
                life.stand(draw(st.integers(25, 300)))
            case "charge":
                life.charge([(draw(st.sampled_from([0, 5, 90])), draw(st.integers(30, 300)))])
                life.stand(draw(st.sampled_from([20, 600])))
            case "pauses":
                life.charge(
                    [(5, draw(st.integers(30, 90))), (draw(st.integers(15, 200)), draw(st.integers(30, 90)))],
                    mains=draw(st.sampled_from([2.3, 3.6, 6.6])),
                )
                life.stand(20)
            case "long":
                life.stand(draw(st.integers(300, 3000)))
    life.stand(60)
    return life


def prices(life: Life, of: Iterable[float] = (0.2, 0.35, 0.1, -0.05)) -> Iterator[Noted]:
    """Yield prices that change every hour."""
    known = [*of]
    hours = int((life.now - START) / timedelta(hours=1)) + 3
    for hour in range(-1, hours):
        at = START + timedelta(hours=hour)
        yield Quantity.PRICE, Reading(at, known[hour % len(known)], TARIFF.key)


def book_of(noted: Iterable[Noted]) -> Book:
    """Return a book with all these readings."""
    book = Book()
    for quantity, reading in noted:
        book.add(quantity, reading)
    return book


def entries_of(noted: Iterable[Noted], now: datetime, assumed: Assumptions = ASSUMED) -> Entries:
    """Return the entries of these readings."""
    return book_of(noted).entries(assumed, now)


def settled_by(
    noted: Sequence[Noted], until: datetime, every: timedelta, assumed: Assumptions = ASSUMED
) -> tuple[Book, Entries, Entries]:
    """Add readings as time goes by, and settle every now and then; return the book, what is settled and what is not."""
    book, trips, charges = Book(), list[Trip](), list[Charge]()
    waiting = sorted(noted, key=lambda each: each[1].at)
    at, index = START, 0
    while at < until:
        at = min(at + every, until)
        while index < len(waiting) and waiting[index][1].at <= at:
            book.add(*waiting[index])
            index += 1
        settled = book.settle(assumed, at)
        trips += settled.trips
        charges += settled.charges
    return book, Entries(trips, charges), book.entries(assumed, until)


def numbers(noted: Iterable[Noted], quantity: Quantity) -> list[float]:
    """Return what was read of a quantity."""
    return [number(reading) for each, reading in noted if each is quantity]


def all_of(entries: Entries) -> list[Trip | Charge]:
    """Return the trips, and the charges."""
    return [*entries.trips, *entries.charges]


def assert_tidy(entries: Entries) -> None:
    """Nothing ends before it begins, nothing overlaps."""
    spans = sorted([(each.start, each.end) for each in all_of(entries)])
    assert all(start <= end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert list(entries.trips) == sorted(entries.trips, key=lambda trip: trip.start)
    assert list(entries.charges) == sorted(entries.charges, key=lambda charge: charge.start)
