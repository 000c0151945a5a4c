"""What a vehicle's report tells the book."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ..vehicle import ChargeSpeed, Group, Reported, VehicleState
from .book_readings import Quantity, Reading


def _flag(value: bool | None) -> float | None:
    return None if value is None else float(value)


_VALUES: Mapping[Quantity, tuple[Group, Callable[[Any], float | None]]] = {
    Quantity.ODOMETER: (Group.ODOMETER, lambda odometer: odometer.distance),
    Quantity.LEVEL: (Group.BATTERY, lambda battery: battery.level),
    Quantity.CONTENT: (Group.BATTERY, lambda battery: battery.energy),
    Quantity.PLUGGED_IN: (Group.CHARGING, lambda charging: _flag(charging.plugged_in)),
    Quantity.CHARGING: (Group.CHARGING, lambda charging: _flag(charging.active)),
    Quantity.RAPID: (
        Group.CHARGING,
        lambda charging: _flag(charging.speed is ChargeSpeed.FASTEST) if charging.active and charging.speed else None,
    ),
    Quantity.POWER: (Group.CHARGING, lambda charging: round(charging.power, 1) if charging.power else None),
    Quantity.DRIVEN: (Group.COUNTERS, lambda counters: counters.driven),
    Quantity.REGAINED: (Group.COUNTERS, lambda counters: counters.regained),
    Quantity.STORED: (Group.COUNTERS, lambda counters: counters.charged),
    Quantity.OUTSIDE: (Group.CLIMATE, lambda climate: climate.outside_temperature),
}
"""For each quantity the group that has it, and how it is read from that."""


def readings_of(before: VehicleState, state: VehicleState) -> Iterator[tuple[Quantity, Reading]]:
    """Yield what is new in a state. Where the vehicle is has to be named by somebody else."""
    known, groups = before.groups(), state.groups()
    for quantity, (group, read) in _VALUES.items():
        reported, old = groups.get(group), known.get(group)
        if reported is None or reported == old:
            continue
        value, was = read(reported), read(old) if old is not None else None
        if value is not None and (at := _reported_at(reported, old, state, has_changed=value != was)) is not None:
            yield quantity, Reading(at, float(value), reported.backend)


def _reported_at(
    reported: Reported, old: Reported | None, state: VehicleState, *, has_changed: bool
) -> datetime | None:
    """Return since when a value is known; ``None`` if it says nothing, because nobody knows how old it is.

    If its source does not state the time, that was when the vehicle last reported anything, at the latest now.
    """
    if reported.reported_at is not None:
        return reported.reported_at
    last = _last_report(state, reported.backend)
    if last is None or (old is not None and has_changed and last <= old.received_at):
        return reported.received_at  # the vehicle has reported this since, and nothing else with a time
    return min(last, reported.received_at) if has_changed else None


def _last_report(state: VehicleState, backend: str) -> datetime | None:
    times = [each.reported_at for each in state.groups().values() if each.backend == backend and each.reported_at]
    return max(times, default=None)
