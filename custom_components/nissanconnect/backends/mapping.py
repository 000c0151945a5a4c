"""What the mappings of all backends share: bounds and units of quantities, and groups of the state.

A number out of bounds is a marker, a default or garbage, whichever source sends it, so it becomes ``None``. The others
are rounded here and nowhere else, or digits that nobody has measured would be shown, stored and compared.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from typing import NamedTuple

from ..vehicle import Position, Reported, Stamp, Tyre, Tyres

KM_PER_MILE = 1.609344
KPA_PER_PSI = 6.894757


class Plausible(NamedTuple):
    """Inclusive bounds, decimal places, and values within them that mean "none"."""

    low: float
    high: float
    digits: int
    never: Collection[float] = ()

    def of(self, value: float | None) -> float | None:
        """Return the value, rounded; ``None`` if it is impossible."""
        if value is None or not self.low <= value <= self.high or value in self.never:
            return None
        return round(float(value), self.digits) + 0.0  # which makes -0.0 zero


# Percent
LEVEL = Plausible(0, 100, 1)
"""Of a battery or a tank, or up to which to charge."""
HEALTH = Plausible(1, 120, 2)
"""New batteries have more than 100 %; 0 means "not measured yet"."""
HX = Plausible(1, 150, 2)
PROGRESS = Plausible(0, 100, 0)

# The battery: kWh, kW, Ah, bars
ENERGY = Plausible(0.01, 200, 2)
COUNTED = Plausible(0, 200, 3)
"""By a counter, on one trip or in one charge: 0 is where it starts."""
POWER = Plausible(0, 400, 1)
AMP_HOURS = Plausible(1, 250, 2)
BARS = Plausible(1, 12, 0)
CELL_VOLTAGE = Plausible(1.5, 5, 4)
CELL_SPREAD = Plausible(1, 2000, 0)
"""mV; 0 means that no cell was read."""

# Volts, kPa, dBm, litres, minutes
VOLTAGE = Plausible(5, 20, 1)
"""Of the 12 V battery."""
PRESSURE = Plausible(10, 600, 0)
SIGNAL = Plausible(-150, -1, 0)
FUEL = Plausible(0, 200, 1)
MINUTES = Plausible(0, 20_000, 0)

# °C. -40 is the zero of a sensor that has measured nothing.
TEMPERATURE = Plausible(-60, 100, 1, never=(-40.0,))
TARGET_TEMPERATURE = Plausible(5, 40, 1)

# km
RANGE = Plausible(0, 2500, 0)
"""More than any tank or battery gives."""
ODOMETER = Plausible(0.1, 5_000_000, 1)
"""No vehicle leaves the factory with less; 0 means "not known yet"."""
DRIVEN = Plausible(0, 1_000_000, 1)
"""In a day, a month or a year."""

# Totals of a day, a month or a year: a number, minutes, kWh, litres, grams
TRIPS = Plausible(0, 100_000, 0)
TRIP_MINUTES = Plausible(0, 600_000, 1)
"""A year has 527,040."""
TRIP_ENERGY = Plausible(0, 1_000_000, 2)
TRIP_FUEL = Plausible(0, 1_000_000, 2)
CO2_SAVED = Plausible(-1_000_000_000, 1_000_000_000, 1)
"""Below zero for what was emitted."""

# Degrees
LATITUDE = Plausible(-90, 90, 6)
LONGITUDE = Plausible(-180, 180, 6)
HEADING = Plausible(0, 360, 0)


def place(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees; 0/0 is no fix."""
    found = LATITUDE.of(latitude), LONGITUDE.of(longitude)
    if found[0] is None or found[1] is None or found[0] == found[1] == 0:
        return None
    return found[0], found[1]


_STAMP = frozenset(field.name for field in fields(Reported))


def known[G: Reported](group: G) -> G | None:
    """Return the group, or ``None`` if nothing in it is known: then it was not reported."""
    return group if known_names(group) else None


def known_names(group: Reported) -> set[str]:
    """Return the names of the fields that were reported, without those of the stamp."""
    values = [field for field in fields(group) if field.name not in _STAMP]
    return {field.name for field in values if getattr(group, field.name) not in (None, field.default, {})}


def fill_gaps[G: Reported](newest: G, older: G | None) -> G:
    """Return ``newest`` with what it leaves out taken from an older report of the same source."""
    if older is None:
        return newest
    return replace(newest, **{name: getattr(older, name) for name in known_names(older) - known_names(newest)})


def position(
    stamp: Stamp, latitude: float | None, longitude: float | None, direction: float | None = None
) -> Position | None:
    """Return a position in degrees; 0/0 is no fix. ``direction`` is clockwise from north."""
    if (found := place(latitude, longitude)) is None:
        return None
    if (heading := HEADING.of(direction)) is not None:
        heading %= 360
    return Position(**stamp, latitude=found[0], longitude=found[1], heading=heading)


def tyres(stamp: Stamp, pressures: Sequence[float | None], warnings: Sequence[bool | None] = (None,) * 4) -> Tyres:
    """Return four tyres by kPa and warnings: front left, front right, rear left, rear right."""
    front_left, front_right, rear_left, rear_right = (
        Tyre(pressure=PRESSURE.of(pressure), warning=warning)
        for pressure, warning in zip(pressures, warnings, strict=True)
    )
    return Tyres(**stamp, front_left=front_left, front_right=front_right, rear_left=rear_left, rear_right=rear_right)
