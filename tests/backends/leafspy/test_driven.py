"""What was driven, by Leaf Spy's logs."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.backends.leafspy.log import DrivenHour, DrivenHours, LogRow

AT = datetime(2018, 9, 12, 7, 30, tzinfo=UTC)


def _driven(rows: Iterable[LogRow], before: datetime = AT + timedelta(days=9)) -> list[DrivenHour]:
    hours = DrivenHours()
    for row in rows:
        hours.add(row)
    return [*hours.of(before=before)]


def _rows(
    minutes: float,
    every: float = 5,
    *,
    start: datetime = AT,
    km: float = 60,
    kw: float | None = 12,
    begun: float = 1000,
) -> list[LogRow]:
    """A drive of ``km`` in an hour with ``kw``, logged ``every`` so many seconds."""
    return [
        LogRow(at=start + timedelta(seconds=second), odometer=float(int(begun + km * second / 3600)), power=kw)
        for second in (every * number for number in range(int(minutes * 60 / every) + 1))
    ]


@pytest.mark.parametrize("every", [5, 30, 60, 300])
def test_a_drive_is_divided_by_the_hours(every: float) -> None:
    one, other = _driven(_rows(50, every))
    assert (one.start, other.start) == (AT.replace(minute=0), AT.replace(hour=8, minute=0))
    assert one.distance + other.distance == 50
    assert one.distance == pytest.approx(30, abs=max(every / 60, 1) + 1)
    assert one.energy + other.energy == pytest.approx(10)
    assert (one.regained, other.regained) == (0, 0)


def test_what_is_regained_is_told_and_not_used() -> None:
    rows = [
        LogRow(at=AT + timedelta(minutes=minute), odometer=1000.0 + minute, power=power)
        for minute, power in enumerate([20.0, 20.0, 20.0, -10.0, -10.0])
    ]
    (hour,) = _driven(rows)
    assert hour.distance == 4
    assert hour.regained == pytest.approx((5 + 10) / 60)
    assert hour.energy == pytest.approx((20 + 20 + 10) / 60 - hour.regained)


def test_what_was_not_logged_is_not_invented() -> None:
    later = _rows(10, start=AT + timedelta(minutes=17), begun=1100)
    first, second = _driven(_rows(10)), _driven(later)
    (both,) = _driven([*_rows(10), *later])
    assert both.distance == first[0].distance + second[0].distance == 20
    assert both.energy == pytest.approx(first[0].energy + second[0].energy) == pytest.approx(4)
    assert _driven(_rows(0)) == []


def test_a_vehicle_that_stands_has_driven_nothing() -> None:
    assert _driven(_rows(30, km=0)) == []
    (hour,) = _driven([*_rows(10, kw=None), *_rows(10, start=AT + timedelta(minutes=10), km=0, kw=None, begun=1010)])
    assert (hour.distance, hour.energy) == (10, 0), "at the plug"
    (hour,) = _driven([*_rows(10, 60), *_rows(9, 60, start=AT + timedelta(minutes=11), km=0, kw=None, begun=1010)])
    assert (hour.distance, hour.energy) == pytest.approx((10, 2))


@pytest.mark.parametrize("misread", [1.0, 900_000.0])
def test_an_odometer_that_was_misread_once(misread: float) -> None:
    rows = _rows(20, 60)
    rows[7] = LogRow(at=rows[7].at, odometer=misread, power=12)
    (hour,) = _driven(rows)
    assert (hour.distance, hour.energy) == pytest.approx((20, 4))


def test_an_hour_that_is_not_over_is_left_out() -> None:
    assert len(_driven(_rows(50), AT + timedelta(minutes=89))) == 1
    assert len(_driven(_rows(50), AT + timedelta(minutes=90))) == 2


@settings(max_examples=40)
@given(
    drives=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40), st.sampled_from([5, 60, 300])), max_size=5),
    seed=st.integers(0, 9),
)
def test_rows_in_any_order_and_again_change_nothing(drives: list[tuple[int, int, int]], seed: int) -> None:
    rows = [
        row for start, minutes, every in drives for row in _rows(minutes, every, start=AT + timedelta(minutes=start))
    ]
    rows = [*{row.at: row for row in rows}.values()]
    again = rows * 2
    Random(seed).shuffle(again)
    once, twice = _driven(rows), _driven(again)
    assert [(each.start, each.distance) for each in once] == [(each.start, each.distance) for each in twice]
    assert [each.energy for each in once] == pytest.approx([each.energy for each in twice])
