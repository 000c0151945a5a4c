"""What sources push, from the listener to the vehicles: a value that flaps is passed on once it has stayed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .engine.debounce import Debounce
from .vehicle import Push, VehicleInfo, VehicleState


@dataclass(slots=True)
class _Vehicle:
    """One vehicle that a source pushes, and the timer for its next value that may have stayed long enough."""

    info: VehicleInfo
    debounce: Debounce = field(default_factory=Debounce)
    cancel: CALLBACK_TYPE | None = None


class PushDebouncer:
    """The pushes of one account on their way to ``take``."""

    def __init__(self, hass: HomeAssistant, take: Callable[[Push], None]) -> None:
        """Prepare; nothing has been pushed yet."""
        self._hass = hass
        self._take = take
        self._vehicles: dict[str, _Vehicle] = {}

    @callback
    def async_push(self, push: Push) -> None:
        """Pass a push on; what has to stay for a moment first follows by itself."""
        vehicle = self._vehicles.setdefault(push.info.key, _Vehicle(push.info))
        vehicle.info = push.info
        self._take(replace(push, state=vehicle.debounce.push(push.state, dt_util.utcnow())))
        self._async_plan(vehicle)

    @callback
    def async_read(self, key: str, state: VehicleState) -> VehicleState:
        """Return what is to be believed of what was read on request, which waits for nothing."""
        if (vehicle := self._vehicles.get(key)) is None:
            return state
        state = vehicle.debounce.read(state)
        self._async_plan(vehicle)
        return state

    def pending(self, key: str) -> VehicleState:
        """Return what was pushed and has not stayed long enough yet."""
        vehicle = self._vehicles.get(key)
        return vehicle.debounce.pending() if vehicle else VehicleState()

    @callback
    def async_stop(self) -> None:
        """Pass nothing on any more."""
        for vehicle in self._vehicles.values():
            if vehicle.cancel is not None:
                vehicle.cancel()

    @callback
    def _async_plan(self, vehicle: _Vehicle) -> None:
        if vehicle.cancel is not None:
            vehicle.cancel()
            vehicle.cancel = None
        if (due_at := vehicle.debounce.due_at()) is None:
            return

        @callback
        def release(now: datetime) -> None:
            vehicle.cancel = None
            if (state := vehicle.debounce.release(now)).groups():
                self._take(Push(info=vehicle.info, state=state))
            self._async_plan(vehicle)

        wait = max((due_at - dt_util.utcnow()).total_seconds(), 0.0)
        vehicle.cancel = async_call_later(self._hass, wait, release)
