"""What is not even asked of a vehicle."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.preconditions import (
    LEVEL_LASTS,
    OVERRIDABLE,
    PLUG_LASTS,
    WEATHER_LASTS,
    CommandContext,
    CommandLimits,
    refusal,
)
from custom_components.nissanconnect.vehicle import (
    COMMANDS,
    GROUP_TYPES,
    Battery,
    Body,
    Capability,
    Charging,
    Climate,
    Command,
    Connectivity,
    Group,
    Position,
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

from .strategies import EPOCH, small, states

ABLE = VehicleInfo(key="X", capabilities=frozenset(Capability))


DEFAULT = CommandLimits()


def fresh(state: VehicleState, limits: CommandLimits = DEFAULT, age: timedelta = timedelta()) -> CommandContext:
    """What was reported ``age`` ago."""
    return CommandContext(state, limits, lambda group: age)


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
        (StartClimate(21), VehicleState.of(climate(outside=-30), charging(plugged_in=True)), None),
        (StartClimate(21), VehicleState.of(climate(outside=-30), charging(plugged_in=False)), Reason.OUTSIDE_TOO_COLD),
        (ScheduleClimate(at=EPOCH), VehicleState.of(battery(5), climate(outside=-30)), None),
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
    assert refusal(command, ABLE, fresh(state)) == reason


def test_the_owners_threshold() -> None:
    state = VehicleState.of(battery(35))
    assert refusal(StartClimate(21), ABLE, fresh(state, CommandLimits(climate_battery=40))) is Reason.BATTERY_LOW


EXAMPLES: dict[type[Command], Command] = {
    ScheduleClimate: ScheduleClimate(at=EPOCH),
    SendDestination: SendDestination(52.4, 4.9, "Station"),
    SetChargeLimit: SetChargeLimit(80),
}
EVERY_COMMAND = [EXAMPLES.get(kind) or kind() for kind in COMMANDS] + [
    Refresh(Group.POSITION),
    ScheduleClimate(at=EPOCH, defrost=True),
    StartClimate(defrost=True),
]


EMPTY = VehicleState.of(
    *(kind(backend="b", received_at=EPOCH) for kind in GROUP_TYPES.values() if kind is not Position)
)
"""A vehicle of which every group was reported, and nothing was in them."""


@pytest.mark.parametrize("state", [VehicleState(), EMPTY], ids=["nothing", "empty groups"])
@pytest.mark.parametrize("command", EVERY_COMMAND, ids=repr)
def test_what_is_unknown_never_blocks(command: Command, state: VehicleState) -> None:
    assert refusal(command, ABLE, fresh(state)) is None


@given(st.sampled_from(EVERY_COMMAND), st.data(), states, st.booleans())
def test_what_a_vehicle_cannot_do_is_always_refused(
    command: Command, data: st.DataObject, state: VehicleState, lapsed: bool
) -> None:
    assert command.capability in command.needs
    missing = data.draw(st.sampled_from(sorted(command.needs)))
    unable = VehicleInfo(key="X", capabilities=frozenset(Capability) - {missing, Capability.LOCK_SETUP})
    subscription = Subscription(backend="b", received_at=EPOCH, active=not lapsed)
    state = VehicleState.of(*state.groups().values(), subscription)
    expected = "subscription_inactive" if lapsed else "not_supported"
    assert refusal(command, unable, fresh(state)) == expected


@pytest.mark.parametrize(
    ("command", "state", "lasts"),
    [
        (StartClimate(21), VehicleState.of(climate(outside=-30)), WEATHER_LASTS),
        (StartClimate(21), VehicleState.of(climate(outside=50)), WEATHER_LASTS),
        (StartClimate(21), VehicleState.of(battery(5)), LEVEL_LASTS),
        (StartEngine(), VehicleState.of(battery(5)), LEVEL_LASTS),
        (StartCharging(), VehicleState.of(charging(plugged_in=False)), PLUG_LASTS),
        (StartCharging(), VehicleState.of(battery(100)), LEVEL_LASTS),
    ],
)
def test_what_was_reported_long_ago_blocks_no_more(command: Command, state: VehicleState, lasts: timedelta) -> None:
    assert refusal(command, ABLE, fresh(state, age=lasts)) in OVERRIDABLE
    assert refusal(command, ABLE, fresh(state, age=lasts + timedelta(seconds=1))) is None
    assert refusal(command, ABLE, fresh(state, age=timedelta.max)) is None


def test_an_open_door_counts_until_it_is_closed() -> None:
    state = VehicleState.of(Body(backend="b", received_at=EPOCH, door_rear_left=True))
    assert refusal(StartEngine(force=True), ABLE, fresh(state, age=timedelta(days=2))) is Reason.DOOR_OPEN


@pytest.mark.parametrize("command", [StartClimate(21), ScheduleClimate(at=EPOCH)])
def test_an_area_blocks_every_way_to_start_climate(command: Command) -> None:
    blocked = fresh(VehicleState(), CommandLimits(climate_blocked=True), age=timedelta.max)
    assert refusal(command, ABLE, blocked) is Reason.BLOCKED_BY_AREA
    assert refusal(replace(command, force=True), ABLE, blocked) is Reason.BLOCKED_BY_AREA


@given(st.sampled_from(EVERY_COMMAND), states, st.booleans(), st.booleans(), small)
def test_force_overrides_what_is_sensible_and_nothing_else(
    command: Command, state: VehicleState, blocked: bool, door: bool, outside: float | None
) -> None:
    weather = climate(None if outside is None else outside * 40 - 60)
    body = Body(backend="b", received_at=EPOCH, door_front_left=door)
    seen = fresh(VehicleState.of(*state.groups().values(), weather, body), CommandLimits(climate_blocked=blocked))
    plain, forced = (refusal(replace(command, force=force), ABLE, seen) for force in (False, True))
    assert forced not in OVERRIDABLE
    if plain not in OVERRIDABLE:
        assert forced == plain
    if isinstance(command, StartClimate | ScheduleClimate) and blocked:
        assert forced is Reason.BLOCKED_BY_AREA
    if isinstance(command, StartEngine) and door:
        assert forced is Reason.DOOR_OPEN
