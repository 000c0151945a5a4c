"""What a powertrain is to the rest of the vehicle: it lets time pass and pays for what happens in it."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from .cabin import Cabin
from .drive import Work
from .event import Event

COMFORT = 21.0
"""°C at which a driver keeps the cabin."""


class Span(NamedTuple):
    """A stretch of time in which everything is taken as constant: its start and length, and the °C outside."""

    start: datetime
    seconds: float
    outside: float

    @property
    def hours(self) -> float:
        """The length in hours."""
        return self.seconds / 3600


class Consumption(NamedTuple):
    """What a stretch of driving took: electricity in kWh, of it recovered by braking in kWh, fuel in litres."""

    electricity: float = 0.0
    recovered: float = 0.0
    fuel: float = 0.0

    def plus(self, other: Consumption) -> Consumption:
        """Return both together."""
        return Consumption(*map(sum, zip(self, other, strict=True)))


class Powertrain(Protocol):
    """An electric or a combustion powertrain."""

    @property
    def active(self) -> bool:
        """Whether it is doing something while parked; it then feeds the 12 V battery."""

    def let(self, span: Span, cabin: Cabin, work: Work | None) -> Consumption:
        """Let ``span`` pass, doing ``work`` if the vehicle is driven."""

    def next_at(self) -> datetime | None:
        """When it will next do something by itself."""

    def events(self, at: datetime) -> Iterator[Event]:
        """Do what is due by itself, and yield the events that the owner gets."""

    def depart(self, at: datetime) -> None:
        """Make ready to drive: end whatever was going on."""

    def reaches(self, distance: float, outside: float) -> bool:
        """Whether a careful driver would set out for ``distance`` km."""
