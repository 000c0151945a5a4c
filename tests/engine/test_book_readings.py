"""What is kept of readings, and how counters rise."""

from datetime import timedelta
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.book_readings import (
    Quantity,
    Reading,
    between,
    last_until,
    number,
    rises,
)
from custom_components.nissanconnect.engine.reading_set import Readings

from .lives import START


def _at(minutes: float, value: float | str | None, source: str = "one") -> Reading:
    return Reading(START + timedelta(minutes=minutes), value, source)


def _kept(quantity: Quantity, *readings: Reading) -> list[Reading]:
    found = Readings()
    for reading in readings:
        found.add(quantity, reading)
    return found.of(quantity)


def test_of_equal_readings_in_a_quarter_of_an_hour_the_first_and_the_last_are_kept() -> None:
    readings = [_at(minutes, 50 if minutes != 7 else 51) for minutes in range(15)]
    assert _kept(Quantity.LEVEL, *readings) == [_at(0, 50), _at(7, 51), _at(14, 50)]
    assert _kept(Quantity.LEVEL, _at(14, 50), _at(15, 50), _at(16, 50, "two")) == [
        _at(14, 50),
        _at(15, 50),
        _at(16, 50, "two"),
    ]


def test_of_a_meter_the_first_and_the_last_of_all_are_kept() -> None:
    readings = [_at(minutes, minutes / 10) for minutes in range(20)]
    assert _kept(Quantity.METER, *readings) == [_at(0, 0), _at(14, 1.4), _at(15, 1.5), _at(19, 1.9)]


def test_what_is_new() -> None:
    readings = Readings()
    assert readings.add(Quantity.LEVEL, _at(5, 50))
    assert not readings.add(Quantity.LEVEL, _at(5, 50))
    assert readings.add(Quantity.LEVEL, _at(9, 50))
    assert not readings.add(Quantity.LEVEL, _at(7, 50))
    assert readings.add(Quantity.LEVEL, _at(7, 51))
    assert len(readings) == 3
    assert list(readings) == [(Quantity.LEVEL, each) for each in readings.of(Quantity.LEVEL)]


def test_what_is_known_comes_after_what_is_unknown() -> None:
    prices = _kept(Quantity.PRICE, _at(0, 0.3), _at(0, None))
    assert [reading.value for reading in prices] == [None, 0.3]
    assert last_until(prices, START) == _at(0, 0.3)


def test_readings_by_source() -> None:
    readings = Readings()
    for reading in (_at(0, 1), _at(1, 2, "two"), _at(2, 3)):
        readings.add(Quantity.LEVEL, reading)
    assert readings.by_source(Quantity.LEVEL) == {"one": [_at(0, 1), _at(2, 3)], "two": [_at(1, 2, "two")]}
    readings.add(Quantity.LEVEL, _at(3, 4, "two"))
    assert readings.by_source(Quantity.LEVEL)["two"] == [_at(1, 2, "two"), _at(3, 4, "two")]


def test_what_goes_on_is_not_forgotten() -> None:
    readings = Readings()
    for minutes, value in ((0, 80), (30, 70), (60, 60)):
        readings.add(Quantity.LEVEL, _at(minutes, value))
        readings.add(Quantity.PLACE, _at(minutes, "zone.shop"))
    readings.add(Quantity.LEVEL, _at(10, 75, "two"))
    readings.forget(START + timedelta(minutes=45), "zone.home")
    assert readings.of(Quantity.LEVEL) == [_at(10, 75, "two"), _at(30, 70), _at(60, 60)]
    assert readings.of(Quantity.PLACE) == [_at(45, "zone.home", ""), _at(60, "zone.shop")]


def test_a_sorted_series() -> None:
    series = [_at(0, 1), _at(10, 2), _at(20, 3)]
    assert last_until(series, START - timedelta(seconds=1)) is None
    assert last_until(series, START + timedelta(minutes=10)) == _at(10, 2)
    assert between(series, START, START + timedelta(minutes=10)) == series[:2]
    assert number(_at(0, None)) == 0
    assert number(_at(0, "zone.home")) == 0


@pytest.mark.parametrize(
    ("shown", "amounts"),
    [
        ([], []),
        ([(0, 10)], []),
        ([(0, 10), (30, 12), (60, 12), (90, 13)], [2, 1]),
        ([(-60, 10), (30, 12)], [2]),
        ([(20, 10), (30, 12)], [2]),
        ([(0, 10), (30, 0), (60, 3)], [3]),
        ([(0, 10), (30, 2)], [2]),
        ([(0, 1000), (30, 0), (60, 1001)], [1]),
        ([(0, 120), (30, 119.999), (60, 121)], [pytest.approx(1.001)]),
        ([(0, 1000), (30, 99_999), (60, 1001)], []),
        ([(0, 1000), (500, 1000), (501, 1100)], [100]),
        ([(0, 10), (150, 12)], []),
    ],
    ids=[
        "nothing",
        "once",
        "rises",
        "since before",
        "only within",
        "begins again",
        "begins again meanwhile",
        "shows nothing for a moment",
        "is calculated again",
        "shows too much",
        "reports seldom",
        "later",
    ],
)
def test_rises(shown: list[tuple[float, float]], amounts: list[float]) -> None:
    end = 120 if shown[-1:] == [(150, 12)] else 600
    series = [_at(*each) for each in shown]
    found = rises(series, START, START + timedelta(minutes=end), most=25.0)
    assert [rise.amount for rise in found] == amounts
    assert all(rise.start < rise.end for rise in found)


values = st.one_of(st.none(), st.integers(0, 3).map(float), st.sampled_from(["", "zone.home"]))


@given(
    readings=st.lists(st.builds(_at, st.integers(0, 40), values, st.sampled_from(["one", "two"]))),
    seed=st.integers(0, 9),
    quantity=st.sampled_from([Quantity.LEVEL, Quantity.PLACE]),
)
def test_the_order_makes_no_difference(readings: list[Reading], seed: int, quantity: Quantity) -> None:
    other = readings * 2
    Random(seed).shuffle(other)
    kept = _kept(quantity, *readings)
    assert _kept(quantity, *other) == kept
    assert _kept(quantity, *kept) == kept
    assert set(kept) <= set(readings)
