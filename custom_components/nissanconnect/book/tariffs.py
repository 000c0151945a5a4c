"""What a kWh costs where a vehicle charges: by its charge plans, else at home by the energy dashboard.

A plan that counts on the sun has its part in the price, as in its own cost.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, CoreState, callback
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.util import dt as dt_util

from ..charging.control import ChargeControl
from ..charging.meter import expected_power
from ..charging.plans import ChargePlanSettings
from ..charging.prices import Prices
from ..charging.solar import async_solar_forecast
from ..const import DOMAIN
from ..coordinator import VehicleCoordinator
from ..engine.book import OPEN
from ..engine.book_entries import HOME
from ..engine.book_readings import CELL, Quantity, Reading
from ..engine.charge_plan import PriceSlot, Rate, rate_at
from ..engine.energy_cost import Tariff, known_at, parts_of
from .energy_dashboard import async_grid_price

_AHEAD = timedelta(days=3)

_LASTING = timedelta(days=2)
"""A price that holds for so long was entered by the owner, and goes on until the owner changes it."""

_NOTED_AT = [*range(2, 60, 5)]
"""In which minutes prices are noted. Some sensors show that of a quarter of an hour a minute late, or miss a moment."""

_DASHBOARD = "energy_dashboard"
"""Whose a tariff is that is no plan's."""

type Note = Callable[[Quantity, Reading], None]
"""Takes a price from a time on, or the sun's part."""

type Noted = Callable[[Quantity], Mapping[str, Sequence[Reading]] | None]
"""Returns what is noted of a quantity, by tariffs; ``None`` until the book is read."""


class Tariffs:
    """The tariffs of one vehicle. Prices are noted as time goes by: it may report a charge when that is over."""

    def __init__(self, coordinator: VehicleCoordinator, charge: ChargeControl, *, note: Note, noted: Noted) -> None:
        """``note`` takes what is noted, and ``noted`` returns it."""
        self._coordinator = coordinator
        self._charge = charge
        self._note = note
        self._noted = noted
        self._plans: list[_PlanPrices] = []
        self._used: dict[str, Tariff] = {}
        """Those by which prices have been noted, by their keys."""
        self._stops: list[CALLBACK_TYPE] = []
        self._noted_from: datetime | None = None
        """The last quarter of an hour whose price the dashboard knew."""

    @property
    def known(self) -> tuple[Tariff, ...]:
        """The tariffs of now, and those of before, from which charges keep their costs. The first counts before others.

        That of the dashboard is there whether or not the dashboard is up by now.
        """
        plans, dashboard = map(self._of_plan, self._plans), self._of_dashboard
        before = [each for each in self._used.values() if not _is_of(each, _DASHBOARD)]
        return tuple(dict.fromkeys((*plans, *before, dashboard, *self._used.values())))

    @property
    def _of_dashboard(self) -> Tariff:
        return _tariff(_DASHBOARD, self._coordinator.hass.config.currency, HOME)

    def _of_plan(self, prices: _PlanPrices) -> Tariff:
        """Return the tariff of a plan. Until its prices are known, it is the one by which some were noted last."""
        if prices.currency is not None:
            return _tariff(prices.key, prices.currency, prices.place)
        noted = self._noted(Quantity.PRICE) or {}
        before = [each for each in self._used.values() if _is_of(each, prices.key) and each.place == prices.place]
        ours = _tariff(prices.key, self._coordinator.hass.config.currency, prices.place)
        return max(before, key=lambda each: _last_known_at(noted.get(each.key, ())), default=ours)

    @callback
    def async_remember(self, noted: Iterable[Tariff]) -> None:
        """Take over tariffs by which prices were noted before a restart."""
        self._used = {each.key: each for each in noted} | self._used

    @callback
    def async_key(self, source: str) -> str:
        """Return the key of the tariff from whose source the first version of the book has noted prices."""
        return next((each.key for each in self.known if _is_of(each, source)), source)

    @callback
    def _async_end(self, now: datetime) -> None:
        """Note that a price does not hold any more: its plan is gone, or knows none and had one without an end."""
        noted = self._noted(Quantity.PRICE) or {}
        held = {self._of_plan(each).key: each for each in self._plans}
        for key, tariff in [*self._used.items()]:
            plan, series = held.get(key), noted.get(key, ())
            is_over = (
                known_at(now, series) is not None if plan is None else not plan.is_known(now) and _is_lasting(series)
            )
            if is_over and not _is_of(tariff, _DASHBOARD):
                self._async_note_by_tariff(Quantity.PRICE, Reading(now, None), tariff)

    @callback
    def _async_note_by_tariff(self, quantity: Quantity, reading: Reading, tariff: Tariff) -> None:
        self._used[tariff.key] = tariff
        self._note(quantity, reading._replace(source=tariff.key))

    @callback
    def async_start(self) -> None:
        """Begin to note prices."""
        hass = self._coordinator.hass
        self._stops = [
            self._charge.async_add_plans_listener(self._async_follow_plans),
            async_track_utc_time_change(hass, self._async_note, minute=_NOTED_AT, second=0),
        ]
        self._async_follow_plans()

    @callback
    def async_stop(self) -> None:
        """Stop."""
        for stop in (*self._stops, *(each.async_stop for each in self._plans)):
            stop()
        self._stops, self._plans = [], []

    @callback
    def _async_follow_plans(self) -> None:
        """Follow the plans of now: what a kWh has cost until now holds no longer."""
        for each in self._plans:
            each.async_stop()
        self._plans = [_PlanPrices(self._coordinator, plan) for plan in self._charge.plans]
        self._coordinator.config_entry.async_create_background_task(
            self._coordinator.hass, self._async_note(dt_util.utcnow()), f"{DOMAIN} prices of {self._coordinator.name}"
        )

    async def _async_note(self, now: datetime) -> None:
        """Note what holds now, once it is known what was noted before."""
        if self._noted(Quantity.PRICE) is None:
            return
        for each in list(self._plans):
            rate = await each.async_read(now)
            if each in self._plans:  # it was not changed meanwhile
                self._async_note_rate(self._of_plan(each), rate, now)
                self._async_note_past(each, now)
        if self._coordinator.hass.state is CoreState.running:  # or plans are still to come
            self._async_end(now)
        start = _quarter(now)
        if start == self._noted_from:
            return
        price = await async_grid_price(self._coordinator.hass)
        if price is not None:
            self._noted_from = start
            self._async_note_rate(self._of_dashboard, Rate(start, start + CELL, price), now)

    @callback
    def _async_note_rate(self, tariff: Tariff, rate: Rate | None, now: datetime) -> None:
        """Note what holds from the start of a slot; or, if something else is noted of it by the tariff, from now on."""
        if rate is None:
            return
        share = None if rate.share is None else round(rate.share, 2)
        for quantity, value in ((Quantity.PRICE, rate.price), (Quantity.SOLAR, share)):
            if (noted := self._noted(quantity)) is None:
                return
            series = noted.get(tariff.key, ())
            if known_at(now, series) != value:
                is_noted = any(known_at(at, series) is not None for at, _ in parts_of(rate.start, now, series))
                self._async_note_by_tariff(quantity, Reading(now if is_noted else rate.start, value), tariff)
            if value is not None and rate.end < now + _LASTING:
                self._async_note_by_tariff(quantity, Reading(rate.end, None), tariff)

    @callback
    def _async_note_past(self, plan: _PlanPrices, now: datetime) -> None:
        """Note what a kWh has cost when no price was noted: the plan is new, or Home Assistant was off."""
        if (noted := self._noted(Quantity.PRICE)) is None:
            return
        there = {each.key for each in self.known if plan.place in (None, each.place) or each.place is None}
        prices = [series for key, series in noted.items() if key in there]
        for slot in plan.past(now):
            for start, end in parts_of(slot.start, slot.end, *prices):
                if known_at(start, *prices) is None:
                    for reading in (Reading(start, slot.price), Reading(end, None)):
                        self._async_note_by_tariff(Quantity.PRICE, reading, self._of_plan(plan))


def _tariff(owner: str, currency: str, place: str | None) -> Tariff:
    return Tariff(f"{owner} {currency} {place or ''}".rstrip(), currency, place)


def _is_of(tariff: Tariff, owner: str) -> bool:
    """Whether it is the tariff of a plan's key, or of the dashboard."""
    return tariff.key.partition(" ")[0] == owner


def _last_known_at(series: Sequence[Reading]) -> datetime:
    """Return from when the last price holds that is noted; long ago if none is."""
    return next((each.at for each in reversed(series) if each.value is not None), datetime.min.replace(tzinfo=UTC))


def _is_lasting(series: Sequence[Reading]) -> bool:
    """Whether the last price that is noted has no end."""
    return bool(series) and series[-1].value is not None


def _quarter(at: datetime) -> datetime:
    """Return the beginning of the quarter of an hour."""
    return dt_util.utc_from_timestamp(at.timestamp() // CELL.total_seconds() * CELL.total_seconds())


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


class _PlanPrices:
    """The prices of one plan, and the sun's part in them."""

    def __init__(self, coordinator: VehicleCoordinator, plan: ChargePlanSettings) -> None:
        self.key = plan.key
        self.place = plan.place
        self.currency: str | None = None
        self._hass = coordinator.hass
        self._plan = plan
        self._prices = Prices(coordinator.hass, plan.price)
        self._slots: tuple[PriceSlot, ...] = ()
        self._since = dt_util.utcnow()
        """From when on the plan is as it is."""
        self._due_at: datetime | None = None
        self._noted_until: datetime | None = None
        """Until when the sun's part is noted."""
        self.async_stop = self._prices.async_track(self._async_read_again)

    @callback
    def _async_read_again(self) -> None:
        self._due_at = self._noted_until = None

    async def async_read(self, now: datetime) -> Rate | None:
        """Return what is to be noted of now, if anything, after reading the prices if that is due."""
        if self._due_at is None or now >= self._due_at:
            found = await self._prices.async_read(now + _AHEAD, since=now - OPEN)
            self._slots = found.slots
            if found.slots:  # else the currency is not known either
                self.currency = found.currency
            self._due_at = self._prices.next_read(now, self._slots[-1].end if self._slots else None)
        return await self._async_rate(now)

    def is_known(self, now: datetime) -> bool:
        """Whether a price is known of now."""
        return any(slot.start <= now < slot.end for slot in self._slots)

    def past(self, now: datetime) -> Sequence[PriceSlot]:
        """Return the prices until now; none with the sun, because what the roof gave is not known any more."""
        if self._plan.feed_in is not None:
            return ()
        return [slot._replace(end=min(slot.end, now)) for slot in self._slots if slot.start < now]

    async def _async_rate(self, now: datetime) -> Rate | None:
        """Return what is to be noted of what holds now, if anything.

        With the sun that is a quarter of an hour, and only once, because the forecast and the power change. While Home
        Assistant starts, the forecast may not be there yet.
        """
        hass, plan = self._hass, self._plan
        power = expected_power(hass, plan)
        if plan.feed_in is None:
            rate = rate_at(now, self._slots, (), power=power, feed_in=0.0)
            # What was before is only noted where nothing else is.
            return rate and rate._replace(start=max(rate.start, self._since, _hour(now)))
        if hass.state is not CoreState.running or (self._noted_until is not None and now < self._noted_until):
            return None
        solar = await async_solar_forecast(hass)
        rate = rate_at(now, self._slots, solar, power=power, feed_in=plan.feed_in)
        if rate is None:
            return None
        quarter = _quarter(now)
        self._noted_until = min(rate.end, quarter + CELL)
        return rate._replace(start=max(rate.start, quarter), end=self._noted_until)
