"""What the Japanese service does in its own way (kamereon-eu §2.4, regions §1.1 [B]). Experimental, and read-only.

Two forks by single owners are all that is known of it, and one of them reads vehicles through it today. What neither
tells is not made up: how tokens are refreshed, how messages are read. Commands are left out until one is known well
enough: those of newer vehicles go to another front end, and one car called executed ones cancelled (§10).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
import json

from ...vehicle import (
    ActionRequired,
    AuthenticationFailed,
    BackendError,
    Capability,
    Group,
    ListedVehicle,
    Market,
    ProtocolError,
    Subscription,
    VehicleInfo,
    VehicleState,
    VinProblem,
    normalise_key,
    vin_problem,
)
from ..base import Json
from . import mapping
from .auth import Refused
from .client import JSON_API, Client, Environment, Host, Transport, segment
from .endpoints import Endpoint, Version
from .errors import Unauthorized, fault_code, json_of
from .mapping import BACKEND, Attributes
from .region import Dialect
from .vehicles import ROLES, Entry, active_services, capabilities_of, powertrain_of

_WRONG_PASSWORD = "0205"  # noqa: S105 - a code of the service
_HEADERS = {"Content-Type": JSON_API}


class PasswordLogIn:
    """One request with name and password, which brings the tokens."""

    def __init__(self, transport: Transport, environment: Environment) -> None:
        """Keep what the log-ins need; nothing is sent yet."""
        self.works = True
        self._transport = transport
        self._environment = environment

    async def log_in(self, username: str, password: str) -> Json:
        """Send name and password; trouble behind the log-in (0204) is no reason to doubt them."""
        attributes: Json = {"username": username, "password": password}
        self.works = False
        answer = await self._transport.request(
            "POST",
            self._environment.url(Host.LOGIN, "nissan/account/v1/login"),
            "login",
            headers={**_HEADERS, "X-App-Id": self._environment.client_id},
            data=json.dumps({"data": {"type": "token", "attributes": attributes}}).encode(),
            timeout=self._transport.timeouts.login,
        )
        if fault_code(answer) == _WRONG_PASSWORD:
            raise AuthenticationFailed
        try:
            body = json_of(answer, "login")
        except Unauthorized:
            raise AuthenticationFailed from None
        self.works = True
        return body

    async def refresh(self, refresh_token: str) -> Json:
        """How the app does that is not on record, so that every hour begins with a log-in."""
        raise Refused("how tokens are refreshed is not known")


class JapaneseAccount:
    """Who the account is and what it has: one answer. Names are told elsewhere, and kept while nobody tells them."""

    def __init__(self) -> None:
        """Start with no names."""
        self._details: dict[str, Attributes] = {}

    async def user_id(self, client: Client) -> str | None:
        """Return the account's own name of itself."""
        data = _object(await _token_info(client), "data")
        return data.text("id")

    async def vehicles(self, client: Client, user_id: str, now: datetime) -> tuple[Entry, ...]:
        """Return the vehicles by their frame numbers."""
        listed = Attributes.of(await _token_info(client)).get("vehicles")
        if not isinstance(listed, list):
            raise ProtocolError("the vehicle list is none")
        found: dict[str, Entry] = {}
        for item in listed:
            said = Attributes.of(item)
            number = said.text("vin")
            if number is not None and (key := normalise_key(number)) not in found:
                await self._learn(client, key, said)
                found[key] = entry_of(key, said, self._details.get(key, Attributes({})), now)
        return tuple(found.values())

    async def _learn(self, client: Client, key: str, said: Attributes) -> None:
        """Ask for the vehicle's details, which go by its UUID. Without them it only lacks a name."""
        if (uuid := said.text("uuid")) is None:
            return
        more = {"X-VehicleIdType": "UUID", **_gateway_header(said.token("gateway"))}
        path = f"nissan/vehicle-info/v1/cars/{segment(uuid)}/details"
        try:
            body = await client.with_headers(more).get(Host.BFF, path, "vehicle details")
        except AuthenticationFailed, ActionRequired:
            raise
        except BackendError:
            return
        self._details[key] = Attributes.of(body)


async def _token_info(client: Client) -> Json:
    return await client.get(Host.BFF, "nissan/account/v1/token-info", "token-info")


def _object(body: Json, name: str) -> Attributes:
    inner = body.get(name) if isinstance(body, dict) else None
    return Attributes(inner if isinstance(inner, dict) else {})


def entry_of(key: str, said: Attributes, details: Attributes, received_at: datetime) -> Entry:
    """Return a vehicle of the list, for what can be read of it.

    Services are numbered as in Europe; here they come as bare numbers [B].
    """
    services = _services(said.get("services"))
    model = _object(dict(details.values), "model")
    year = model.number("year", 1990, 2100)
    powertrain = powertrain_of(details)
    info = VehicleInfo(
        key=key,
        vin=key if vin_problem(key) in (None, VinProblem.CHECK_DIGIT) else None,
        model=model.text("displayName"),
        model_code=model.text("code"),
        year=None if year is None else int(year),
        generation=said.text("canGeneration"),
        gateway=said.token("gateway"),
        powertrain=powertrain,
        role=said.one_of("role", ROLES),
        capabilities=capabilities_of(services or frozenset(), powertrain) & _READABLE,
    )
    subscription = Subscription(backend=BACKEND, received_at=received_at, active=bool(services))
    state = VehicleState(subscription=None if services is None else subscription)
    return Entry(ListedVehicle(info=info, state=state), " ".join(sorted(services or ())))


def _services(listed: Json) -> frozenset[str] | None:
    """Return what is active: every bare number, and what says so of itself."""
    told = active_services(listed)
    if told is None or not isinstance(listed, list):
        return None
    bare = (Attributes({"id": item}).text("id") for item in listed if not isinstance(item, dict))
    return told | {number for number in bare if number is not None}


_READABLE = frozenset(
    {
        Capability.BATTERY,
        Capability.CLIMATE_STATUS,
        Capability.FUEL,
        Capability.LOCATION,
        Capability.LOCK_STATUS,
        Capability.TRIPS,
    }
)


def _gateway_header(gateway: str | None) -> Mapping[str, str]:
    return {} if gateway is None else {"X-Vehicle-Gateway": gateway}


def _location(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read location. Whether there is a privacy mode is not known, so a position says nothing about one."""
    return replace(mapping.location(body, vehicle, received_at), privacy=None)


_VEHICLE_INFO = Version("nissan/vehicle-info/v1", Host.BFF)
_REMOTE_ACTION = Version("nissan/remote-action/v1", Host.BFF)

_ENDPOINTS = (
    Endpoint(
        name="battery-status",
        groups=frozenset({Group.BATTERY, Group.CHARGING, Group.FUEL}),
        parse=mapping.battery_status,
        gate=Capability.BATTERY,
        order=lambda _: (Version("nissan/vehicle-info/v2", Host.BFF), Version("v2"), Version("v1")),
    ),
    Endpoint(name="cockpit", groups=frozenset({Group.FUEL, Group.ODOMETER}), parse=mapping.cockpit),
    Endpoint(
        name="hvac-status",
        groups=frozenset({Group.CLIMATE}),
        parse=mapping.hvac_status,
        gate=Capability.CLIMATE_STATUS,
        order=lambda _: (_REMOTE_ACTION,),
    ),
    Endpoint(
        name="location",
        groups=frozenset({Group.POSITION}),
        parse=_location,
        gate=Capability.LOCATION,
        order=lambda _: (_VEHICLE_INFO,),
    ),
    Endpoint(
        name="lock-status",
        groups=frozenset({Group.BODY}),
        parse=mapping.lock_status,
        gate=Capability.LOCK_STATUS,
        order=lambda _: (_REMOTE_ACTION,),
    ),
    Endpoint(name="health-status", groups=frozenset({Group.HEALTH}), parse=mapping.health_status),
)
"""What one client reads of one car [B]; of a battery only its first path is on record [C], the others are Europe's."""

JAPANESE = Dialect(
    market=Market.JAPAN,
    log_in=PasswordLogIn,
    account=JapaneseAccount,
    headers=dict.fromkeys(Host, _HEADERS),
    vehicle_headers=lambda vehicle: _gateway_header(vehicle.gateway),
    endpoints=_ENDPOINTS,
    command_limit=None,
    trip_dates="%Y%m%d",
    has_messages=False,
)
