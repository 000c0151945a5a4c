"""What forbids a command to one vehicle, and what makes it needless."""

from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .alerts import VehicleAlerts
from .backends.base import LockSetup
from .command_log import CommandLog
from .const import CONF_PINS
from .coordinator import VehicleCoordinator
from .engine import preconditions
from .engine.preconditions import WrongPins
from .issues import WRONG_PINS, async_set_issue
from .settings import EntryValues
from .vehicle import (
    NEVER,
    Alert,
    AlertType,
    Command,
    CommandRecord,
    CommandStatus,
    Detail,
    Group,
    Initiator,
    Lock,
    NotSupported,
    Reason,
    Unlock,
    VehicleState,
)
from .vehicle_source import VehicleSource

_DOORS = {Lock.kind(), Unlock.kind()}


class PinGuard:
    """Counts wrong PINs, whichever source has rejected them, and refuses commands while none is tried."""

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        log: CommandLog,
        alerts: VehicleAlerts,
        wrong: WrongPins,
    ) -> None:
        """``wrong`` is what was counted before the restart."""
        self.wrong = wrong
        self._coordinator = coordinator
        self._log = log
        self._alerts = alerts
        log.async_add_listener(self._async_command_ended)

    @property
    def stored(self) -> str | None:
        """The PIN that the owner has chosen to store, if it can be read."""
        pins = EntryValues(self._coordinator.config_entry.data).mapping(CONF_PINS)
        return EntryValues(pins).text(self._coordinator.info.key)

    def refusal(self, command: Command) -> Reason | None:
        """Return the reason if ``command`` would try a PIN while none is tried. Locking without one always may be."""
        if not isinstance(command, Lock | Unlock) or (isinstance(command, Lock) and command.pin is None):
            return None
        # Others that are being tried may turn out to be wrong as well. The same one again tells nothing new.
        pins = {each.pin for each in self._log.in_flight if isinstance(each, Lock | Unlock)}
        return Reason.TOO_MANY_WRONG_PINS if self._refused_until(len(pins - {command.pin, None})) else None

    @callback
    def async_allow(self) -> None:
        """Forget the wrong ones."""
        if self.wrong.count:
            self.wrong = WrongPins()
            self.async_show()
            self._log.async_changed()

    async def async_set_pin(self, pin: str, asked_by: Initiator) -> None:
        """Set the PIN of the vehicle's remote lock, which wakes it; raises :class:`BackendError`."""
        backend = self._coordinator.sources.own.connection.backend
        if not isinstance(backend, LockSetup):
            raise NotSupported
        async with self._log.async_waking("set_pin", asked_by) as departure:
            await backend.set_pin(self._coordinator.info, pin, departure)
        self.async_allow()  # the wrong ones were tried for another PIN

    @callback
    def async_show(self) -> None:
        """Show in the repairs until when no PIN is tried, or that they are."""
        vehicle, until = self._coordinator, self._refused_until()
        async_set_issue(
            vehicle.hass,
            vehicle.config_entry,
            WRONG_PINS,
            present=until is not None,
            vehicle=vehicle.info,
            tries=str(self.wrong.count),
            until=f"{dt_util.as_local(until):%Y-%m-%d %H:%M}" if until else "",
        )

    def _refused_until(self, more: int = 0) -> datetime | None:
        """Return until when no PIN is tried, if as many ``more`` were wrong."""
        now = dt_util.utcnow()
        wrong = self.wrong = self.wrong.seen_at(now)
        for _ in range(more):
            wrong = wrong.after(now)
        return wrong.refused_until(now)

    @callback
    def _async_command_ended(self, record: CommandRecord) -> None:
        if record.command not in _DOORS:
            return
        outcome = record.outcome
        if outcome.reason == Reason.WRONG_PIN:
            self._async_count(record)
        elif record.command == Unlock.kind() and outcome.sent_at and outcome.status is CommandStatus.CONFIRMED:
            self.async_allow()  # not after locking: a stored PIN does that, which whoever guesses need not know

    @callback
    def _async_count(self, record: CommandRecord) -> None:
        now = dt_util.utcnow()
        self.wrong = self.wrong.after(now)
        if (until := self._refused_until()) is None:
            return
        self.async_show()
        details: dict[str, Detail] = {
            "tries": self.wrong.count,
            "until": until.isoformat(),
            "asked_by": record.asked_by.shown,
        }
        self._alerts.async_report([Alert(type=AlertType.WRONG_PINS, at=now, details=details)])


class CommandChecks:
    """Decides right before sending whether a command should be sent."""

    def __init__(
        self,
        coordinator: VehicleCoordinator,
        log: CommandLog,
        alerts: VehicleAlerts,
        pin_guard: PinGuard,
    ) -> None:
        self._coordinator = coordinator
        self._sources = coordinator.sources
        self._log = log
        self._alerts = alerts
        self._pin_guard = pin_guard

    def check(self, command: Command) -> str | None:
        """Return why a command should not or need not be sent, as a translation key; ``None`` if it should."""
        reason = self.refusal(command)
        return Reason.ALREADY_SO if reason is None and self.is_settled(command) else reason

    def refusal(self, command: Command, state: VehicleState | None = None) -> str | None:
        """Return why ``command`` would not be sent now, as a translation key; ``None`` if it would.

        ``state`` is what to judge by instead of the present one.
        """
        if (refused := self._pin_guard.refusal(command)) is not None:
            return refused
        limits = replace(self._coordinator.connection.settings.limits, climate_blocked=self._alerts.blocks_climate)
        judged, now = state or self._coordinator.data, dt_util.utcnow()

        def age(group: Group) -> timedelta:
            return now - self._sources.reported_at(group)

        def reason(source: VehicleSource) -> str | None:
            # Whether the vehicle can be reached differs between sources.
            reached = replace(judged, connectivity=source.reported.state.connectivity)
            context = preconditions.CommandContext(reached, limits, age)
            return preconditions.refusal(command, source.info or self._coordinator.info, context)

        able = self._sources.able(command)
        if not able and any(source.forbids(command) for source in self._sources):
            return Reason.UNLOCK_NOT_ALLOWED
        reasons = [reason(source) for source in able or [self._sources.own]]
        return None if None in reasons else reasons[0]

    def is_settled(self, command: Command) -> bool:
        """Whether the vehicle is known to be as ``command`` would have it, and the command is not forced.

        As long as another command that may change it is on its way, nothing is known.
        """
        if command.force or any(each.concerns_same(command) for each in self._log.in_flight):
            return False
        return preconditions.is_settled(
            command,
            self._coordinator.data,
            self._log.records,
            reported_at=min(map(self._sources.reported_at, command.groups), default=NEVER),
            now=dt_util.utcnow(),
        )
