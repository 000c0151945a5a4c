"""The coordinator of one vehicle: when to read it, and what is known of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .connection import NEEDS_REAUTH, Connection
from .const import DOMAIN
from .engine.activity import Activity, Change, change
from .engine.diagnosis import ReadFailure
from .engine.polling import WATCHING_ROUNDS, is_available, own_groups
from .reading import ReadParts, ReadSchedule
from .source_set import SourceSet, answered
from .vehicle import (
    BackendError,
    Detail,
    Group,
    ListedVehicle,
    Notification,
    NotSupported,
    Push,
    Ticket,
    VehicleInfo,
    VehicleState,
    alias,
)
from .vehicle_source import VehicleSource

_LOGGER = logging.getLogger(__name__)

_SPACING: Mapping[Change, timedelta] = {
    Change.EVENT: timedelta(),
    Change.NUMBERS: timedelta(seconds=15),
    Change.STAMPS: timedelta(minutes=5),
}
"""How far apart updates of each kind are at least; each of them may be a row in the recorder's database."""


class Cause(Enum):
    """What has led to an update of a vehicle."""

    LISTED = auto()
    """The list of the account's vehicles, which holds no state."""
    LISTED_STATE = auto()
    """The list, with some state."""
    PUSHED = auto()
    READ = auto()
    READ_FOR_COMMAND = auto()
    READ_FAILED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class StateUpdate:
    """An update of a vehicle: the merged state before and after it.

    ``error`` is why no source could be read, or the own one. ``notifications`` came with a push from ``source``.
    """

    cause: Cause
    before: VehicleState
    state: VehicleState
    error: BackendError | None = None
    notifications: tuple[Notification, ...] = ()
    source: str = ""


type UpdateObserver = Callable[[StateUpdate], None]


def update_error(
    error: BackendError, *, others: bool = False, pause: float | None = None
) -> ConfigEntryAuthFailed | UpdateFailed:
    """Return what a coordinator raises when a read failed as a whole.

    After rejected credentials Home Assistant reads no more, which is not wanted with ``others`` to read from.
    ``pause`` is after how many seconds to try again, where Home Assistant would decide that for itself.
    """
    if isinstance(error, NEEDS_REAUTH) and not others:
        return ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key=error.key)
    return UpdateFailed(translation_domain=DOMAIN, translation_key=error.key, retry_after=pause)


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


class VehicleCoordinator(ThrottledCoordinator):
    """One vehicle: reads its sources at its own pace and merges what they report.

    ``is_listed`` is whether the account lists the vehicle, as far as is known. ``read_failure`` is why the last read
    failed, ``None`` if it did not.
    """

    config_entry: ConfigEntry

    def __init__(
        self, connection: Connection, sources: SourceSet, *, rests_since: datetime | None, restored: bool
    ) -> None:
        """``rests_since`` is since when the vehicle rests; ``restored``: what is known is from before a restart."""
        super().__init__(
            connection.hass,
            _LOGGER,
            config_entry=connection.entry,
            name=alias(sources.info.key),
            update_interval=connection.settings.pace.parked,
        )
        self.sources = sources
        self.data = sources.state.without_past_forecasts(dt_util.utcnow())
        self.info = sources.info
        self.available = True
        self.is_listed = True
        self.parts = ReadParts(self.name)
        self.activity = Activity(rests_since=rests_since)
        self.read_failure: ReadFailure | None = None
        self.connection = connection
        self._restored = restored
        self._up_to_date: VehicleState | None = None
        """The state without what is too old to be shown, if anything is."""
        self._reads = ReadSchedule(connection.settings.pace)
        self._observers: list[UpdateObserver] = []
        self._sources_listeners: list[CALLBACK_TYPE] = []

    @callback
    def async_add_observer(self, observer: UpdateObserver) -> None:
        """Call ``observer`` for each update, when ``data`` is the new state; after a read before entities show it."""
        self._observers.append(observer)

    @callback
    def async_add_sources_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when the vehicle has other sources than before, and they have been read."""
        self._sources_listeners.append(listener)
        return lambda: self._sources_listeners.remove(listener)

    @property
    def shown(self) -> VehicleState:
        """The state without what could not be read for so long that it is not to be shown any more."""
        return self.data if self._up_to_date is None else self._up_to_date

    @callback
    def async_update_listing(self, listed: ListedVehicle) -> None:
        """Take over what the vehicle list says."""
        self._async_update_info(listed.info)
        self.sources.own.reported = self.sources.own.reported.after(listed.state)
        before = self.data
        has_state = bool(listed.state.groups())  # for a push source that is quiet, a list without state is no report
        self.data = self._async_apply((), polled=False) if has_state else self._async_merge()
        self._async_notify(Cause.LISTED_STATE if has_state else Cause.LISTED, before)
        self.async_update_listeners()

    @callback
    def async_handle_push(self, push: Push, source: VehicleSource | None = None) -> None:
        """Take over what a source has pushed: the vehicle's own, unless it is another ``source``."""
        if source is None:
            self._async_update_info(push.info)
            source = self.sources.own
        source.succeed(push.state)
        before, info, at_once = self.data, self.info, not self.available or bool(push.notifications)
        self._restored = False
        self.available = True
        self.read_failure = None
        state = self._async_apply((), polled=False)
        self._async_schedule(state, keep=True)
        self.async_set_pushed_data(state, at_once=at_once or self.info != info)
        self._async_notify(Cause.PUSHED, before, notifications=tuple(push.notifications), source=source.name)

    async def async_apply_sources(self) -> None:
        """Go by the sources as they are now; what only others have reported is not known any more."""
        self.data = self._async_merge()
        self._reads.everything = True
        self.async_update_listeners()
        await self.async_refresh()
        for listener in list(self._sources_listeners):
            listener()
        self.async_update_listeners()

    async def async_read_everything(self) -> None:
        """Read all groups from all sources now, whether refused before or not."""
        self._reads.everything = True
        self.sources.forget_refusals()
        await self.async_refresh()

    async def async_read_now(self, groups: Collection[Group], ticket: Ticket | None = None) -> VehicleState:
        """Read what shows the effect of the command with ``ticket``; return the merged state."""
        report = await self.sources.read_now(groups, ticket)
        before = self.data
        state = self._async_apply(answered(report, groups))
        self._async_schedule(state)
        self.async_set_updated_data(state)
        self._async_notify(Cause.READ_FOR_COMMAND, before)
        return state

    @callback
    def async_watch(self) -> None:
        """Read more often for a while: a vehicle that did not confirm in time may still obey."""
        self._reads.watching = WATCHING_ROUNDS
        self.async_reschedule()

    @callback
    def async_reschedule(self) -> None:
        """Schedule the next read anew."""
        self._async_schedule(self.data)
        self._schedule_refresh()

    @callback
    def async_fire(self, event: str, kind: str, details: Mapping[str, Detail]) -> None:
        """Fire an ``event`` about the vehicle on Home Assistant's bus; ``kind`` is its type."""
        registry = dr.async_get(self.hass)
        device = registry.async_get_device_by_identifier((DOMAIN, self.info.key), self.config_entry.entry_id)
        data = {"device_id": device.id if device else None, "vehicle": self.info.name, "type": kind, **details}
        self.hass.bus.async_fire(event, data)

    @override
    async def _async_update_data(self) -> VehicleState:
        self._reads.everything |= self.parts.readable is False
        groups = self._reads.begin()
        results = await self.sources.read(groups)
        own = self.sources.own
        if not results.reports:
            # A source that backs off has failed before, so the own one has an error whether or not it was read now.
            raise self._async_fail(own.error or next(iter(results.errors.values())))
        before = self.data
        self._reads.succeed()
        self._restored = False
        self.read_failure = None
        if (report := results.reports.get(own)) is not None and own.is_polled:
            self.parts.answered(groups, reported=bool(report.state.groups()))
        self.parts.note(results.failures, results.given_up, dt_util.utcnow())
        state = self._async_apply(results.answered(groups))
        # Before entities change: automations ignore those that are unavailable.
        fresh = results.reached_vehicle or not own_groups(state)  # of nothing, nothing is too old
        self.available = fresh or is_available(state, dt_util.utcnow(), restored=False)
        self._reads.pause = results.retry_after
        self._async_schedule(state)
        self.data = state  # before observers: what a wake begins with must not pass for its result
        self._async_notify(Cause.READ, before, error=own.error)
        return state

    @callback
    def _async_fail(self, error: BackendError) -> Exception:
        """Note that no source could be read, the own one because of ``error``; return what to raise."""
        self._reads.failures += 1
        self._reads.pause = error.retry_after
        self._async_schedule(self.data)
        self.read_failure = ReadFailure(
            error=error, failures=self._reads.failures, retry_at=dt_util.utcnow() + self._reads.wait
        )
        if refused := isinstance(error, NotSupported):
            self.parts.readable = False
        self._async_notify(Cause.READ_FAILED, self.data, error=error)
        self._async_update_age(restored=self._restored and not refused)
        return update_error(error, others=bool(self.sources.secondary))

    @callback
    def _async_update_info(self, info: VehicleInfo) -> None:
        """Take over what the vehicle's own account says of it; what it can do again is read anew."""
        lost = self.sources.own.info.lost
        self.sources.own.update_info(info)
        if info.capabilities & lost:
            self.connection.backend.forget_refusals(info)
            self._reads.everything = True
            self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{DOMAIN} read of {self.name}, which can do more again"
            )

    @callback
    def _async_merge(self) -> VehicleState:
        """Merge all sources; return the state. Who the vehicle is may have changed as well."""
        self.info = self.sources.info
        self.sources.clear_position_if_private()
        now = dt_util.utcnow()
        self._up_to_date = self.sources.shown(now)
        return self.sources.state.without_past_forecasts(now)

    @callback
    def _async_apply(self, settled: Collection[Group], *, polled: bool = True) -> VehicleState:
        """Merge all sources into the new state, and update the activity tracker.

        The groups that are ``settled`` need not be requested again soon. What was pushed is not among them: it may be
        half of what another source knows.
        """
        now, state = dt_util.utcnow(), self._async_merge()
        self.activity = self.activity.after(self.data, state, now, polled=polled)
        self._reads.answered(settled, now)
        return state

    @callback
    def _async_schedule(self, state: VehicleState, *, keep: bool = False) -> None:
        """Schedule the next read. With ``keep``, an existing schedule may only move earlier."""
        self._reads.plan(state, self.activity, self.connection.settings.pace, self.connection.async_debt(), keep=keep)
        self.update_interval = self._reads.wait if self.sources.is_polled else None

    @callback
    def _async_update_age(self, *, restored: bool) -> None:
        """Update what is too old to be shown."""
        now, before = dt_util.utcnow(), (self.available, self._up_to_date)
        self.available = is_available(self.data, now, restored=restored)
        self._up_to_date = self.sources.shown(now)
        if before != (self.available, self._up_to_date):
            self.async_update_listeners()  # the base class calls them for the first failure only

    @callback
    def _async_notify(
        self,
        cause: Cause,
        before: VehicleState,
        *,
        error: BackendError | None = None,
        notifications: tuple[Notification, ...] = (),
        source: str = "",
    ) -> None:
        if self._shutdown_requested:
            return  # the vehicle has left while it was read
        update = StateUpdate(
            cause=cause, before=before, state=self.data, error=error, notifications=notifications, source=source
        )
        for observer in self._observers:
            observer(update)
