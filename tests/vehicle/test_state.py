"""The vehicle's state."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.nissanconnect.vehicle import (
    GROUP_TYPES,
    Battery,
    Charging,
    ChargingStatus,
    Group,
    Odometer,
    Position,
    VehicleState,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


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
        (ChargingStatus.CHARGING, True),
        (ChargingStatus.V2G_CHARGING, True),
        (ChargingStatus.V2G_DISCHARGING, False),
        (ChargingStatus.WAITING_FOR_SCHEDULE, False),
        (ChargingStatus.FLAP_OPEN, False),
        (ChargingStatus.ERROR, False),
    ],
)
def test_charging_is_energy_that_flows_into_the_battery(status: ChargingStatus | None, active: bool | None) -> None:
    assert Charging(backend="b", received_at=NOW, status=status).active is active


def test_a_position_does_not_print_itself() -> None:
    assert "51.5" not in repr(Position(backend="b", received_at=NOW, latitude=51.5, longitude=-0.1))
