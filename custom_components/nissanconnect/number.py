"""Numbers: the charge limit, the level below which an alert is raised, and the levels of a charge plan."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import NissanConfigEntry
from .charge_entity import ChargeEntity, async_add_charge_entities
from .charging.plans import BOUNDS, CONF_MINIMUM, CONF_TARGET, ChargePlanSettings
from .const import DOMAIN
from .entity import ControlDescription, ControlEntity, VehicleEntity, async_add_vehicle_entities
from .vehicle import Capability, SetChargeLimit

PARALLEL_UPDATES = 0


async def _set_charge_below(entity: VehicleEntity, value: float) -> None:
    entity.runtime.async_set_preferences(replace(entity.runtime.alerts.preferences, charge_below=value))


async def _set_charge_limit(entity: VehicleEntity, value: float) -> None:
    await entity.async_execute(SetChargeLimit(value))


@dataclass(frozen=True, kw_only=True)
class LevelDescription(NumberEntityDescription):
    """A level of the battery."""

    device_class: NumberDeviceClass | None = NumberDeviceClass.BATTERY
    entity_category: EntityCategory | None = EntityCategory.CONFIG
    mode: NumberMode | None = NumberMode.SLIDER
    native_step: float | None = 1
    native_unit_of_measurement: str | None = PERCENTAGE


@dataclass(frozen=True, kw_only=True)
class VehicleNumberDescription(LevelDescription, ControlDescription):
    """A level, how it is read and set."""

    value: Callable[[VehicleEntity], float | None]
    set_value: Callable[[VehicleEntity, float], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class ChargeNumberDescription(LevelDescription):
    """A level of a charge plan, and which value of its subentry it is."""

    value: Callable[[ChargePlanSettings], float]
    name_in_plan: str


NUMBERS = (
    VehicleNumberDescription(
        key="charge_below",
        needs={Capability.BATTERY},
        native_min_value=5,
        native_max_value=95,
        value=lambda entity: entity.runtime.alerts.preferences.charge_below,
        set_value=_set_charge_below,
    ),
    VehicleNumberDescription(
        key="charge_limit",
        needs={Capability.CHARGE_LIMIT},
        commands=(SetChargeLimit,),
        native_min_value=50,
        native_max_value=100,
        native_step=5,
        value=lambda entity: entity.vehicle.charging.limit if entity.vehicle.charging else None,
        set_value=_set_charge_limit,
    ),
)


def _wish(key: str, name: str, value: Callable[[ChargePlanSettings], float]) -> ChargeNumberDescription:
    low, high = BOUNDS[name]
    return ChargeNumberDescription(key=key, native_min_value=low, native_max_value=high, value=value, name_in_plan=name)


CHARGE_NUMBERS = (
    _wish("minimum_level", CONF_MINIMUM, lambda plan: plan.wishes.minimum),
    _wish("target_level", CONF_TARGET, lambda plan: plan.wishes.target),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of each vehicle."""
    await async_add_vehicle_entities(entry, async_add_entities, NUMBERS, VehicleNumber)
    await async_add_charge_entities(entry, async_add_entities, CHARGE_NUMBERS, ChargeNumber)


class VehicleNumber(ControlEntity, NumberEntity):
    """A level that the owner sets."""

    entity_description: VehicleNumberDescription

    @property
    @override
    def native_value(self) -> float | None:
        return _whole_if_possible(self.entity_description.value(self))

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.entity_description.set_value(self, value)


class ChargeNumber(ChargeEntity, NumberEntity):
    """A level of the charge plan that holds now, or of the vehicle's first."""

    entity_description: ChargeNumberDescription

    @property
    @override
    def native_value(self) -> float | None:
        settings = self.charge.settings
        if self._is_fixed:
            return self.native_max_value
        return _whole_if_possible(self.entity_description.value(settings)) if settings else None

    @property
    def _is_fixed(self) -> bool:
        """Whether it is a target where no charge would end: those that cannot be stopped go on until it is full."""
        settings = self.charge.settings
        is_target = self.entity_description.name_in_plan == CONF_TARGET
        return is_target and settings is not None and not settings.can_stop(self.runtime.info)

    @override
    async def async_set_native_value(self, value: float) -> None:
        if self._is_fixed and value < self.native_max_value:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="cannot_stop",
                translation_placeholders={"vehicle": self.runtime.info.name},
            )
        self.charge.async_change(**{self.entity_description.name_in_plan: round(value)})


def _whole_if_possible(value: float | None) -> float | None:
    """Return a whole number without decimals: evcc accepts no others."""
    return int(value) if value is not None and value.is_integer() else value
