"""Calendars: the times in which a vehicle charges by its plan, and what it has driven and charged."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.const import PERCENTAGE, UnitOfEnergy, UnitOfLength
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .account import NissanConfigEntry
from .book_entity import BookEntity
from .charge_entity import DecidedEntity, async_add_charge_entities
from .const import DOMAIN
from .engine.book_entries import Charge, Trip
from .engine.charge_plan import Block
from .entity import VehicleDescription, async_add_vehicle_entities
from .texts import async_text

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class TripCalendarDescription(CalendarEntityDescription, VehicleDescription):
    """The calendar of what a vehicle has driven and charged."""


CALENDARS = (TripCalendarDescription(key="trips", entity_registry_enabled_default=False),)
CHARGE_CALENDARS = (CalendarEntityDescription(key="charging"),)

_MOMENT = timedelta(minutes=1)
"""The shortest that an event may be; what a source has reported in one piece may seem to have taken no time."""

_WHOLE_HOUR = timedelta(hours=1)
"""What goes on is shown to the end of this hour, and then of the next, because nobody knows when it will end."""


async def async_setup_entry(
    hass: HomeAssistant, entry: NissanConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the calendars of each vehicle, that of charging if it has a charge plan."""
    await async_add_vehicle_entities(entry, async_add_entities, CALENDARS, TripCalendar)
    await async_add_charge_entities(entry, async_add_entities, CHARGE_CALENDARS, ChargeCalendar)


class TripCalendar(BookEntity, CalendarEntity):
    """One event for each trip and each charge. The state is on during one, as far as reports tell that."""

    entity_description: TripCalendarDescription

    @property
    @override
    def available(self) -> bool:
        """Also while the vehicle cannot be reached: what has been stays."""
        return self.runtime.book.display is not None

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self._names = {kind: await async_text(self.hass, "trip_calendar", kind) for kind in ("trip", "charge")}
        self._decimal = await async_text(self.hass, "charge_preview", "decimal")

    @override
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Nothing depends on the id, as in the base class."""
        super().async_entity_id_changed(old_entity_id)

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """What goes on. It is named without its numbers, which change with each report."""
        if (entry := self.runtime.book.going_on) is None:
            return None
        end = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) + _WHOLE_HOUR
        return CalendarEvent(
            start=entry.start, end=max(end, _end(entry)), summary=self._name(entry), location=self._location(entry)
        )

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        trips, charges = await self.runtime.book.async_all_entries()
        found: list[Trip | Charge] = sorted([*trips, *charges], key=lambda entry: entry.start)
        return [self._past(entry) for entry in found if entry.start < end_date and _end(entry) > start_date]

    def _past(self, entry: Trip | Charge) -> CalendarEvent:
        amount, details = self._amount(entry), [*_levels(entry), *self._money(entry)]
        return CalendarEvent(
            start=dt_util.as_local(entry.start),
            end=dt_util.as_local(_end(entry)),
            summary=", ".join([self._name(entry), *amount[:1]]),
            description=", ".join([*amount[1:], *details]),
            location=self._location(entry),
        )

    def _name(self, entry: Trip | Charge) -> str:
        return self._names["trip" if isinstance(entry, Trip) else "charge"]

    def _amount(self, entry: Trip | Charge) -> list[str]:
        """Return what an entry comes to as far as it is known, the most important first."""
        energy = [] if entry.energy is None else [f"{self._number(entry.energy, 1)} {UnitOfEnergy.KILO_WATT_HOUR}"]
        if isinstance(entry, Charge):
            return energy
        units = self.hass.config.units
        distance = units.length(entry.distance, UnitOfLength.KILOMETERS)
        return [f"{self._number(distance, 1)} {units.length_unit}", *energy]

    def _money(self, entry: Trip | Charge) -> list[str]:
        currency = entry.currency or self.hass.config.currency
        return [] if entry.cost is None else [f"{self._number(entry.cost, 2)} {currency}"]

    def _number(self, number: float, digits: int) -> str:
        return f"{number:z.{digits}f}".replace(".", self._decimal)

    def _location(self, entry: Trip | Charge) -> str | None:
        return self.runtime.book.places.async_shown(entry.destination if isinstance(entry, Trip) else entry.place)


def _end(entry: Trip | Charge) -> datetime:
    return max(entry.end, entry.start + _MOMENT)


def _levels(entry: Trip | Charge) -> list[str]:
    if entry.level_from is None or entry.level_to is None:
        return []
    return [f"{entry.level_from:.0f} → {entry.level_to:.0f} {PERCENTAGE}"]


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
        decimal = texts.get(f"component.{DOMAIN}.selector.charge_preview.options.decimal", ".")
        cost = f"{block.cost:.2f} {currency}" if block.cost is not None else ""
        values = {"[energy]": f"{block.energy:.1f}", "[cost]": cost}
        for name, value in values.items():
            text = text.replace(name, value.replace(".", decimal))
        return text
