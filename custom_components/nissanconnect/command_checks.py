"""What forbids a command to one vehicle, and what makes it needless."""

from dataclasses import replace
from datetime import timedelta

from homeassistant.util import dt as dt_util

from .alerts import VehicleAlerts
from .command_log import CommandLog
from .connection import Connection
from .coordinator import VehicleCoordinator
from .engine import preconditions
from .pin_guard import PinGuard
from .vehicle import NEVER, Command, Group, Reason, VehicleState
from .vehicle_source import VehicleSource


class CommandChecks:
    """Decides right before sending whether a command should be sent."""

    def __init__(
        self,
        connection: Connection,
        coordinator: VehicleCoordinator,
        log: CommandLog,
        alerts: VehicleAlerts,
        pin_guard: PinGuard,
    ) -> None:
        self._connection = connection
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
        limits = replace(self._connection.settings.limits, climate_blocked=self._alerts.blocks_climate)
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
