"""The forms of a charge plan. Their fields together are one flat mapping, which becomes the data of the subentry."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import CONF_NAME, PERCENTAGE, WEEKDAYS, UnitOfEnergy, UnitOfPower, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TimeSelector,
)
import probatio

from ..charging.plans import (
    BOUNDS,
    CONF_BLOCK,
    CONF_CALENDAR,
    CONF_CAPACITY,
    CONF_CURRENT,
    CONF_DAYS_WITHOUT,
    CONF_ENERGY_SENSOR,
    CONF_FEED_IN,
    CONF_HIGHEST_PRICE,
    CONF_INVERTED,
    CONF_MINIMUM,
    CONF_OPTION_OFF,
    CONF_OPTION_ON,
    CONF_PHASES,
    CONF_PLACE,
    CONF_POWER,
    CONF_POWER_SENSOR,
    CONF_READY_BY,
    CONF_READY_BY_DAYS,
    CONF_REFRESH,
    CONF_SCRIPT_START,
    CONF_SCRIPT_STOP,
    CONF_SOLAR,
    CONF_STARTS,
    CONF_SWITCH,
    CONF_SWITCHED_BY,
    CONF_TARGET,
    CONF_WITH_LOCATION,
    SwitchedBy,
    plan_from,
)
from ..charging.price_choice import (
    CONF_LOW_DAYS,
    CONF_LOW_FROM,
    CONF_LOW_PRICE,
    CONF_LOW_UNTIL,
    CONF_PRICE,
    CONF_PRICE_FACTOR,
    CONF_PRICE_SOURCE,
    CONF_PRICE_SURCHARGE,
    CONSTANT,
    TWO_TARIFF,
)
from ..const import CONF_VEHICLE
from ..engine.charge_wishes import ChargeWishes

type Fields = dict[probatio.Marker, Any]
"""The fields of a form, of which some can be sections with fields of their own."""

ANYWHERE: Final = "anywhere"
MARKET: Final = "market"
"""The kind of prices that Home Assistant knows by itself."""

METER: Final = "meter"
_DAYS, _LIMITS = "days", "limits"
_SECTIONS = (_DAYS, _LIMITS, METER)

_SWITCH_FIELDS: Mapping[SwitchedBy, frozenset[str]] = {
    SwitchedBy.VEHICLE: frozenset(),
    SwitchedBy.ENTITY: frozenset(
        {CONF_SWITCH, CONF_INVERTED, CONF_OPTION_ON, CONF_OPTION_OFF, CONF_CURRENT, CONF_PHASES}
    ),
    SwitchedBy.SCRIPTS: frozenset({CONF_SCRIPT_START, CONF_SCRIPT_STOP, CONF_CURRENT, CONF_PHASES}),
}
_PRICE_FIELDS: Mapping[str, frozenset[str]] = {
    MARKET: frozenset({CONF_PRICE_FACTOR, CONF_PRICE_SURCHARGE}),
    CONSTANT: frozenset({CONF_PRICE}),
    TWO_TARIFF: frozenset({CONF_PRICE, CONF_LOW_PRICE, CONF_LOW_FROM, CONF_LOW_UNTIL, CONF_LOW_DAYS}),
}
"""The fields that only one way of switching, and only one kind of prices, has."""


def price_kind(source: str) -> str:
    """Return of which kind a source of prices is."""
    return source if source in _PRICE_FIELDS else MARKET


# From a subentry to the fields, and back


def opened(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a subentry holds as the fields of the forms, without what is odd."""
    fields = {name: value for name, value in plan_from(data).without_odd(data).items() if value is not None}
    days = fields.pop(CONF_READY_BY_DAYS, {})
    return {CONF_PLACE: ANYWHERE, **fields, **{day: at for day, at in days.items() if day in WEEKDAYS}}


def closed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the forms as the data of a subentry, without those that nothing needs."""
    used = _SWITCH_FIELDS[SwitchedBy(fields[CONF_SWITCHED_BY])] | _PRICE_FIELDS[price_kind(fields[CONF_PRICE_SOURCE])]
    some = frozenset().union(*_SWITCH_FIELDS.values(), *_PRICE_FIELDS.values())
    data = {name: value for name, value in fields.items() if name in used or name not in some}
    data.pop(CONF_NAME, None)
    if data[CONF_PLACE] == ANYWHERE:
        del data[CONF_PLACE]
    data[CONF_READY_BY_DAYS] = {day: data.pop(day) for day in WEEKDAYS if day in data}
    return data


def entered(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered without the sections in which it was."""
    flat = {name: value for name, value in user_input.items() if name not in _SECTIONS}
    for name in _SECTIONS:
        flat |= user_input.get(name, {})
    return flat


def names(fields: Fields) -> frozenset[str]:
    """Return the names of all fields."""
    return frozenset(name for name, _ in _all(fields))


def suggestions(hass: HomeAssistant, fields: Fields, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the fields and what they would accept, as Home Assistant fills in forms."""
    flat = {name: known[name] for name, kind in _all(fields) if name in known and _fits(hass, kind, known[name])}
    return flat | dict.fromkeys(_SECTIONS, flat)


def _all(fields: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for marker, kind in fields.items():
        if isinstance(kind, section):
            yield from _all(kind.schema.schema)
        else:
            yield str(marker), kind


def _fits(hass: HomeAssistant, kind: Any, value: Any) -> bool:
    """Return whether a field accepts a value; entities have to exist."""
    with suppress(probatio.Invalid):
        kind(value)
        return not isinstance(kind, EntitySelector) or hass.states.get(value) is not None
    return False


# The forms


def wishes_form(vehicles: SelectSelector | None, places: Sequence[SelectOptionDict]) -> Fields:
    """Return what is wanted: the vehicle if there is a choice, levels, times and the place."""
    default = ChargeWishes()
    weekdays = SelectSelectorConfig(options=[*WEEKDAYS], multiple=True, translation_key="weekday")
    days: Fields = {
        **{probatio.Optional(day): TimeSelector() for day in WEEKDAYS},
        probatio.Optional(CONF_DAYS_WITHOUT, default=[]): SelectSelector(weekdays),
        probatio.Optional(CONF_CALENDAR): EntitySelector(EntitySelectorConfig(domain="calendar")),
        probatio.Optional(CONF_WITH_LOCATION, default=False): BooleanSelector(),
    }
    place = SelectSelectorConfig(options=list(places), mode=SelectSelectorMode.DROPDOWN)
    return {
        **({} if vehicles is None else {probatio.Required(CONF_VEHICLE): vehicles}),
        probatio.Required(CONF_NAME): TextSelector(),
        probatio.Required(CONF_TARGET, default=default.target): _number(CONF_TARGET, PERCENTAGE, slider=True),
        probatio.Required(CONF_MINIMUM, default=default.minimum): _number(CONF_MINIMUM, PERCENTAGE, slider=True),
        probatio.Optional(CONF_READY_BY): TimeSelector(),
        probatio.Required(CONF_PLACE, default=ANYWHERE): SelectSelector(place),
        probatio.Required(_DAYS): _section(days),
    }


def switched_by_form(ways: Sequence[SwitchedBy]) -> Fields:
    """Return the choice of what switches the current."""
    config = SelectSelectorConfig(options=list(ways), translation_key=CONF_SWITCHED_BY, mode=SelectSelectorMode.LIST)
    return {probatio.Required(CONF_SWITCHED_BY, default=ways[0]): SelectSelector(config)}


def switch_form(way: SwitchedBy, *, power: float, phases: int, can_refresh: bool, own: Sequence[str]) -> Fields:
    """Return the fields of one way to switch.

    ``power`` is what the vehicle probably charges with, ``phases`` the most that it can use. ``own`` are the entities
    of this integration, which switch none.
    """
    meter: Fields = {
        probatio.Optional(CONF_POWER_SENSOR): _sensor(SensorDeviceClass.POWER),
        probatio.Optional(CONF_ENERGY_SENSOR): _sensor(SensorDeviceClass.ENERGY),
    }
    if can_refresh:
        meter[probatio.Optional(CONF_REFRESH, default=False)] = BooleanSelector()
    if way is not SwitchedBy.VEHICLE:
        number = EntitySelectorConfig(domain="number", exclude_entities=list(own))
        meter[probatio.Optional(CONF_CURRENT)] = EntitySelector(number)
        if phases > 1:
            config = NumberSelectorConfig(min=1, max=phases, step=1, mode=NumberSelectorMode.SLIDER)
            meter[probatio.Optional(CONF_PHASES, default=phases)] = NumberSelector(config)
    script = EntitySelector(EntitySelectorConfig(domain="script"))
    switch = EntitySelectorConfig(domain=["switch", "input_boolean", "select"], exclude_entities=list(own))
    specific: Mapping[SwitchedBy, Fields] = {
        SwitchedBy.VEHICLE: {},
        SwitchedBy.ENTITY: {
            probatio.Required(CONF_SWITCH): EntitySelector(switch),
            probatio.Optional(CONF_INVERTED, default=False): BooleanSelector(),
        },
        SwitchedBy.SCRIPTS: {
            probatio.Required(CONF_SCRIPT_START): script,
            probatio.Required(CONF_SCRIPT_STOP): script,
        },
    }
    return {
        **specific[way],
        probatio.Required(CONF_POWER, default=power): _number(CONF_POWER, UnitOfPower.KILO_WATT, step=0.1),
        probatio.Optional(CONF_CAPACITY): _number(CONF_CAPACITY, UnitOfEnergy.KILO_WATT_HOUR, step=0.1),
        probatio.Required(METER): _section(meter),
    }


def options_form(options: Sequence[str]) -> Fields:
    """Return the choice of which options of a select let current flow and stop it.

    They are optional and checked by hand: the browser would preselect the first option in a required field.
    """
    choice = SelectSelector(SelectSelectorConfig(options=list(options), mode=SelectSelectorMode.DROPDOWN))
    return {probatio.Optional(CONF_OPTION_ON): choice, probatio.Optional(CONF_OPTION_OFF): choice}


def prices_form(sources: Sequence[SelectOptionDict]) -> Fields:
    """Return the choice of the source of the prices."""
    config = SelectSelectorConfig(options=list(sources), mode=SelectSelectorMode.DROPDOWN)
    return {probatio.Required(CONF_PRICE_SOURCE, default=sources[0]["value"]): SelectSelector(config)}


def price_form(kind: str, currency: str) -> Fields:
    """Return the fields of one kind of prices, and the limits. Prices are checked by hand: one may be 0, or missing."""
    unit = f"{currency}/{UnitOfEnergy.KILO_WATT_HOUR}"
    price = _number(CONF_HIGHEST_PRICE, unit, step="any")
    factor = NumberSelector(NumberSelectorConfig(min=0.001, max=100, step="any", mode=NumberSelectorMode.BOX))
    weekdays = SelectSelectorConfig(options=[*WEEKDAYS], multiple=True, translation_key="weekday")
    specific: Mapping[str, Fields] = {
        MARKET: {
            probatio.Optional(CONF_PRICE_FACTOR, default=1.0): factor,
            probatio.Optional(CONF_PRICE_SURCHARGE, default=0.0): price,
        },
        CONSTANT: {probatio.Optional(CONF_PRICE): price},
        TWO_TARIFF: {
            probatio.Optional(CONF_PRICE): price,
            probatio.Optional(CONF_LOW_PRICE): price,
            probatio.Optional(CONF_LOW_FROM): TimeSelector(),
            probatio.Optional(CONF_LOW_UNTIL): TimeSelector(),
            probatio.Optional(CONF_LOW_DAYS, default=[]): SelectSelector(weekdays),
        },
    }
    limits: Fields = {
        probatio.Optional(CONF_HIGHEST_PRICE): _number(CONF_HIGHEST_PRICE, unit, step="any"),
        probatio.Optional(CONF_STARTS): _number(CONF_STARTS, None),
        probatio.Optional(CONF_BLOCK): _number(CONF_BLOCK, UnitOfTime.MINUTES),
        probatio.Optional(CONF_SOLAR, default=False): BooleanSelector(),
        probatio.Optional(CONF_FEED_IN): _number(CONF_FEED_IN, unit, step="any"),
    }
    return {**specific[kind], probatio.Required(_LIMITS): _section(limits)}


def _section(fields: Fields) -> section:
    return section(probatio.Schema(fields), {"collapsed": True})


def _number(name: str, unit: str | None, *, step: Any = 1, slider: bool = False) -> NumberSelector:
    low, high = BOUNDS[name]
    mode = NumberSelectorMode.SLIDER if slider else NumberSelectorMode.BOX
    config = NumberSelectorConfig(min=low, max=high, step=step, mode=mode)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


def _sensor(device_class: SensorDeviceClass) -> EntitySelector:
    return EntitySelector(EntitySelectorConfig(domain="sensor", device_class=device_class))
