"""Actions that ask about vehicles and send them nothing: preflight, plans, reports, logs, the book, Leaf Spy's logs."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homeassistant.const import ATTR_COMMAND
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.json import JsonValueType
import probatio

from .battery_queries import async_battery_report
from .book_queries import (
    ATTR_PATH,
    EXPORT_BOOK_FIELDS,
    GET_CHARGES_FIELDS,
    GET_TRIPS_FIELDS,
    async_export_book,
    async_get_charges,
    async_get_trips,
)
from .charge_queries import PLAN_CHARGE_FIELDS, async_plan_charge
from .commands import action_error
from .const import DOMAIN
from .engine.preconditions import OVERRIDABLE
from .engine.wake_policy import WakeRefusal
from .local_time import local_time
from .reach_queries import CAN_REACH_FIELDS, async_can_reach
from .runtime import VehicleRuntime
from .vehicle import (
    COMMANDS,
    BackendError,
    CancelClimateSchedule,
    Command,
    Group,
    Market,
    Reason,
    Refresh,
    ScheduleClimate,
    SendDestination,
    SetChargeLimit,
    StartClimate,
    VehicleInfo,
    VehicleState,
    market_hint,
)

type Fields = Mapping[probatio.Marker, Any]
type VehicleResponse = Mapping[str, JsonValueType]
"""A vehicle's part of the response: the ``answer``, and from when on it lacks something."""


@dataclass(frozen=True, kw_only=True)
class VehicleQuery:
    """A query: its fields, and the function that runs it for a vehicle without waking that.

    ``needs_battery``: a vehicle without a traction battery has no answer. ``response_optional``: it does something
    even if nobody wants its response. ``admin_only``: it shows what people have done, or changes what Home Assistant
    has recorded.
    """

    run: Callable[[VehicleRuntime, ServiceCall], Awaitable[VehicleResponse]]
    fields: Fields = field(default_factory=dict)
    needs_battery: bool = False
    response_optional: bool = False
    admin_only: bool = False


async def _command_log(vehicle: VehicleRuntime, call: ServiceCall) -> VehicleResponse:
    return {
        "answer": [
            {
                "asked_at": local_time(record.asked_at),
                "status": record.outcome.status,
                **record.as_event_data,
                **({"replaced": local_time(replaced)} if (replaced := record.outcome.replaced_at) else {}),
            }
            for record in reversed(vehicle.log.records)
        ]
    }


async def _wake_log(vehicle: VehicleRuntime, call: ServiceCall) -> VehicleResponse:
    wakes: list[JsonValueType] = [
        {
            "at": local_time(wake.at),
            "asked_by": wake.asked_by.shown,
            "why": wake.why,
            "part": wake.part,
            "result": wake.result,
        }
        for wake in reversed(vehicle.log.wakes.wakes)
    ]
    return {"answer": [*_not_woken(vehicle), *wakes]}


def _not_woken(vehicle: VehicleRuntime) -> list[JsonValueType]:
    """Return a line about why the automatic wake that is due does not happen, if that is so."""
    not_woken = vehicle.wakes.not_woken
    if not_woken is None or not_woken.refusal in (WakeRefusal.OFF, WakeRefusal.NOT_DUE):
        return []
    return [
        {
            "at": local_time(not_woken.since),
            "asked_by": "option",
            "why": Refresh.kind(),
            "part": None,
            "result": "not_woken",
            "refusal": not_woken.refusal,
        }
    ]


async def _preflight(vehicle: VehicleRuntime, call: ServiceCall) -> VehicleResponse:
    """Check a command against the state as it will be after pending commands."""
    command = PREFLIGHT[call.data[ATTR_COMMAND]]
    state = vehicle.commands.expected
    reason = vehicle.checks.refusal(command, state)
    warning = _warning(vehicle, command, state) if reason is None else None
    answer: JsonValueType = {
        "allowed": reason is None,
        "reason": reason,
        "message": await _exception_text(call.hass, reason),
        "overridable": reason is not None and vehicle.checks.refusal(replace(command, force=True), state) is None,
        "warning": warning,
        "warning_message": await _exception_text(call.hass, warning),
    }
    return {"answer": answer}


def _warning(vehicle: VehicleRuntime, command: Command, state: VehicleState) -> str | None:
    """Return a warning about a command that is allowed: a planned start would fail now, or nothing would be sent."""
    if isinstance(command, ScheduleClimate):
        reason = vehicle.checks.refusal(StartClimate(), state)
        return reason if reason in OVERRIDABLE else None
    if not vehicle.commands.runner.idle:
        return None  # the command under way may change whether this one is needed
    return Reason.ALREADY_SO if vehicle.checks.is_settled(command) else None


async def _exception_text(hass: HomeAssistant, key: str | None) -> str | None:
    if key is None:
        return None
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})
    return texts[f"component.{DOMAIN}.exceptions.{key}.message"]


_NO_DEFAULT = (CancelClimateSchedule, ScheduleClimate, SendDestination, SetChargeLimit)
"""Commands that cannot be checked without arguments, and one that is never refused."""

PREFLIGHT: Mapping[str, Command] = {
    **{command.kind(): command() for command in COMMANDS if command not in _NO_DEFAULT},
    "locate": Refresh(Group.POSITION),
    ScheduleClimate.kind(): ScheduleClimate(at=datetime.max.replace(tzinfo=UTC)),
    SendDestination.kind(): SendDestination(0.0, 0.0, ""),
}
"""The commands that can be checked before they are sent. Their arguments make no difference."""


async def _import_leafspy_log(vehicle: VehicleRuntime, call: ServiceCall) -> VehicleResponse:
    # The recorder is loaded long before any action is called; importing it at our start would slow that down.
    await async_import_module(call.hass, f"{__package__}.statistics")
    from .statistics import async_import_log  # noqa: PLC0415

    imported = await async_import_log(
        call.hass,
        _name_in_logs(vehicle.info),
        lambda: _allowed_file(call.hass, call.data[ATTR_PATH]),
        device=vehicle.info,
    )
    await vehicle.statistics.async_add_logged(imported.log.driven)
    return {"answer": imported.as_response()}


def _name_in_logs(info: VehicleInfo) -> str | None:
    """Return the VIN or frame number that Leaf Spy logs, ``None`` if it is unknown: some keys are made up."""
    return info.vin or (info.key if market_hint(info.key) is Market.JAPAN else None)


@contextmanager
def _allowed_file(hass: HomeAssistant, path: str) -> Iterator[Path]:
    """Yield the path of a file that Home Assistant may read; raises a translated error if it is none."""
    if not hass.config.is_allowed_path(path):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="path_not_allowed", translation_placeholders={"path": path}
        )
    if not Path(path).is_file():
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="file_missing", translation_placeholders={"path": path}
        )
    yield Path(path)


async def _rebuild_statistics(vehicle: VehicleRuntime, call: ServiceCall) -> VehicleResponse:
    try:
        return {"answer": await vehicle.statistics.async_rebuild()}
    except BackendError as err:
        raise action_error(err) from err


QUERIES: Mapping[str, VehicleQuery] = {
    "battery_report": VehicleQuery(run=async_battery_report, needs_battery=True),
    "can_reach": VehicleQuery(run=async_can_reach, fields=CAN_REACH_FIELDS),
    "command_log": VehicleQuery(run=_command_log, admin_only=True),
    "export_book": VehicleQuery(
        run=async_export_book, fields=EXPORT_BOOK_FIELDS, response_optional=True, admin_only=True
    ),
    "get_charges": VehicleQuery(run=async_get_charges, fields=GET_CHARGES_FIELDS),
    "get_trips": VehicleQuery(run=async_get_trips, fields=GET_TRIPS_FIELDS),
    "import_leafspy_log": VehicleQuery(
        run=_import_leafspy_log,
        fields={probatio.Required(ATTR_PATH): cv.string},
        response_optional=True,
        admin_only=True,
    ),
    "plan_charge": VehicleQuery(run=async_plan_charge, fields=PLAN_CHARGE_FIELDS, needs_battery=True),
    "preflight": VehicleQuery(run=_preflight, fields={probatio.Required(ATTR_COMMAND): probatio.In(sorted(PREFLIGHT))}),
    "rebuild_statistics": VehicleQuery(run=_rebuild_statistics, response_optional=True, admin_only=True),
    "wake_log": VehicleQuery(run=_wake_log, admin_only=True),
}
