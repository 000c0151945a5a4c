"""Binary sensors: what a vehicle reports as yes or no."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .entity import (
    GeofenceEntity,
    ReportedDescription,
    VehicleEntity,
    async_add_geofence_entities,
    async_add_vehicle_entities,
)
from .vehicle import Body, Capability, VehicleState

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VehicleBinarySensorDescription(BinarySensorEntityDescription, ReportedDescription[bool]):
    """A binary sensor and its value."""


def _opening(
    key: str, device_class: BinarySensorDeviceClass, is_open: Callable[[Body], bool | None]
) -> VehicleBinarySensorDescription:
    return VehicleBinarySensorDescription(
        key=key, device_class=device_class, value=lambda s: is_open(s.body) if s.body else None
    )


def _tyre_warning(state: VehicleState) -> bool | None:
    """Return whether any tyre has a warning; unknown without one if a tyre does not report."""
    if (tyres := state.tyres) is None:
        return None
    warnings = {t.warning for t in (tyres.front_left, tyres.front_right, tyres.rear_left, tyres.rear_right)}
    if True in warnings:
        return True
    return None if None in warnings else False


def _unlocked(state: VehicleState) -> bool | None:
    """Return whether the vehicle is unlocked: a binary sensor of a lock is on then."""
    return None if state.body is None or state.body.locked is None else not state.body.locked


BINARY_SENSORS = (
    _opening("bonnet", BinarySensorDeviceClass.OPENING, lambda body: body.bonnet),
    VehicleBinarySensorDescription(
        key="charging",
        capability=Capability.BATTERY,
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        value=lambda s: s.charging.active if s.charging else None,
    ),
    VehicleBinarySensorDescription(
        key="climate_running",
        capability=Capability.CLIMATE_STATUS,
        device_class=BinarySensorDeviceClass.RUNNING,
        value=lambda s: s.climate.running if s.climate else None,
    ),
    _opening("door_front_left", BinarySensorDeviceClass.DOOR, lambda body: body.door_front_left),
    _opening("door_front_right", BinarySensorDeviceClass.DOOR, lambda body: body.door_front_right),
    _opening("door_rear_left", BinarySensorDeviceClass.DOOR, lambda body: body.door_rear_left),
    _opening("door_rear_right", BinarySensorDeviceClass.DOOR, lambda body: body.door_rear_right),
    VehicleBinarySensorDescription(
        key="fuel_low", device_class=BinarySensorDeviceClass.PROBLEM, value=lambda s: s.fuel.low if s.fuel else None
    ),
    _opening("hatch", BinarySensorDeviceClass.DOOR, lambda body: body.hatch),
    VehicleBinarySensorDescription(
        key="locked",
        capability=Capability.LOCK_STATUS,
        unless=Capability.LOCK,  # then there is a lock
        device_class=BinarySensorDeviceClass.LOCK,
        value=_unlocked,
    ),
    VehicleBinarySensorDescription(
        key="plugged_in",
        capability=Capability.BATTERY,
        device_class=BinarySensorDeviceClass.PLUG,
        value=lambda s: s.charging.plugged_in if s.charging else None,
    ),
    VehicleBinarySensorDescription(
        key="privacy_mode",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.privacy.active if s.privacy else None,
    ),
    VehicleBinarySensorDescription(
        key="reachable",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.connectivity.reachable if s.connectivity else None,
    ),
    _opening("sunroof", BinarySensorDeviceClass.WINDOW, lambda body: body.sunroof),
    VehicleBinarySensorDescription(
        key="tyre_warning",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_tyre_warning,
    ),
    VehicleBinarySensorDescription(
        key="warning_lamp",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: None if s.health is None or s.health.lamps is None else bool(s.health.lamps),
    ),
    _opening("window_front_left", BinarySensorDeviceClass.WINDOW, lambda body: body.window_front_left),
    _opening("window_front_right", BinarySensorDeviceClass.WINDOW, lambda body: body.window_front_right),
    _opening("window_rear_left", BinarySensorDeviceClass.WINDOW, lambda body: body.window_rear_left),
    _opening("window_rear_right", BinarySensorDeviceClass.WINDOW, lambda body: body.window_rear_right),
)

GEOFENCE = BinarySensorEntityDescription(key="area")


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's binary sensors."""
    await async_add_vehicle_entities(entry, async_add_entities, BINARY_SENSORS, VehicleBinarySensor)
    await async_add_geofence_entities(entry, async_add_entities, GEOFENCE, GeofencePresence)


class VehicleBinarySensor(VehicleEntity, BinarySensorEntity):
    """A value of a vehicle that is on or off."""

    entity_description: VehicleBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.value(self.vehicle)


class GeofencePresence(GeofenceEntity, BinarySensorEntity):
    """Whether the vehicle is inside a geofence."""

    @property
    @override
    def is_on(self) -> bool | None:
        return self.runtime.alerts.tracker.inside(self.geofence) if self.geofence else None
