"""The mutations: what is asked of a vehicle, and how that goes (mynissan-na §4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import re

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import (
    CancelClimateSchedule,
    ChargeSchedule,
    Command,
    FlashLights,
    Group,
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

from .car import Car, Request
from .reads import position
from .units import celsius

type Variables = Mapping[str, Json]
type Order = Callable[[Car, Variables], tuple[Command, Callable[[], None] | None]]
"""Returns what the vehicle is to do, and what the service changes when it has."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mutation: its root field, where its progress is told (``None``: nowhere) and its name in the history."""

    root: str
    kind: str | None
    service: str
    order: Order


def _plain(command: Command) -> Order:
    return lambda car, variables: (command, None)


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _number(value: Json) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _text(value: Json) -> str:
    assert isinstance(value, str)
    return value


def _start_climate(car: Car, variables: Variables) -> tuple[Command, None]:
    target, defrost, seats, wheel = _comfort(variables, "parameters")
    return StartClimate(target, defrost, seats, wheel), None


def _delayed_climate(car: Car, variables: Variables) -> tuple[Command, None]:
    target, defrost, seats, wheel = _comfort(variables, "climateAccessories")
    at = datetime.fromisoformat(_text(variables["startDateTime"]))
    assert at.tzinfo is not None
    return ScheduleClimate(target, defrost, seats, wheel, at=at), None


def _comfort(variables: Variables, name: str) -> tuple[float, bool, bool, bool]:
    climate, more = _object(variables["climate"]), _object(variables.get(name))
    seats = _object(more.get("seatsClimate"))
    return (
        celsius(_number(climate["temperatureValue"]), climate["unit"]),
        more.get("defrostAndDeicerState") == "ON",
        seats.get("frontDriverState") == "HEAT",
        more.get("steeringWheelHeaterState") == "ON",
    )


def _charge_limit(car: Car, variables: Variables) -> tuple[Command, None]:
    percent = variables["percent"]
    assert isinstance(percent, int)
    return SetChargeLimit(percent), None


def _entry(identifier: str, schedule: dict[str, Json]) -> dict[str, Json]:
    return {"__typename": "ChargeSchedule", "state": "ON", **schedule, "id": identifier}


def _create_entry(car: Car, variables: Variables) -> tuple[Command, Callable[[], None]]:
    identifier = f"timer-{len(car.planned) + 1}"
    return _changed(car, identifier, _entry(identifier, _object(variables["schedule"])))


def _update_entry(car: Car, variables: Variables) -> tuple[Command, Callable[[], None]]:
    schedule = _object(variables["schedule"])
    return _changed(car, _text(schedule["id"]), schedule)


def _toggle_entry(car: Car, variables: Variables) -> tuple[Command, Callable[[], None]]:
    schedule = _object(variables["schedule"])
    return _changed(car, _text(schedule["id"]), {"state": "ON" if schedule["enable"] else "OFF"})


def _changed(car: Car, identifier: str, change: dict[str, Json]) -> tuple[Command, Callable[[], None]]:
    """Have the vehicle keep to the first entry that is switched on, and the service keep the list."""
    car.planned[identifier] = car.planned.get(identifier, {}) | change
    on = next((each for each in car.planned.values() if each["state"] == "ON"), None)

    def then() -> None:
        car.entries[identifier] = car.entries.get(identifier, {}) | change

    return SetChargeSchedule(_schedule(on) if on else None), then


def _schedule(entry: dict[str, Json]) -> ChargeSchedule:
    start = datetime.fromisoformat(_text(entry["startDateTime"]))
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?", _text(entry["duration"]))
    assert found
    hours, minutes = (int(each or 0) for each in found.groups())
    days = entry["weekDays"]
    assert isinstance(days, list)
    end = start + timedelta(hours=hours, minutes=minutes)
    return ChargeSchedule(start.time(), end.time(), tuple(_DAYS.index(_text(day)) for day in days))


_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_CLIMATE, _DOORS = "REMOTE_CLIMATE_CONTROL", "REMOTE_DOOR_LOCK"
_SIGNALS, _CHARGE, _ENGINE = "REMOTE_HORNBLOW_LIGHTFLASH", "REMOTE_CHARGE", "REMOTE_ENGINE_START"

MUTATIONS: Mapping[str, Mutation] = {
    "CancelDelayedClimate": Mutation(
        "cancelDelayedClimate", "checkRemoteClimateRequest", _CLIMATE, _plain(CancelClimateSchedule())
    ),
    "CreateChargeSchedule": Mutation("createChargeSchedule", "checkChargeConfigServiceRequest", _CHARGE, _create_entry),
    "DoorLock": Mutation("doorLock", "checkDoorServiceRequest", _DOORS, _plain(Lock())),
    "DoorUnlock": Mutation("doorUnlock", "checkDoorServiceRequest", "REMOTE_DOOR_UNLOCK", _plain(Unlock())),
    "EngineStart": Mutation("engineStart", "checkEngineServiceRequest", _ENGINE, _plain(StartEngine())),
    "EngineStop": Mutation("engineStop", "checkEngineServiceRequest", _ENGINE, _plain(StopEngine())),
    "FlashLights": Mutation("flashLights", "checkHornLightServiceRequest", _SIGNALS, _plain(FlashLights())),
    "FlashLightsHorn": Mutation("flashLightsHorn", "checkHornLightServiceRequest", _SIGNALS, _plain(SoundHorn())),
    "LocateVehicle": Mutation(
        "locateVehicle", "checkLocationServiceRequest", "VEHICLE_LOCATOR", _plain(Refresh(Group.POSITION))
    ),
    "RefreshBatteryStatus": Mutation("refreshBatteryStatus", None, "REFRESH", _plain(Refresh(Group.BATTERY))),
    "RefreshClimateStatus": Mutation("refreshClimateStatus", None, "REFRESH", _plain(Refresh(Group.CLIMATE))),
    "RefreshVehicleStatus": Mutation(
        "refreshVehicleStatus", "checkRefreshVehicleStatusRequest", "REFRESH", _plain(Refresh())
    ),
    "SetChargeLimit": Mutation("setChargeLimit", "checkChargeConfigServiceRequest", _CHARGE, _charge_limit),
    "SetDelayedClimate": Mutation("setDelayedClimate", "checkRemoteClimateRequest", _CLIMATE, _delayed_climate),
    "StartCharge": Mutation("startCharge", "checkChargeServiceRequest", _CHARGE, _plain(StartCharging())),
    "StartClimate": Mutation("startClimate", "checkRemoteClimateRequest", _CLIMATE, _start_climate),
    "StopCharge": Mutation("stopCharge", "checkChargeServiceRequest", _CHARGE, _plain(StopCharging())),
    "StopClimate": Mutation("stopClimate", "checkRemoteClimateRequest", _CLIMATE, _plain(StopClimate())),
    "ToggleChargeSchedule": Mutation("toggleChargeSchedule", "checkChargeConfigServiceRequest", _CHARGE, _toggle_entry),
    "UpdateChargeSchedule": Mutation("updateChargeSchedule", "checkChargeConfigServiceRequest", _CHARGE, _update_entry),
}

CHECKS: Mapping[str, str] = {
    root[0].upper() + root[1:]: root
    for root in {mutation.kind for mutation in MUTATIONS.values() if mutation.kind is not None}
}
"""The operations that tell how a request goes, and their root fields."""


def mutate(car: Car, mutation: Mutation, variables: Variables) -> dict[str, Json]:
    """Hand a request over to the vehicle."""
    command, then = mutation.order(car, variables)
    action = car.vehicle.order(command)
    car.requests[action.id] = Request(mutation.kind or "", mutation.service, action, then)
    if mutation.kind is None:
        return {mutation.root: {"__typename": "SuccessResponse", "success": True}}
    return {mutation.root: {"__typename": "TelematicsResponse", "serviceRequestId": action.id}}


def check(car: Car, root: str, variables: Variables, now: datetime) -> dict[str, Json]:
    """Tell how a request goes; one of another kind is not known here."""
    request = car.requests.get(_text(variables["serviceRequestId"]))
    if request is None or request.kind != root:
        return {root: None}
    status = request.status(now)
    found: dict[str, Json] = {"status": status, "statusDetails": request.details}
    if root == "checkLocationServiceRequest" and status == "SUCCESS":
        found["location"] = position(car)
    return {root: found}
