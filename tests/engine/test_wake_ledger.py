"""The book of wakes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.wake_policy import Wake, WakeLedger, WakeResult
from custom_components.nissanconnect.vehicle import Initiator

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def wake(at: datetime = NOON, result: WakeResult = WakeResult.ANSWERED) -> Wake:
    """A wake that the owner asked for."""
    return Wake(at=at, asked_by=Initiator(kind="user", name="Robin"), why="refresh", result=result)


def ledger_of(*results: WakeResult) -> WakeLedger:
    """A ledger of wakes a minute apart."""
    return WakeLedger(tuple(wake(NOON + minute * MINUTE, result) for minute, result in enumerate(results)))


wakes = st.builds(
    Wake,
    at=st.integers(0, 40 * 24 * 60).map(lambda minutes: NOON + minutes * MINUTE),
    asked_by=st.builds(Initiator, kind=st.text(), name=st.none() | st.text()),
    why=st.text(),
    result=st.sampled_from(WakeResult),
)


def test_a_wake_is_recorded_and_ends_once() -> None:
    ledger = WakeLedger().record(wake(result=WakeResult.PENDING))
    answered = ledger.resolve(NOON, WakeResult.ANSWERED)
    assert answered == WakeLedger((wake(),))
    assert answered.resolve(NOON, WakeResult.FAILED) == answered
    assert ledger.resolve(NOON + MINUTE, WakeResult.ANSWERED) == ledger


def test_an_answer_after_a_restart_still_counts() -> None:
    again = WakeLedger.reopened([wake(result=WakeResult.PENDING)])
    assert again.wakes[0].result is WakeResult.UNANSWERED
    assert again.resolve(NOON, WakeResult.ANSWERED) == WakeLedger((wake(),))


@pytest.mark.parametrize(
    ("reason", "result"),
    [
        (None, WakeResult.ANSWERED),
        ("rejected_by_vehicle", WakeResult.ANSWERED),
        ("wrong_pin", WakeResult.ANSWERED),
        ("not_seen", WakeResult.ANSWERED),
        ("no_answer", WakeResult.UNANSWERED),
        ("unreachable", WakeResult.UNANSWERED),
        ("unavailable", WakeResult.FAILED),
        ("not_supported", WakeResult.FAILED),
    ],
)
def test_what_an_end_tells_of_the_vehicle(reason: str | None, result: WakeResult) -> None:
    assert WakeResult.of(reason) is result


def test_a_name_is_no_matter_for_logs() -> None:
    assert "Robin" not in repr(WakeLedger((wake(),)))


def test_the_day_is_the_owners() -> None:
    ledger = WakeLedger((wake(NOON - 14 * 60 * MINUTE), wake(NOON - 11 * 60 * MINUTE), wake()))
    assert ledger.wakes_today(NOON, UTC) == 2
    assert ledger.wakes_today(NOON, ZoneInfo("Asia/Tokyo")) == 3
    assert ledger.wakes_today(NOON, ZoneInfo("America/New_York")) == 1
    assert ledger.last_at == NOON
    assert WakeLedger().last_at is None


@pytest.mark.parametrize(
    ("results", "unanswered"),
    [
        ("", 0),
        ("u", 1),
        ("au", 1),
        ("ua", 0),
        ("uuu", 3),
        ("uaufpu", 2),
    ],
)
def test_silence_is_counted_over_what_tells_nothing(results: str, unanswered: int) -> None:
    kinds = {kind.value[0]: kind for kind in WakeResult}
    assert len(ledger_of(*(kinds[letter] for letter in results)).unanswered) == unanswered


@given(st.lists(wakes, max_size=30))
def test_a_restart_keeps_the_book_and_leaves_nothing_pending(kept: list[Wake]) -> None:
    again = WakeLedger.reopened(kept)
    assert [each.at for each in again.wakes] == sorted(each.at for each in kept)
    for before, after in zip(sorted(kept, key=lambda each: each.at), again.wakes, strict=True):
        pending = before.result is WakeResult.PENDING
        assert after == (replace(before, result=WakeResult.UNANSWERED) if pending else before)
    assert WakeLedger.reopened(again.wakes) == again


@given(st.lists(wakes, min_size=1, max_size=30))
def test_order_and_limits(recorded: list[Wake]) -> None:
    ledger = WakeLedger()
    for each in recorded:
        ledger = ledger.record(each)
        times = [kept.at for kept in ledger.wakes]
        assert times == sorted(times)
        assert each in ledger.wakes
        assert all(each.at - 30 * DAY <= at <= each.at + DAY for at in times)


def test_no_more_than_500() -> None:
    ledger = WakeLedger()
    for minute in range(600):
        ledger = ledger.record(wake(NOON + minute * MINUTE))
    assert len(ledger.wakes) == 500
    assert ledger.last_at == NOON + 599 * MINUTE
    assert WakeLedger.reopened([*ledger.wakes, *ledger.wakes]).wakes[-2:] == (ledger.wakes[-1], ledger.wakes[-1])
    assert len(WakeLedger.reopened([*ledger.wakes, *ledger.wakes]).wakes) == 500
