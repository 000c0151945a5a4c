"""A book: what is settled, what is not, and what it comes to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.nissanconnect.engine.book import OPEN, Book, Sums, is_at_home, sums_of
from custom_components.nissanconnect.engine.book_entries import HOME, Charge, Current, Trip
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading, Regained
from custom_components.nissanconnect.engine.energy_cost import Lot, total
from custom_components.nissanconnect.engine.entry_finder import Entries

from .lives import ASSUMED, CAPACITY, DENSE, POLLED, START, Life, all_of, book_of, entries_of, prices, settled_by


def _day() -> Life:
    life = Life()
    life.stand(60)
    life.drive(42, 60)
    life.stand(200)
    life.charge([(60, 180)])
    life.stand(600)
    life.drive(30, 60)
    life.stand(120)
    return life


def test_an_empty_book() -> None:
    book = Book()
    assert book.entries(ASSUMED, START) == Entries([], [])
    assert book.settle(ASSUMED, START) == Entries([], [])
    assert book.settled == Sums()
    assert book.settled.consumption is None


def test_what_is_settled_is_not_open_any_more() -> None:
    life = _day()
    book = book_of([*DENSE.report(life), *prices(life)])
    everything = book.entries(ASSUMED, life.now)
    assert book.settle(ASSUMED, life.now) == Entries([], [])
    now = life.trips[1].start + OPEN - timedelta(minutes=10)
    settled = book.settle(ASSUMED, now)
    assert settled == Entries(everything.trips[:1], everything.charges)
    assert book.entries(ASSUMED, now) == Entries(everything.trips[1:], [])
    assert book.settle(ASSUMED, now) == Entries()
    assert book.settled == sums_of(settled, "EUR")


def test_what_is_older_than_what_is_settled_does_not_count() -> None:
    life = _day()
    book = book_of(DENSE.report(life))
    book.settle(ASSUMED, life.now + OPEN)
    kept, since = len(book.readings), book.since
    assert since is not None
    assert not any(book.add(quantity, reading) for quantity, reading in DENSE.report(life) if reading.at < since)
    assert len(book.readings) == kept < 30
    assert book.add(Quantity.LEVEL, Reading(life.now + OPEN, 50.0, "ovms"))


@pytest.mark.parametrize("minutes", [10, 42, 60 + 42 + 200 + 100, 60 + 42 + 200 + 60 + 180 + 20])
def test_what_goes_on_is_not_settled(minutes: float) -> None:
    """In a trip, and in a charge or before the pause after it is over."""
    life = _day()
    now = START + timedelta(minutes=60 + minutes) + OPEN
    book, *_ = settled_by([*DENSE.report(life)], now, timedelta(minutes=37))
    assert book.since is not None
    for entry in all_of(entries_of(DENSE.report(life), now)):
        assert not entry.start <= book.since < entry.end
    assert total(book.lots) <= CAPACITY + 0.1


@pytest.mark.parametrize("minutes", [99, 100, 115, 129, 130, 140])
def test_what_was_driven_is_settled_once_the_odometer_was_read(minutes: float) -> None:
    """It is plugged in, which it reports at once, some time before it reports how far it has come."""
    at = [START + timedelta(minutes=minute) for minute in (0, 100, 130)]
    noted = [
        *((Quantity.ODOMETER, Reading(each, value, "car")) for each, value in ((at[0], 1000.0), (at[2], 1020.0))),
        *((Quantity.PLUGGED_IN, Reading(each, value, "car")) for each, value in ((at[0], 0.0), (at[1], 1.0))),
        *((Quantity.LEVEL, Reading(each, value, "car")) for each, value in ((at[0], 60.0), (at[1], 50.0))),
    ]
    book, now = book_of(noted), START + timedelta(minutes=minutes) + OPEN
    (whole,) = book.entries(ASSUMED, now).trips
    assert (whole.end, whole.distance) == (at[1], 20)
    settled = book.settle(ASSUMED, now)
    assert [*settled.trips, *book.entries(ASSUMED, now).trips] == [whole]


def test_a_book_with_many_readings_is_settled_sooner() -> None:
    life = _day()
    noted = [*DENSE.report(life)]
    now = life.trips[1].start - timedelta(minutes=10)
    few, many = book_of(noted), book_of(noted)
    for index in range(7000):
        many.add(Quantity.POWER, Reading(START, float(index), "noise"))
    assert not few.settle(ASSUMED, now).trips
    assert len(many.settle(ASSUMED, now).trips) == 1


def test_a_vehicle_that_never_rests_is_settled_all_the_same() -> None:
    life = Life(content=38.0, first_content=38.0)
    life.stand(15)
    for _ in range(12):
        life.drive(45, 60)
        life.stand(15)
        life.charge([(0, 90)])
        life.stand(15)
    now = life.now + timedelta(hours=6)
    book, settled, rest = settled_by([*DENSE.report(life)], now + OPEN, timedelta(hours=5))
    assert len(settled.trips) + len(rest.trips) == len(life.trips)
    assert len(rest.trips) <= 1
    assert len(book.readings) < 100


def test_a_clock_that_is_set_back_settles_nothing_twice() -> None:
    life = _day()
    book = book_of(DENSE.report(life))
    first = book.settle(ASSUMED, life.now + OPEN)
    since = book.since
    assert book.settle(ASSUMED, life.now) == Entries()
    assert book.entries(ASSUMED, life.now - timedelta(days=9)) == Entries([], [])
    assert book.since == since
    assert book.settled == sums_of(first, "EUR")


def test_a_clock_of_the_vehicle_that_is_ahead() -> None:
    life = _day()
    early = timedelta(days=400)
    book = book_of(POLLED.report(life))
    book.add(Quantity.ODOMETER, Reading(life.now + early, 25_000.0, "eu"))
    book.add(Quantity.CHARGING, Reading(life.now + early, 1.0, "eu"))
    assert book.entries(ASSUMED, life.now) == entries_of(POLLED.report(life), life.now)


def test_what_was_regained_on_a_day_is_spread_once() -> None:
    """Over the trips of the day by their distances, whenever they are settled."""
    life = Life()
    life.stand(60)
    for _ in range(3):
        life.drive(30, 60)
        life.stand(60)
        life.drive(30, 30)
        life.stand(60)
        life.charge([(5, 200)])
        life.stand(18 * 60)
    midnight = START.replace(hour=0)
    days = tuple(Regained(midnight + timedelta(days=day), midnight + timedelta(days=day + 1), 3.0) for day in range(4))
    assumed = replace(ASSUMED, regained=days)
    noted = [*DENSE.report(life)]
    end = life.now + OPEN + timedelta(hours=3)
    trips, _ = entries_of(noted, end, assumed)
    assert [trip.regained for trip in trips[:2]] == pytest.approx([2.0, 1.0], rel=0.01)
    for every in (3, 7, 30):
        _, settled, rest = settled_by(noted, end, timedelta(hours=every), assumed)
        assert [*settled.trips, *rest.trips] == trips


def _two_drives(minutes: float) -> Life:
    """A life with so much time between two drives."""
    life = Life()
    life.stand(60)
    life.drive(30, 60)
    life.stand(minutes)
    life.drive(40, 60)
    life.stand(120)
    return life


def test_what_was_regained_on_a_day_is_not_spread_again_over_a_trip_that_goes_past_midnight() -> None:
    life = _two_drives(970)
    midnight = START.replace(hour=0)
    assumed = replace(ASSUMED, regained=(Regained(midnight, midnight + timedelta(days=1), 3.0),))
    book = book_of(DENSE.report(life))
    settled = book.settle(assumed, midnight + timedelta(days=1, minutes=5) + OPEN)
    trips = [*settled.trips, *book.entries(assumed, life.now).trips]
    assert len(trips) == 2
    assert sum(trip.regained or 0 for trip in trips) == pytest.approx(3.0)
    assert [*settled.trips, *book.settle(assumed, life.now + OPEN).trips] == trips


def test_of_what_was_regained_on_a_day_a_part_stays_with_the_trips_that_are_not_in_the_book() -> None:
    """Home Assistant was installed at noon, or was off."""
    life, midnight = _two_drives(600), START.replace(hour=0)
    for told, expected in ((140.0, 1.5), (70.0, 3.0), (50.0, 3.0), (None, 3.0)):
        day = Regained(midnight, midnight + timedelta(days=1), 3.0, told)
        trips, _ = entries_of([*DENSE.report(life)], life.now, replace(ASSUMED, regained=(day,)))
        assert sum(trip.distance for trip in trips) == pytest.approx(70, abs=0.5)
        assert sum(trip.regained or 0 for trip in trips) == pytest.approx(expected, rel=0.01)


def test_what_was_regained_on_a_day_is_not_given_to_its_last_trip_alone_if_it_is_known_late() -> None:
    life = _two_drives(600)
    book, noon = book_of(DENSE.report(life)), START.replace(hour=12)
    assert len(book.settle(ASSUMED, noon + OPEN).trips) == 1
    known_late = replace(ASSUMED, regained=(Regained(START.replace(hour=0), noon + timedelta(hours=12), 3.0),))
    assert [trip.regained for trip in book.entries(known_late, life.now).trips] == [None]


def test_where_it_stood_is_known_when_the_rest_is_settled() -> None:
    """It reports that it is away before the odometer has risen."""
    life = Life()
    life.stand(60)
    life.drive(8, 30)
    life.stand(85)
    noted = [*POLLED.report(life)]
    end = life.now + OPEN + timedelta(days=1)
    _, settled, rest = settled_by(noted, end, timedelta(hours=1))
    assert [*settled.trips, *rest.trips] == entries_of(noted, end).trips
    assert [trip.origin for trip in settled.trips] == ["zone.home"]


# What it has cost


def test_a_trip_costs_what_was_paid_for_its_energy() -> None:
    life = _day()
    noted = [*DENSE.report(life), *prices(life, [0.3])]
    book = Book(lots=(Lot(24.0, 0.1),))
    for quantity, reading in noted:
        book.add(quantity, reading)
    trips, (charge,) = book.entries(ASSUMED, life.now)
    assert charge.cost == pytest.approx(0.3 * (charge.wall_energy or 0))
    assert [trip.cost for trip in trips] == [pytest.approx((trip.energy or 0) * 0.1) for trip in trips]
    (_, later), _ = entries_of(noted, life.now)
    assert later.cost is None
    dear = replace(ASSUMED, currency="SEK")
    assert book.entries(dear, life.now).charges == [charge]
    assert sums_of(book.entries(dear, life.now), "SEK").cost == 0


def test_all_that_was_paid_is_in_trips_or_in_the_battery() -> None:
    """From an empty battery on."""
    life = Life(content=1.0, first_content=1.0)
    life.stand(10)
    for _ in range(4):
        life.charge([(10, 240)])
        life.stand(500)
        life.drive(60, 60)
        life.stand(60)
    book, settled, rest = settled_by([*DENSE.report(life), *prices(life)], life.now + OPEN * 2, timedelta(hours=9))
    assert not rest.trips
    paid = sum(charge.cost or 0 for charge in settled.charges)
    left = sum(lot.energy * (lot.price or 0) for lot in book.lots)
    used = sum(trip.cost or 0 for trip in settled.trips)
    assert used + left == pytest.approx(paid, rel=0.03)
    assert all(trip.cost is None or trip.cost >= 0 for trip in settled.trips)
    assert total(book.lots) == pytest.approx(life.content, abs=0.04 * CAPACITY)


def test_sums() -> None:
    end = START + timedelta(minutes=30)
    trips = [
        Trip(start=START, end=end, distance=50, energy=8.0, regained=1.0),
        Trip(start=START, end=end, distance=0.5),
    ]
    charges = [
        Charge(start=START, end=end, place=HOME, energy=9.0, wall_energy=10.0, cost=3.0, currency="EUR"),
        Charge(start=START, end=end, place="", energy=20.0, wall_energy=21.0, cost=40.0, currency="SEK"),
        Charge(start=START, end=end),
    ]
    sums = sums_of(Entries(trips, charges), "EUR")
    assert sums == Sums(
        trips=2, distance=50.5, minutes=60, energy=8, regained=1,
        charges=3, stored=29, wall=31, at_home=10, priced=10, cost=3,
    )  # fmt: skip
    assert sums + sums == sums_of(Entries(trips * 2, charges * 2), "EUR")
    assert sums.consumption == pytest.approx(800 / 50.5)


@pytest.mark.parametrize(
    ("place", "current", "expected"),
    [
        (HOME, None, True),
        ("zone.work", None, False),
        ("", Current.AC, False),
        (None, Current.AC, True),
        (None, Current.DC, False),
    ],
)
def test_at_home(place: str | None, current: Current | None, expected: bool) -> None:
    charge = Charge(start=START, end=START, place=place, current=current)
    assert is_at_home(charge) is expected


def test_entries() -> None:
    end = START + timedelta(minutes=90)
    trip = Trip(start=START, end=end, distance=100, energy=17.0)
    assert (trip.minutes, trip.consumption) == (90, 17)
    for unknown in ({"distance": 0.9}, {"energy": None}, {"energy": -1.0}):
        assert replace(trip, **unknown).consumption is None
    charge = Charge(start=START, end=end, level_from=20, level_to=80)
    assert (charge.minutes, charge.gained) == (90, 60)
    assert replace(charge, level_from=None).gained is None
    assert replace(charge, level_to=None).gained is None
