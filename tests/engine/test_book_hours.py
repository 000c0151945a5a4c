"""What the entries of a book add to each hour."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta, tzinfo
import json
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.helpers.json import json_bytes
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.book.files import BookReader
from custom_components.nissanconnect.engine.book import Sums, sums_of
from custom_components.nissanconnect.engine.book_entries import Charge, Trip
from custom_components.nissanconnect.engine.book_hours import by_hour, running_sums, uncovered, united
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.entry_finder import Entries

from .lives import DENSE, POLLED, SELDOM, START, TARIFF, Life, Noted, Source, entries_of, lives, settled_by


def _at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_an_entry_is_spread_over_its_hours() -> None:
    entries = Entries(
        [Trip(start=_at(45), end=_at(75), distance=30.0)],
        [Charge(start=_at(90), end=_at(90), energy=5.0), Charge(start=_at(120), end=_at(300), energy=9.0)],
    )
    hours = by_hour(entries, "EUR")
    assert {at: sums.distance for at, sums in hours.items() if sums.distance} == {_at(0): 15, _at(60): 15}
    assert {at: sums.stored for at, sums in hours.items() if sums.stored} == {
        _at(60): 5,
        _at(120): 3,
        _at(180): 3,
        _at(240): 3,
    }


spans = st.tuples(st.integers(0, 3000), st.integers(0, 600))


@given(trips=st.lists(spans, max_size=5), charges=st.lists(spans, max_size=5))
def test_hours_add_up(trips: list[tuple[int, int]], charges: list[tuple[int, int]]) -> None:
    entries = Entries(
        [Trip(start=_at(start), end=_at(start + length), distance=10.0, energy=2.0) for start, length in trips],
        [Charge(start=_at(start), end=_at(start + length), energy=7.0, wall_energy=8.0) for start, length in charges],
    )
    before = Sums(distance=1000.0)
    rows = running_sums(by_hour(entries, "EUR"), before)
    assert [at for at, _ in rows] == sorted({at for at, _ in rows})
    last = rows[-1][1] if rows else before
    for each in fields(Sums):
        assert getattr(last, each.name) == pytest.approx(getattr(before + sums_of(entries, "EUR"), each.name))


# When the energy of a charge has flowed


def _amounts(entries: Entries, name: str) -> dict[float, Any]:
    """What hours add to one of the sums, by the hours from the start until then, without those that add nothing."""
    found = {(at - START) / timedelta(hours=1): getattr(sums, name) for at, sums in by_hour(entries, "EUR").items()}
    return {hour: pytest.approx(amount, abs=1e-9) for hour, amount in found.items() if abs(amount) > 1e-9}


METERED: Mapping[float, float] = {
    15: 0.0,
    60: 0.0,
    75: 1.5,
    90: 3.0,
    105: 4.5,
    120: 6.0,
    240: 6.0,
    255: 7.0,
    270: 8.0,
    285: 8.0,
}
"""kWh at minutes: 6 in the hour from 60 on, and 2 in half an hour from 240 on; nothing in between."""


def _night(prices: Mapping[float, float | None], metered: Mapping[float, float] = METERED) -> list[Noted]:
    """What is read in a night in which a vehicle charges at once, pauses, and charges again; prices begin at minutes.

    It is warmed up at the plug from 330 to 345.
    """
    noted: list[Noted] = [(Quantity.PRICE, Reading(_at(minute), price, TARIFF.key)) for minute, price in prices.items()]
    noted += [(Quantity.METER, Reading(_at(minute), 100 + kwh, "box")) for minute, kwh in metered.items()]
    for minute, value in {0: 0.0, 55: 1.0, 400: 0.0}.items():
        noted.append((Quantity.PLUGGED_IN, Reading(_at(minute), value, "car")))
    for minute, value in {0: 0.0, 60: 1.0, 120: 0.0, 240: 1.0, 270: 0.0}.items():
        noted.append((Quantity.CHARGING, Reading(_at(minute), value, "car")))
    for minute, level in {0: 40.0, 60: 40.0, 120: 53.0, 270: 57.5, 400: 57.5}.items():
        noted.append((Quantity.LEVEL, Reading(_at(minute), level, "car")))
    return noted


def test_energy_and_cost_belong_to_the_hours_in_which_it_flowed() -> None:
    entries = entries_of(_night({0: 0.1, 90: 0.4, 120: -0.2}), _at(500))
    assert _amounts(entries, "wall") == {1: 6, 4: 2}
    assert _amounts(entries, "priced") == {1: 6, 4: 2}
    assert _amounts(entries, "cost") == {1: 0.3 + 1.2, 4: -0.4}
    (stored,) = {each.energy for each in entries.charges}
    assert stored
    assert _amounts(entries, "stored") == {1: 0.75 * stored, 4: 0.25 * stored}


def test_what_warmed_it_up_after_it_had_charged_belongs_to_its_own_hour() -> None:
    metered = {**METERED, 330: 8.0, 345: 9.0, 360: 9.0}
    entries = entries_of(_night({0: 0.1, 300: 0.5}, metered), _at(500))
    assert [each.end for each in entries.charges] == [_at(270)]
    assert _amounts(entries, "wall") == {1: 6, 4: 2, 5: 1}
    assert _amounts(entries, "cost") == {1: 0.6, 4: 0.2, 5: 0.5}


def test_an_unknown_price_of_a_moment_is_that_of_the_rest_and_one_of_longer_makes_the_cost_unknown() -> None:
    moment = entries_of(_night({0: 0.1, 240: 0.4, 269.5: None}), _at(500))
    unknown = 2 / 60  # kWh, of which the others tell the price
    mean = (6 * 0.1 + (2 - unknown) * 0.4) / (8 - unknown)
    assert _amounts(moment, "cost") == {1: 0.6, 4: (2 - unknown) * 0.4 + unknown * mean}
    longer = entries_of(_night({0: 0.1, 240: None}), _at(500))
    assert (_amounts(longer, "cost"), _amounts(longer, "priced")) == ({}, {})
    assert _amounts(longer, "wall") == {1: 6, 4: 2}


def test_what_a_charge_has_cost_in_another_currency_is_in_no_hour() -> None:
    entries = entries_of(_night({0: 0.1}), _at(500))
    assert not any(sums.cost or sums.priced for sums in by_hour(entries, "SEK").values())


def _quarters(life: Life, values: list[float | None]) -> list[Noted]:
    count = int((life.now - START) / timedelta(minutes=15)) + 8
    return [
        (Quantity.PRICE, Reading(_at(15 * each - 60), values[each % len(values)], TARIFF.key)) for each in range(count)
    ]


@pytest.mark.parametrize("source", [DENSE, POLLED, SELDOM], ids=lambda source: source.name)
@settings(max_examples=25)
@given(life=lives(), values=st.lists(st.none() | st.floats(-0.5, 0.5), min_size=1, max_size=9))
def test_hours_of_a_charge_add_up_settled_or_not_and_stored_or_not(
    source: Source, life: Life, values: list[float | None]
) -> None:
    noted = [*source.report(life), *_quarters(life, values)]
    entries = entries_of(noted, life.now)
    _, settled, open_ones = settled_by(noted, life.now, timedelta(hours=6))
    later = [*settled.charges, *open_ones.charges]
    assert [each.by_hour for each in later] == [each.by_hour for each in entries.charges]
    kept = json.loads(json_bytes({"charges": entries.charges}))
    assert BookReader(life.now).entries(kept).charges == entries.charges
    for charge in entries.charges:
        assert sum(each.energy for each in charge.by_hour) == pytest.approx(charge.wall_energy or 0, rel=1e-9)
        costs = [each.cost for each in charge.by_hour]
        if charge.cost is None:
            assert not any(costs)
        else:
            assert sum(cost or 0 for cost in costs) == pytest.approx(charge.cost, rel=1e-9, abs=1e-12)
        one = Entries((), [charge])
        hours, whole = by_hour(one, "EUR"), sums_of(one, "EUR")
        for each in fields(Sums):
            total = sum(getattr(sums, each.name) for sums in hours.values())
            assert total == pytest.approx(getattr(whole, each.name), rel=1e-9, abs=1e-12)


# What an earlier version has stored

OLD: dict[str, Any] = {
    "start": "2026-11-16T07:00:00+00:00",
    "end": "2026-11-16T09:00:00+00:00",
    "energy": 7.0,
    "wall_energy": 8.0,
    "cost": 2.0,
    "currency": "EUR",
    "hours": 1.0,
}


def _read(**more: Any) -> Entries:
    return BookReader(_at(500)).entries({"charges": [OLD | more]})


@pytest.mark.parametrize(
    "by_hours",
    [[], [{"at": "2026-11-16T07:00:00+00:00", "energy": 0.0, "cost": 0.0}]],
    ids=["an earlier version", "nonsense"],
)
def test_a_charge_of_which_no_hours_are_known_is_spread_evenly(by_hours: list[object]) -> None:
    for entries in (_read(), _read(by_hour=by_hours)):
        assert _amounts(entries, "wall") == {1: 4, 2: 4}
        assert _amounts(entries, "cost") == {1: 1, 2: 1}


def test_an_hour_of_a_clock_that_was_ahead_is_a_full_one() -> None:
    """Home Assistant refuses others."""
    entries = _read(by_hour=[{"at": "2027-01-01T07:00:00+00:00", "energy": 8.0, "cost": 2.0}])
    assert _amounts(entries, "wall") == {8: 8}


def test_the_hour_in_which_it_began_is_written_even_if_nothing_flowed_in_it() -> None:
    """What was written last tells which charges were."""
    entries = _read(by_hour=[{"at": "2026-11-16T08:00:00+00:00", "energy": 8.0, "cost": 2.0}])
    assert by_hour(entries, "EUR")[_at(60)] == Sums()


# What logs tell

AMSTERDAM, KOLKATA = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Asia/Kolkata")
LOGGED = {
    datetime(2026, month, day, hour, tzinfo=UTC): Sums(distance=10.0)
    for month in (3, 4, 5)
    for day in (1, 15, 30)
    for hour in (7, 22, 23)
}
EVER = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "known", "left_out"),
    [
        (UTC, [], set()),
        (UTC, [datetime(2026, 4, 15, 23, tzinfo=UTC)], {(4, 15, 7), (4, 15, 22), (4, 15, 23)}),
        (UTC, [datetime(2026, 4, 15, 3, tzinfo=UTC)], {(4, 15, 7), (4, 15, 22), (4, 15, 23)}),
        (UTC, [datetime(2026, 4, 30, 22, tzinfo=UTC)], {(4, 30, 7), (4, 30, 22), (4, 30, 23)}),
        (UTC, [datetime(2026, 4, 30, 23, tzinfo=UTC)], {(4, day, hour) for day in (1, 15, 30) for hour in (7, 22, 23)}),
        (AMSTERDAM, [datetime(2026, 4, 15, 21, tzinfo=UTC)], {(4, 15, 7)}),
        (
            AMSTERDAM,
            [datetime(2026, 4, 30, 21, tzinfo=UTC)],
            {(4, 1, 7), (4, 1, 22), (4, 1, 23), (4, 15, 7), (4, 15, 22), (4, 15, 23), (4, 30, 7)},
        ),
        (
            KOLKATA,  # whose days begin at half past six in the evening: the sums stand in the hour before
            [datetime(2026, 4, 30, 17, tzinfo=UTC)],
            {(4, 1, 7), (4, 1, 22), (4, 1, 23), (4, 15, 7), (4, 15, 22), (4, 15, 23), (4, 30, 7), (3, 31, 22)},
        ),
        (KOLKATA, [datetime(2026, 4, 30, 16, tzinfo=UTC)], {(4, 30, 7)}),
    ],
)
def test_logs_count_on_days_of_which_nothing_else_is_known(
    zone: tzinfo, known: list[datetime], left_out: set[tuple[int, int, int]]
) -> None:
    found = uncovered(LOGGED, known, EVER, zone)
    assert {(hour.month, hour.day, hour.hour) for hour in LOGGED if hour not in found} == left_out & {
        (hour.month, hour.day, hour.hour) for hour in LOGGED
    }


def test_logs_count_until_the_book_was_begun() -> None:
    begun_at = datetime(2026, 4, 15, 22, 59, tzinfo=UTC)
    assert max(uncovered(LOGGED, [], begun_at, UTC)) == datetime(2026, 4, 15, 7, tzinfo=UTC)
    assert max(uncovered(LOGGED, [], begun_at + timedelta(minutes=1), UTC)) == datetime(2026, 4, 15, 22, tzinfo=UTC)


logs = st.dictionaries(
    st.integers(0, 5).map(lambda hour: _at(60 * hour)),
    st.builds(
        lambda km, kwh: Sums(distance=km, energy=kwh, regained=kwh / 2),
        st.sampled_from([1.0, 2.0, 3.0]),
        st.sampled_from([0.5, 1.0]),
    ),
)


@given(one=logs, other=logs, third=logs)
def test_logs_in_any_order_and_twice_are_the_same(
    one: dict[datetime, Sums], other: dict[datetime, Sums], third: dict[datetime, Sums]
) -> None:
    both = united(one, other)
    assert both == united(other, one) == united(both, one) == united(both, other)
    assert united(both, third) == united(one, united(other, third))
    assert {*both} == {*one, *other}
    assert all(both[hour].distance >= sums.distance for log in (one, other) for hour, sums in log.items())
