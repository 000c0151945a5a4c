"""Push updates of one account: listen for as long as it is loaded, and hold back values that flap."""

from asyncio import sleep
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .backends.base import Pushing
from .engine.debounce import Debounce
from .exceptions import NEEDS_REAUTH
from .vehicle import BackendError, Push, Unavailable, VehicleInfo, VehicleState

_LOGGER = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 900.0
"""Seconds. Connections break for moments all the time, so the first retry comes soon."""

_MOST_DOUBLINGS = 10
"""Beyond the longest pause; after ten days of failures the power of two would overflow."""


async def async_listen(
    source: Pushing, *, on_push: Callable[[Push], None], on_error: Callable[[BackendError], None]
) -> None:
    """Listen until cancelled; after a pause again whenever the connection is lost, which is reported to ``on_error``.

    Ends if the credentials are rejected: only the owner can change that.
    """
    failures = 0

    def received(push: Push) -> None:
        nonlocal failures
        failures = 0
        on_push(push)

    while True:
        try:
            await source.listen(received)
            raise Unavailable("the connection was closed")
        except BackendError as err:
            _LOGGER.debug("Push updates are interrupted: %s", err)
            on_error(err)
            if isinstance(err, NEEDS_REAUTH):
                return
            pause = max(min(_FIRST_PAUSE * 2.0 ** min(failures, _MOST_DOUBLINGS), _LONGEST_PAUSE), err.retry_after or 0)
        failures += 1
        await sleep(pause)


@dataclass(slots=True)
class _Vehicle:
    """One vehicle that a source pushes, and the timer for its next value that may have lasted long enough."""

    info: VehicleInfo
    debounce: Debounce = field(default_factory=Debounce)
    cancel: CALLBACK_TYPE | None = None


class PushDebouncer:
    """Passes the pushes of one account on to ``on_push``; a value that flaps follows once it has lasted."""

    def __init__(self, hass: HomeAssistant, on_push: Callable[[Push], None]) -> None:
        self._hass = hass
        self._on_push = on_push
        self._vehicles: dict[str, _Vehicle] = {}

    @callback
    def async_push(self, push: Push) -> None:
        """Pass a push on; what has to last for a moment first follows by itself."""
        vehicle = self._vehicles.setdefault(push.info.key, _Vehicle(push.info))
        vehicle.info = push.info
        self._on_push(replace(push, state=vehicle.debounce.push(push.state, dt_util.utcnow())))
        self._async_schedule(vehicle)

    @callback
    def async_read(self, key: str, state: VehicleState) -> VehicleState:
        """Return what counts of a response to a read, which waits for nothing."""
        if (vehicle := self._vehicles.get(key)) is None:
            return state
        state = vehicle.debounce.read(state)
        self._async_schedule(vehicle)
        return state

    def pending(self, key: str) -> VehicleState:
        """Return what was pushed and has not lasted long enough yet."""
        vehicle = self._vehicles.get(key)
        return vehicle.debounce.pending() if vehicle else VehicleState()

    @callback
    def async_stop(self) -> None:
        """Pass nothing on any more."""
        for vehicle in self._vehicles.values():
            if vehicle.cancel is not None:
                vehicle.cancel()

    @callback
    def _async_schedule(self, vehicle: _Vehicle) -> None:
        if vehicle.cancel is not None:
            vehicle.cancel()
            vehicle.cancel = None
        if (due_at := vehicle.debounce.due_at()) is None:
            return

        @callback
        def release(now: datetime) -> None:
            vehicle.cancel = None
            if (state := vehicle.debounce.release(now)).groups():
                self._on_push(Push(info=vehicle.info, state=state))
            self._async_schedule(vehicle)

        wait = max((due_at - dt_util.utcnow()).total_seconds(), 0.0)
        vehicle.cancel = async_call_later(self._hass, wait, release)
