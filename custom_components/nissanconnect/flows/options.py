"""The options of an account: a menu, and a form for each of its items."""

from collections.abc import Callable, Mapping
from functools import cache, partialmethod
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
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
from ..const import CONF_VEHICLE
from ..settings import (
    GENERAL_NUMBERS,
    OPTION_ALERTS_OFF,
    OPTION_ANSWER_AT_ONCE,
    OPTION_QUIET_FROM,
    OPTION_QUIET_UNTIL,
    OPTION_WAKING,
    WAKING_NUMBERS,
    EntryValues,
    NumberOption,
    read_policy,
    read_settings,
)
from ..vehicle import AlertType, Capability, VehicleInfo, alias
from . import loaded_vehicles, vehicle_selector


def _numbers(numbers: Mapping[str, NumberOption]) -> dict[probatio.Marker, NumberSelector]:
    fields: dict[probatio.Marker, NumberSelector] = {}
    for option, number in numbers.items():
        config = NumberSelectorConfig(min=number.low, max=number.high, step=1, mode=NumberSelectorMode.BOX)
        if number.unit is not None:
            config["unit_of_measurement"] = number.unit
        fields[probatio.Required(option, default=number.default)] = NumberSelector(config)
    return fields


@cache
def _general() -> probatio.Schema:
    return probatio.Schema(
        {**_numbers(GENERAL_NUMBERS), probatio.Required(OPTION_ANSWER_AT_ONCE, default=False): BooleanSelector()}
    )


@cache
def _alerts() -> probatio.Schema:
    selector = SelectSelector(SelectSelectorConfig(options=[*AlertType], multiple=True, translation_key="alert"))
    return probatio.Schema({probatio.Required(OPTION_ALERTS_OFF, default=[]): selector})


@cache
def _waking() -> probatio.Schema:
    return probatio.Schema(
        {
            **_numbers(WAKING_NUMBERS),
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

    async def _async_show_or_save(
        self, step_id: str, schema: Callable[[], probatio.Schema], user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        if user_input is not None:
            return self._async_save(user_input)
        options = self.config_entry.options
        read = read_settings(options)
        off = [each for each in AlertType if each not in read.value.alerts]
        suggested = {**read.without_odd(options), OPTION_ALERTS_OFF: off}
        return self.async_show_form(
            step_id=step_id, data_schema=self.add_suggested_values_to_schema(schema(), suggested)
        )

    async_step_general = partialmethod(_async_show_or_save, "general", _general)
    async_step_alerts = partialmethod(_async_show_or_save, "alerts", _alerts)

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
        errors = {} if user_input is None else _quiet_errors(user_input)
        if user_input is not None and not errors:
            return self._async_save({OPTION_WAKING: {**kept, name: user_input}})
        return self.async_show_form(
            step_id="waking_vehicle",
            data_schema=self.add_suggested_values_to_schema(
                _waking(), user_input or read_policy(chosen).without_odd(chosen)
            ),
            description_placeholders={"vehicle": self._vehicle.name},
            errors=errors,
        )

    @callback
    def _async_save(self, chosen: Mapping[str, Any]) -> ConfigFlowResult:
        return self.async_create_entry(data={**self.config_entry.options, **chosen})


def _quiet_errors(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return an error unless the quiet hours have two different ends or none: half of them would have no effect."""
    policy = read_policy(chosen).value
    ends = {OPTION_QUIET_FROM: policy.quiet_from, OPTION_QUIET_UNTIL: policy.quiet_until}
    missing = [option for option, end in ends.items() if end is None]
    if len(missing) == 1:
        return {missing[0]: "quiet_needs_both"}
    return {OPTION_QUIET_UNTIL: "quiet_ends_equal"} if not missing and policy.quiet_from == policy.quiet_until else {}
