"""What a charge plan is made from and has to be fetched: prices, departures of a calendar, and sunshine."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import VehicleCoordinator
from ..engine.charge_plan import Period, Rate, rate_at
from .plans import ChargePlanSettings, async_departures
from .prices import PriceList, Prices
from .solar import async_solar_forecast

_AHEAD = timedelta(days=3)


class ChargeInputs:
    """The inputs of one plan. ``prices`` is ``None`` until they were read, with or without success."""

    def __init__(self, coordinator: VehicleCoordinator, settings: ChargePlanSettings, on_change: CALLBACK_TYPE) -> None:
        """``on_change`` is called when something is known anew."""
        self.prices: PriceList | None = None
        self.departures: tuple[datetime, ...] = ()
        self.solar: tuple[Period, ...] = ()
        self.due_at: datetime | None = None
        """When to read again."""
        self._coordinator = coordinator
        self._settings = settings
        self._on_change = on_change
        self._source = Prices(coordinator.hass, settings.price)
        self._reading = False
        self._changed = False
        self._untrack: Callable[[], None] = self._source.async_track(self._async_read_again)

    def serve(self, settings: ChargePlanSettings) -> bool:
        """Whether they would be the same for these settings."""

        def chosen(each: ChargePlanSettings) -> tuple[object, ...]:
            return each.price, each.calendar, each.with_location, each.feed_in

        return chosen(settings) == chosen(self._settings)

    @callback
    def async_stop(self) -> None:
        """Do not follow them any more."""
        self._untrack()
        self._on_change = lambda: None

    def rate(self, now: datetime, power: float) -> Rate | None:
        """Return what a kWh costs now, and until when, while so many kW flow."""
        slots = self.prices.slots if self.prices else ()
        return rate_at(now, slots, self.solar, power=power, feed_in=self._settings.feed_in or 0.0)

    def is_away(self, now: datetime) -> bool:
        """Whether the owner's supplier controls the charge now (charging §1.5)."""
        return any(period.start <= now < period.end for period in (self.prices.away if self.prices else ()))

    @callback
    def _async_read_again(self) -> None:
        """Read the prices again: they have changed, perhaps while they are being read."""
        self.due_at = None
        self._changed = True
        self._on_change()

    @callback
    def async_read_if_due(self, now: datetime) -> None:
        """Read again if that is due."""
        if self._reading or (self.due_at is not None and now < self.due_at):
            return
        self._reading = True
        self._coordinator.config_entry.async_create_background_task(
            self._coordinator.hass,
            self._async_read_and_tell(),
            f"{DOMAIN} prices for {self._coordinator.name}",
            eager_start=False,
        )

    async def _async_read_and_tell(self) -> None:
        self._changed = False
        try:
            await self.async_read()
        finally:
            self._reading = False
            if self._changed:
                self.due_at = None
        self._on_change()

    async def async_read(self) -> None:
        """Read them now."""
        now = dt_util.utcnow()
        self.prices = await self._source.async_read(now + _AHEAD)
        self.departures = await async_departures(self._coordinator.hass, self._settings)
        if self._settings.feed_in is not None:
            self.solar = await async_solar_forecast(self._coordinator.hass)
        self.due_at = self._source.next_read(now, max((slot.end for slot in self.prices.slots), default=None))
