"""How often a PIN may be wrong, and for how long none is tried then."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.preconditions import WrongPins

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TIMES = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("count", "pause"),
    [
        (0, None),
        (2, None),
        (3, timedelta(minutes=5)),
        (4, timedelta(minutes=15)),
        (5, timedelta(hours=1)),
        (6, timedelta(hours=4)),
        (7, DAY),
        (1000, DAY),
    ],
)
def test_the_pause_grows_up_to_a_day(count: int, pause: timedelta | None) -> None:
    wrong = WrongPins()
    for _ in range(count):
        wrong = wrong.after(NOW)
    assert wrong.refused_until(NOW) == (None if pause is None else NOW + pause)
    if pause is not None:
        assert wrong.refused_until(NOW + pause - timedelta(seconds=1)) == NOW + pause
        assert wrong.refused_until(NOW + pause) is None


@given(st.integers(0, 50), TIMES, TIMES)
def test_whatever_the_clock_does_the_pause_lasts_a_day_at_most(count: int, last: datetime, now: datetime) -> None:
    wrong = WrongPins(count=count, last_at=last).seen_at(now)
    until = wrong.refused_until(now)
    assert until is None or now < until <= now + DAY
    assert wrong.refused_until(now + DAY) is None
    assert wrong.count == count


@given(st.integers(), st.none() | TIMES, TIMES)
def test_what_was_read_from_a_damaged_file_raises_nothing(count: int, last: datetime | None, now: datetime) -> None:
    wrong = WrongPins(count=count, last_at=last).seen_at(now)
    wrong.refused_until(now)
    assert wrong.after(now).count >= 1


@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=30))
def test_nobody_tries_more_than_a_few_in_a_day(seconds_between: list[int]) -> None:
    wrong, now, tried = WrongPins(), NOW, list[datetime]()
    for seconds in seconds_between:
        now += timedelta(seconds=seconds)
        if wrong.seen_at(now).refused_until(now) is None:
            tried.append(now)
            wrong = wrong.after(now)
    for begin in tried:
        assert sum(begin <= at < begin + DAY for at in tried) <= 8
