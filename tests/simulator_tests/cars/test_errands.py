"""What happens around a vehicle, and what is seen of it."""

from datetime import time

import pytest

from custom_components.nissanconnect.vehicle import Refresh
from tests.simulator.cars.combustion import Combustion
from tests.simulator.cars.places import TO_SCIENCE_PARK, TO_UTRECHT
from tests.simulator.cars.scenario import Depart, PlugIn, Refuel

from .build import COMMUTE, DAY, HOUR, START, combustion, electric, executed, powertrain, vehicle


def test_nobody_sets_out_with_an_empty_battery_or_from_elsewhere() -> None:
    empty = vehicle(electric(4), scenario=COMMUTE)
    empty.advance(START + DAY - HOUR)
    astray = vehicle(electric(90), scenario=(Depart(at=time(10), route=TO_SCIENCE_PARK.back()),))
    astray.advance(START + DAY)

    assert empty.cloud.trips == astray.cloud.trips == []
    assert powertrain(empty).charger.plugged


def test_it_is_plugged_in_only_at_home_and_when_that_is_worth_it() -> None:
    away = vehicle(electric(90), scenario=(Depart(at=time(10), route=TO_UTRECHT), PlugIn(at=time(18))))
    full = vehicle(electric(90), scenario=(PlugIn(at=time(18), below=60),))
    for car in (away, full):
        car.advance(START + DAY - HOUR)

    assert not powertrain(away).charger.plugged
    assert not powertrain(full).charger.plugged


@pytest.mark.parametrize(("quantity", "expected"), [(5, 50), (40, 40)])
def test_it_is_refuelled_when_that_is_due(quantity: float, expected: float) -> None:
    car = vehicle(combustion(quantity), scenario=(Refuel(at=time(12)), PlugIn(at=time(13))))
    car.advance(START + 5 * HOUR)

    assert isinstance(car.powertrain, Combustion)
    assert car.powertrain.quantity == expected


def test_a_combustion_vehicle_reports_its_tank_and_no_battery() -> None:
    car = vehicle(combustion(5))
    car.plug_in()
    car.unplug()
    said = car.cloud.state

    assert said.fuel is not None
    assert (said.fuel.level, said.fuel.quantity, said.fuel.range, said.fuel.low) == (10, 5, 83, True)
    assert (said.battery, said.charging, said.climate, said.schedules) == (None, None, None, None)


def test_open_doors_and_soft_tyres_are_seen() -> None:
    car = vehicle()
    car.body.open.add("hatch")
    car.body.tyres = (230, 230, 150, 230)
    executed(car, Refresh())
    body, tyres = car.cloud.state.body, car.cloud.state.tyres

    assert body is not None
    assert tyres is not None
    assert (body.hatch, body.door_front_left) == (True, False)
    assert (tyres.front_left.warning, tyres.rear_left.warning) == (False, True)
    assert tyres.rear_left.pressure is not None
    assert tyres.rear_left.pressure < 160
