"""Regular wakes, for owners who have chosen them in the options: when one is due, and why there is none."""

from datetime import datetime
import logging
from typing import NamedTuple, Protocol

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .commands import VehicleCommands
from .engine.activity import Activity
from .engine.wake_policy import WakeContext, WakePolicy, WakeRefusal, automatic_wake_due
from .vehicle import Capability, Initiator, Refresh, VehicleInfo, VehicleState

_LOGGER = logging.getLogger(__name__)


class NotWoken(NamedTuple):
    """Why the vehicle is not woken automatically, and since when that is the reason."""

    refusal: WakeRefusal
    since: datetime


class WokenVehicle(Protocol):
    """What regular wakes need of their vehicle."""

    name: str
    info: VehicleInfo
    commands: VehicleCommands


class RegularWakes:
    """Wakes one vehicle when its owner wants that and nothing speaks against it."""

    def __init__(self, vehicle: WokenVehicle) -> None:
        """Begin; what came due before is not made up for."""
        self.not_woken: NotWoken | None = None
        self._vehicle = vehicle
        self._started_at = dt_util.utcnow()

    @callback
    def async_wake_if_due(self, policy: WakePolicy, state: VehicleState, activity: Activity) -> None:
        """Wake the vehicle, or note why not."""
        commands = self._vehicle.commands
        if Capability.REFRESH not in self._vehicle.info.capabilities or not commands.runner.idle:
            return  # what waits its turn is not in the book yet
        now = dt_util.utcnow()
        decision = automatic_wake_due(
            WakeContext(
                policy=policy,
                ledger=commands.wakes,
                state=state,
                activity=activity,
                now=now,
                zone=dt_util.get_default_time_zone(),
                started_at=self._started_at,
            )
        )
        if self.not_woken is None or self.not_woken.refusal is not decision.refusal:
            _LOGGER.debug(
                "%s: automatic wake for %s: %s", self._vehicle.name, decision.purpose, decision.refusal or "due"
            )
            self.not_woken = NotWoken(decision.refusal, now) if decision.refusal else None
        if decision.due:
            commands.async_submit(Refresh(), Initiator(kind="option", name=None))
