"""Fix flows: the owner has done what an issue asked for, and wants to know at once whether that was it."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import probatio

from .account import NissanConfigEntry
from .const import CONF_SOURCE, CONF_UNLOCK_WITHOUT_PIN, DOMAIN
from .issues import SAME_VEHICLE, UNLOCK_WITHOUT_PIN, WRONG_PINS
from .ownership import async_add_as_source
from .sources import OWN_PIN, UNLOCKING, Source
from .vehicle import InvalidPin, alias, is_pin

type Data = dict[str, str | int | float | None]


async def async_create_fix_flow(hass: HomeAssistant, issue_id: str, data: Data | None) -> RepairsFlow:
    """Return the flow of an issue: most of ours are fixed elsewhere and checked here."""
    return FLOWS.get(str(data["key"]), RecheckFlow)() if data is not None else RecheckFlow()


class RecheckFlow(RepairsFlow):
    """Says what to do, asks the service again, and ends when the issue is over."""

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show the steps; once they are said to be done, look whether that has helped."""
        errors = {}
        if user_input is not None and self.data is not None:
            problem = await self._async_recheck(str(self.data["entry_id"]), self.data["vehicle"])
            if not self._is_open():
                # Behind one closed door there can be another one, which then has an issue or a dialog of its own.
                return self.async_abort(reason="another_problem") if problem else self.async_create_entry(data={})
            errors["base"] = "still_there" if problem in (None, self.data["key"]) else "not_checked"
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=probatio.Schema({}),
            description_placeholders=issue.translation_placeholders if issue else None,
            errors=errors,
        )

    def _is_open(self) -> bool:
        return ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id) is not None

    async def _async_recheck(self, entry_id: str, vehicle: object) -> str | None:
        """Ask again, and return the key of what went wrong."""
        entry: NissanConfigEntry = self.hass.config_entries.async_get_known_entry(entry_id)
        if entry.state is ConfigEntryState.LOADED:
            return await entry.runtime_data.async_recheck(None if vehicle is None else str(vehicle))
        await self.hass.config_entries.async_reload(entry_id)
        return entry.error_reason_translation_key


class OneVehicleFlow(RepairsFlow):
    """Makes the second entry of a vehicle a source of the first."""

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_merge()

    async def async_step_merge(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Explain, and do it."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        if user_input is None:
            return self.async_show_form(
                step_id="merge",
                data_schema=probatio.Schema({}),
                description_placeholders=issue.translation_placeholders if issue else None,
            )
        data = self.data or {}
        entry = self.hass.config_entries.async_get_entry(str(data["entry_id"]))
        if entry is None or not async_add_as_source(self.hass, entry, str(data["vehicle"])):
            return self.async_abort(reason="not_there")
        return self.async_create_entry(data={})


class AllowPinsFlow(RepairsFlow):
    """Lets PINs be tried again before the pause after wrong ones is over."""

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_allow()

    async def async_step_allow(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Explain, and do it."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        if user_input is None:
            return self.async_show_form(
                step_id="allow",
                data_schema=probatio.Schema({}),
                description_placeholders=issue.translation_placeholders if issue else None,
            )
        data = self.data or {}
        entry: NissanConfigEntry | None = self.hass.config_entries.async_get_entry(str(data["entry_id"]))
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_there")
        for key, vehicle in entry.runtime_data.vehicles.items():
            if alias(key) == data["vehicle"]:
                vehicle.pin_guard.async_allow()
        return self.async_create_entry(data={})


class UnlockingFlow(RepairsFlow):
    """Asks the owner of an entry how its vehicles may be unlocked."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_unlocking()

    async def async_step_unlocking(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Take a PIN, where it can be of one's own, or the permission to unlock without; with neither there is none."""
        entry = self.hass.config_entries.async_get_entry(str((self.data or {})["entry_id"]))
        if entry is None:
            return self.async_abort(reason="not_there")
        errors = {}
        if user_input is not None:
            pin = user_input.get(CONF_PIN, "").strip()
            if not pin or is_pin(pin):
                chosen = {
                    CONF_UNLOCK_WITHOUT_PIN: user_input[CONF_UNLOCK_WITHOUT_PIN],
                    **({CONF_PIN: pin} if pin else {}),
                }
                self.hass.config_entries.async_update_entry(entry, data=entry.data | chosen)
                if pin:
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_create_entry(data={})
            errors = {CONF_PIN: InvalidPin.key}
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        own = entry.data.get(CONF_SOURCE) == Source.OVMS
        return self.async_show_form(
            step_id="unlocking",
            data_schema=probatio.Schema(dict(OWN_PIN if own else UNLOCKING)),
            description_placeholders=issue.translation_placeholders if issue else None,
            errors=errors,
        )


FLOWS: Mapping[str, Callable[[], RepairsFlow]] = {
    SAME_VEHICLE: OneVehicleFlow,
    UNLOCK_WITHOUT_PIN: UnlockingFlow,
    WRONG_PINS: AllowPinsFlow,
}
"""The issues that are fixed by their flow itself."""
