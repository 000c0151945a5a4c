"""What was hard for the book: readings that come late, are missing or wrong, and settling in between."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from custom_components.nissanconnect.engine.book import Book, is_at_home, sums_of
from custom_components.nissanconnect.engine.book_entries import Charge, Trip
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading, Regained
from custom_components.nissanconnect.engine.capacity import samples_of
from custom_components.nissanconnect.engine.charge_finder import Assumptions
from custom_components.nissanconnect.engine.consumption import ConsumptionModel
from custom_components.nissanconnect.engine.energy_cost import Tariff
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.vehicle import TripRecord

from .lives import Noted

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
ASSUMED = Assumptions(capacity=40.0, power=6.6, currency="EUR", tariffs=(Tariff("price", "EUR"),))
SOURCES = {"meter": "sensor.meter", "price": "price"}

type Read = tuple[str, float, float | str] | tuple[str, float, float | str, str]


def hours(amount: float) -> datetime:
    return BEGIN + timedelta(hours=amount)


def noted(*reads: Read) -> list[Noted]:
    """Readings by quantities, hours and values, and sources if there are several."""
    return [
        (Quantity(name), Reading(hours(hour), value, *(source or [SOURCES.get(name, "car")])))
        for name, hour, value, *source in reads
    ]


def found(reads: Sequence[Read], until: float, assumed: Assumptions = ASSUMED) -> Entries:
    """What a book finds in all of it at once."""
    book = Book()
    for each in noted(*reads):
        book.add(*each)
    return book.entries(assumed, hours(until))


def lived(reads: Sequence[Read], until: int, assumed: Assumptions = ASSUMED) -> Entries:
    """What a book has written in the end that settles every hour, as it does."""
    book, waiting = Book(), sorted(noted(*reads), key=lambda each: each[1].at)
    trips, charges = list[Trip](), list[Charge]()
    for hour in range(until + 1):
        while waiting and waiting[0][1].at <= hours(hour):
            book.add(*waiting.pop(0))
        settled = book.settle(assumed, hours(hour))
        trips += settled.trips
        charges += settled.charges
    rest = book.entries(assumed, hours(until))
    return Entries([*trips, *rest.trips], [*charges, *rest.charges])


def often(name: str, value: float, count: int, every: float = 1.0) -> list[Read]:
    return [(name, step * every, value) for step in range(count)]


# A charge is settled again and again


@pytest.mark.parametrize("plugged_in", [0.0, 1.0])
@pytest.mark.parametrize("off", [8, 12, 24, 48])
def test_a_charge_while_nothing_was_read_is_settled_once(off: int, plugged_in: float) -> None:
    """Home Assistant is off, or the vehicle is not read, from the arrival on."""
    reads: list[Read] = [
        ("place", 0, "zone.home"), ("odometer", 0, 1000.0), ("plugged_in", 0, plugged_in), ("level", 0, 50.0),
        ("plugged_in", off, plugged_in), ("level", off, 90.0),
    ]  # fmt: skip
    charges = lived(reads, off + 80).charges
    assert sum(charge.energy or 0 for charge in charges) == pytest.approx(16)
    assert charges == found(reads, off + 80).charges


@pytest.mark.parametrize("metered", [False, True])
def test_a_charge_that_was_seen_is_settled_once_if_its_last_level_comes_hours_later(metered: bool) -> None:
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("plugged_in", 0, 1.0), ("level", 0, 50.0), ("charging", 0.1, 1.0),
        ("charging", 4, 0.0), ("level", 20, 90.0), ("plugged_in", 20, 1.0),
    ]  # fmt: skip
    if metered:
        reads += [("meter", 0, 100.0), ("meter", 2, 109.0), ("meter", 4, 118.0)]
    charges = lived(reads, 100).charges
    assert charges == found(reads, 100).charges
    assert len(charges) == 1


def _charged(*late: float) -> list[Read]:
    """A module sees a charge of 12 kWh until the plug is pulled; a cloud tells its level at these hours."""
    return [
        ("odometer", 0, 1000.0, "module"), ("level", 0, 50.0, "cloud"), ("level", 0, 50.0, "module"),
        ("plugged_in", 1, 1.0, "module"), ("charging", 1, 1.0, "module"), ("level", 1, 50.0, "module"),
        ("level", 3, 70.0, "module"), ("level", 4, 80.0, "module"), ("charging", 4, 0.0, "module"),
        ("plugged_in", 4.5, 0.0, "module"), ("level", 4.5, 80.0, "module"),
        *(("level", hour, 80.0, "cloud") for hour in late),
    ]  # fmt: skip


def test_a_charge_that_another_source_shows_later_is_one() -> None:
    assert len(found(_charged(6, 7, 8), 20).charges) == 1


def test_a_charge_that_another_source_shows_days_later_is_one() -> None:
    charges = lived(_charged(70, 71, 72), 140).charges
    assert sum(charge.energy or 0 for charge in charges) == pytest.approx(12)
    assert len(charges) == 1


@pytest.mark.parametrize("late", [0, 5, 600])
@pytest.mark.parametrize("is_seen", [True, False])
def test_a_level_that_comes_after_the_plug_is_pulled_is_of_the_charge_before(late: float, is_seen: bool) -> None:
    """Its reports come one after the other, or are read at different times; none of a level while it charged."""
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("place", 0, "zone.home"), ("price", -1, 0.3), ("plugged_in", 0, 1.0),
        ("charging", 0, float(is_seen)), ("level", 0, 50.0), ("plugged_in", 4, 0.0), ("charging", 4, 0.0),
        ("level", 4 + late / 3600, 90.0),
    ]  # fmt: skip
    charges = found(reads, 9).charges
    assert sum(charge.energy or 0 for charge in charges) == pytest.approx(16)
    assert [charge.current for charge in charges] == [None], "not with 96 kW"
    assert charges[0].end <= hours(4)


def test_a_charge_whose_end_was_missed_has_not_taken_current_for_days() -> None:
    """16 kWh arrive in less than three hours; 0.3 kW of the charger for two days would be 14 kWh more."""
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("plugged_in", 0, 1.0), ("charging", 0, 1.0), ("level", 0, 50.0),
        ("plugged_in", 48, 1.0), ("charging", 48, 0.0), ("level", 48, 90.0),
    ]  # fmt: skip
    (charge,) = found(reads, 60).charges
    assert charge.wall_energy == pytest.approx(18.7, abs=2)


def test_a_counter_that_comes_while_it_charges_has_not_counted_all_of_it() -> None:
    """A module is added as a second source in the middle of a charge, and its counter begins at 0."""
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("plugged_in", 0, 1.0), ("charging", 0, 1.0), ("level", 0, 50.0),
        *(("stored", 1 + step / 10, 0.6 * step, "module") for step in range(11)),
        ("charging", 2, 0.0), ("level", 2, 80.0),
    ]  # fmt: skip
    (charge,) = found(reads, 9).charges
    assert not charge.counted
    assert charge.energy == pytest.approx(12)
    reads += [("stored", 0.1, 0.0, "module"), ("stored", 2, 11.5, "module")]
    (charge,) = found(reads, 9).charges
    assert charge.counted
    assert charge.energy == pytest.approx(11.5)


# Settling takes what was left out before for what holds


def test_a_level_that_was_0_once_is_no_charge_after_it_is_settled() -> None:
    reads: list[Read] = [*often("plugged_in", 0.0, 70), *often("charging", 0.0, 70), ("odometer", 0, 1000.0)]
    reads += [("level", hour, 0.0 if hour == 10 else 60.0) for hour in range(70)]
    assert found(reads, 72).charges == []
    assert lived(reads, 72).charges == []


@pytest.mark.parametrize(
    ("shown", "driven"),
    [
        ([1000, 1000, 900, 1000, 1000], 0),
        ([1000, 1020, 1020, 1000, 1020, 1020], 20),
        ([1000, 1000, 5000, 1010, 1010], 10),
        ([1000, 1000, 999, 1000, 1000], 0),
    ],
    ids=["too low once", "an old one once more", "too high once", "a km too low once"],
)
def test_an_odometer_that_is_wrong_once_tells_the_same_after_it_is_settled(shown: list[float], driven: float) -> None:
    reads: list[Read] = [("odometer", hour, float(distance)) for hour, distance in enumerate(shown)]
    assert sum(trip.distance for trip in found(reads, 72).trips) == driven
    assert sum(trip.distance for trip in lived(reads, 72).trips) == driven


def test_a_second_source_that_comes_takes_no_distance_away() -> None:
    reads: list[Read] = [
        ("odometer", 0, 1000.0, "cloud"),
        ("odometer", 13, 1083.0, "module"),
        ("odometer", 22, 1085.0, "cloud"),
    ]
    assert sum(trip.distance for trip in found(reads, 96).trips) == 85
    assert sum(trip.distance for trip in lived(reads, 96).trips) == 85


def test_what_was_regained_on_a_day_is_not_lost_for_the_trip_past_midnight() -> None:
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("odometer", 10, 1020.0), ("odometer", 23.8, 1020.0), ("odometer", 24.4, 1040.0),
        ("odometer", 30, 1040.0),
    ]  # fmt: skip
    assumed = replace(ASSUMED, regained=(Regained(hours(0), hours(24), 4.0), Regained(hours(24), hours(48), 1.0)))
    assert [trip.regained for trip in found(reads, 90, assumed).trips] == [2, 2]
    assert [trip.regained for trip in lived(reads, 90, assumed).trips] == [2, 2]


def test_energies_of_trips_without_levels_are_the_same_after_they_are_settled() -> None:
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("level", 0, 100.0), ("odometer", 1, 1030.0), ("odometer", 5, 1030.0),
        ("odometer", 6, 1060.0), ("level", 6.5, 70.0),
    ]  # fmt: skip
    assert lived(reads, 72).trips == found(reads, 72).trips


def test_a_trip_has_not_used_what_the_one_before_has_used() -> None:
    """In truth 6 kWh each, and the level in between is unknown."""
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("level", 0, 100.0), ("odometer", 1, 1030.0), ("odometer", 5, 1030.0),
        ("odometer", 6, 1060.0), ("level", 6.5, 70.0),
    ]  # fmt: skip
    last = lived(reads, 72).trips[-1]
    assert last.energy is None or last.energy == pytest.approx(6, abs=last.uncertainty)


# On the road

DRIVING: list[Read] = [("odometer", 0, 1000.0), ("plugged_in", 0, 0.0), ("odometer", 1, 1100.0)]
ARRIVED: list[Read] = [("plugged_in", 1, 1.0), ("charging", 1, 1.0), ("rapid", 1, 1.0)]


def test_a_rapid_charge_to_the_level_before_the_drive_is_in_the_book() -> None:
    """80 % at home, 20 % at the charger, 80 % three quarters of an hour later."""
    reads = [
        *DRIVING, *ARRIVED, ("level", 0, 80.0), ("level", 1, 20.0), ("level", 1.75, 80.0), ("charging", 1.75, 0.0),
        ("plugged_in", 1.75, 1.0), ("plugged_in", 1.8, 0.0), ("odometer", 1.8, 1100.0),
    ]  # fmt: skip
    trips, charges = found(reads, 9)
    assert [trip.energy for trip in trips] == pytest.approx([24])
    assert [charge.energy for charge in charges] == pytest.approx([24])


def test_a_rapid_charge_that_is_reported_when_it_is_unplugged_is_in_the_book() -> None:
    """And then 110 km in an hour: an odometer without a time is only noted when it has risen."""
    reads = [
        *DRIVING, *ARRIVED, ("level", 0, 60.0), ("level", 1, 35.0), ("level", 1.75, 80.0), ("charging", 1.75, 0.0),
        ("plugged_in", 1.75, 0.0), ("odometer", 2.75, 1210.0), ("level", 2.75, 40.0),
    ]  # fmt: skip
    trips, charges = found(reads, 9)
    assert [charge.energy for charge in charges] == pytest.approx([18])
    assert [trip.energy for trip in trips] == pytest.approx([10, 16])


def test_a_charge_that_ends_when_it_is_unplugged_ends_with_the_level_of_then() -> None:
    """At home, read every hour; then 60 km in 55 minutes, which is faster than is assumed of a drive."""
    reads: list[Read] = [("odometer", 0, 1000.0)]
    for hour, level in ((0, 40.0), (1, 52.0), (2, 64.0), (3, 76.0)):
        reads += [("plugged_in", hour, 1.0), ("charging", hour, 1.0), ("level", hour, level)]
    reads += [("plugged_in", 3.9, 0.0), ("charging", 3.9, 0.0), ("level", 3.9, 87.0)]
    reads += [("odometer", 4.9, 1060.0), ("level", 4.9, 62.0)]
    (trip,), (charge,) = found(reads, 9)
    assert (charge.level_from, charge.level_to) == (40, 87)
    assert trip.energy == pytest.approx(10, abs=trip.uncertainty)


def test_a_drive_begins_before_it_says_on_the_way_that_it_was_unplugged() -> None:
    """32 km from 7:20 to 7:42; its level has fallen by 1 % when it is read."""
    reads: list[Read] = [
        ("odometer", 5, 1000.0), ("plugged_in", 5, 1.0), ("level", 5, 80.0), ("plugged_in", 7.43, 0.0),
        ("level", 7.43, 79.0), ("odometer", 7.7, 1031.8), ("level", 7.7, 74.0),
    ]  # fmt: skip
    (trip,) = found(reads, 9).trips
    assert trip.level_from == 80
    assert trip.start < hours(7.4)


def test_what_is_regained_downhill_is_no_charge() -> None:
    reads: list[Read] = [("plugged_in", 0, 0.0), ("charging", 0, 0.0)]
    for step in range(11):
        at = step / 20
        reads += [
            ("odometer", at, 1000.0 + step), ("driven", at, 10 + 0.05 * step), ("regained", at, 5 + 0.25 * step),
            ("level", at, 60 + 0.5 * step), ("plugged_in", at, 0.0), ("charging", at, 0.0),
        ]  # fmt: skip
    (trip,), charges = found(reads, 9)
    assert charges == []
    assert trip.energy == pytest.approx(-2)


def test_a_charge_at_home_that_nobody_has_seen_is_at_home_if_it_stood_there() -> None:
    records = (
        TripRecord(start=hours(1), end=hours(2), distance=30.0),
        TripRecord(start=hours(14), end=hours(15), distance=30.0),
    )
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("level", 0, 60.0), ("place", 0, "zone.work"), ("place", 2, "zone.home", "records"),
        ("place", 14, "zone.home", "records"), ("place", 15, "zone.work", "records"), ("odometer", 20, 1060.0),
        ("level", 20, 80.0),
    ]  # fmt: skip
    trips, (charge,) = found(reads, 30, replace(ASSUMED, records=records))
    assert (trips[0].destination, trips[1].origin) == ("zone.home", "zone.home")
    assert (charge.start, charge.end) == (hours(2), hours(14))
    assert is_at_home(charge)


@pytest.mark.parametrize("after", [81.0, 80.0, 79.0])
def test_a_drive_after_which_the_level_is_as_before_has_used_something(after: float) -> None:
    """It was charged to its limit where nobody has seen it: no vehicle drives 100 km with 0.4 kWh."""
    reads: list[Read] = [("odometer", 0, 1000.0), ("level", 0, 80.0), ("odometer", 24, 1100.0), ("level", 24, after)]
    (trip,), charges = found(reads, 40)
    assert trip.energy is None or (trip.energy == pytest.approx(17, abs=trip.uncertainty) and len(charges) == 1)


@pytest.mark.parametrize("after", [85.0, 80.0, 70.0])
def test_what_records_tell_is_not_denied_by_a_level_that_has_been_charged_meanwhile(after: float) -> None:
    records = (
        TripRecord(start=hours(8), end=hours(9), distance=50.0, energy=10.0),
        TripRecord(start=hours(17), end=hours(18), distance=50.0, energy=8.0),
    )
    reads: list[Read] = [("odometer", 0, 1000.0), ("level", 0, 80.0), ("odometer", 24, 1100.0), ("level", 24, after)]
    out, back = found(reads, 40, replace(ASSUMED, records=records)).trips
    assert (out.energy, back.energy) == pytest.approx((10, 8))


def test_a_trip_whose_energy_is_assumed_teaches_nothing() -> None:
    """Each day 40 km with 10 kWh, and then a charge that nobody has seen."""
    reads: list[Read] = [("odometer", 0, 1000.0), ("level", 0, 20.0)]
    for day in range(1, 31):
        reads += [("odometer", day * 24, 1000.0 + 40 * day), ("level", day * 24, 20.0 + 2.5 * day)]
    trips = found(reads, 31 * 24).trips
    assert [trip.energy for trip in trips] == pytest.approx([40 * 0.17] * 30), "it is what is assumed"
    nothing = ConsumptionModel(typical=17.0)
    learnt = reduce(ConsumptionModel.after, trips, nothing)
    assert learnt.estimate(None, hours(800)).spread == pytest.approx(nothing.estimate(None, hours(800)).spread)


# At the plug


def _plugged_in(until: float, *charging: tuple[float, float], standby: float) -> list[Read]:
    """A vehicle at the plug that is seen every quarter of an hour; its wallbox takes so many kW meanwhile."""
    reads: list[Read] = [("odometer", 0, 1000.0)]
    meter, level = 100.0, 30.0
    for step in range(int(until * 4)):
        at = step / 4
        charges = any(start <= at < end for start, end in charging)
        reads += [
            ("plugged_in", at, 1.0), ("charging", at, float(charges)), ("level", at, round(level)),
            ("meter", at, round(meter, 3)),
        ]  # fmt: skip
        meter += (3.3 if charges else standby) / 4
        level += 1.65 if charges else 0
    return reads


@pytest.mark.parametrize("standby", [0.0, 0.005], ids=["none", "5 W"])
def test_a_wallbox_that_takes_a_little_does_not_make_one_charge_of_two(standby: float) -> None:
    """The pause is 16 hours."""
    charges = found(_plugged_in(30, (0, 4), (20, 24), standby=standby), 31).charges
    assert [round(charge.hours or 0) for charge in charges] == [4, 4]


@pytest.mark.parametrize("standby", [0.0, 0.005], ids=["none", "5 W"])
def test_a_wallbox_that_takes_a_little_does_not_hinder_that_charges_are_settled(standby: float) -> None:
    reads = _plugged_in(10 * 24, *((day * 24, day * 24 + 0.5) for day in range(10)), standby=standby)
    charges = lived(reads, 10 * 24).charges
    assert len(charges) == 10
    assert max(charge.end - charge.start for charge in charges) < timedelta(hours=26)


def test_what_a_meter_counts_while_the_plug_is_pulled_for_a_moment_counts_once() -> None:
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("plugged_in", 0, 1.0), ("charging", 0, 1.0), ("level", 0, 50.0),
        ("plugged_in", 1, 0.0), ("charging", 1, 0.0), ("level", 1, 65.0), ("plugged_in", 1.05, 1.0),
        ("charging", 1.05, 1.0), ("charging", 3, 0.0), ("level", 3, 95.0),
    ]  # fmt: skip
    reads += [("meter", step / 5 - 0.1, 100 + 6 * min(max(step / 5 - 0.1, 0), 3)) for step in range(17)]
    charges = found(reads, 9).charges
    assert sum(charge.wall_energy or 0 for charge in charges) == pytest.approx(18, abs=0.1)


@pytest.mark.parametrize("part", [0.99, 0.95])
def test_a_meter_that_shows_a_little_less_once_has_not_counted_it_again(part: float) -> None:
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("plugged_in", 0, 1.0), ("charging", 0, 1.0), ("level", 0, 50.0),
        ("charging", 2, 0.0), ("level", 2, 80.0),
    ]  # fmt: skip
    reads += [("meter", step / 4, (500 + 6.6 * step / 4) * (part if step == 4 else 1)) for step in range(9)]
    (charge,) = found(reads, 9).charges
    assert charge.wall_energy == pytest.approx(13.2, abs=0.1)


@pytest.mark.parametrize(("step", "every"), [(0.01, 0.05), (0.01, 1.0), (1.0, 0.05)])
def test_a_slow_charge_takes_as_long_as_it_is_seen_to_take_however_seldom_the_meter_shows_it(
    step: float, every: float
) -> None:
    """At 2.3 kW for 8 hours, where the vehicle could take 6.6 kW; with prices of quarters of an hour."""
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("plugged_in", 0, 1.0), ("charging", 0, 1.0), ("level", 0, 30.0),
        ("charging", 8, 0.0), ("level", 8, 65.4), ("plugged_in", 9, 1.0),
    ]  # fmt: skip
    reads += [("price", quarter / 4, (0.1, 0.2, 0.3, 0.4)[quarter % 4]) for quarter in range(-4, 40)]
    times = [index * every for index in range(int(9 / every) + 1)]
    reads += [("meter", at, 100 + step * int(2.3 * min(at, 8) / step + 1e-6)) for at in times]
    (charge,) = found(reads, 10).charges
    assert charge.wall_energy == pytest.approx(18.4, abs=step / 2)
    assert charge.cost == pytest.approx(18.4 * 0.25, rel=0.05)
    assert charge.hours == pytest.approx(8, abs=0.5)
    (sample,) = samples_of(charge)
    assert sample.capacity(0.9) == pytest.approx(40, rel=0.03)


def test_a_charge_that_was_seen_is_not_nothing_because_its_last_level_is_missing() -> None:
    """The level after it is reported after the next drive."""
    reads: list[Read] = [
        ("odometer", 0, 1000.0), ("level", 0, 30.0), ("plugged_in", 0, 1.0), ("charging", 0, 1.0), ("charging", 4, 0.0),
        ("plugged_in", 8, 0.0), ("odometer", 9, 1030.0), ("level", 9, 75.0), ("place", 0, "zone.home"),
        ("place", 9, "zone.home"),
    ]  # fmt: skip
    entries = found(reads, 20)
    assert sums_of(entries, "EUR").charges == 1
    assert is_at_home(entries.charges[0])


# Where nothing is plugged in


@pytest.mark.parametrize(
    "levels",
    [
        [60.0] * 100 + [65.0] * 100,
        [60.0] * 100 + [100.0] + [60.0] * 99,
        [60.0 + step // 50 for step in range(200)],
    ],
    ids=["calculated again", "wrong once", "it gets warmer"],
)
def test_a_level_that_rises_while_every_report_says_unplugged_is_no_charge(levels: list[float]) -> None:
    reads: list[Read] = [("odometer", 0, 1000.0)]
    for step, level in enumerate(levels):
        at = step / 12
        reads += [("level", at, level), ("plugged_in", at, 0.0), ("charging", at, 0.0)]
    assert found(reads, 20).charges == []


# What trips have cost


def _commuting(*, content: float | None = None, other: float = 0.0) -> list[Read]:
    """Six days: it charges at night, and drives out and home. Another source sees the charges, by a different level."""
    reads: list[Read] = [("price", -1, 0.3)]
    states = [(0, 50, 1, 1), (2, 80, 1, 1), (4, 100, 1, 0), (8, 100, 0, 0), (9, 75, 0, 0), (12, 75, 0, 0)]
    for day in range(6):
        for hour, level, plugged_in, charging in [*states, (13, 50, 0, 0)]:
            at, driven = day * 24 + hour, 100 * day + 50 * ((hour >= 9) + (hour >= 13))
            reads += [("odometer", at, 1000.0 + driven), ("plugged_in", at, plugged_in), ("charging", at, charging)]
            if content is not None:
                reads += [("content", at, round(content * level / 100, 1))]
            if other and hour <= 4:
                reads += [("level", at, level - other, "module"), ("level", at + 0.3, level - other, "module")]
            if not other or hour in {0, *range(4, 24)}:
                reads += [("level", at, float(level))]
    return reads


@pytest.mark.parametrize(
    "reads",
    [_commuting(), _commuting(content=34.0), _commuting(other=5.0)],
    ids=["one source", "a battery that has aged", "two sources that differ by 5 %"],
)
def test_the_cost_of_each_trip_is_known_after_the_first_days_if_each_charge_has_a_price(reads: list[Read]) -> None:
    trips, charges = lived(reads, 6 * 24)
    assert all(charge.cost is not None for charge in charges)
    assert [trip.cost is not None for trip in trips[4:]] == [True] * 8


@pytest.mark.parametrize("odd", [0.0, 10.0, 999.0, 65535.0])
def test_an_odd_odometer_changes_nothing_when_entries_are_settled_right_after_it(odd: float) -> None:
    shown = ((0, 1000.0), (10, 1000.0), (10.1, odd), (12, 1020.0), (12.5, 1020.0), (25, 1020.0))
    reads: list[Read] = [("odometer", hour, distance) for hour, distance in shown]
    assert [trip.distance for trip in found(reads, 90).trips] == [20]
    assert [trip.distance for trip in lived(reads, 90).trips] == [20]


@pytest.mark.parametrize("back_after", [1.1, 1.5, 1.9])
def test_a_level_of_0_changes_nothing_when_entries_are_settled_right_after_it(back_after: float) -> None:
    reads: list[Read] = [("odometer", hour, 1000.0) for hour in (0, 10, 25)]
    reads += [("level", hour, level) for hour, level in ((0, 65.0), (10, 65.0), (10.5, 0.0), (10.5 + back_after, 65.0))]
    reads += [("level", 25, 65.0)]
    assert lived(reads, 100) == Entries([], [])


@pytest.mark.parametrize("seen_at", [24, 95, 168])
@pytest.mark.parametrize("reports_again", [False, True])
def test_a_source_that_reports_seldom_makes_no_charges_that_nobody_has_seen(
    seen_at: float, *, reports_again: bool
) -> None:
    """Leaf Spy has reported before a charge that the service has seen, and then again some days later."""
    reads: list[Read] = [("level", 0, 50.0, "leafspy"), ("level", seen_at, 90.0, "leafspy")]
    for hour, level, plugged_in, charging in ((0, 50, 0, 0), (5, 50, 1, 1), (9, 90, 1, 0), (10, 90, 0, 0)):
        reads += [("level", hour, float(level)), ("plugged_in", hour, float(plugged_in))]
        reads += [("charging", hour, float(charging)), ("odometer", hour, 1000.0)]
    if reports_again:
        reads += [("level", seen_at - 1, 90.0)]
    charges = lived(reads, round(seen_at) + 72).charges
    assert [(charge.level_from, charge.level_to) for charge in charges] == [(50, 90)]
