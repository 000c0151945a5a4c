"""Device tracker: where the vehicle is."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.device_tracker import TrackerEntity, TrackerEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .entity import ReportedDescription, VehicleEntity, async_add_vehicle_entities
from .vehicle import Capability, Position

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class VehicleTrackerDescription(TrackerEntityDescription, ReportedDescription[Position]):
    """The position of a vehicle."""


TRACKERS = (VehicleTrackerDescription(key="location", capability=Capability.LOCATION, value=lambda s: s.position),)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add each vehicle's tracker."""
    await async_add_vehicle_entities(entry, async_add_entities, TRACKERS, VehicleTracker)


class VehicleTracker(VehicleEntity, TrackerEntity):
    """The position of a vehicle; unknown while privacy mode is on."""

    @property
    @override
    def force_update(self) -> bool:
        """Do not write an unchanged position again, as trackers do by default.

        Otherwise *last changed* would be the time of the last read.
        """
        return False

    @property
    @override
    def latitude(self) -> float | None:
        return self.vehicle.position.latitude if self.vehicle.position else None

    @property
    @override
    def longitude(self) -> float | None:
        return self.vehicle.position.longitude if self.vehicle.position else None
