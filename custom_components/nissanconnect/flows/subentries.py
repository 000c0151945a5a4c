"""The dialogs of an account's subentries: its geofences, and the vehicles of other entries that are its sources."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.zone import DOMAIN as ZONE_DOMAIN
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import (
    CONF_ADDRESS,
    CONF_LATITUDE,
    CONF_LOCATION,
    CONF_LONGITUDE,
    CONF_NAME,
    CONF_RADIUS,
    CONF_ZONE,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    LocationSelector,
    LocationSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
)
import probatio

from ..account import NissanConfigEntry
from ..const import (
    CONF_ON_ENTERING,
    CONF_ON_LEAVING,
    CONF_PREFERRED,
    CONF_SOURCE,
    CONF_VEHICLE,
    CONF_VEHICLES,
    DOMAIN,
)
from ..engine.position import LARGEST, SMALLEST, GeofenceAction
from ..geofences import NoPlaceFound, async_find_address, read_geofence
from ..ownership import async_is_source, new_source
from ..vehicle import LONGEST_TITLE, VehicleInfo, alias, one_line
from . import loaded_vehicles, vehicle_selector

_DEFAULT_RADIUS = 500.0
_ACTIONS = SelectSelector(
    SelectSelectorConfig(options=[*GeofenceAction], multiple=True, translation_key="fence_action")
)
_ZONE = probatio.Schema({probatio.Required(CONF_ZONE): EntitySelector(EntitySelectorConfig(domain=ZONE_DOMAIN))})
_ADDRESS = probatio.Schema(
    {probatio.Required(CONF_ADDRESS): TextSelector(TextSelectorConfig(autocomplete="street-address"))}
)
_PREFERRED = probatio.Schema({probatio.Required(CONF_PREFERRED, default=False): BooleanSelector()})


class GeofenceFlow(ConfigSubentryFlow):
    """Adds a geofence from the map, a zone or an address, or changes one."""

    def __init__(self) -> None:
        self._suggested: dict[str, Any] = {}

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose how to find the centre of the geofence."""
        entry: NissanConfigEntry = self._get_entry()
        if entry.state is ConfigEntryState.LOADED and not entry.runtime_data.vehicles:
            return self.async_abort(reason="no_vehicles_here")
        return self.async_show_menu(step_id="user", menu_options=["map", "zone", "address"])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a geofence."""
        subentry = self._get_reconfigure_subentry()
        self._suggest()
        self._suggested |= read_geofence(subentry).without_odd(subentry.data)
        self._suggested[CONF_NAME] = subentry.title
        return await self.async_step_area()

    async def async_step_map(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show a geofence around home."""
        self._suggest()
        return await self.async_step_area()

    async def async_step_zone(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose a zone, and show a geofence with its name, centre and radius."""
        zone = self.hass.states.get(user_input[CONF_ZONE]) if user_input else None
        if zone is None:
            return self.async_show_form(step_id="zone", data_schema=_ZONE)
        area = zone.attributes
        radius = min(max(area[CONF_RADIUS], SMALLEST), LARGEST)
        self._suggest((area[CONF_LATITUDE], area[CONF_LONGITUDE]), radius)
        self._suggested[CONF_NAME] = zone.name
        return await self.async_step_area()

    async def async_step_address(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter an address, and show a geofence around it; around home if it cannot be found."""
        if user_input is None:
            return self.async_show_form(step_id="address", data_schema=_ADDRESS)
        try:
            self._suggest(await async_find_address(self.hass, user_input[CONF_ADDRESS].strip()))
        except NoPlaceFound as err:
            self._suggest()
            return self._async_show_geofence({"base": str(err)})
        return self._async_show_geofence({})

    async def async_step_area(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the geofence, and save it."""
        if user_input is None:
            return self._async_show_geofence({})
        self._suggested = user_input
        radius = user_input[CONF_LOCATION].get(CONF_RADIUS)
        if radius is None or not SMALLEST <= radius <= LARGEST:
            return self._async_show_geofence({CONF_LOCATION: "invalid_radius"})
        data = dict(user_input)
        title = data.pop(CONF_NAME).strip()
        if not one_line(title, LONGEST_TITLE):
            return self._async_show_geofence({CONF_NAME: "name_required"})
        if self.source == SOURCE_RECONFIGURE:  # keep the vehicles, which the form lacks while the account is not loaded
            return self.async_update_and_abort(
                self._get_entry(), self._get_reconfigure_subentry(), title=title, data_updates=data
            )
        return self.async_create_entry(title=title, data=data)

    def _suggest(self, centre: tuple[float, float] | None = None, radius: float = _DEFAULT_RADIUS) -> None:
        """Suggest a geofence around ``centre``, or around home if that is ``None``."""
        latitude, longitude = centre or (self.hass.config.latitude, self.hass.config.longitude)
        self._suggested = {
            CONF_LOCATION: {CONF_LATITUDE: latitude, CONF_LONGITUDE: longitude, CONF_RADIUS: radius},
            CONF_ON_LEAVING: [GeofenceAction.ALERT],
            CONF_ON_ENTERING: [GeofenceAction.ALERT],
        }

    def _async_show_geofence(self, errors: Mapping[str, str]) -> SubentryFlowResult:
        fields: dict[probatio.Marker, Any] = {
            probatio.Required(CONF_NAME): TextSelector(),
            probatio.Required(CONF_LOCATION): LocationSelector(LocationSelectorConfig(radius=True)),
            probatio.Required(CONF_ON_LEAVING, default=[]): _ACTIONS,
            probatio.Required(CONF_ON_ENTERING, default=[]): _ACTIONS,
        }
        suggested = dict(self._suggested)
        vehicles = loaded_vehicles(self._get_entry())
        if len(vehicles) > 1:  # a geofence without a choice is for all vehicles
            fields[probatio.Required(CONF_VEHICLES, default=[*vehicles])] = vehicle_selector(vehicles, multiple=True)
            if CONF_VEHICLES in suggested:  # the form would reject a vehicle that is no longer a choice
                suggested[CONF_VEHICLES] = [each for each in suggested[CONF_VEHICLES] if each in vehicles]
        return self.async_show_form(
            step_id="area",
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(fields), suggested),
            description_placeholders={"smallest": str(SMALLEST), "largest": str(LARGEST)},
            errors=dict(errors),
        )


class SourceFlow(ConfigSubentryFlow):
    """Adds a vehicle of another entry as a source of one of this entry, or changes which of both is preferred."""

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
            own = user_input[CONF_VEHICLE]
            source = new_source(
                entry, vehicle, vehicle=own, name=vehicles[own].name, preferred=user_input[CONF_PREFERRED]
            )
            return self.async_create_entry(title=source.title, unique_id=source.unique_id, data=source.data)
        same = [
            (vehicle, source)
            for vehicle, info in vehicles.items()
            for source, (_, candidate) in candidates.items()
            if candidate.key == info.key
        ]
        vehicle, chosen = same[0] if same else (next(iter(vehicles)), next(iter(candidates)))
        labels = [
            SelectOptionDict(value=value, label=f"{info.name} ({entry.title})")
            for value, (entry, info) in candidates.items()
        ]
        schema = {
            probatio.Required(CONF_SOURCE, default=chosen): SelectSelector(SelectSelectorConfig(options=labels)),
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
        """Return the vehicles of other entries that can become a source, each with its entry.

        Vehicles that are a source already cannot, nor can those that have sources themselves. The keys are the values
        of the form: the id of the entry and the alias of the vehicle.
        """
        found: dict[str, tuple[NissanConfigEntry, VehicleInfo]] = {}
        others: list[NissanConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        for entry in others:
            if entry.entry_id == self._get_entry().entry_id:
                continue
            owned = [vehicle.info for vehicle in entry.runtime_data.vehicles.values() if not vehicle.sources.secondary]
            known = [vehicle.info for vehicle in entry.runtime_data.connection.secondary.values()]
            unused = [info for info in known if not async_is_source(self.hass, entry, info.key)]
            for info in (*owned, *unused):
                found[f"{entry.entry_id} {alias(info.key)}"] = entry, info
        return found
