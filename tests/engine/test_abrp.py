"""What A Better Routeplanner is sent, and when."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.abrp import (
    LastTelemetry,
    TelemetryMode,
    TelemetrySample,
    due_at,
    known_until,
    sample_of,
)
from custom_components.nissanconnect.engine.activity import Activity
from custom_components.nissanconnect.vehicle import (
    NEVER,
    Battery,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Odometer,
    Position,
    Powertrain,
    Privacy,
    Reported,
    Tyre,
    Tyres,
    VehicleInfo,
    VehicleState,
)

from .strategies import EPOCH, states

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEAF = VehicleInfo(key="X", model="Leaf", powertrain=Powertrain.ELECTRIC)
DRIVING, STANDING, UNKNOWN = Activity(driving=True), Activity(driving=False), Activity()
# As the service documents them (charging §7).
DOCUMENTED = {
    *("utc", "soc", "power", "speed", "lat", "lon", "is_charging", "is_dcfc", "is_parked", "capacity", "soe"),
    *("kwh_charged", "soh", "heading", "elevation", "ext_temp", "batt_temp", "voltage", "current", "odometer"),
    *("est_battery_range", "hvac_power", "hvac_setpoint", "cabin_temp", "car_model"),
    *("tire_pressure_fl", "tire_pressure_fr", "tire_pressure_rl", "tire_pressure_rr"),
}
CHARGES: dict[str, Any] = {"plugged_in": True, "status": ChargingStatus.CHARGING}


def told[R: Reported](kind: type[R], at: datetime = NOON, **values: Any) -> R:
    return kind(backend="b", received_at=at, reported_at=at, **values)


def battery(level: float = 61.0, at: datetime = NOON, **values: Any) -> Battery:
    return told(Battery, at, level=level, **values)


def sampled(*groups: Reported, activity: Activity = UNKNOWN, now: datetime = NOON, **options: Any) -> TelemetrySample:
    sample = sample_of(VehicleState.of(*groups), LEAF, activity, now, **options)
    assert sample is not None
    return sample


def telemetry(*groups: Reported, **options: Any) -> Mapping[str, Any]:
    return sampled(*groups, **options).telemetry


def test_everything_that_is_known_is_sent_in_the_units_of_the_service() -> None:
    sent = telemetry(
        battery(energy=23.5, health=91.0, temperature=17.0, range=180.0, capacity=40.0),
        told(Charging, power=6.6, speed=ChargeSpeed.NORMAL, **CHARGES),
        told(Climate, running=True, target_temperature=21.0, inside_temperature=19.0, outside_temperature=4.0),
        told(Odometer, distance=41000.0),
        told(Tyres, front_left=Tyre(pressure=250.0), rear_right=Tyre(pressure=240.0)),
        told(Position, latitude=51.5, longitude=-0.1, heading=90.0),
        activity=STANDING,
        with_position=True,
    )
    assert sent == {
        "utc": int(NOON.timestamp()),
        "soc": 61.0,
        "soe": 23.5,
        "soh": 91.0,
        "batt_temp": 17.0,
        "est_battery_range": 180.0,
        "capacity": pytest.approx(38.5 * 0.91),
        "is_charging": True,
        "power": -6.6,
        "is_dcfc": False,
        "is_parked": True,
        "ext_temp": 4.0,
        "cabin_temp": 19.0,
        "hvac_setpoint": 21.0,
        "odometer": 41000.0,
        "tire_pressure_fl": 250.0,
        "tire_pressure_rr": 240.0,
        "lat": 51.5,
        "lon": -0.1,
        "heading": 90.0,
    }


def test_what_is_unknown_is_left_out() -> None:
    assert telemetry(battery()) == {"utc": int(NOON.timestamp()), "soc": 61.0}


@pytest.mark.parametrize(
    ("charging", "expected"),
    [
        ({**CHARGES, "power": 6.6}, {"is_charging": True, "power": -6.6}),
        (
            {**CHARGES, "power": 22.0, "speed": ChargeSpeed.FAST},
            {"is_charging": True, "power": -22.0, "is_dcfc": False},
        ),
        ({**CHARGES, "power": 46.0}, {"is_charging": True, "power": -46.0, "is_dcfc": True}),
        ({**CHARGES, "speed": ChargeSpeed.FASTEST}, {"is_charging": True, "is_dcfc": True}),
        ({**CHARGES, "speed": ChargeSpeed.ADAPTIVE}, {"is_charging": True}),
        ({"status": ChargingStatus.V2G_DISCHARGING, "power": 5.0}, {"is_charging": False, "power": 5.0}),
        ({"status": ChargingStatus.NOT_CHARGING, "power": 46.0}, {"is_charging": False}),
        ({"power": 46.0}, {}),
    ],
)
def test_power_is_more_than_zero_out_of_the_battery(charging: dict[str, Any], expected: dict[str, Any]) -> None:
    sent = telemetry(battery(), told(Charging, **charging))
    assert {name: value for name, value in sent.items() if name in {"is_charging", "power", "is_dcfc"}} == expected


@pytest.mark.parametrize(
    ("activity", "plugged_in", "parked"),
    [
        (DRIVING, None, False),
        (STANDING, False, True),
        (UNKNOWN, False, None),
        (UNKNOWN, True, True),
        (STANDING, None, True),
    ],
)
def test_whether_it_is_parked(activity: Activity, plugged_in: bool | None, parked: bool | None) -> None:
    sent = telemetry(battery(), told(Charging, plugged_in=plugged_in), activity=activity)
    assert sent.get("is_parked") is parked


@pytest.mark.parametrize(
    ("chosen", "private", "minutes", "sent"),
    [
        (True, False, 0, True),
        (True, None, 5, True),
        (True, None, -5, True),
        (True, None, 6, False),
        (True, None, -6, False),
        (True, True, 0, False),
        (False, False, 0, False),
    ],
)
def test_the_position_is_sent_if_chosen_and_as_new_as_the_level(
    chosen: bool, private: bool | None, minutes: int, sent: bool
) -> None:
    position = told(Position, NOON + timedelta(minutes=minutes), latitude=51.5, longitude=-0.1)
    found = telemetry(battery(), position, told(Privacy, active=private), with_position=chosen)
    assert ("lat" in found) is ("lon" in found) is sent


def test_no_position_is_in_the_repr() -> None:
    position = told(Position, latitude=51.123456, longitude=-0.1)
    assert "51.123456" not in repr(sampled(battery(), position, with_position=True))


@pytest.mark.parametrize(
    ("activity", "age", "sent"),
    [
        (DRIVING, timedelta(minutes=5), True),
        (DRIVING, timedelta(minutes=6), False),
        (STANDING, timedelta(hours=2), True),
        (STANDING, timedelta(hours=3), False),
    ],
)
def test_what_is_older_than_the_rest_is_left_out(activity: Activity, age: timedelta, sent: bool) -> None:
    older = told(Climate, NOON - age, outside_temperature=4.0)
    assert ("ext_temp" in telemetry(battery(), older, activity=activity)) is sent
    plugged_in = told(Charging, plugged_in=False)
    late = sample_of(VehicleState.of(battery(at=NOON - age), plugged_in), LEAF, activity, NOON)
    assert (late is not None) is sent, "the level"
    early = told(Charging, NOON - age, **CHARGES)
    assert ("is_charging" in telemetry(battery(), early, activity=activity)) is sent


def test_without_a_level_there_is_nothing_to_send() -> None:
    for state in (VehicleState(), VehicleState.of(told(Battery, range=100.0)), VehicleState.of(told(Charging))):
        assert sample_of(state, LEAF, UNKNOWN, NOON) is None
    assert known_until(VehicleState()) == NEVER


def test_what_a_broker_has_kept_is_not_sent() -> None:
    kept = VehicleState.of(Battery(backend="b", received_at=NOON, level=61.0))
    assert sample_of(kept, LEAF, UNKNOWN, NOON, pushed=True) is None
    assert sample_of(kept, LEAF, UNKNOWN, NOON) is not None, "of a source that never says when"


def test_a_plug_that_is_reported_later_makes_a_newer_sample() -> None:
    later = NOON + timedelta(minutes=10)
    sample = sampled(battery(), told(Charging, later, plugged_in=True), now=later)
    assert (sample.at, sample.telemetry["utc"]) == (later, int(later.timestamp()))
    undated = Charging(backend="b", received_at=later, plugged_in=True)
    assert sampled(battery(), undated, now=later).at == NOON


@given(state=states, driving=st.none() | st.booleans(), chosen=st.booleans(), hours=st.integers(-1, 300))
def test_a_sample_holds_what_the_state_does_and_no_more(
    state: VehicleState, driving: bool | None, chosen: bool, hours: int
) -> None:
    now = EPOCH + timedelta(hours=hours)
    sample = sample_of(state, LEAF, Activity(driving=driving), now, with_position=chosen)
    if sample is None:
        return
    assert state.battery is not None
    sent = json.loads(json.dumps(sample.telemetry, allow_nan=False))
    assert sent == sample.telemetry
    assert sent.keys() <= DOCUMENTED
    assert None not in sent.values()
    assert sent["soc"] == state.battery.level
    assert sent["utc"] <= now.timestamp()
    assert not (sent.get("is_charging") and sent.get("power", 0) > 0)
    assert not ("lat" in sent and (not chosen or state.is_private))
    assert sample.at == known_until(state)
    assert sample_of(state, LEAF, Activity(driving=driving), now, with_position=True) is not None


# When


def sample(mode: TelemetryMode, minutes: float = 0, level: float = 61.0, **values: float) -> TelemetrySample:
    return TelemetrySample(
        at=NOON + timedelta(minutes=minutes), mode=mode, plugged_in=None, telemetry={"soc": level, **values}
    )


MODES = st.sampled_from(TelemetryMode)
INTERVALS = {
    TelemetryMode.DRIVING: timedelta(seconds=60),
    TelemetryMode.DC: timedelta(seconds=60),
    TelemetryMode.AC: timedelta(minutes=30),
    TelemetryMode.PARKED: timedelta(days=1),
}
OLDEST = {
    TelemetryMode.DRIVING: timedelta(minutes=5),
    TelemetryMode.DC: timedelta(minutes=5),
    TelemetryMode.AC: timedelta(hours=2),
    TelemetryMode.PARKED: timedelta(hours=2),
}


@pytest.mark.parametrize("mode", TelemetryMode)
def test_the_rhythm_while_nothing_changes(mode: TelemetryMode) -> None:
    last = LastTelemetry(until=NOON, sent_at=NOON, sample=sample(mode))
    now = NOON + timedelta(minutes=1)
    assert due_at(sample(mode, 1), last, now) == NOON + INTERVALS[mode]


@pytest.mark.parametrize(
    ("before", "after", "at_once"),
    [
        (sample(TelemetryMode.AC), sample(TelemetryMode.AC, 1, level=62.0), True),
        (sample(TelemetryMode.AC), sample(TelemetryMode.AC, 1, level=60.0), True),
        (sample(TelemetryMode.AC), sample(TelemetryMode.AC, 1, level=61.9), False),
        (sample(TelemetryMode.AC, power=-6.6), sample(TelemetryMode.AC, 1, power=-5.6), True),
        (sample(TelemetryMode.AC, power=-6.6), sample(TelemetryMode.AC, 1, power=-6.0), False),
        (sample(TelemetryMode.PARKED), sample(TelemetryMode.AC, 1), True),
        (sample(TelemetryMode.DRIVING), sample(TelemetryMode.PARKED, 1), True),
        (sample(TelemetryMode.PARKED), replace(sample(TelemetryMode.PARKED, 1), plugged_in=True), True),
    ],
)
def test_what_is_sent_at_once(before: TelemetrySample, after: TelemetrySample, at_once: bool) -> None:
    last = LastTelemetry(until=NOON, sent_at=NOON, sample=before)
    due = due_at(after, last, NOON + timedelta(minutes=1))
    assert (due == NOON + timedelta(seconds=5)) is at_once


def test_the_first_sample_is_sent_if_it_is_newer_than_what_was_restored() -> None:
    assert due_at(sample(TelemetryMode.PARKED, 1), LastTelemetry(until=NOON), NOON) == NOON
    assert due_at(sample(TelemetryMode.PARKED), LastTelemetry(until=NOON), NOON) is None


@given(mode=MODES, age=st.integers(-4, 200), until=st.integers(-300, 4), sent=st.none() | st.integers(-300, 300))
def test_nothing_old_is_sent_and_nothing_twice(mode: TelemetryMode, age: int, until: int, sent: int | None) -> None:
    now = NOON + timedelta(minutes=300)
    one = replace(sample(mode), at=now - timedelta(minutes=age))
    last = LastTelemetry(until=now + timedelta(minutes=until))
    if sent is not None:
        last = replace(last, sent_at=now + timedelta(minutes=sent), sample=sample(mode, level=30.0))
    due = due_at(one, last, now)
    assert (due is None) is (one.at <= last.until or now - one.at > OLDEST[mode])
    assert due is None or due <= now + timedelta(seconds=5)


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    wrong = NOON + timedelta(days=400)
    last = LastTelemetry(until=wrong, sent_at=wrong, sample=sample(TelemetryMode.PARKED))
    assert due_at(sample(TelemetryMode.PARKED), last, NOON) == NOON


@given(mode=MODES, gaps=st.lists(st.integers(1, 100), min_size=5, max_size=60))
def test_a_vehicle_that_reports_often_is_sent_often_enough_and_not_too_often(
    mode: TelemetryMode, gaps: list[int]
) -> None:
    """Each report is sent when it is due, or the next one in its place."""
    now, last, times = NOON, LastTelemetry(until=NOON), list[datetime]()
    for gap in gaps:
        now += timedelta(seconds=gap)
        due = due_at(replace(sample(mode), at=now), last, now)
        assert due is not None
        if due <= now:
            last = LastTelemetry(until=now, sent_at=now, sample=replace(sample(mode), at=now))
            times.append(now)
    between = [after - before for before, after in pairwise(times)]
    assert all(INTERVALS[mode] <= each < INTERVALS[mode] + timedelta(seconds=100) for each in between)
    if mode in {TelemetryMode.DRIVING, TelemetryMode.DC}:
        assert all(each <= timedelta(seconds=160) for each in between)
        assert now - times[-1] <= timedelta(seconds=160)
