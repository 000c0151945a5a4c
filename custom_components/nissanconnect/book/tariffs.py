"""What a kWh costs where a vehicle charges: by its charge plans, else at home by the energy dashboard.

A plan that counts on the sun has its part in the price, as in its own cost.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

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
from ..engine.book_entries import HOME
from ..engine.book_readings import CELL, Quantity, Reading
from ..engine.charge_plan import PriceSlot, Rate, rate_at
from ..engine.energy_cost import Tariff
from .energy_dashboard import async_grid_price

_AHEAD = timedelta(days=3)

_LASTING = timedelta(days=2)
"""A price that holds for so long was entered by the owner, and goes on until the owner changes it."""

_NOTED_AT = [*range(2, 60, 5)]
"""In which minutes prices are noted. Some sensors show that of a quarter of an hour a minute late, or miss a moment."""

_DASHBOARD = "energy_dashboard"
"""The key of the tariff of the energy dashboard."""

type Note = Callable[[Quantity, Reading], None]
"""Takes a price from a time on, or the sun's part."""


class Tariffs:
    """The tariffs of one vehicle. Prices are noted as time goes by: it may report a charge when that is over."""

    def __init__(self, coordinator: VehicleCoordinator, charge: ChargeControl, *, note: Note) -> None:
        """``note`` takes what is noted."""
        self._coordinator = coordinator
        self._charge = charge
        self._note = note
        self._plans: list[_PlanPrices] = []
        self._stops: list[CALLBACK_TYPE] = []
        self._noted_from: datetime | None = None
        """The last quarter of an hour whose price the dashboard knew."""

    def known_in(self, currency: str) -> tuple[Tariff, ...]:
        """Return the tariffs, the first that holds at a place before others. Most are in Home Assistant's currency."""
        found = [Tariff(each.key, each.currency or currency, each.place) for each in self._plans]
        return (*found, Tariff(_DASHBOARD, currency, HOME))  # what it has cost stays, whether or not it is up by now

    @callback
    def async_start(self) -> None:
        """Begin to note prices."""
        hass = self._coordinator.hass
        self._stops = [
            self._charge.async_add_plans_listener(self._async_follow_plans),
            async_track_utc_time_change(hass, self._async_note, minute=_NOTED_AT, second=0),
        ]
        self._async_follow_plans()
        self._coordinator.config_entry.async_create_background_task(
            hass, self._async_note(dt_util.utcnow()), f"{DOMAIN} prices of {self._coordinator.name}"
        )

    @callback
    def async_stop(self) -> None:
        """Stop."""
        for stop in (*self._stops, *(each.async_stop for each in self._plans)):
            stop()
        self._stops, self._plans = [], []

    @callback
    def _async_follow_plans(self) -> None:
        for each in self._plans:
            each.async_stop()
        self._plans = [_PlanPrices(self._coordinator, plan, self._note) for plan in self._charge.plans]

    async def _async_note(self, now: datetime) -> None:
        """Note what holds now."""
        for each in list(self._plans):
            await each.async_note(now)
        start = _quarter(now)
        if start == self._noted_from:
            return
        price = await async_grid_price(self._coordinator.hass)
        if price is not None:
            self._noted_from = start
            self._note(Quantity.PRICE, Reading(start, price, _DASHBOARD))
            self._note(Quantity.PRICE, Reading(start + CELL, None, _DASHBOARD))


def _quarter(at: datetime) -> datetime:
    """Return the beginning of the quarter of an hour."""
    return dt_util.utc_from_timestamp(at.timestamp() // CELL.total_seconds() * CELL.total_seconds())


class _PlanPrices:
    """The prices of one plan, and the sun's part in them."""

    def __init__(self, coordinator: VehicleCoordinator, plan: ChargePlanSettings, note: Note) -> None:
        self.key = plan.key
        self.place = plan.place
        self.currency: str | None = None
        self._hass = coordinator.hass
        self._plan = plan
        self._note = note
        self._prices = Prices(coordinator.hass, plan.price)
        self._slots: tuple[PriceSlot, ...] = ()
        self._due_at: datetime | None = None
        self._noted_until: datetime | None = None
        """Until when the sun's part is noted."""
        self.async_stop = self._prices.async_track(self._async_read_again)

    @callback
    def _async_read_again(self) -> None:
        self._due_at = self._noted_until = None

    async def async_note(self, now: datetime) -> None:
        """Note the price of now, after reading the prices if that is due."""
        if self._due_at is None or now >= self._due_at:
            found = await self._prices.async_read(now + _AHEAD)
            self._slots, self.currency = found.slots, found.currency
            self._due_at = self._prices.next_read(now, self._slots[-1].end if self._slots else None)
        if (rate := await self._async_rate(now)) is None:
            return
        values: dict[Quantity, float] = {Quantity.PRICE: rate.price}
        if rate.share is not None:
            values[Quantity.SOLAR] = round(rate.share, 2)
        for quantity, value in values.items():
            self._note(quantity, Reading(rate.start, value, self.key))
            if rate.end < now + _LASTING:
                self._note(quantity, Reading(rate.end, None, self.key))

    async def _async_rate(self, now: datetime) -> Rate | None:
        """Return what is to be noted of what holds now, if anything.

        With the sun that is a quarter of an hour, and only once, because the forecast and the power change. While Home
        Assistant starts, the forecast may not be there yet.
        """
        hass, plan = self._hass, self._plan
        power = expected_power(hass, plan)
        if plan.feed_in is None:
            return rate_at(now, self._slots, (), power=power, feed_in=0.0)
        if hass.state is not CoreState.running or (self._noted_until is not None and now < self._noted_until):
            return None
        solar = await async_solar_forecast(hass)
        rate = rate_at(now, self._slots, solar, power=power, feed_in=plan.feed_in)
        if rate is None:
            return None
        quarter = _quarter(now)
        self._noted_until = min(rate.end, quarter + CELL)
        return rate._replace(start=max(rate.start, quarter), end=self._noted_until)
