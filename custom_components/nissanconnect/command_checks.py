"""Whether a command would be sent now, and whether what it asks for is so already."""

from dataclasses import replace
from typing import TYPE_CHECKING

from homeassistant.util import dt as dt_util

from .engine import preconditions
from .engine.command_evidence import Evidence
from .link import Link
from .settings import Settings
from .vehicle import NEVER, Command, Reason, VehicleState

if TYPE_CHECKING:
    from .coordinator import VehicleCoordinator


def refusal(
    vehicle: VehicleCoordinator, command: Command, settings: Settings, state: VehicleState | None = None
) -> str | None:
    """Return why ``command`` would not be sent now, as the key of a translation; ``None`` if it would.

    ``state`` is what to judge it by if not what is believed.
    """
    if (refused := vehicle.pin_guard.refusal(command)) is not None:
        return refused
    blocked = vehicle.alerts.lookout.blocks_climate(vehicle.alerts.fences)
    limits = replace(settings.limits, climate_blocked=blocked)
    believed, now = state or vehicle.data, dt_util.utcnow()

    def reason(source: Link) -> str | None:
        # Whether the vehicle can be reached is another question for each source.
        reached = replace(believed, connectivity=source.word.state.connectivity)
        seen = preconditions.CommandContext(reached, limits, lambda group: now - vehicle.links.said_at(group))
        return preconditions.refusal(command, source.info or vehicle.info, seen)

    able = vehicle.links.able(command)
    if not able and any(link.forbids(command) for link in vehicle.links):
        return Reason.UNLOCK_NOT_ALLOWED
    reasons = [reason(source) for source in able or [vehicle.links.own]]
    return None if None in reasons else reasons[0]


def evidence(vehicle: VehicleCoordinator, command: Command) -> Evidence:
    """Return what shows whether the vehicle is already as ``command`` would have it."""
    return Evidence(
        state=vehicle.data,
        reported_at=min(map(vehicle.links.said_at, command.groups), default=NEVER),
        now=dt_util.utcnow(),
    )
