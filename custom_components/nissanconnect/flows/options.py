"""The options of an account: a menu, and a form for each of its items."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.const import PERCENTAGE, UnitOfTemperature, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TimeSelector,
)
import probatio

from ..account import NissanConfigEntry
from ..const import (
    CONF_VEHICLE,
    OPTION_ACTIVE,
    OPTION_ALERTS_OFF,
    OPTION_ANSWER_AT_ONCE,
    OPTION_CLIMATE_BATTERY,
    OPTION_COLDEST,
    OPTION_ENGINE_BATTERY,
    OPTION_HOTTEST,
    OPTION_PARKED,
    OPTION_QUIET_FROM,
    OPTION_QUIET_UNTIL,
    OPTION_WAKE_BUDGET,
    OPTION_WAKE_CHARGING,
    OPTION_WAKE_PARKED,
    OPTION_WAKING,
)
from ..engine.wake_policy import WakePolicy
from ..entry_values import EntryValues
from ..settings import BOUNDS, Settings, read_policy
from ..vehicle import AlertType, Capability, VehicleInfo, alias
from .common import loaded_vehicles, vehicle_selector


def _number(option: str, unit: str | None = None) -> NumberSelector:
    minimum, maximum = BOUNDS[option]
    config = NumberSelectorConfig(min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX)
    return NumberSelector(config if unit is None else {**config, "unit_of_measurement": unit})


_DEFAULT = Settings()


@cache
def _general() -> probatio.Schema:
    """Return the form for polling and commands."""
    return probatio.Schema(
        {
            probatio.Required(OPTION_PARKED, default=_DEFAULT.pace.parked.total_seconds() / 60): _number(
                OPTION_PARKED, UnitOfTime.MINUTES
            ),
            probatio.Required(OPTION_ACTIVE, default=_DEFAULT.pace.active.total_seconds() / 60): _number(
                OPTION_ACTIVE, UnitOfTime.MINUTES
            ),
            probatio.Required(OPTION_CLIMATE_BATTERY, default=_DEFAULT.limits.climate_battery): _number(
                OPTION_CLIMATE_BATTERY, PERCENTAGE
            ),
            probatio.Required(OPTION_COLDEST, default=_DEFAULT.limits.coldest): _number(
                OPTION_COLDEST, UnitOfTemperature.CELSIUS
            ),
            probatio.Required(OPTION_HOTTEST, default=_DEFAULT.limits.hottest): _number(
                OPTION_HOTTEST, UnitOfTemperature.CELSIUS
            ),
            probatio.Required(OPTION_ENGINE_BATTERY, default=_DEFAULT.limits.engine_battery): _number(
                OPTION_ENGINE_BATTERY, PERCENTAGE
            ),
            probatio.Required(OPTION_ANSWER_AT_ONCE, default=_DEFAULT.answer_at_once): BooleanSelector(),
        }
    )


@cache
def _alerts() -> probatio.Schema:
    """Return the form for alerts that are switched off."""
    return probatio.Schema(
        {
            probatio.Required(OPTION_ALERTS_OFF, default=[]): SelectSelector(
                SelectSelectorConfig(options=[*AlertType], multiple=True, translation_key="alert")
            )
        }
    )


@cache
def _waking() -> probatio.Schema:
    """Return the form for waking one vehicle; an interval of 0 means never."""
    return probatio.Schema(
        {
            probatio.Required(OPTION_WAKE_CHARGING, default=0): _number(OPTION_WAKE_CHARGING, UnitOfTime.MINUTES),
            probatio.Required(OPTION_WAKE_PARKED, default=0): _number(OPTION_WAKE_PARKED, UnitOfTime.MINUTES),
            probatio.Required(OPTION_WAKE_BUDGET, default=WakePolicy().budget): _number(OPTION_WAKE_BUDGET),
            probatio.Optional(OPTION_QUIET_FROM): TimeSelector(),
            probatio.Optional(OPTION_QUIET_UNTIL): TimeSelector(),
        }
    )


class NissanOptionsFlow(OptionsFlow):
    """The options flow. Each item of the menu is a step of its own and leaves the other options as they are."""

    _vehicle: VehicleInfo

    def __init__(self) -> None:
        self._wakeable: dict[str, VehicleInfo] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose what to change."""
        return self.async_show_menu(step_id="init", menu_options=["general", "alerts", "waking"])

    async def async_step_general(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change polling and commands."""
        if user_input is not None:
            return self._async_save(user_input)
        schema = self.add_suggested_values_to_schema(_general(), self._readable)
        return self.async_show_form(step_id="general", data_schema=schema)

    async def async_step_alerts(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change which alerts are switched off."""
        if user_input is not None:
            return self._async_save(user_input)
        schema = self.add_suggested_values_to_schema(_alerts(), self._readable)
        return self.async_show_form(step_id="alerts", data_schema=schema)

    async def async_step_waking(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the vehicle, if there is a choice."""
        if user_input is not None:
            self._vehicle = self._wakeable[user_input[CONF_VEHICLE]]
            return await self.async_step_waking_vehicle()
        entry: NissanConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        self._wakeable = loaded_vehicles(entry, Capability.REFRESH)
        if not self._wakeable:
            return self.async_abort(reason="nothing_to_wake")
        if len(self._wakeable) == 1:
            return await self.async_step_waking({CONF_VEHICLE: next(iter(self._wakeable))})
        fields = {probatio.Required(CONF_VEHICLE): vehicle_selector(self._wakeable)}
        return self.async_show_form(step_id="waking", data_schema=probatio.Schema(fields))

    async def async_step_waking_vehicle(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change when the vehicle may be woken automatically."""
        name, kept = alias(self._vehicle.key), EntryValues(self.config_entry.options).mapping(OPTION_WAKING)
        chosen = EntryValues(kept).mapping(name)
        odd = set[str]()
        read_policy(chosen, odd)
        errors = {} if user_input is None else _quiet_errors(user_input)
        if user_input is not None and not errors:
            return self._async_save({OPTION_WAKING: {**kept, name: user_input}})
        return self.async_show_form(
            step_id="waking_vehicle",
            data_schema=self.add_suggested_values_to_schema(_waking(), user_input or _without(chosen, odd)),
            description_placeholders={"vehicle": self._vehicle.name},
            errors=errors,
        )

    @property
    def _readable(self) -> Mapping[str, Any]:
        """The current options without damaged values, which the form would reject."""
        odd = set[str]()
        settings = Settings.of(self.config_entry.options, odd)
        off = [each for each in AlertType if each not in settings.alerts]
        return {**_without(self.config_entry.options, odd), OPTION_ALERTS_OFF: off}

    @callback
    def _async_save(self, chosen: Mapping[str, Any]) -> ConfigFlowResult:
        return self.async_create_entry(data={**self.config_entry.options, **chosen})


def _without(options: Mapping[str, Any], odd: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in odd}


def _quiet_errors(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return an error unless the quiet hours have two different ends or none: half of them would have no effect."""
    policy = read_policy(chosen)
    ends = {OPTION_QUIET_FROM: policy.quiet_from, OPTION_QUIET_UNTIL: policy.quiet_until}
    missing = [option for option, end in ends.items() if end is None]
    if len(missing) == 1:
        return {missing[0]: "quiet_needs_both"}
    return {OPTION_QUIET_UNTIL: "quiet_ends_equal"} if not missing and policy.quiet_from == policy.quiet_until else {}
