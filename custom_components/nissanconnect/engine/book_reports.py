"""What a vehicle's report tells the book."""

from collections.abc import Callable, Iterator, Mapping
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
    Quantity.OUTSIDE: (Group.CLIMATE, lambda climate: climate.outside_temperature),
}
"""For each quantity the group that has it, and how it is read from that."""


def readings_of(before: VehicleState, state: VehicleState) -> Iterator[tuple[Quantity, Reading]]:
    """Yield what is new in a state. Where the vehicle is has to be named by somebody else."""
    known, groups = before.groups(), state.groups()
    for quantity, (group, read) in _VALUES.items():
        reported: Reported | None = groups.get(group)
        if reported is None or reported == known.get(group):
            continue
        if (value := read(reported)) is not None:
            yield quantity, Reading(reported.known_at, float(value), reported.backend)
