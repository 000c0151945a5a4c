"""Reports that are wrong for a moment, and tariffs that come, take nothing from the book and invent nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.nissanconnect.engine.book import Book, is_at_home
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.charge_finder import Assumptions
from custom_components.nissanconnect.engine.energy_cost import Tariff

BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
DASHBOARD = Tariff("energy_dashboard", "EUR", "zone.home")
HOME = Assumptions(capacity=40.0, currency="EUR", tariffs=(DASHBOARD,))


def hours(amount: float) -> datetime:
    return BEGIN + timedelta(hours=amount)


def written(*readings: tuple[str, float, float | str]) -> Book:
    """A book by quantities, hours and values."""
    book = Book()
    for quantity, hour, value in readings:
        source = "sensor.meter" if quantity == "meter" else "energy_dashboard" if quantity == "price" else "car"
        book.add(Quantity(quantity), Reading(hours(hour), value, source))
    return book


CHARGED = (
    ("odometer", 0, 1000.0),
    ("level", 0, 50.0),
    ("plugged_in", 0, 1.0),
    ("charging", 0, 1.0),
    ("charging", 2, 0.0),
    ("level", 2, 70.0),
    ("place", 0, "zone.home"),
    ("price", -1, 0.3),
)


def test_a_plan_that_is_added_takes_no_cost_from_charges_that_had_one() -> None:
    book = written(*CHARGED)
    ((before,),) = [book.entries(HOME, hours(9)).charges]
    assert before.cost is not None
    plan = replace(HOME, tariffs=(Tariff("plan", "EUR", "zone.home"), DASHBOARD))
    book.add(Quantity.PRICE, Reading(hours(9), 0.25, "plan"))
    ((after,),) = [book.entries(plan, hours(10)).charges]
    assert after.cost == before.cost


def test_a_meter_that_falls_by_a_watt_hour_has_not_begun_again() -> None:
    book = written(
        ("odometer", 0, 1000.0), ("level", 0, 50.0), ("plugged_in", 0, 1.0), ("charging", 0, 0.0),
        ("place", 0, "zone.home"), ("meter", 0, 120.0), ("meter", 8, 119.999),
    )  # fmt: skip
    assert book.entries(HOME, hours(9)).charges == []


def test_a_level_that_is_0_once_while_nothing_is_plugged_in_is_no_charge() -> None:
    book = written(
        *(("plugged_in", hour, 0.0) for hour in range(5)), *(("charging", hour, 0.0) for hour in range(5)),
        ("odometer", 0, 1000.0), ("level", 0, 60.0), ("level", 1, 60.0), ("level", 2, 0.0), ("level", 3, 60.0),
        ("level", 4, 60.0),
    )  # fmt: skip
    assert book.entries(HOME, hours(9)).charges == []


def test_a_charge_on_the_road_that_nobody_has_seen_is_not_at_home() -> None:
    book = written(
        ("odometer", 0, 1000.0), ("level", 0, 60.0), ("plugged_in", 0, 0.0), ("place", 0, "zone.home"),
        ("odometer", 8, 1400.0), ("level", 8, 80.0), ("place", 8, "zone.work"),
    )  # fmt: skip
    (unseen,) = book.entries(HOME, hours(9)).charges
    assert not is_at_home(unseen)


def test_a_meter_that_shows_0_for_a_moment_loses_nothing() -> None:
    book = written(
        *CHARGED[:-1], ("meter", 0, 5000.0), ("meter", 0.5, 0.0), ("meter", 0.6, 5002.5), ("meter", 2, 5009.0),
    )  # fmt: skip
    (found,) = book.entries(HOME, hours(9)).charges
    assert found.start == hours(0)
    assert found.wall_energy == pytest.approx(9)


def test_a_charge_after_a_start_that_was_put_off_is_seen_by_its_level() -> None:
    """A plan stops what begins at the plug; the next report is the level after the planned hours."""
    book = written(
        ("odometer", 0, 1000.0), ("level", 0, 40.0), ("plugged_in", 0, 1.0), ("charging", 0, 1.0),
        ("charging", 0.1, 0.0), ("level", 0.1, 40.0), ("level", 6, 75.0), ("charging", 6, 0.0),
        ("place", 0, "zone.home"),
    )  # fmt: skip
    (found,) = book.entries(HOME, hours(9)).charges
    assert (found.level_from, found.level_to) == (40, 75)
    assert found.energy == pytest.approx(14)


def test_a_price_goes_on_until_the_next_one_is_noted_but_not_for_long() -> None:
    book = written(*CHARGED, ("price", 1.95, 0.4))
    book.add(Quantity.PRICE, Reading(hours(1.96), None, "energy_dashboard"))
    costs = [each.cost for now in (2, 4) for each in book.entries(HOME, hours(now)).charges]
    assert costs == [pytest.approx(0.3 * 9.3, abs=0.5), None]


def test_what_was_charged_is_not_lost_when_the_battery_feeds_the_house_between() -> None:
    book = written(
        *CHARGED[:-1], ("level", 5, 40.0), ("charging", 6, 1.0), ("charging", 8, 0.0), ("level", 8, 60.0),
    )  # fmt: skip
    charges = book.entries(HOME, hours(9)).charges
    assert [(each.level_from, each.level_to) for each in charges] == [(50, 70), (40, 60)]
    assert [each.energy for each in charges] == pytest.approx([8, 8])


@pytest.mark.parametrize(("flowed", "expected"), [(3.2, [3.2]), (6.6, [])], ids=["it heats", "another one charges"])
def test_heating_at_the_plug_of_a_full_vehicle_is_in_the_book(flowed: float, expected: list[float]) -> None:
    meter = [("meter", 1 + step / 10, 100 + flowed * step / 10) for step in range(11)]
    book = written(
        ("odometer", 0, 1000.0), ("level", 0, 100.0), ("plugged_in", 0, 1.0), ("charging", 0, 0.0), ("meter", 0, 100.0),
        *meter, ("level", 2.1, 100.0), ("place", 0, "zone.home"),
    )  # fmt: skip
    assert [each.wall_energy for each in book.entries(HOME, hours(9)).charges] == pytest.approx(expected)


def test_top_ups_of_weeks_at_the_plug_are_not_one_charge_without_an_end() -> None:
    readings: list[tuple[str, float, float]] = [("odometer", 0, 1000.0), ("plugged_in", 0, 1.0), ("meter", 0, 100.0)]
    for time, hour in enumerate(range(4, 40 * 24, 5)):
        readings += [("meter", hour + part / 10, 100 + time + part / 4) for part in range(5)]
        readings += [("level", hour + 0.5, 100.0)]
    book = written(*readings)
    settled = book.settle(HOME, hours(40 * 24))
    assert book.since is not None
    assert book.since > hours(36 * 24)
    assert len(settled.charges) > 30
    assert max(each.end - each.start for each in settled.charges) < timedelta(hours=26)
