"""How lists of prices are read, in whatever shape they come."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.charging.price_shapes import (
    Unit,
    join_slots,
    read_attributes,
    read_lists,
    read_periods,
    read_unit,
)
from custom_components.nissanconnect.engine.charge_plan import Period, PriceSlot

from .backends.strategies import JSON
from .price_bodies import BERLIN, SOURCES, TODAY, Attributes, day_of, flat_hours, octopus_rates, rce_prices

HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
BACK = date(2026, 10, 25)
"""A day of 25 hours."""
FORWARD = date(2026, 3, 29)
"""A day of 23 hours."""


def read(*lists: object, unit: Unit | None = None) -> list[tuple[float, float, float]]:
    """The slots of lists, in hours after noon."""
    return [
        ((slot.start - NOON) / HOUR, (slot.end - NOON) / HOUR, slot.price)
        for slot in read_lists(lists, unit, BERLIN).slots
    ]


def at(hours: float) -> str:
    return (NOON + timedelta(hours=hours)).isoformat()


def expected(days: tuple[date, ...], minutes: int) -> list[PriceSlot]:
    slots = [slot for day in days for slot in day_of(day, minutes)]
    return [PriceSlot(slot.start.astimezone(UTC), slot.end.astimezone(UTC), slot.price) for slot in slots]


def rounded(slots: tuple[PriceSlot, ...]) -> list[PriceSlot]:
    """Prices without the noise of floats, and times to the minute (Amber's start a second late)."""
    return [PriceSlot(slot.start.replace(second=0), slot.end, round(slot.price, 6)) for slot in slots]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source(source: Attributes) -> None:
    listing = read_attributes(source.attributes, BERLIN, TODAY)
    assert rounded(listing.slots) == expected(source.days, source.minutes)
    assert listing.currency == source.currency


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_in_another_order_with_more_keys_and_a_unit_in_small_letters(source: Attributes) -> None:
    def spoiled(value: object) -> object:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [{"level": "NORMAL", "rank": 3, **dict(reversed(each.items()))} for each in reversed(value)]
        return value

    attributes = {"friendly_name": "Price", "icon": "mdi:cash", **source.attributes}
    if unit := attributes.get("unit_of_measurement"):
        attributes["unit_of_measurement"] = unit.lower()
    listing = read_attributes({name: spoiled(attributes[name]) for name in reversed(attributes)}, BERLIN, TODAY)
    assert rounded(listing.slots) == expected(source.days, source.minutes)
    assert listing.currency == source.currency


@pytest.mark.parametrize("source", [each for each in SOURCES.values() if each.own_unit])
def test_what_is_no_price_of_energy_is_not_read(source: Attributes) -> None:
    for unit in ("€/m³", "gCO2eq/kWh", "kWh", "%"):
        assert not read_attributes(source.attributes | {"unit_of_measurement": unit}, BERLIN, TODAY).slots


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("EUR/kWh", Unit(1, "EUR")),
        ("EUR/MWh", Unit(0.001, "EUR")),
        ("€/Wh", Unit(1000, "EUR")),
        ("ct/kWh", Unit(0.01)),
        ("¢/kWh", Unit(0.01)),
        ("Öre/kWh", Unit(0.01, "SEK")),
        ("øre/kWh", Unit(0.01)),
        ("p/kWh", Unit(0.01, "GBP")),
        ("Rp/kWh", Unit(0.01, "CHF")),
        ("kr / kWh", Unit(1)),
        ("$/kWh", Unit(1)),
        ("zł/MWh", Unit(0.001, "PLN")),
        ("SEK/mWh", Unit(0.001, "SEK")),
        ("eur/kwh", Unit(1, "EUR")),
        ("nok/mwh", Unit(0.001, "NOK")),
        ("ORE/kWh", Unit(0.01)),
        ("Euro/kWh", Unit(1, "EUR")),
        ("EUR per kWh", Unit(1, "EUR")),
        ("cents per kWh", Unit(0.01)),
        ("€/kWh incl. VAT", Unit(1, "EUR")),
        ("cat/kWh", None),
        ("g/kWh", None),
        ("km/kWh", None),
        ("gCO2eq/kWh", None),
        ("€/m³", None),
        ("EUR", None),
        ("kWh", None),
        ("", None),
        (None, None),
        (3, None),
    ],
)
def test_units(text: object, unit: Unit | None) -> None:
    assert read_unit(text) == unit


# Lists


def test_without_an_end_a_slot_lasts_until_the_next_and_the_last_as_long_as_the_one_before() -> None:
    items = [{"start": at(hours), "price": hours} for hours in (0, 1, 1.25, 1.5)]
    assert read(items) == [(0, 1, 0), (1, 1.25, 1), (1.25, 1.5, 1.25), (1.5, 1.75, 1.5)]


def test_a_slot_alone_is_an_hour() -> None:
    assert read([{"hour": at(0), "price": 0.3}]) == [(0, 1, 0.3)]


@pytest.mark.parametrize("price", [None, float("nan"), float("inf"), True, "n/a", "NaN", "", [], 10**400, "1e400", 1e9])
def test_a_price_that_is_none_leaves_a_gap(price: object) -> None:
    items = [{"start": at(0), "price": 0.1}, {"start": at(1), "price": price}, {"start": at(2), "price": 0.2}]
    assert read(items) == [(0, 1, 0.1), (2, 3, 0.2)]


@pytest.mark.parametrize("price", ["0.3", " 0.30 ", Decimal("0.3"), Fraction(3, 10)])
def test_a_price_may_be_written_in_several_ways(price: object) -> None:
    assert read([{"start": at(0), "price": price}]) == [(0, 1, 0.3)]


@pytest.mark.parametrize("time", [None, "", "soon", 13, True, "9999-12-31T23:59:59-12:00", "0001-01-01"])
def test_a_time_that_is_none_leaves_the_item_out(time: object) -> None:
    assert read([{"start": time, "price": 0.1}, {"start": at(2), "price": 0.2}]) == [(2, 3, 0.2)]
    assert read([{"start": time, "end": at(1), "price": 0.1}, {"start": at(2), "price": 0.2}]) == [(2, 3, 0.2)]


@pytest.mark.parametrize("tomorrow", [None, [], [None] * 24, "unknown", {}, 0])
def test_tomorrow_that_is_not_known_yet(tomorrow: object) -> None:
    today = [{"start": at(0), "end": at(1), "price": 0.1}]
    assert read(today, tomorrow) == [(0, 1, 0.1)]


def test_order_duplicates_and_overlaps() -> None:
    today = [{"start": at(hours), "end": at(hours + 1), "price": 0.1} for hours in (2, 0, 1, 0)]
    tomorrow = [{"start": at(1.5), "end": at(2), "price": 0.2}, {"start": at(2), "end": at(3), "price": 0.3}]
    assert read(today, tomorrow) == [(0, 1, 0.1), (1, 1.5, 0.1), (1.5, 2, 0.2), (2, 3, 0.3)]


def test_a_price_counts_more_than_none_whichever_comes_first() -> None:
    known, unknown = [{"start": at(0), "price": 0.1}], [{"start": at(0), "price": None}]
    assert read(known, unknown) == read(unknown, known) == [(0, 1, 0.1)]


def test_an_end_before_the_start_counts_as_none() -> None:
    assert read([{"start": at(0), "end": at(-1), "price": 1}, {"start": at(1), "end": at(1), "price": 2}]) == [
        (0, 1, 1),
        (1, 2, 2),
    ]


def test_iso_times_with_t_or_blank_and_local_times() -> None:
    times = ["2026-11-29T13:00:00+01:00", "2026-11-29 13:00:00+00:00", "2026-11-29 15:00:00", "2026-11-29T15:00:00Z"]
    assert [start for start, *_ in read([{"time": each, "price": 1} for each in times])] == [0, 1, 2, 3]


def test_a_list_that_has_no_prices_does_not_stop_the_search() -> None:
    attributes = {"data": [{"start": at(0), "value": 0.3}], "prices": [], "forecast": 4, "rates": [{"start": at(0)}]}
    assert [slot.price for slot in read_attributes(attributes, BERLIN, TODAY).slots] == [0.3]


@pytest.mark.parametrize(("body", "currency"), [(rce_prices, "PLN"), (octopus_rates, "GBP")])
def test_keys_of_one_source_have_its_unit_if_the_entity_has_none(body: Any, currency: str) -> None:
    attributes = {**body(TODAY), "unit_of_measurement": None}
    listing = read_attributes(attributes, BERLIN, TODAY)
    assert (round(listing.slots[0].price, 6), listing.currency) == (0.21, currency)


def test_a_currency_is_one_in_small_letters_too() -> None:
    attributes = {"raw_today": [{"start": at(0), "value": 21}], "unit_of_measurement": "øre/kWh", "currency": "nok"}
    listing = read_attributes(attributes, BERLIN, TODAY)
    assert (round(listing.slots[0].price, 6), listing.currency) == (0.21, "NOK")


def test_rce_per_kwh() -> None:
    """Its users choose the unit, which then is that of the list as well."""
    attributes = {**rce_prices(TODAY), "unit_of_measurement": "PLN/kWh"}
    assert read_attributes(attributes, BERLIN, TODAY).slots[0].price == 210


def test_ends_with_a_gap() -> None:
    ends = ["2026-11-29 13:15:00", "2026-11-29 13:30:00", "2026-11-29 14:30:00"]
    items = [{"dtime": end, "rce_pln": 100} for end in ends]
    assert read(items) == [(0, 0.25, 0.1), (0.25, 0.5, 0.1), (1.25, 1.5, 0.1)]


# The days on which the clocks change


@pytest.mark.parametrize(("day", "hours"), [(FORWARD, 23), (BACK, 25), (TODAY, 24)])
@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize(
    "time",
    [lambda time: time, lambda time: time.replace(tzinfo=None), str],
    ids=["aware", "local", "text"],
)
def test_days_of_23_and_25_hours(day: date, hours: int, minutes: int, time: Any) -> None:
    """With aware times, with local ones, and with texts that say how far they are from UTC."""
    items = [{"start": time(slot.start), "value": slot.price} for slot in day_of(day, minutes)]
    slots = read_lists([items], None, BERLIN).slots
    assert len(slots) == hours * 60 // minutes
    assert list(slots) == expected((day,), minutes)


@pytest.mark.parametrize(("day", "quarters"), [(FORWARD, 92), (BACK, 100)])
def test_local_ends_of_such_days(day: date, quarters: int) -> None:
    slots = read_attributes(rce_prices(day), BERLIN, day).slots
    assert len(slots) == quarters
    assert rounded(slots) == expected((day,), 15)


@pytest.mark.parametrize("day", [FORWARD, BACK])
@pytest.mark.parametrize("prefix", ["price_", "price_next_day_"])
def test_flat_hours_of_such_days(day: date, prefix: str) -> None:
    today = day if prefix == "price_" else day - timedelta(days=1)
    attributes = dict(flat_hours(day, prefix))
    assert ("price_02h_d" in attributes) == (day == BACK and prefix == "price_")
    assert list(read_attributes(attributes, BERLIN, today).slots) == expected((day,), 60)


def test_a_local_time_that_the_clocks_skip_is_left_out() -> None:
    items = [{"start": f"2026-03-29 {hour:02}:30:00", "price": hour} for hour in (1, 2, 4)]
    slots = read_lists([items], None, BERLIN).slots
    assert [(slot.start.hour, slot.price) for slot in slots] == [(0, 1), (2, 4)]


# Periods, and joined slots


def test_periods() -> None:
    items = [
        {"start": at(3), "end": at(4), "source": "smart-charge"},
        {"start": NOON, "end": NOON + HOUR},
        {"start": at(2), "end": at(2)},
        {"start": at(2)},
        None,
    ]
    assert read_periods(items, BERLIN) == (
        Period(NOON, NOON + HOUR),
        Period(NOON + 3 * HOUR, NOON + 4 * HOUR),
    )
    assert read_periods(None, BERLIN) == ()


def test_of_two_slots_with_the_same_start_the_later_given_counts() -> None:
    def slot(start: float, end: float, price: float) -> PriceSlot:
        return PriceSlot(NOON + start * HOUR, NOON + end * HOUR, price)

    assert join_slots([slot(1, 2, 0.2), slot(0, 1, 0.1), slot(1, 2, 0.3)]) == (slot(0, 1, 0.1), slot(1, 2, 0.3))


# Laws

TIMES = st.builds(
    lambda quarters, zone: (datetime(2026, 10, 24, tzinfo=UTC) + quarters * HOUR / 4).replace(tzinfo=zone),
    st.integers(0, 300),
    st.sampled_from([None, UTC, BERLIN]),
)
KEYS = st.sampled_from(["start", "time", "hour", "end", "till", "dtime", "price", "value", "rce_pln", "per_kwh"])
ITEMS = st.lists(st.dictionaries(KEYS, TIMES | TIMES.map(str) | st.floats() | JSON, max_size=6) | JSON, max_size=12)
NAMES = st.sampled_from(
    [
        "prices_today",
        "prices_tomorrow",
        "raw_today",
        "raw_tomorrow",
        "rates",
        "prices",
        "data",
        "forecast",
        "unit_of_measurement",
        "currency",
        "price_02h",
        "price_02h_d",
        "price_next_day_02h",
        "price_99h",
    ]
)


def is_in_order(slots: tuple[PriceSlot, ...]) -> bool:
    return all(slot.start < slot.end for slot in slots) and all(
        one.end <= other.start for one, other in pairwise(slots)
    )


@given(st.dictionaries(NAMES, ITEMS | JSON | st.sampled_from(["EUR/MWh", "ct/kWh"])), st.sampled_from([TODAY, BACK]))
def test_whatever_the_attributes_are_the_slots_are_in_order(attributes: dict[str, Any], today: date) -> None:
    slots = read_attributes(attributes, BERLIN, today).slots
    assert is_in_order(slots)
    assert all(abs(slot.price) <= 1e9 for slot in slots)
    assert join_slots(slots) == slots


@given(JSON | ITEMS)
def test_whatever_the_periods_are_nothing_raises(listed: object) -> None:
    assert all(period.start < period.end for period in read_periods(listed, BERLIN))


@given(st.permutations(day_of(BACK, 60)), st.integers(0, 25))
def test_neither_the_order_nor_how_it_is_cut_into_lists_matters(slots: list[Any], cut: int) -> None:
    items = [{"start": slot.start, "end": slot.end, "price": slot.price} for slot in slots]
    assert list(read_lists([items[:cut], items[cut:]], None, BERLIN).slots) == expected((BACK,), 60)
