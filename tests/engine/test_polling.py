"""When to read again, and what of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.activity import Activity
from custom_components.nissanconnect.engine.polling import (
    EVERYTHING,
    PollingContext,
    PollingPolicy,
    Situation,
    retry_pause,
)
from custom_components.nissanconnect.vehicle import Battery, Charging, ChargingStatus, Climate, Group, VehicleState

from .strategies import states

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

ENERGY = {Group.BATTERY, Group.CHARGING, Group.COUNTERS}
SLOW = {Group.TYRES, Group.HEALTH, Group.SCHEDULES, Group.SOFTWARE, Group.SUBSCRIPTION}

PARKED = VehicleState()
HEATING = VehicleState(climate=Climate(backend="b", received_at=NOON, running=True))


def plugged(
    status: ChargingStatus | None, finish_at: datetime | None = None, level: float | None = None
) -> VehicleState:
    """A vehicle on its plug."""
    return VehicleState(
        battery=Battery(backend="b", received_at=NOON, level=level),
        charging=Charging(backend="b", received_at=NOON, plugged_in=True, status=status, finish_at=finish_at),
    )


CHARGING = plugged(ChargingStatus.CHARGING)
DRIVING = Activity(driving=True)


def facts(state: VehicleState = PARKED, **known: Any) -> PollingContext:
    """What is known of a vehicle that was read in full a moment ago, at noon unless told otherwise."""
    now = known.setdefault("now", NOON)
    known.setdefault("requested_at", dict.fromkeys(Group, now))
    return PollingContext(**{"state": state, "activity": Activity(driving=False), "zone": UTC, **known})


@pytest.mark.parametrize(
    ("known", "minutes"),
    [
        (facts(), 10),
        (facts(CHARGING), 5),
        (facts(HEATING), 5),
        (facts(activity=DRIVING), 4),
        (facts(HEATING, activity=DRIVING), 4),
        (facts(watching=10), 1),
        (facts(CHARGING, watching=1), 1),
        (facts(now=MIDNIGHT), 30),
        (facts(CHARGING, now=MIDNIGHT), 5),
        (facts(plugged(ChargingStatus.WAITING_FOR_SCHEDULE), now=MIDNIGHT), 5),
        (facts(plugged(None), now=MIDNIGHT), 5),
        (facts(plugged(ChargingStatus.FINISHED), now=MIDNIGHT), 30),
        (facts(plugged(ChargingStatus.NOT_CHARGING, level=99), now=MIDNIGHT), 5),
        (facts(plugged(ChargingStatus.NOT_CHARGING, level=100), now=MIDNIGHT), 30),
        (facts(plugged(ChargingStatus.CHARGING, level=100), now=MIDNIGHT), 5),
        (facts(activity=Activity(rests_since=NOON - timedelta(days=4))), 60),
        (facts(activity=Activity(rests_since=NOON - timedelta(days=4)), now=MIDNIGHT), 60),
        (facts(activity=Activity(rests_since=NOON - timedelta(days=2))), 10),
        (facts(CHARGING, failures=1), 5),
        (facts(failures=2), 10),
        (facts(failures=4), 40),
        (facts(failures=5), 60),
        (facts(failures=10_000, watching=3), 60),
    ],
)
def test_pace(known: PollingContext, minutes: int) -> None:
    assert PollingPolicy().plan(known).wait == minutes * MINUTE


@pytest.mark.parametrize(
    ("hour", "zone", "situation"),
    [
        (5, "UTC", Situation.NIGHT),
        (6, "UTC", Situation.PARKED),
        (21, "UTC", Situation.PARKED),
        (22, "UTC", Situation.NIGHT),
        (21, "Europe/Berlin", Situation.NIGHT),
        (12, "Asia/Tokyo", Situation.PARKED),
        (14, "Asia/Tokyo", Situation.NIGHT),
    ],
)
def test_night_is_the_owners(hour: int, zone: str, situation: Situation) -> None:
    assert facts(now=NOON.replace(hour=hour, minute=30), zone=ZoneInfo(zone)).situation is situation


def test_the_options_are_the_base() -> None:
    calm = PollingPolicy(parked=90 * MINUTE, active=2 * MINUTE)
    assert calm.plan(facts()).wait == 90 * MINUTE
    assert calm.plan(facts(now=MIDNIGHT)).wait == 90 * MINUTE
    assert calm.plan(facts(CHARGING)).wait == 2 * MINUTE
    assert calm.plan(facts(activity=DRIVING)).wait == 2 * MINUTE


@pytest.mark.parametrize(
    ("minutes_left", "minutes"),
    [(3, 4), (30, 5), (0, 1), (-10, 5), (-1, 5)],
    ids=["soon", "late", "now", "past", "just"],
)
def test_the_end_of_a_charge_is_read_when_it_is_due(minutes_left: int, minutes: int) -> None:
    state = plugged(ChargingStatus.CHARGING, NOON + minutes_left * MINUTE)
    assert PollingPolicy().plan(facts(state)).wait == minutes * MINUTE


def test_the_end_of_a_charge_does_not_wait_for_the_quota() -> None:
    ends_soon = plugged(ChargingStatus.CHARGING, NOON + 20 * MINUTE)
    assert PollingPolicy().plan(facts(ends_soon), debt=HOUR).wait == 21 * MINUTE


@pytest.mark.parametrize(
    ("known", "minutes"),
    [(facts(), 45), (facts(CHARGING), 45), (facts(now=MIDNIGHT), 45), (facts(watching=1), 1), (facts(failures=1), 5)],
)
def test_the_quota_stretches_what_can_wait(known: PollingContext, minutes: int) -> None:
    assert PollingPolicy().plan(known, debt=45 * MINUTE).wait == minutes * MINUTE


def test_jitter_is_ten_percent() -> None:
    assert PollingPolicy().plan(facts(), random=0).wait == 9 * MINUTE
    assert PollingPolicy().plan(facts(), random=1).wait == 11 * MINUTE
    assert PollingPolicy().plan(facts(failures=1), random=0).wait == 5 * MINUTE


activities = st.builds(
    Activity,
    driving=st.none() | st.booleans(),
    rests_since=st.none() | st.just(NOON - timedelta(days=9)),
    new_report_at=st.none() | st.just(NOON - MINUTE),
    stopped_at=st.none() | st.just(NOON - MINUTE),
)
asked = st.dictionaries(st.sampled_from(Group), st.integers(0, 600).map(lambda ago: NOON - ago * MINUTE))
known_facts = st.builds(
    PollingContext,
    state=states,
    activity=activities,
    now=st.just(NOON),
    zone=st.sampled_from([UTC, ZoneInfo("Asia/Tokyo")]),
    requested_at=asked,
    watching=st.integers(0, 10),
    failures=st.integers(0, 50),
)


@given(known_facts, st.none() | st.floats(0, 1e6), st.floats(0, 1), st.integers(0, 60))
def test_never_faster_than_a_minute_and_never_against_the_backend(
    known: PollingContext, retry_after: float | None, random: float, debt: int
) -> None:
    plan = PollingPolicy().plan(known, retry_after=retry_after, random=random, debt=debt * MINUTE)
    assert plan.wait >= MINUTE
    assert plan.wait >= timedelta(seconds=retry_after or 0)


@given(known_facts, st.none() | st.floats(0, 1e6), st.integers(1, 10**6))
def test_what_is_planned_may_be_brought_forward_and_never_put_off(
    known: PollingContext, retry_after: float | None, seconds: int
) -> None:
    latest = timedelta(seconds=seconds)
    free = PollingPolicy().plan(known, retry_after=retry_after)
    kept = PollingPolicy().plan(known, retry_after=retry_after, latest=latest)
    assert kept.wait == min(free.wait, latest)
    assert kept.groups <= free.groups
    assert kept.groups == known.due(known.now + kept.wait)


@given(known_facts, st.floats(0, 1))
def test_nothing_is_forgotten(known: PollingContext, random: float) -> None:
    """Every plan reads the battery, and nothing else stays unread for longer than seven hours."""
    plan = PollingPolicy().plan(known, random=random)
    assert {Group.BATTERY, Group.CHARGING} <= plan.groups
    at = known.now + plan.wait
    for group in EVERYTHING - plan.groups:
        assert at - known.requested_at[group] < 6 * HOUR


@given(st.integers(1, 500))
def test_failing_again_never_shortens_the_wait(failures: int) -> None:
    assert retry_pause(failures + 1) >= retry_pause(failures)


@pytest.mark.parametrize(
    "known",
    [facts(requested_at={}), facts(failures=1), facts(requested_at=dict.fromkeys(Group, NOON - 2 * HOUR))],
    ids=["start", "failure", "gap"],
)
def test_everything_is_read_after_a_start_a_failure_and_a_gap(known: PollingContext) -> None:
    assert PollingPolicy().plan(known).groups == EVERYTHING


@pytest.mark.parametrize(
    ("known", "groups"),
    [
        (facts(), {*ENERGY, Group.POSITION, Group.PRIVACY}),
        (facts(CHARGING), {*ENERGY}),
        (facts(plugged(ChargingStatus.WAITING_FOR_POWER)), {*ENERGY}),
        (facts(HEATING), {*ENERGY, Group.CLIMATE}),
        (facts(activity=DRIVING), {*ENERGY, Group.POSITION, Group.PRIVACY}),
        (
            facts(watching=3),
            {*ENERGY, Group.POSITION, Group.PRIVACY, Group.CLIMATE, Group.BODY},
        ),
    ],
)
def test_what_cannot_have_changed_is_not_read(known: PollingContext, groups: set[Group]) -> None:
    assert PollingPolicy().plan(known).groups == groups


def ages(minutes: Mapping[Group, int]) -> dict[Group, datetime]:
    """When the groups were asked for, by minutes ago; the others just now."""
    return {group: NOON - minutes.get(group, 0) * MINUTE for group in Group}


@pytest.mark.parametrize(
    ("group", "minutes"), [(Group.CLIMATE, 30), (Group.ODOMETER, 120), (Group.TYRES, 360), (Group.SCHEDULES, 360)]
)
def test_the_slow_ones_have_their_turn(group: Group, minutes: int) -> None:
    assert group not in facts(requested_at=ages({group: minutes - 1})).due(NOON)
    assert group in facts(requested_at=ages({group: minutes})).due(NOON)


def test_a_clock_that_was_ahead_leaves_nothing_unread() -> None:
    assert facts(requested_at=dict.fromkeys(Group, NOON + 24 * HOUR)).due(NOON) == EVERYTHING


def test_a_new_report_is_a_reason_to_ask_for_what_comes_with_it() -> None:
    known = facts(
        requested_at=ages(dict.fromkeys(Group, 5)), activity=Activity(driving=False, new_report_at=NOON - MINUTE)
    )
    assert PollingPolicy().plan(known).groups == EVERYTHING - SLOW
    assert PollingPolicy().plan(known).wait == 10 * MINUTE, (
        "a vehicle that talks all the time must not be asked all the time"
    )
    driving = replace(known, activity=replace(known.activity, driving=True))
    assert Group.BODY not in PollingPolicy().plan(driving).groups


def test_after_a_drive_everything_is_read_soon_and_once() -> None:
    stopped = Activity(driving=False, stopped_at=NOON)
    known = facts(requested_at=ages(dict.fromkeys(SLOW, 60)), activity=stopped)
    assert PollingPolicy().plan(known).wait == MINUTE
    assert PollingPolicy().plan(known).groups >= SLOW
    later = NOON + MINUTE
    but_tyres = {**known.requested_at, **dict.fromkeys(EVERYTHING - {Group.TYRES}, later)}  # whose endpoint fails
    then = PollingPolicy().plan(replace(known, now=later, requested_at=but_tyres))
    assert then.wait == 10 * MINUTE
    assert Group.TYRES in then.groups
    assert Group.HEALTH not in then.groups
