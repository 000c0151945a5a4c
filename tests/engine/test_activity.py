"""What reads in a row tell of a vehicle's doings."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.activity import Activity
from custom_components.nissanconnect.vehicle import Charging, ChargingStatus, Climate, Odometer, Position, VehicleState

from .strategies import states

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def seen(minute: float, *, said: float | None = None, **known: Any) -> VehicleState:
    """A vehicle as read at a minute after noon, with its own word from another."""
    told: dict[str, Any] = {
        "backend": "b",
        "received_at": NOON + minute * MINUTE,
        "reported_at": None if said is None else NOON + said * MINUTE,
    }
    place, distance = known.pop("place", None), known.pop("distance", None)
    return VehicleState(
        position=Position(latitude=place[0], longitude=place[1], **told) if place else None,
        odometer=Odometer(distance=distance, **told),
        charging=Charging(**known, **told) if known else None,
    )


def after(*reads: VehicleState, activity: Activity | None = None) -> Activity:
    """What is known after reads that were ten minutes apart."""
    activity, before = activity or Activity(), VehicleState()
    for read in reads:
        activity, before = activity.after(before, read, read.last_read or NOON), read
    return activity


def test_one_read_does_not_tell_whether_a_vehicle_drives() -> None:
    assert after(seen(0, distance=100)).driving is None
    assert after(seen(0, distance=100), seen(10, distance=100)).driving is False


@pytest.mark.parametrize(
    ("before", "now", "driving"),
    [
        (seen(0, distance=100), seen(10, distance=101), True),
        (seen(0, distance=100), seen(10, distance=None), False),
        (seen(0, place=(51.0, 0.0)), seen(10, place=(51.01, 0.0)), True),
        (seen(0, place=(51.0, 0.0)), seen(10, place=(51.0, 0.01)), True),
        (seen(0, place=(51.0, 0.0)), seen(10, place=(51.0005, 0.0005)), False),
        (seen(0, place=(51.0, 179.9999)), seen(10, place=(51.0, -179.9999)), False),
        (seen(0, said=-5), seen(10, said=8), False),
        (seen(0, distance=100), seen(90, distance=101), False),
        (seen(0, distance=100), seen(10, distance=101, plugged_in=True), False),
    ],
    ids=["odometer", "unknown", "north", "east", "drift", "antimeridian", "only spoke", "long ago", "plugged in"],
)
def test_driving_shows_in_what_moves(before: VehicleState, now: VehicleState, driving: bool) -> None:
    assert after(before, now).driving is driving


def test_a_drive_lasts_as_long_as_the_vehicle_goes_on_reporting() -> None:
    drive = [seen(0, distance=1, said=0), seen(4, distance=2, said=3)]
    in_a_jam = seen(8, distance=2, said=7)
    assert after(*drive, in_a_jam).driving is True
    arrived = after(*drive, in_a_jam, seen(12, distance=2, said=7))
    assert arrived.driving is False
    assert arrived.stopped_at == NOON + 12 * MINUTE
    assert arrived.rests_since == NOON + 8 * MINUTE
    assert arrived.new_report_at == NOON + 8 * MINUTE


def heard(*, every: int, until: int = 60, silent_from: int | None = None) -> list[bool | None]:
    """Whether it drives, by the minute: it stands for 10 minutes, drives for 20 and stands again, heard all the time.

    ``every`` is in seconds; from ``silent_from`` (minutes) on it reports nothing new.
    """
    activity, before, told = Activity(), VehicleState(), []
    for second in range(0, until * 60, every):
        metres = min(max(second - 600, 0), 1200) * 15
        minute = second / 60
        said = minute if silent_from is None else min(minute, silent_from)
        state = seen(minute, said=said, place=(51 + metres / 111_320, 0.0), distance=100 + metres // 1000)
        activity, before = activity.after(before, state, NOON + minute * MINUTE, polled=False), state
        told.append(activity.driving)
    return told[:: 60 // every]


@pytest.mark.parametrize("every", [1, 5, 20, 60])
def test_how_often_a_source_speaks_does_not_matter(every: int) -> None:
    told = heard(every=every)
    assert told[0] is None
    assert not any(told[1:11])
    assert all(told[12:31])
    over = told.index(False, 12)
    assert 31 <= over <= 30 + 15 + 4, "it goes on speaking, so this takes a while"
    assert not any(told[over:])


def test_a_drive_ends_although_the_clock_was_ahead() -> None:
    ahead = after(seen(9000, distance=100), seen(9010, distance=105))
    assert ahead.driving is True
    parked = [seen(minute, distance=105, said=5) for minute in (0, 10, 20, 30, 40)]
    activity = ahead
    for before, now in pairwise([seen(9010, distance=105), *parked]):
        activity = activity.after(before, now, now.last_read or NOON)
    assert activity.driving is False


def test_a_drive_is_over_soon_after_the_last_word() -> None:
    told = heard(every=20, silent_from=30)
    assert all(told[12:31])
    assert not any(told[37:])


def test_what_is_heard_unasked_is_no_reason_to_ask() -> None:
    before, state = seen(0, said=0, distance=1), seen(1, said=1, distance=1)
    assert Activity().after(before, state, NOON + MINUTE, polled=False).new_report_at is None
    assert Activity().after(before, state, NOON + MINUTE).new_report_at == NOON + MINUTE


def test_a_vehicle_rests_from_its_last_word() -> None:
    assert after(seen(0, distance=1)).rests_since is None
    assert after(seen(0, said=-600)).rests_since == NOON - 600 * MINUTE
    assert after(seen(0, said=-600), seen(10, said=5)).rests_since == NOON - 600 * MINUTE, "waking is no use"
    moved_while_nobody_looked = after(seen(0, distance=1, said=-600), seen(300, distance=9, said=200))
    assert moved_while_nobody_looked.rests_since == NOON + 200 * MINUTE


@pytest.mark.parametrize(
    "state",
    [
        seen(10, said=-600, status=ChargingStatus.CHARGING),
        VehicleState(climate=Climate(backend="b", received_at=NOON + 10 * MINUTE, running=True)),
    ],
)
def test_what_feeds_the_12_v_battery_is_no_rest(state: VehicleState) -> None:
    assert after(seen(0, said=-600), state).rests_since == NOON + 10 * MINUTE


@given(states, states, st.none() | st.booleans())
def test_knows_nothing_of_a_vehicle_that_was_never_read(before: VehicleState, state: VehicleState, was: bool) -> None:
    found = Activity(driving=was).after(before, state, NOON)
    assert (found.driving is None) == (before.last_read is None)
