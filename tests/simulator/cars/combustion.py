"""A combustion powertrain: a tank, an engine, and heat for nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import override

from .cabin import Cabin
from .drive import Work
from .event import Event
from .powertrain import COMFORT, Consumption, Powertrain, Span

ENERGY_OF_FUEL = 8.9
"""kWh in a litre of petrol."""
EFFICIENCY = 0.27
IDLING = 0.8
"""Litres an hour."""
REMOTE_RUN = timedelta(minutes=10)
"""How long an engine that was started from afar runs."""


@dataclass(slots=True, kw_only=True)
class Combustion(Powertrain):
    """An engine with ``quantity`` litres in a tank of ``capacity``; ``consumption`` is the rated l for 100 km."""

    capacity: float
    quantity: float
    consumption: float
    burnt: float = 0.0
    engine_started_at: datetime | None = None

    @property
    @override
    def active(self) -> bool:
        return self.engine_started_at is not None

    @property
    def level(self) -> float:
        """How full the tank is, in %."""
        return 100 * self.quantity / self.capacity

    @property
    def range(self) -> float:
        """The km that are left."""
        return 100 * self.quantity / self.consumption

    @override
    def let(self, span: Span, cabin: Cabin, work: Work | None) -> Consumption:
        running = work is not None or self.active
        cabin.let(span.outside, span.seconds, COMFORT if running else None)
        if work is not None:
            return Consumption(fuel=self._burn(work.used / ENERGY_OF_FUEL / EFFICIENCY))
        if running:
            self._burn(IDLING * span.hours)
        return Consumption()

    def _burn(self, litres: float) -> float:
        burnt = min(litres, self.quantity)
        self.quantity -= burnt
        self.burnt += burnt
        return burnt

    @override
    def next_at(self) -> datetime | None:
        return None if self.engine_started_at is None else self.engine_started_at + REMOTE_RUN

    @override
    def events(self, at: datetime) -> Iterator[Event]:
        if (end := self.next_at()) is not None and end <= at:
            self.engine_started_at = None
            yield Event.ENGINE_STOPPED

    @override
    def depart(self, at: datetime) -> None:
        self.engine_started_at = None

    def fill(self) -> None:
        """Fill the tank up."""
        self.quantity = self.capacity

    @override
    def reaches(self, distance: float, outside: float) -> bool:
        return self.range > 1.3 * distance
