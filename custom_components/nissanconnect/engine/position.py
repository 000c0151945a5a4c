"""Where a vehicle is: distances, plausible positions, geofences, and movement without a drive."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import asin, cos, dist, hypot, radians, sin, sqrt

from ..vehicle import Alert, AlertType, Position, VehicleState

_EQUATOR = 6378.137
_FLATTENING = 1 / 298.257223563
_ECCENTRICITY_SQUARED = _FLATTENING * (2 - _FLATTENING)
"""The ellipsoid of WGS 84, in km (NIMA TR8350.2)."""


def distance(one: Position | Circle, other: Position | Circle) -> float:
    """Return the km between two places over the ground, to better than 0.5 % wherever they are.

    The straight line through the ellipsoid, bent onto a sphere of the radius that the Earth has there. Unlike the
    usual sphere it is exact to the millimetre at short range, where geofences are, and it needs no iteration.
    """
    here, there = _in_space(one), _in_space(other)
    radius = (hypot(*here) + hypot(*there)) / 2
    return 2 * radius * asin(min(dist(here, there) / (2 * radius), 1.0))


def _in_space(place: Position | Circle) -> tuple[float, float, float]:
    """Return km from the centre of the Earth."""
    latitude, longitude = radians(place.latitude), radians(place.longitude)
    normal = _EQUATOR / sqrt(1 - _ECCENTRICITY_SQUARED * sin(latitude) ** 2)
    return (
        normal * cos(latitude) * cos(longitude),
        normal * cos(latitude) * sin(longitude),
        normal * (1 - _ECCENTRICITY_SQUARED) * sin(latitude),
    )


_FASTEST = 200.0
"""km/h. Nothing that Nissan sells with a telematics unit goes further in an hour; a wrong position does."""

_NOISE = 0.5
"""km that a position may jump in no time: fixes differ, and so do the clocks that stamp them."""


@dataclass(frozen=True, slots=True)
class Track:
    """The last plausible position of a vehicle, and a later one that it can hardly have reached."""

    last: Position | None = field(default=None, repr=False)
    doubted: Position | None = field(default=None, repr=False)

    def after(self, position: Position | None) -> tuple[Track, bool]:
        """Return the track after one more position, and whether that position is new and plausible.

        An older position, or the same again, is not new. A jump is doubted until a second report agrees with it: a
        vehicle may have been carried away, but a single jump is more likely a wrong fix.
        """
        if position is None or (self.last is not None and position.known_at <= self.last.known_at):
            return self, False
        if self.last is None or _can_reach(self.last, position):
            return Track(position), True
        if self.doubted is not None and position.known_at <= self.doubted.known_at:
            return self, False
        if self.doubted is not None and _can_reach(self.doubted, position):
            return Track(position), True
        return Track(self.last, position), False


def _can_reach(start: Position, end: Position) -> bool:
    hours = (end.known_at - start.known_at).total_seconds() / 3600
    return distance(start, end) <= _NOISE + _FASTEST * hours


SMALLEST, LARGEST = 100, 5000
"""The smallest and largest radius of a geofence, in metres."""

_WOBBLE = 25.0
"""Metres by which the fixes of a parked vehicle differ; no source states its accuracy."""

_STALENESS = 1.0
"""Additional metres on leaving, for each minute (up to an hour) between the vehicle's fix and its arrival here."""


class GeofenceAction(StrEnum):
    """What a geofence does when it is crossed."""

    ALERT = "alert"
    BLOCK_CLIMATE = "block_climate"
    """Climate is not started until the vehicle crosses again."""
    LOCK_REMINDER = "lock_reminder"
    """An alert if the vehicle is left there unlocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A circle on the ground: WGS 84 degrees, and a radius in metres."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Geofence:
    """A named circle, and what happens at its edge. ``key`` never changes."""

    key: str
    name: str
    area: Circle
    on_entering: frozenset[GeofenceAction] = frozenset()
    on_leaving: frozenset[GeofenceAction] = frozenset()

    def actions(self, *, inside: bool) -> frozenset[GeofenceAction]:
        """Return the actions for a vehicle inside, or outside."""
        return self.on_entering if inside else self.on_leaving


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Whether a vehicle is inside a geofence; ``seen_at`` is when it was first seen inside, or outside."""

    area: Circle
    inside: bool | None = None
    seen_at: datetime | None = None

    def after(self, area: Circle, position: Position) -> tuple[Presence, AlertType | None]:
        """Return the presence after a plausible position, and the crossing that it shows.

        The first position, and the first after the circle was changed, show no crossing. After that the edge is a band
        in which the presence stays as it was, so a vehicle there does not come and go.
        """
        metres = distance(area, position) * 1000
        known = self.inside if area == self.area else None
        inside = metres <= area.radius + _margin(position, known)
        if inside is known:
            return self, None
        now = Presence(area=area, inside=inside, seen_at=position.known_at)
        if known is None:
            return now, None
        return now, AlertType.ENTERED_AREA if inside else AlertType.LEFT_AREA


def _margin(position: Position, inside: bool | None) -> float:
    """Return by how many metres the edge is moved for a vehicle that is known to be inside, or outside."""
    if inside is None:
        return 0.0
    if not inside:
        return -_WOBBLE
    minutes = (position.received_at - position.known_at).total_seconds() / 60
    return _WOBBLE + _STALENESS * min(max(minutes, 0), 60)


_CARRIED = 0.3
"""km. Positions of a parked vehicle wander less than this."""

_DRIVEN = 0.5
"""km on the odometer that make a trip. Some sources round to whole km, so one step is always more."""


@dataclass(frozen=True, slots=True)
class ParkedPosition:
    """Where a vehicle was left locked, with its odometer then."""

    position: Position | None = field(default=None, repr=False)
    odometer: float | None = None

    def after(self, state: VehicleState, position: Position | None) -> tuple[ParkedPosition, Alert | None]:
        """Return the parked position after an update, and an alert if the vehicle was moved without a drive.

        ``position`` is the last plausible one. Lock, position and odometer must all be known. The odometer must have
        been read after the position, or the drive that explains it may not be known yet.
        """
        odometer = state.odometer
        if state.body is None or not state.body.locked or position is None or odometer is None:
            return ParkedPosition(), None
        here = ParkedPosition(position, odometer.distance)
        if self.position is None or self.odometer is None or odometer.distance is None:
            return here, None
        if odometer.distance - self.odometer >= _DRIVEN:
            return here, None
        if distance(self.position, position) < _CARRIED or odometer.received_at < position.received_at:
            return self, None
        return here, Alert(type=AlertType.UNEXPECTED_MOVEMENT, at=position.known_at)
