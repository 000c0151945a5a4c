"""Calendar: the times in which a vehicle has charged and will charge during this stay at the plug."""

from collections.abc import Iterator
from datetime import datetime
from typing import override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .account import NissanConfigEntry
from .charge_entity import DecidedEntity, async_add_charge_entities
from .const import DOMAIN
from .engine.charge_plan import Block

PARALLEL_UPDATES = 0

CALENDARS = (CalendarEntityDescription(key="charging"),)


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the calendar of each vehicle that has a charge plan."""
    await async_add_charge_entities(entry, async_add_entities, CALENDARS, ChargeCalendar)


class ChargeCalendar(DecidedEntity, CalendarEntity):
    """One event for each block. The base class has the state change with them, and tells the calendars that show it."""

    entity_description: CalendarEntityDescription

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """The block of now, or else the next."""
        now = dt_util.utcnow()
        return next((event for event in self._events() if event.end_datetime_local > now), None)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        return [
            event
            for event in self._events()
            if event.start_datetime_local < end_date and event.end_datetime_local > start_date
        ]

    def _events(self) -> Iterator[CalendarEvent]:
        if (display := self.display) is not None:
            for block in display.blocks:
                summary = self._summary(block, display.currency)
                yield CalendarEvent(start=block.start, end=block.end, summary=summary)

    def _summary(self, block: Block, currency: str) -> str:
        """Return what the block takes and costs, in the language of Home Assistant."""
        texts = async_get_cached_translations(self.hass, self.hass.config.language, "selector", DOMAIN)
        name = "block" if block.cost is None else "block_with_cost"
        text = texts.get(f"component.{DOMAIN}.selector.charge_plan.options.{name}", "[energy] kWh")
        cost = f"{block.cost:.2f} {currency}" if block.cost is not None else ""
        return text.replace("[energy]", f"{block.energy:.1f}").replace("[cost]", cost)
