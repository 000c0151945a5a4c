"""Climate: heat or cool the cabin before a drive."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, override

from homeassistant.components.climate import (
    ATTR_HVAC_MODE,
    ClimateEntityDescription,
    ClimateEntityFeature,
    ClimateExtraStoredData,
    HVACAction,
    HVACMode,
    RestoreClimate,
)
from homeassistant.const import ATTR_TEMPERATURE, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .entity import ControlDescription, ControlEntity, SoundRestoreEntity, async_add_vehicle_entities
from .runtime import VehicleRuntime
from .vehicle import Capability, StartClimate, StopClimate, VehicleState

PARALLEL_UPDATES = 0

_COMFORTABLE = 21.0
"""The target until the owner chooses one, in °C."""


@dataclass(frozen=True, kw_only=True)
class VehicleClimateDescription(ClimateEntityDescription, ControlDescription):
    """The climate control."""


CLIMATES = (VehicleClimateDescription(key="climate", needs={Capability.CLIMATE}, commands=(StartClimate, StopClimate)),)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the climate control of each vehicle that has one."""
    await async_add_vehicle_entities(entry, async_add_entities, CLIMATES, VehicleClimate)


class VehicleClimate(ControlEntity, SoundRestoreEntity, RestoreClimate):
    """The vehicle's climate control.

    The vehicle itself decides whether to heat or to cool. Most report no target temperature; until one does, the
    target is the one that was chosen here for the next start.
    """

    entity_description: VehicleClimateDescription
    restored_types: ClassVar[Mapping[str, Any]] = {"native_temperature_unit": str}

    _attr_hvac_modes = [HVACMode.OFF, HVACMode.HEAT_COOL]
    _attr_native_temperature_unit = UnitOfTemperature.CELSIUS

    def __init__(self, runtime: VehicleRuntime, description: VehicleClimateDescription) -> None:
        super().__init__(runtime, description)
        limits = runtime.info.climate_limits
        self._attr_min_temp = limits.minimum
        self._attr_max_temp = limits.maximum
        self._attr_target_temperature_step = limits.step
        self._chosen = _COMFORTABLE

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        last = await self.async_get_last_climate_data(validate_range=True)
        if last and last.native_target_temperature is not None:
            self._chosen = self.coordinator.info.climate_limits.nearest(last.native_target_temperature)

    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Nothing depends on the id. Without this method Home Assistant would remove and add the entity again."""
        super().async_entity_id_changed(old_entity_id)

    @property
    @override
    def extra_restore_state_data(self) -> ClimateExtraStoredData:
        """Store the temperature chosen here; the shown one may come from another app that started the climate."""
        return replace(super().extra_restore_state_data, native_target_temperature=self._chosen)

    @property
    @override
    def supported_features(self) -> ClimateEntityFeature:
        """What the vehicle supports through any of its sources; some are loaded later than the entity."""
        features = ClimateEntityFeature.TURN_ON | ClimateEntityFeature.TURN_OFF
        return features | ClimateEntityFeature.TARGET_TEMPERATURE if self._takes_temperature else features

    @property
    @override
    def hvac_mode(self) -> HVACMode | None:
        return _mode(self.vehicle)

    @property
    @override
    def hvac_action(self) -> HVACAction | None:
        """The action while a command is in progress; otherwise vehicles do not report whether they heat or cool.

        Home Assistant has no action for stopping; the attribute ``in_progress`` shows that.
        """
        if self.pending:
            return HVACAction.PREHEATING if isinstance(self.pending, StartClimate) else None
        return HVACAction.OFF if self.hvac_mode is HVACMode.OFF else None

    @property
    @override
    def native_current_temperature(self) -> float | None:
        return self.vehicle.climate.inside_temperature if self.vehicle.climate else None

    @property
    @override
    def native_target_temperature(self) -> float | None:
        if not self._takes_temperature:
            return None
        climate = self.vehicle.climate
        if climate and climate.running and climate.target_temperature is not None:
            return climate.target_temperature
        return self._chosen

    @override
    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        if hvac_mode is HVACMode.OFF:
            await self.async_execute(StopClimate())
        else:
            await self.async_execute(StartClimate(self._chosen if self._takes_temperature else None))

    @override
    async def async_set_temperature(self, **kwargs: Any) -> None:
        """Choose the target for the next start; send it at once if the climate control runs or is starting."""
        self._chosen = self.coordinator.info.climate_limits.nearest(kwargs[ATTR_TEMPERATURE])
        self.async_write_ha_state()
        if mode := kwargs.get(ATTR_HVAC_MODE):
            await self.async_set_hvac_mode(mode)
        elif _mode(self.expected) is HVACMode.HEAT_COOL:
            await self.async_execute(StartClimate(self._chosen))

    @override
    async def async_toggle(self) -> None:
        """Reverse the last command, also one that is still in progress."""
        running = _mode(self.expected) is HVACMode.HEAT_COOL
        await self.async_set_hvac_mode(HVACMode.OFF if running else HVACMode.HEAT_COOL)

    @property
    def _takes_temperature(self) -> bool:
        return Capability.CLIMATE_TEMPERATURE in self.coordinator.info.all_capabilities


def _mode(vehicle: VehicleState) -> HVACMode | None:
    if vehicle.climate is None or vehicle.climate.running is None:
        return None
    return HVACMode.HEAT_COOL if vehicle.climate.running else HVACMode.OFF
