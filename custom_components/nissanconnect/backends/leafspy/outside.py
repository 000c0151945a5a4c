"""In which unit the outside temperature is sent, which the message does not say (leafspy Q1)."""

from dataclasses import dataclass, replace
from typing import Self

from .quirks import celsius

_UNREAD = (95.0, 87.0)
"""What an unread sensor comes out as in °C, which are fine days in °F (leafspy Q1 [H])."""
_TOO_HOT = 50.0
"""°C; more is °F."""


@dataclass(frozen=True, slots=True)
class OutsideUnit:
    """Whether one vehicle's app sends °F although it shows °C; ``None`` as long as nothing tells.

    The app converts the outside temperature only if an option of its own says so. More than 50 can only be °F. Below,
    the digits tell: the sensor counts in steps that are 0.9 °F from -40.9 °F on, and 0.5 °C (§11), so that four values
    in five fit to one of the two only [L]. What fits to both or to neither changes nothing; without any evidence it
    is °C (Q1 [M]).
    """

    fahrenheit: bool | None = None

    def after(self, value: float) -> Self:
        """Return what is known after one more value that was sent with °C as the app's unit."""
        if value in _UNREAD:
            return self
        in_fahrenheit, in_celsius = _fits(value + 40.9, 0.9), _fits(value, 0.5)
        if value > _TOO_HOT or (in_fahrenheit and not in_celsius):
            return replace(self, fahrenheit=True)
        return replace(self, fahrenheit=False) if in_celsius and not in_fahrenheit else self


def outside_temperature(value: float, *, fahrenheit: bool) -> float | None:
    """Return °C, ``None`` for what no weather is: unread sensors come out as 87 or 95 (leafspy Q1 [H])."""
    found = celsius(value) if fahrenheit else value
    return round(found, 1) if -50 <= found <= 60 else None


def _fits(value: float, step: float) -> bool:
    """Whether ``value`` is a multiple of ``step``, up to what one decimal place rounds away."""
    return abs(value / step - round(value / step)) * step < 0.02
