"""Base classes of the entities, and the rules for when each entity exists."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, override

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


class VehicleDescription(Protocol):
    """A description that decides which vehicles have the entity."""

    @property
    def key(self) -> str:
        """The entity's part of the unique id."""

    def present(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the vehicle has this entity."""


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One of two possible entities for the same thing: with the capability ``unless`` the vehicle has the other one."""

    unless: Capability | None = None

    @property
    def has_rival(self) -> bool:
        """Whether there is another entity for the same thing."""
        return self.unless is not None

    def replaced(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the vehicle has the other one, so that this one is removed."""
        return self.unless in info.capabilities


@dataclass(frozen=True, kw_only=True)
class Reading[T](Alternative):
    """An entity that shows a value: present as soon as the vehicle can report it, or has reported it."""

    value: Callable[[VehicleState], T | None]
    capability: Capability | None = None
    only_with: Capability | None = None
    """Without this capability the value is of no interest."""

    def present(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the value can be expected or is known."""
        if self.replaced(info, state) or (self.only_with is not None and self.only_with not in info.all_capabilities):
            return False
        return self.capability in info.all_capabilities or self.value(state) is not None

    def stays(self, info: VehicleInfo) -> bool:
        """Whether an entity that is registered already is added although its value is unknown."""
        if self.unless in info.capabilities:
            return False
        return self.only_with is None or self.only_with in info.all_capabilities


@dataclass(frozen=True, kw_only=True)
class Control(Alternative):
    """An entity that sends commands: present when the vehicle has all capabilities that it needs."""

    needs: Collection[Capability]
    commands: Collection[type[Command]] = ()
    """The commands that decide what the entity will show."""

    def present(self, info: VehicleInfo, state: VehicleState) -> bool:
        """Whether the vehicle takes the commands, or did once: then the entity is kept to refuse them with a reason."""
        return info.all_capabilities.issuperset(self.needs) and not self.replaced(info, state)


@dataclass(frozen=True, kw_only=True)
class ControlDescription(EntityDescription, Control):
    """The description of an entity that sends commands."""


def unique_id(info: VehicleInfo, description: VehicleDescription | EntityDescription) -> str:
    """Return the unique id of a vehicle's entity."""
    return f"{info.key}_{description.key}"


class VehicleEntity(CoordinatorEntity[VehicleCoordinator]):
    """One entity of one vehicle."""

    _attr_has_entity_name = True

    def __init__(self, runtime: VehicleRuntime, description: EntityDescription) -> None:
        super().__init__(runtime.coordinator)
        self.runtime = runtime
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = unique_id(runtime.info, description)

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
            isinstance(described, Reading)
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
        """Show the pending command: the state itself changes only when the vehicle reports it."""
        if not self.entity_description.commands:
            return None
        return {ATTR_IN_PROGRESS: self.pending.kind() if self.pending else None}


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
    add = _until_unloading(entry, async_add_entities)
    domain = async_get_current_platform().domain

    @callback
    def follow(vehicle: VehicleRuntime) -> None:
        entities = _VehicleEntities(
            vehicle, domain, descriptions, lambda new: add(create(vehicle, each) for each in new)
        )
        entities.async_add_present()
        entry.async_on_unload(vehicle.coordinator.async_add_listener(entities.async_update))
        entry.async_on_unload(vehicle.coordinator.async_add_sources_listener(entities.async_remove_absent))

    entry.async_on_unload(await entry.runtime_data.async_add_vehicle_listener(follow))


class _VehicleEntities[D: VehicleDescription]:
    """The entities of one vehicle on one platform, as its capabilities and reports change."""

    def __init__(
        self,
        vehicle: VehicleRuntime,
        domain: str,
        descriptions: Collection[D],
        add: Callable[[Iterable[D]], None],
    ) -> None:
        """Start without entities; ``add`` adds those of some descriptions."""
        self._vehicle = vehicle
        self._domain = domain
        self._descriptions = descriptions
        self._add = add
        self._registry = er.async_get(vehicle.hass)
        self._missing = list(descriptions)
        self._info = vehicle.info
        self._kept = [
            each
            for each in descriptions
            if isinstance(each, Reading) and each.stays(vehicle.info) and self._entity_id(each)
        ]
        """Registered entities that are added although their values may be unknown."""

    @callback
    def async_update(self) -> None:
        """Add new entities after an event or a change of the vehicle; nothing else makes an entity present."""
        if self._vehicle.coordinator.change is Change.EVENT or self._vehicle.info != self._info:
            self._info = self._vehicle.info
            self.async_add_present()

    @callback
    def async_add_present(self) -> None:
        """Add the entities that are present and not added yet."""
        undecided = self._async_decide()
        new = [
            each for each in self._missing if each not in undecided and (each in self._kept or self._is_present(each))
        ]
        for each in new:
            self._missing.remove(each)
        if new:
            self._add(new)

    @callback
    def async_remove_absent(self) -> None:
        """Remove the entities that are no longer present."""
        self._kept.clear()
        for each in self._descriptions:
            if not self._is_present(each):
                self._async_remove(each)

    @callback
    def _async_decide(self) -> list[D]:
        """Remove entities that a rival has replaced; return those that must not be added yet.

        While a source is not loaded its capabilities are unknown, so the one of the two that is registered stays.
        """
        undecided: list[D] = []
        for each in self._descriptions:
            if not isinstance(each, Alternative) or not each.has_rival:
                continue
            if not self._vehicle.sources.complete:
                undecided += [] if self._entity_id(each) else [each]
            elif each.replaced(self._vehicle.info, self._vehicle.coordinator.data):
                self._kept = [other for other in self._kept if other != each]
                self._async_remove(each)
        return undecided

    @callback
    def _async_remove(self, description: D) -> None:
        if (entity_id := self._entity_id(description)) is not None:
            self._registry.async_remove(entity_id)
            if description not in self._missing:
                self._missing.append(description)

    def _is_present(self, description: D) -> bool:
        return description.present(self._vehicle.info, self._vehicle.coordinator.data)

    def _entity_id(self, description: D) -> str | None:
        return self._registry.async_get_entity_id(self._domain, DOMAIN, unique_id(self._vehicle.info, description))


async def async_add_geofence_entities[D: EntityDescription](
    entry: NissanConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    description: D,
    create: Callable[[VehicleRuntime, D, Geofence], Entity],
) -> None:
    """Add an entity for each geofence of each vehicle, as soon as the vehicle reports positions."""
    add = _until_unloading(entry, async_add_entities)

    @callback
    def follow(vehicle: VehicleRuntime) -> None:
        added = set[str]()

        @callback
        def add_located() -> None:
            if Capability.LOCATION not in vehicle.info.all_capabilities:
                return
            drawn = {geofence.key: geofence for geofence in vehicle.alerts.geofences}
            added.intersection_update(drawn)
            if new := drawn.keys() - added:
                added.update(new)
                add([create(vehicle, description, drawn[key]) for key in drawn if key in new])

        add_located()
        entry.async_on_unload(vehicle.coordinator.async_add_listener(add_located))

    entry.async_on_unload(await entry.runtime_data.async_add_vehicle_listener(follow))


def _until_unloading(
    entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> Callable[[Iterable[Entity]], None]:
    """Ignore entities that are added while the entry is unloaded, after a late read: nothing would remove them."""

    @callback
    def add(entities: Iterable[Entity]) -> None:
        if entry.state is not ConfigEntryState.UNLOAD_IN_PROGRESS:
            async_add_entities(entities)

    return add


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
