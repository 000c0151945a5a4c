"""Sensors: the values that a vehicle reports, some of the integration itself, and those of a charge plan."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypedDict, Unpack

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
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
from .book_sensor import BOOK_SENSORS, BookSensor
from .charge_entity import async_add_charge_entities
from .charging.display import ChargeDisplay
from .engine.charge_plan import PlanStatus
from .engine.debounce import Held, InSteps, Steady, TimeInSteps
from .engine.wake_policy import WakeRefusal
from .entity import async_add_geofence_entities, async_add_vehicle_entities
from .estimate_sensor import ESTIMATES, EstimateSensor
from .sensor_entity import (
    ChargeSensor,
    ChargeSensorDescription,
    GeofenceDistance,
    IntegrationSensor,
    IntegrationSensorDescription,
    VehicleSensor,
    VehicleSensorDescription,
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
"""Forecasts are no more accurate than this, and each differs a little from the one before."""

_SOURCE_HOLD = timedelta(minutes=15)
"""How long the shown source stays: two sources that both report would replace each other with every report."""

_SHARED_GROUPS = (
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


class _Visibility(TypedDict, total=False):
    """Fields of a description that make an entity less prominent."""

    entity_category: EntityCategory
    entity_registry_enabled_default: bool


_DIAGNOSTIC = _Visibility(entity_category=EntityCategory.DIAGNOSTIC)
_DISABLED = _Visibility(entity_registry_enabled_default=False)
_EXPERT = _Visibility(**_DIAGNOSTIC, **_DISABLED)


class _Options(_Visibility, total=False):
    """Fields of a description that the functions below pass on."""

    capability: Capability
    needs: Collection[Capability]
    steady: Callable[[], Steady]
    suggested_unit_of_measurement: str


def _measurement(
    key: str,
    value: _Value[float],
    device_class: SensorDeviceClass | None = None,
    unit: str | None = None,
    *,
    precision: int | None = 0,
    state_class: SensorStateClass = SensorStateClass.MEASUREMENT,
    **options: Unpack[_Options],
) -> VehicleSensorDescription:
    return VehicleSensorDescription(
        key=key,
        device_class=device_class,
        native_unit_of_measurement=unit,
        state_class=state_class,
        suggested_display_precision=precision,
        value=value,
        **options,
    )


_distance = partial(_measurement, device_class=SensorDeviceClass.DISTANCE, unit=UnitOfLength.KILOMETERS)
_energy = partial(_measurement, device_class=SensorDeviceClass.ENERGY_STORAGE, unit=UnitOfEnergy.KILO_WATT_HOUR)
_percentage = partial(_measurement, unit=PERCENTAGE)
_temperature = partial(_measurement, device_class=SensorDeviceClass.TEMPERATURE, unit=UnitOfTemperature.CELSIUS)
_voltage = partial(_measurement, device_class=SensorDeviceClass.VOLTAGE)


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
        steady=lambda: InSteps(_FORECAST_STEP / timedelta(minutes=1)),
        value=lambda s: minutes(s.charging) if s.charging else None,
        **_DISABLED,
    )


def _tyre_pressure(place: str, tyre: Callable[[Tyres], Tyre]) -> VehicleSensorDescription:
    return _measurement(
        f"tyre_pressure_{place}",
        lambda s: tyre(s.tyres).pressure if s.tyres else None,
        SensorDeviceClass.PRESSURE,
        UnitOfPressure.KPA,
        precision=1,
        suggested_unit_of_measurement=UnitOfPressure.BAR,
        **_DIAGNOSTIC,
    )


def _reported_at(group: Group) -> VehicleSensorDescription:
    """Return the sensor that shows when the vehicle reported a group: a time, as an age would change every minute."""
    return _timestamp(
        f"{group}_reported",
        lambda s: _to_the_minute(s.groups()[group].reported_at) if group in s.groups() else None,
        **_EXPERT,
    )


def _source(key: str, value: _Value[str]) -> VehicleSensorDescription:
    """Return a sensor that shows which of several sources has reported a value."""
    return _enum(
        key, value, _BACKENDS, needs={Capability.SEVERAL_SOURCES}, steady=lambda: Held(_SOURCE_HOLD), **_EXPERT
    )


def _group_source(group: Group) -> VehicleSensorDescription:
    return _source(f"{group}_source", lambda s: s.groups()[group].backend if group in s.groups() else None)


def _whole(value: float | None) -> int | None:
    """Return a number without decimals, for automations and templates that expect whole numbers."""
    return None if value is None else round(value)


def _to_the_minute(at: datetime | None) -> datetime | None:
    """Cut the seconds off: some sources report every second, and each time would be a row of the recorder."""
    return at.replace(second=0, microsecond=0) if at else None


def _last_source(state: VehicleState) -> str | None:
    """Return the source of the last report by the vehicle's clock, or by ours if no group has a time of the vehicle."""
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
    _voltage(
        "aux_battery_voltage",
        lambda s: s.aux_battery.voltage if s.aux_battery else None,
        unit=UnitOfElectricPotential.VOLT,
        precision=1,
        **_DIAGNOSTIC,
    ),
    _measurement(
        "battery_amp_hours", lambda s: s.battery.amp_hours if s.battery else None, unit="Ah", precision=1, **_DIAGNOSTIC
    ),
    _energy("battery_capacity", lambda s: s.battery.capacity if s.battery else None, **_DIAGNOSTIC),
    _energy("battery_energy", lambda s: s.battery.energy if s.battery else None, precision=1),
    _percentage("battery_health", lambda s: s.battery.health if s.battery else None, **_DIAGNOSTIC),
    _percentage("battery_hx", lambda s: s.battery.hx if s.battery else None, precision=1, **_DIAGNOSTIC),
    _percentage(
        "battery_level",
        lambda s: s.battery.level if s.battery else None,
        SensorDeviceClass.BATTERY,
        capability=Capability.BATTERY,
    ),
    _measurement("battery_health_bars", lambda s: _whole(s.battery.health_bars) if s.battery else None, **_DIAGNOSTIC),
    _temperature("battery_temperature", lambda s: s.battery.temperature if s.battery else None, **_DIAGNOSTIC),
    _voltage(
        "cell_spread",
        lambda s: s.battery.cell_spread if s.battery else None,
        unit=UnitOfElectricPotential.MILLIVOLT,
        **_DIAGNOSTIC,
    ),
    _enum(
        "charge_connection",
        lambda s: s.charging.connection if s.charging else None,
        ChargeConnection,
        capability=Capability.BATTERY,
    ),
    _enum("charge_mode", lambda s: s.schedules.charge_mode if s.schedules else None, ChargeMode, **_DIAGNOSTIC),
    VehicleSensorDescription(
        key="charge_schedule",
        value=lambda s: s.schedules.charging.hours if s.schedules and s.schedules.charging else None,
        **_DIAGNOSTIC,
    ),
    VehicleSensorDescription(
        key="charge_schedule_days",
        value=lambda s: s.schedules.charging.weekdays if s.schedules and s.schedules.charging else None,
        **_DIAGNOSTIC,
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
        SensorDeviceClass.POWER,
        UnitOfPower.KILO_WATT,
        precision=1,
    ),
    _enum("charging_speed", lambda s: s.charging.speed if s.charging else None, ChargeSpeed, **_DISABLED),
    _enum("charging_status", lambda s: s.charging_status, ChargingStatus, capability=Capability.BATTERY),
    _timestamp(
        "climate_next_start",
        lambda s: s.climate.next_start_at if s.climate else None,
        capability=Capability.CLIMATE_SCHEDULE,
    ),
    _source("data_source", _last_source),
    VehicleSensorDescription(
        key="firmware", value=lambda s: s.connectivity.firmware if s.connectivity else None, **_EXPERT
    ),
    _percentage("fuel_level", lambda s: s.fuel.level if s.fuel else None),
    _measurement(
        "fuel_quantity",
        lambda s: s.fuel.quantity if s.fuel else None,
        SensorDeviceClass.VOLUME_STORAGE,
        UnitOfVolume.LITERS,
    ),
    _distance("fuel_range", lambda s: _whole(s.fuel.range) if s.fuel else None, capability=Capability.FUEL),
    _measurement(
        "heading",
        lambda s: _whole(s.position.heading) if s.position else None,
        unit=DEGREE,
        state_class=SensorStateClass.MEASUREMENT_ANGLE,
        **_DISABLED,
    ),
    _temperature("inside_temperature", lambda s: s.climate.inside_temperature if s.climate else None, precision=1),
    _timestamp("last_read", lambda s: _to_the_minute(s.last_read), **_EXPERT),
    _timestamp("last_report", lambda s: _to_the_minute(s.last_report), **_DIAGNOSTIC),
    _distance(
        "odometer", lambda s: s.odometer.distance if s.odometer else None, state_class=SensorStateClass.TOTAL_INCREASING
    ),
    _distance("oil_change", lambda s: _whole(s.health.oil_change_in) if s.health else None, **_DIAGNOSTIC),
    _temperature("outside_temperature", lambda s: s.climate.outside_temperature if s.climate else None, precision=1),
    _distance("range", lambda s: _whole(s.battery.range) if s.battery else None, capability=Capability.BATTERY),
    _distance("range_climate_on", lambda s: _whole(s.battery.range_climate_on) if s.battery else None),
    _measurement(
        "signal",
        lambda s: _whole(s.connectivity.signal) if s.connectivity else None,
        SensorDeviceClass.SIGNAL_STRENGTH,
        SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        precision=None,
        **_EXPERT,
    ),
    _enum("subscription", _subscription, ("active", "inactive"), **_DIAGNOSTIC),
    _timestamp("subscription_ends", lambda s: s.subscription.ends_at if s.subscription else None, **_DIAGNOSTIC),
    _time_to_full("slow", lambda charging: charging.time_to_full_slow),
    _time_to_full("normal", lambda charging: charging.time_to_full_normal),
    _time_to_full("fast", lambda charging: charging.time_to_full_fast),
    _tyre_pressure("front_left", lambda tyres: tyres.front_left),
    _tyre_pressure("front_right", lambda tyres: tyres.front_right),
    _tyre_pressure("rear_left", lambda tyres: tyres.rear_left),
    _tyre_pressure("rear_right", lambda tyres: tyres.rear_right),
    *(_reported_at(group) for group in Group if group is not Group.COUNTERS),
    *(_group_source(group) for group in _SHARED_GROUPS),
)

INTEGRATION_SENSORS = (
    IntegrationSensorDescription(
        key="automatic_wake",
        device_class=SensorDeviceClass.ENUM,
        options=[*WakeRefusal],
        state=lambda vehicle: vehicle.wakes.not_woken.refusal if vehicle.wakes.not_woken else None,
        **_EXPERT,
    ),
    IntegrationSensorDescription(
        key="battery_capacity_estimated",
        device_class=SensorDeviceClass.ENERGY_STORAGE,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        needs={Capability.BATTERY},
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        state=lambda vehicle: vehicle.battery.estimate.capacity if vehicle.battery.estimate else None,
        **_DIAGNOSTIC,
    ),
    IntegrationSensorDescription(
        key="requests_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        state=lambda vehicle: vehicle.connection.requests_today,
        **_EXPERT,
    ),
    IntegrationSensorDescription(
        key="wakes_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        state=lambda vehicle: vehicle.log.wakes_today,
        **_DIAGNOSTIC,
    ),
)


def _plan_details(display: ChargeDisplay) -> dict[str, Any]:
    return {
        "reason": display.standing.reason,
        "failure": display.failure,
        "plan": display.name,
        "level": display.level,
        "missing": display.missing,
    }


def _planned_at(key: str, value: Callable[[ChargeDisplay], datetime | None]) -> ChargeSensorDescription:
    return ChargeSensorDescription(key=key, device_class=SensorDeviceClass.TIMESTAMP, value=value)


def _money(key: str, value: Callable[[ChargeDisplay], float | None]) -> ChargeSensorDescription:
    return ChargeSensorDescription(
        key=key, device_class=SensorDeviceClass.MONETARY, suggested_display_precision=2, value=value
    )


CHARGE_SENSORS = (
    ChargeSensorDescription(
        key="plan_status",
        device_class=SensorDeviceClass.ENUM,
        options=[*PlanStatus],
        value=lambda display: display.standing.status,
        attributes=_plan_details,
    ),
    _money("planned_cost", lambda display: display.cost),
    ChargeSensorDescription(
        key="planned_energy",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        value=lambda display: display.energy,
    ),
    _planned_at("planned_finish", lambda display: display.finish),
    _money("planned_saving", lambda display: display.saving),
    _planned_at("planned_start", lambda display: display.start),
)

GEOFENCE_DISTANCE = SensorEntityDescription(
    key="area_distance",
    device_class=SensorDeviceClass.DISTANCE,
    entity_registry_enabled_default=False,
    native_unit_of_measurement=UnitOfLength.KILOMETERS,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=1,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's sensors."""
    await async_add_vehicle_entities(entry, async_add_entities, SENSORS, VehicleSensor)
    await async_add_vehicle_entities(entry, async_add_entities, INTEGRATION_SENSORS, IntegrationSensor)
    await async_add_vehicle_entities(entry, async_add_entities, BOOK_SENSORS, BookSensor)
    await async_add_vehicle_entities(entry, async_add_entities, ESTIMATES, EstimateSensor)
    await async_add_charge_entities(entry, async_add_entities, CHARGE_SENSORS, ChargeSensor)
    await async_add_geofence_entities(entry, async_add_entities, GEOFENCE_DISTANCE, GeofenceDistance)
