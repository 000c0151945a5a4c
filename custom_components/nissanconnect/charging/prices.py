"""The prices of a plan: read from the source that the owner chose, and kept while that source fails."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
import logging
from typing import NamedTuple
from zoneinfo import ZoneInfo

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..engine.charge_plan import Period, PriceSlot
from .price_choice import CONSTANT, ENTITY, TWO_TARIFF, PriceChoice
from .price_shapes import PriceListing, join_slots, read_lists, read_periods
from .price_sources import (
    ACTIONS,
    JOINED,
    PriceAction,
    action_currency,
    away_entities,
    joined_entities,
    listing_of,
)

_LOGGER = logging.getLogger(__name__)

_MARKET = ZoneInfo("Europe/Brussels")
"""The days of Europe's market are those of Central Europe, in every area."""
_PUBLISHED = time(12, 45)
"""When the prices of the next day can be there."""
_TIMEOUT = 30.0
"""Seconds that an action may take."""
_MOST_SLOTS = 1000
"""Of five minutes they are three days, of a quarter ten. To plan with more could take minutes."""
_SOON = timedelta(minutes=5)
_LATER = timedelta(hours=1)

_DISPATCHES = ("planned_dispatches", "started_dispatches")
"""Octopus Energy's lists of when it charges the vehicle itself."""


class PriceFault(StrEnum):
    """What is wrong with a source of prices."""

    SOURCE_GONE = "source_gone"
    """What the owner chose is not installed any more."""
    FAILED = "failed"
    NO_FUTURE = "no_future"
    """It knows no prices of the time to come."""
    OLD = "old"
    """All that it knows is about the past."""
    WRONG_CURRENCY = "wrong_currency"
    """Its prices are in another currency than Home Assistant's, and are given as they are."""


class PriceList(NamedTuple):
    """The prices that are known: of now and later, in ``currency`` per kWh, as the owner pays them.

    ``away`` is when the supplier charges the vehicle itself. With a ``fault`` other than the wrong currency the slots
    are those that were known before.
    """

    slots: tuple[PriceSlot, ...]
    currency: str
    away: tuple[Period, ...]
    fault: PriceFault | None
    read_at: datetime


class _NoPrices(Exception):
    """The source gives no prices."""

    def __init__(self, fault: PriceFault) -> None:
        self.fault = fault


class Prices:
    """The prices of one plan."""

    def __init__(self, hass: HomeAssistant, choice: PriceChoice) -> None:
        self._hass = hass
        self._choice = choice
        self._kind, _, self._rest = choice.source.partition(":")
        self._known = PriceListing()
        self._is_failing = False

    async def async_read(self, until: datetime, since: datetime | None = None) -> PriceList:
        """Return the prices from now on: those that the owner entered until then, others as far as they are known.

        Those ``since`` a time before are among them as far as the source still tells.
        It asks the source, which takes 30 seconds for a day at most. It raises nothing: if the source fails, the
        prices that were known before are kept, and the fault says so.
        """
        now, fault, before = dt_util.utcnow(), None, self._known
        since = since or now
        try:
            read = await self._async_listing(now, since, until)
        except _NoPrices as err:
            read, fault = before, err.fault
        else:
            if not any(slot.end > now for slot in read.slots):
                read, fault = before, PriceFault.OLD if read.slots else PriceFault.NO_FUTURE
            elif self._is_day_ahead and read.currency == before.currency:
                # What a market has published stays as it is, even if it cannot be had for a while.
                read = read._replace(slots=join_slots([*before.slots, *read.slots]))
        self._is_failing = fault is not None
        self._known = read._replace(slots=tuple(slot for slot in read.slots if slot.end > since)[:_MOST_SLOTS])
        currency = read.currency or self._hass.config.currency
        if fault is None and currency != self._hass.config.currency:
            fault = PriceFault.WRONG_CURRENCY
        return PriceList(
            slots=tuple(slot._replace(price=self._choice.cost(slot.price)) for slot in self._known.slots),
            currency=currency,
            away=tuple(period for period in self._away() if period.end > now),
            fault=fault,
            read_at=now,
        )

    @callback
    def async_track(self, on_change: Callable[[], None]) -> CALLBACK_TYPE:
        """Call ``on_change`` whenever there may be other prices; the result ends that."""
        if self._kind in ACTIONS:

            @callback
            def entry_changed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
                if self._rest.startswith(f"{entry.entry_id}:") and entry.state is ConfigEntryState.LOADED:
                    on_change()

            return async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed)

        @callback
        def state_changed(event: Event[EventStateChangedData]) -> None:
            on_change()

        entity_ids = [*self._entity_ids(), *self._away_ids()]
        return async_track_state_change_event(self._hass, entity_ids, state_changed)

    def next_read(self, now: datetime, known_until: datetime | None) -> datetime:
        """Return when to read again, if nothing changes before; ``known_until`` is the end of the last slot."""
        if self._kind not in ACTIONS:
            return now + _LATER
        if self._is_failing or not self._is_day_ahead or known_until is None or known_until <= now:
            return now + _SOON
        last_day = (known_until - timedelta(seconds=1)).astimezone(_MARKET).date()
        return max(datetime.combine(last_day, _PUBLISHED, _MARKET), now + _SOON)

    @property
    def _is_day_ahead(self) -> bool:
        return self._kind in ACTIONS and ACTIONS[self._kind].day_ahead

    async def _async_listing(self, now: datetime, since: datetime, until: datetime) -> PriceListing:
        if self._kind in ACTIONS:
            return await self._async_ask(now)
        if self._kind in {CONSTANT, TWO_TARIFF}:
            return PriceListing(self._choice.slots(since, until, dt_util.get_default_time_zone()))
        states = [state for entity_id in self._entity_ids() if (state := self._hass.states.get(entity_id))]
        if not states:
            raise _NoPrices(PriceFault.SOURCE_GONE)
        listings = [listing_of(state) for state in states if state.state != STATE_UNAVAILABLE]
        if not listings:
            raise _NoPrices(PriceFault.FAILED)
        slots = join_slots(slot for listing in listings for slot in listing.slots)
        return PriceListing(slots, next((each.currency for each in listings if each.currency), None))

    async def _async_ask(self, now: datetime) -> PriceListing:
        """Ask the action, for tomorrow as well once that can be known."""
        action = ACTIONS[self._kind]
        entry_id, _, part = self._rest.partition(":")
        entry = self._hass.config_entries.async_get_entry(entry_id)
        if entry is None:
            raise _NoPrices(PriceFault.SOURCE_GONE)
        local, lists = now.astimezone(_MARKET), list[object]()
        days = [local.date()]
        if action.day_ahead and local.time() >= _PUBLISHED:
            days.append(local.date() + timedelta(days=1))
        for day in days:
            try:
                lists.append(await self._async_call(action, entry, part, day))
            except Exception as err:  # noqa: BLE001 - whatever an action of another integration raises
                _LOGGER.debug("%s.%s fails for %s: %s", self._kind, action.name, day, type(err).__name__)
                if not lists:
                    raise _NoPrices(PriceFault.FAILED) from None
        unit = action.unit._replace(currency=action_currency(self._hass, action, entry))
        return read_lists(lists, unit, dt_util.get_default_time_zone())

    async def _async_call(self, action: PriceAction, entry: ConfigEntry, part: str, day: date) -> object:
        async with asyncio.timeout(_TIMEOUT):
            response = await self._hass.services.async_call(
                self._kind, action.name, action.fields(entry, part, day), blocking=True, return_response=True
            )
        return action.items(response, part)

    def _away(self) -> tuple[Period, ...]:
        states = [state for entity_id in self._away_ids() if (state := self._hass.states.get(entity_id))]
        zone = dt_util.get_default_time_zone()
        return tuple(
            period
            for state in states
            for name in _DISPATCHES
            for period in read_periods(state.attributes.get(name), zone)
        )

    def _entity_ids(self) -> list[str]:
        if self._kind == ENTITY:
            return [self._rest]
        return joined_entities(self._hass, self._kind).get(self._choice.source, []) if self._kind in JOINED else []

    def _away_ids(self) -> list[str]:
        return away_entities(self._hass, self._kind) if self._kind in JOINED else []
