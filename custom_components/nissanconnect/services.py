"""Home Assistant's actions for vehicles: which vehicles are meant, and what all of them answer."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonValueType
import probatio

from .account import NissanConfigEntry
from .actions import ACTIONS, Fields, VehicleAction, in_celsius
from .const import DOMAIN
from .permission import async_check_permission
from .questions import QUESTIONS, Incomplete, VehicleQuestion
from .runtime import VehicleRuntime
from .vehicle import Command, CommandOutcome


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions."""
    for name, action in ACTIONS.items():
        response = SupportsResponse.OPTIONAL if action.answer else SupportsResponse.NONE
        hass.services.async_register(DOMAIN, name, _obey(action), _schema(action.fields), supports_response=response)
    for name, question in QUESTIONS.items():
        response = SupportsResponse.OPTIONAL if question.optional else SupportsResponse.ONLY
        handler, schema = _answer(question), _schema(question.fields)
        if question.admin_only:
            service.async_register_admin_service(hass, DOMAIN, name, handler, schema, response)
        else:
            hass.services.async_register(DOMAIN, name, handler, schema, supports_response=response)


def _schema(fields: Fields) -> probatio.Schema:
    return probatio.Schema({probatio.Required(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, [cv.string]), **fields})


def _obey(action: VehicleAction) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        vehicles = _vehicles(call)
        await async_check_permission(call.hass, call.context, vehicles, POLICY_CONTROL)
        data = in_celsius(call.data, call.hass.config.units.temperature_unit)
        # All fields are checked for every vehicle before the first command is sent.
        commands = [action.command(vehicle.info, data) for vehicle in vehicles.values()]
        results = await asyncio.gather(
            *(_carry_out(vehicle, command, call) for vehicle, command in zip(vehicles.values(), commands, strict=True)),
            return_exceptions=True,
        )
        outcomes = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            outcomes.append(result)
        if action.answer is None or not call.return_response:
            return None
        states = (vehicle.coordinator.shown for vehicle in vehicles.values())
        return _response(vehicles, [action.answer(*told) for told in zip(states, outcomes, strict=True)])

    return handle


async def _carry_out(vehicle: VehicleRuntime, command: Command | None, call: ServiceCall) -> CommandOutcome | None:
    if command is None:
        await vehicle.connection.entry.runtime_data.async_read_vehicle(vehicle)
        return None
    until_accepted = False if call.return_response else None
    return await vehicle.commands.async_execute(command, call.context, until_accepted=until_accepted)


def _answer(question: VehicleQuestion) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        vehicles = _vehicles(call)
        await async_check_permission(call.hass, call.context, vehicles, POLICY_READ)
        return _response(vehicles, [await question.answer(vehicle, call) for vehicle in vehicles.values()])

    return handle


def _response(vehicles: dict[str, VehicleRuntime], answers: Sequence[JsonValueType | Incomplete]) -> ServiceResponse:
    """Tell the answers by the ids of the devices, with their names for whoever reads it."""
    return {
        "vehicles": {
            device_id: {"name": vehicle.info.name, **_told(answer)}
            for (device_id, vehicle), answer in zip(vehicles.items(), answers, strict=True)
        }
    }


def _told(answer: JsonValueType | Incomplete) -> Mapping[str, JsonValueType]:
    return {"answer": answer.answer, **answer.lacks} if isinstance(answer, Incomplete) else {"answer": answer}


@callback
def _vehicles(call: ServiceCall) -> dict[str, VehicleRuntime]:
    return {device_id: _vehicle(call.hass, device_id) for device_id in call.data[ATTR_DEVICE_ID]}


@callback
def _vehicle(hass: HomeAssistant, device_id: str) -> VehicleRuntime:
    device, found = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    entry: NissanConfigEntry = found
    for domain, key in device.identifiers:
        if domain == DOMAIN and key in entry.runtime_data.vehicles:
            return entry.runtime_data.vehicles[key]
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="vehicle_gone")
