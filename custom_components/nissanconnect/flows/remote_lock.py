"""The dialog that sets up the remote lock of a vehicle: a part of reconfiguring an account."""

from asyncio import Task
from functools import cache
import re
import secrets
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_CODE, CONF_PIN
from homeassistant.core import callback
from homeassistant.helpers.selector import BooleanSelector, TextSelector, TextSelectorConfig, TextSelectorType
import probatio

from ..account import NissanConfigEntry
from ..backends.base import LockSetup
from ..const import CONF_DEVICE_ID, CONF_PINS, CONF_VEHICLE
from ..settings import EntryValues
from ..vehicle import BackendError, Capability, Initiator, InvalidPin, VehicleInfo, WrongCode, alias, is_pin
from . import loaded_vehicles, start_task, vehicle_selector

CONF_STORE_PIN = "store_pin"

_WRONG_CODES = 3
"""After so many a new code is needed, whose e-mail the owner sees: six digits must not be found by trying."""


@cache
def _schema() -> probatio.Schema:
    """Return the form. It is created when it is first shown: selectors are slow, and most starts show no dialog."""
    return probatio.Schema(
        {
            probatio.Required(CONF_CODE): TextSelector(TextSelectorConfig(autocomplete="one-time-code")),
            probatio.Required(CONF_PIN): TextSelector(
                TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
            ),
            probatio.Required(CONF_STORE_PIN, default=False): BooleanSelector(),
        }
    )


class RemoteLockFlow(ConfigFlow):
    """From the vehicle to the e-mailed code and the new PIN."""

    _setup: LockSetup
    _setting_pin: Task[dict[str, str]]
    _vehicle: VehicleInfo

    def __init__(self) -> None:
        self._lockable: dict[str, VehicleInfo] = {}
        self._registered = False
        self._wrong_codes = 0
        self._entered: dict[str, Any] = {}
        self._errors: dict[str, str] = {}

    @callback
    def _async_find_lockable(self) -> bool:
        """Find the vehicles whose remote lock can be set up; an account that is not loaded has none."""
        entry: NissanConfigEntry = self._get_reconfigure_entry()
        self._lockable = {}
        if entry.state is ConfigEntryState.LOADED and isinstance(entry.runtime_data.backend, LockSetup):
            self._setup = entry.runtime_data.backend
            self._lockable = loaded_vehicles(entry, Capability.LOCK_SETUP)
        return bool(self._lockable)

    async def async_step_remote_lock(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the vehicle, if there is a choice, and have the code e-mailed."""
        if not self._async_find_lockable():  # the account may have been unloaded since the menu
            return self.async_abort(reason="not_loaded")
        errors, self._errors = self._errors, {}
        only = next(iter(self._lockable))
        if user_input is not None:
            self._vehicle = self._lockable[user_input.get(CONF_VEHICLE, only)]
            try:
                await self._setup.send_device_code(self._vehicle, self._device_id())
            except BackendError as err:
                errors = {"base": err.key}
            else:
                self._wrong_codes = 0
                return await self.async_step_remote_lock_code()
        fields = {probatio.Required(CONF_VEHICLE, default=only): vehicle_selector(self._lockable)}
        return self.async_show_form(
            step_id="remote_lock",
            data_schema=probatio.Schema(fields if len(self._lockable) > 1 else {}),
            description_placeholders={"vehicle": ", ".join(info.name for info in self._lockable.values())},
            errors=errors,
        )

    async def async_step_remote_lock_code(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the code from the e-mail and the new PIN."""
        if user_input is not None:
            self._entered = user_input | {key: user_input[key].strip() for key in (CONF_CODE, CONF_PIN)}
            self._errors = self._input_errors()
            if not self._errors:
                name = f"setting the PIN of {alias(self._vehicle.key)}"
                entry = self._get_reconfigure_entry()
                self._setting_pin = start_task(self.hass, self._async_set_pin(), name, entry)
                return await self.async_step_remote_lock_pin()
        return self.async_show_form(
            step_id="remote_lock_code",
            data_schema=self.add_suggested_values_to_schema(_schema(), self._entered),
            description_placeholders={"vehicle": self._vehicle.name},
            errors=self._errors,
        )

    async def async_step_remote_lock_pin(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Wait until the PIN is set."""
        if not self._setting_pin.done():
            return self.async_show_progress(
                step_id="remote_lock_pin",
                progress_action="remote_lock_pin",
                progress_task=self._setting_pin,
                description_placeholders={"vehicle": self._vehicle.name},
            )
        # Cancelled while the dialog is open: the account was unloaded, and its tasks with it.
        self._errors = {"base": "interrupted"} if self._setting_pin.cancelled() else self._setting_pin.result()
        if self._wrong_codes >= _WRONG_CODES:
            self._errors, self._entered = {"base": "too_many_wrong_codes"}, {}
            return self.async_show_progress_done(next_step_id="remote_lock")
        return self.async_show_progress_done(next_step_id="remote_lock_code" if self._errors else "remote_lock_ready")

    async def async_step_remote_lock_ready(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Reload the account, which is now a trusted device of the vehicle."""
        return self.async_update_reload_and_abort(self._get_reconfigure_entry(), reason="remote_lock_ready")

    def _input_errors(self) -> dict[str, str]:
        """Return the errors that are visible without sending anything."""
        if not re.fullmatch("[0-9]{6}", self._entered[CONF_CODE]):
            return {CONF_CODE: WrongCode.key}
        if not is_pin(self._entered[CONF_PIN]):
            return {CONF_PIN: InvalidPin.key}
        return {}

    async def _async_set_pin(self) -> dict[str, str]:
        """Register as a device with the code, once, and set the PIN; return the form's errors."""
        # The account may have been reloaded since the last step.
        if not self._async_find_lockable() or alias(self._vehicle.key) not in self._lockable:
            return {"base": "interrupted"}
        entry: NissanConfigEntry = self._get_reconfigure_entry()
        vehicle = entry.runtime_data.vehicles[self._vehicle.key]
        try:
            if not self._registered:  # a code is valid once; setting the PIN may have failed after it was used
                await self._setup.register_device(self._vehicle, self._device_id(), self._entered[CONF_CODE])
                self._registered = True
            await vehicle.pin_guard.async_set_pin(self._entered[CONF_PIN], Initiator(kind="user"))
        except WrongCode as err:
            self._wrong_codes += 1
            return {CONF_CODE: err.key}
        except BackendError as err:
            return {"base": err.key}
        self._async_store(self._entered[CONF_PIN] if self._entered[CONF_STORE_PIN] else None)
        return {}

    def _device_id(self) -> str:
        """Return our id in the vehicles' lists of devices. Stored at once: an aborted set-up must not lose it."""
        entry = self._get_reconfigure_entry()
        if known := EntryValues(entry.data).text(CONF_DEVICE_ID):
            return known
        device_id = f"ha-{secrets.token_hex(8)}"
        self.hass.config_entries.async_update_entry(entry, data=entry.data | {CONF_DEVICE_ID: device_id})
        return device_id

    @callback
    def _async_store(self, pin: str | None) -> None:
        """Store the PIN, or ``None``; a stored one is outdated from now on, even if the dialog is not finished."""
        entry = self._get_reconfigure_entry()
        pins = {
            key: known for key, known in EntryValues(entry.data).mapping(CONF_PINS).items() if key != self._vehicle.key
        }
        if pin is not None:
            pins[self._vehicle.key] = pin
        self.hass.config_entries.async_update_entry(entry, data=entry.data | {CONF_PINS: pins})
