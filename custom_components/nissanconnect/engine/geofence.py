"""Areas of the owner, and when a vehicle enters or leaves them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..vehicle import Position
from .geodesy import distance
from .track import fixed_at

SMALLEST, LARGEST = 100, 5000
"""Metres: how far an area may reach from its centre."""

_WOBBLE = 25.0
"""Metres by which the fixes of a parked vehicle differ; no source of ours states its accuracy."""

_STALENESS = 1.0
"""Metres more, at the way out, for each minute up to an hour between the vehicle's fix and our hearing of it."""


class FenceAction(StrEnum):
    """What a crossing does."""

    ALERT = "alert"
    BLOCK_CLIMATE = "block_climate"
    """Climate is not started until the vehicle has crossed again."""
    LOCK_REMINDER = "lock_reminder"
    """An alert when the vehicle is left there unlocked."""


class Crossing(StrEnum):
    """Which way."""

    ENTERED = "entered"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A circle on the ground: WGS 84 degrees, and a radius in metres."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """An area with a name, and what happens at its edge. ``key`` never changes."""

    key: str
    name: str
    area: Area
    on_entering: frozenset[FenceAction] = frozenset()
    on_leaving: frozenset[FenceAction] = frozenset()

    def actions(self, *, inside: bool) -> frozenset[FenceAction]:
        """Return what applies to a vehicle that has come in, or is outside."""
        return self.on_entering if inside else self.on_leaving


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Whether a vehicle is in an area; ``seen_at`` is when it was first seen there, respectively outside."""

    area: Area
    inside: bool | None = None
    seen_at: datetime | None = None

    def after(self, area: Area, position: Position) -> tuple[Presence, Crossing | None]:
        """Return the presence after a believed position, and the crossing that it shows.

        The first position of all, and the first after the area was changed, only tell where the vehicle is. After
        that the edge is a band in which the vehicle stays what it was, so that it does not come and go there.
        """
        metres = distance(area, position) * 1000
        known = self.inside if area == self.area else None
        inside = metres <= area.radius + _margin(position, known)
        if inside is known:
            return self, None
        now = Presence(area=area, inside=inside, seen_at=fixed_at(position))
        if known is None:
            return now, None
        return now, Crossing.ENTERED if inside else Crossing.LEFT


def _margin(position: Position, inside: bool | None) -> float:
    """Return by how many metres the edge moves away from a vehicle that is known to be inside, or outside."""
    if inside is None:
        return 0.0
    if not inside:
        return -_WOBBLE
    minutes = (position.received_at - fixed_at(position)).total_seconds() / 60
    return _WOBBLE + _STALENESS * min(max(minutes, 0), 60)
