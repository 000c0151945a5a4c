"""The Japanese service, which does some things in its own way (kamereon-eu §2.4, regions §1.1 [B]).

It is experimental and read-only. Two forks by single owners are all that is known of it, and one of them reads vehicles
through it today. What neither shows is not made up: how tokens are refreshed, how notifications are read. Commands are
left out until one is known well enough: those of newer vehicles go to another front end, and one vehicle reported
executed ones as cancelled (§10).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
import json

from yarl import URL

from ...vehicle import (
    ActionRequired,
    AuthenticationFailed,
    BackendError,
    Capability,
    Group,
    Market,
    Stamp,
    VehicleInfo,
    VehicleState,
    as_vin,
)
from ..base import Backend, Context, Fields, Json
from ..http import HttpClient, Unauthorized, segment
from ..reader import JsonReader, text_of
from . import mapping
from .auth import Refused
from .backend import KamereonBackend
from .client import JSON_API, Environment, Host, KamereonClient, body_of, error_code
from .endpoints import Version, VersionedEndpoint
from .mapping import AttributeReader
from .region import Entry, Region, active_services, capabilities_of, powertrain_of, vehicles_in

_WRONG_PASSWORD = "0205"  # noqa: S105 - a code of the service
_HEADERS = {"Content-Type": JSON_API}


class PasswordLogIn:
    """One request with name and password, which returns the tokens."""

    def __init__(self, http: HttpClient, environment: Environment) -> None:
        self.works = True
        self._http = http
        self._environment = environment

    async def log_in(self, username: str, password: str) -> Json:
        """Send name and password; an error behind the log-in (0204) is no reason to doubt them."""
        attributes: Json = {"username": username, "password": password}
        self.works = False
        response = await self._http.request(
            "POST",
            self._environment.url(Host.LOGIN, "nissan/account/v1/login"),
            "login",
            headers={**_HEADERS, "X-App-Id": self._environment.client_id},
            data=json.dumps({"data": {"type": "token", "attributes": attributes}}).encode(),
        )
        if error_code(response) == _WRONG_PASSWORD:
            raise AuthenticationFailed
        try:
            body = body_of(response, "login")
        except Unauthorized:
            raise AuthenticationFailed from None
        self.works = True
        return body

    async def refresh(self, refresh_token: str) -> Json:
        """How the app does that is not on record, so a log-in renews the tokens every hour."""
        raise Refused("how tokens are refreshed is not known")


class JapaneseAccount:
    """One response has the id of the account and its vehicles. Another one has their names, which are kept."""

    def __init__(self) -> None:
        self._details: dict[str, JsonReader] = {}

    async def user_id(self, client: KamereonClient) -> str | None:
        """Return the id of the account."""
        return JsonReader.of(await _token_info(client)).child("data").text("id")

    async def vehicles(self, client: KamereonClient, user_id: str, now: datetime) -> tuple[Entry, ...]:
        """Return the vehicles by their frame numbers."""
        vehicles = vehicles_in(AttributeReader.of(await _token_info(client)).get("vehicles"))
        for key, vehicle in vehicles.items():
            await self._fetch_details(client, key, vehicle)
        nothing = JsonReader({})
        return tuple(entry_of(key, each, self._details.get(key, nothing), now) for key, each in vehicles.items())

    async def _fetch_details(self, client: KamereonClient, key: str, vehicle: AttributeReader) -> None:
        """Request the vehicle's details by its UUID. Without them it only lacks a name."""
        if (uuid := vehicle.text("uuid")) is None:
            return
        headers = {"X-VehicleIdType": "UUID", **_gateway_header(vehicle.token("gateway"))}
        path = f"nissan/vehicle-info/v1/cars/{segment(uuid)}/details"
        try:
            body = await client.with_headers(headers).get(Host.BFF, path, "vehicle details")
        except AuthenticationFailed, ActionRequired:
            raise
        except BackendError:
            return
        self._details[key] = JsonReader(AttributeReader.of(body).values)


async def _token_info(client: KamereonClient) -> Json:
    return await client.get(Host.BFF, "nissan/account/v1/token-info", "token-info")


def entry_of(key: str, vehicle: AttributeReader, details: JsonReader, received_at: datetime) -> Entry:
    """Return a vehicle of the list, with the capabilities that can be read.

    Services are numbered as in Europe; here they come as bare numbers [B].
    """
    services = _services(vehicle.get("services"))
    model = details.child("model")
    powertrain = powertrain_of(details)
    info = VehicleInfo(
        key=key,
        vin=as_vin(key),
        model=model.text("displayName"),
        model_code=model.text("code"),
        year=model.integer("year", 1990, 2100),
        generation=vehicle.text("canGeneration"),
        gateway=vehicle.token("gateway"),
        powertrain=powertrain,
        capabilities=capabilities_of(services or frozenset(), powertrain) & _READABLE,
    )
    return Entry.of(info, services, received_at)


def _services(listed: Json) -> frozenset[str] | None:
    """Return what is active: every bare number, and objects that say so."""
    active = active_services(listed)
    if active is None or not isinstance(listed, list):
        return None
    return active | {number for service in listed if (number := text_of(service)) is not None}


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


def _location(attributes: AttributeReader, vehicle: VehicleInfo, stamp: Stamp) -> VehicleState:
    """Map location. Whether there is a privacy mode is not known, so a position says nothing about one."""
    return replace(mapping.location(attributes, vehicle, stamp), privacy=None)


_VEHICLE_INFO = Version("nissan/vehicle-info/v1", Host.BFF)
_VEHICLE_INFO_V2 = Version("nissan/vehicle-info/v2", Host.BFF)
_REMOTE_ACTION = Version("nissan/remote-action/v1", Host.BFF)

_ENDPOINTS = (
    VersionedEndpoint(
        "battery-status",
        frozenset({Group.BATTERY, Group.CHARGING, Group.FUEL}),
        mapping.battery_status,
        Capability.BATTERY,
        versions=lambda _: (_VEHICLE_INFO_V2, Version("v2"), Version("v1")),
    ),
    VersionedEndpoint("cockpit", frozenset({Group.FUEL, Group.ODOMETER}), mapping.cockpit),
    VersionedEndpoint(
        "hvac-status",
        frozenset({Group.CLIMATE}),
        mapping.hvac_status,
        Capability.CLIMATE_STATUS,
        versions=lambda _: (_REMOTE_ACTION,),
    ),
    VersionedEndpoint(
        "location",
        frozenset({Group.POSITION}),
        _location,
        Capability.LOCATION,
        versions=lambda _: (_VEHICLE_INFO,),
    ),
    VersionedEndpoint(
        "lock-status",
        frozenset({Group.BODY}),
        mapping.lock_status,
        Capability.LOCK_STATUS,
        versions=lambda _: (_REMOTE_ACTION,),
    ),
    VersionedEndpoint("health-status", frozenset({Group.HEALTH}), mapping.health_status),
)
"""What one client reads of one car [B]; of a battery only its first path is on record [C], the others are Europe's."""

_SERVICE = URL("https://nc-app-bff-prod.apps.jp.kamereon.io/nc-app-bff/")
"""One front end, with the adapters behind it. A client that worked in September 2026 has these values (§2.4 [B])."""

JAPAN = Region(
    market=Market.JAPAN,
    environment=Environment(
        hosts={
            Host.LOGIN: _SERVICE,
            Host.BFF: _SERVICE,
            Host.USERS: _SERVICE / "alliance/user-adapter/",
            Host.CARS: _SERVICE / "alliance/car-adapter/",
            Host.NOTIFICATIONS: _SERVICE / "alliance/notifications/",
            Host.ACTION_STATUS: _SERVICE / "alliance/action-status-polling/",
        },
        client_id="jp.co.nissan.nissanconnect.ncx",
        notification_realm="n-nissan-nc",
    ),
    log_in=PasswordLogIn,
    account=JapaneseAccount,
    headers=dict.fromkeys(Host, _HEADERS),
    endpoints=_ENDPOINTS,
    command_limit=None,
    vehicle_headers=lambda vehicle: _gateway_header(vehicle.gateway),
    trip_date_format="%Y%m%d",
    has_notifications=False,
)


def create(context: Context, fields: Fields) -> Backend:
    """Return the backend of a Japanese account for the name and the password that the owner has entered."""
    return KamereonBackend(context, fields, JAPAN)
