"""The vehicles as a table for the terminal."""

from collections.abc import Callable, Iterable
from datetime import datetime

from .vehicles import States, Vehicle

type Cell = Callable[[States, Vehicle], str | None]


def table(states: States, vehicles: Iterable[Vehicle]) -> str:
    """Return what is known of the vehicles, a row for each."""
    rows = [[title for title, _ in _COLUMNS]]
    rows += [[cell(states, vehicle) or "-" for _, cell in _COLUMNS] for vehicle in vehicles]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths, strict=True)).rstrip() for row in rows)


def _value(what: str) -> Cell:
    return lambda states, vehicle: states.value(vehicle, what)


def _measured(*whats: str) -> Cell:
    """Show the first of several entities that has a value, with its unit."""

    def cell(states: States, vehicle: Vehicle) -> str | None:
        for what in whats:
            if (value := states.value(vehicle, what)) is not None:
                return f"{float(value):.0f} {states.attributes(vehicle, what).get('unit_of_measurement', '')}"
        return None

    return cell


def _position(states: States, vehicle: Vehicle) -> str:
    return "known" if "latitude" in states.attributes(vehicle, "device_tracker.location") else "unknown"


def _lock(states: States, vehicle: Vehicle) -> str | None:
    """What a lock that can only be looked at shows is on when unlocked."""
    shown = {"on": "unlocked", "off": "locked"}.get(states.value(vehicle, "binary_sensor.locked") or "")
    return states.value(vehicle, "lock.lock") or shown


def _last_report(states: States, vehicle: Vehicle) -> str | None:
    stamp = states.value(vehicle, "sensor.last_report")
    return datetime.fromisoformat(stamp).astimezone().strftime("%a %H:%M") if stamp else None


_COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("car", lambda states, vehicle: vehicle.name),
    ("energy", _measured("sensor.battery_level", "sensor.fuel_level")),
    ("range", _measured("sensor.range", "sensor.fuel_range")),
    ("plugged in", _value("binary_sensor.plugged_in")),
    ("charging", _value("sensor.charging_status")),
    ("climate", _value("climate.climate")),
    ("lock", _lock),
    ("odometer", _measured("sensor.odometer")),
    ("position", _position),
    ("last report", _last_report),
)
