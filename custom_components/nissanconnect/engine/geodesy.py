"""Distances on the Earth."""

from math import asin, cos, dist, hypot, radians, sin, sqrt
from typing import Protocol

_EQUATOR = 6378.137
_FLATTENING = 1 / 298.257223563
_ECCENTRICITY_SQUARED = _FLATTENING * (2 - _FLATTENING)
"""The ellipsoid of WGS 84, in km (NIMA TR8350.2)."""


class Place(Protocol):
    """Anything with WGS 84 coordinates in degrees."""

    @property
    def latitude(self) -> float:
        """Degrees north."""

    @property
    def longitude(self) -> float:
        """Degrees east."""


def distance(one: Place, other: Place) -> float:
    """Return the km between two places over the ground, to better than 0.5 % wherever they are.

    The straight line through the ellipsoid, bent onto a sphere of the radius that the Earth has there. Unlike the
    usual sphere it is exact to the millimetre nearby, where fences are, and it needs no iteration.
    """
    here, there = _in_space(one), _in_space(other)
    radius = (hypot(*here) + hypot(*there)) / 2
    return 2 * radius * asin(min(dist(here, there) / (2 * radius), 1.0))


def _in_space(place: Place) -> tuple[float, float, float]:
    """Return km from the centre of the Earth."""
    latitude, longitude = radians(place.latitude), radians(place.longitude)
    normal = _EQUATOR / sqrt(1 - _ECCENTRICITY_SQUARED * sin(latitude) ** 2)
    return (
        normal * cos(latitude) * cos(longitude),
        normal * cos(latitude) * sin(longitude),
        normal * (1 - _ECCENTRICITY_SQUARED) * sin(latitude),
    )
