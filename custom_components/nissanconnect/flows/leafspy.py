"""The dialogs of Leaf Spy: one shows what to type into the app and waits for its first message, one imports a log."""

from asyncio import Event, Task
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial, partialmethod
import re
import secrets
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_WEBHOOK_ID
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.selector import (
    FileSelector,
    FileSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
)
from homeassistant.util import dt as dt_util
import probatio

from ..account import AccountCoordinator, NissanConfigEntry
from ..backends.base import Receiving
from ..const import CONF_ODOMETER_UNIT, CONF_OUTSIDE_UNIT, CONF_SOURCE, CONF_VEHICLE
from ..runtime import VehicleRuntime
from ..settings import EntryValues
from ..sources import (
    AUTOMATIC,
    KILOMETRES,
    ODOMETER_UNITS,
    OUTSIDE_UNITS,
    SOURCES,
    Source,
    async_create_backend,
    async_wait,
)
from ..texts import async_text
from ..vehicle import VehicleInfo, alias
from ..webhook import async_addresses, async_open_webhook
from . import loaded_vehicles, start_task, vehicle_selector

CONF_FILE = "file"

_WAITING_TIME = 300.0
"""Seconds. Long enough to walk to the vehicle, short enough to learn soon that something is wrong."""

_FILE = FileSelector(FileSelectorConfig(accept=".csv,.zip,text/csv,application/zip"))


@cache
def _schema() -> probatio.Schema:
    """Return the form. It is created when it is first shown: selectors are slow, and most starts show no dialog."""
    return probatio.Schema(
        {
            probatio.Optional(CONF_PASSWORD): TextSelector(TextSelectorConfig(autocomplete="off")),
            probatio.Required(CONF_ODOMETER_UNIT, default=KILOMETRES): SelectSelector(
                SelectSelectorConfig(options=[*ODOMETER_UNITS], translation_key=CONF_ODOMETER_UNIT)
            ),
            probatio.Required(CONF_OUTSIDE_UNIT, default=AUTOMATIC): SelectSelector(
                SelectSelectorConfig(options=[*OUTSIDE_UNITS], translation_key=CONF_OUTSIDE_UNIT)
            ),
        }
    )


class LeafSpyFlow(ConfigFlow):
    """From an optional password to the address and the first message; the same form reconfigures an entry."""

    _close: CALLBACK_TYPE | None = None
    _entry_data: Mapping[str, Any] = MappingProxyType({})
    """The data of the entry that is created or changed."""
    _latest: Mapping[str, str] | None = None
    """The parameters of the latest accepted message."""
    _received: Event
    """Is set with the first accepted message."""
    _rejections = 0
    """How many messages were rejected while this dialog waits."""
    _waiting: Task[None] | None = None

    async def async_step_leafspy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the password, if the owner wants one, and the app's units."""
        known = self._get_reconfigure_entry().data if self.source == SOURCE_RECONFIGURE else self._entry_data
        errors: dict[str, str] = {}
        if user_input is not None:
            # It is unknown whether the app encodes what it sends (leafspy §13), and Home Assistant rejects some
            # characters that are not encoded.
            if re.fullmatch(r"[A-Za-z0-9._~-]{0,64}", user_input.get(CONF_PASSWORD, "")):
                # Short enough to type.
                webhook_id = EntryValues(known).text(CONF_WEBHOOK_ID) or secrets.token_hex(16)
                self._entry_data = {CONF_SOURCE: Source.LEAFSPY, CONF_WEBHOOK_ID: webhook_id, **user_input}
                self._close_webhook()  # it may still be open with the input before
                return await self.async_step_leafspy_address()
            errors[CONF_PASSWORD] = "invalid_leafspy_password"
        return self.async_show_form(
            step_id="leafspy",
            data_schema=self.add_suggested_values_to_schema(_schema(), user_input or known),
            errors=errors,
        )

    async def async_step_leafspy_address(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what to type into the app. For a new entry the webhook is open from here on."""
        if self.source == SOURCE_RECONFIGURE:
            if user_input is not None:
                return self.async_update_reload_and_abort(self._get_reconfigure_entry(), data=self._entry_data)
        elif user_input is not None:
            return await self.async_step_leafspy_wait()
        elif not await self._async_open_webhook():
            return self.async_abort(reason="no_webhook")
        return self.async_show_form(
            step_id="leafspy_address",
            data_schema=probatio.Schema({}),
            description_placeholders=await self._async_placeholders(),
        )

    async def async_step_leafspy_wait(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Wait for the first message."""
        if self._waiting is None:
            self._rejections = 0
            if self._latest is None:
                self._received.clear()  # after the time is up, it is set as well
            first_message = async_wait(self.hass, self._received, _WAITING_TIME)
            self._waiting = start_task(self.hass, first_message, "listening to Leaf Spy")
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="leafspy_wait",
                progress_action="leafspy_wait",
                progress_task=self._waiting,
                description_placeholders=await self._async_placeholders(),
            )
        if self._latest is not None:
            return self.async_show_progress_done(next_step_id="leafspy_heard")
        return self.async_show_progress_done(next_step_id="leafspy_refused" if self._rejections else "leafspy_silent")

    async def async_step_leafspy_heard(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Confirm the first message. Home Assistant may call this step twice at once, so it creates no entry itself."""
        if user_input is not None:
            return await self.async_step_leafspy_finish()
        return self.async_show_form(step_id="leafspy_heard", data_schema=probatio.Schema({}))

    async def _async_show_choice(self, step_id: str, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show why no message may have arrived, or that some had a wrong password, and how to go on."""
        self._waiting = None
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["leafspy_wait", "leafspy_address", "leafspy", "leafspy_finish"],
            description_placeholders=await self._async_placeholders(),
        )

    async_step_leafspy_silent = partialmethod(_async_show_choice, "leafspy_silent")
    async_step_leafspy_refused = partialmethod(_async_show_choice, "leafspy_refused")

    async def async_step_leafspy_finish(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create the entry, even before the first message."""
        self._close_webhook()
        await self.async_set_unique_id(f"{Source.LEAFSPY}_{secrets.token_hex(8)}")
        return self.async_create_entry(title=SOURCES[Source.LEAFSPY].title, data=dict(self._entry_data))

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Pass the first message on to the new entry."""
        entry = result["result"]
        if self._latest is not None and entry.state is ConfigEntryState.LOADED:
            entry.runtime_data.backend.receive(self._latest)
        return result

    @override
    @callback
    def async_remove(self) -> None:
        self._close_webhook()

    async def _async_open_webhook(self) -> bool:
        """Receive messages until the dialog is closed; return whether Home Assistant can receive any."""
        backend = await async_create_backend(self.hass, self._entry_data, save_auth=lambda _: None)
        if self._close is None and isinstance(backend, Receiving):
            self._latest, self._received = None, Event()
            with suppress(ConfigEntryError):
                self._close = await async_open_webhook(
                    self.hass, self._entry_data[CONF_WEBHOOK_ID], backend, self._async_received
                )
        return self._close is not None

    @callback
    def _async_received(self, address: str, parameters: Mapping[str, str] | None) -> None:
        if parameters is None:
            self._rejections += 1
        else:
            self._latest = parameters
            self._received.set()

    @callback
    def _close_webhook(self) -> None:
        if self._close is not None:
            self._close()
            self._close = None

    async def _async_placeholders(self) -> dict[str, str]:
        addresses = async_addresses(self.hass, self._entry_data[CONF_WEBHOOK_ID])
        lines = [f"- **{url.scheme}** `{str(url).removeprefix(f'{url.scheme}://')}`" for url in addresses]
        if not lines:
            note = await async_text(self.hass, "leafspy", "own_address")
            lines = [f"- `…/api/webhook/{self._entry_data[CONF_WEBHOOK_ID]}` ({note})"]
        return {
            "addresses": "\n".join(lines),
            "password": self._entry_data.get(CONF_PASSWORD) or await async_text(self.hass, "leafspy", "no_password"),
            "minutes": f"{_WAITING_TIME / 60:.0f}",
        }


class LeafSpyLogFlow(ConfigFlow):
    """From a log file to statistics."""

    _log_errors: dict[str, str]
    _log_placeholders: dict[str, str]
    _reading: Task[dict[str, str]]

    async def async_step_leafspy_log(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the file, and the vehicle if there is a choice."""
        vehicles = self._vehicles()
        if not vehicles:
            return self.async_abort(reason="no_vehicle_yet")
        if user_input is not None:
            vehicle = vehicles[user_input.get(CONF_VEHICLE, next(iter(vehicles)))]
            self._reading = start_task(self.hass, self._async_import(vehicle, user_input[CONF_FILE]), "reading a log")
            return await self.async_step_leafspy_log_reading()
        return self._show_log_form({}, {})

    async def async_step_leafspy_log_reading(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the progress of the import."""
        if not self._reading.done():
            return self.async_show_progress(
                step_id="leafspy_log_reading", progress_action="leafspy_log", progress_task=self._reading
            )
        self._log_errors = self._reading.result()
        return self.async_show_progress_done(
            next_step_id="leafspy_log_again" if self._log_errors else "leafspy_log_done"
        )

    async def async_step_leafspy_log_again(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show why nothing was imported, and take another file."""
        if user_input is not None:
            return await self.async_step_leafspy_log(user_input)
        return self._show_log_form(self._log_errors, self._log_placeholders)

    async def async_step_leafspy_log_done(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was imported."""
        return self.async_abort(reason="log_imported", description_placeholders=self._log_placeholders)

    def _show_log_form(self, errors: dict[str, str], placeholders: dict[str, str]) -> ConfigFlowResult:
        fields: dict[probatio.Marker, Any] = {probatio.Required(CONF_FILE): _FILE}
        if len(vehicles := self._vehicles()) > 1:
            fields[probatio.Required(CONF_VEHICLE)] = vehicle_selector(vehicles)
        return self.async_show_form(
            step_id="leafspy_log_again" if errors else "leafspy_log",
            data_schema=probatio.Schema(fields),
            description_placeholders=placeholders,
            errors=errors,
        )

    async def _async_import(self, vehicle: VehicleInfo, file_id: str) -> dict[str, str]:
        """Import the log; return the form's errors."""
        await async_import_module(self.hass, f"{__package__.removesuffix('.flows')}.statistics")
        from homeassistant.components.file_upload import process_uploaded_file  # noqa: PLC0415

        from ..statistics import LogError, async_import_log  # noqa: PLC0415

        owner = self._owner(vehicle)
        try:
            imported = await async_import_log(
                self.hass,
                vehicle.key,
                partial(process_uploaded_file, self.hass, file_id),
                device=owner.info if owner else vehicle,
                progress=self.async_update_progress,
            )
        except LogError as err:
            self._log_placeholders = dict(err.translation_placeholders or {})
            return {"base": str(err.translation_key)}
        if owner is not None:
            await owner.statistics.async_add_logged(imported.log.driven)
        self._log_placeholders = {
            "hours": str(max(imported.hours.values())),
            "from": f"{dt_util.as_local(imported.first):%Y-%m-%d}",
            "to": f"{dt_util.as_local(imported.last):%Y-%m-%d}",
            **imported.log.placeholders,
        }
        return {}

    @callback
    def _vehicles(self) -> dict[str, VehicleInfo]:
        """Return the vehicles that this entry reports on, also those whose device belongs to another entry."""
        entry: NissanConfigEntry = self._get_reconfigure_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return {}
        secondary = entry.runtime_data.connection.secondary.values()
        return loaded_vehicles(entry) | {alias(known.info.key): known.info for known in secondary}

    @callback
    def _owner(self, vehicle: VehicleInfo) -> VehicleRuntime | None:
        """Return the vehicle that has the sensors, which may belong to another entry."""
        account: AccountCoordinator = self._get_reconfigure_entry().runtime_data
        return next((owner for owner, _ in account.consumers(vehicle.key)), account.vehicles.get(vehicle.key))
