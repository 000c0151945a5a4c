"""What the entries of a book add to each hour."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.book import Sums, sums_of
from custom_components.nissanconnect.engine.book_entries import Charge, Trip
from custom_components.nissanconnect.engine.book_hours import by_hour, running_sums, uncovered, united
from custom_components.nissanconnect.engine.entry_finder import Entries

from .lives import START


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
