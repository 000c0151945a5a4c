"""How it is found out what a vehicle can do: by asking, once a day (mynissan-na §3)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from pynissan import DistanceUnit, TemperatureUnit, Vehicle

from ...vehicle import Capability, ClimateLimits, Role, VehicleInfo
from .client import Line
from .discovery import Knowledge
from .mapping import limit_of, position_of
from .messages import watches
from .session import Heard

type Lesson = Callable[[Line, str, Knowledge], Awaitable[tuple[Knowledge, Heard]]]
"""Asks one thing about the vehicle of that VIN, and returns what is known then; errors that were heard mean a gap."""


async def _services(line: Line, vin: str, known: Knowledge) -> tuple[Knowledge, Heard]:
    """What failed comes as nothing, like what there is not; the errors beside it tell one from the other (§5 [A])."""
    said, heard = await line.ask(
        "capabilities", lambda client: client.async_get_vehicle_capabilities(vin, TemperatureUnit.CELSIUS)
    )
    told = known.after_capabilities(said)
    if heard.errors and said.accessories_details is None:
        told = replace(known, services=told.services)
    if heard.errors and not said.services:
        told = replace(told, services=known.services)
    return told, heard


async def _reports(line: Line, vin: str, known: Knowledge) -> tuple[Knowledge, Heard]:
    said, heard = await line.ask(
        "status",
        lambda client: client.async_get_vehicle_status(
            vin, distance_unit=DistanceUnit.KILOMETER, temperature_unit=TemperatureUnit.CELSIUS
        ),
    )
    return known.after_status(said), heard


async def _location(line: Line, vin: str, known: Knowledge) -> tuple[Knowledge, Heard]:
    said, heard = await line.ask("location", lambda client: client.async_get_vehicle_location(vin))
    return known.showing(Capability.LOCATION) if position_of(said, _ANY_TIME).position else known, heard


async def _charge_limit(line: Line, vin: str, known: Knowledge) -> tuple[Knowledge, Heard]:
    if Capability.BATTERY not in known.shown:
        return known, Heard()
    said, heard = await line.ask("charge limit", lambda client: client.async_get_charge_config(vin))
    return known.showing(Capability.CHARGE_LIMIT) if limit_of(said, _ANY_TIME).charging else known, heard


async def _charge_timer(line: Line, vin: str, known: Knowledge) -> tuple[Knowledge, Heard]:
    if Capability.BATTERY not in known.shown:
        return known, Heard()
    _, heard = await line.ask("charge timer", lambda client: client.async_get_charge_schedules(vin))
    listed = isinstance(heard.vehicle.get("chargeSchedules"), list)
    return known.showing(Capability.CHARGE_SCHEDULE) if listed else known, heard


async def _alerts(line: Line, vin: str, known: Knowledge) -> tuple[Knowledge, Heard]:
    said, heard = await line.ask("alert definitions", lambda client: client.async_get_vehicle_alerts(vin))
    return replace(known, watched=watches(said) or (known.watched and bool(heard.errors))), heard


_ANY_TIME = datetime.min.replace(tzinfo=UTC)
"""Whether something is told at all does not depend on when."""

LESSONS: tuple[Lesson, ...] = (_services, _reports, _location, _charge_limit, _charge_timer, _alerts)
"""In this order: what a battery is needed for is asked after it is known whether there is one."""


def info_of(key: str, vehicle: Vehicle, known: Knowledge) -> VehicleInfo:
    """Return who a vehicle of the list is."""
    year, picture = vehicle.year or "", vehicle.image_url
    return VehicleInfo(
        key=key,
        vin=key,
        nickname=_text(vehicle.nickname),
        model=_text(vehicle.model),
        year=int(year) if year.isdecimal() and len(year) == 4 else None,
        generation=known.kind,
        powertrain=known.powertrain,
        role=_ROLES.get((vehicle.driver_type or "").casefold()),
        picture_url=picture if picture and picture.startswith("https://") else None,
        capabilities=known.capabilities,
        climate_limits=known.limits or ClimateLimits(),
    )


_ROLES = {"primary": Role.OWNER, "secondary": Role.DRIVER}


def _text(text: str | None) -> str | None:
    return (text or "").strip() or None
