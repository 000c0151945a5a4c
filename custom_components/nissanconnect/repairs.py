"""Fix flows: the owner has done what an issue requires, and wants to know at once whether it is solved."""

from collections.abc import Callable, Mapping
from typing import Any, override

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import probatio

from .account import NissanConfigEntry
from .book.energy_dashboard import async_add_to_dashboard
from .const import CONF_SOURCE, CONF_UNLOCK_WITHOUT_PIN, DOMAIN
from .issues import NOT_ON_ENERGY_DASHBOARD, SAME_VEHICLE, UNLOCK_WITHOUT_PIN, WRONG_PINS
from .ownership import async_add_as_source
from .sources import OWN_PIN, UNLOCKING, Fields, Source
from .vehicle import InvalidPin, alias, is_pin

type Data = dict[str, str | int | float | None]


async def async_create_fix_flow(hass: HomeAssistant, issue_id: str, data: Data | None) -> RepairsFlow:
    """Return the flow of an issue: most of ours are fixed elsewhere and checked here."""
    return FLOWS.get(str((data or {}).get("key")), RecheckFlow)()


class FixFlow(RepairsFlow):
    """A flow with one step. Its form has the placeholders of the issue."""

    step: str

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the form."""
        return self._async_show()

    def _async_show(self, **errors: str) -> RepairsFlowResult:
        return self.async_show_form(
            step_id=self.step,
            data_schema=probatio.Schema(dict(self._fields)),
            description_placeholders=self._placeholders,
            errors=errors,
        )

    @property
    def _placeholders(self) -> dict[str, str] | None:
        """Those of the issue."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return issue.translation_placeholders if issue else None

    @property
    def _fields(self) -> Fields:
        return {}

    @property
    def _entry(self) -> NissanConfigEntry | None:
        return self.hass.config_entries.async_get_entry(str((self.data or {}).get("entry_id")))

    @property
    def _vehicle(self) -> str | None:
        """The alias of the vehicle that the issue is about."""
        vehicle = (self.data or {}).get("vehicle")
        return None if vehicle is None else str(vehicle)


class RecheckFlow(FixFlow):
    """Shows what to do, requests the data again, and ends when the issue is over."""

    step = "confirm"

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the steps; once the owner has confirmed them, check whether that has helped."""
        if user_input is None or (entry := self._entry) is None:
            return self._async_show()
        if entry.state is ConfigEntryState.LOADED:
            problem = await entry.runtime_data.async_recheck(self._vehicle)
        else:
            await self.hass.config_entries.async_reload(entry.entry_id)
            problem = entry.error_reason_translation_key
        if (issue := ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)) is None:
            # Behind one closed door there can be another one, which then has an issue or a dialog of its own.
            return self.async_abort(reason="another_problem") if problem else self.async_create_entry(data={})
        return self._async_show(base="still_there" if problem in (None, issue.translation_key) else "not_checked")


class OneVehicleFlow(FixFlow):
    """Makes the second entry of a vehicle a source of the first."""

    step = "merge"

    async def async_step_merge(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Explain, and do it."""
        if user_input is None:
            return self._async_show()
        if (entry := self._entry) is None or not async_add_as_source(self.hass, entry, str(self._vehicle)):
            return self.async_abort(reason="not_there")
        return self.async_create_entry(data={})


class AllowPinsFlow(FixFlow):
    """Lets PINs be tried again before the pause after wrong ones is over."""

    step = "allow"

    async def async_step_allow(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Explain, and do it."""
        if user_input is None:
            return self._async_show()
        if (entry := self._entry) is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_there")
        for key, vehicle in entry.runtime_data.vehicles.items():
            if alias(key) == self._vehicle:
                vehicle.pin_guard.async_allow()
        return self.async_create_entry(data={})


class UnlockingFlow(FixFlow):
    """Asks the owner of an entry how its vehicles may be unlocked."""

    step = "unlocking"

    async def async_step_unlocking(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Take a PIN, where it can be of one's own, or the permission to unlock without; with neither there is none."""
        if (entry := self._entry) is None:
            return self.async_abort(reason="not_there")
        if user_input is None:
            return self._async_show()
        pin = user_input.get(CONF_PIN, "").strip()
        if pin and not is_pin(pin):
            return self._async_show(**{CONF_PIN: InvalidPin.key})
        chosen = {CONF_UNLOCK_WITHOUT_PIN: user_input[CONF_UNLOCK_WITHOUT_PIN], **({CONF_PIN: pin} if pin else {})}
        self.hass.config_entries.async_update_entry(entry, data=entry.data | chosen)
        if pin:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data={})

    @property
    @override
    def _fields(self) -> Fields:
        entry = self._entry
        return OWN_PIN if entry is not None and entry.data.get(CONF_SOURCE) == Source.OVMS else UNLOCKING


class EnergyDashboardFlow(FixFlow):
    """Adds a vehicle to the energy dashboard, or does not offer it again.

    The dialog of an issue that can be fixed has no *Ignore* of its own.
    """

    @override
    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Explain, and let the owner choose."""
        return self.async_show_menu(
            step_id="init", menu_options=["add", "ignore"], description_placeholders=self._placeholders
        )

    async def async_step_ignore(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ignore the issue, which stays there: a flow that ended well would delete it, and it would come again."""
        placeholders = self._placeholders
        ir.async_ignore_issue(self.hass, DOMAIN, self.issue_id, ignore=True)
        return self.async_abort(reason="ignored", description_placeholders=placeholders)

    async def async_step_add(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Do it."""
        entry = self._entry
        account = entry.runtime_data if entry is not None and entry.state is ConfigEntryState.LOADED else None
        for key, vehicle in account.vehicles.items() if account else ():
            if alias(key) == self._vehicle and await async_add_to_dashboard(self.hass, vehicle.info):
                ir.async_delete_issue(self.hass, DOMAIN, self.issue_id)
                return self.async_create_entry(data={})
        return self.async_abort(reason="not_there")


FLOWS: Mapping[str, Callable[[], RepairsFlow]] = {
    NOT_ON_ENERGY_DASHBOARD: EnergyDashboardFlow,
    SAME_VEHICLE: OneVehicleFlow,
    UNLOCK_WITHOUT_PIN: UnlockingFlow,
    WRONG_PINS: AllowPinsFlow,
}
"""The issues that are fixed by their flow itself."""
