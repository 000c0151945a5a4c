"""The air in the cabin: it leaks its warmth to the outside, and the heat pump works against that."""

from dataclasses import dataclass
from math import exp

LEAK = 0.05
"""kW that pass through glass and sheet metal for each degree of difference."""
HEAT_CAPACITY = 0.028
"""kWh for each degree, air and trim together; with ``LEAK`` it gives a half-life of some 25 minutes."""
MAX_HEATING, MAX_COOLING = 4.5, 3.0
"""kW of heat that can be brought in or taken out."""
COEFFICIENT = 2.0
"""kW of heat moved for each kW of electricity."""
FAN = 0.15
"""kW."""


@dataclass(slots=True)
class Cabin:
    """The cabin at ``temperature`` °C."""

    temperature: float

    def let(self, outside: float, seconds: float, target: float | None) -> float:
        """Let time pass, held at ``target`` °C if there is one; return the mean electrical power in kW.

        Exact for a constant temperature outside, whatever the length of the step.
        """
        kept = exp(-seconds * LEAK / (HEAT_CAPACITY * 3600))
        heat = 0.0
        if target is not None:
            # The heat that would end this step exactly at the target.
            wished = LEAK * ((target - self.temperature * kept) / (1 - kept) - outside)
            heat = min(max(wished, -MAX_COOLING), MAX_HEATING)
        settles_at = outside + heat / LEAK
        self.temperature = settles_at + (self.temperature - settles_at) * kept
        return 0.0 if target is None else abs(heat) / COEFFICIENT + FAN
