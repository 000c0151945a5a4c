"""The charge plans of an account, which are subentries: what is wanted, where, at which prices, and what switches."""

from asyncio import timeout
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import ATTR_ENTITY_ID, WEEKDAYS, Platform
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import CONF_VEHICLE, SUBENTRY_CHARGE_PLAN
from ..engine.charge_wishes import ChargeWishes
from ..settings import EntryValues, Read
from ..vehicle import LONGEST_TITLE, Capability, VehicleInfo, alias, one_line
from .price_choice import CONSTANT, ENTITY, PriceChoice

_LOGGER = logging.getLogger(__name__)

CONF_BLOCK: Final = "block"
"""The shortest block, in minutes."""
CONF_CALENDAR: Final = "calendar"
CONF_CAPACITY: Final = "capacity"
CONF_CURRENT: Final = "current"
"""The number that sets the current in ampere."""
CONF_DAYS_WITHOUT: Final = "days_without"
CONF_ENERGY_SENSOR: Final = "energy_sensor"
CONF_FEED_IN: Final = "feed_in"
CONF_HIGHEST_PRICE: Final = "highest_price"
CONF_INVERTED: Final = "inverted"
CONF_MINIMUM: Final = "minimum"
CONF_OPTION_OFF: Final = "option_off"
CONF_OPTION_ON: Final = "option_on"
CONF_PHASES: Final = "phases"
CONF_PLACE: Final = "place"
"""The id of a zone, or the key of a geofence; without one the plan holds everywhere."""
CONF_POWER: Final = "power"
CONF_POWER_SENSOR: Final = "power_sensor"
CONF_READY_BY: Final = "ready_by"
CONF_READY_BY_DAYS: Final = "ready_by_days"
CONF_REFRESH: Final = "refresh"
CONF_SCRIPT_START: Final = "script_start"
CONF_SCRIPT_STOP: Final = "script_stop"
CONF_SOLAR: Final = "solar"
CONF_STARTS: Final = "starts"
CONF_SWITCH: Final = "switch"
CONF_SWITCHED_BY: Final = "switched_by"
CONF_TARGET: Final = "target"
CONF_WITH_LOCATION: Final = "with_location"

BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    CONF_BLOCK: (0, 240),
    CONF_CAPACITY: (5, 200),
    CONF_FEED_IN: (-1000, 1000),
    CONF_HIGHEST_PRICE: (-1000, 1000),
    CONF_MINIMUM: (0, 100),
    CONF_POWER: (1, 50),
    CONF_STARTS: (1, 10),
    CONF_TARGET: (10, 100),
}
"""What the numbers of a plan may be, both bounds included. Some currencies are small."""

_NO_PRICES = PriceChoice(source=CONSTANT)
"""Without a choice of prices none are known."""

_UNKNOWN_PLACE = ""
"""A place that cannot be read: nobody knows whether the vehicle is there."""

_LONGEST = 30
"""Seconds that a calendar may take."""


class SwitchedBy(StrEnum):
    """What switches the current."""

    VEHICLE = "vehicle"
    ENTITY = "entity"
    SCRIPTS = "scripts"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchChoice:
    """What switches the current, and what measures it.

    ``entity`` is a switch, an input_boolean or a select, whose ``options`` are those for on and off; ``inverted``: it
    is on when no current flows. ``scripts`` are those that start and stop. ``current`` is a number in ampere, set for
    ``phases``. ``power_sensor`` and ``energy_sensor`` show what flows into the vehicle.
    """

    by: SwitchedBy = SwitchedBy.VEHICLE
    entity: str | None = None
    options: tuple[str, str] | None = None
    inverted: bool = False
    scripts: tuple[str, str] | None = None
    current: str | None = None
    phases: int = 1
    power_sensor: str | None = None
    energy_sensor: str | None = None

    @property
    def outlet(self) -> tuple[object, ...]:
        """What it is that switches, whatever measures."""
        return self.by, self.entity, self.options, self.inverted, self.scripts

    @property
    def is_complete(self) -> bool:
        """Whether all is known that is needed to switch."""
        match self.by:
            case SwitchedBy.ENTITY:
                return self.entity is not None and (self.options is not None or not self.entity.startswith("select."))
            case SwitchedBy.SCRIPTS:
                return self.scripts is not None
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePlanSettings:
    """What a subentry holds. ``vehicle`` is an alias; ``calendar`` tells when it has to be done.

    ``place`` is where the plan holds, ``None`` everywhere. ``with_location``: only events with a location count.
    ``feed_in`` is the price that what the roof has to spare would bring, ``None`` if that is not to be considered.
    ``refresh``: the vehicle may be asked for its level while it charges. One that does not report by itself needs that
    to stop at its target.
    """

    key: str
    name: str
    vehicle: str | None
    wishes: ChargeWishes = ChargeWishes()
    place: str | None = None
    calendar: str | None = None
    with_location: bool = False
    price: PriceChoice = _NO_PRICES
    switch: SwitchChoice = SwitchChoice()
    feed_in: float | None = None
    refresh: bool = False

    @property
    def departs(self) -> tuple[object, ...]:
        """What tells by when it has to be done."""
        return self.wishes.ready_by, self.wishes.ready_by_days, self.calendar, self.with_location

    def can_stop(self, vehicle: VehicleInfo) -> bool:
        """Whether a charge can be stopped: some vehicles only start, and nothing else switches them."""
        return self.switch.by is not SwitchedBy.VEHICLE or Capability.STOP_CHARGING in vehicle.capabilities


def read_charge_plans(entry: ConfigEntry) -> list[ChargePlanSettings]:
    """Return what all charge plans of an account hold."""
    return [read_charge_plan(subentry).value for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_PLAN)]


def charge_plans_of(entry: ConfigEntry, vehicle: VehicleInfo) -> tuple[ChargePlanSettings, ...]:
    """Return the charge plans of a vehicle, those for a place first."""
    plans = [plan for plan in read_charge_plans(entry) if plan.vehicle == alias(vehicle.key)]
    return tuple(sorted(plans, key=lambda plan: plan.place is None))


def read_charge_plan(subentry: ConfigSubentry) -> Read[ChargePlanSettings]:
    """Read what a charge plan subentry holds; what is missing or cannot be read has its default."""
    return plan_from(subentry.data, key=subentry.subentry_id.lower(), title=str(subentry.title))


def plan_from(data: Mapping[str, Any], *, key: str = "", title: str = "") -> Read[ChargePlanSettings]:
    """Read the data of a plan, which may not have been saved yet."""
    values = EntryValues(data)
    place = values.text(CONF_PLACE)
    plan = ChargePlanSettings(
        key=key,
        name=one_line(title, LONGEST_TITLE) or "?",
        vehicle=values.text(CONF_VEHICLE),
        wishes=_wishes(values),
        place=_UNKNOWN_PLACE if CONF_PLACE in values.odd else place,
        calendar=values.text(CONF_CALENDAR),
        with_location=values.flag(CONF_WITH_LOCATION),
        price=PriceChoice.of(values) or _NO_PRICES,
        switch=_switch(values),
        refresh=values.flag(CONF_REFRESH),
        feed_in=values.number(CONF_FEED_IN, None, BOUNDS[CONF_FEED_IN]) if values.flag(CONF_SOLAR) else None,
    )
    return Read(plan, values.odd)


def _wishes(values: EntryValues) -> ChargeWishes:
    def number[T](name: str, default: T) -> float | T:
        return values.number(name, default, BOUNDS[name])

    own = EntryValues(values.mapping(CONF_READY_BY_DAYS))
    times: dict[int, time | None] = {
        day: at for day, name in enumerate(WEEKDAYS) if (at := own.time_of_day(name)) is not None
    }
    without = values.texts(CONF_DAYS_WITHOUT)
    times |= {day: None for day, name in enumerate(WEEKDAYS) if name in without}
    starts, default = number(CONF_STARTS, None), ChargeWishes()
    return ChargeWishes(
        target=number(CONF_TARGET, default.target),
        minimum=number(CONF_MINIMUM, default.minimum),
        ready_by=values.time_of_day(CONF_READY_BY),
        ready_by_days=times,
        power=number(CONF_POWER, default.power),
        capacity=number(CONF_CAPACITY, None),
        highest_price=number(CONF_HIGHEST_PRICE, None),
        starts=None if starts is None else int(starts),
        shortest=timedelta(minutes=number(CONF_BLOCK, 0.0)),
    )


def _switch(values: EntryValues) -> SwitchChoice:
    def pair(first: str, second: str) -> tuple[str, str] | None:
        names = values.text(first), values.text(second)
        return (names[0], names[1]) if names[0] and names[1] else None

    by = SwitchedBy(values.choice(CONF_SWITCHED_BY, [*SwitchedBy]) or SwitchedBy.VEHICLE)
    entity, inverted = values.text(CONF_SWITCH), values.flag(CONF_INVERTED)
    options, scripts = pair(CONF_OPTION_ON, CONF_OPTION_OFF), pair(CONF_SCRIPT_START, CONF_SCRIPT_STOP)
    if not values.odd.isdisjoint({CONF_SWITCHED_BY, CONF_INVERTED}):
        by, entity = SwitchedBy.ENTITY, None  # better none than what may be another
    if by is not SwitchedBy.ENTITY:
        entity = None
    is_select = entity is not None and entity.startswith("select.")
    return SwitchChoice(
        by=by,
        entity=entity,
        options=options if is_select else None,
        inverted=inverted and not is_select,
        scripts=scripts,
        current=values.text(CONF_CURRENT),
        phases=int(values.number(CONF_PHASES, 1, (1, 3))),
        power_sensor=values.text(CONF_POWER_SENSOR),
        energy_sensor=values.text(CONF_ENERGY_SENSOR),
    )


@callback
def async_change_plan(hass: HomeAssistant, entry: ConfigEntry, key: str, **changes: Any) -> None:
    """Change some of the values of a plan; the owner did so with an entity."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_PLAN):
        if subentry.subentry_id.lower() == key:
            hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **changes})


@callback
def async_follow_renames(hass: HomeAssistant, entry: ConfigEntry) -> CALLBACK_TYPE:
    """Keep the plans to the entities that were chosen when these get other ids; the result ends that."""

    @callback
    def renamed(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] != "update" or (old := event.data.get("old_entity_id")) is None:
            return
        new = event.data["entity_id"]
        changed = {old: new, f"{ENTITY}:{old}": f"{ENTITY}:{new}"}
        for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGE_PLAN):
            texts = {name: value for name, value in subentry.data.items() if isinstance(value, str)}
            data = {**subentry.data, **{name: changed.get(value, value) for name, value in texts.items()}}
            hass.config_entries.async_update_subentry(entry, subentry, data=data)

    return hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, renamed)


async def async_departures(hass: HomeAssistant, plan: ChargePlanSettings) -> tuple[datetime, ...]:
    """Return when the events of the plan's calendar begin, without those of whole days; none if it has no calendar.

    A calendar that fails counts as empty: the times of the week are left.
    """
    if plan.calendar is None:
        return ()
    query = {ATTR_ENTITY_ID: plan.calendar, "duration": {"days": 8}}
    try:
        async with timeout(_LONGEST):
            response = await hass.services.async_call(
                Platform.CALENDAR, "get_events", query, blocking=True, return_response=True
            )
    except Exception as err:  # noqa: BLE001 - whatever a calendar of another integration raises
        _LOGGER.debug("the calendar fails: %s", type(err).__name__)
        return ()
    found: Any = (response or {}).get(plan.calendar)
    events = found.get("events", ()) if isinstance(found, Mapping) else ()
    starts = [event.get("start") for event in events if not plan.with_location or event.get("location")]
    times = [dt_util.parse_datetime(start) for start in starts if isinstance(start, str) and "T" in start]
    return tuple(sorted(dt_util.as_utc(at) for at in times if at is not None))
