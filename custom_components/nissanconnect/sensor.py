"""Sensors: everything that a vehicle reports as a value."""

from collections.abc import Callable
from datetime import datetime, timedelta

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
from .engine.debounce import Held, InSteps, TimeInSteps
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
"""No vehicle knows better when it will be full, and each forecast differs a little from the one before."""

_SOURCE_HOLD = timedelta(minutes=15)
"""Two sources that both report take turns with each report."""


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
"""What more than one kind of source tells."""

_BACKENDS = ("demo", "kamereon", "leafspy", "mynissan", "opencarwings", "ovms", "teslafi")
_SUBSCRIPTION = ("active", "inactive")


def _subscription(state: VehicleState) -> str | None:
    active = state.subscription.active_at(dt_util.utcnow()) if state.subscription else None
    return None if active is None else "active" if active else "inactive"


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


def _to_the_minute(at: datetime | None) -> datetime | None:
    """Cut the seconds off: some sources speak every second, and each time would be written down."""
    return at.replace(second=0, microsecond=0) if at else None


def _report_time(group: Group) -> VehicleSensorDescription:
    """When the vehicle said what is known of ``group``: a time and not an age, which would change every minute."""
    return VehicleSensorDescription(
        key=f"{group}_reported",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda s: _to_the_minute(s.groups()[group].reported_at) if group in s.groups() else None,
    )


def _source(group: Group) -> VehicleSensorDescription:
    """Who has told what is believed of ``group``."""
    return VehicleSensorDescription(
        key=f"{group}_source",
        only_with=Capability.SEVERAL_SOURCES,
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=list(_BACKENDS),
        entity_registry_enabled_default=False,
        steady=lambda: Held(_SOURCE_HOLD),
        value=lambda s: s.groups()[group].backend if group in s.groups() else None,
    )


def _last_source(state: VehicleState) -> str | None:
    """Return who has told what the vehicle said last; where no vehicle states a time, who was heard last."""
    spoken = max(
        state.groups().values(),
        key=lambda group: (group.reported_at is not None, group.reported_at or group.received_at),
        default=None,
    )
    return spoken.backend if spoken else None


SENSORS = (
    VehicleSensorDescription(
        key="aux_battery_voltage",
        device_class=SensorDeviceClass.VOLTAGE,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.aux_battery.voltage if s.aux_battery else None,
    ),
    VehicleSensorDescription(
        key="battery_amp_hours",
        native_unit_of_measurement="Ah",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.battery.amp_hours if s.battery else None,
    ),
    VehicleSensorDescription(
        key="battery_capacity",
        device_class=SensorDeviceClass.ENERGY_STORAGE,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.battery.capacity if s.battery else None,
    ),
    VehicleSensorDescription(
        key="battery_energy",
        device_class=SensorDeviceClass.ENERGY_STORAGE,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value=lambda s: s.battery.energy if s.battery else None,
    ),
    VehicleSensorDescription(
        key="battery_health",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.battery.health if s.battery else None,
    ),
    VehicleSensorDescription(
        key="battery_hx",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.battery.hx if s.battery else None,
    ),
    VehicleSensorDescription(
        key="battery_level",
        capability=Capability.BATTERY,
        device_class=SensorDeviceClass.BATTERY,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value=lambda s: s.battery.level if s.battery else None,
    ),
    VehicleSensorDescription(
        key="battery_health_bars",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: whole(s.battery.health_bars) if s.battery else None,
    ),
    VehicleSensorDescription(
        key="battery_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.battery.temperature if s.battery else None,
    ),
    VehicleSensorDescription(
        key="cell_spread",
        native_unit_of_measurement=UnitOfElectricPotential.MILLIVOLT,
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.battery.cell_spread if s.battery else None,
    ),
    VehicleSensorDescription(
        key="charge_connection",
        capability=Capability.BATTERY,
        device_class=SensorDeviceClass.ENUM,
        options=[*ChargeConnection],
        value=lambda s: s.charging.connection if s.charging else None,
    ),
    VehicleSensorDescription(
        key="charge_mode",
        device_class=SensorDeviceClass.ENUM,
        options=[*ChargeMode],
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.schedules.charge_mode if s.schedules else None,
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
    VehicleSensorDescription(
        key="charging_finish",
        capability=Capability.BATTERY,
        device_class=SensorDeviceClass.TIMESTAMP,
        steady=lambda: TimeInSteps(_FORECAST_STEP),
        value=lambda s: s.charging.finish_at if s.charging else None,
    ),
    VehicleSensorDescription(
        key="charging_power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.KILO_WATT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value=lambda s: s.charging.power if s.charging else None,
    ),
    VehicleSensorDescription(
        key="charging_speed",
        device_class=SensorDeviceClass.ENUM,
        options=[*ChargeSpeed],
        entity_registry_enabled_default=False,
        value=lambda s: s.charging.speed if s.charging else None,
    ),
    VehicleSensorDescription(
        key="charging_status",
        capability=Capability.BATTERY,
        device_class=SensorDeviceClass.ENUM,
        options=[*ChargingStatus],
        value=lambda s: s.charging_status,
    ),
    VehicleSensorDescription(
        key="climate_next_start",
        capability=Capability.CLIMATE_SCHEDULE,
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda s: s.climate.next_start_at if s.climate else None,
    ),
    VehicleSensorDescription(
        key="data_source",
        only_with=Capability.SEVERAL_SOURCES,
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        options=list(_BACKENDS),
        entity_registry_enabled_default=False,
        steady=lambda: Held(_SOURCE_HOLD),
        value=_last_source,
    ),
    VehicleSensorDescription(
        key="firmware",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda s: s.connectivity.firmware if s.connectivity else None,
    ),
    VehicleSensorDescription(
        key="fuel_level",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value=lambda s: s.fuel.level if s.fuel else None,
    ),
    VehicleSensorDescription(
        key="fuel_quantity",
        device_class=SensorDeviceClass.VOLUME_STORAGE,
        native_unit_of_measurement=UnitOfVolume.LITERS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value=lambda s: s.fuel.quantity if s.fuel else None,
    ),
    VehicleSensorDescription(
        key="fuel_range",
        capability=Capability.FUEL,
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.KILOMETERS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value=lambda s: whole(s.fuel.range) if s.fuel else None,
    ),
    VehicleSensorDescription(
        key="heading",
        native_unit_of_measurement=DEGREE,
        state_class=SensorStateClass.MEASUREMENT_ANGLE,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value=lambda s: whole(s.position.heading) if s.position else None,
    ),
    VehicleSensorDescription(
        key="inside_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value=lambda s: s.climate.inside_temperature if s.climate else None,
    ),
    VehicleSensorDescription(
        key="last_read",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda s: _to_the_minute(s.last_read),
    ),
    VehicleSensorDescription(
        key="last_report",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: _to_the_minute(s.last_report),
    ),
    VehicleSensorDescription(
        key="odometer",
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.KILOMETERS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=0,
        value=lambda s: s.odometer.distance if s.odometer else None,
    ),
    VehicleSensorDescription(
        key="oil_change",
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.KILOMETERS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: whole(s.health.oil_change_in) if s.health else None,
    ),
    VehicleSensorDescription(
        key="outside_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value=lambda s: s.climate.outside_temperature if s.climate else None,
    ),
    VehicleSensorDescription(
        key="range",
        capability=Capability.BATTERY,
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.KILOMETERS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value=lambda s: whole(s.battery.range) if s.battery else None,
    ),
    VehicleSensorDescription(
        key="range_climate_on",
        device_class=SensorDeviceClass.DISTANCE,
        native_unit_of_measurement=UnitOfLength.KILOMETERS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value=lambda s: whole(s.battery.range_climate_on) if s.battery else None,
    ),
    VehicleSensorDescription(
        key="signal",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda s: whole(s.connectivity.signal) if s.connectivity else None,
    ),
    VehicleSensorDescription(
        key="subscription",
        device_class=SensorDeviceClass.ENUM,
        options=[*_SUBSCRIPTION],
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_subscription,
    ),
    VehicleSensorDescription(
        key="subscription_ends",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.subscription.ends_at if s.subscription else None,
    ),
    _time_to_full("slow", lambda charging: charging.time_to_full_slow),
    _time_to_full("normal", lambda charging: charging.time_to_full_normal),
    _time_to_full("fast", lambda charging: charging.time_to_full_fast),
    _tyre_pressure("front_left", lambda tyres: tyres.front_left),
    _tyre_pressure("front_right", lambda tyres: tyres.front_right),
    _tyre_pressure("rear_left", lambda tyres: tyres.rear_left),
    _tyre_pressure("rear_right", lambda tyres: tyres.rear_right),
    *(_report_time(group) for group in Group),
    *(_source(group) for group in _SHARED),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's sensors."""
    await async_add_vehicle_entities(entry, async_add_entities, SENSORS, VehicleSensor)
    await async_add_vehicle_entities(entry, async_add_entities, TALLIES, TallySensor)
    await async_add_geofence_entities(entry, async_add_entities, GEOFENCE_DISTANCE, GeofenceDistance)
