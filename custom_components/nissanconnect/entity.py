"""Base classes of the entities, and the rules for when each entity exists."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback, async_get_current_platform
from homeassistant.helpers.restore_state import ExtraStoredData, RestoreEntity
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .account import NissanConfigEntry
from .const import DOMAIN, MANUFACTURER
from .coordinator import VehicleCoordinator
from .engine.activity import Change
from .engine.position import Geofence
from .runtime import VehicleRuntime
from .vehicle import Capability, Command, VehicleInfo, VehicleState

ATTR_IN_PROGRESS = "in_progress"


@dataclass(frozen=True, kw_only=True)
class VehicleDescription(EntityDescription):
    """An entity, and which vehicles have it.

    They have, or had, all capabilities that it ``needs``. With the capability ``unless`` a vehicle has another entity
    for the same thing.
    """

    needs: Collection[Capability] = ()
    unless: Capability | None = None

    def replaced(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the vehicle has the other entity, so that this one is removed."""
        return self.unless in info.capabilities

    def possible(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the vehicle keeps the entity once it is registered."""
        return info.all_capabilities.issuperset(self.needs) and not self.replaced(info, state)

    def present(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the vehicle has the entity."""
        return self.possible(info, state)


@dataclass(frozen=True, kw_only=True)
class ReportedDescription[T](VehicleDescription):
    """An entity that shows a value: present as soon as the vehicle can report it, or has reported it."""

    value: Callable[[VehicleState], T | None]
    capability: Capability | None = None

    @override
    def present(self, info: VehicleInfo, state: VehicleState) -> bool:
        known = self.capability in info.all_capabilities or self.value(state) is not None
        return known and self.possible(info, state)


@dataclass(frozen=True, kw_only=True)
class ControlDescription(VehicleDescription):
    """An entity that sends commands. If a vehicle takes them no more, it stays to refuse them with a reason."""

    commands: Collection[type[Command]] = ()
    """The commands that decide what the entity will show."""


class VehicleEntity(CoordinatorEntity[VehicleCoordinator]):
    """One entity of one vehicle."""

    _attr_has_entity_name = True

    def __init__(self, runtime: VehicleRuntime, description: EntityDescription) -> None:
        super().__init__(runtime.coordinator)
        self.runtime = runtime
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{runtime.info.key}_{description.key}"

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """The vehicle. Home Assistant reads this once, when the entity is added, so it is not stored."""
        info = self.coordinator.info
        return DeviceInfo(
            identifiers={(DOMAIN, info.key)},
            manufacturer=MANUFACTURER,
            model=f"{info.model} ({info.year})" if info.model and info.year else info.model,
            model_id=info.model_code,
            name=info.name,
            serial_number=info.vin,
        )

    @property
    def vehicle(self) -> VehicleState:
        """The state of the vehicle, without what is too old to be shown."""
        return self.coordinator.shown

    async def async_execute(self, command: Command) -> None:
        """Execute a command in the context of the entity's action."""
        await self.runtime.commands.async_execute(command, self._context)

    @property
    def commanded(self) -> Collection[Capability]:
        """The capabilities behind the commands that the entity sends or reports."""
        return ()

    @property
    @override
    def available(self) -> bool:
        """Also while it can only refuse commands: Home Assistant silently skips entities that are not available."""
        if not self.coordinator.info.lost.isdisjoint(self.commanded):
            return True
        return self.coordinator.available and not self._is_outdated

    @property
    def _is_outdated(self) -> bool:
        """Whether the entity only shows a value, and that value is too old."""
        described = self.entity_description
        return (
            isinstance(described, ReportedDescription)
            and described.value(self.coordinator.data) is not None
            and described.value(self.vehicle) is None
        )


class ControlEntity(VehicleEntity):
    """One entity that sends commands and shows their effect."""

    entity_description: ControlDescription

    @property
    def pending(self) -> Command | None:
        """The last command that will change the shown state and has not ended, whether sent or not."""
        return self.runtime.commands.pending(self.entity_description.commands)

    @property
    def expected(self) -> VehicleState:
        """The state as it will be after all pending commands; decisions go by it."""
        return self.runtime.commands.expected

    @property
    @override
    def commanded(self) -> Collection[Capability]:
        return self.entity_description.needs

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Show the pending command, if there is one: the state itself changes only when the vehicle reports it."""
        return {ATTR_IN_PROGRESS: self.pending.kind()} if self.pending else None


class GeofenceEntity(VehicleEntity):
    """An entity of one vehicle and one geofence."""

    def __init__(self, runtime: VehicleRuntime, description: EntityDescription, geofence: Geofence) -> None:
        """Name the entity after the geofence, whose key makes it unique."""
        super().__init__(runtime, description)
        self._attr_unique_id = f"{self._attr_unique_id}_{geofence.key}"
        self._attr_translation_placeholders = {"area": geofence.name}
        self._key = geofence.key

    @property
    def geofence(self) -> Geofence | None:
        """The geofence as it is now; ``None`` if it was deleted, as the entity will be soon."""
        return next((geofence for geofence in self.runtime.alerts.geofences if geofence.key == self._key), None)

    @property
    @override
    def _is_outdated(self) -> bool:
        return self.coordinator.data.position is not None and self.vehicle.position is None


async def async_add_vehicle_entities[D: VehicleDescription](
    entry: NissanConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Collection[D],
    create: Callable[[VehicleRuntime, D], Entity],
) -> None:
    """Add the entities of each vehicle: now, when a vehicle is added, and when a vehicle gets more of them.

    A change of its sources removes those that are no longer present, and those that a better entity replaces.
    """
    domain = async_get_current_platform().domain

    @callback
    def follow(vehicle: VehicleRuntime) -> None:
        entities = _VehicleEntities(
            vehicle, domain, descriptions, lambda new: async_add_entities(create(vehicle, each) for each in new)
        )
        entities.async_add_present()
        entry.async_on_unload(vehicle.coordinator.async_add_listener(entities.async_update))
        entry.async_on_unload(vehicle.coordinator.async_add_sources_listener(entities.async_remove_absent))

    entry.async_on_unload(await entry.runtime_data.async_add_vehicle_listener(follow))


class _VehicleEntities[D: VehicleDescription]:
    """The entities of one vehicle on one platform, as its capabilities and reports change."""

    def __init__(
        self, vehicle: VehicleRuntime, domain: str, descriptions: Collection[D], add: Callable[[list[D]], None]
    ) -> None:
        self._vehicle = vehicle
        self._domain = domain
        self._descriptions = descriptions
        self._add = add
        self._added = set[str]()
        self._info = vehicle.info
        self._registry = er.async_get(vehicle.hass)

    @callback
    def async_update(self) -> None:
        """Add new entities after an event or a change of the vehicle; nothing else makes an entity present."""
        if self._vehicle.coordinator.change is Change.EVENT or self._vehicle.info != self._info:
            self._info = self._vehicle.info
            self.async_add_present()

    @callback
    def async_add_present(self) -> None:
        """Add the entities that are present and not added yet; remove those that another one has replaced."""
        if _is_unloading(self._vehicle):
            return
        if self._vehicle.sources.complete:
            self._async_remove_if(lambda each: each.replaced(self._vehicle.info, self._vehicle.coordinator.data))
        new = [each for each in self._descriptions if each.key not in self._added and self._is_wanted(each)]
        self._added.update(each.key for each in new)
        if new:
            self._add(new)

    @callback
    def async_remove_absent(self) -> None:
        """Remove the entities that are no longer present."""
        self._async_remove_if(lambda each: not each.present(self._vehicle.info, self._vehicle.coordinator.data))

    @callback
    def _async_remove_if(self, condition: Callable[[D], bool]) -> None:
        for each in self._descriptions:
            if condition(each) and (entity_id := self._entity_id(each)):
                self._registry.async_remove(entity_id)
                self._added.discard(each.key)

    def _is_wanted(self, description: D) -> bool:
        info, state = self._vehicle.info, self._vehicle.coordinator.data
        if self._entity_id(description):
            return description.possible(info, state)  # although its value may be unknown
        # While a source is not loaded its capabilities are unknown, so the one of two that is registered stays.
        return description.present(info, state) and (description.unless is None or self._vehicle.sources.complete)

    def _entity_id(self, description: D) -> str | None:
        unique_id = f"{self._vehicle.info.key}_{description.key}"
        return self._registry.async_get_entity_id(self._domain, DOMAIN, unique_id)


async def async_add_geofence_entities[D: EntityDescription](
    entry: NissanConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    description: D,
    create: Callable[[VehicleRuntime, D, Geofence], Entity],
) -> None:
    """Add an entity for each geofence of each vehicle, as soon as the vehicle reports positions."""

    @callback
    def follow(vehicle: VehicleRuntime) -> None:
        added = set[str]()

        @callback
        def add_located() -> None:
            if Capability.LOCATION not in vehicle.info.all_capabilities or _is_unloading(vehicle):
                return
            geofences = vehicle.alerts.geofences
            new = [geofence for geofence in geofences if geofence.key not in added]
            added.clear()
            added.update(geofence.key for geofence in geofences)
            if new:
                async_add_entities(create(vehicle, description, geofence) for geofence in new)

        add_located()
        entry.async_on_unload(vehicle.coordinator.async_add_listener(add_located))

    entry.async_on_unload(await entry.runtime_data.async_add_vehicle_listener(follow))


def _is_unloading(vehicle: VehicleRuntime) -> bool:
    """Whether the entry is being unloaded: nothing would remove what is added then, after a late read."""
    return vehicle.connection.entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS


class SoundRestoreEntity(RestoreEntity):
    """An entity that ignores its stored data if they are damaged or of another version.

    ``restored_types`` are the types of values that Home Assistant does not check; with a wrong one it would fail to
    add the entity.
    """

    restored_types: ClassVar[Mapping[str, Any]] = {}

    @override
    async def async_get_last_extra_data(self) -> ExtraStoredData | None:
        if (found := await super().async_get_last_extra_data()) is None:
            return None
        kept: object = found.as_dict()
        if not isinstance(kept, Mapping):
            return None
        sound = all(isinstance(kept.get(name), kind) for name, kind in self.restored_types.items())
        return found if sound else None
