"""The traction battery: how much is in it, how fast it takes more, how warm it is."""

from dataclasses import dataclass
from math import exp

WARMTH_LASTS = 10 * 3600.0
"""Seconds in which the difference to the air falls to a third; a battery is a few hundred kilograms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySpec:
    """A battery as it was built: ``capacity`` in kWh when new, ``health`` in % of it today.

    ``peak_power`` (kW) is what the cells accept up to ``taper_from`` %; ``heat_capacity`` is in kWh/K.
    """

    capacity: float
    health: float = 100.0
    peak_power: float = 46.0
    taper_from: float = 60.0
    heat_capacity: float = 0.09


@dataclass(slots=True, kw_only=True)
class TractionBattery:
    """A battery with ``energy`` kWh in it, at ``temperature`` °C."""

    spec: BatterySpec
    energy: float
    temperature: float

    @property
    def usable(self) -> float:
        """What fits into it today, in kWh."""
        return self.spec.capacity * self.spec.health / 100

    @property
    def level(self) -> float:
        """State of charge in %."""
        return 100 * self.energy / self.usable

    def acceptance(self, level: float) -> float:
        """Return the kW that the cells take at ``level`` %: constant, then falling; less when cold or hot."""
        taper = (100 - level) / (100 - self.spec.taper_from)
        cold = (self.temperature + 20) / 35
        hot = (60 - self.temperature) / 15
        return self.spec.peak_power * min(max(taper, 0.02), 1) * min(max(cold, 0.1), 1) * min(max(hot, 0.1), 1)

    def store(self, energy: float) -> float:
        """Put in ``energy`` kWh, or what fits; return what went in."""
        before = self.energy
        self.energy = min(self.usable, before + energy)
        return self.energy - before

    def draw(self, energy: float) -> float:
        """Take out ``energy`` kWh, or what is left; return what came out."""
        before = self.energy
        self.energy = max(0.0, before - energy)
        return before - self.energy

    def warm(self, outside: float, seconds: float, heat: float) -> None:
        """Let ``heat`` kWh of losses warm the cells, and the air cool them."""
        warmed = self.temperature + heat / self.spec.heat_capacity
        self.temperature = outside + (warmed - outside) * exp(-seconds / WARMTH_LASTS)
