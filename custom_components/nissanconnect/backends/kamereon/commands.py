"""What wakes a vehicle: commands as actions of the car adapter, and how far they have come (kamereon-eu §9, §10)."""

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
from ..base import Json
from .client import Client, Host, Leave, segment
from .errors import NotServed
from .mapping import Attributes


@dataclass(frozen=True, slots=True)
class Action:
    """An action: its name in the path and the attributes of its body.

    ``otherwise`` returns another form of the same action, given the time, for vehicles that do not understand this one.
    Attributes may hold the proof of a PIN, so they do not print themselves.
    """

    name: str
    attributes: dict[str, Json] = field(default_factory=dict, repr=False)
    otherwise: Callable[[datetime], Action] | None = field(default=None, compare=False)

    def body(self) -> Json:
        """Return the body. Its type is the name in camel case; refreshes have no attributes (§9.1)."""
        data: dict[str, Json] = {"type": "".join(word.capitalize() for word in self.name.split("-"))}
        return {"data": {**data, "attributes": self.attributes} if self.attributes else data}


def action_for(command: Command, vehicle: VehicleInfo, now: datetime) -> Action:
    """Return how ``command`` is asked of ``vehicle``.

    Raises:
        NotSupported: This backend has no such action.
        TimePassed: The start was planned for a time that has passed meanwhile.
    """
    match command:
        case Refresh(group=None):
            return Action(_widest_refresh(vehicle))
        case Refresh(group=group):
            return Action(_REFRESHES.get(group, "wake-up-vehicle"))
        case StartClimate(target=target):
            return Action("hvac-start", _start_climate(target, vehicle))
        case ScheduleClimate(at=at) if at < now + _SLACK:
            raise TimePassed
        case ScheduleClimate(at=at, target=target):
            return Action("hvac-start", {**_start_climate(target, vehicle), "startDateTime": _time(at)})
        case StopClimate():
            return Action("hvac-start", {"action": "stop"}, otherwise=partial(_long_stop, vehicle))
    if (action := _ALWAYS_THE_SAME.get(type(command))) is None:
        raise NotSupported(f"{command.kind()} is not possible through this service")
    return action


_ALWAYS_THE_SAME: Mapping[type[Command], Action] = {
    CancelClimateSchedule: Action("hvac-start", {"action": "cancel"}),
    FlashLights: Action("horn-lights", {"action": "start", "target": "lights", "duration": 5}),
    SoundHorn: Action("horn-lights", {"action": "start", "target": "horn", "duration": 2}),
    StartCharging: Action("charging-start", {"action": "start"}),
    StartEngine: Action("engine-start", {"action": "start"}),
    StopCharging: Action("charging-start", {"action": "stop"}),
    StopEngine: Action("engine-start", {"action": "stop"}),
}
"""The shortest and the longest duration that horn-lights knows are 2 and 5 s (§9.5)."""

_REFRESHES: Mapping[Group | None, str] = {
    Group.BATTERY: "refresh-battery-status",
    Group.CHARGING: "refresh-battery-status",
    Group.POSITION: "refresh-location",
    Group.BODY: "refresh-lock-status",
    Group.CLIMATE: "refresh-hvac-status",
}
_WIDEST_FIRST = (
    (Capability.BATTERY, Group.BATTERY),
    (Capability.LOCATION, Group.POSITION),
    (Capability.LOCK_STATUS, Group.BODY),
    (Capability.CLIMATE_STATUS, Group.CLIMATE),
)


def _widest_refresh(vehicle: VehicleInfo) -> str:
    for capability, group in _WIDEST_FIRST:
        if capability in vehicle.capabilities:
            return _REFRESHES[group]
    raise NotSupported("no refresh is offered for this vehicle")


def _start_climate(target: float | None, vehicle: VehicleInfo) -> dict[str, Json]:
    return {"action": "start", "targetTemperature": _target(target, vehicle)}


_COMFORT = 21.0
"""°C, where nobody chose: the service knows no start without a temperature (§9.3)."""


def _target(chosen: float | None, vehicle: VehicleInfo) -> float:
    """Return a temperature that the vehicle accepts; whole degrees as integers, like the app sends them (§9.3)."""
    target = vehicle.climate_limits.nearest(_COMFORT if chosen is None else chosen)
    return int(target) if target.is_integer() else target


_SLACK = timedelta(seconds=5)
"""How far ahead of our own clock a time must be to lie in the future of the service's (§9.3)."""


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _long_stop(vehicle: VehicleInfo, now: datetime) -> Action:
    """The stop of other clients: some vehicles wanted a temperature and a time just ahead (§9.3 [B])."""
    return Action(
        "hvac-start",
        {**_start_climate(None, vehicle), "action": "stop", "startDateTime": _time(now + _SLACK)},
    )


def action_id(reply: Json) -> str:
    """Return the id under which an accepted action can be followed; empty if the reply has none."""
    data = reply.get("data") if isinstance(reply, dict) else None
    return Attributes(data if isinstance(data, dict) else {}).text("id") or ""


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


def progress(reply: Json) -> Progress:
    """Read an action's status; a word that nobody has described does not end it (§10)."""
    said = Attributes.of(reply)
    error = said.get("error")
    code = said.text("errorCode") or Attributes.of(error).text("code")
    phase = said.one_of("status", _PHASES) or Phase.PENDING
    return Progress(phase, code=code and code[:32], reason=_reason(phase, said.text("actionType"), code))


def _reason(phase: Phase, action: str | None, code: str | None) -> Reason | None:
    """Return what the code means for this kind of action, ``LOCK_UNLOCK`` (§11.2); of others none is known."""
    if phase is Phase.REJECTED and code == "12" and (action or "").replace("_", "").casefold() == "lockunlock":
        return Reason.WRONG_PIN
    return None


class Dispatcher:
    """The actions of one account's vehicles."""

    def __init__(self, client: Client) -> None:
        """Keep the way to the service."""
        self._client = client

    async def start(self, vin: str, action: Action, departure: Leave) -> str:
        """Queue an action; return the id under which it can be followed, empty if the service gave none."""
        path = f"v1/cars/{segment(vin)}/actions/{action.name}"
        return action_id(await self._client.post(Host.CARS, path, action.name, action.body(), departure))

    async def status(self, vin: str, identifier: str) -> Json:
        """Return what is said of an action; ``None`` in its first seconds, when the service does not know it yet."""
        if not identifier:
            return None
        path = f"v1/cars/{segment(vin)}/actions/status"
        try:
            return await self._client.get(Host.ACTION_STATUS, path, "action status", actionId=identifier)
        except NotServed:
            return None
