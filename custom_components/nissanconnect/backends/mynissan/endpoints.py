"""The endpoints about one vehicle: what each is for, and when it is requested."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from typing import Any

from pynissan import DistanceUnit, NissanClient, TemperatureUnit

from ...vehicle import BackendError, Capability, Group, VehicleState
from ..base import Json
from ..mapping import LEVEL, place
from . import mapping
from .discovery import VehicleProfile, with_alerts, with_services, with_status
from .session import ResponseInfo, graphql_error

DAILY = timedelta(days=1)
"""For endpoints whose data change with contracts and campaigns only."""

_HOURLY = timedelta(hours=1)
_KM, _CELSIUS = DistanceUnit.KILOMETER, TemperatureUnit.CELSIUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint[T]:
    """One request about a vehicle. Each fails on its own, and none wakes the vehicle (mynissan-na §3).

    ``request`` calls the library with a VIN. The response serves one purpose or both:

    * Discovery, once a day: ``learn`` adds what the response shows to the profile of a vehicle.
    * Reads, once within ``every`` at most: ``state`` maps the response to a state with ``groups``, for a vehicle with
      the capability ``gate``. The time is when the request was sent, by the clocks where the vehicle is. ``lasting``:
      values that a response leaves out stay as they were.
    """

    name: str
    request: Callable[[NissanClient, str], Awaitable[T]]
    learn: Callable[[VehicleProfile, T, ResponseInfo], VehicleProfile] | None = None
    state: Callable[[T, ResponseInfo, datetime], VehicleState] = lambda *_: VehicleState()
    groups: frozenset[Group] = frozenset()
    gate: Capability | None = None
    every: timedelta = timedelta()
    lasting: bool = False

    def failures(self, info: ResponseInfo) -> Mapping[str, BackendError]:
        """Return what is missing in a response, and why; the library does not report that (§5 [A])."""
        return {
            f"{self.name}: {_field(error)}": graphql_error(error)(f"{self.name}: the service reports an error")
            for error in info.errors
        }


def _field(error: Json) -> str:
    """Return the field that an error is about. Paths come from outside, so only a plain name is repeated."""
    path = error.get("path") if isinstance(error, dict) else None
    name = path[1] if isinstance(path, list) and len(path) > 1 else None
    return name if isinstance(name, str) and re.fullmatch("[A-Za-z]{1,40}", name) else "something"


CHARGE_LIMIT = Endpoint(
    name="charge limit",
    request=NissanClient.async_get_charge_config,
    learn=lambda profile, config, _: profile.reporting(
        {Capability.CHARGE_LIMIT: LEVEL.of(config.charge_limit_percent) if config else None}
    ),
    state=mapping.charge_limit_state,
    groups=frozenset({Group.CHARGING}),
    gate=Capability.CHARGE_LIMIT,
    every=_HOURLY,
)

CHARGE_TIMER = Endpoint(
    name="charge timer",
    request=NissanClient.async_get_charge_schedules,
    learn=lambda profile, _, info: profile.reporting(
        {Capability.CHARGE_SCHEDULE: info.has_list("chargeSchedules") or None}
    ),
    state=mapping.charge_timer_state,
    groups=frozenset({Group.SCHEDULES}),
    gate=Capability.CHARGE_SCHEDULE,
)

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint(
        name="capabilities",
        request=lambda client, vin: client.async_get_vehicle_capabilities(vin, _CELSIUS),
        learn=with_services,
    ),
    Endpoint(
        name="status",
        request=lambda client, vin: client.async_get_vehicle_status(vin, distance_unit=_KM, temperature_unit=_CELSIUS),
        learn=with_status,
        state=mapping.vehicle_state,
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
        lasting=True,
    ),
    Endpoint(
        name="location",
        request=NissanClient.async_get_vehicle_location,
        learn=lambda profile, location, _: profile.reporting(
            {Capability.LOCATION: place(location.latitude, location.longitude)}
        ),
        state=mapping.location_state,
        groups=frozenset({Group.POSITION}),
        gate=Capability.LOCATION,
    ),
    CHARGE_LIMIT,
    CHARGE_TIMER,
    Endpoint(name="alert definitions", request=NissanClient.async_get_vehicle_alerts, learn=with_alerts),
    Endpoint(
        name="climate start",
        request=lambda client, vin: client.async_get_climate_schedules(vin, temperature_unit=_CELSIUS),
        state=mapping.climate_schedule_state,
        groups=frozenset({Group.CLIMATE}),
        gate=Capability.CLIMATE_SCHEDULE,
        every=_HOURLY,
    ),
    Endpoint(
        name="subscription",
        request=NissanClient.async_get_vehicle_subscriptions,
        state=mapping.subscription_state,
        groups=frozenset({Group.SUBSCRIPTION}),
        every=DAILY,
    ),
    Endpoint(
        name="software",
        request=NissanClient.async_get_ota_update,
        state=mapping.software_state,
        groups=frozenset({Group.SOFTWARE}),
        every=DAILY,
    ),
)
"""In this order: whether there is a battery is learned before what only vehicles with one have."""
