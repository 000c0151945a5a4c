"""Whether a command is possible and sensible, before the vehicle is woken for it.

What is not known never blocks: the vehicle then answers for itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..vehicle import (
    Capability,
    Command,
    DeviceNotRegistered,
    Group,
    NotSupported,
    PrivacyMode,
    Reason,
    Refresh,
    StartCharging,
    StartClimate,
    StartEngine,
    SubscriptionInactive,
    Unreachable,
    VehicleInfo,
    VehicleState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the owner has chosen: ``climate_battery`` is the level in % below which climate is not started.

    The owners' documents name both 20 and 30 %; a threshold that the vehicle itself reports wins over it.
    ``climate_blocked``: the vehicle is where its owner wants no climate.
    """

    climate_battery: float = 20.0
    coldest: float = -20.0
    hottest: float = 40.0
    engine_battery: float = 30.0
    climate_blocked: bool = False


def refusal(command: Command, info: VehicleInfo, state: VehicleState, limits: Limits) -> str | None:
    """Return why ``command`` should not be sent, as a :class:`Reason` or the key of an error; ``None`` if it may be.

    The order is from what no owner can change at the moment to what they can.
    """
    if not command.needs <= info.capabilities:
        if command.capability is Capability.LOCK and Capability.LOCK_SETUP in info.capabilities:
            return DeviceNotRegistered.key
        lapsed = state.subscription is not None and state.subscription.active is False
        return SubscriptionInactive.key if lapsed else NotSupported.key
    if state.connectivity is not None and state.connectivity.reachable is False:
        return Unreachable.key
    if isinstance(command, Refresh):
        return _refresh(command, state)
    check = _CHECKS.get(type(command))
    return check(state, limits) if check else None


def _climate(state: VehicleState, limits: Limits) -> Reason | None:
    if limits.climate_blocked:
        return Reason.BLOCKED_BY_AREA
    outside = state.climate.outside_temperature if state.climate else None
    if outside is not None and outside < limits.coldest:
        return Reason.OUTSIDE_TOO_COLD
    if outside is not None and outside > limits.hottest:
        return Reason.OUTSIDE_TOO_HOT
    if state.charging is not None and state.charging.plugged_in:
        return None  # then the mains pays
    own = state.climate.min_battery_level if state.climate else None
    threshold = limits.climate_battery if own is None else own
    return Reason.BATTERY_LOW if _below(state, threshold) else None


def _charging(state: VehicleState, limits: Limits) -> Reason | None:
    if state.charging is not None and state.charging.plugged_in is False:
        return Reason.NOT_PLUGGED_IN
    full = state.charging.limit if state.charging and state.charging.limit is not None else 100
    level = state.battery.level if state.battery else None
    return Reason.ALREADY_CHARGED if level is not None and level >= full else None


def _engine(state: VehicleState, limits: Limits) -> Reason | None:
    body = state.body
    if body and any((body.door_front_left, body.door_front_right, body.door_rear_left, body.door_rear_right)):
        return Reason.DOOR_OPEN
    return Reason.BATTERY_LOW if _below(state, limits.engine_battery) else None


def _below(state: VehicleState, threshold: float) -> bool:
    return state.battery is not None and state.battery.level is not None and state.battery.level < threshold


def _refresh(command: Command, state: VehicleState) -> str | None:
    """A position is refused in privacy mode, nothing else is known to be (kamereon-eu §15.1)."""
    return PrivacyMode.key if state.is_private and command == Refresh(Group.POSITION) else None


_CHECKS: Mapping[type[Command], Callable[[VehicleState, Limits], Reason | None]] = {
    StartCharging: _charging,
    StartClimate: _climate,
    StartEngine: _engine,
}
