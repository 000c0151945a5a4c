"""Update: new software for the vehicle itself. It is only shown; the owner installs it in the vehicle."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .entity import ReportedDescription, VehicleEntity, async_add_vehicle_entities
from .vehicle import Software, UpdateStatus

PARALLEL_UPDATES = 0

_INSTALLED = "current"
"""The installed version: no source reports it, only the name of the new version."""

_IN_PROGRESS = {UpdateStatus.ACTIVATING, UpdateStatus.DOWNLOADING, UpdateStatus.INSTALLING}


@dataclass(frozen=True, kw_only=True)
class VehicleUpdateDescription(UpdateEntityDescription, ReportedDescription[Software]):
    """The software of a vehicle and its value."""


UPDATES = (
    VehicleUpdateDescription(
        key="software",
        device_class=UpdateDeviceClass.FIRMWARE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda s: s.software,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the software of each vehicle that gets updates."""
    await async_add_vehicle_entities(entry, async_add_entities, UPDATES, VehicleUpdate)


class VehicleUpdate(VehicleEntity, UpdateEntity):
    """The vehicle's software."""

    entity_description: VehicleUpdateDescription

    _attr_supported_features = UpdateEntityFeature.RELEASE_NOTES | UpdateEntityFeature.PROGRESS
    _attr_installed_version = _INSTALLED

    @property
    def _software(self) -> Software | None:
        return self.entity_description.value(self.vehicle)

    @property
    @override
    def latest_version(self) -> str | None:
        if (software := self._software) is None:
            return None
        return software.update or (_INSTALLED if software.status is UpdateStatus.UP_TO_DATE else None)

    @property
    @override
    def in_progress(self) -> bool:
        return self._software is not None and self._software.status in _IN_PROGRESS

    @property
    @override
    def update_percentage(self) -> float | None:
        return self._software.progress if self._software and self.in_progress else None

    @override
    async def async_release_notes(self) -> str | None:
        return self._software.notes if self._software else None
