"""An electric powertrain: where every kilowatt-hour comes from and where it goes."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from typing import override

from .battery import TractionBattery
from .cabin import Cabin
from .charger import Charger
from .climate import RemoteClimate
from .drive import Work
from .event import Event
from .powertrain import COMFORT, Consumption, Powertrain, Span

HEAT_OF_USE = 0.03
"""How much of the energy that passes through the cells warms them."""


@dataclass(slots=True)
class Ledger:
    """All energy since the start of the simulation, in kWh.

    What came in (``mains``, ``recovered``) less what went out (``charging_loss``, ``climate``, ``driving``) is what
    the battery has gained. ``charged`` is the part of ``mains`` that has arrived in it.
    """

    mains: float = 0.0
    recovered: float = 0.0
    charging_loss: float = 0.0
    climate: float = 0.0
    driving: float = 0.0
    charged: float = 0.0

    @property
    def balance(self) -> float:
        """What the battery must have gained."""
        return self.mains + self.recovered - self.charging_loss - self.climate - self.driving

    def since(self, before: Ledger) -> Ledger:
        """Return what has been added since it was like ``before``."""
        return Ledger(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))


@dataclass(slots=True, kw_only=True)
class Electric(Powertrain):
    """Battery, charger and remote climate; ``consumption`` is the rated kWh for 100 km.

    ``from_wall`` is what it takes out of the wall right now, in kW. ``trip_from`` and ``charge_from`` are what the
    ``ledger`` was like when the last trip and the last charge began.
    """

    battery: TractionBattery
    charger: Charger
    consumption: float
    climate: RemoteClimate = field(default_factory=RemoteClimate)
    ledger: Ledger = field(default_factory=Ledger)
    from_wall: float = 0.0
    trip_from: Ledger = field(default_factory=Ledger)
    charge_from: Ledger = field(default_factory=Ledger)
    _charging: bool = False
    _driven: bool = False

    @property
    @override
    def active(self) -> bool:
        return self.climate.running or self.charger.power > 0

    @override
    def let(self, span: Span, cabin: Cabin, work: Work | None) -> Consumption:
        self._driven = work is not None
        self.from_wall = 0.0
        if work is not None:
            return self._drive(span, cabin, work)
        climate = cabin.let(span.outside, span.seconds, self.climate.target if self.climate.running else None)
        climate += self.climate.heating
        stored = self._charge(span, climate)
        drawn = 0.0 if self.charger.powered else self.battery.draw(climate * span.hours)
        self.ledger.climate += climate * span.hours if self.charger.powered else drawn
        self.battery.warm(span.outside, span.seconds, (stored + drawn) * HEAT_OF_USE)
        return Consumption()

    def _charge(self, span: Span, climate: float) -> float:
        """Feed the climate first, then the battery, if current is offered."""
        charged_before = self.charger.power > 0
        stored = self.charger.power = 0.0
        if not self.charger.powered:
            return stored
        if self.charger.wants(self.battery.level, span.start):
            if not charged_before:
                self.charge_from = replace(self.ledger)
            stored = self.charger.charge(self.battery, span.seconds, max(0.0, self.charger.available - climate))
        charged = stored * self.charger.power / self.charger.arriving(self.charger.power) if stored else 0.0
        self.from_wall = self.charger.power + climate
        self.ledger.mains += charged + climate * span.hours
        self.ledger.charging_loss += charged - stored
        self.ledger.charged += stored
        return stored

    def _drive(self, span: Span, cabin: Cabin, work: Work) -> Consumption:
        climate = cabin.let(span.outside, span.seconds, COMFORT) * span.hours
        drawn = self.battery.draw(work.used + climate)
        recovered = self.battery.store(work.recovered)
        self.ledger.driving += drawn
        self.ledger.recovered += recovered
        self.battery.warm(span.outside, span.seconds, (drawn + recovered) * HEAT_OF_USE)
        return Consumption(electricity=drawn, recovered=recovered)

    @override
    def next_at(self) -> datetime | None:
        times = (self.climate.ends_at(self.charger.powered), self.climate.next_start_at)
        return min((at for at in times if at is not None), default=None)

    @override
    def events(self, at: datetime) -> Iterator[Event]:
        charging = self.charger.wants(self.battery.level, at)
        if self._charging and not charging and self.charger.plugged:
            yield Event.CHARGE_ENDED
        self._charging = charging
        if (end := self.climate.ends_at(self.charger.powered)) is not None and end <= at:
            self.climate.stop()
            yield Event.CLIMATE_STOPPED
        if self.climate.next_start_at is not None and self.climate.next_start_at <= at:
            yield self._start_scheduled_climate(at)

    def _start_scheduled_climate(self, at: datetime) -> Event:
        target, wires = self.climate.next_target, self.climate.next_wires
        self.climate.schedule(None)
        if self._driven:
            return Event.VEHICLE_IN_USE
        if not self.climate.may_run(self.battery.level, self.charger.powered):
            return Event.BATTERY_TOO_LOW
        self.climate.start(at, target, wires)
        return Event.CLIMATE_STARTED

    @override
    def depart(self, at: datetime) -> None:
        self.climate.stop()
        self.trip_from = replace(self.ledger)
        if self.charger.plugged:
            self.charger.unplug(at)

    def range(self, outside: float, *, climate_on: bool) -> float:
        """Estimate the km that are left: cold air and cold tyres cost, and so does a warm cabin."""
        cold = max(0.0, 20 - outside)
        comfort = min(abs(COMFORT - outside), 25.0) if climate_on else 0.0
        return 100 * self.battery.energy / (self.consumption * (1 + 0.008 * cold + 0.006 * comfort))

    @override
    def reaches(self, distance: float, outside: float) -> bool:
        return self.range(outside, climate_on=True) > 1.3 * distance
