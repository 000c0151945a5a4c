"""The vehicle's state."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.vehicle import (
    GROUP_TYPES,
    Battery,
    ChargeMode,
    Charging,
    ChargingStatus as S,
    Climate,
    Group,
    Odometer,
    Position,
    Schedules,
    VehicleState,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOMENTS = st.integers(-5, 5).map(lambda hours: NOW + timedelta(hours=hours))


def test_groups_are_the_fields_of_the_state() -> None:
    assert [group.value for group in Group] == [f.name for f in fields(VehicleState)]
    assert len(set(GROUP_TYPES.values())) == len(Group)


def test_every_point_in_time_is_named_so() -> None:
    """The store tells times from texts by this convention."""
    for kind in GROUP_TYPES.values():
        for f in fields(kind):
            assert ("datetime" in str(f.type)) is f.name.endswith("_at"), f"{kind.__name__}.{f.name}"


def test_a_state_is_built_of_its_groups() -> None:
    battery = Battery(backend="b", received_at=NOW, level=50)
    assert VehicleState.of(battery, None) == VehicleState(battery=battery)
    assert VehicleState.of(battery).groups() == {Group.BATTERY: battery}


def test_last_report_is_the_vehicles_word_alone() -> None:
    """That we asked later, and that a group states no time, must not make the vehicle look fresher."""
    state = VehicleState(
        battery=Battery(backend="b", received_at=NOW, reported_at=NOW - timedelta(hours=2)),
        charging=Charging(backend="b", received_at=NOW, reported_at=NOW - timedelta(hours=1)),
        odometer=Odometer(backend="b", received_at=NOW + timedelta(hours=1)),
    )
    assert state.last_report == NOW - timedelta(hours=1)
    assert state.last_read == NOW + timedelta(hours=1)
    assert VehicleState().last_report is None
    assert VehicleState().last_read is None


@pytest.mark.parametrize(
    ("status", "active"),
    [
        (None, None),
        (S.CHARGING, True),
        (S.V2G_CHARGING, True),
        (S.V2G_DISCHARGING, False),
        (S.WAITING_FOR_SCHEDULE, False),
        (S.FLAP_OPEN, False),
        (S.ERROR, False),
    ],
)
def test_charging_is_energy_that_flows_into_the_battery(status: S | None, active: bool | None) -> None:
    assert Charging(backend="b", received_at=NOW, status=status).active is active


def test_a_position_does_not_print_itself() -> None:
    assert "51.5" not in repr(Position(backend="b", received_at=NOW, latitude=51.5, longitude=-0.1))


@pytest.mark.parametrize("status", [*S])
def test_what_charges_or_waits_for_it_is_plugged_in(status: S) -> None:
    loose = {S.ERROR, S.FINISHED, S.FLAP_OPEN, S.NOT_CHARGING}
    charging = Charging(backend="b", received_at=NOW, status=status)
    assert charging.plugged_in is (None if status in loose else True)
    assert replace(charging, plugged_in=False).plugged_in is False, "what is told counts"


@given(st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS)
def test_a_forecast_for_the_past_is_unknown(
    finish_at: datetime | None, next_start_at: datetime | None, now: datetime
) -> None:
    state = VehicleState(
        charging=Charging(backend="b", received_at=NOW, status=S.CHARGING, finish_at=finish_at, power=3.0),
        climate=Climate(backend="b", received_at=NOW, running=False, next_start_at=next_start_at),
    )
    seen = state.without_past_forecasts(now)
    assert seen.charging
    assert seen.climate
    assert seen.charging.finish_at == (finish_at if finish_at and finish_at > now else None)
    assert seen.climate.next_start_at == (next_start_at if next_start_at and next_start_at > now else None)
    assert (seen.charging.power, seen.climate.running) == (3.0, False)
    assert seen.without_past_forecasts(now) is seen


@pytest.mark.parametrize(
    ("status", "plugged_in", "mode", "level", "shown"),
    [
        (S.NOT_CHARGING, True, ChargeMode.SCHEDULED, 50, S.WAITING_FOR_SCHEDULE),
        (S.NOT_CHARGING, True, ChargeMode.DELAYED, None, S.WAITING_FOR_SCHEDULE),
        (S.NOT_CHARGING, True, ChargeMode.SCHEDULED, 100, S.NOT_CHARGING),
        (S.NOT_CHARGING, True, ChargeMode.ALWAYS, 50, S.NOT_CHARGING),
        (S.NOT_CHARGING, True, None, 50, S.NOT_CHARGING),
        (S.NOT_CHARGING, False, ChargeMode.SCHEDULED, 50, S.NOT_CHARGING),
        (S.NOT_CHARGING, None, ChargeMode.SCHEDULED, 50, S.NOT_CHARGING),
        (S.CHARGING, True, ChargeMode.SCHEDULED, 50, S.CHARGING),
        (None, True, ChargeMode.SCHEDULED, 50, None),
    ],
)
def test_why_it_does_not_charge(
    status: S | None, plugged_in: bool | None, mode: ChargeMode | None, level: float | None, shown: S | None
) -> None:
    state = VehicleState(
        battery=Battery(backend="b", received_at=NOW, level=level),
        charging=Charging(backend="b", received_at=NOW, status=status, plugged_in=plugged_in),
        schedules=Schedules(backend="b", received_at=NOW, charge_mode=mode),
    )
    assert state.charging_status is shown


@pytest.mark.parametrize(
    ("plugged_in", "status", "connection"),
    [
        (False, S.NOT_CHARGING, "disconnected"),
        (True, S.WAITING_FOR_SCHEDULE, "connected"),
        (True, S.FINISHED, "connected"),
        (True, None, "connected"),
        (None, S.CHARGING, "charging"),
        (True, S.CHARGING, "charging"),
        (None, None, None),
    ],
)
def test_the_connection_is_plug_and_charger_in_one(
    plugged_in: bool | None, status: S | None, connection: str | None
) -> None:
    charging = Charging(
        backend="x", received_at=datetime(2026, 11, 20, tzinfo=UTC), plugged_in=plugged_in, status=status
    )
    assert charging.connection == connection
