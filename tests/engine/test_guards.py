"""What is not even asked of a vehicle."""

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.guards import Limits, refusal
from custom_components.nissanconnect.vehicle import (
    COMMANDS,
    Battery,
    Body,
    Capability,
    Charging,
    Climate,
    Command,
    Connectivity,
    Group,
    Privacy,
    Reason,
    Refresh,
    ScheduleClimate,
    SendDestination,
    SetChargeLimit,
    StartCharging,
    StartClimate,
    StartEngine,
    StopClimate,
    Subscription,
    VehicleInfo,
    VehicleState,
)

from .strategies import EPOCH, states

ABLE = VehicleInfo(key="X", capabilities=frozenset(Capability))


def battery(level: float) -> Battery:
    return Battery(backend="b", received_at=EPOCH, level=level)


def charging(*, plugged_in: bool, limit: float | None = None) -> Charging:
    return Charging(backend="b", received_at=EPOCH, plugged_in=plugged_in, limit=limit)


def climate(outside: float | None = None, threshold: float | None = None) -> Climate:
    return Climate(backend="b", received_at=EPOCH, outside_temperature=outside, min_battery_level=threshold)


@pytest.mark.parametrize(
    ("command", "state", "reason"),
    [
        (StartClimate(21), VehicleState.of(battery(19)), Reason.BATTERY_LOW),
        (StartClimate(21), VehicleState.of(battery(20)), None),
        (StartClimate(21), VehicleState.of(battery(5), charging(plugged_in=True)), None),
        (StartClimate(21), VehicleState.of(battery(5), charging(plugged_in=False)), Reason.BATTERY_LOW),
        (StartClimate(21), VehicleState.of(battery(16), climate(threshold=15)), None),
        (StartClimate(21), VehicleState.of(battery(25), climate(threshold=30)), Reason.BATTERY_LOW),
        (StartClimate(21), VehicleState.of(climate(outside=-20.5)), Reason.OUTSIDE_TOO_COLD),
        (StartClimate(21), VehicleState.of(climate(outside=-20)), None),
        (StartClimate(21), VehicleState.of(climate(outside=40.5)), Reason.OUTSIDE_TOO_HOT),
        (StopClimate(), VehicleState.of(battery(1), climate(outside=-30)), None),
        (StartCharging(), VehicleState.of(charging(plugged_in=False)), Reason.NOT_PLUGGED_IN),
        (StartCharging(), VehicleState.of(charging(plugged_in=True), battery(100)), Reason.ALREADY_CHARGED),
        (StartCharging(), VehicleState.of(charging(plugged_in=True, limit=80), battery(80)), Reason.ALREADY_CHARGED),
        (StartCharging(), VehicleState.of(charging(plugged_in=True, limit=80), battery(79)), None),
        (StartEngine(), VehicleState.of(battery(29)), Reason.BATTERY_LOW),
        (StartEngine(), VehicleState.of(Body(backend="b", received_at=EPOCH, door_rear_left=True)), Reason.DOOR_OPEN),
        (StartEngine(), VehicleState.of(Body(backend="b", received_at=EPOCH, hatch=True)), None),
        (
            Refresh(Group.POSITION),
            VehicleState.of(Privacy(backend="b", received_at=EPOCH, active=True)),
            "privacy_mode",
        ),
        (Refresh(), VehicleState.of(Privacy(backend="b", received_at=EPOCH, active=True)), None),
        (StopClimate(), VehicleState.of(Connectivity(backend="b", received_at=EPOCH, reachable=False)), "unreachable"),
    ],
)
def test_refusals(command: Command, state: VehicleState, reason: str | None) -> None:
    assert refusal(command, ABLE, state, Limits()) == reason


def test_the_owners_threshold() -> None:
    state = VehicleState.of(battery(35))
    assert refusal(StartClimate(21), ABLE, state, Limits(climate_battery=40)) is Reason.BATTERY_LOW


EXAMPLES: dict[type[Command], Command] = {
    ScheduleClimate: ScheduleClimate(EPOCH),
    SendDestination: SendDestination(52.4, 4.9, "Station"),
    SetChargeLimit: SetChargeLimit(80),
}
EVERY_COMMAND = [EXAMPLES.get(kind) or kind() for kind in COMMANDS] + [
    Refresh(Group.POSITION),
    ScheduleClimate(EPOCH, defrost=True),
    StartClimate(defrost=True),
]


@given(st.sampled_from(EVERY_COMMAND))
def test_what_is_unknown_never_blocks(command: Command) -> None:
    assert refusal(command, ABLE, VehicleState(), Limits()) is None


@given(st.sampled_from(EVERY_COMMAND), st.data(), states, st.booleans())
def test_what_a_vehicle_cannot_do_is_always_refused(
    command: Command, data: st.DataObject, state: VehicleState, lapsed: bool
) -> None:
    assert command.capability in command.needs
    missing = data.draw(st.sampled_from(sorted(command.needs)))
    unable = VehicleInfo(key="X", capabilities=frozenset(Capability) - {missing})
    subscription = Subscription(backend="b", received_at=EPOCH, active=not lapsed)
    state = VehicleState.of(*state.groups().values(), subscription)
    expected = "subscription_inactive" if lapsed else "not_supported"
    assert refusal(command, unable, state, Limits()) == expected
