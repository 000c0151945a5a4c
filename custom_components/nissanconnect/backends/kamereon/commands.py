"""Commands as actions of the car adapter, which wake the vehicle, and their progress (kamereon-eu §9, §10)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from ...vehicle import (
    CancelClimateSchedule,
    Capability,
    Command,
    FlashLights,
    Group,
    NotSupported,
    Phase,
    Progress,
    Reason,
    Refresh,
    ScheduleClimate,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    TimePassed,
    VehicleInfo,
)
from ..base import EnterDeparture, Json
from ..http import segment
from ..reader import JsonReader
from .client import Host, KamereonClient, NotServed
from .mapping import AttributeReader


@dataclass(frozen=True, slots=True)
class Action:
    """An action: its name in the path and the attributes of its body.

    ``fallback`` returns another form of the same action, given the time, for vehicles that do not understand this one.
    Attributes may hold the proof of a PIN, so they are left out of the repr.
    """

    name: str
    attributes: dict[str, Json] = field(default_factory=dict, repr=False)
    fallback: Callable[[datetime], Action] | None = field(default=None, compare=False)

    def body(self) -> Json:
        """Return the body. Its type is the name in camel case; refreshes have no attributes (§9.1)."""
        data: dict[str, Json] = {"type": "".join(word.capitalize() for word in self.name.split("-"))}
        return {"data": {**data, "attributes": self.attributes} if self.attributes else data}


def action_for(command: Command, vehicle: VehicleInfo, now: datetime) -> Action:
    """Return the action of ``command`` for ``vehicle``.

    Raises:
        NotSupported: This backend has no such action.
        TimePassed: The start was scheduled for a time that has passed since.
    """
    match command:
        case Refresh(group=None):
            return Action(_widest_refresh(vehicle))
        case Refresh(group=Group() as group) if group in _REFRESHES:
            return Action(_REFRESHES[group][0])
        case Refresh():
            return Action("wake-up-vehicle")
        case StartClimate(target=target):
            return Action("hvac-start", _start_climate(target, vehicle))
        case ScheduleClimate(at=at) if at < now + _CLOCK_SKEW:
            raise TimePassed
        case ScheduleClimate(at=at, target=target):
            return Action("hvac-start", {**_start_climate(target, vehicle), "startDateTime": _time(at)})
        case StopClimate():
            return Action("hvac-start", {"action": "stop"}, fallback=partial(_long_stop, vehicle))
    if (action := _ACTIONS.get(type(command))) is None:
        raise NotSupported(f"{command.kind()} is not possible through this service")
    return action


_ACTIONS: Mapping[type[Command], Action] = {
    CancelClimateSchedule: Action("hvac-start", {"action": "cancel"}),
    FlashLights: Action("horn-lights", {"action": "start", "target": "lights", "duration": 5}),
    SoundHorn: Action("horn-lights", {"action": "start", "target": "horn", "duration": 2}),
    StartCharging: Action("charging-start", {"action": "start"}),
    StartEngine: Action("engine-start", {"action": "start"}),
    StopCharging: Action("charging-start", {"action": "stop"}),
    StopEngine: Action("engine-start", {"action": "stop"}),
}
"""Those that are always the same. The shortest and the longest duration of horn-lights are 2 and 5 s (§9.5)."""

_REFRESHES: Mapping[Group | None, tuple[str, Capability]] = {
    Group.BATTERY: ("refresh-battery-status", Capability.BATTERY),
    Group.CHARGING: ("refresh-battery-status", Capability.BATTERY),
    Group.BODY: ("refresh-lock-status", Capability.LOCK_STATUS),
    Group.POSITION: ("refresh-location", Capability.LOCATION),
    Group.CLIMATE: ("refresh-hvac-status", Capability.CLIMATE_STATUS),
}
"""What refreshes a group, and which vehicles have it. The widest comes first; privacy mode refuses the position."""


def _widest_refresh(vehicle: VehicleInfo) -> str:
    for name, capability in _REFRESHES.values():
        if capability in vehicle.capabilities:
            return name
    raise NotSupported("no refresh is offered for this vehicle")


def _start_climate(target: float | None, vehicle: VehicleInfo) -> dict[str, Json]:
    """Return the attributes of a start; whole degrees are integers, as the app sends them (§9.3)."""
    nearest = vehicle.climate_limits.nearest(_COMFORT if target is None else target)
    return {"action": "start", "targetTemperature": int(nearest) if nearest.is_integer() else nearest}


_COMFORT = 21.0
"""°C if nobody chose a temperature: the service knows no start without one (§9.3)."""

_CLOCK_SKEW = timedelta(seconds=5)
"""How far ahead of our own clock a time must be to lie in the future of the service's (§9.3)."""


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _long_stop(vehicle: VehicleInfo, now: datetime) -> Action:
    """Return the stop of other clients: some vehicles wanted a temperature and a time just ahead (§9.3 [B])."""
    return Action(
        "hvac-start",
        {**_start_climate(None, vehicle), "action": "stop", "startDateTime": _time(now + _CLOCK_SKEW)},
    )


async def start_action(client: KamereonClient, vin: str, action: Action, departure: EnterDeparture) -> str:
    """Queue an action (§9.1); return the id under which it is polled, empty if the service gave none."""
    path = f"v1/cars/{segment(vin)}/actions/{action.name}"
    return action_id(await client.post(Host.CARS, path, action.name, action.body(), departure))


def action_id(body: Json) -> str:
    """Return the id of an accepted action; empty if the body has none."""
    return JsonReader.of(body).child("data").text("id") or ""


async def poll_action(client: KamereonClient, vin: str, identifier: str) -> Json:
    """Return the status of an action (§10); ``None`` in its first seconds, when the service does not know it yet."""
    if not identifier:
        return None
    path = f"v1/cars/{segment(vin)}/actions/status"
    try:
        return await client.get(Host.ACTION_STATUS, path, "action status", actionId=identifier)
    except NotServed:
        return None


_PHASES: Mapping[str | float, Phase] = {
    "cancelled": Phase.UNCERTAIN,  # was seen for commands that the vehicle did carry out
    "completed": Phase.DONE,
    "created": Phase.PENDING,
    "partial": Phase.PENDING,
    "pending": Phase.PENDING,
    "pristine": Phase.PENDING,
    "rejected": Phase.REJECTED,
    "synchronized": Phase.DONE,
    "timeout": Phase.TIMED_OUT,
}


def progress(body: Json) -> Progress:
    """Map an action's status; one that nobody has described does not end it (§10)."""
    attributes = AttributeReader.of(body)
    code = attributes.text("errorCode") or attributes.child("error").text("code")
    phase = attributes.one_of("status", _PHASES) or Phase.PENDING
    return Progress(phase, code=code and code[:32], reason=_reason(phase, attributes.text("actionType"), code))


def _reason(phase: Phase, action: str | None, code: str | None) -> Reason | None:
    """Return what the code means for this kind of action, ``LOCK_UNLOCK`` (§11.2); of others none is known."""
    if phase is Phase.REJECTED and code == "12" and (action or "").replace("_", "").casefold() == "lockunlock":
        return Reason.WRONG_PIN
    return None
