"""The dialog that uses the vehicle of another entry as a further source of one of this entry's vehicles."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.helpers.selector import BooleanSelector, SelectOptionDict, SelectSelector, SelectSelectorConfig
import probatio

from ..account import NissanConfigEntry
from ..const import CONF_ENTRY, CONF_PREFERRED, CONF_SOURCE, CONF_SOURCE_VEHICLE, CONF_VEHICLE, DOMAIN
from ..ownership import async_is_source, source_title
from ..vehicle import VehicleInfo, alias
from .common import loaded_vehicles, vehicle_selector

_PREFERRED = probatio.Schema({probatio.Required(CONF_PREFERRED, default=False): BooleanSelector()})


class SourceFlow(ConfigSubentryFlow):
    """Choose two vehicles that are the same one, and which source is preferred."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the vehicles. Two with the same VIN are preselected; otherwise only the owner knows."""
        own_entry: NissanConfigEntry = self._get_entry()
        vehicles, candidates = loaded_vehicles(own_entry), self._candidates()
        if not vehicles:
            is_loaded = own_entry.state is ConfigEntryState.LOADED
            return self.async_abort(reason="no_vehicles_here" if is_loaded else "not_loaded")
        if not candidates:
            return self.async_abort(reason="no_other_source")
        if user_input is not None:
            entry_id, _, vehicle = user_input[CONF_SOURCE].partition(" ")
            entry = self.hass.config_entries.async_get_known_entry(entry_id)
            return self.async_create_entry(
                title=source_title(entry, vehicles[user_input[CONF_VEHICLE]].name),
                unique_id=f"{entry_id}_{vehicle}",
                data={
                    CONF_VEHICLE: user_input[CONF_VEHICLE],
                    CONF_ENTRY: entry_id,
                    CONF_SOURCE_VEHICLE: vehicle,
                    CONF_PREFERRED: user_input[CONF_PREFERRED],
                },
            )
        same = (
            (name, value)
            for name, info in vehicles.items()
            for value, (_, other) in candidates.items()
            if other.key == info.key
        )
        vehicle, source = next(same, (next(iter(vehicles)), next(iter(candidates))))
        labels = [
            SelectOptionDict(value=value, label=f"{info.name} ({entry.title})")
            for value, (entry, info) in candidates.items()
        ]
        schema = {
            probatio.Required(CONF_SOURCE, default=source): SelectSelector(SelectSelectorConfig(options=labels)),
            probatio.Required(CONF_VEHICLE, default=vehicle): vehicle_selector(vehicles),
        }
        return self.async_show_form(step_id="user", data_schema=probatio.Schema(schema).extend(_PREFERRED.schema))

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change which source is preferred."""
        subentry = self._get_reconfigure_subentry()
        if user_input is not None:
            return self.async_update_and_abort(self._get_entry(), subentry, data_updates=user_input)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(_PREFERRED, subentry.data),
            description_placeholders={"source": subentry.title},
        )

    def _candidates(self) -> dict[str, tuple[NissanConfigEntry, VehicleInfo]]:
        """Return the vehicles of other entries that neither are a source already nor have sources of their own.

        The keys are the values of the form: the id of the entry and the alias of the vehicle.
        """
        found: dict[str, tuple[NissanConfigEntry, VehicleInfo]] = {}
        others: list[NissanConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        for entry in others:
            if entry.entry_id == self._get_entry().entry_id:
                continue
            own = [vehicle.info for vehicle in entry.runtime_data.vehicles.values() if not vehicle.sources.secondary]
            secondary = [known.info for known in entry.runtime_data.connection.secondary.values()]
            for info in (*own, *(each for each in secondary if not async_is_source(self.hass, entry, each.key))):
                found[f"{entry.entry_id} {alias(info.key)}"] = entry, info
        return found
