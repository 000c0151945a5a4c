"""A tour of the LEAF for spectators: it finishes charging, drives a round and comes home, all within a minute.

Afterwards it is plugged in at home with much to charge, and so is the Ariya all the time.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from custom_components.nissanconnect.vehicle import Group

from .cars.charger import Charger
from .cars.drive import Route
from .cars.electric import Electric
from .cars.garage import HISTORY, Garage, ariya, build, leaf, open_garage
from .cars.places import TO_SCIENCE_PARK
from .cars.scenario import Depart, PlugIn
from .cars.vehicle import UNDER_WAY, SimulatedVehicle

LENGTH = timedelta(minutes=50)
"""How long the tour is for the vehicle. At its end the trip is long enough ago to be taken for over."""
SPEED = 75
"""How many times faster it is for the spectators."""

_BEGIN, _LIMIT = 80.2, 82.0
"""% of charge: what is between them takes some seven minutes."""
_DEPARTS, _PLUGGED_IN = timedelta(minutes=14), timedelta(minutes=37)
"""After the start, which leaves Home Assistant some minutes to come up."""
_ARIYA = 45.0
"""% of charge."""
_ROUND = Route(TO_SCIENCE_PARK.legs + TO_SCIENCE_PARK.back().legs)


def garage(start: datetime, *, seed: int, zone: tzinfo) -> Garage:
    """Return the garage at ``start`` with a LEAF that is about to go, and an Ariya that stays at home today."""
    opened = open_garage(start, seed=seed, zone=zone)
    midnight = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for vehicle in (_leaf(start, seed=seed, zone=zone), _ariya(start, seed=seed, zone=zone)):
        past = opened.vehicles[vehicle.info.key].cloud.trips
        vehicle.cloud.trips[:] = [trip for trip in past if trip.ended_at < midnight]
        vehicle.plug_in()
        opened.vehicles[vehicle.info.key] = vehicle
    return opened


def _leaf(start: datetime, *, seed: int, zone: tzinfo) -> SimulatedVehicle:
    """Return a LEAF that is about to finish charging, drive a round and come home."""

    def errand(after: timedelta) -> dict[str, Any]:
        return {"at": (start + after).astimezone(zone).time(), "spread": timedelta()}

    make = leaf(start, zone)
    assert isinstance(make.powertrain, Electric)
    battery = make.powertrain.battery
    battery.energy *= _BEGIN / battery.level
    make.powertrain.charger = Charger(max_power=6.6, limit=_LIMIT)
    tour = (Depart(route=_ROUND, **errand(_DEPARTS)), PlugIn(limit=100, **errand(_PLUGGED_IN)))
    # The service states no time of the odometer: what it rises within the minute of the spectators, nobody believes.
    under_way = UNDER_WAY - {Group.ODOMETER}
    return build(replace(make, scenario=(*make.scenario, *tour), under_way=under_way), start, zone, seed)


def _ariya(start: datetime, *, seed: int, zone: tzinfo) -> SimulatedVehicle:
    """Return an Ariya after an ordinary week that ended the day before."""
    today = start.astimezone(zone).weekday()
    days_off = {today, (today + 1) % 7}
    make = ariya(began := start - HISTORY, zone)
    errands = (
        replace(errand, days=errand.days - days_off) if isinstance(errand, Depart) else errand
        for errand in make.scenario
    )
    vehicle = build(replace(make, scenario=(*errands,)), began, zone, seed)
    vehicle.advance(start)
    assert isinstance(vehicle.powertrain, Electric)
    vehicle.powertrain.charger.limit = 100
    vehicle.powertrain.battery.energy *= _ARIYA / vehicle.powertrain.battery.level
    vehicle.unplug()
    return vehicle


class TourClock:
    """The vehicles' clock: behind the real one until the tour begins, then fast until it has caught up."""

    def __init__(self, real: Callable[[], datetime]) -> None:
        """Stand ``LENGTH`` behind ``real``."""
        self._real = real
        self._began_at: datetime | None = None

    def begin(self) -> bool:
        """Begin the tour; once begun it goes on. Return whether it is over."""
        now = self._real()
        self._began_at = self._began_at or now
        return self() >= now

    def __call__(self) -> datetime:
        """Return the time for the vehicles."""
        now = self._real()
        if self._began_at is None:
            return now - LENGTH
        return min(now, self._began_at - LENGTH + (now - self._began_at) * SPEED)
