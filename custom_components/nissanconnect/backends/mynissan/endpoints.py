"""What is read of a vehicle, part by part: each fails on its own, and none wakes it (mynissan-na §3)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import re

from pynissan import DistanceUnit, TemperatureUnit

from ...vehicle import BackendError, Capability, Group, VehicleState
from ..base import Json
from .charge_timer import timer_of
from .client import Line
from .contracts import software_of, subscription_of
from .errors import kind_of
from .mapping import delayed_start_of, limit_of, position_of, state_of
from .memory import DAILY
from .session import Heard

type Read = Callable[[Line, str, datetime], Awaitable[tuple[VehicleState, Heard]]]
"""Asks about the vehicle of that VIN; the time is when it is asked, by the clocks where the vehicle is."""

_KM, _CELSIUS = DistanceUnit.KILOMETER, TemperatureUnit.CELSIUS
_HOURLY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One question about a vehicle.

    ``groups`` is what its answer is about, ``gate`` what the vehicle must have for it, ``every`` how often it is asked
    at most. If it is ``lasting``, what an answer leaves out stays as it was.
    """

    name: str
    groups: frozenset[Group]
    read: Read
    gate: Capability | None = None
    every: timedelta = timedelta()
    lasting: bool = False


async def _status(line: Line, vin: str, now: datetime) -> tuple[VehicleState, Heard]:
    said, heard = await line.ask(
        "status", lambda client: client.async_get_vehicle_status(vin, distance_unit=_KM, temperature_unit=_CELSIUS)
    )
    return state_of(said, heard.vehicle, now), heard


async def _location(line: Line, vin: str, now: datetime) -> tuple[VehicleState, Heard]:
    said, heard = await line.ask("location", lambda client: client.async_get_vehicle_location(vin))
    return position_of(said, now), heard


async def _charge_limit(line: Line, vin: str, now: datetime) -> tuple[VehicleState, Heard]:
    said, heard = await line.ask("charge limit", lambda client: client.async_get_charge_config(vin))
    return limit_of(said, now), heard


async def _charge_timer(line: Line, vin: str, now: datetime) -> tuple[VehicleState, Heard]:
    said, heard = await line.ask("charge timer", lambda client: client.async_get_charge_schedules(vin))
    listed = isinstance(heard.vehicle.get("chargeSchedules"), list)  # the library tells no [] from null
    return timer_of(said, now, now.tzinfo or UTC) if listed else VehicleState(), heard


async def _climate_start(line: Line, vin: str, now: datetime) -> tuple[VehicleState, Heard]:
    said, heard = await line.ask(
        "climate start", lambda client: client.async_get_climate_schedules(vin, temperature_unit=_CELSIUS)
    )
    failed = said.delayed_schedule is None and heard.errors  # what failed comes as nothing, too (§5 [A])
    return VehicleState() if failed else delayed_start_of(said, now), heard


async def _subscription(line: Line, vin: str, now: datetime) -> tuple[VehicleState, Heard]:
    said, heard = await line.ask("subscription", lambda client: client.async_get_vehicle_subscriptions(vin))
    return subscription_of(said, now), heard


async def _software(line: Line, vin: str, now: datetime) -> tuple[VehicleState, Heard]:
    said, heard = await line.ask("software", lambda client: client.async_get_ota_update(vin))
    failed = said is None and heard.errors  # as above
    return software_of(said, now) if "otaUpdate" in heard.vehicle and not failed else VehicleState(), heard


CHARGE_LIMIT = "charge limit"

PARTS = (
    Part(
        name="status",
        groups=frozenset(
            {
                Group.BATTERY,
                Group.BODY,
                Group.CHARGING,
                Group.CLIMATE,
                Group.FUEL,
                Group.HEALTH,
                Group.ODOMETER,
                Group.TYRES,
            }
        ),
        read=_status,
        lasting=True,
    ),
    Part(name="location", groups=frozenset({Group.POSITION}), read=_location, gate=Capability.LOCATION),
    Part(
        name=CHARGE_LIMIT,
        groups=frozenset({Group.CHARGING}),
        read=_charge_limit,
        gate=Capability.CHARGE_LIMIT,
        every=_HOURLY,
    ),
    Part(
        name="charge timer",
        groups=frozenset({Group.SCHEDULES}),
        read=_charge_timer,
        gate=Capability.CHARGE_SCHEDULE,
    ),
    Part(
        name="climate start",
        groups=frozenset({Group.CLIMATE}),
        read=_climate_start,
        gate=Capability.CLIMATE_SCHEDULE,
        every=_HOURLY,
    ),
    Part(name="subscription", groups=frozenset({Group.SUBSCRIPTION}), read=_subscription, every=DAILY),
    Part(name="software", groups=frozenset({Group.SOFTWARE}), read=_software, every=DAILY),
)


def gaps(part: str, heard: Heard) -> Mapping[str, BackendError]:
    """Return what the service could not tell although it answered; the library is silent about that (§5 [A])."""
    return {
        _named(part, error): kind_of(error)(f"{part}: the service has answered with an error") for error in heard.errors
    }


def _named(part: str, error: Json) -> str:
    """Name a gap by its field. Paths are Nissan's words, so only what can be a field's name is repeated."""
    path = error.get("path") if isinstance(error, dict) else None
    field = path[1] if isinstance(path, list) and len(path) > 1 else None
    plain = isinstance(field, str) and re.fullmatch("[A-Za-z]{1,40}", field)
    return f"{part}: {field}" if plain else f"{part}: something"
