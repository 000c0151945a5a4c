"""Sensors: everything that a vehicle reports as a value."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    DEGREE,
    PERCENTAGE,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfLength,
    UnitOfPower,
    UnitOfPressure,
    UnitOfTemperature,
    UnitOfTime,
    UnitOfVolume,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account import NissanConfigEntry
from .engine.debounce import Held, InSteps, Steady, TimeInSteps
from .entity import async_add_geofence_entities, async_add_vehicle_entities
from .sensor_entity import (
    GEOFENCE_DISTANCE,
    TALLIES,
    GeofenceDistance,
    TallySensor,
    VehicleSensor,
    VehicleSensorDescription,
    whole,
)
from .sources import SOURCES
from .vehicle import (
    Capability,
    ChargeConnection,
    ChargeMode,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Group,
    Tyre,
    Tyres,
    VehicleState,
)

PARALLEL_UPDATES = 0

_FORECAST_STEP = timedelta(minutes=5)
"""Forecasts are not more accurate than this, and each differs a little from the one before."""

_SOURCE_HOLD = timedelta(minutes=15)
"""Two sources that both report replace each other with each report."""

_SHARED = (
    Group.AUX_BATTERY,
    Group.BATTERY,
    Group.BODY,
    Group.CHARGING,
    Group.CLIMATE,
    Group.ODOMETER,
    Group.POSITION,
    Group.TYRES,
)
"""Groups that more than one kind of source reports."""

_BACKENDS = sorted({source.backend for source in SOURCES.values()})

type _Value[T] = Callable[[VehicleState], T | None]


class _Options(TypedDict, total=False):
    """Fields of a description that the functions below pass on."""

    capability: Capability
    only_with: Capability
    entity_category: EntityCategory
    entity_registry_enabled_default: bool
    steady: Callable[[], Steady[Any]]


def _measurement(
    key: str,
    value: _Value[float],
    *,
    device_class: SensorDeviceClass | None = None,
    unit: str | None = None,
    precision: int = 0,
    **options: Unpack[_Options],
) -> VehicleSensorDescription:
    return VehicleSensorDescription(
        key=key,
        device_class=device_class,
        native_unit_of_measurement=unit,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=precision,
        value=value,
        **options,
    )


def _percentage(
    key: str, value: _Value[float], *, precision: int = 0, **options: Unpack[_Options]
) -> VehicleSensorDescription:
    return _measurement(key, value, unit=PERCENTAGE, precision=precision, **options)


def _temperature(
    key: str, value: _Value[float], *, precision: int = 1, **options: Unpack[_Options]
) -> VehicleSensorDescription:
    return _measurement(
        key,
        value,
        device_class=SensorDeviceClass.TEMPERATURE,
        unit=UnitOfTemperature.CELSIUS,
        precision=precision,
        **options,
    )


def _forecast_distance(key: str, value: _Value[float], **options: Unpack[_Options]) -> VehicleSensorDescription:
    """Return the sensor of a distance that is left, in whole kilometres."""
    return _measurement(
        key,
        lambda s: whole(value(s)),
        device_class=SensorDeviceClass.DISTANCE,
        unit=UnitOfLength.KILOMETERS,
        **options,
    )


def _timestamp(key: str, value: _Value[datetime], **options: Unpack[_Options]) -> VehicleSensorDescription:
    return VehicleSensorDescription(key=key, device_class=SensorDeviceClass.TIMESTAMP, value=value, **options)


def _enum(key: str, value: _Value[str], values: Iterable[str], **options: Unpack[_Options]) -> VehicleSensorDescription:
    return VehicleSensorDescription(
        key=key, device_class=SensorDeviceClass.ENUM, options=[*values], value=value, **options
    )


def _time_to_full(speed: str, minutes: Callable[[Charging], float | None]) -> VehicleSensorDescription:
    return VehicleSensorDescription(
        key=f"time_to_full_{speed}",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        steady=lambda: InSteps(_FORECAST_STEP / timedelta(minutes=1)),
        value=lambda s: minutes(s.charging) if s.charging else None,
    )


def _tyre_pressure(place: str, tyre: Callable[[Tyres], Tyre]) -> VehicleSensorDescription:
    return VehicleSensorDescription(
        key=f"tyre_pressure_{place}",
        device_class=SensorDeviceClass.PRESSURE,
        entity_category=EntityCategory.DIAGNOSTIC,
        native_unit_of_measurement=UnitOfPressure.KPA,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        suggested_unit_of_measurement=UnitOfPressure.BAR,
        value=lambda s: tyre(s.tyres).pressure if s.tyres else None,
    )


def _reported_at(group: Group) -> VehicleSensorDescription:
    """Return the sensor of when the vehicle reported a group: a time, because an age would change every minute."""
    return _timestamp(
        f"{group}_reported",
        lambda s: _to_the_minute(s.groups()[group].reported_at) if group in s.groups() else None,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )


def _source(key: str, value: _Value[str]) -> VehicleSensorDescription:
    """Return a sensor that shows which of several sources has reported something."""
    return _enum(
        key,
        value,
        _BACKENDS,
        only_with=Capability.SEVERAL_SOURCES,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        steady=lambda: Held(_SOURCE_HOLD),
    )


def _group_source(group: Group) -> VehicleSensorDescription:
    return _source(f"{group}_source", lambda s: s.groups()[group].backend if group in s.groups() else None)


def _to_the_minute(at: datetime | None) -> datetime | None:
    """Cut the seconds off: some sources report every second, and each time would be a row of the recorder."""
    return at.replace(second=0, microsecond=0) if at else None


def _last_source(state: VehicleState) -> str | None:
    """Return the source of the last report, by the vehicle's clock; where no group has a time, by ours."""
    latest = max(
        state.groups().values(),
        key=lambda group: (group.reported_at is not None, group.reported_at or group.received_at),
        default=None,
    )
    return latest.backend if latest else None


def _subscription(state: VehicleState) -> str | None:
    active = state.subscription.active_at(dt_util.utcnow()) if state.subscription else None
    if active is None:
        return None
    return "active" if active else "inactive"


SENSORS = (
    _measurement(
        "aux_battery_voltage",
        lambda s: s.aux_battery.voltage if s.aux_battery else None,
        device_class=SensorDeviceClass.VOLTAGE,
        unit=UnitOfElectricPotential.VOLT,
        precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _measurement(
        "battery_amp_hours",
        lambda s: s.battery.amp_hours if s.battery else None,
        unit="Ah",
        precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _measurement(
        "battery_capacity",
        lambda s: s.battery.capacity if s.battery else None,
        device_class=SensorDeviceClass.ENERGY_STORAGE,
        unit=UnitOfEnergy.KILO_WATT_HOUR,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _measurement(
        "battery_energy",
        lambda s: s.battery.energy if s.battery else None,
        device_class=SensorDeviceClass.ENERGY_STORAGE,
        unit=UnitOfEnergy.KILO_WATT_HOUR,
        precision=1,
    ),
    _percentage(
        "battery_health", lambda s: s.battery.health if s.battery else None, entity_category=EntityCategory.DIAGNOSTIC
    ),
    _percentage(
        "battery_hx",
        lambda s: s.battery.hx if s.battery else None,
        precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _measurement(
        "battery_level",
        lambda s: s.battery.level if s.battery else None,
        device_class=SensorDeviceClass.BATTERY,
        unit=PERCENTAGE,
        capability=Capability.BATTERY,
    ),
    _measurement(
        "battery_health_bars",
        lambda s: whole(s.battery.health_bars) if s.battery else None,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _temperature(
        "battery_temperature",
        lambda s: s.battery.temperature if s.battery else None,
        precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _measurement(
        "cell_spread",
        lambda s: s.battery.cell_spread if s.battery else None,
        device_class=SensorDeviceClass.VOLTAGE,
        unit=UnitOfElectricPotential.MILLIVOLT,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _enum(
        "charge_connection",
        lambda s: s.charging.connection if s.charging else None,
        ChargeConnection,
        capability=Capability.BATTERY,
    ),
    _enum(
        "charge_mode",
        lambda s: s.schedules.charge_mode if s.schedules else None,
        ChargeMode,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    VehicleSensorDescription(
        key="charge_schedule",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.schedules.charging.hours if s.schedules and s.schedules.charging else None,
    ),
    VehicleSensorDescription(
        key="charge_schedule_days",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.schedules.charging.weekdays if s.schedules and s.schedules.charging else None,
    ),
    _timestamp(
        "charging_finish",
        lambda s: s.charging.finish_at if s.charging else None,
        capability=Capability.BATTERY,
        steady=lambda: TimeInSteps(_FORECAST_STEP),
    ),
    _measurement(
        "charging_power",
        lambda s: s.charging.power if s.charging else None,
        device_class=SensorDeviceClass.POWER,
        unit=UnitOfPower.KILO_WATT,
        precision=1,
    ),
    _enum(
        "charging_speed",
        lambda s: s.charging.speed if s.charging else None,
        ChargeSpeed,
        entity_registry_enabled_default=False,
    ),
    _enum("charging_status", lambda s: s.charging_status, ChargingStatus, capability=Capability.BATTERY),
    _timestamp(
        "climate_next_start",
        lambda s: s.climate.next_start_at if s.climate else None,
        capability=Capability.CLIMATE_SCHEDULE,
    ),
    _source("data_source", _last_source),
    VehicleSensorDescription(
        key="firmware",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda s: s.connectivity.firmware if s.connectivity else None,
    ),
    _percentage("fuel_level", lambda s: s.fuel.level if s.fuel else None),
    _measurement(
        "fuel_quantity",
        lambda s: s.fuel.quantity if s.fuel else None,
        device_class=SensorDeviceClass.VOLUME_STORAGE,
        unit=UnitOfVolume.LITERS,
    ),
    _forecast_distance("fuel_range", lambda s: s.fuel.range if s.fuel else None, capability=Capability.FUEL),
    VehicleSensorDescription(
        key="heading",
        native_unit_of_measurement=DEGREE,
        state_class=SensorStateClass.MEASUREMENT_ANGLE,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value=lambda s: whole(s.position.heading) if s.position else None,
    ),
    _temperature("inside_temperature", lambda s: s.climate.inside_temperature if s.climate else None),
    _timestamp(
        "last_read",
        lambda s: _to_the_minute(s.last_read),
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    ),
    _timestamp("last_report", lambda s: _to_the_minute(s.last_report), entity_category=EntityCategory.DIAGNOSTIC),
    VehicleSensorDescription(
        key="odometer",
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.KILOMETERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=0,
        value=lambda s: s.odometer.distance if s.odometer else None,
    ),
    _forecast_distance(
        "oil_change", lambda s: s.health.oil_change_in if s.health else None, entity_category=EntityCategory.DIAGNOSTIC
    ),
    _temperature("outside_temperature", lambda s: s.climate.outside_temperature if s.climate else None),
    _forecast_distance("range", lambda s: s.battery.range if s.battery else None, capability=Capability.BATTERY),
    _forecast_distance("range_climate_on", lambda s: s.battery.range_climate_on if s.battery else None),
    VehicleSensorDescription(
        key="signal",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda s: whole(s.connectivity.signal) if s.connectivity else None,
    ),
    _enum("subscription", _subscription, ("active", "inactive"), entity_category=EntityCategory.DIAGNOSTIC),
    _timestamp(
        "subscription_ends",
        lambda s: s.subscription.ends_at if s.subscription else None,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _time_to_full("slow", lambda charging: charging.time_to_full_slow),
    _time_to_full("normal", lambda charging: charging.time_to_full_normal),
    _time_to_full("fast", lambda charging: charging.time_to_full_fast),
    _tyre_pressure("front_left", lambda tyres: tyres.front_left),
    _tyre_pressure("front_right", lambda tyres: tyres.front_right),
    _tyre_pressure("rear_left", lambda tyres: tyres.rear_left),
    _tyre_pressure("rear_right", lambda tyres: tyres.rear_right),
    *(_reported_at(group) for group in Group),
    *(_group_source(group) for group in _SHARED),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's sensors."""
    await async_add_vehicle_entities(entry, async_add_entities, SENSORS, VehicleSensor)
    await async_add_vehicle_entities(entry, async_add_entities, TALLIES, TallySensor)
    await async_add_geofence_entities(entry, async_add_entities, GEOFENCE_DISTANCE, GeofenceDistance)
