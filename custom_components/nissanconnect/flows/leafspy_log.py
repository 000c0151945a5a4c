"""The dialog that imports a log of Leaf Spy: it takes the file, shows the progress and then the result."""

from asyncio import Task
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.selector import FileSelector, FileSelectorConfig
from homeassistant.util import dt as dt_util
import probatio

from ..account import NissanConfigEntry
from ..const import CONF_VEHICLE
from ..vehicle import VehicleInfo, alias
from .common import loaded_vehicles, start_task, vehicle_selector

CONF_FILE = "file"

_FILE = FileSelector(FileSelectorConfig(accept=".csv,.zip,text/csv,application/zip"))


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

        try:
            imported = await async_import_log(
                self.hass,
                vehicle.key,
                partial(process_uploaded_file, self.hass, file_id),
                device_key=self._device_key(vehicle),
                progress=self.async_update_progress,
            )
        except LogError as err:
            self._log_placeholders = dict(err.translation_placeholders or {})
            return {"base": str(err.translation_key)}
        self._log_placeholders = {
            "hours": str(max(imported.hours.values())),
            "from": f"{dt_util.as_local(imported.first):%Y-%m-%d}",
            "to": f"{dt_util.as_local(imported.last):%Y-%m-%d}",
            "rows": str(imported.rows),
            **{reason: str(count) for reason, count in imported.skipped.items()},
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
    def _device_key(self, vehicle: VehicleInfo) -> str:
        """Return the key of the vehicle that has the sensors, which may belong to another entry."""
        entry: NissanConfigEntry = self._get_reconfigure_entry()
        return next((consumer.info.key for consumer, _ in entry.runtime_data.consumers(vehicle.key)), vehicle.key)
