"""A tour of the LEAF for spectators: it finishes charging, drives a round and comes home, all within a minute."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from .cars.charger import Charger
from .cars.drive import Route
from .cars.electric import Electric
from .cars.garage import Garage, build, leaf, open_garage
from .cars.places import TO_SCIENCE_PARK
from .cars.scenario import Depart, PlugIn

LENGTH = timedelta(minutes=40)
"""How long the tour is for the vehicle."""
SPEED = 60
"""How many times faster it is for the spectators."""

_BEGIN, _LIMIT = 88.2, 90.0
"""% of charge: what is between them takes some seven minutes."""
_DEPARTS, _PLUGGED_IN = timedelta(minutes=14), timedelta(minutes=37)
"""After the start, which leaves Home Assistant some minutes to come up."""
_ROUND = Route(TO_SCIENCE_PARK.legs + TO_SCIENCE_PARK.back().legs)


def garage(start: datetime, *, seed: int, zone: tzinfo) -> Garage:
    """Return the garage at ``start`` with a LEAF that is about to finish charging, drive a round and come home."""

    def errand(after: timedelta) -> dict[str, Any]:
        return {"at": (start + after).astimezone(zone).time(), "spread": timedelta()}

    make = leaf(start, zone)
    assert isinstance(make.powertrain, Electric)
    battery = make.powertrain.battery
    battery.energy *= _BEGIN / battery.level
    make.powertrain.charger = Charger(max_power=6.6, limit=_LIMIT)
    tour = (Depart(route=_ROUND, **errand(_DEPARTS)), PlugIn(**errand(_PLUGGED_IN)))
    vehicle = build(replace(make, scenario=(*make.scenario, *tour)), start, zone, seed)
    vehicle.plug_in()
    opened = open_garage(start, seed=seed, zone=zone)
    opened.vehicles[vehicle.info.key] = vehicle
    return opened


class TourClock:
    """The vehicles' clock: behind the real one until the tour begins, then fast until it has caught up."""

    def __init__(self, real: Callable[[], datetime]) -> None:
        """Stand ``LENGTH`` behind ``real``."""
        self._real = real
        self._began_at: datetime | None = None

    def begin(self) -> None:
        """Begin the tour; once begun it goes on."""
        self._began_at = self._began_at or self._real()

    def __call__(self) -> datetime:
        """Return the time for the vehicles."""
        now = self._real()
        if self._began_at is None:
            return now - LENGTH
        return min(now, self._began_at - LENGTH + (now - self._began_at) * SPEED)
