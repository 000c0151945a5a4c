"""The dialog that imports a log of Leaf Spy: choose the file, watch it being read, see what came of it."""

from asyncio import Task
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.selector import (
    FileSelector,
    FileSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)
from homeassistant.util import dt as dt_util
import probatio

from ..account import NissanConfigEntry
from ..const import CONF_VEHICLE, DOMAIN
from ..vehicle import VehicleInfo, alias

CONF_FILE = "file"

_FILE = FileSelector(FileSelectorConfig(accept=".csv,.zip,text/csv,application/zip"))


class LeafSpyLogFlow(ConfigFlow):
    """The steps from a file to history."""

    _log_errors: dict[str, str]
    _log_told: dict[str, str]
    _reading: Task[dict[str, str]]

    async def async_step_leafspy_log(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the file, and of which vehicle it is if there is a choice."""
        vehicles = self._vehicles()
        if not vehicles:
            return self.async_abort(reason="no_vehicle_yet")
        if user_input is not None:
            vehicle = vehicles[user_input.get(CONF_VEHICLE, next(iter(vehicles)))]
            # Not eager: what follows from a task that has ended at once would be given this input once more.
            self._reading = self.hass.async_create_background_task(
                self._async_import(vehicle, user_input[CONF_FILE]), f"{DOMAIN} reading a log", eager_start=False
            )
            return await self.async_step_leafspy_log_reading()
        return self._show_log_form({}, {})

    async def async_step_leafspy_log_reading(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show how far the reading is."""
        if not self._reading.done():
            return self.async_show_progress(
                step_id="leafspy_log_reading", progress_action="leafspy_log", progress_task=self._reading
            )
        self._log_errors = self._reading.result()
        return self.async_show_progress_done(
            next_step_id="leafspy_log_again" if self._log_errors else "leafspy_log_done"
        )

    async def async_step_leafspy_log_again(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say why nothing was imported, and take another file."""
        if user_input is not None:
            return await self.async_step_leafspy_log(user_input)
        return self._show_log_form(self._log_errors, self._log_told)

    async def async_step_leafspy_log_done(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what was imported."""
        return self.async_abort(reason="log_imported", description_placeholders=self._log_told)

    def _show_log_form(self, errors: dict[str, str], told: dict[str, str]) -> ConfigFlowResult:
        options = [SelectOptionDict(value=name, label=info.name) for name, info in self._vehicles().items()]
        fields: dict[probatio.Marker, Any] = {probatio.Required(CONF_FILE): _FILE}
        if len(options) > 1:
            fields[probatio.Required(CONF_VEHICLE)] = SelectSelector(SelectSelectorConfig(options=options))
        return self.async_show_form(
            step_id="leafspy_log_again" if errors else "leafspy_log",
            data_schema=probatio.Schema(fields),
            description_placeholders=told,
            errors=errors,
        )

    async def _async_import(self, vehicle: VehicleInfo, file_id: str) -> dict[str, str]:
        """Import; return the form's errors."""
        await async_import_module(self.hass, f"{__package__.removesuffix('.flows')}.statistics")
        from homeassistant.components.file_upload import process_uploaded_file  # noqa: PLC0415

        from ..statistics import LogError, async_import_log  # noqa: PLC0415

        try:
            imported = await async_import_log(
                self.hass,
                vehicle.key,
                partial(process_uploaded_file, self.hass, file_id),
                device_key=self._device_key(vehicle),
                progress=self.async_update_progress,
            )
        except LogError as err:
            self._log_told = dict(err.translation_placeholders or {})
            return {"base": str(err.translation_key)}
        self._log_told = {
            "hours": str(max(imported.hours.values())),
            "from": f"{dt_util.as_local(imported.first):%Y-%m-%d}",
            "to": f"{dt_util.as_local(imported.last):%Y-%m-%d}",
            "rows": str(imported.rows),
            **{reason: str(count) for reason, count in imported.skipped.items()},
        }
        return {}

    @callback
    def _vehicles(self) -> dict[str, VehicleInfo]:
        """Return the vehicles that speak through the link, also those that belong to other entries."""
        entry: NissanConfigEntry = self._get_reconfigure_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return {}
        account = entry.runtime_data
        own = [vehicle.info for vehicle in account.vehicles.values()]
        secondary = [known.info for known in account.connection.secondary.values()]
        return {alias(info.key): info for info in (*own, *secondary)}

    @callback
    def _device_key(self, vehicle: VehicleInfo) -> str:
        """Return the key of the vehicle that has the sensors, which may be another entry's."""
        entry: NissanConfigEntry = self._get_reconfigure_entry()
        return next((consumer.info.key for consumer, _ in entry.runtime_data.consumers(vehicle.key)), vehicle.key)
