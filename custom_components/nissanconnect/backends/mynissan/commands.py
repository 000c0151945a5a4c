"""Commands as calls of the library, and their progress. None of them takes a PIN (mynissan-na §4 [A])."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

import pynissan
from pynissan import NissanClient

from ...vehicle import (
    CancelClimateSchedule,
    ChargeSchedule,
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
from .discovery import VehicleProfile
from .mapping import WEEK_DAYS, is_on, label

type Request = Callable[[NissanClient, str], Awaitable[pynissan.ServiceRequest | bool]]
"""Sends a command to a VIN. A service request can be polled; after ``True`` nothing more is reported."""


def request_for(command: Command, vehicle: VehicleInfo, profile: VehicleProfile, now: datetime) -> Request:
    """Return the request for a ``command``.

    Raises:
        NotSupported: This service has no such request.
        TimePassed: The planned start has passed meanwhile.
    """
    match command:
        case StartClimate():
            settings = _climate_settings(command, vehicle, profile)
            return lambda client, vin: client.async_start_climate(vin, settings)
        case ScheduleClimate(at=at) if at < now + _SLACK:
            raise TimePassed
        case ScheduleClimate(at=at):
            at = at.replace(microsecond=0)
            settings = _climate_settings(command, vehicle, profile)
            return lambda client, vin: client.async_set_delayed_climate(vin, at, settings)
        case SetChargeLimit(limit=limit):
            return lambda client, vin: client.async_set_charge_limit(vin, round(limit))
        case Refresh(group=group):
            return _REFRESHES.get(group, NissanClient.async_refresh_vehicle_status)
    if (request := _PLAIN.get(type(command))) is None:
        raise NotSupported(f"{command.kind()} is not possible through this service")
    return request


_PLAIN: Mapping[type[Command], Request] = {
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

_REFRESHES: Mapping[Group | None, Request] = {
    Group.BATTERY: NissanClient.async_refresh_battery_status,
    Group.CHARGING: NissanClient.async_refresh_battery_status,
    Group.CLIMATE: NissanClient.async_refresh_climate_status,
    Group.POSITION: NissanClient.async_locate_vehicle,
}

_SLACK = timedelta(seconds=5)
"""How far ahead a start must be by our clock to be ahead by the service's as well, which takes whole seconds."""

_DEFAULT_TARGET = 21.0
"""°C, if neither the owner nor the vehicle has a target: the service has no start without one."""


def _climate_settings(
    command: StartClimate | ScheduleClimate, vehicle: VehicleInfo, profile: VehicleProfile
) -> pynissan.ClimateSettings:
    """Return a target that the vehicle accepts, and what else to heat; the rest stays as it is."""
    targets = (command.target, profile.default_target, _DEFAULT_TARGET)
    target = next(each for each in targets if each is not None)
    heat = pynissan.SeatClimateOption.HEAT
    seats = pynissan.SeatClimateSettings(
        front_driver=heat if "driver" in profile.heated_seats else None,
        front_passenger=heat if "passenger" in profile.heated_seats else None,
    )
    parameters = pynissan.ClimateParameters(
        seats=seats if command.heat_seats else None,
        steering_wheel_heater=command.heat_wheel or None,
        defrost_and_deicer=command.defrost or None,
    )
    return pynissan.ClimateSettings(
        vehicle.climate_limits.nearest(target),
        pynissan.TemperatureUnit.CELSIUS,
        parameters if parameters != pynissan.ClimateParameters() else None,
    )


# The charge timer: recurring hours, which the service keeps as entries with ids (mynissan-na §4)


def charge_timer_requests(
    wanted: ChargeSchedule | None, entries: Sequence[pynissan.ChargeSchedule], now: datetime, zone: tzinfo
) -> list[Request]:
    """Return the requests after which ``wanted`` is the only entry that is on; the last one is decisive.

    The owner's other entries are switched off and not deleted. The first existing one takes the new hours, so that the
    vehicle's list does not fill up.
    """
    if wanted is None:
        return [_switch_off(entry) for entry in entries if is_on(entry.state) is not False]
    hours = timer_hours(wanted, now, zone)
    if not entries:
        return [lambda client, vin: client.async_create_charge_schedule(vin, hours)]
    first, *others = sorted(entries, key=lambda entry: is_on(entry.state) is not True)
    requests = [_switch_off(entry) for entry in others if is_on(entry.state) is not False]
    if is_on(first.state) is not True:
        requests.append(lambda client, vin: client.async_toggle_charge_schedule(vin, first.id, enabled=True))
    return [*requests, lambda client, vin: client.async_update_charge_schedule(vin, first.id, hours)]


def _switch_off(entry: pynissan.ChargeSchedule) -> Request:
    return lambda client, vin: client.async_toggle_charge_schedule(vin, entry.id, enabled=False)


def timer_hours(wanted: ChargeSchedule, now: datetime, zone: tzinfo) -> pynissan.ChargeScheduleInput:
    """Return the hours as the service takes them: from the first start that is ahead, by the clocks of ``zone``."""
    local = now.astimezone(zone)
    start = datetime.combine(local.date(), wanted.charge_from, zone)
    while start <= local or start.weekday() not in wanted.days:
        start = datetime.combine(start.date() + timedelta(days=1), wanted.charge_from, zone)
    hours, rest = divmod(int(wanted.duration.total_seconds()), 3600)
    duration = "PT" + (f"{hours}H" if hours else "") + (f"{rest // 60}M" if rest else "")
    return pynissan.ChargeScheduleInput(start, duration, tuple(WEEK_DAYS[day] for day in wanted.days))


_NOTHING_TO_POLL = "over"
"""The ticket of a command that was complete when it was accepted, or for which there was nothing to do."""


def ticket_id(result: pynissan.ServiceRequest | bool | None) -> str:
    """Return the id by which a command can be polled; its kind decides on the endpoint."""
    return f"{result.kind.value}:{result.id}" if isinstance(result, pynissan.ServiceRequest) else _NOTHING_TO_POLL


def service_request(ticket: Ticket) -> pynissan.ServiceRequest | None:
    """Return what to poll for a ticket; ``None`` if nothing more is reported about it.

    Raises:
        ProtocolError: This is no ticket of this service.
    """
    kind, _, identifier = ticket.id.partition(":")
    if kind == _NOTHING_TO_POLL:
        return None
    if kind not in pynissan.ServiceRequestKind or not identifier:
        raise ProtocolError("this is no ticket of this service")
    return pynissan.ServiceRequest(identifier, pynissan.ServiceRequestKind(kind))


def progress_of(result: pynissan.ServiceRequestResult) -> Progress:
    """Return the progress of a command. A failure is no error here, and an unknown status ends nothing (§4.1 [A])."""
    if not result.is_terminal:
        return Progress(Phase.PENDING)
    if result.is_success:
        return Progress(Phase.DONE)
    code = label(result.status_details)
    return Progress(Phase.REJECTED, code=code and code[:32])
