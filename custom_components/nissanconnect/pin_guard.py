"""Guards the PIN of one vehicle: after several wrong ones none is tried for a while, and the owner gets an alert."""

from datetime import datetime

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .alerts import VehicleAlerts
from .backends.base import LockSetup
from .command_log import CommandLog
from .const import CONF_PINS
from .coordinator import VehicleCoordinator
from .engine.preconditions import WrongPins
from .issues import WRONG_PINS, async_set_issue
from .settings import EntryValues
from .vehicle import (
    Alert,
    AlertType,
    Command,
    CommandRecord,
    CommandStatus,
    Detail,
    Initiator,
    Lock,
    NotSupported,
    Reason,
    Unlock,
)

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
        if record.outcome.reason == Reason.WRONG_PIN:
            self._async_count(record)
        elif record.command == Unlock.kind() and _was_carried_out(record):
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


def _was_carried_out(record: CommandRecord) -> bool:
    return record.outcome.status is CommandStatus.CONFIRMED and record.outcome.sent_at is not None
