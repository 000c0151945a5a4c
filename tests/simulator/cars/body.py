"""Lock, doors, tyres, horn and lights."""

from dataclasses import dataclass, field

KELVIN = 273.15


@dataclass(slots=True)
class BodyShell:
    """The outside of a vehicle. ``open`` holds the openings that stand open; ``tyres`` are kPa at 20 °C."""

    locked: bool = True
    open: set[str] = field(default_factory=set)
    tyres: tuple[float, float, float, float] = (230.0, 230.0, 225.0, 225.0)
    horn: int = 0
    lights: int = 0

    def pressures(self, outside: float) -> tuple[float, ...]:
        """Return the pressures in kPa, front left to rear right; like any gas they follow the temperature."""
        return tuple((cold + 101.3) * (outside + KELVIN) / (20 + KELVIN) - 101.3 for cold in self.tyres)
