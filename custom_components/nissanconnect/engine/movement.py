"""Whether a vehicle that was left locked is somewhere else, although nobody drove it."""

from dataclasses import dataclass, field
from typing import Self

from ..vehicle import Alert, AlertType, Position, VehicleState
from .geodesy import distance
from .track import fixed_at

_CARRIED = 0.3
"""km: further than any position of a parked vehicle wanders."""

_DRIVEN = 0.5
"""km on the odometer that make it a trip; some sources round to whole ones, hence a change of one is always more."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a vehicle was left locked, and what its odometer said then."""

    position: Position | None = field(default=None, repr=False)
    odometer: float | None = None

    def after(self, state: VehicleState, position: Position | None) -> tuple[Self, Alert | None]:
        """Return the anchor after a read, and an alert if the vehicle has been moved.

        ``position`` is the newest that is believed. Without lock, position and odometer nothing can be told; and the
        odometer must have been read since the position, or the drive that explains it may not be known yet.
        """
        odometer = state.odometer
        if state.body is None or not state.body.locked or position is None or odometer is None:
            return type(self)(), None
        here = type(self)(position, odometer.distance)
        if self.position is None or self.odometer is None or odometer.distance is None:
            return here, None
        if odometer.distance - self.odometer >= _DRIVEN:
            return here, None
        if distance(self.position, position) < _CARRIED or odometer.received_at < position.received_at:
            return self, None
        return here, Alert(type=AlertType.UNEXPECTED_MOVEMENT, at=fixed_at(position))
