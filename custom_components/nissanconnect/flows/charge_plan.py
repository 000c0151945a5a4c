"""The dialog of a charge plan: what is wanted, what switches the current, at which prices, and the plan now."""

from collections.abc import Mapping
from functools import partialmethod
from typing import Any

from homeassistant.components.select import ATTR_OPTIONS, DOMAIN as SELECT_DOMAIN
from homeassistant.components.zone import DOMAIN as ZONE_DOMAIN, ENTITY_ID_HOME, in_zone
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, split_entity_id
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import SelectOptionDict
import probatio

from ..account import NissanConfigEntry
from ..charging.outlet import amperes_scale
from ..charging.plans import (
    CONF_CAPACITY,
    CONF_CURRENT,
    CONF_ENERGY_SENSOR,
    CONF_INVERTED,
    CONF_MINIMUM,
    CONF_OPTION_OFF,
    CONF_OPTION_ON,
    CONF_PHASES,
    CONF_PLACE,
    CONF_POWER_SENSOR,
    CONF_SCRIPT_START,
    CONF_SCRIPT_STOP,
    CONF_SWITCH,
    CONF_SWITCHED_BY,
    CONF_TARGET,
    SwitchedBy,
    plan_from,
    read_charge_plans,
)
from ..charging.price_choice import (
    CONF_LOW_DAYS,
    CONF_LOW_FROM,
    CONF_LOW_PRICE,
    CONF_LOW_UNTIL,
    CONF_PRICE,
    CONF_PRICE_SOURCE,
    CONSTANT,
    TWO_TARIFF,
)
from ..charging.price_sources import async_find_price_sources, async_known_choice
from ..const import CONF_VEHICLE
from ..engine.charge_physics import ac_power, phases, usable_capacity
from ..engine.charge_wishes import ChargeWishes
from ..geofences import read_geofences
from ..runtime import VehicleRuntime
from ..texts import async_text
from ..vehicle import LONGEST_TITLE, Capability, alias, one_line
from . import loaded_vehicles, vehicle_selector
from .charge_forms import (
    ANYWHERE,
    MARKET,
    METER,
    Fields,
    closed,
    entered,
    names,
    opened,
    options_form,
    price_form,
    price_kind,
    prices_form,
    suggestions,
    switch_form,
    switched_by_form,
    wishes_form,
)
from .charge_preview import async_preview
from .wallboxes import async_find_wallbox, async_known_switch

_FULL = 100.0
_MOST_PHASES = 3


class ChargePlanFlow(ConfigSubentryFlow):
    """Adds a charge plan, or changes one, with the same steps. What was entered is kept from step to step."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}

    # What is wanted

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin a new plan: at home, if the first vehicle is there."""
        vehicles = self._vehicles()
        self._fields[CONF_VEHICLE] = next(iter(vehicles))
        home, position = self.hass.states.get(ENTITY_ID_HOME), self._vehicle.coordinator.data.position
        if home is not None:
            self._fields[CONF_NAME] = home.name
            if position is not None and in_zone(home, position.latitude, position.longitude):
                self._fields[CONF_PLACE] = ENTITY_ID_HOME
        return await self.async_step_wishes()

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a plan."""
        vehicles, subentry = self._vehicles(), self._get_reconfigure_subentry()
        self._fields = {**opened(subentry.data), CONF_NAME: subentry.title}
        if self._fields.get(CONF_VEHICLE) not in vehicles:  # it has left the account
            self._fields[CONF_VEHICLE] = next(iter(vehicles))
        return await self.async_step_wishes()

    async def async_step_wishes(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose levels, times and the place, and the vehicle if there are several."""
        vehicles = self._vehicles()
        places = await self._async_places()
        form = wishes_form(vehicle_selector(vehicles) if len(vehicles) > 1 else None, places)
        if user_input is None:
            return self._show("wishes", form)
        self._keep(form, user_input)
        self._fields[CONF_NAME] = self._fields[CONF_NAME].strip()
        if errors := self._wrong_wishes():
            return self._show("wishes", form, errors)
        return await self.async_step_switched_by()

    def _wrong_wishes(self) -> dict[str, str]:
        fields, errors = self._fields, dict[str, str]()
        if not one_line(fields[CONF_NAME], LONGEST_TITLE):
            errors[CONF_NAME] = "name_required"
        if fields[CONF_MINIMUM] > fields[CONF_TARGET]:
            errors[CONF_MINIMUM] = "minimum_above_target"
        entry, place = self._get_entry(), fields[CONF_PLACE]
        fence = next((each for each in read_geofences(entry) if each.key == place), None)
        if fence is not None and not fence.applies_to(self._vehicle.info):
            errors[CONF_PLACE] = "place_of_other_vehicle"
        own = self._get_reconfigure_subentry().subentry_id.lower() if self.source == SOURCE_RECONFIGURE else None
        others = [each for each in read_charge_plans(entry) if each.key != own]
        if (fields[CONF_VEHICLE], place) in [(each.vehicle, each.place or ANYWHERE) for each in others]:
            errors[CONF_PLACE] = "place_taken"
        return errors

    async def _async_places(self) -> list[SelectOptionDict]:
        """Return where a plan can hold: the zones, the geofences of this entry, and anywhere."""
        zones = sorted(self.hass.states.async_all(ZONE_DOMAIN), key=lambda zone: zone.entity_id != ENTITY_ID_HOME)
        fence_label = await async_text(self.hass, "charge_place", "geofence")  # a zone may have the same name
        fences = [
            SelectOptionDict(value=each.key, label=fence_label.replace("[name]", each.geofence.name))
            for each in read_geofences(self._get_entry())
            if each.geofence is not None
        ]
        return [
            *[SelectOptionDict(value=zone.entity_id, label=zone.name) for zone in zones],
            *fences,
            SelectOptionDict(value=ANYWHERE, label=await async_text(self.hass, "charge_place", ANYWHERE)),
        ]

    # What switches the current

    async def async_step_switched_by(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose what switches the current, of what there is."""
        can_start = Capability.START_CHARGING in self._vehicle.info.capabilities
        ways = [each for each in SwitchedBy if can_start or each is not SwitchedBy.VEHICLE]
        form = switched_by_form(sorted(ways, key=lambda way: way is SwitchedBy.VEHICLE and not self._can_stop))
        if user_input is None:
            return self._show("switched_by", form)
        self._keep(form, user_input)
        way = SwitchedBy(self._fields[CONF_SWITCHED_BY])
        if way is SwitchedBy.VEHICLE and not self._can_stop and self._fields[CONF_TARGET] < _FULL:
            return await self.async_step_cannot_stop()
        return await self._async_switch(way)

    async def async_step_cannot_stop(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Offer what is possible with a vehicle that cannot stop at the target."""
        return self.async_show_menu(
            step_id="cannot_stop",
            menu_options=["switched_by", "full"],
            description_placeholders={"vehicle": self._vehicle.info.name},
        )

    async def async_step_full(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Charge up to 100 %."""
        self._fields[CONF_TARGET] = _FULL
        return await self._async_switch(SwitchedBy.VEHICLE)

    async def _async_switch(self, way: SwitchedBy, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter what belongs to one way to switch."""
        vehicle = self._vehicle
        info, state = vehicle.info, vehicle.coordinator.data
        own = er.async_entries_for_config_entry(er.async_get(self.hass), self._get_entry().entry_id)
        form = switch_form(
            way,
            power=ac_power(info) or ChargeWishes().power,
            phases=phases(info) or _MOST_PHASES,
            can_refresh=Capability.REFRESH in info.capabilities,
            own=[each.entity_id for each in own],
        )
        if CONF_PHASES not in names(form):
            self._fields.pop(CONF_PHASES, None)  # there is no choice
        capacity = usable_capacity(info, state)
        placeholders = {
            "vehicle": info.name,
            "capacity": "?" if capacity is None else f"{capacity:.0f}",
            "phases": await async_text(self.hass, "charge_phases", "one") if phases(info) == 1 else "",
        }
        if user_input is None:
            if way is SwitchedBy.ENTITY and CONF_SWITCH not in self._fields:
                self._fields = _found_wallbox(self.hass) | self._fields
            return self._show(f"switch_{way}", form, placeholders=placeholders)
        self._keep(form, user_input)
        errors = _wrong_switch(self.hass, way, self._fields)
        if capacity is None and CONF_CAPACITY not in self._fields:
            errors[CONF_CAPACITY] = "capacity_unknown"
        if errors:
            return self._show(f"switch_{way}", form, errors, placeholders)
        if way is SwitchedBy.ENTITY and split_entity_id(self._fields[CONF_SWITCH])[0] == SELECT_DOMAIN:
            return await self.async_step_switch_options()
        return await self.async_step_prices()

    # One step for each way: Home Assistant finds a step and its texts by its name.
    async_step_switch_vehicle = partialmethod(_async_switch, SwitchedBy.VEHICLE)
    async_step_switch_entity = partialmethod(_async_switch, SwitchedBy.ENTITY)
    async_step_switch_scripts = partialmethod(_async_switch, SwitchedBy.SCRIPTS)

    async def async_step_switch_options(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the options of a select that let current flow and stop it."""
        switch = self._fields[CONF_SWITCH]
        state, known = self.hass.states.get(switch), async_known_switch(self.hass, switch)
        form = options_form(state.attributes.get(ATTR_OPTIONS, ()) if state else ())
        self._fields[CONF_INVERTED] = False  # the options say it
        if user_input is None:
            if known is not None and known.options is not None and CONF_OPTION_ON not in self._fields:
                self._fields |= zip((CONF_OPTION_ON, CONF_OPTION_OFF), known.options, strict=True)
            return self._show("switch_options", form)
        self._keep(form, user_input)
        on, off = self._fields.get(CONF_OPTION_ON), self._fields.get(CONF_OPTION_OFF)
        errors = {name: "choose_one" for name in (CONF_OPTION_ON, CONF_OPTION_OFF) if name not in self._fields}
        if on is not None and on == off:
            errors[CONF_OPTION_OFF] = "options_equal"
        return self._show("switch_options", form, errors) if errors else await self.async_step_prices()

    # The prices

    async def async_step_prices(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose where the prices come from, of what is installed."""
        sources = await async_find_price_sources(self.hass)
        form = prices_form([SelectOptionDict(value=each.id, label=each.label) for each in sources])
        if user_input is None:
            if CONF_PRICE_SOURCE not in self._fields and (known := await async_known_choice(self.hass, sources)):
                self._fields |= known.to_data()
            return self._show("prices", form)
        self._keep(form, user_input)
        return await self._async_price(price_kind(self._fields[CONF_PRICE_SOURCE]))

    async def _async_price(self, kind: str, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter what belongs to one kind of prices, and the limits of the plan."""
        form = price_form(kind, self.hass.config.currency)
        if user_input is None:
            return self._show(f"price_{kind}", form)
        self._keep(form, user_input)
        if errors := _wrong_price(kind, self._fields):
            return self._show(f"price_{kind}", form, errors)
        return await self.async_step_preview()

    async_step_price_market = partialmethod(_async_price, MARKET)
    async_step_price_constant = partialmethod(_async_price, CONSTANT)
    async_step_price_two_tariff = partialmethod(_async_price, TWO_TARIFF)

    # The plan

    async def async_step_preview(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the plan that it would make now. What cannot work cannot be saved."""
        settings = plan_from(closed(self._fields), title=self._fields[CONF_NAME]).value
        preview = await async_preview(self.hass, self._vehicle, settings)
        return self.async_show_menu(
            step_id="preview",
            menu_options=[*(["save"] if preview.can_work else []), "wishes", "switched_by", "prices"],
            description_placeholders={"plan": preview.text},
        )

    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Save the plan."""
        title, data = self._fields[CONF_NAME], closed(self._fields)
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(), self._get_reconfigure_subentry(), title=title, data=data
            )
        return self.async_create_entry(title=title, data=data)

    # What the steps share

    def _vehicles(self) -> Mapping[str, Any]:
        """Return the vehicles that have a battery to charge, by their aliases; without one there is no dialog."""
        entry: NissanConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded")
        if not (vehicles := loaded_vehicles(entry, Capability.BATTERY)):
            raise AbortFlow("nothing_to_charge")
        return vehicles

    @property
    def _vehicle(self) -> VehicleRuntime:
        """The vehicle of the plan."""
        entry: NissanConfigEntry = self._get_entry()
        if entry.state is ConfigEntryState.LOADED:
            for vehicle in entry.runtime_data.vehicles.values():
                if alias(vehicle.info.key) == self._fields.get(CONF_VEHICLE):
                    return vehicle
        raise AbortFlow("not_loaded")

    @property
    def _can_stop(self) -> bool:
        return Capability.STOP_CHARGING in self._vehicle.info.capabilities

    def _keep(self, form: Fields, user_input: Mapping[str, Any]) -> None:
        """Take over what was entered; a field that was cleared is not set."""
        others = {name: value for name, value in self._fields.items() if name not in names(form)}
        self._fields = others | entered(user_input)

    def _show(
        self,
        step_id: str,
        form: Fields,
        errors: Mapping[str, str] | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> SubentryFlowResult:
        suggested = suggestions(self.hass, form, self._fields)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(form), suggested),
            errors=dict(errors or {}),
            description_placeholders=placeholders,
        )


def _found_wallbox(hass: HomeAssistant) -> dict[str, Any]:
    """Return the fields of a wallbox that was found."""
    if (found := async_find_wallbox(hass)) is None:
        return {}
    fields = {
        CONF_SWITCH: found.switch,
        CONF_INVERTED: found.inverted,
        CONF_CURRENT: found.current,
        CONF_POWER_SENSOR: found.power,
        CONF_ENERGY_SENSOR: found.energy,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _wrong_switch(hass: HomeAssistant, way: SwitchedBy, fields: Mapping[str, Any]) -> dict[str, str]:
    if way is SwitchedBy.VEHICLE:
        return {}
    number = hass.states.get(fields[CONF_CURRENT]) if CONF_CURRENT in fields else None
    if number is not None and amperes_scale(number) is None:
        return {METER: "not_amperes"}
    if way is SwitchedBy.SCRIPTS:
        scripts = {name: fields[name] for name in (CONF_SCRIPT_START, CONF_SCRIPT_STOP)}
        if gone := [name for name, script in scripts.items() if hass.states.get(script) is None]:
            return dict.fromkeys(gone, "script_gone")
        return {} if len(set(scripts.values())) == len(scripts) else {CONF_SCRIPT_STOP: "scripts_equal"}
    switch = fields[CONF_SWITCH]
    if (state := hass.states.get(switch)) is None:
        return {CONF_SWITCH: "switch_gone"}
    if split_entity_id(switch)[0] == SELECT_DOMAIN and len(state.attributes.get(ATTR_OPTIONS, ())) < 2:
        return {CONF_SWITCH: "select_without_options"}
    known = async_known_switch(hass, switch)
    is_wrong = known is not None and known.inverted and not fields[CONF_INVERTED]
    return {CONF_INVERTED: "switch_is_inverted"} if is_wrong else {}


def _wrong_price(kind: str, fields: Mapping[str, Any]) -> dict[str, str]:
    needed: Mapping[str, tuple[str, ...]] = {CONSTANT: (CONF_PRICE,), TWO_TARIFF: (CONF_PRICE, CONF_LOW_PRICE)}
    errors = {name: "price_required" for name in needed.get(kind, ()) if name not in fields}
    if kind == TWO_TARIFF:
        start, end = fields.get(CONF_LOW_FROM), fields.get(CONF_LOW_UNTIL)
        if (start is None) != (end is None):
            errors[CONF_LOW_FROM if start is None else CONF_LOW_UNTIL] = "low_needs_both"
        elif start is None and not fields[CONF_LOW_DAYS]:
            errors[CONF_LOW_FROM] = "low_never"
        elif start is not None and start == end:
            errors[CONF_LOW_UNTIL] = "low_ends_equal"
    return errors
