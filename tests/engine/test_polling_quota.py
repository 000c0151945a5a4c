"""Keeping to a quota."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.nissanconnect.engine.polling import DayTally, Quota

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_an_hours_worth_is_free() -> None:
    assert Quota().after(60, NOON).wait(NOON) == timedelta()
    assert Quota().after(70, NOON).wait(NOON) == 10 * MINUTE
    assert Quota().after(70, NOON).wait(NOON + 4 * MINUTE) == 6 * MINUTE
    assert Quota().after(70, NOON).wait(NOON + HOUR) == timedelta()


def test_every_day_begins_at_nothing() -> None:
    tally = DayTally().after(3, NOON.date()).after(2, NOON.date())
    assert tally.count == 5
    assert tally.after(1, NOON.date() + timedelta(days=1)).count == 1


def test_it_is_soft() -> None:
    assert Quota().after(10_000, NOON).wait(NOON) == HOUR


def test_a_day_of_too_many_requests_is_over_soon() -> None:
    """An automation that was too eager must not slow the reads down for a week after it was stopped."""
    quota = Quota()
    for minute in range(24 * 60):
        quota = quota.after(8, NOON + minute * MINUTE)
    stopped = NOON + 24 * HOUR
    assert quota.wait(stopped) > 55 * MINUTE
    assert quota.wait(stopped + HOUR) == timedelta()


def test_a_clock_that_was_set_back_refills_nothing() -> None:
    quota = Quota().after(90, NOON).after(0, NOON - HOUR)
    assert quota.wait(NOON - HOUR) == 30 * MINUTE
    assert quota.wait(NOON - 40 * MINUTE) == 10 * MINUTE, "and drains from its own time on"


@given(st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_vehicles_that_wait_as_told_keep_to_it(costs: list[int]) -> None:
    """However many share an account: an hour's worth at once, then 60 an hour or one read each."""
    quota, due, sent = Quota(), dict.fromkeys(range(len(costs)), NOON), 0
    while (now := min(due.values())) < NOON + 8 * HOUR:
        vehicle = min(due, key=lambda each: due[each])
        quota = quota.after(costs[vehicle], now)
        sent += costs[vehicle]
        due[vehicle] = now + max(10 * MINUTE, quota.wait(now))
    assert sent <= 60 + 8 * max(60, sum(costs)) + 2 * sum(costs)
