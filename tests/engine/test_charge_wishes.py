"""By when a vehicle has to be charged: by the week, by a calendar, and on the nights when clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.charge_wishes import GRACE, ChargeWishes, ready_by

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 11, 20, 18, tzinfo=UTC)
SEVEN = time(7)


def local(*args: int) -> datetime:
    """Return a time in Berlin."""
    return datetime(*args, tzinfo=BERLIN)  # type: ignore[misc,arg-type]


def test_each_day_can_have_its_own_time_or_none() -> None:
    wishes = ChargeWishes(ready_by=SEVEN, ready_by_days={5: time(9, 30), 6: None})
    times = []
    at = FRIDAY
    for _ in range(3):
        found = wishes.next_ready_by(at, BERLIN)
        assert found is not None
        times.append(found)
        at = found
    assert times == [local(2026, 11, 21, 9, 30), local(2026, 11, 23, 7), local(2026, 11, 24, 7)]


def test_without_times_there_is_no_end() -> None:
    assert ChargeWishes().next_ready_by(FRIDAY, BERLIN) is None
    assert ChargeWishes(ready_by=SEVEN, ready_by_days=dict.fromkeys(range(7))).next_ready_by(FRIDAY, BERLIN) is None


def test_a_departure_of_the_calendar_counts_if_it_is_earlier() -> None:
    wishes = ChargeWishes(ready_by=SEVEN)
    early, late = FRIDAY + timedelta(hours=2), FRIDAY + timedelta(days=2)
    assert wishes.next_ready_by(FRIDAY, BERLIN, [late]) == local(2026, 11, 21, 7)
    assert wishes.next_ready_by(FRIDAY, BERLIN, [FRIDAY, late, early]) == early
    assert ChargeWishes().next_ready_by(FRIDAY, BERLIN, [late]) == late


@pytest.mark.parametrize(
    ("now", "at", "expected"),
    [
        (local(2026, 3, 28, 22), time(2, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # there is no 2:30
        (local(2026, 3, 28, 22), time(7), datetime(2026, 3, 29, 5, tzinfo=UTC)),
        (local(2026, 10, 24, 22), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
        (local(2026, 10, 24, 22), time(7), datetime(2026, 10, 25, 6, tzinfo=UTC)),
    ],
)
def test_on_nights_when_clocks_change_it_is_the_time_on_the_wall(now: datetime, at: time, expected: datetime) -> None:
    assert ChargeWishes(ready_by=at).next_ready_by(now, BERLIN) == expected


@given(st.integers(0, 5 * 365 * 24 * 60), st.times())
def test_the_next_time_is_within_a_day(minutes: int, at: time) -> None:
    now = FRIDAY + timedelta(minutes=minutes)
    found = ChargeWishes(ready_by=at).next_ready_by(now, BERLIN)
    assert found is not None
    assert now < found <= now + timedelta(hours=25)


def test_what_is_late_stays_late_until_it_is_done_or_much_time_has_passed() -> None:
    seven, next_day = FRIDAY, FRIDAY + timedelta(days=1)
    assert ready_by(seven + timedelta(hours=1), seven, next_day, done=False) == seven
    assert ready_by(seven + timedelta(hours=1), seven, next_day, done=True) == next_day
    assert ready_by(seven + GRACE, seven, next_day, done=False) == next_day
    assert ready_by(seven - timedelta(hours=1), seven, next_day, done=False) == next_day, "it was changed"
    assert ready_by(seven, None, next_day, done=False) == next_day
