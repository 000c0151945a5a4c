"""The dialog that makes the vehicle of another entry a source of one of this entry's vehicles."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.helpers.selector import BooleanSelector, SelectOptionDict, SelectSelector, SelectSelectorConfig
import probatio

from ..account import NissanConfigEntry
from ..const import CONF_ENTRY, CONF_PREFERRED, CONF_SOURCE, CONF_SOURCE_VEHICLE, CONF_VEHICLE, DOMAIN
from ..ownership import async_is_source, source_title
from ..vehicle import VehicleInfo, alias

_PREFERRED = probatio.Schema({probatio.Required(CONF_PREFERRED, default=False): BooleanSelector()})


class SourceFlow(ConfigSubentryFlow):
    """Which of the entry's vehicles is which vehicle of another entry, and which of the two comes first."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask; the same VIN is proposed, anything else is for the owner to know."""
        ours, theirs = self._ours(), self._theirs()
        if not ours:
            return self.async_abort(reason="no_vehicles_here" if self._loaded else "not_loaded")
        if not theirs:
            return self.async_abort(reason="no_other_source")
        if user_input is not None:
            entry_id, _, vehicle = user_input[CONF_SOURCE].partition(" ")
            entry = self.hass.config_entries.async_get_known_entry(entry_id)
            vehicle_name = next(each.name for each in ours if alias(each.key) == user_input[CONF_VEHICLE])
            return self.async_create_entry(
                title=source_title(entry, vehicle_name),
                unique_id=f"{entry_id}_{vehicle}",
                data={
                    CONF_VEHICLE: user_input[CONF_VEHICLE],
                    CONF_ENTRY: entry_id,
                    CONF_SOURCE_VEHICLE: vehicle,
                    CONF_PREFERRED: user_input[CONF_PREFERRED],
                },
            )
        same = [(each, value) for each in ours for value, (_, other) in theirs.items() if other.key == each.key]
        vehicle, source = same[0] if same else (ours[0], next(iter(theirs)))
        labels = [
            SelectOptionDict(value=value, label=f"{info.name} ({entry.title})")
            for value, (entry, info) in theirs.items()
        ]
        schema = {
            probatio.Required(CONF_SOURCE, default=source): SelectSelector(SelectSelectorConfig(options=labels)),
            probatio.Required(CONF_VEHICLE, default=alias(vehicle.key)): SelectSelector(
                SelectSelectorConfig(options=[SelectOptionDict(value=alias(i.key), label=i.name) for i in ours])
            ),
        }
        return self.async_show_form(step_id="user", data_schema=probatio.Schema(schema).extend(_PREFERRED.schema))

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change which comes first."""
        subentry = self._get_reconfigure_subentry()
        if user_input is not None:
            return self.async_update_and_abort(self._get_entry(), subentry, data_updates=user_input)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(_PREFERRED, subentry.data),
            description_placeholders={"source": subentry.title},
        )

    @property
    def _loaded(self) -> bool:
        return self._get_entry().state is ConfigEntryState.LOADED

    def _ours(self) -> list[VehicleInfo]:
        """Return the vehicles that can be given a source; an account that is not loaded shows none."""
        entry: NissanConfigEntry = self._get_entry()
        return [vehicle.info for vehicle in entry.runtime_data.vehicles.values()] if self._loaded else []

    def _theirs(self) -> dict[str, tuple[NissanConfigEntry, VehicleInfo]]:
        """Return the vehicles that can be a source: of other entries, of nobody's yet, and without any of their own."""
        found: dict[str, tuple[NissanConfigEntry, VehicleInfo]] = {}
        others: list[NissanConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        for entry in others:
            if entry.entry_id == self._get_entry().entry_id:
                continue
            own = [vehicle.info for vehicle in entry.runtime_data.vehicles.values() if not vehicle.sources.secondary]
            lent = [known.info for known in entry.runtime_data.connection.secondary.values()]
            for info in (*own, *(each for each in lent if not async_is_source(self.hass, entry, each.key))):
                found[f"{entry.entry_id} {alias(info.key)}"] = entry, info
        return found
