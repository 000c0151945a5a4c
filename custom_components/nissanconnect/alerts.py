"""The alerts of one vehicle: found in its updates and in the cloud's messages, reported and remembered."""

from asyncio import Lock
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
import logging

from homeassistant.components.zone import ENTITY_ID_HOME, in_zone
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_track_time_change, async_track_time_interval
from homeassistant.util import dt as dt_util

from .backends.base import Messages
from .command_log import CommandLog
from .const import DOMAIN, EVENT_ALERT
from .coordinator import Cause, StateUpdate, VehicleCoordinator
from .engine.alert_rules import AlertContext, AlertPreferences, ChargeContext, charge_stopped, not_plugged_in
from .engine.alert_tracker import AlertTracker
from .engine.health_tracker import HealthReading
from .engine.position import Geofence
from .vehicle import (
    Alert,
    AlertType,
    BackendError,
    Charging,
    Notification,
    NotSupported,
    StopCharging,
    VehicleInfo,
    VehicleState,
)

_LOGGER = logging.getLogger(__name__)

_PAGE = 20
_MOST_PAGES = 5
"""A hundred messages between two reads are more than any vehicle sends."""

_MESSAGES_EVERY = timedelta(minutes=30)
"""The messages cost a request of their own (kamereon-eu §16.3)."""

_EVALUATE_EVERY = timedelta(hours=1)
"""How often the rules are evaluated for a vehicle that is not read: some alerts come about by time alone."""

_UNREPORTED = 20
"""Alerts that wait for their entity; one that is disabled never comes."""

type AlertListener = Callable[[Alert], None]


class VehicleAlerts:  # evaluating, messages and reminders share one tracker
    """Finds out what happens to a vehicle, reports each alert once, and remembers that.

    ``geofences`` are those that apply to the vehicle now; ``wanted`` are the alerts that the owner wants.
    ``charge_target`` is the level at which the charge plan that holds now is done. ``estimated_health`` is the
    battery's health by our own estimate, by the name of that.
    """

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        log: CommandLog,
        *,
        geofences: tuple[Geofence, ...],
        wanted: frozenset[AlertType],
        tracker: AlertTracker,
        preferences: AlertPreferences,
    ) -> None:
        """``tracker`` is what was reported before the restart."""
        self.tracker = tracker
        self.preferences = preferences
        self.geofences = geofences
        self.wanted = wanted
        self.charge_target: float | None = None
        self.estimated_health: Mapping[str, HealthReading] = {}
        self._coordinator = coordinator
        self._log = log
        self._cancel_plug_reminder = self._async_schedule_plug_reminder()
        self._cancel_regular = async_track_time_interval(coordinator.hass, self._async_evaluate_again, _EVALUATE_EVERY)
        self._started_at = dt_util.utcnow()
        self._without_messages = set[Messages]()
        self._messages_read_at: datetime | None = None
        self._listeners: list[AlertListener] = []
        self._evaluation_listeners: list[CALLBACK_TYPE] = []
        self._turn = Lock()
        self._unreported = deque[Alert](maxlen=_UNREPORTED)
        self._last_charge: Charging | None = None
        """The newest charge as it was last seen to go on."""
        self._is_paused = False
        self._paused_at: datetime | None = None

    @callback
    def async_add_listener(self, listener: AlertListener) -> CALLBACK_TYPE:
        """Call ``listener`` for each alert from now on, and for those that came before any listener."""
        self._listeners.append(listener)
        while self._unreported:
            listener(self._unreported.popleft())
        return lambda: self._listeners.remove(listener)

    @callback
    def async_add_evaluation_listener(self, listener: CALLBACK_TYPE) -> None:
        """Call ``listener`` after each evaluation: where the vehicle is may mean more than an alert."""
        self._evaluation_listeners.append(listener)

    @callback
    def async_note_pause(self, paused: bool) -> None:
        """Note whether a charge plan keeps the current from the vehicle: then it is no surprise that a charge ends."""
        if paused or self._is_paused:
            self._paused_at = dt_util.utcnow()
        self._is_paused = paused

    @property
    def blocks_climate(self) -> bool:
        """Whether the vehicle is where its owner wants no climate."""
        return self.tracker.blocks_climate(self.geofences)

    @callback
    def async_observe(self, update: StateUpdate) -> None:
        """Evaluate the rules soon after an update, when entities show it; report what was pushed at once."""
        if update.cause not in (Cause.LISTED, Cause.READ_FAILED):
            self._async_evaluate_soon(update.before, update.state)
        if update.cause is Cause.PUSHED:
            charge = self._charge_context(update.state, ended=False)
            self._async_take_messages(update.notifications, update.source, charge)

    @callback
    def _async_evaluate_soon(self, before: VehicleState, state: VehicleState) -> None:
        self._coordinator.config_entry.async_create_background_task(
            self._coordinator.hass,
            self._async_evaluate(before, state),
            f"{DOMAIN} alerts of {self._coordinator.name}",
            eager_start=False,
        )

    async def _async_evaluate(self, before: VehicleState, state: VehicleState) -> None:
        """Evaluate the alert rules for a state change; fetch the cloud's messages when due.

        They are fetched first when a charge has ended, because the cloud may know better why. Its errors are left for
        the next time; a vehicle without messages is not asked for them again before the next start.
        """
        driving = self._coordinator.activity.driving
        self._last_charge = next(
            (each.charging for each in (state, before) if each.charging and each.charging.active), self._last_charge
        )
        async with self._turn:
            charge = self._charge_context(state, ended=charge_stopped(before, state))
            await self._async_read_messages(charge)
            context = AlertContext(
                state=state,
                now=dt_util.utcnow(),
                driving=driving,
                stopped_at=self._stopped_at,
                target=self.charge_target,
                charge_below=self.preferences.charge_below,
                unwanted=frozenset(AlertType) - self.wanted,
                listening_since=None if self._coordinator.sources.is_polled else self._started_at,
                unanswered_at=self._log.wakes.unanswered_at,
                healths=self._healths,
            )
            shown = self._geofence_states
            self.tracker, alerts = self.tracker.after(before, context, self.geofences)
            missed = self.tracker.missed
            self.tracker, summary = self.tracker.summed_up(context.now, context.unwanted)
            changed = bool(alerts) or self._geofence_states != shown
        if changed:  # before alerts are reported: automations look at what entities show
            self._coordinator.async_update_listeners()
        self.async_report(alerts)
        if summary is not None:
            _LOGGER.info(
                "%s: found too late to be reported one by one: %s", self._coordinator.name, dict(missed.counts)
            )
            self.async_report([summary])
        for listener in self._evaluation_listeners:
            listener()

    @property
    def _healths(self) -> dict[str, HealthReading]:
        """The battery's health as each source reports it, and by our own estimate."""
        batteries = ((source.name, source.reported.state.battery) for source in self._coordinator.sources)
        reported = {
            name: HealthReading(at=battery.known_at, value=battery.health, source=battery.backend)
            for name, battery in batteries
            if battery is not None and battery.health is not None
        }
        return {**reported, **self.estimated_health}

    @property
    def _geofence_states(self) -> list[tuple[bool | None, float | None]]:
        """What entities show of the geofences."""
        return [(self.tracker.inside(geofence), self.tracker.distance(geofence)) for geofence in self.geofences]

    def _charge_context(self, state: VehicleState, *, ended: bool) -> ChargeContext:
        return ChargeContext(
            state=state,
            last=self._last_charge,
            ended=ended,
            stopped_at=self._stopped_at,
            target=self.charge_target,
        )

    async def _async_read_messages(self, charge: ChargeContext) -> None:
        now, last = dt_util.utcnow(), self._messages_read_at
        if last is not None and timedelta() <= now - last < _MESSAGES_EVERY and not charge.ended:
            return
        self._messages_read_at = now
        for source in self._coordinator.sources:
            backend = source.connection.backend if source.connection else None
            if not isinstance(backend, Messages) or backend in self._without_messages:
                continue
            try:
                with source.reach() as (_, info):
                    read = await self._async_new_messages(backend, info)
                # A message about a charge comes again with the next read, and then the vehicle may have reported, too.
                due = [each for each in read if not charge.awaits_report(each, now)]
                self._async_take_messages(due, source.name, charge)
            except BackendError as err:
                if isinstance(err, NotSupported):
                    self._without_messages.add(backend)
                _LOGGER.debug("%s: the messages cannot be read: %s", self._coordinator.name, err)

    @callback
    def async_apply_sources(self) -> None:
        """Treat the old messages of a source that is new as read."""
        self._started_at, self._messages_read_at = dt_util.utcnow(), None

    @callback
    def _async_take_messages(self, messages: Sequence[Notification], source: str, charge: ChargeContext) -> None:
        self.tracker, alerts = self.tracker.after_messages(
            messages, dt_util.utcnow(), source, self._started_at, charge=charge
        )
        self.async_report(alerts)

    async def _async_new_messages(self, backend: Messages, info: VehicleInfo) -> list[Notification]:
        """Read pages, newest first, up to one that holds nothing new."""
        found: list[Notification] = []
        for page in range(_MOST_PAGES):
            read = await backend.read_notifications(info, first=1 + page * _PAGE, count=_PAGE)
            found += read
            known = self.tracker.feed
            if known.since_at is None or len(read) < _PAGE or any(each.id in known.sent_at for each in read):
                break
        return found

    @callback
    def async_set_geofences(self, geofences: tuple[Geofence, ...]) -> None:
        """Use other geofences from now on."""
        self.geofences = geofences
        self._async_evaluate_soon(self._coordinator.data, self._coordinator.data)

    @callback
    def async_set_preferences(self, preferences: AlertPreferences) -> None:
        """Go by other preferences of the owner."""
        self._cancel_plug_reminder()
        self.preferences = preferences
        self._cancel_plug_reminder = self._async_schedule_plug_reminder()

    @callback
    def async_stop(self) -> None:
        """Cancel what is scheduled."""
        self._cancel_plug_reminder()
        self._cancel_regular()

    async def _async_evaluate_again(self, now: datetime) -> None:
        """Find what comes about by time alone in a vehicle that is not read, because its source pushes."""
        if not self._coordinator.sources.is_polled:
            await self._async_evaluate(self._coordinator.data, self._coordinator.data)

    @callback
    def _async_schedule_plug_reminder(self) -> CALLBACK_TYPE:
        """Check at the owner's hour whether the vehicle is plugged in; returns what cancels that."""
        at = self.preferences.plug_in_by
        if at is None:
            return lambda: None

        @callback
        def check(now: datetime) -> None:
            if (alert := not_plugged_in(self._coordinator.shown, at_home=self._at_home, now=now)) is not None:
                self.async_report([alert])

        return async_track_time_change(self._coordinator.hass, check, hour=at.hour, minute=at.minute, second=at.second)

    @property
    def _at_home(self) -> bool | None:
        home = self._coordinator.hass.states.get(ENTITY_ID_HOME)
        position = self._coordinator.shown.position
        if home is None or position is None:
            return None
        return in_zone(home, position.latitude, position.longitude)

    @property
    def _stopped_at(self) -> datetime | None:
        """When the owner or a plan last had charging stopped: until then the charge may have been seen to go on."""
        if self._is_paused or self._log.is_carrying_out(StopCharging):
            return dt_util.utcnow()
        stops = (record for record in self._log.records if record.command == StopCharging.kind())
        ended = [record.outcome.ended_at for record in stops if record.outcome.sent_at]
        return max([*ended, *([self._paused_at] if self._paused_at else [])], default=None)

    @callback
    def async_report(self, alerts: Iterable[Alert]) -> None:
        """Report alerts, as far as the owner wants them."""
        for alert in alerts:
            if alert.type not in self.wanted:
                continue
            self._coordinator.async_fire(EVENT_ALERT, alert.type, alert.as_event_data)
            if not self._listeners:
                self._unreported.append(alert)
            for listener in list(self._listeners):
                listener(alert)
