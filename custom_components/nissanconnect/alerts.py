"""The alerts of one vehicle: from its reads and from the cloud's messages to what is told and remembered."""

from asyncio import Lock
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Protocol

from homeassistant.components.zone import ENTITY_ID_HOME, in_zone
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_change, async_track_time_interval
from homeassistant.util import dt as dt_util

from .backends.base import Messages
from .commands import VehicleCommands
from .engine.alert_rules import AlertContext, AlertPreferences, not_plugged_in
from .engine.alert_tracker import AlertTracker
from .engine.charge_end import ChargeContext, charge_stopped
from .engine.position import Geofence
from .links import VehicleLinks
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

_LOOK_EVERY = timedelta(hours=1)
"""How often what comes about by time alone is looked for in a vehicle that is not read because it speaks by itself."""

_UNTOLD = 20
"""Alerts that wait for their entity; one that is disabled never comes."""

type AlertListener = Callable[[Alert], None]


class AlertedVehicle(Protocol):
    """What alerts need of their vehicle."""

    hass: HomeAssistant
    config_entry: ConfigEntry
    name: str
    info: VehicleInfo
    data: VehicleState
    commands: VehicleCommands

    @property
    def shown(self) -> VehicleState:
        """What is known and not too old to be shown."""

    @property
    def driving(self) -> bool | None:
        """Whether it drives, as far as is known."""

    def async_update_listeners(self) -> None:
        """Show what has changed; called in the event loop."""

    def async_tell_alert(self, alert: Alert) -> None:
        """Tell those who follow every vehicle; called in the event loop."""


class VehicleAlerts:
    """Notices what happens to a vehicle, tells it once, and remembers that."""

    def __init__(
        self,
        vehicle: AlertedVehicle,
        links: VehicleLinks,
        *,
        fences: tuple[Geofence, ...],
        wanted: frozenset[AlertType],
        lookout: AlertTracker,
        wishes: AlertPreferences,
    ) -> None:
        """Go on from what was told before the restart."""
        self.lookout = lookout
        self.wishes = wishes
        self.fences = fences
        self._vehicle = vehicle
        self.wanted = wanted
        self._stop_asking = self._async_ask_for_plug()
        self._stop_looking = async_track_time_interval(vehicle.hass, self._async_look_again, _LOOK_EVERY)
        self._links = links
        self._started_at = dt_util.utcnow()
        self._without_messages = set[Messages]()
        self._messages_read_at: datetime | None = None
        self._listeners: list[AlertListener] = []
        self._turn = Lock()
        self._untold = deque[Alert](maxlen=_UNTOLD)
        self._last_charge: Charging | None = None
        """The newest charge as it was last seen to go on."""

    @callback
    def async_add_listener(self, listener: AlertListener) -> CALLBACK_TYPE:
        """Tell ``listener`` of each alert from now on, and of those that nobody has heard yet."""
        self._listeners.append(listener)
        while self._untold:
            listener(self._untold.popleft())
        return lambda: self._listeners.remove(listener)

    async def async_attend(self, before: VehicleState, state: VehicleState) -> None:
        """Notice what a read has changed, and what the cloud has written if it is time to ask for that.

        It is asked first when a charge has ended, because it may know better why. Its errors are left for the next
        time; a vehicle without messages is not asked again before the next start.
        """
        driving = self._vehicle.driving
        self._last_charge = next(
            (each.charging for each in (state, before) if each.charging and each.charging.active), self._last_charge
        )
        async with self._turn:
            charge = self._charge_facts(state, ended=charge_stopped(before, state))
            await self._async_read_messages(charge)
            view = AlertContext(
                state=state,
                now=dt_util.utcnow(),
                driving=driving,
                stopped_at=self._stopped_at,
                charge_below=self.wishes.charge_below,
                unwanted=frozenset(AlertType) - self.wanted,
                listening_since=None if self._links.needs_asking else self._started_at,
                unanswered_at=self._vehicle.commands.wakes.unanswered_at,
            )
            shown = self._areas
            self.lookout, alerts = self.lookout.after(before, view, self.fences)
            missed = self.lookout.missed
            self.lookout, summary = self.lookout.summed_up(view.now, view.unwanted)
            news = bool(alerts) or self._areas != shown
        if news:  # before anything is told: automations look at what entities show
            self._vehicle.async_update_listeners()
        self._async_tell(alerts)
        if summary is not None:
            _LOGGER.info("%s: found too late to be reported one by one: %s", self._vehicle.name, dict(missed.counts))
            self._async_tell([summary])

    @property
    def _areas(self) -> list[tuple[bool | None, float | None]]:
        """What entities show of the lookout."""
        return [(self.lookout.inside(fence), self.lookout.distance(fence)) for fence in self.fences]

    def _charge_facts(self, state: VehicleState, *, ended: bool) -> ChargeContext:
        return ChargeContext(state=state, last=self._last_charge, ended=ended, stopped_at=self._stopped_at)

    async def _async_read_messages(self, charge: ChargeContext) -> None:
        now, last = dt_util.utcnow(), self._messages_read_at
        if last is not None and timedelta() <= now - last < _MESSAGES_EVERY and not charge.ended:
            return
        self._messages_read_at = now
        for link in self._links:
            source = link.account.backend if link.account else None
            if not isinstance(source, Messages) or source in self._without_messages:
                continue
            try:
                with link.reach() as (_, info):
                    read = await self._async_new_messages(source, info)
                # A message about a charge comes again with the next read, and then the vehicle may have reported, too.
                self._async_take([each for each in read if not charge.awaits_report(each, now)], link.name, charge)
            except BackendError as err:
                if isinstance(err, NotSupported):
                    self._without_messages.add(source)
                _LOGGER.debug("%s: the messages cannot be read: %s", self._vehicle.name, err)

    @callback
    def async_apply_sources(self) -> None:
        """Take what a source that is new from now on has written before for read."""
        self._started_at, self._messages_read_at = dt_util.utcnow(), None

    @callback
    def async_take(self, messages: Sequence[Notification], source: str) -> None:
        """Notice what a source, by the name of its link, has sent by itself."""
        self._async_take(messages, source, self._charge_facts(self._vehicle.data, ended=False))

    @callback
    def _async_take(self, messages: Sequence[Notification], source: str, charge: ChargeContext) -> None:
        self.lookout = replace(self.lookout, feed=self.lookout.feed.listening(source, self._started_at))
        self.lookout, alerts = self.lookout.after_messages(messages, dt_util.utcnow(), source, charge=charge)
        self._async_tell(alerts)

    async def _async_new_messages(self, source: Messages, info: VehicleInfo) -> list[Notification]:
        """Read pages, newest first, up to one that brings nothing new."""
        found: list[Notification] = []
        for page in range(_MOST_PAGES):
            read = await source.read_notifications(info, first=1 + page * _PAGE, count=_PAGE)
            found += read
            known = self.lookout.feed
            if known.since_at is None or len(read) < _PAGE or any(each.id in known.sent_at for each in read):
                break
        return found

    @callback
    def async_report(self, alert: Alert) -> None:
        """Report what was noticed elsewhere."""
        self._async_tell([alert])

    @callback
    def async_wish(self, wishes: AlertPreferences) -> None:
        """Take what the owner wishes from now on."""
        self._stop_asking()
        self.wishes = wishes
        self._stop_asking = self._async_ask_for_plug()

    @callback
    def async_stop(self) -> None:
        """End what would go on without the vehicle."""
        self._stop_asking()
        self._stop_looking()

    async def _async_look_again(self, now: datetime) -> None:
        if not self._links.needs_asking:
            await self.async_attend(self._vehicle.data, self._vehicle.data)

    @callback
    def _async_ask_for_plug(self) -> CALLBACK_TYPE:
        """Look at the owner's hour whether the vehicle is plugged in; returns what ends that."""
        at = self.wishes.plug_in_by
        if at is None:
            return lambda: None

        @callback
        def ask(now: datetime) -> None:
            if (alert := not_plugged_in(self._vehicle.shown, at_home=self._at_home, now=now)) is not None:
                self._async_tell([alert])

        return async_track_time_change(self._vehicle.hass, ask, hour=at.hour, minute=at.minute, second=at.second)

    @property
    def _at_home(self) -> bool | None:
        home = self._vehicle.hass.states.get(ENTITY_ID_HOME)
        position = self._vehicle.shown.position
        if home is None or position is None:
            return None
        return in_zone(home, position.latitude, position.longitude)

    @property
    def _stopped_at(self) -> datetime | None:
        """When the owner last had charging stopped: until the command ended, the charge may have been seen to go on."""
        if isinstance(self._vehicle.commands.in_progress, StopCharging):
            return dt_util.utcnow()
        stops = (record for record in self._vehicle.commands.log if record.command == StopCharging.kind())
        return max((record.outcome.ended_at for record in stops if record.outcome.sent_at), default=None)

    @callback
    def _async_tell(self, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            if alert.type not in self.wanted:
                continue
            self._vehicle.async_tell_alert(alert)
            if not self._listeners:
                self._untold.append(alert)
            for listener in list(self._listeners):
                listener(alert)
