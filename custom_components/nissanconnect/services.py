"""Actions that no entity has: climate at a chosen time, what would happen, and what has."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from homeassistant.const import ATTR_COMMAND, ATTR_DEVICE_ID, ATTR_TEMPERATURE
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from .const import DOMAIN
from .coordinator import NissanConfigEntry, VehicleCoordinator
from .vehicle import (
    CancelClimateSchedule,
    Capability,
    Command,
    FlashLights,
    Lock,
    Refresh,
    ScheduleClimate,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    Unlock,
    VehicleInfo,
)

ATTR_AT = "at"


@dataclass(frozen=True, kw_only=True)
class VehicleAction:
    """An action: its fields and the command that it makes of them for a vehicle."""

    command: Callable[[VehicleInfo, dict[str, Any]], Command]
    fields: dict[probatio.Marker, Any] = field(default_factory=dict)


def _start_climate(info: VehicleInfo, data: dict[str, Any]) -> Command:
    target = data.get(ATTR_TEMPERATURE)
    limits = info.climate_limits
    if target is not None and Capability.CLIMATE_TEMPERATURE not in info.capabilities:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="temperature_not_supported")
    if target is not None and not limits.minimum <= target <= limits.maximum:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="temperature_out_of_range",
            translation_placeholders={"minimum": f"{limits.minimum:g}", "maximum": f"{limits.maximum:g}"},
        )
    if (at := data.get(ATTR_AT)) is None:
        return StartClimate(target)
    at = dt_util.as_utc(at)  # a time without a zone is meant in Home Assistant's own
    if at <= dt_util.utcnow():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="time_in_the_past")
    return ScheduleClimate(at, target)


ACTIONS = {
    "cancel_scheduled_climate": VehicleAction(command=lambda info, data: CancelClimateSchedule()),
    "start_climate": VehicleAction(
        command=_start_climate,
        fields={
            probatio.Optional(ATTR_TEMPERATURE): probatio.Coerce(float),
            probatio.Optional(ATTR_AT): cv.datetime,
        },
    ),
    "stop_climate": VehicleAction(command=lambda info, data: StopClimate()),
}


@dataclass(frozen=True, kw_only=True)
class VehicleQuestion:
    """An action that only answers, from what is known here: its fields and the answer for a vehicle."""

    answer: Callable[[VehicleCoordinator, ServiceCall], Awaitable[JsonValueType]]
    fields: dict[probatio.Marker, Any] = field(default_factory=dict)


async def _command_log(vehicle: VehicleCoordinator, call: ServiceCall) -> JsonValueType:
    return [
        {"asked_at": record.asked_at.isoformat(), "status": record.outcome.status, **record.told}
        for record in reversed(vehicle.commands.log)
    ]


async def _wake_log(vehicle: VehicleCoordinator, call: ServiceCall) -> JsonValueType:
    return [
        {
            "at": wake.at.isoformat(),
            "asked_by": wake.asked_by.shown,
            "why": wake.why,
            "result": wake.result,
        }
        for wake in reversed(vehicle.commands.wakes.wakes)
    ]


async def _preflight(vehicle: VehicleCoordinator, call: ServiceCall) -> JsonValueType:
    reason = vehicle.refusal(_PREFLIGHT[call.data[ATTR_COMMAND]])
    message = reason and await _exception_text(call.hass, reason)
    return {"allowed": reason is None, "reason": reason, "message": message}


async def _exception_text(hass: HomeAssistant, key: str) -> str:
    """Return the text of an exception in the language of Home Assistant."""
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})
    return texts[f"component.{DOMAIN}.exceptions.{key}.message"]


_PREFLIGHT = {
    command.kind(): command
    for command in (
        FlashLights(),
        Lock(),
        Refresh(),
        SoundHorn(),
        StartCharging(),
        StartClimate(),
        StartEngine(),
        StopCharging(),
        StopClimate(),
        StopEngine(),
        Unlock(),
    )
}

QUESTIONS = {
    "command_log": VehicleQuestion(answer=_command_log),
    "preflight": VehicleQuestion(
        answer=_preflight, fields={probatio.Required(ATTR_COMMAND): probatio.In(sorted(_PREFLIGHT))}
    ),
    "wake_log": VehicleQuestion(answer=_wake_log),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions."""
    for name, action in ACTIONS.items():
        hass.services.async_register(DOMAIN, name, _obey(action), _schema(action.fields))
    for name, question in QUESTIONS.items():
        hass.services.async_register(
            DOMAIN, name, _answer(question), _schema(question.fields), supports_response=SupportsResponse.ONLY
        )


def _schema(fields: dict[probatio.Marker, Any]) -> probatio.Schema:
    return probatio.Schema({probatio.Required(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, [cv.string]), **fields})


def _obey(action: VehicleAction) -> Callable[[ServiceCall], Coroutine[Any, Any, None]]:
    async def handle(call: ServiceCall) -> None:
        vehicles = list(_vehicles(call).values())
        # All fields are checked for every vehicle before the first command is sent.
        commands = [action.command(vehicle.info, dict(call.data)) for vehicle in vehicles]
        results = await asyncio.gather(
            *(
                vehicle.async_execute(command, call.context)
                for vehicle, command in zip(vehicles, commands, strict=True)
            ),
            return_exceptions=True,
        )
        for error in results:
            if error is not None:
                raise error

    return handle


def _answer(question: VehicleQuestion) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        vehicles = _vehicles(call)
        return {
            "vehicles": {
                device_id: {"name": vehicle.info.name, "answer": await question.answer(vehicle, call)}
                for device_id, vehicle in vehicles.items()
            }
        }

    return handle


@callback
def _vehicles(call: ServiceCall) -> dict[str, VehicleCoordinator]:
    return {device_id: _vehicle(call.hass, device_id) for device_id in call.data[ATTR_DEVICE_ID]}


@callback
def _vehicle(hass: HomeAssistant, device_id: str) -> VehicleCoordinator:
    device, found = service.async_get_device_and_config_entry(hass, DOMAIN, device_id)
    entry: NissanConfigEntry = found
    for domain, key in device.identifiers:
        if domain == DOMAIN and key in entry.runtime_data.vehicles:
            return entry.runtime_data.vehicles[key]
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="vehicle_gone")
