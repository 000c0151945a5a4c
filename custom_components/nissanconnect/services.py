"""Actions on vehicles: their fields, the commands that these become, who may call them, and their responses."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from homeassistant.auth.permissions.const import CAT_ENTITIES, POLICY_CONTROL, POLICY_READ
from homeassistant.const import (
    ATTR_DEVICE_ID,
    ATTR_LATITUDE,
    ATTR_LONGITUDE,
    ATTR_NAME,
    ATTR_TEMPERATURE,
    WEEKDAYS,
    UnitOfTemperature,
)
from homeassistant.core import Context, HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, entity_registry as er, service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
from homeassistant.util.unit_conversion import TemperatureConverter
import probatio

from .account import AccountCoordinator, NissanConfigEntry
from .book_queries import ATTR_FROM
from .const import DOMAIN
from .local_time import future_time, local_time
from .queries import QUERIES, Fields, VehicleQuery, VehicleResponse
from .runtime import VehicleRuntime
from .vehicle import (
    SOONEST_PLAN,
    CancelClimateSchedule,
    Capability,
    ChargeSchedule,
    ClimateLimits,
    Command,
    CommandOutcome,
    FlashLights,
    Group,
    Refresh,
    ScheduleClimate,
    SendDestination,
    SetChargeSchedule,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    VehicleInfo,
    VehicleState,
)

ATTR_AT = "at"
ATTR_DAYS = "days"
ATTR_DEFROST = "defrost"
ATTR_FORCE = "force"
ATTR_HEAT_SEATS = "heat_seats"
ATTR_HEAT_WHEEL = "heat_wheel"
ATTR_UNIT = "unit"
ATTR_UNTIL = "until"
ATTR_WAKE = "wake"

_HALF_A_FAHRENHEIT = 0.28
"""Half a degree Fahrenheit, in °C."""

_HIGHEST_CELSIUS = 45.0
"""Up to this number a target must be meant in °C: nobody cools a cabin to 45 °F. Above it, it must be in °F."""

_FORCE: Fields = {probatio.Optional(ATTR_FORCE, default=False): cv.boolean}
"""Whether to send a command that does not seem sensible or necessary."""


@dataclass(frozen=True, kw_only=True)
class VehicleAction:
    """An action: its fields, the command for a vehicle that they become, and the response of the vehicle, if any.

    With ``None`` instead of a command the action reads what the cloud holds, which does not wake the vehicle.
    """

    command: Callable[[VehicleInfo, Mapping[str, Any]], Command | None]
    fields: Fields = field(default_factory=dict)
    response: Callable[[VehicleState, CommandOutcome | None], JsonValueType] | None = None


_NOT_SUPPORTED = {
    Capability.CLIMATE_TEMPERATURE: "temperature_not_supported",
    Capability.CLIMATE_DEFROST: "defrost_not_supported",
    Capability.SEAT_HEAT: "seat_heat_not_supported",
    Capability.WHEEL_HEAT: "wheel_heat_not_supported",
}


def start_climate(
    info: VehicleInfo,
    start: StartClimate,
    at: datetime | None = None,
    unit: UnitOfTemperature = UnitOfTemperature.CELSIUS,
) -> Command:
    """Return the command that starts the climate, now or ``at``; raises a translated error if the vehicle cannot.

    ``start`` has its target in °C. ``unit`` is the one in which the owner gave it; errors show limits in this unit.
    """
    # If the vehicle has lost its climate altogether, its owner should get the error about that, which comes later.
    offered = info.all_capabilities if Capability.CLIMATE in info.lost else info.capabilities
    for capability, key in _NOT_SUPPORTED.items():
        if capability in start.needs - offered:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
    if start.target is not None:
        start = replace(start, target=_target(start.target, info.climate_limits, unit))
    if at is None:
        return start
    now = dt_util.utcnow()
    at = future_time(at, now)
    if at - now < SOONEST_PLAN and Capability.CLIMATE_SCHEDULE in info.capabilities:
        return start
    return ScheduleClimate(start.target, start.defrost, start.heat_seats, start.heat_wheel, at=at, force=start.force)


def _target(target: float, limits: ClimateLimits, unit: UnitOfTemperature) -> float:
    """Return the accepted temperature that is nearest to ``target``; raises a translated error beyond the limits."""
    nearest = min(max(target, limits.minimum), limits.maximum)
    if unit == UnitOfTemperature.FAHRENHEIT and abs(nearest - target) < _HALF_A_FAHRENHEIT:
        target = nearest  # a limit in °C may not be a whole number of °F
    if not limits.minimum <= target <= limits.maximum:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="temperature_out_of_range",
            translation_placeholders={
                name: f"{TemperatureConverter.convert(limit, UnitOfTemperature.CELSIUS, unit):.3g} {unit}"
                for name, limit in (("minimum", limits.minimum), ("maximum", limits.maximum))
            },
        )
    return limits.nearest(target)


def in_celsius(data: Mapping[str, Any], unit: str) -> dict[str, Any]:
    """Return an action's fields with the temperature, given in Home Assistant's ``unit``, in °C.

    If the unit is °F, a value that can only be °C is still taken as such: actions did not convert units at first.
    """
    target = data.get(ATTR_TEMPERATURE)
    if target is None or unit != UnitOfTemperature.FAHRENHEIT or target <= _HIGHEST_CELSIUS:
        return {**data, ATTR_UNIT: unit}
    celsius = TemperatureConverter.convert(target, UnitOfTemperature.FAHRENHEIT, UnitOfTemperature.CELSIUS)
    return {**data, ATTR_TEMPERATURE: round(celsius, 1), ATTR_UNIT: unit}


def _start_climate(info: VehicleInfo, data: Mapping[str, Any]) -> Command:
    options = {name: data[name] for name in (ATTR_DEFROST, ATTR_HEAT_SEATS, ATTR_HEAT_WHEEL, ATTR_FORCE)}
    start = StartClimate(data.get(ATTR_TEMPERATURE), **options)
    return start_climate(info, start, data.get(ATTR_AT), data[ATTR_UNIT])


def _set_charge_schedule(info: VehicleInfo, data: Mapping[str, Any]) -> Command:
    if ATTR_FROM not in data:
        return SetChargeSchedule()
    days = tuple(number for number, day in enumerate(WEEKDAYS) if day in data[ATTR_DAYS])
    return SetChargeSchedule(ChargeSchedule(data[ATTR_FROM], data[ATTR_UNTIL], days))


def _position_response(state: VehicleState, outcome: CommandOutcome | None) -> JsonValueType:
    position = state.position
    if position is None:
        return None
    return {
        ATTR_LATITUDE: position.latitude,
        ATTR_LONGITUDE: position.longitude,
        "heading": position.heading,
        "reported_at": _local(position.reported_at),
    }


def _start_response(state: VehicleState, outcome: CommandOutcome | None) -> JsonValueType:
    return {"replaced": _local(outcome.replaced_at if outcome else None)}


def _refresh_response(state: VehicleState, outcome: CommandOutcome | None) -> JsonValueType:
    return {"last_report": _local(state.last_report), "last_read": _local(state.last_read)}


def _local(at: datetime | None) -> str | None:
    return local_time(at) if at else None


ACTIONS: Mapping[str, VehicleAction] = {
    "cancel_scheduled_climate": VehicleAction(command=lambda info, data: CancelClimateSchedule()),
    "flash": VehicleAction(command=lambda info, data: FlashLights()),
    "honk": VehicleAction(command=lambda info, data: SoundHorn()),
    "locate": VehicleAction(command=lambda info, data: Refresh(Group.POSITION), response=_position_response),
    "refresh": VehicleAction(
        command=lambda info, data: Refresh() if data[ATTR_WAKE] else None,
        fields={probatio.Optional(ATTR_WAKE, default=False): cv.boolean},
        response=_refresh_response,
    ),
    "send_destination": VehicleAction(
        command=lambda info, data: SendDestination(data[ATTR_LATITUDE], data[ATTR_LONGITUDE], data[ATTR_NAME]),
        fields={
            probatio.Required(ATTR_LATITUDE): cv.latitude,
            probatio.Required(ATTR_LONGITUDE): cv.longitude,
            probatio.Required(ATTR_NAME): probatio.All(cv.string, probatio.Length(min=1, max=30)),
        },
    ),
    "set_charge_schedule": VehicleAction(
        command=_set_charge_schedule,
        fields={
            probatio.Inclusive(ATTR_FROM, "hours"): cv.time,
            probatio.Inclusive(ATTR_UNTIL, "hours"): cv.time,
            probatio.Optional(ATTR_DAYS, default=WEEKDAYS): probatio.All(cv.weekdays, probatio.Length(min=1)),
        },
    ),
    "start_charging": VehicleAction(command=lambda info, data: StartCharging(force=data[ATTR_FORCE]), fields=_FORCE),
    "start_climate": VehicleAction(
        command=_start_climate,
        response=_start_response,
        fields={
            probatio.Optional(ATTR_TEMPERATURE): probatio.Coerce(float),
            probatio.Optional(ATTR_DEFROST, default=False): cv.boolean,
            probatio.Optional(ATTR_HEAT_SEATS, default=False): cv.boolean,
            probatio.Optional(ATTR_HEAT_WHEEL, default=False): cv.boolean,
            probatio.Optional(ATTR_AT): cv.datetime,
            **_FORCE,
        },
    ),
    "start_engine": VehicleAction(command=lambda info, data: StartEngine(force=data[ATTR_FORCE]), fields=_FORCE),
    "stop_charging": VehicleAction(command=lambda info, data: StopCharging(force=data[ATTR_FORCE]), fields=_FORCE),
    "stop_climate": VehicleAction(command=lambda info, data: StopClimate(force=data[ATTR_FORCE]), fields=_FORCE),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions."""
    for name, action in ACTIONS.items():
        response = SupportsResponse.OPTIONAL if action.response else SupportsResponse.NONE
        hass.services.async_register(
            DOMAIN, name, _command_handler(action), _schema(action.fields), supports_response=response
        )
    for name, query in QUERIES.items():
        response = SupportsResponse.OPTIONAL if query.response_optional else SupportsResponse.ONLY
        handler, schema = _query_handler(query), _schema(query.fields)
        if query.admin_only:
            service.async_register_admin_service(hass, DOMAIN, name, handler, schema, response)
        else:
            hass.services.async_register(DOMAIN, name, handler, schema, supports_response=response)


def _schema(fields: Fields) -> probatio.Schema:
    return probatio.Schema({probatio.Required(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, [cv.string]), **fields})


def _command_handler(action: VehicleAction) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        vehicles = await _async_vehicles(call, POLICY_CONTROL)
        data = in_celsius(call.data, call.hass.config.units.temperature_unit)
        # All fields are checked for every vehicle before the first command is sent.
        commands = [(vehicle, action.command(vehicle.info, data)) for vehicle in vehicles.values()]
        results = await asyncio.gather(
            *(_carry_out(vehicle, command, call) for vehicle, command in commands), return_exceptions=True
        )
        outcomes = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            outcomes.append(result)
        if action.response is None or not call.return_response:
            return None
        responses: list[VehicleResponse] = [
            {"answer": action.response(vehicle.coordinator.shown, outcome)}
            for vehicle, outcome in zip(vehicles.values(), outcomes, strict=True)
        ]
        return _response(vehicles, responses)

    return handle


async def _carry_out(vehicle: VehicleRuntime, command: Command | None, call: ServiceCall) -> CommandOutcome | None:
    if command is None:
        account: AccountCoordinator = vehicle.connection.entry.runtime_data
        await account.async_read_vehicle(vehicle)
        return None
    until_accepted = False if call.return_response else None  # a response needs the outcome
    return await vehicle.commands.async_execute(command, call.context, until_accepted=until_accepted)


def _query_handler(query: VehicleQuery) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        vehicles = await _async_vehicles(call, POLICY_READ)
        results, errors = list[VehicleResponse](), list[HomeAssistantError]()
        for vehicle in vehicles.values():
            try:
                results.append(await _answer(vehicle, query, call))
            except Unauthorized:
                raise
            except HomeAssistantError as err:
                errors.append(err)
                results.append({"answer": None, "error": str(err)})
        if errors and (len(errors) == len(results) or not call.return_response):
            raise errors[0]
        return _response(vehicles, results)

    return handle


async def _answer(vehicle: VehicleRuntime, query: VehicleQuery, call: ServiceCall) -> VehicleResponse:
    if query.needs_battery and Capability.BATTERY not in vehicle.info.all_capabilities:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_traction_battery")
    return await query.run(vehicle, call)


def _response(vehicles: dict[str, VehicleRuntime], results: Sequence[VehicleResponse]) -> ServiceResponse:
    """Return the results by the ids of the devices, each with the name of its vehicle."""
    return {
        "vehicles": {
            device_id: {"name": vehicle.info.name, **result}
            for (device_id, vehicle), result in zip(vehicles.items(), results, strict=True)
        }
    }


async def _async_vehicles(call: ServiceCall, policy: str) -> dict[str, VehicleRuntime]:
    """Return the targeted vehicles by the ids of their devices, if the user has ``policy`` for them."""
    vehicles = {device_id: _vehicle(call.hass, device_id) for device_id in call.data[ATTR_DEVICE_ID]}
    await async_check_permission(call.hass, call.context, vehicles, policy)
    return vehicles


@callback
def _vehicle(hass: HomeAssistant, device_id: str) -> VehicleRuntime:
    device, found = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    entry: NissanConfigEntry = found
    for domain, key in device.identifiers:
        if domain == DOMAIN and key in entry.runtime_data.vehicles:
            return entry.runtime_data.vehicles[key]
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="vehicle_gone")


async def async_check_permission(
    hass: HomeAssistant, context: Context | None, devices: Iterable[str], policy: str
) -> None:
    """Raise :class:`Unauthorized` unless the user of ``context`` has ``policy`` for all our entities of ``devices``.

    This is how Home Assistant checks actions whose target is a device. A context without a user, such as that of an
    automation, may do everything.
    """
    if context is None or not context.user_id:
        return
    user = await hass.auth.async_get_user(context.user_id)
    if user is None:
        raise UnknownUser(context=context, permission=policy, perm_category=CAT_ENTITIES)
    if user.is_admin:
        return
    registry = er.async_get(hass)
    for device in devices:
        entities = er.async_entries_for_device(registry, device, include_disabled_entities=True)
        ours = [entity.entity_id for entity in entities if entity.platform == DOMAIN]
        if not ours or not all(user.permissions.check_entity(entity, policy) for entity in ours):
            raise Unauthorized(context=context, permission=policy, perm_category=CAT_ENTITIES)
