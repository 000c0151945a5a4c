"""What a vehicle does when it is told, and what it refuses."""

import pytest

from custom_components.nissanconnect.vehicle import (
    CancelClimateSchedule,
    Capability,
    ChargeMode,
    ChargingStatus,
    Command,
    FlashLights,
    Lock,
    Phase,
    ScheduleClimate,
    SetChargeLimit,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    Unlock,
)
from tests.simulator.cars.event import Event
from tests.simulator.cars.telematics import Manner
from tests.simulator.cars.vehicle import SimulatedVehicle

from .build import HOUR, MINUTE, START, combustion, drive_away, electric, executed, powertrain, vehicle


def test_climate_warms_the_cabin_and_stops_by_itself() -> None:
    car = vehicle()
    action = executed(car, StartClimate(24))
    assert action.phase is Phase.DONE
    assert car.cloud.state.climate is not None
    assert (car.cloud.state.climate.running, car.cloud.state.climate.target_temperature) == (True, 24)

    car.advance(START + 10 * MINUTE)
    assert car.cabin.temperature == pytest.approx(24, abs=1)

    car.advance(START + HOUR)
    assert not powertrain(car).climate.running
    assert car.cloud.state.climate.running is False
    assert [message.kind for message in car.cloud.messages] == [Event.CLIMATE_STOPPED]


def test_climate_can_be_stopped() -> None:
    car = vehicle()
    executed(car, StartClimate())
    action = executed(car, StopClimate())

    assert action.phase is Phase.DONE
    assert not powertrain(car).climate.running
    assert car.cloud.messages == []


def test_a_scheduled_climate_starts_on_time() -> None:
    car = vehicle()
    executed(car, ScheduleClimate(at=START + 90 * MINUTE, target=19))
    said = car.cloud.state.climate
    assert said is not None
    assert (said.next_start_at, powertrain(car).climate.next_target) == (START + 90 * MINUTE, 19)

    car.advance(START + 90 * MINUTE)
    assert car.cloud.state.climate is not None
    assert car.cloud.state.climate.running
    assert car.cloud.state.climate.next_start_at is None


def test_a_scheduled_climate_does_not_start_on_the_road() -> None:
    car = vehicle(electric(90))
    executed(car, ScheduleClimate(at=START + 10 * MINUTE, target=19))
    drive_away(car)
    car.advance(START + 11 * MINUTE)

    assert car.drive is not None
    assert not powertrain(car).climate.running
    assert [message.kind for message in car.cloud.messages] == [Event.VEHICLE_IN_USE]


def test_a_scheduled_climate_can_be_cancelled() -> None:
    car = vehicle()
    executed(car, ScheduleClimate(at=START + 90 * MINUTE, target=19))
    executed(car, CancelClimateSchedule())
    car.advance(START + 91 * MINUTE)

    assert not powertrain(car).climate.running


def test_charging_starts_against_the_timer_and_stops_again() -> None:
    car = vehicle(electric(30, mode=ChargeMode.SCHEDULED))
    car.plug_in()
    car.advance(START + HOUR)
    assert powertrain(car).battery.level == 30

    executed(car, StartCharging())
    car.advance(START + 2 * HOUR)
    assert powertrain(car).battery.level > 40

    executed(car, StopCharging())
    level = powertrain(car).battery.level
    car.advance(START + 3 * HOUR)
    assert powertrain(car).battery.level == level
    assert car.cloud.state.charging is not None
    assert car.cloud.state.charging.status is ChargingStatus.NOT_CHARGING


def test_a_charge_says_how_fast_it_is_and_when_it_ends() -> None:
    car = vehicle(electric(30))
    car.plug_in()
    said = car.cloud.state.charging
    assert said is not None
    assert (said.status, said.speed, said.power) == (ChargingStatus.CHARGING, "fast", 6.6)
    assert said.finish_at is not None

    car.advance(said.finish_at - 15 * MINUTE)
    assert powertrain(car).battery.level < 100
    car.advance(said.finish_at + 15 * MINUTE)
    assert powertrain(car).battery.level == pytest.approx(100)


@pytest.mark.parametrize(("power", "speed"), [(1.4, "slow"), (3.7, "normal"), (11, "fast"), (22, "fastest")])
def test_speed_classes(power: float, speed: str) -> None:
    car = vehicle(electric(30))
    powertrain(car).charger.max_power = power
    car.plug_in()

    assert car.cloud.state.charging is not None
    assert car.cloud.state.charging.speed == speed


def test_the_charge_limit_is_obeyed_and_can_be_raised() -> None:
    car = vehicle(electric(70))
    executed(car, SetChargeLimit(80))
    car.plug_in()
    car.advance(START + 6 * HOUR)
    assert powertrain(car).battery.level == pytest.approx(80)

    executed(car, SetChargeLimit(90))
    car.advance(START + 12 * HOUR)
    assert powertrain(car).battery.level == pytest.approx(90)


def test_body_commands() -> None:
    car = vehicle()
    actions = [executed(car, command) for command in (Unlock(), SoundHorn(), FlashLights())]
    said = car.cloud.state.body
    assert said is not None
    assert (said.locked, said.hatch) == (False, False)
    assert (car.body.horn, car.body.lights) == (1, 1)

    actions.append(executed(car, Lock()))
    assert car.body.locked
    assert {action.phase for action in actions} == {Phase.DONE}


def test_the_engine_starts_and_stops_from_afar() -> None:
    car = vehicle(combustion())
    executed(car, StartEngine())
    car.advance(START + 4 * MINUTE)
    assert car.powertrain.active

    executed(car, StopEngine())
    assert not car.powertrain.active

    executed(car, StartEngine())
    car.advance(START + HOUR)
    assert not car.powertrain.active
    assert [message.kind for message in car.cloud.messages] == [Event.ENGINE_STOPPED]


class Dance(Command):
    """Something that no vehicle can do."""

    capability = Capability.HORN


@pytest.mark.parametrize(
    ("car", "command", "code"),
    [
        (vehicle(electric(10)), StartClimate(21), "hvac.traction.battery.low"),
        (vehicle(electric(50)), StartCharging(), "battery.charge.unavailable"),
        (vehicle(electric(50)), StopCharging(), "battery.charge.unavailable"),
        (vehicle(electric(50)), SetChargeLimit(30), "not.offered"),
        (vehicle(electric(50)), StartEngine(), "not.offered"),
        (vehicle(combustion()), StartClimate(21), "not.offered"),
        (vehicle(combustion()), SetChargeLimit(80), "not.offered"),
        (vehicle(combustion(0)), StartEngine(), "remote.start.unavailable"),
        (vehicle(), Dance(), "not.offered"),
    ],
)
def test_what_cannot_be_done_is_refused(car: SimulatedVehicle, command: Command, code: str) -> None:
    action = executed(car, command)

    assert (action.phase, action.code) == (Phase.REJECTED, code)
    assert car.telematics.executed == []


@pytest.mark.parametrize("command", [StartClimate(21), Unlock(), StartEngine()])
def test_a_vehicle_in_use_refuses(command: Command) -> None:
    car = vehicle(combustion() if isinstance(command, StartEngine) else electric(90))
    drive_away(car)

    assert executed(car, command).phase is Phase.REJECTED


def test_driving_off_ends_what_was_going_on() -> None:
    car = vehicle(electric(90, plugged=True))
    executed(car, StartClimate(21))
    executed(car, Unlock())
    drive_away(car)

    assert not powertrain(car).climate.running
    assert not powertrain(car).charger.plugged
    assert car.body.locked


def test_a_vehicle_that_contradicts_has_done_it_all_the_same() -> None:
    car = vehicle()
    car.telematics.manner = Manner.CONTRADICTING
    action = executed(car, StartClimate(21))

    assert action.phase is Phase.UNCERTAIN
    assert car.cloud.state.climate is not None
    assert car.cloud.state.climate.running
