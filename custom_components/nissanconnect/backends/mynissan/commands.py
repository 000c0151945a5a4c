"""Commands as requests to the service, none of which takes a PIN (mynissan-na §4 [A])."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from pynissan import (
    ClimateParameters,
    ClimateSettings,
    NissanClient,
    SeatClimateOption,
    SeatClimateSettings,
    ServiceRequest,
    ServiceRequestKind,
    ServiceRequestResult,
    ServiceRequestStatus,
    TemperatureUnit,
)

from ...vehicle import (
    CancelClimateSchedule,
    Command,
    FlashLights,
    Group,
    Lock,
    NotSupported,
    Phase,
    Progress,
    ProtocolError,
    Refresh,
    ScheduleClimate,
    SetChargeLimit,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    Ticket,
    TimePassed,
    Unlock,
    VehicleInfo,
)
from .discovery import Knowledge
from .values import label

type Request = Callable[[NissanClient], Awaitable[ServiceRequest | bool]]
"""Sends a command; a service request can be followed, a yes is all that will ever be heard."""


def request_for(command: Command, vehicle: VehicleInfo, known: Knowledge, now: datetime) -> Request:
    """Return how ``command`` is asked of ``vehicle``.

    Raises:
        NotSupported: This service has no such request.
        TimePassed: The start was planned for a time that has passed meanwhile.
    """
    vin = vehicle.key
    match command:
        case StartClimate():
            settings = _settings(command, vehicle, known)
            return lambda client: client.async_start_climate(vin, settings)
        case ScheduleClimate(at=at) if at < now + _SLACK:
            raise TimePassed
        case ScheduleClimate(at=at):
            at = at.replace(microsecond=0)
            settings = _settings(command, vehicle, known)
            return lambda client: client.async_set_delayed_climate(vin, at, settings)
        case SetChargeLimit(limit=limit):
            return lambda client: client.async_set_charge_limit(vin, round(limit))
        case Refresh(group=group):
            refresh = _REFRESHES.get(group, _refresh_status)
            return lambda client: refresh(client, vin)
    if (send := _PLAIN.get(type(command))) is None:
        raise NotSupported(f"{command.kind()} is not possible through this service")
    return lambda client: send(client, vin)


type _Send = Callable[[NissanClient, str], Awaitable[ServiceRequest | bool]]

_PLAIN: Mapping[type[Command], _Send] = {
    CancelClimateSchedule: NissanClient.async_cancel_delayed_climate,
    FlashLights: NissanClient.async_flash_lights,
    Lock: NissanClient.async_lock_doors,
    SoundHorn: NissanClient.async_flash_lights_and_horn,  # there is no horn alone
    StartCharging: NissanClient.async_start_charge,
    StartEngine: NissanClient.async_start_engine,
    StopCharging: NissanClient.async_stop_charge,
    StopClimate: NissanClient.async_stop_climate,
    StopEngine: NissanClient.async_stop_engine,
    Unlock: NissanClient.async_unlock_doors,
}

_refresh_status: _Send = NissanClient.async_refresh_vehicle_status
_REFRESHES: Mapping[Group | None, _Send] = {
    Group.BATTERY: NissanClient.async_refresh_battery_status,
    Group.CHARGING: NissanClient.async_refresh_battery_status,
    Group.CLIMATE: NissanClient.async_refresh_climate_status,
    Group.POSITION: NissanClient.async_locate_vehicle,
}

_SLACK = timedelta(seconds=5)
"""How far ahead of our own clock a start must be to lie ahead of the service's, too; it takes whole seconds."""

_COMFORT = 21.0
"""°C, where neither the owner nor the vehicle says: the service knows no start without a temperature."""


def _settings(command: StartClimate | ScheduleClimate, vehicle: VehicleInfo, known: Knowledge) -> ClimateSettings:
    """Return a temperature that the vehicle accepts, and what else is to be heated; the rest is left as it is."""
    target = command.target if command.target is not None else known.comfort if known.comfort is not None else _COMFORT
    heat = SeatClimateOption.HEAT
    seats = SeatClimateSettings(
        front_driver=heat if "driver" in known.seats else None,
        front_passenger=heat if "passenger" in known.seats else None,
    )
    parameters = ClimateParameters(
        seats=seats if command.heat_seats else None,
        steering_wheel_heater=True if command.heat_wheel else None,
        defrost_and_deicer=True if command.defrost else None,
    )
    wished = command.heat_seats or command.heat_wheel or command.defrost
    return ClimateSettings(
        vehicle.climate_limits.nearest(target), TemperatureUnit.CELSIUS, parameters if wished else None
    )


_OVER = "over"
"""The ticket of what was done when it was accepted, or of what there was nothing to do for."""


def ticket_id(answer: ServiceRequest | bool | None) -> str:
    """Return under what name a request can be followed: which kind it is decides where to ask."""
    return f"{answer.kind.value}:{answer.id}" if isinstance(answer, ServiceRequest) else _OVER


def request_of(ticket: Ticket) -> ServiceRequest | None:
    """Return what to ask for by a ticket; ``None`` if nothing more will be heard of it.

    Raises:
        ProtocolError: This is no ticket of this service.
    """
    kind, _, identifier = ticket.id.partition(":")
    if kind == _OVER:
        return None
    if kind not in frozenset(ServiceRequestKind) or not identifier:
        raise ProtocolError("this is no ticket of this service")
    return ServiceRequest(identifier, ServiceRequestKind(kind))


def progress_of(result: ServiceRequestResult) -> Progress:
    """Read how a request goes. Failures are told and not raised; a status that is unknown ends nothing (§4.1 [A])."""
    if not result.is_terminal:
        return Progress(Phase.PENDING)
    code = label(result.status_details)
    if result.is_success:
        return Progress(Phase.DONE)
    return Progress(Phase.REJECTED, code=code and code[:32])


FINAL = frozenset(status for status in ServiceRequestStatus if ServiceRequestResult(status).is_terminal)
"""The statuses after which nothing more happens."""
