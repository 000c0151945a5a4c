"""What a vehicle can be like, so that whatever a backend tells besides is wrong; see the docstrings of ``vehicle``."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite

from custom_components.nissanconnect.vehicle import Notification, TripRecord, TripSummary, VehicleState

BOUNDS: Mapping[str, tuple[float, float]] = {
    "amp_hours": (1, 250),
    "capacity": (0, 200),
    "cell_spread": (0, 3500),
    "charged": (0, 200),
    "co2_saved": (-1e9, 1e9),
    "distance": (0, 5_000_000),
    "driven": (0, 200),
    "duration": (0, 600_000),
    "energy": (0, 200),
    "energy_recovered": (0, 1e6),
    "energy_used": (0, 1e6),
    "from_wall": (0, 200),
    "fuel_used": (0, 1e6),
    "heading": (0, 360),
    "health": (1, 120),
    "health_bars": (1, 12),
    "hx": (1, 150),
    "inside_temperature": (-60, 100),
    "latitude": (-90, 90),
    "level": (0, 100),
    "limit": (1, 100),
    "longitude": (-180, 180),
    "maximum": (5, 40),
    "min_battery_level": (0, 100),
    "minimum": (5, 40),
    "odometer": (0.1, 5_000_000),
    "oil_change_in": (-200_000, 200_000),
    "outside_temperature": (-60, 100),
    "power": (0, 400),
    "pressure": (10, 600),
    "progress": (0, 100),
    "quantity": (0, 200),
    "range": (0, 2500),
    "range_climate_on": (0, 2500),
    "regained": (0, 200),
    "signal": (-150, -1),
    "step": (0.1, 5),
    "target_temperature": (5, 40),
    "temperature": (-60, 100),
    "time_to_full_fast": (0, 20_000),
    "time_to_full_normal": (0, 20_000),
    "time_to_full_slow": (0, 20_000),
    "trips": (0, 1e6),
    "voltage": (5, 20),
    "year": (1990, 2100),
}
"""From and to, in the units that ``vehicle`` states."""

_FORECASTS = {"ends_at", "finish_at", "next_start_at"}


def assert_possible(told: object, now: datetime) -> None:
    """Fail unless every number and every time in ``told``, at any depth, can be true at ``now``."""
    if not is_dataclass(told):
        return
    for each in fields(told):
        value, what = getattr(told, each.name), f"{type(told).__name__}.{each.name}"
        if isinstance(value, int | float) and not isinstance(value, bool):
            low, high = BOUNDS[each.name]
            assert isfinite(value), what
            assert low <= value <= high, f"{what} is {value}"
        elif isinstance(value, datetime):
            assert value.utcoffset() == timedelta(), what
            if each.name in _FORECASTS:
                continue
            assert datetime(1970, 12, 31, tzinfo=UTC) < value <= now + timedelta(minutes=5), f"{what} is {value}"
        elif isinstance(value, tuple):
            for inner in value:
                assert_possible(inner, now)
        else:
            assert_possible(value, now)


def assert_all_possible(told: Iterable[VehicleState | TripRecord | TripSummary | Notification], now: datetime) -> None:
    """The same for several."""
    for each in told:
        assert_possible(each, now)
