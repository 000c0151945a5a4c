"""Keeps the book of one vehicle: notes what it reports, and finds the entries again when there is news."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, callback
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.util import dt as dt_util

from ..alerts import VehicleAlerts
from ..battery_health import BatteryHealth
from ..charging.control import ChargeControl
from ..const import DOMAIN
from ..coordinator import VehicleCoordinator
from ..engine.book import Book, Sums, sums_of
from ..engine.book_entries import Charge, Trip
from ..engine.book_readings import CELL, Quantity, Reading, Regained
from ..engine.capacity import samples_of
from ..engine.charge_finder import Assumptions
from ..engine.charge_physics import ac_power, typical_consumption
from ..engine.consumption import ConsumptionModel
from ..engine.entry_finder import Entries
from ..engine.reading_set import Readings
from ..vehicle import TripRecord, VehicleState, spread
from .display import BookDisplay, added, risen, sums_by_day
from .files import SELDOM, BookFiles, OpenBook, StatisticsMemory, merged
from .notes import BookNotes
from .places import Places
from .tariffs import Tariffs

_SOON, _LATER = 30.0, 300.0
"""Seconds after which the entries are found again: what moves comes often, and what is only measured even more so."""

_MOVING = frozenset({Quantity.ODOMETER, Quantity.PLUGGED_IN, Quantity.CHARGING})

_SURROUNDINGS = frozenset({Quantity.PRICE, Quantity.SOLAR})
"""They change all day, and count only where the vehicle reports a charge."""

_STILL = timedelta(minutes=10)
"""What has not gone on for so long is over."""

_POWER = 3.6
"""kW that a vehicle of an unknown model charges with."""

_OTHER, _DAILY = 0.15, 0.2
"""By which part another capacity is believed at once, and which part of a smaller difference is followed in a day."""

_SETTLE_EVERY = timedelta(hours=1)

_KEPT_DAYS = timedelta(days=62)


class VehicleBook:
    """The book of one vehicle.

    ``entries`` are those that are not settled, ``over`` those of them that do not go on, and ``going_on`` is the one
    that does. ``display``, and the ``consumption`` that its trips have taught, are ``None`` until the book is read.
    """

    def __init__(
        self, coordinator: VehicleCoordinator, charge: ChargeControl, alerts: VehicleAlerts, battery: BatteryHealth
    ) -> None:
        """Nothing is noted before :meth:`async_start`."""
        self.entries = Entries()
        self.over = Entries()
        self.going_on: Trip | Charge | None = None
        self.display: BookDisplay | None = None
        self.statistics = StatisticsMemory()
        self.consumption: ConsumptionModel | None = None
        self.files = BookFiles(coordinator.hass, coordinator.config_entry.entry_id, coordinator.info.key)
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._charge = charge
        self.book = Book()
        self._battery = battery
        self._days: dict[date, Sums] = {}
        self._regained: tuple[Regained, ...] = ()
        self._records: tuple[TripRecord, ...] = ()
        self._learnt = ConsumptionModel(typical=typical_consumption(coordinator.info))
        """From the trips that are settled."""
        self._currency = self._hass.config.currency
        """Of the costs that are settled and shown."""
        self._capacity: float | None = None
        """The kWh by which levels are turned into energies."""
        self._capacity_on: date | None = None
        self._is_loaded = False
        self._is_stopped = False
        self._settled_at: datetime | None = None
        self._charged_at: datetime | None = None
        self._due_at = datetime.max.replace(tzinfo=UTC)
        """When the entries are found again, if that is scheduled."""
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._stops: list[CALLBACK_TYPE] = []
        self._listeners: list[CALLBACK_TYPE] = []
        self.places = Places(self._hass, alerts)
        self.notes = BookNotes(
            coordinator,
            charge,
            self.places,
            note=self._async_note,
            noted=lambda quantity: self.book.readings.by_source(quantity) if self._is_loaded else None,
        )

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when there is something new to show, or when something begins or is over."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def capacity(self) -> float | None:
        """The usable kWh: those that the owner has entered, or what is known of the battery."""
        plan = self._charge.settings
        return (plan and plan.wishes.capacity) or self._battery.capacity

    def _assumed(self) -> Assumptions:
        """Return what readings do not tell. Once a day the capacity follows what is known of it."""
        info, model, today = self._coordinator.info, self._charge.memory.model, dt_util.now().date()
        plan, is_new_day = self._charge.settings, today != self._capacity_on
        entered = plan and plan.wishes.capacity
        self._capacity = entered or _followed(self._capacity, self._battery.capacity, is_new_day=is_new_day)
        self._capacity_on = today
        return Assumptions(
            capacity=self._capacity,
            power=ac_power(info) or _POWER,
            efficiency=model.efficiency,
            overhead=model.overhead,
            tariffs=self.notes.tariffs.known,
            currency=self._currency,
            regained=self._regained,
            records=self._records,
        )

    async def async_all_entries(self, *, only_over: bool = False) -> Entries:
        """Return all trips and charges that are kept, oldest first, or of them those that do not go on."""
        kept = self.over if only_over else self.entries  # some may be archived while the archive is read
        return merged(await self.files.async_archived(), kept)

    @callback
    def async_keep_statistics(self, memory: StatisticsMemory) -> None:
        """Keep what is known of the statistics."""
        before, self.statistics = self.statistics, memory
        if self._is_loaded:  # or the file of a vehicle that is gone would come back
            self.files.async_schedule_save(self._remember)
        if memory.days != before.days:
            self._async_update_in(_SOON)

    @callback
    def async_set_lately(self, regained: tuple[Regained, ...], records: tuple[TripRecord, ...] = ()) -> None:
        """Take over what a service tells of the last days: what was regained, and single trips; keep no positions."""
        self.notes.async_note_ends(records)
        records = tuple(replace(each, start_position=None, end_position=None) for each in records)
        if (regained, records) != (self._regained, self._records):
            self._regained, self._records = regained, records
            self._async_update_in(_SOON)

    # What happens

    @callback
    def async_start(self) -> None:
        """Read what was kept, and begin."""
        second = 5 + int(55 * spread(self._coordinator.info.key))
        self._stops = [
            async_track_time_change(self._hass, self._async_update_now, hour=0, minute=0, second=second),
            self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._async_update_now),
        ]
        self._coordinator.config_entry.async_create_background_task(
            self._hass, self._async_load(), f"{DOMAIN} book of {self._coordinator.name}"
        )
        self.notes.async_start()

    @callback
    def async_stop(self) -> None:
        """Stop; :meth:`async_close` writes."""
        self._is_stopped = True
        self.notes.async_stop()
        self._async_cancel_timer()
        for stop in self._stops:
            stop()
        self._stops = []

    async def async_close(self) -> None:
        """Write for the last time."""
        self.async_stop()
        if self._is_loaded:
            self._is_loaded = False
            await self.files.async_save(self._remember())

    async def _async_load(self) -> None:
        kept = await self.files.async_load()
        if self._is_stopped:  # meanwhile, and another one may have begun
            return
        noted, self.book = self.book, _opened(kept, self.places, self.notes.tariffs)
        for quantity, reading in noted.readings:
            self.book.add(quantity, reading)
        self.places.names = {**kept.places, **self.places.names}
        self.notes.tariffs.async_remember(kept.tariffs)
        self._currency = kept.currency or self._currency
        self._capacity, self._capacity_on = kept.capacity, dt_util.now().date()
        self._regained = self._regained or kept.regained
        self._records = self._records or kept.records
        self._learnt = kept.learnt or self._learnt
        self._days = _by_date(kept.days)
        self._battery.async_learn(kept.capacity_samples)
        self.display = BookDisplay(
            currency=self._currency, totals=kept.shown, last_trip=kept.last_trip, last_charge=kept.last_charge
        )
        self.statistics = kept.statistics
        self._is_loaded = True
        self.notes.async_note_state(VehicleState(), self._coordinator.data)
        self._async_update_now()
        self._async_call_listeners()

    @callback
    def _async_note(self, quantity: Quantity, reading: Reading) -> None:
        is_new = self.book.add(quantity, reading) and self._is_loaded
        if is_new and quantity in _SURROUNDINGS:
            self.files.async_schedule_save(self._remember, SELDOM)
        elif is_new:
            self._async_update_in(_SOON if quantity in _MOVING else _LATER)

    # What it comes to

    @callback
    def _async_update_in(self, delay: float) -> None:
        """Find the entries again after a delay, or before if that is scheduled."""
        due_at = dt_util.utcnow() + timedelta(seconds=delay)
        if self._is_loaded and (self._cancel_timer is None or due_at < self._due_at):
            self._async_cancel_timer()
            self._due_at = due_at
            self._cancel_timer = async_call_later(self._hass, delay, self._async_update_now)

    @callback
    def _async_cancel_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _async_update_now(self, _: datetime | Event | None = None) -> None:
        self._async_cancel_timer()
        if self.display is None:
            return
        now = dt_util.utcnow()
        if self._currency != self._hass.config.currency:
            self._async_change_currency()
        assumed = self._assumed()
        if self._settled_at is None or not timedelta() <= now - self._settled_at < _SETTLE_EVERY:
            self._settled_at = now
            self._async_keep(self.book.settle(assumed, now))
        self.entries = self.book.entries(assumed, now)
        if self.statistics.begun_at is None:
            begun_at = min((reading.at for reading in self.book.readings.of(Quantity.ODOMETER)), default=None)
            self.statistics = replace(self.statistics, begun_at=begun_at)
        self._async_show(self.display, now)
        self.files.async_schedule_save(self._remember)

    @callback
    def _async_change_currency(self) -> None:
        """Begin to add costs up anew. Each charge keeps its own in the currency of its tariff."""
        self._currency = self._hass.config.currency
        self.book.forget_costs()
        self._days = {day: sums.without_costs for day, sums in self._days.items()}
        if self.display is not None:
            self.display = replace(self.display, totals=self.display.totals.without_costs)

    @callback
    def _async_keep(self, settled: Entries) -> None:
        """Move what is settled into the archive."""
        if not settled.trips and not settled.charges:
            return
        for day, sums in sums_by_day(settled, self._currency).items():
            self._days[day] = self._days.get(day, Sums()) + sums
        self._learnt = reduce(ConsumptionModel.after, settled.trips, self._learnt)
        oldest = dt_util.now().date() - _KEPT_DAYS
        self._days = {day: sums for day, sums in self._days.items() if day >= oldest}
        self._battery.async_learn(sample for charge in settled.charges for sample in samples_of(charge))
        self._coordinator.config_entry.async_create_task(self._hass, self.files.async_archive(settled))

    @callback
    def _async_show(self, shown: BookDisplay, now: datetime) -> None:
        """Show what is new: of what goes on, only what a charge has brought so far, and that not too often."""
        trips = [trip for trip in self.entries.trips if now - trip.end >= _STILL]
        charges, charging = [*self.entries.charges], self._coordinator.data.charging
        is_charging = charging is not None and charging.active is True
        has_driven = bool(charges and trips and trips[-1].start >= charges[-1].end)
        if charges and (now - charges[-1].end < _STILL or (is_charging and not has_driven)):
            charges.pop()
        self.over, currency = Entries(trips, charges), self._currency
        self.consumption = reduce(ConsumptionModel.after, trips, self._learnt)
        sums = self.book.settled + sums_of(self.over, currency)
        going_on, driving = self.entries.charges[len(charges) :], self.entries.trips[len(trips) :]
        if going_on and (self._charged_at is None or not timedelta() <= now - self._charged_at < CELL):
            self._charged_at = now
            sums += sums_of(Entries((), going_on), currency)
        if going_on or driving:
            self._async_update_in((CELL if going_on and is_charging else _STILL).total_seconds())
        today = dt_util.now().date()
        days = _by_date(self.statistics.days), self._days, sums_by_day(self.over, currency)
        display = BookDisplay(
            currency=currency,
            totals=risen(shown.totals, sums),
            today=added(days, today),
            month=added(days, today.replace(day=1)),
            last_trip=trips[-1] if trips else shown.last_trip,
            last_charge=charges[-1] if charges else shown.last_charge,
        )
        unfinished: list[Trip | Charge] = [*going_on, *driving]
        before, self.going_on = self.going_on, max(unfinished, key=lambda each: each.start, default=None)
        if display != shown or (before and before.start) != (self.going_on and self.going_on.start):
            self.display = display
            self._async_call_listeners()

    @callback
    def _async_call_listeners(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _remember(self) -> OpenBook:
        display, prices = self.display or BookDisplay(), self.book.readings.by_source(Quantity.PRICE)
        return OpenBook(
            readings=tuple(self.book.readings),
            since=self.book.since,
            lots=self.book.lots,
            regained=self._regained,
            records=self._records,
            settled=self.book.settled,
            odometer=self.book.odometer,
            last_start=self.book.last_start,
            days={day.isoformat(): sums for day, sums in self._days.items()},
            shown=display.totals,
            last_trip=display.last_trip,
            last_charge=display.last_charge,
            statistics=self.statistics,
            learnt=self._learnt,
            capacity_samples=self._battery.samples,
            currency=self._currency,
            capacity=self._capacity,
            places=self.places.names,
            tariffs=tuple(each for each in self.notes.tariffs.known if each.key in prices),
        )


def _followed(before: float | None, known: float | None, *, is_new_day: bool) -> float | None:
    """Return a capacity that follows what is known slowly.

    Sources differ by some percent and take turns: entries of the last days would change with each of their reports.
    """
    if before is None or known is None or abs(known - before) > _OTHER * before:
        return known
    return before + _DAILY * (known - before) if is_new_day else before


def _by_date(days: Mapping[str, Sums]) -> dict[date, Sums]:
    return {day: sums for text, sums in days.items() if (day := dt_util.parse_date(text)) is not None}


@callback
def _opened(kept: OpenBook, places: Places, tariffs: Tariffs) -> Book:
    readings, keys = Readings(), {each.key for each in kept.tariffs}
    for quantity, reading in kept.readings:
        match quantity, reading.value:
            case Quantity.PLACE, str(name):
                readings.add(quantity, reading._replace(value=places.async_called(name)))
            case Quantity.PRICE | Quantity.SOLAR, _ if reading.source not in keys:
                readings.add(quantity, reading._replace(source=tariffs.async_key(reading.source)))
            case _:
                readings.add(quantity, reading)
    return Book(
        readings,
        since=kept.since,
        lots=kept.lots,
        settled=kept.settled,
        odometer=kept.odometer,
        last_start=kept.last_start,
    )
