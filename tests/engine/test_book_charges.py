"""Charges and the energies of trips, by whatever is reported of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from custom_components.nissanconnect.engine.book_entries import Charge, Current
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.energy_cost import Tariff

from .lives import (
    ASSUMED,
    CAPACITY,
    DENSE,
    EFFICIENCY,
    OVERHEAD,
    POLLED,
    SELDOM,
    START,
    Life,
    Noted,
    Source,
    assert_tidy,
    entries_of,
    numbers,
    prices,
)


def _at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def _noted(quantity: Quantity, points: Iterable[tuple[float, object]], source: str = "one") -> list[Noted]:
    return [(quantity, Reading(_at(minutes), value, source)) for minutes, value in points]  # type: ignore[arg-type]


def _charges(*noted: Sequence[Noted], now: float = 3000, **assumed: object) -> Sequence[Charge]:
    everything = [each for some in noted for each in some]
    entries = entries_of(everything, _at(now), replace(ASSUMED, **assumed))  # type: ignore[arg-type]
    assert_tidy(entries)
    return entries.charges


def _night() -> Life:
    """A drive, and a charge of three hours in the night: 16.92 kWh from 19.8."""
    life = Life()
    life.stand(60)
    life.drive(42, 60)
    life.stand(200)
    life.charge([(60, 180)])
    life.stand(600)
    return life


@pytest.mark.parametrize(
    "source",
    [
        DENSE,
        DENSE._replace(plug=False),
        DENSE._replace(charging=False),
        DENSE._replace(plug=False, charging=False),
        DENSE._replace(odometer=False),
        DENSE._replace(levels=False, contents=False),
        POLLED,
        POLLED._replace(plug=False, metered=False),
        POLLED._replace(charging=False, plug=False, metered=False),
        POLLED._replace(odometer=False),
        SELDOM,
    ],
    ids=[
        "all",
        "no plug",
        "no status",
        "only level and meter",
        "no odometer",
        "no level",
        "polled",
        "polled without plug",
        "polled level only",
        "polled without odometer",
        "seldom",
    ],
)
def test_a_charge_is_found_by_what_there_is(source: Source) -> None:
    life = _night()
    entries = entries_of([*source.report(life), *prices(life)], life.now)
    assert_tidy(entries)
    (charge,), (true,) = entries.charges, life.charges
    assert len(entries.trips) == (1 if source.odometer else 0)
    assert abs(charge.start - true.start) <= timedelta(minutes=16)
    assert abs(charge.end - true.end) <= timedelta(minutes=16)
    assert charge.energy == pytest.approx(true.stored, abs=charge.uncertainty)
    assert charge.wall_energy == pytest.approx(true.wall, rel=0.001 if source.metered else 0.05)
    assert charge.estimated is not source.metered
    assert charge.place == "zone.home"
    assert charge.currency == "EUR"
    costs = numbers(prices(life), Quantity.PRICE)
    assert charge.cost is not None
    assert min(costs) * true.wall < charge.cost < max(costs) * true.wall


def test_home_assistant_was_off_during_a_charge() -> None:
    life = _night()
    begins, ends = life.charges[0].start - timedelta(hours=2), life.charges[0].end + timedelta(hours=2)
    noted = [each for each in DENSE.report(life) if not begins < each[1].at < ends]
    trips, (charge,) = entries_of(noted, life.now)
    assert len(trips) == 1
    assert begins <= charge.start
    assert charge.end <= ends
    assert charge.energy == pytest.approx(life.charges[0].stored, abs=0.2)
    assert charge.wall_energy == pytest.approx(life.charges[0].wall, abs=0.02)


def test_home_assistant_was_off_during_a_trip() -> None:
    life = _night()
    begins, ends = life.trips[0].start - timedelta(minutes=20), life.trips[0].end + timedelta(minutes=20)
    noted = [each for each in DENSE.report(life) if not begins < each[1].at < ends]
    entries = entries_of(noted, life.now)
    assert_tidy(entries)
    (trip,) = entries.trips
    assert trip.distance == pytest.approx(life.trips[0].distance, abs=0.1)
    assert trip.energy == pytest.approx(life.trips[0].energy, abs=0.2)
    assert len(entries.charges) == 1


def test_a_charge_that_nobody_has_seen() -> None:
    """Before and after two days there is a report: it has driven 40 km, and holds more than before."""
    noted = [*_noted(Quantity.ODOMETER, [(0, 1000), (2880, 1040)]), *_noted(Quantity.LEVEL, [(0, 40), (2880, 90)])]
    trips, charges = entries_of(noted, _at(3000))
    assert [trip.energy for trip in trips] == [pytest.approx(6.8)]
    assert [charge.energy for charge in charges] == [pytest.approx(20 + 6.8)]
    assert charges[0].wall_energy == pytest.approx(26.8 / EFFICIENCY)


def test_a_level_that_moves_a_little_is_no_charge() -> None:
    levels = [(minute, 80 + minute // 60 % 3) for minute in range(0, 1200, 30)]
    assert not _charges(_noted(Quantity.LEVEL, levels))


def test_a_charge_of_a_battery_that_has_lost_much_while_it_stood() -> None:
    levels = [(0, 60), (1000, 55), (1100, 60)]
    (charge,) = _charges(_noted(Quantity.LEVEL, levels))
    assert (charge.level_from, charge.level_to) == (55, 60)


def test_a_pause_is_part_of_a_charge_unless_it_is_long() -> None:
    status = [(0, 0), (60, 1), (120, 0), (470, 1), (500, 0), (900, 1), (960, 0)]
    found = _charges(_noted(Quantity.CHARGING, status))
    assert [(charge.start, charge.end) for charge in found] == [(_at(60), _at(500)), (_at(900), _at(960))]


def test_the_plug_parts_two_charges() -> None:
    status = [(0, 0), (60, 1), (120, 0), (150, 1), (200, 0)]
    plug = [(0, 0), (50, 1), (130, 0), (140, 1), (210, 0)]
    assert len(_charges(_noted(Quantity.CHARGING, status), _noted(Quantity.PLUGGED_IN, plug))) == 2


def test_a_charge_that_goes_on() -> None:
    """The status is only reported when it changes."""
    noted = [_noted(Quantity.CHARGING, [(0, 0), (60, 1)]), _noted(Quantity.LEVEL, [(59, 40), (120, 55), (180, 70)])]
    (charge,) = _charges(*noted, now=200)
    assert (charge.start, charge.end) == (_at(60), _at(180))
    assert charge.energy == pytest.approx(0.3 * CAPACITY)


def test_a_charge_begins_again_while_home_assistant_is_off() -> None:
    noted = [
        _noted(Quantity.CHARGING, [(0, 0), (60, 1), (120, 0), (1500, 0)]),
        _noted(Quantity.LEVEL, [(0, 40), (120, 55), (600, 55), (1500, 90)]),
    ]
    assert [charge.energy for charge in _charges(*noted)] == pytest.approx([0.15 * CAPACITY, 0.35 * CAPACITY])


def test_a_charge_only_takes_as_long_as_it_needs() -> None:
    """Plugged in at the end of the time in which nobody looked, or before."""
    levels = _noted(Quantity.LEVEL, [(0, 50), (600, 70)])
    needed = timedelta(hours=0.2 * CAPACITY / (6.6 * EFFICIENCY - OVERHEAD))
    (charge,) = _charges(levels)
    assert (charge.start, charge.end - charge.start) == (_at(0), needed)
    waiting = [*_noted(Quantity.PLUGGED_IN, [(0, 1)]), *_noted(Quantity.CHARGING, [(1, 0)])]
    (charge,) = _charges(levels, waiting)
    assert (charge.end, charge.end - charge.start) == (_at(600), needed)


def test_standby_is_no_charge() -> None:
    meter = [(minute, 100 + minute / 60 * 0.02) for minute in range(0, 2000, 30)]
    assert not _charges(_noted(Quantity.METER, meter), _noted(Quantity.PLUGGED_IN, [(0, 1)]))
    wakes_up = [(minute, 100 + 0.03 * (minute // 800)) for minute in range(0, 2000, 10)]
    assert not _charges(_noted(Quantity.METER, wakes_up), _noted(Quantity.PLUGGED_IN, [(0, 1)]))


def test_a_charge_of_which_only_the_meter_tells() -> None:
    meter = [(minute, 100 + max(0, min(minute - 60, 120)) / 60 * 6.6) for minute in range(0, 400, 5)]
    assert not _charges(_noted(Quantity.METER, meter))
    (charge,) = _charges(_noted(Quantity.METER, meter), _noted(Quantity.PLUGGED_IN, [(0, 0), (30, 1)]))
    assert charge.wall_energy == pytest.approx(13.2)
    assert charge.energy == pytest.approx(13.2 * EFFICIENCY - 2 * OVERHEAD, abs=0.1)
    assert charge.uncertainty == pytest.approx(1.32)
    assert charge.level_from is None


def test_a_meter_that_begins_again_for_each_session() -> None:
    life = _night()
    first = life.charges[0].start
    noted = [
        (quantity, reading._replace(value=15.0 if reading.at < first else reading.value - 100))  # type: ignore[operator]
        if quantity is Quantity.METER
        else (quantity, reading)
        for quantity, reading in DENSE.report(life)
    ]
    (charge,) = entries_of(noted, life.now).charges
    assert charge.wall_energy == pytest.approx(life.charges[0].wall, abs=0.25)


def test_a_meter_that_is_exchanged() -> None:
    life = _night()
    noted = [*DENSE.report(life)]
    middle = life.charges[0].start + timedelta(hours=1)
    moved = [
        (quantity, reading._replace(source="new", value=reading.value - 103) if reading.at > middle else reading)  # type: ignore[operator]
        if quantity is Quantity.METER
        else (quantity, reading)
        for quantity, reading in noted
    ]
    (charge,) = entries_of(moved, life.now).charges
    assert charge.wall_energy == pytest.approx(life.charges[0].wall, abs=0.3)


def test_another_vehicle_charges_at_the_same_meter() -> None:
    """What flows while this one is away, and after it has charged, is not its own."""
    life = _night()
    end = life.charges[0].end
    away, later = life.trips[0].start + timedelta(minutes=5), end + timedelta(hours=4)

    def others(at: datetime) -> float:
        minutes = max(0.0, min((at - away) / timedelta(minutes=1), 30)) + max(
            0.0, min((at - later) / timedelta(minutes=1), 240)
        )
        return 7.4 * minutes / 60

    noted = [
        (quantity, reading._replace(value=reading.value + others(reading.at)))  # type: ignore[operator]
        if quantity is Quantity.METER
        else (quantity, reading)
        for quantity, reading in DENSE._replace(plug=False).report(life)
    ]
    noted += [(Quantity.PLUGGED_IN, Reading(life.charges[0].start, 1.0, "one"))]
    (charge,) = entries_of(noted, life.now).charges
    assert charge.wall_energy == pytest.approx(life.charges[0].wall, abs=0.3)


def test_another_vehicle_charges_while_this_one_is_full_at_the_plug() -> None:
    idle = [
        *_noted(Quantity.ODOMETER, [(0, 1000.0)]),
        *_noted(Quantity.PLUGGED_IN, [(0, 1.0)]),
        *_noted(Quantity.LEVEL, [(0, 80.0), (240, 80.0), (480, 80.0)]),
    ]
    other = _noted(Quantity.METER, [(60 + 15 * quarter, 5000 + 1.75 * quarter) for quarter in range(9)])
    assert _charges(idle, other) == []


@pytest.mark.parametrize(("from_quarter", "is_metered"), [(0, True), (3, True), (6, False)])
def test_a_meter_that_is_only_read_for_a_part_of_a_charge_does_not_count(from_quarter: int, is_metered: bool) -> None:
    charged = [
        *_noted(Quantity.ODOMETER, [(0, 1000.0)]),
        *_noted(Quantity.PLUGGED_IN, [(0, 1.0)]),
        *_noted(Quantity.CHARGING, [(60, 1.0), (180, 0.0)]),
        *_noted(Quantity.LEVEL, [(60, 50.0), (180, 80.0)]),
    ]
    part = _noted(Quantity.METER, [(60 + 15 * each, 1.7 * each) for each in range(from_quarter, 9)])
    (charge,) = _charges(charged, part)
    assert charge.estimated is not is_metered
    assert charge.wall_energy is not None
    assert charge.energy is not None
    assert charge.wall_energy > (0.5 if is_metered else 1) * charge.energy


def test_a_meter_that_cannot_be_right_does_not_count() -> None:
    life = _night()
    noted = [
        (quantity, reading._replace(value=(reading.value - 100) * 3))  # type: ignore[operator]
        if quantity is Quantity.METER
        else (quantity, reading)
        for quantity, reading in DENSE.report(life)
    ]
    (charge,) = entries_of(noted, life.now).charges
    assert charge.estimated
    assert charge.wall_energy == pytest.approx(life.charges[0].wall, rel=0.02)


def test_counters_of_the_vehicle_come_first() -> None:
    drawn = [(minute, 100 + max(0, min(minute - 60, 60)) * 0.2) for minute in range(0, 200, 4)]
    regained = [(minute, 50 + max(0, min(minute - 60, 60)) * 0.03) for minute in range(0, 200, 4)]
    stored = [(minute, max(0, min(minute - 150, 60)) * 0.1) for minute in range(0, 300, 4)]
    odometer = [(minute, 1000 + max(0, min(minute - 60, 60))) for minute in range(0, 200, 4)]
    trips, charges = entries_of(
        [
            *_noted(Quantity.ODOMETER, odometer),
            *_noted(Quantity.DRIVEN, drawn),
            *_noted(Quantity.REGAINED, regained),
            *_noted(Quantity.STORED, stored),
            *_noted(Quantity.CHARGING, [(0, 0), (150, 1), (210, 0)]),
            *_noted(Quantity.LEVEL, [(0, 80), (140, 40), (300, 90)]),
        ],
        _at(400),
    )
    assert [trip.energy for trip in trips] == [pytest.approx(12 - 1.8)]
    assert [trip.regained for trip in trips] == [pytest.approx(1.8)]
    assert [charge.energy for charge in charges] == [pytest.approx(6)]


@pytest.mark.parametrize(
    ("noted", "peak", "current"),
    [
        ([], None, None),
        (_noted(Quantity.POWER, [(70, 6.5), (80, 6.6), (110, 0)]), 6.6, Current.AC),
        (_noted(Quantity.POWER, [(70, 46.0)]), 46.0, Current.DC),
        (_noted(Quantity.RAPID, [(70, 1), (90, 1)]), None, Current.DC),
        (_noted(Quantity.RAPID, [(70, 0)]), None, Current.AC),
        (_noted(Quantity.METER, [(60, 5), (120, 11)]), None, Current.AC),
        (_noted(Quantity.LEVEL, [(60, 10), (120, 90)]), None, Current.DC),
    ],
    ids=["unknown", "power", "much power", "rapid", "not rapid", "metered", "so fast"],
)
def test_power_and_current(noted: list[Noted], peak: float | None, current: Current | None) -> None:
    (charge,) = _charges(_noted(Quantity.CHARGING, [(0, 0), (60, 1), (120, 0)]), noted)
    assert (charge.peak_power, charge.current) == (peak, current)


def test_a_rapid_charger_loses_little() -> None:
    levels = _noted(Quantity.LEVEL, [(60, 10), (120, 90)])
    (charge,) = _charges(_noted(Quantity.CHARGING, [(0, 0), (60, 1), (120, 0)]), levels)
    assert charge.wall_energy == pytest.approx(0.8 * CAPACITY / 0.95)
    assert charge.currency is None


PLACES = (Tariff("home", "EUR", "zone.home"), Tariff("work", "SEK", "zone.work"))


@pytest.mark.parametrize(
    ("place", "cost", "currency"),
    [
        ("zone.home", 0.3, "EUR"),
        ("zone.work", 2.0, "SEK"),
        ("", None, None),
        (None, 0.3, "EUR"),
    ],
)
def test_a_charge_costs_what_it_costs_at_its_place(place: str | None, cost: float | None, currency: str | None) -> None:
    noted = [
        _noted(Quantity.CHARGING, [(0, 0), (60, 1), (120, 0)]),
        _noted(Quantity.METER, [(60, 5), (120, 11)]),
        _noted(Quantity.PLACE, [(0, place)]),
        _noted(Quantity.PRICE, [(0, 0.3)], "home"),
        _noted(Quantity.PRICE, [(0, 2.0)], "work"),
    ]
    (charge,) = _charges(*noted, tariffs=PLACES)
    assert charge.currency == currency
    assert charge.cost == (None if cost is None else pytest.approx(6 * cost))


SUNNY = Tariff("home", "EUR", "zone.home"), Tariff("work", "EUR", "zone.work")


def test_the_part_of_the_sun() -> None:
    noted = [
        _noted(Quantity.CHARGING, [(0, 0), (60, 1), (120, 0)]),
        _noted(Quantity.METER, [(60, 5), (90, 8), (120, 11)]),
        _noted(Quantity.PLACE, [(0, "zone.home")]),
    ]

    def share(*points: tuple[float, float | None], tariff: str = "home") -> float | None:
        (charge,) = _charges(*noted, _noted(Quantity.SOLAR, points, tariff), tariffs=SUNNY)
        return charge.solar

    assert share() is None
    assert share((0, 0.0)) == 0
    assert share((0, 1.0), (90, 0.5)) == pytest.approx(0.75)
    assert share((0, 1.0), (75, 0.5)) == pytest.approx(0.625, abs=0.02), "it changes within what a meter has counted"
    assert share((0, 1.0), (75, None), (90, 0.5)) is None, "a quarter of the time is not known"
    assert share((0, 1.0), tariff="work") is None, "the roof is elsewhere"


def test_nothing_is_known_of_a_charge_but_that_it_was() -> None:
    (charge,) = _charges(_noted(Quantity.CHARGING, [(0, 0), (60, 1)]), capacity=None)
    assert charge == Charge(start=_at(60), end=_at(60), hours=0)


def test_a_charge_of_which_only_the_beginning_is_known() -> None:
    noted = [_noted(Quantity.CHARGING, [(0, 0), (60, 1), (120, 0)]), _noted(Quantity.LEVEL, [(0, 50)])]
    (charge,) = _charges(*noted, now=130)
    assert (charge.level_from, charge.level_to, charge.energy) == (50, None, None)


def test_the_clocks_go_back_in_the_night() -> None:
    """Times are in UTC: an hour that comes twice is two."""
    life = Life()
    life.stand(60)
    life.charge([(0, 240)])
    life.stand(60)
    shift = datetime.fromisoformat("2026-10-24T23:00:00+00:00") - START
    noted = [
        (quantity, reading._replace(at=reading.at + shift))
        for quantity, reading in [*DENSE.report(life), *prices(life)]
    ]
    (charge,), (same,) = (
        entries_of(noted, life.now + shift).charges,
        entries_of([*DENSE.report(life), *prices(life)], life.now).charges,
    )
    by_hour = tuple(replace(each, at=each.at + shift) for each in same.by_hour)
    assert charge == replace(same, start=same.start + shift, end=same.end + shift, by_hour=by_hour)


def test_where_it_stood_may_have_been_reported_just_before_it_arrived() -> None:
    noted = [
        *_noted(Quantity.ODOMETER, [(0, 1000), (60, 1000), (80, 1010)]),
        *_noted(Quantity.PLACE, [(0, "zone.home"), (65, ""), (79.5, "zone.shop")]),
    ]
    (trip,), _ = entries_of(noted, _at(90))
    assert (trip.origin, trip.destination) == ("zone.home", "zone.shop")
    (trip,), _ = entries_of([*noted, *_noted(Quantity.PLACE, [(82, None)])], _at(90))
    assert trip.destination == "zone.shop"
    (trip,), _ = entries_of([*noted, *_noted(Quantity.PLACE, [(81, ""), (83, "zone.work")])], _at(90))
    assert trip.destination == "zone.work"


def test_a_counter_that_is_hardly_followed_does_not_count() -> None:
    odometer = [(minute, 1000 + max(0, min(minute - 60, 60))) for minute in range(0, 200, 4)]
    counted = _noted(Quantity.DRIVEN, [(0, 100), (90, 101)])
    levels = _noted(Quantity.LEVEL, [(0, 80), (140, 50)])
    (trip,), _ = entries_of([*_noted(Quantity.ODOMETER, odometer), *counted, *levels], _at(400))
    assert trip.energy == pytest.approx(0.3 * CAPACITY)


def test_a_level_from_before_a_charge_is_not_that_before_a_trip() -> None:
    """It says how much it holds only before the first trip, and on the last."""
    noted = [
        *_noted(Quantity.ODOMETER, [(0, 1000), (10, 1000), (30, 1015), (150, 1015), (190, 1045)]),
        *_noted(Quantity.CHARGING, [(0, 0), (60, 1), (120, 0)]),
        *_noted(Quantity.LEVEL, [(0, 50), (152, 85), (190, 75)]),
    ]
    trips, _ = entries_of(noted, _at(200))
    assert (trips[-1].level_from, trips[-1].level_to) == (85, 75)
