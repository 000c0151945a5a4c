"""Finds what is installed in Home Assistant that knows prices of electricity (charging §1).

Some integrations have an action that responds with prices, others list them among the attributes of an entity, or of
several. Nothing here asks the network.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
import re
from typing import Any, Final, NamedTuple

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, CONF_CURRENCY
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.loader import Integration, async_get_integrations
from homeassistant.util import dt as dt_util

from ..energy_preferences import async_grid_price_setting
from ..texts import async_text
from .price_choice import CONSTANT, ENTITY, TWO_TARIFF, PriceChoice
from .price_shapes import PriceListing, Unit, read_attributes, read_price, read_unit

NAMED_PARTS: Final = ("all_in", "controlled_load", "es", "general", "invoice", "market", "pt")
"""The parts of sources that have texts; the others are names."""


class PriceSource(NamedTuple):
    """A source of prices that can be chosen.

    ``id`` is kept in the subentry: ``domain:config entry:part`` of an action, ``platform:device:part`` of entities
    that belong together, ``entity:entity id``, ``constant`` or ``two_tariff``. ``label`` is for the dialog.
    """

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAction:
    """An action that responds with a list of prices in ``unit``.

    ``parts`` are what a config entry has prices for: areas, homes, or kinds of prices. ``fields`` makes the data of
    the action of the entry, the part and a day. ``items`` finds the list in the response. If prices are known a
    ``day_ahead``, each day is asked for; else the response is about the next hours.
    """

    name: str
    unit: Unit
    parts: Callable[[HomeAssistant, ConfigEntry], Iterable[str]]
    fields: Callable[[ConfigEntry, str, date], dict[str, Any]]
    items: Callable[[Any, str], object]
    day_ahead: bool = True


def _interval(entry: ConfigEntry) -> str:
    """Return the length of EnergyZero's slots that is set, as its action calls it."""
    return "quarter" if entry.options.get("electricity_price_interval") == "quarter_hourly" else "hour"


def _homes(hass: HomeAssistant, entry: ConfigEntry) -> list[str]:
    """Return the names of Tibber's homes, by which its action keeps them apart; they are devices."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return sorted(device.name for device in devices if device.name and device.model == "Price Sensor") or [""]


def _home(prices: Mapping[str, Any], name: str) -> object:
    return next(iter(prices.values())) if len(prices) == 1 else prices[name]


ACTIONS: Mapping[str, PriceAction] = {
    "easyenergy": PriceAction(
        name="get_energy_usage_prices",
        unit=Unit(1, "EUR"),
        parts=lambda hass, entry: ("market", "invoice"),
        fields=lambda entry, part, day: {
            "config_entry": entry.entry_id,
            "incl_vat": True,
            "price_type": part,
            "start": f"{day}",
            "end": f"{day}",
        },
        items=lambda response, part: response["prices"],
    ),
    "energyzero": PriceAction(
        name="get_energy_prices",
        unit=Unit(1, "EUR"),
        parts=lambda hass, entry: ("market", "all_in"),
        fields=lambda entry, part, day: {
            "config_entry": entry.entry_id,
            "incl_vat": True,
            "interval": _interval(entry),
            "price_type": part,
            "start": f"{day}",
            "end": f"{day}",
        },
        items=lambda response, part: response["prices"],
    ),
    "green_planet_energy": PriceAction(
        name="get_prices",
        unit=Unit(1, "EUR"),
        parts=lambda hass, entry: ("",),
        fields=lambda entry, part, day: {"config_entry_id": entry.entry_id, "hours": 24},
        items=lambda response, part: response["prices"],
        day_ahead=False,
    ),
    "nordpool": PriceAction(
        name="get_prices_for_date",
        unit=Unit(1e-3),
        parts=lambda hass, entry: entry.data.get("areas", ()),
        fields=lambda entry, part, day: {"config_entry": entry.entry_id, "date": f"{day}", "areas": [part]},
        items=lambda response, part: response[part],
    ),
    "omie": PriceAction(
        name="get_prices_for_date",
        unit=Unit(1, "EUR"),
        parts=lambda hass, entry: ("es", "pt"),
        fields=lambda entry, part, day: {"date": f"{day}", "countries": [part]},
        items=lambda response, part: response[part],
    ),
    "tibber": PriceAction(
        name="get_prices",
        unit=Unit(1),
        parts=_homes,
        fields=lambda entry, part, day: {"start": f"{day}T00:00:00", "end": f"{day + timedelta(days=1)}T00:00:00"},
        items=lambda response, part: _home(response["prices"], part),
    ),
}
"""By domain. Tibber's and OMIE's respond for their first config entry."""


class JoinedEntities(NamedTuple):
    """Entities of one platform that have parts of the same prices, by their unique ids.

    Those that match ``prices`` belong together if they have the same device and the same group ``part``, if there is
    one. Those that match ``away`` list when the supplier charges the vehicle itself.
    """

    prices: re.Pattern[str]
    away: re.Pattern[str] | None = None


JOINED: Mapping[str, JoinedEntities] = {
    # The forecast begins after the current price.
    "amberelectric": JoinedEntities(re.compile(r".+-(?:current|forecasts)-(?P<part>general|controlled_load)")),
    "octopus_energy": JoinedEntities(
        re.compile(r"octopus_energy_electricity_(?!.*_export_).+_(?:previous|current|next)_day_rates"),
        re.compile(r"octopus_energy_(?:.+_)?intelligent_dispatching"),
    ),
    "rce_pse": JoinedEntities(re.compile(r"rce_pse_(?:today|tomorrow)_price")),
}
"""By platform."""


async def async_find_price_sources(hass: HomeAssistant) -> list[PriceSource]:
    """Return the sources that are installed now, and the prices that the owner can enter."""
    return [
        *[source async for source in _action_sources(hass)],
        *[source async for source in _joined_sources(hass)],
        *_entity_sources(hass),
        *[PriceSource(kind, await async_text(hass, "price_source", kind)) for kind in (CONSTANT, TWO_TARIFF)],
    ]


async def async_known_choice(hass: HomeAssistant, sources: Iterable[PriceSource]) -> PriceChoice | None:
    """Return the price that the owner has entered into the energy dashboard, as one of ``sources`` or a constant.

    A price that has no future counts as constant. ``None`` if there is none.
    """
    match await async_grid_price_setting(hass):
        case str(entity_id):
            return _choice_of_entity(hass, entity_id, [each.id for each in sources])
        case None:
            return None
        case price:
            return PriceChoice(source=CONSTANT, price=price)


def joined_entities(hass: HomeAssistant, platform: str) -> dict[str, list[str]]:
    """Return the enabled entities of a platform that belong together, by the ids of their sources."""
    found = defaultdict[str, list[str]](list)
    for entry in er.async_get(hass).entities.values():
        match = JOINED[platform].prices.fullmatch(str(entry.unique_id)) if entry.platform == platform else None
        if match and not entry.disabled_by:
            part = match.groupdict().get("part", "")
            found[f"{platform}:{entry.device_id or entry.config_entry_id}:{part}"].append(entry.entity_id)
    return dict(found)


def away_entities(hass: HomeAssistant, platform: str) -> list[str]:
    """Return the entities of a platform that list when the supplier charges the vehicle itself."""
    pattern = JOINED[platform].away
    return [
        entry.entity_id
        for entry in er.async_get(hass).entities.values()
        if pattern and entry.platform == platform and pattern.fullmatch(str(entry.unique_id))
    ]


def listing_of(state: State) -> PriceListing:
    """Read the prices among the attributes of a state."""
    written = dt_util.as_local(state.last_reported).date()
    return read_attributes(state.attributes, dt_util.get_default_time_zone(), written)


def shown_price(hass: HomeAssistant, entity_id: str) -> float | None:
    """Return what a kWh costs now by the entity of a price, if it shows that."""
    state = hass.states.get(entity_id)
    return None if state is None else read_price(state.state, state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))


def action_currency(hass: HomeAssistant, action: PriceAction, entry: ConfigEntry) -> str | None:
    """Return the currency of an action's prices: its own, that of the config entry, or of one of its entities."""
    own = action.unit.currency or entry.data.get(CONF_CURRENCY)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    units = (read_unit(each.unit_of_measurement) for each in entities)
    return own if isinstance(own, str) else next((unit.currency for unit in units if unit and unit.currency), None)


async def _action_sources(hass: HomeAssistant) -> AsyncIterator[PriceSource]:
    for domain, action in ACTIONS.items():
        if hass.services.has_service(domain, action.name):
            for entry in hass.config_entries.async_loaded_entries(domain):
                for part in action.parts(hass, entry):
                    yield PriceSource(f"{domain}:{entry.entry_id}:{part}", await _async_label(hass, domain, "", part))


async def _joined_sources(hass: HomeAssistant) -> AsyncIterator[PriceSource]:
    devices = dr.async_get(hass)
    for platform in JOINED:
        for source in joined_entities(hass, platform):
            _, owner, part = source.split(":")
            device = devices.async_get(owner)
            name = device.name_by_user or device.name if device else None
            yield PriceSource(source, await _async_label(hass, platform, name, part))


def _entity_sources(hass: HomeAssistant) -> Iterator[PriceSource]:
    """Return the entities that list prices, but for those whose integration is a source of another kind."""
    registry = er.async_get(hass)
    known = {*JOINED, *(domain for domain, action in ACTIONS.items() if hass.services.has_service(domain, action.name))}
    for state in hass.states.async_all():
        entity = registry.async_get(state.entity_id)
        if not (entity and entity.platform in known) and len(listing_of(state).slots) > 1:
            yield PriceSource(f"{ENTITY}:{state.entity_id}", state.name)


async def _async_label(hass: HomeAssistant, domain: str, device: str | None, part: str) -> str:
    integration = (await async_get_integrations(hass, [domain]))[domain]
    name = integration.name if isinstance(integration, Integration) else domain
    details = [device, await async_text(hass, "price_source", part) if part in NAMED_PARTS else part]
    return ": ".join([name, *filter(None, details)])


def _choice_of_entity(hass: HomeAssistant, entity_id: str, sources: list[str]) -> PriceChoice | None:
    if f"{ENTITY}:{entity_id}" in sources:
        return PriceChoice(source=f"{ENTITY}:{entity_id}")
    if entity := er.async_get(hass).async_get(entity_id):
        owners = {entity.config_entry_id, entity.device_id}
        parts = {source: source.split(":", 2) for source in sources}
        found = [source for source, (_, *rest) in parts.items() if len(rest) == 2 and rest[0] in owners]
        if found:  # of the areas of Nord Pool, for example, the one in the unique id
            return PriceChoice(source=min(found, key=lambda source: parts[source][2] not in str(entity.unique_id)))
    price = shown_price(hass, entity_id)
    return None if price is None else PriceChoice(source=CONSTANT, price=price)
