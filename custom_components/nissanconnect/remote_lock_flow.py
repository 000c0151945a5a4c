"""The dialog that lets Home Assistant lock and unlock a vehicle: a part of reconfiguring an account."""

import re
import secrets
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_CODE, CONF_PIN
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from .backends.base import LockSetup
from .const import CONF_DEVICE_ID, CONF_PINS
from .coordinator import NissanConfigEntry, VehicleCoordinator
from .vehicle import Asker, BackendError, Capability, Unavailable, VehicleInfo, WrongCode, alias

CONF_STORE_PIN = "store_pin"
CONF_VEHICLE = "vehicle"

_CODE_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_CODE): TextSelector(TextSelectorConfig(autocomplete="one-time-code")),
        probatio.Required(CONF_PIN): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
        ),
        probatio.Required(CONF_STORE_PIN, default=False): BooleanSelector(),
    }
)


class RemoteLockFlow(ConfigFlow):
    """The steps from the vehicle over the e-mailed code to its PIN."""

    _setup: LockSetup
    _vehicle: VehicleInfo

    def __init__(self) -> None:
        """Start with nothing entered."""
        self._lockable: dict[str, VehicleInfo] = {}
        self._registered = False

    @callback
    def _async_find_lockable(self) -> bool:
        """Look for vehicles whose remote lock can be set up; an account that is not loaded shows none."""
        entry: NissanConfigEntry = self._get_reconfigure_entry()
        if entry.state is ConfigEntryState.LOADED and isinstance(entry.runtime_data.backend, LockSetup):
            self._setup = entry.runtime_data.backend
            infos = (vehicle.info for vehicle in entry.runtime_data.vehicles.values())
            self._lockable = {alias(info.key): info for info in infos if Capability.LOCK_SETUP in info.capabilities}
        return bool(self._lockable)

    async def async_step_remote_lock(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the vehicle, if there is a choice, and agree to the e-mail."""
        errors: dict[str, str] = {}
        only = next(iter(self._lockable))
        if user_input is not None:
            self._vehicle = self._lockable[user_input.get(CONF_VEHICLE, only)]
            try:
                await self._setup.send_device_code(self._vehicle, self._device_id())
            except BackendError as err:
                errors["base"] = err.key
            else:
                return await self.async_step_remote_lock_code()
        options = [SelectOptionDict(value=name, label=info.name) for name, info in self._lockable.items()]
        choice = {probatio.Required(CONF_VEHICLE, default=only): SelectSelector(SelectSelectorConfig(options=options))}
        return self.async_show_form(
            step_id="remote_lock",
            data_schema=probatio.Schema(choice if len(options) > 1 else {}),
            description_placeholders={"vehicle": ", ".join(info.name for info in self._lockable.values())},
            errors=errors,
        )

    async def async_step_remote_lock_code(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the code from the e-mail and the PIN that shall be valid from now on."""
        errors: dict[str, str] = {}
        if user_input is not None:
            pin = user_input[CONF_PIN].strip()
            errors = await self._async_set_pin(user_input[CONF_CODE].strip(), pin)
            if not errors:
                return self._async_keep(pin if user_input[CONF_STORE_PIN] else None)
        return self.async_show_form(
            step_id="remote_lock_code",
            data_schema=_CODE_SCHEMA,
            description_placeholders={"vehicle": self._vehicle.name},
            errors=errors,
        )

    async def _async_set_pin(self, code: str, pin: str) -> dict[str, str]:
        """Register with the code, once, and set the PIN; return the form's errors."""
        if not re.fullmatch("[0-9]{6}", code):
            return {CONF_CODE: WrongCode.key}
        if not re.fullmatch("[0-9]{4}", pin):
            return {CONF_PIN: "invalid_pin"}
        try:
            if not self._registered:  # the code has been used up, and the vehicle may not have answered after it
                await self._setup.register_device(self._vehicle, self._device_id(), code)
                self._registered = True
            await self._async_coordinator().async_set_pin(pin, Asker(kind="user"))
        except WrongCode as err:
            return {CONF_CODE: err.key}
        except BackendError as err:
            return {"base": err.key}
        return {}

    @callback
    def _async_coordinator(self) -> VehicleCoordinator:
        """Return who keeps the vehicle's book of wakes; the account may have been reloaded since the dialog began."""
        entry: NissanConfigEntry = self._get_reconfigure_entry()
        if entry.state is not ConfigEntryState.LOADED or self._vehicle.key not in entry.runtime_data.vehicles:
            raise Unavailable("the account is not loaded")
        return entry.runtime_data.vehicles[self._vehicle.key]

    def _device_id(self) -> str:
        """Return our name in the vehicles' lists of devices. It is kept at once, or half a set-up would orphan it."""
        entry = self._get_reconfigure_entry()
        if CONF_DEVICE_ID not in entry.data:
            device_id = f"ha-{secrets.token_hex(8)}"
            self.hass.config_entries.async_update_entry(entry, data=entry.data | {CONF_DEVICE_ID: device_id})
        known: str = entry.data[CONF_DEVICE_ID]
        return known

    @callback
    def _async_keep(self, pin: str | None) -> ConfigFlowResult:
        """Keep the PIN if that was wished; an older one would be wrong now."""
        entry = self._get_reconfigure_entry()
        pins = {key: known for key, known in entry.data.get(CONF_PINS, {}).items() if key != self._vehicle.key}
        if pin is not None:
            pins[self._vehicle.key] = pin
        return self.async_update_reload_and_abort(entry, data_updates={CONF_PINS: pins}, reason="remote_lock_ready")
