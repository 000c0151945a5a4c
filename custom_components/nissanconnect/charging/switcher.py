"""Switches the current as a charge plan orders, one order after the other, and reads whether that worked."""

from asyncio import Lock
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_call_later

from ..const import DOMAIN
from ..coordinator import VehicleCoordinator
from ..engine.charge_session import CHECK_AFTER
from ..vehicle import BackendError, Group
from .outlet import UNCHANGED, SwitchFailed
from .switch import ChargeSwitch


class ChargeSwitcher:
    """Carries out the orders to one switch. ``failure`` is the key of why the last one failed."""

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        switch: ChargeSwitch,
        on_pause: Callable[[bool], None],
        on_done: CALLBACK_TYPE,
    ) -> None:
        """``on_pause`` is called with each order: whether the current is to stop.

        ``on_done`` is called when an order was carried out or has failed, and after a look at the vehicle.
        """
        self.failure: str | None = None
        self._coordinator = coordinator
        self._switch = switch
        self._on_pause = on_pause
        self._on_done = on_done
        self._ordered: bool | None = None
        self._power = UNCHANGED
        self._cancel_retry: CALLBACK_TYPE | None = None
        self._turn = Lock()

    @callback
    def async_order(self, on: bool, power: float, *, again: bool = False) -> None:
        """Let current flow at a ``power`` in kW, or stop it; ``again`` because it has not obeyed.

        An outlet that fails to let current flow is tried until that works, or until it is to stop.
        """
        self._ordered, self._power = on, power
        self._on_pause(not on)
        self._async_spawn(self._async_switch(on, power, again=again))

    @callback
    def async_let_go(self) -> None:
        """Leave the current on."""
        self.async_order(True, UNCHANGED)

    def obeys(self, on: bool) -> bool:
        """Whether what switches has obeyed, as far as it can say so.

        A vehicle proves that by what flows, also if its answer was lost. What flows says nothing of an outlet that has
        failed: the vehicle may just not want to charge.
        """
        return self._switch.by_vehicle or (self.failure is None and self._switch.is_on in (None, on))

    @callback
    def async_forget(self) -> None:
        """Try no order again: somebody else decides about this switch now."""
        self._ordered = None

    @property
    def insists(self) -> bool:
        """Whether an outlet has failed to let current flow, and is tried again."""
        return bool(self._ordered) and self.failure is not None and not self._switch.by_vehicle

    @callback
    def async_look(self) -> None:
        """Read what the vehicle has reported, which does not wake it."""
        self._async_spawn(self._async_read())

    async def _async_switch(self, on: bool, power: float, *, again: bool) -> None:
        async with self._turn:
            if self._ordered is not on:
                return  # it was ordered otherwise since
            try:
                await self._switch.async_switch(on, power, again=again)
            except SwitchFailed as err:
                self.failure = err.reason
                self._async_retry_later()
            else:
                self.failure = None
        if not self._switch.by_vehicle:
            self._coordinator.async_watch()
        self._on_done()

    async def _async_read(self) -> None:
        with suppress(BackendError):
            await self._coordinator.async_read_now({Group.BATTERY, Group.CHARGING})
        self._on_done()

    @callback
    def _async_retry_later(self) -> None:
        if not self.insists:
            return

        @callback
        def retry(_: datetime) -> None:
            if self._ordered:
                self.async_order(True, self._power)

        if self._cancel_retry is None:
            self._coordinator.config_entry.async_on_unload(lambda: self._cancel_retry and self._cancel_retry())
        else:
            self._cancel_retry()
        self._cancel_retry = async_call_later(self._coordinator.hass, CHECK_AFTER, retry)

    @callback
    def _async_spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # Not eager: it is ordered in the middle of an update, and calls for the next one.
        self._coordinator.config_entry.async_create_background_task(
            self._coordinator.hass, work, f"{DOMAIN} charge plan of {self._coordinator.name}", eager_start=False
        )
