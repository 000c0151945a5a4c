"""The vehicle: when to read it, what to believe of it, how to command it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
import logging
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, callback
from homeassistant.util import dt as dt_util

from .alerts import VehicleAlerts
from .backends.base import LockSetup
from .bus import async_fire
from .command_checks import evidence, refusal
from .commands import VehicleCommands
from .const import DOMAIN, EVENT_ALERT, EVENT_COMMAND
from .engine.activity import Activity
from .engine.alert_rules import AlertPreferences
from .engine.command_evidence import Evidence
from .engine.command_follower import CommandTransport
from .engine.command_job import Job
from .engine.diagnosis import ReadFailure, examine
from .engine.polling import is_available, own_groups
from .exceptions import action_error, update_error
from .fences import fences_of
from .issues import async_report_sources, async_report_vehicle
from .link import Link, OwnLink
from .links import VehicleLinks, async_lent_links
from .pin_guard import PinGuard
from .plans import ClimatePlans
from .read_parts import ReadParts
from .read_schedule import ReadSchedule
from .refreshing import left_out
from .store import RememberedVehicle
from .throttle import ThrottledCoordinator
from .vehicle import (
    Alert,
    BackendError,
    Command,
    CommandOutcome,
    CommandRecord,
    CommandStatus,
    Departure,
    DrivenTrips,
    Group,
    Initiator,
    ListedVehicle,
    NotSupported,
    Push,
    SubscriptionInactive,
    Ticket,
    TripPeriod,
    VehicleInfo,
    VehicleState,
    alias,
)
from .waking import RegularWakes

if TYPE_CHECKING:
    from .account import AccountCoordinator

_LOGGER = logging.getLogger(__name__)

type NissanConfigEntry = ConfigEntry[AccountCoordinator]


class VehicleCoordinator(ThrottledCoordinator):
    """One vehicle: reads it at its own pace, believes the newest word, follows its commands to their end."""

    config_entry: NissanConfigEntry

    def __init__(self, account: AccountCoordinator, known: RememberedVehicle, *, restored: bool) -> None:
        """Start from what is known of the vehicle."""
        super().__init__(
            account.hass,
            _LOGGER,
            config_entry=account.config_entry,
            name=alias(known.info.key),
            update_interval=account.settings.pace.parked,
        )
        lent = async_lent_links(account.hass, account.config_entry, known.info.key, known.lent_words)
        self.links = VehicleLinks(OwnLink(account, known.info, known.word), lent)
        self.data = self.links.state.without_past_forecasts(dt_util.utcnow())
        self.info = self.links.info
        self.available = True
        self._up_to_date: VehicleState | None = None
        """What is believed without what is too old to be shown, if anything is."""
        self._account = account
        self._restored = restored
        self._reads = ReadSchedule(account.settings.pace)
        self._activity = Activity(rests_since=known.rests_since)
        self._sources_listeners: list[CALLBACK_TYPE] = []
        self.parts = ReadParts(self.name)
        self.regular_wakes = RegularWakes(self)
        self.plans = ClimatePlans(self, known.plan)
        self.commands = VehicleCommands(
            self,
            CommandTransport(
                send=self._async_send,
                poll=self.links.poll,
                read=self.look,
                confirm=self._async_confirm,
                would_displace=self.links.would_displace,
            ),
            account.backend.description.command_limit,
            log=known.log,
            wakes=known.wakes,
            unfinished=known.unfinished,
            keep=account.async_keep,
            conclude=self._async_conclude,
        )
        self.commands.async_add_listener(self._async_command_ended)
        self.alerts = VehicleAlerts(
            self,
            self.links,
            fences=fences_of(account.config_entry, known.info),
            wanted=account.settings.alerts,
            lookout=known.lookout,
            wishes=known.wishes,
        )
        self.pin_guard = PinGuard(self, known.wrong_pins)
        self.trouble: ReadFailure | None = None
        """Why the last read brought nothing, if it did not."""

    @callback
    def async_adopt(self, listed: ListedVehicle) -> None:
        """Take over what the vehicle list says."""
        self._async_know(listed.info)
        self.links.own.word = self.links.own.word.after(listed.state)
        told = bool(listed.state.groups())  # of a source that has fallen silent, a list without news is none either
        self.data = self._async_believe((), asked=False) if told else self._async_weigh()
        self._async_examine(self.data)
        self.async_update_listeners()

    @callback
    def _async_know(self, info: VehicleInfo) -> None:
        """Take over what the vehicle's own account says of who it is; what it can do again is read anew."""
        before = self.links.own.known
        self.links.own.known = info.after(before)
        if info.capabilities & before.lost:
            self._account.backend.forget_refusals(info)
            self._reads.everything = True
            self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{DOMAIN} read of {self.name}, which can do more again"
            )

    @callback
    def async_hear(self, push: Push, link: Link | None = None) -> None:
        """Take over what a source said by itself: the vehicle's own, unless it is another ``link``."""
        if link is None:
            self._async_know(push.info)
            link = self.links.own
        link.succeed(push.state)
        info, at_once = self.info, not self.available or bool(push.notifications)
        self._restored = False
        self.available = True
        self.trouble = None
        state = self._async_believe((), asked=False)
        self._async_examine(state)
        self._async_plan(state, keep=True)
        self.async_set_pushed_data(state, at_once=at_once or self.info != info)
        self.alerts.async_take(push.notifications, link.name)
        self._account.async_schedule_save()

    @callback
    def async_apply_settings(self) -> None:
        """Go by the options as they are now."""
        self.alerts.wanted = self._account.settings.alerts
        self._async_plan(self.data)
        self._schedule_refresh()
        self.async_update_listeners()

    @callback
    def async_apply_areas(self) -> None:
        """Go by the areas as they are drawn now."""
        self.alerts.fences = fences_of(self.config_entry, self.info)
        self._async_attend(self.data)
        self.async_update_listeners()

    async def async_apply_sources(self) -> None:
        """Go by the sources that the owner has chosen now; what only others have reported is not known any more."""
        words = {link.name: link.word for link in self.links.lent}
        self.links.arrange(async_lent_links(self.hass, self.config_entry, self.info.key, words))
        self.alerts.async_apply_sources()
        self.data = self._async_weigh()
        self._reads.everything = True
        self.async_update_listeners()
        await self.async_refresh()
        for listener in list(self._sources_listeners):
            listener()
        self.async_update_listeners()

    @callback
    def async_add_sources_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``listener`` when the vehicle has other sources than before, and they have been read."""
        self._sources_listeners.append(listener)
        return lambda: self._sources_listeners.remove(listener)

    async def async_execute(
        self, command: Command, context: Context | None = None, *, wait: bool = False
    ) -> CommandOutcome | None:
        """Send a command and wait for the vehicle to confirm it; see :meth:`VehicleCommands.async_execute`.

        ``wait`` even if its owner lets actions answer at once: somebody wants to know what comes of it.
        """
        at_once = self._account.settings.answer_at_once and not wait
        return await self.commands.async_execute(command, context, at_once=at_once)

    async def async_read_all(self) -> None:
        """Read all that the cloud holds, now, refused before or not; raises a translated error if it brings nothing."""
        if self.info.lost:
            await self._account.async_refresh()  # which may have come back
        self._reads.everything = True
        self.links.forget_refusals()
        await self.async_refresh()
        if self.trouble is not None:
            raise action_error(self.trouble.error)

    async def async_read_trips(self, period: TripPeriod, start: date, end: date) -> DrivenTrips:
        """Return what was driven from ``start`` to ``end``, both included; raises a translated error."""
        today = min(dt_util.now().date(), dt_util.utcnow().date())  # whichever day the service has
        try:
            return await self.links.read_trips(period, start, end, today)
        except BackendError as err:
            raise action_error(err) from err

    def refusal(self, command: Command, state: VehicleState | None = None) -> str | None:
        """Why ``command`` would not be sent now; see :func:`.command_checks.refusal`."""
        return refusal(self, command, self._account.settings, state)

    def evidence(self, command: Command) -> Evidence:
        """What shows whether ``command`` is needless; see :func:`.command_checks.evidence`."""
        return evidence(self, command)

    @property
    def shown(self) -> VehicleState:
        """What is believed without what could not be read for so long that it is not to be shown any more."""
        return self.data if self._up_to_date is None else self._up_to_date

    @property
    def driving(self) -> bool | None:
        """Whether the vehicle drives, as far as is known."""
        return self._activity.driving

    @callback
    def async_wish(self, wishes: AlertPreferences) -> None:
        """Take what the owner wishes to be told, and keep it."""
        self.alerts.async_wish(wishes)
        self._account.async_schedule_save()
        self.async_update_listeners()

    @property
    def wakes_today(self) -> int:
        """How often the vehicle has been woken since midnight, whoever asked."""
        return self.commands.wakes.wakes_today(dt_util.utcnow(), dt_util.get_default_time_zone())

    @property
    def requests_today(self) -> int:
        """How many requests the account, which vehicles share, has sent today."""
        return self._account.requests_today

    @property
    def rests_since(self) -> datetime | None:
        """Since when the vehicle has not been driven, as far as is known."""
        return self._activity.rests_since

    async def async_set_pin(self, pin: str, asked_by: Initiator) -> None:
        """Let the vehicle know the PIN of its remote lock, which wakes it; raises :class:`BackendError`."""
        if not isinstance(self._account.backend, LockSetup):
            raise NotSupported
        async with self.commands.async_waking("set_pin", asked_by) as departure:
            await self._account.backend.set_pin(self.info, pin, departure)
        self.pin_guard.async_allow()  # the wrong ones were tried for another PIN

    @callback
    def _async_conclude(self, job: Job, outcome: CommandOutcome) -> CommandOutcome:
        """Take notice of how a command has ended before anybody is told."""
        for command in left_out(job, outcome, self.links):
            self.commands.async_submit(command, job.asked_by)
        return self.plans.async_conclude(job, outcome)

    @callback
    def _async_command_ended(self, record: CommandRecord) -> None:
        """Put it on the bus, for the logbook and for automations that follow every vehicle; watch what is open."""
        if record.outcome.status is CommandStatus.TIMED_OUT:
            self._async_watch()
        if record.outcome.reason in {NotSupported.key, SubscriptionInactive.key} and self.info.lost:
            self._account.async_list_again()
        async_fire(self, EVENT_COMMAND, record.outcome.status, record.as_event_data)

    @callback
    def async_tell_alert(self, alert: Alert) -> None:
        """Put it on the bus, for the logbook and for automations that follow every vehicle."""
        async_fire(self, EVENT_ALERT, alert.type, alert.as_event_data)

    @callback
    def async_commands_changed(self) -> None:
        """Show that a command is in progress or over, and keep what a restart must not lose."""
        self._account.async_schedule_save(at_once=True)
        self.async_update_listeners()

    async def _async_send(self, command: Command, departure: Departure) -> Ticket:
        """Send a command by one of the sources."""
        self.plans.async_sending(command)
        return await self.links.send(replace(command, force=False), departure)  # no source needs to know who insists

    async def look(self, groups: Collection[Group], ticket: Ticket | None = None) -> VehicleState:
        """Read what shows a command's effect; return the merged state."""
        report = await self.links.look(groups, ticket)
        # Failures name parts of the backend, not groups: whatever is missing then is asked for again next time.
        answered = set(groups) & report.state.groups().keys() if report.failures else groups
        state = self._async_believe(answered)
        self._async_plan(state)
        self.async_set_updated_data(state)
        self._account.async_schedule_save()
        return state

    async def _async_confirm(self, command: Command) -> bool:
        """Whether the source, asked now, still reports the command's groups."""
        if not self.links.needs_asking:
            return True
        asked_at = dt_util.utcnow()
        try:
            groups = (await self.look(command.groups)).groups()
        except BackendError:
            return False
        return all(group in groups and groups[group].received_at >= asked_at for group in command.groups)

    def backend_name(self, ticket: Ticket | None) -> str:
        """Return through which backend a command went."""
        return self.links.backend_name(ticket)

    @override
    async def async_shutdown(self) -> None:
        self.alerts.async_stop()
        self.plans.async_stop()
        await super().async_shutdown()

    @override
    async def _async_update_data(self) -> VehicleState:
        self._reads.everything |= self.parts.readable is False
        groups = self._reads.begin()
        answers = await self.links.read(groups, self._account.settings.pace)
        if not answers.reports:
            # One that rests has failed before, so the own way has an error whether or not it was asked this time.
            raise self._async_fail(self.links.own.error or next(iter(answers.errors.values())))
        self._reads.succeed()
        self._restored = False
        self.trouble = None
        if (own := answers.reports.get(self.links.own)) is not None and self.links.own.asks:
            self.parts.answer(groups, brought=bool(own.state.groups()))
        self._account.async_handle_error(self.links.own.error)  # also from before, if it rests
        self.parts.note(answers.failures, answers.given_up, dt_util.utcnow())
        state = self._async_believe(answers.answered(groups))
        # Before anything is told: automations do not hear what is unavailable.
        fresh = answers.brought or not own_groups(state)  # of nothing, nothing is too old
        self.available = is_available(state, dt_util.utcnow(), reading=fresh, restored=False)
        self._async_examine(state)
        self._reads.pause(answers.retry_after)
        self._async_plan(state)
        self.data = state  # already: what a wake begins with must not be taken for its answer
        self.regular_wakes.async_wake_if_due(self._account.settings.wake_policy(self.info.key), state, self._activity)
        self._account.async_schedule_save()
        return state

    @callback
    def _async_fail(self, error: BackendError) -> Exception:
        """Note that nothing came by any way, the own one because of ``error``; returns what to raise."""
        async_report_sources(self.hass, self.config_entry, self.info, self.links)
        self._reads.fail()
        self._reads.pause(error.retry_after)
        self._async_plan(self.data)
        self.trouble = ReadFailure(
            error=error, failures=self._reads.failures, retry_at=dt_util.utcnow() + self._reads.wait
        )
        self._account.async_handle_error(error)
        if refused := isinstance(error, NotSupported):
            self.parts.readable = False
            self._async_examine(self.data)
        self._async_judge_age(restored=self._restored and not refused)
        return update_error(error, others=bool(self.links.lent))

    @callback
    def _async_watch(self) -> None:
        """Look more often for a while: a vehicle that did not confirm in time may still obey."""
        self._reads.watch(self._account.settings.pace.watching_rounds)
        self._async_plan(self.data)
        self._schedule_refresh()

    @callback
    def _async_weigh(self) -> VehicleState:
        """Return what is believed after something was said; who the vehicle is may have changed as well."""
        self.info = self.links.info
        self.links.forget_place_if_private()
        async_report_sources(self.hass, self.config_entry, self.info, self.links)
        now = dt_util.utcnow()
        self._up_to_date = self.links.shown(now)
        return self.links.state.without_past_forecasts(now)

    @callback
    def _async_believe(self, answered: Collection[Group], *, asked: bool = True) -> VehicleState:
        """Return what is believed after new word, and note what it says of the vehicle's doings.

        The groups ``answered`` need not be asked for again soon. What was said unasked is not among them: it may be
        half of what another source knows.
        """
        now, state = dt_util.utcnow(), self._async_weigh()
        self._activity = self._activity.after(self.data, state, now, polled=asked)
        self._reads.answered(answered, now)
        self._async_attend(state)
        return state

    @callback
    def _async_attend(self, state: VehicleState) -> None:
        self.config_entry.async_create_background_task(
            self.hass,
            self._async_tell_news(self.data, state),
            f"{DOMAIN} alerts of {self.name}",
            eager_start=False,  # when the state has been taken over
        )

    async def _async_tell_news(self, before: VehicleState, state: VehicleState) -> None:
        """Tell what has happened; where the vehicle is may mean more than an alert."""
        await self.alerts.async_attend(before, state)
        self.plans.async_review()

    @callback
    def _async_plan(self, state: VehicleState, *, keep: bool = False) -> None:
        """Plan the next read; to ``keep`` the one that is planned is to bring it forward at most."""
        self._reads.plan(state, self._activity, self._account.settings.pace, self._account.async_debt(), keep=keep)
        self.update_interval = self._reads.wait if self.links.needs_asking else None

    @callback
    def _async_judge_age(self, *, restored: bool) -> None:
        now, before = dt_util.utcnow(), (self.available, self._up_to_date)
        self.available = is_available(self.data, now, reading=False, restored=restored)
        self._up_to_date = self.links.shown(now)
        if before != (self.available, self._up_to_date):
            self.async_update_listeners()  # the base class tells them of the first failure only

    @callback
    def _async_examine(self, state: VehicleState) -> None:
        """Show what is wrong with the vehicle itself, or that nothing is any more."""
        readable = self.parts.readable if self._account.lists(self.info) else None
        market = self._account.backend.description.market
        found = examine(
            self.info, state, readable=readable, market=market, unanswered_at=self.commands.wakes.unanswered_at
        )
        async_report_vehicle(self.hass, self.config_entry, self.info, found)
        self.pin_guard.async_show()
