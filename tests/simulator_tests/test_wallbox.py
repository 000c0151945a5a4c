"""The wallbox of a simulated vehicle."""

from datetime import timedelta

from aiohttp import ClientSession
import pytest

from custom_components.nissanconnect.vehicle import ChargingStatus
from tests.backends.doubles import Clock
from tests.simulator import Simulator
from tests.simulator.cars.charger import EFFICIENCY
from tests.simulator.cars.electric import Electric
from tests.simulator.cars.event import Event
from tests.simulator.cars.vehicle import SimulatedVehicle
from tests.simulator.ovms.metrics import vehicle_metrics
from tests.simulator.wallbox import Wallbox

from .cars.build import START, electric, vehicle

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


def plugged_in(level: float = 30) -> SimulatedVehicle:
    car = vehicle(electric(level))
    car.plug_in()
    return car


def powertrain(car: SimulatedVehicle) -> Electric:
    assert isinstance(car.powertrain, Electric)
    return car.powertrain


def test_it_meters_what_the_vehicle_takes(clock: Clock) -> None:
    car = plugged_in()
    wallbox = Wallbox(car, clock, power=3.7)
    before = powertrain(car).battery.energy

    clock.time += HOUR

    assert wallbox.control({}) == {"on": True, "power": 3.7, "energy": pytest.approx(3.7)}
    assert powertrain(car).battery.energy - before == pytest.approx(3.7 * EFFICIENCY)


def test_a_charger_may_need_some_of_it_itself(clock: Clock) -> None:
    car = plugged_in()
    powertrain(car).charger.overhead = 0.3
    wallbox = Wallbox(car, clock, power=3.7)
    before = powertrain(car).battery.energy

    clock.time += HOUR

    assert wallbox.control({})["energy"] == pytest.approx(3.7)
    assert powertrain(car).battery.energy - before == pytest.approx(3.7 * EFFICIENCY - 0.3)
    assert powertrain(car).ledger.balance == pytest.approx(3.7 * EFFICIENCY - 0.3)


def test_without_current_a_vehicle_waits_for_it_and_heats_from_its_battery(clock: Clock) -> None:
    car = plugged_in()
    wallbox = Wallbox(car, clock)
    clock.time += HOUR
    metered = wallbox.control({"on": False})
    assert (metered["on"], metered["power"]) == (False, 0.0)

    clock.time += timedelta(minutes=1)
    car.advance(clock.time)
    powertrain(car).climate.start(clock.time, 25)
    before = powertrain(car).battery.energy
    clock.time += timedelta(minutes=14)

    assert wallbox.control({}) == metered
    assert powertrain(car).battery.energy < before
    assert powertrain(car).charger.status(30, clock.time) is ChargingStatus.WAITING_FOR_POWER
    assert vehicle_metrics(car)["v.c.substate"] == "powerwait"


def test_the_vehicle_tells_that_the_current_has_ended_and_not_that_it_is_back(clock: Clock) -> None:
    car = plugged_in()
    wallbox = Wallbox(car, clock)
    clock.time += HOUR
    wallbox.control({"on": False})
    clock.time += timedelta(minutes=2)
    wallbox.control({})

    assert [message.kind for message in car.cloud.messages] == [Event.CHARGE_ENDED]
    said = car.cloud.state.charging
    assert said is not None
    assert (said.plugged_in, said.status) == (True, ChargingStatus.WAITING_FOR_POWER)

    wallbox.control({"on": True})
    clock.time += HOUR
    assert wallbox.control({})["power"] == 6.6
    assert car.cloud.state.charging is said


def test_neither_a_full_vehicle_nor_one_that_must_not_charge_waits_for_power(clock: Clock) -> None:
    car = plugged_in(100)
    Wallbox(car, clock).control({"on": False})
    charger = powertrain(car).charger

    assert charger.status(100, START) is ChargingStatus.FINISHED
    charger.override = False
    assert charger.status(50, START) is ChargingStatus.NOT_CHARGING


def test_a_vehicle_that_is_not_plugged_in_takes_nothing(clock: Clock) -> None:
    wallbox = Wallbox(vehicle(electric(30)), clock)
    clock.time += HOUR

    assert wallbox.control({}) == {"on": True, "power": 0.0, "energy": 0.0}


def test_driving_off_ends_what_the_meter_shows(clock: Clock) -> None:
    car = plugged_in()
    wallbox = Wallbox(car, clock)
    clock.time += HOUR
    assert wallbox.control({})["power"] == 6.6

    car.unplug()

    assert wallbox.control({})["power"] == 0.0


async def test_it_is_switched_by_a_post_which_it_answers(socket_enabled: None, clock: Clock) -> None:
    simulator = Simulator(now=clock)
    leaf = simulator.vehicle("Leaf")
    url = await simulator.start(controls={"wallbox": Wallbox(leaf, clock).control})
    try:
        async with (
            ClientSession() as session,
            session.post(f"{url}/simulator/wallbox", json={"on": False}) as response,
        ):
            answer = await response.json()
    finally:
        await simulator.stop()

    assert (answer["on"], answer["power"]) == (False, 0.0)
    assert powertrain(leaf).charger.supply == 0
