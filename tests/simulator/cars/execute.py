"""How a vehicle carries out commands."""

from typing import TYPE_CHECKING

from custom_components.nissanconnect.vehicle import (
    CancelClimateSchedule,
    Command,
    FlashLights,
    Lock,
    Refresh,
    ScheduleClimate,
    SetChargeLimit,
    SetChargeSchedule,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    Unlock,
)

from .climate import Wires
from .combustion import Combustion
from .electric import Electric
from .event import Event

if TYPE_CHECKING:
    from .vehicle import SimulatedVehicle

NOT_OFFERED = "not.offered"
UNDER_WAY = "vehicle.under.way"
NOT_PLUGGED = "battery.charge.unavailable"
TIME_PASSED = "hvac.start.past"
ENGINE_UNAVAILABLE = "remote.start.unavailable"


def execute(vehicle: SimulatedVehicle, command: Command) -> str | None:
    """Carry ``command`` out, or return why not, by the keys of kamereon-eu §14.2 where there is one."""
    match command, vehicle.powertrain:
        case Refresh(), _:
            return None
        case Lock(), _:
            vehicle.body.locked = True
        case Unlock(), _:
            if vehicle.drive is not None:
                return UNDER_WAY
            vehicle.body.locked = False
        case SoundHorn(), _:
            vehicle.body.horn += 1
        case FlashLights(), _:
            vehicle.body.lights += 1
        case (
            (StartClimate() | ScheduleClimate() | StopClimate() | CancelClimateSchedule()),
            Electric() as electric,
        ):
            return _condition(vehicle, electric, command)
        case (
            (StartCharging() | StopCharging() | SetChargeLimit() | SetChargeSchedule()),
            Electric() as electric,
        ):
            return _charge(electric, command)
        case StartEngine(), Combustion() as engine:
            if vehicle.drive is not None or engine.quantity <= 0:
                return ENGINE_UNAVAILABLE
            engine.engine_started_at = vehicle.now
        case StopEngine(), Combustion() as engine:
            engine.engine_started_at = None
        case _:
            return NOT_OFFERED
    return None


def _condition(vehicle: SimulatedVehicle, electric: Electric, command: Command) -> str | None:
    climate = electric.climate
    match command:
        case StartClimate(target=target):
            if vehicle.drive is not None:
                return Event.VEHICLE_IN_USE
            if not climate.may_run(electric.battery.level, electric.charger.powered):
                return Event.BATTERY_TOO_LOW
            climate.start(vehicle.now, target, _wires(command))
        case ScheduleClimate(at=at) if at < vehicle.now:
            return TIME_PASSED
        case ScheduleClimate(at=at, target=target):
            climate.schedule(at, target, _wires(command))
        case CancelClimateSchedule():
            climate.schedule(None)
        case _:
            climate.stop()
    return None


def _wires(command: StartClimate | ScheduleClimate) -> Wires:
    return Wires(windows=command.defrost, seats=command.heat_seats, wheel=command.heat_wheel)


def _charge(electric: Electric, command: Command) -> str | None:
    charger = electric.charger
    match command:
        case SetChargeLimit(limit=limit):
            if not 50 <= limit <= 100:
                return NOT_OFFERED
            charger.limit = limit
        case SetChargeSchedule(schedule=schedule):
            charger.keep_to(schedule)
        case _ if not charger.plugged:
            return NOT_PLUGGED
        case _:
            charger.override = isinstance(command, StartCharging)
    return None
