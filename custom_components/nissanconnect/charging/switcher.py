"""Switches the current as a charge plan orders, one order after the other, and reads whether that worked."""

from asyncio import Lock
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from homeassistant.core import CALLBACK_TYPE, callback

from ..const import DOMAIN
from ..coordinator import VehicleCoordinator
from ..vehicle import BackendError, Group
from .outlet import SwitchFailed
from .switch import ChargeSwitch


class ChargeSwitcher:
    """Carries out the orders of one vehicle's charge plans. ``failure`` is the key of why the last one failed."""

    def __init__(
        self, coordinator: VehicleCoordinator, on_pause: Callable[[bool], None], on_done: CALLBACK_TYPE
    ) -> None:
        """``on_pause`` is called with each order: whether the current is to stop.

        ``on_done`` is called when an order was carried out or has failed, and after a look at the vehicle.
        """
        self.failure: str | None = None
        self._coordinator = coordinator
        self._on_pause = on_pause
        self._on_done = on_done
        self._ordered: bool | None = None
        self._turn = Lock()

    @callback
    def async_order(self, switch: ChargeSwitch, on: bool, power: float, *, again: bool = False) -> None:
        """Let current flow at a ``power`` in kW, or stop it; ``again`` because it has not obeyed."""
        self._ordered = on
        self._on_pause(not on)
        self._async_spawn(self._async_switch(switch, on, power, again=again))

    @callback
    def async_look(self) -> None:
        """Read what the vehicle has reported, which does not wake it."""
        self._async_spawn(self._async_read())

    async def _async_switch(self, switch: ChargeSwitch, on: bool, power: float, *, again: bool) -> None:
        async with self._turn:
            if self._ordered is not on:
                return  # it was ordered otherwise since
            self.failure = None
            try:
                await switch.async_switch(on, power, again=again)
            except SwitchFailed as err:
                self.failure = err.reason
        if not switch.by_vehicle:
            self._coordinator.async_watch()
        self._on_done()

    async def _async_read(self) -> None:
        with suppress(BackendError):
            await self._coordinator.async_read_now({Group.BATTERY, Group.CHARGING})
        self._on_done()

    @callback
    def _async_spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # Not eager: it is ordered in the middle of an update, and calls for the next one.
        self._coordinator.config_entry.async_create_background_task(
            self._coordinator.hass, work, f"{DOMAIN} charge plan of {self._coordinator.name}", eager_start=False
        )
