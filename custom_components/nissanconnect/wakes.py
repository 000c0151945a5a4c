"""Automatic wakes, for owners who have chosen them in the options: when one is due, and why there is none."""

from datetime import datetime
import logging
from typing import NamedTuple

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .commands import VehicleCommands
from .connection import Connection
from .coordinator import Cause, StateUpdate, VehicleCoordinator
from .engine.wake_policy import WakeContext, WakeRefusal, automatic_wake_due
from .vehicle import Capability, Initiator, Refresh

_LOGGER = logging.getLogger(__name__)


class NotWoken(NamedTuple):
    """Why the vehicle is not woken automatically, and since when that is the reason."""

    refusal: WakeRefusal
    since: datetime


class AutomaticWakes:
    """Wakes one vehicle when its owner wants that and nothing speaks against it.

    ``not_woken`` is why it is not woken at the moment.
    """

    def __init__(self, connection: Connection, coordinator: VehicleCoordinator, commands: VehicleCommands) -> None:
        """A wake that was due before now is not made up for."""
        self.not_woken: NotWoken | None = None
        self._connection = connection
        self._coordinator = coordinator
        self._commands = commands
        self._started_at = dt_util.utcnow()

    @callback
    def async_observe(self, update: StateUpdate) -> None:
        """After a read, wake the vehicle or note why not."""
        vehicle = self._coordinator
        if update.cause is not Cause.READ or Capability.REFRESH not in vehicle.info.capabilities:
            return
        if not self._commands.runner.idle:
            return  # a command that waits its turn is not in the log yet
        now = dt_util.utcnow()
        decision = automatic_wake_due(
            WakeContext(
                policy=self._connection.settings.wake_policy(vehicle.info.key),
                ledger=self._commands.log.wakes,
                state=update.state,
                activity=vehicle.activity,
                now=now,
                zone=dt_util.get_default_time_zone(),
                started_at=self._started_at,
            )
        )
        if self.not_woken is None or self.not_woken.refusal is not decision.refusal:
            _LOGGER.debug("%s: automatic wake for %s: %s", vehicle.name, decision.purpose, decision.refusal or "due")
            self.not_woken = NotWoken(decision.refusal, now) if decision.refusal else None
        if decision.due:
            self._commands.async_submit(Refresh(), Initiator(kind="option", name=None))
