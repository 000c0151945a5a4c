"""How often entities follow a source that reports many times a minute."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .engine.activity import Change, change
from .vehicle import VehicleState

_SPACING: Mapping[Change, timedelta] = {
    Change.EVENT: timedelta(),
    Change.NUMBERS: timedelta(seconds=15),
    Change.STAMPS: timedelta(minutes=5),
}
"""How far apart updates of each kind are at least; each of them may be a row in the recorder's database."""


class ThrottledCoordinator(DataUpdateCoordinator[VehicleState]):
    """Shows an event that was pushed at once, and a number that drifts when it is time; in the end always the last."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Begin with nothing shown."""
        super().__init__(*args, **options)
        self.change = Change.EVENT
        """What the update that is going on, or was the last one, has changed."""
        self._shown: VehicleState | None = None
        self._shown_at = dt_util.utcnow()
        self._due_at: datetime | None = None
        self._cancel_update: CALLBACK_TYPE | None = None

    @callback
    def async_set_pushed_data(self, data: VehicleState, *, at_once: bool) -> None:
        """Take over ``data`` now, as :meth:`async_set_updated_data` does, and show it when it is time."""
        kind = Change.EVENT if at_once else self._change_to(data)
        if kind is Change.EVENT:
            self.async_set_updated_data(data)
            return
        self._async_unsub_refresh()
        self.data, self.last_update_success = data, True
        if self._listeners:
            self._schedule_refresh()
        if kind is not Change.NONE:
            self._async_update_later(_SPACING[kind])

    @callback
    def _async_update_later(self, spacing: timedelta) -> None:
        now = dt_util.utcnow()
        due_at = self._shown_at + spacing
        if not now < due_at <= now + spacing:  # it is time, or the clock was set back
            self.async_update_listeners()
        elif self._due_at is None or due_at < self._due_at:
            self._async_forget_update()
            self._due_at = due_at
            self._cancel_update = async_call_later(self.hass, due_at - now, self._async_update_due)

    @callback
    def _async_update_due(self, now: datetime) -> None:
        self._cancel_update = None
        self.async_update_listeners()

    @callback
    def _async_forget_update(self) -> None:
        if self._cancel_update is not None:
            self._cancel_update()
        self._cancel_update = self._due_at = None

    @callback
    @override
    def async_update_listeners(self) -> None:
        self._async_forget_update()
        self.change = self._change_to(self.data)
        self._shown, self._shown_at = self.data, dt_util.utcnow()
        super().async_update_listeners()

    def _change_to(self, data: VehicleState) -> Change:
        return Change.EVENT if self._shown is None else change(self._shown, data)

    @override
    async def async_shutdown(self) -> None:
        self._async_forget_update()
        await super().async_shutdown()
