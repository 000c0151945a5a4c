"""Driving along a route: where the vehicle is after so many seconds, and what it has cost the powertrain.

A route is worked out once. Position, distance and work are then functions of the time since departure, so it does not
matter how finely time is cut.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, atan2, cos, degrees, radians, sin, sqrt
from typing import NamedTuple, Self

EARTH_RADIUS = 6371.0
"""km."""
AIR_DENSITY = 1.2
"""kg/m³."""
ROLLING = 0.009
"""Rolling resistance of a car tyre on asphalt."""
RECOVERED = 0.6
"""How much of the motion's energy comes back when braking."""
ELECTRONICS = 0.35
"""kW that lights, pumps and computers take."""
JOULES = 3.6e6
"""In a kWh."""


class Point(NamedTuple):
    """A place: WGS 84 degrees."""

    latitude: float
    longitude: float

    def distance(self, other: Point) -> float:
        """Return the km between two places, along a great circle."""
        lat1, lat2 = radians(self.latitude), radians(other.latitude)
        half_lat, half_lon = (lat2 - lat1) / 2, radians(other.longitude - self.longitude) / 2
        return 2 * EARTH_RADIUS * asin(sqrt(sin(half_lat) ** 2 + cos(lat1) * cos(lat2) * sin(half_lon) ** 2))

    def bearing(self, other: Point) -> float:
        """Return the direction to ``other`` in degrees clockwise from north."""
        lat1, lat2 = radians(self.latitude), radians(other.latitude)
        delta = radians(other.longitude - self.longitude)
        east = sin(delta) * cos(lat2)
        north = cos(lat1) * sin(lat2) - sin(lat1) * cos(lat2) * cos(delta)
        return (degrees(atan2(east, north)) + 360) % 360


@dataclass(frozen=True, slots=True)
class Leg:
    """A straight piece of road, driven at ``speed`` km/h, with a stop at its end."""

    start: Point
    end: Point
    speed: float

    @property
    def length(self) -> float:
        """In km."""
        return self.start.distance(self.end)

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.length / self.speed * 3600


@dataclass(frozen=True, slots=True)
class Chassis:
    """What resists: ``mass`` in kg, ``drag`` (coefficient times frontal area) in m²."""

    mass: float
    drag: float

    def work(self, leg: Leg) -> Work:
        """Return the mechanical work of a leg."""
        speed, metres = leg.speed / 3.6, leg.length * 1000
        rolling = self.mass * 9.81 * ROLLING * metres
        air = AIR_DENSITY / 2 * self.drag * speed**2 * metres
        motion = self.mass * speed**2 / 2
        used = (rolling + air + motion) / JOULES + ELECTRONICS * leg.seconds / 3600
        return Work(used, motion * RECOVERED / JOULES)


class Work(NamedTuple):
    """kWh that went to the wheels and electronics, and kWh that braking gave back."""

    used: float
    recovered: float

    def minus(self, other: Work) -> Work:
        """Return what has been added since ``other``."""
        return Work(self.used - other.used, self.recovered - other.recovered)


class Progress(NamedTuple):
    """How far along a route: the place, the direction in degrees, km driven and work done so far."""

    point: Point
    heading: float
    distance: float
    work: Work


@dataclass(frozen=True, slots=True)
class Route:
    """A way from one place to another."""

    legs: tuple[Leg, ...]

    @classmethod
    def through(cls, *waypoints: tuple[float, float, float]) -> Self:
        """Build a route from latitude, longitude and the speed (km/h) to the next one; the last speed is unused."""
        points = [Point(latitude, longitude) for latitude, longitude, _ in waypoints]
        speeds = [speed for _, _, speed in waypoints]
        return cls(tuple(map(Leg, points[:-1], points[1:], speeds[:-1], strict=True)))

    @property
    def start(self) -> Point:
        """Where it begins."""
        return self.legs[0].start

    @property
    def length(self) -> float:
        """In km."""
        return sum(leg.length for leg in self.legs)

    def back(self) -> Route:
        """Return the way back."""
        return Route(tuple(Leg(leg.end, leg.start, leg.speed) for leg in reversed(self.legs)))


class Drive:
    """A vehicle under way since ``started_at``."""

    __slots__ = ("_marks", "_times", "ends_at", "route", "started_at")

    def __init__(self, route: Route, chassis: Chassis, started_at: datetime) -> None:
        """Work the route out for a vehicle."""
        self.route = route
        self.started_at = started_at
        self._times, self._marks = _milestones(route.legs, chassis)
        self.ends_at = started_at + timedelta(seconds=self._times[-1])

    def at(self, when: datetime) -> Progress:
        """Return how far the vehicle is at ``when``, which may lie after the arrival."""
        elapsed = min((when - self.started_at).total_seconds(), self._times[-1])
        index = min(bisect_right(self._times, elapsed), len(self.route.legs)) - 1
        leg, before, after = self.route.legs[index], self._marks[index], self._marks[index + 1]
        share = (elapsed - self._times[index]) / (self._times[index + 1] - self._times[index])

        def between(start: float, end: float) -> float:
            return start + (end - start) * share

        return Progress(
            Point(*map(between, leg.start, leg.end, strict=True)),
            before.heading,
            between(before.distance, after.distance),
            Work(*map(between, before.work, after.work, strict=True)),
        )


def _milestones(legs: Sequence[Leg], chassis: Chassis) -> tuple[list[float], list[Progress]]:
    """Return when each leg begins and what has been done by then; the last entries are the arrival."""
    times, marks = [0.0], [Progress(legs[0].start, legs[0].start.bearing(legs[0].end), 0.0, Work(0.0, 0.0))]
    for number, leg in enumerate(legs, 1):
        last, work = marks[-1], chassis.work(leg)
        following = legs[number] if number < len(legs) else leg
        times.append(times[-1] + leg.seconds)
        marks.append(
            Progress(
                leg.end,
                following.start.bearing(following.end),
                last.distance + leg.length,
                Work(last.work.used + work.used, last.work.recovered + work.recovered),
            )
        )
    return times, marks
