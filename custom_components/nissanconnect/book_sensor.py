"""Sensors of the book: what a vehicle has charged, used and paid, in all, today, this month, and the last time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfEnergyDistance, UnitOfLength, UnitOfTime
from homeassistant.core import callback

from .book.display import BookDisplay
from .book_entity import BookEntity
from .engine.book import Sums
from .engine.book_entries import Charge, Trip
from .entity import VehicleDescription
from .vehicle import Capability


@dataclass(frozen=True, kw_only=True)
class BookSensorDescription(SensorEntityDescription, VehicleDescription):
    """A value of the book, and to how many digits it is shown."""

    value: Callable[[BookDisplay], float | None]
    digits: int = 1


class BookSensor(BookEntity, SensorEntity):
    """A value of the book. It changes with the book, not with each report of the vehicle."""

    entity_description: BookSensorDescription

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show nothing new: the book tells when there is."""

    @property
    @override
    def available(self) -> bool:
        """Whether the book has been read: what it shows stays true while the vehicle cannot be reached."""
        return self.runtime.book.display is not None

    @property
    @override
    def native_value(self) -> float | None:
        display = self.runtime.book.display
        value = None if display is None else self.entity_description.value(display)
        return None if value is None else round(value, self.entity_description.digits)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        if self.device_class is SensorDeviceClass.MONETARY:
            return self.hass.config.currency
        return super().native_unit_of_measurement


def _sensor(
    device_class: SensorDeviceClass,
    unit: str | None,
    digits: int,
    key: str,
    value: Callable[[BookDisplay], float | None],
    **options: Any,
) -> BookSensorDescription:
    return BookSensorDescription(
        key=key,
        device_class=device_class,
        native_unit_of_measurement=unit,
        suggested_display_precision=digits,
        digits=digits,
        value=value,
        **options,
    )


_ELECTRIC: dict[str, Any] = {"needs": {Capability.BATTERY}}
_DISABLED: dict[str, Any] = {"entity_registry_enabled_default": False}
_METER: dict[str, Any] = {"state_class": SensorStateClass.TOTAL_INCREASING, **_ELECTRIC}

_distance = partial(_sensor, SensorDeviceClass.DISTANCE, UnitOfLength.KILOMETERS, 1)
_duration = partial(_sensor, SensorDeviceClass.DURATION, UnitOfTime.MINUTES, 0)
_energy = partial(_sensor, SensorDeviceClass.ENERGY, UnitOfEnergy.KILO_WATT_HOUR, 2)


def _consumption(key: str, value: Callable[[BookDisplay], float | None], **options: Any) -> BookSensorDescription:
    unit = UnitOfEnergyDistance.KILO_WATT_HOUR_PER_100_KM
    return _sensor(SensorDeviceClass.ENERGY_DISTANCE, unit, 1, key, value, **_ELECTRIC, **options)


def _cost(key: str, value: Callable[[BookDisplay], float | None], **options: Any) -> BookSensorDescription:
    return _sensor(SensorDeviceClass.MONETARY, None, 2, key, value, **_ELECTRIC, **options)


def _of_trip(value: Callable[[Trip], float | None]) -> Callable[[BookDisplay], float | None]:
    return lambda display: value(display.last_trip) if display.last_trip else None


def _of_charge(value: Callable[[Charge], float | None]) -> Callable[[BookDisplay], float | None]:
    return lambda display: value(display.last_charge) if display.last_charge else None


def _sums(name: str, sums: Callable[[BookDisplay], Sums], **options: Any) -> tuple[BookSensorDescription, ...]:
    """Return the sensors of some time: of its trips, and what was paid for charging meanwhile."""
    return (
        _distance(f"{name}_distance", lambda display: sums(display).distance, **options),
        _energy(f"{name}_energy", lambda display: sums(display).energy, **_ELECTRIC, **options),
        _consumption(f"{name}_consumption", lambda display: sums(display).consumption, **options),
        _cost(f"{name}_cost", lambda display: sums(display).known_cost, **options),
    )


BOOK_SENSORS = (
    _energy("energy_charged", lambda display: display.totals.wall, **_METER),
    _energy("energy_charged_at_home", lambda display: display.totals.at_home, **_METER),
    _energy("energy_consumed", lambda display: display.totals.energy, **_METER, **_DISABLED),
    _energy("energy_regained", lambda display: display.totals.regained, **_METER, **_DISABLED),
    _cost("charging_cost", lambda display: display.totals.known_cost, state_class=SensorStateClass.TOTAL),
    _distance("last_trip_distance", _of_trip(lambda trip: trip.distance)),
    _consumption("last_trip_consumption", _of_trip(lambda trip: trip.consumption)),
    _duration("last_trip_duration", _of_trip(lambda trip: trip.minutes), **_DISABLED),
    _energy("last_charge_energy", _of_charge(lambda charge: charge.wall_energy), **_ELECTRIC),
    _cost("last_charge_cost", lambda display: display.last_charge_cost),
    _duration("last_charge_duration", _of_charge(lambda charge: charge.minutes), **_ELECTRIC, **_DISABLED),
    *_sums("today", lambda display: display.today, **_DISABLED),
    *_sums("month", lambda display: display.month),
)
