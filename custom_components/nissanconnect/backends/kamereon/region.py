"""What the services of the platform do differently in each region, and Europe's way (kamereon-eu §2.1 to §7, [A]).

The second half reads the list of an account's vehicles, and what their services allow (§6.2, §7).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from yarl import URL

from ...vehicle import (
    Capability,
    ClimateLimits,
    ListedVehicle,
    Market,
    Powertrain,
    ProtocolError,
    Subscription,
    VehicleInfo,
    VehicleState,
    normalise_key,
)
from ..base import Json
from ..http import HttpClient, segment
from ..reader import JsonReader
from .auth import LogIn
from .client import JSON, JSON_API, Environment, Host, KamereonClient
from .endpoints import ENDPOINTS, VersionedEndpoint
from .mapping import BACKEND, AttributeReader, privacy
from .oneid import OneId


class Entry(NamedTuple):
    """One vehicle of the list, and its active services in one stable spelling, to notice when they change."""

    listed: ListedVehicle
    services: str

    @classmethod
    def of(
        cls, info: VehicleInfo, services: frozenset[str] | None, received_at: datetime, *, private: bool | None = None
    ) -> Entry:
        """Return the entry of a vehicle; ``services`` and ``private`` are ``None`` if the list does not state them."""
        subscription = Subscription(backend=BACKEND, received_at=received_at, active=bool(services))
        state = VehicleState(
            subscription=None if services is None else subscription,
            privacy=None if private is None else privacy(received_at, active=private),
        )
        return cls(ListedVehicle(info=info, state=state), " ".join(sorted(services or ())))


class Account(Protocol):
    """How the id and the vehicles of an account are read; one object serves one account."""

    async def user_id(self, client: KamereonClient) -> str | None:
        """Return the id of the account, which never changes."""

    async def vehicles(self, client: KamereonClient, user_id: str, now: datetime) -> tuple[Entry, ...]:
        """Return the vehicles of the account; a missing list is an error, an empty one is not."""


class Region(NamedTuple):
    """The service of one region.

    Attributes:
        market: Whose vehicles the service has.
        environment: Where the service is.
        log_in: Makes what logs in.
        account: Makes what reads the account and its vehicles.
        headers: Sent with the requests to each host.
        endpoints: What can be read.
        command_limit: How long a vehicle may take over a command, ``None`` if none can be sent.
        vehicle_headers: Sent in addition with requests about a vehicle.
        trip_date_format: How the request of a trip history has its dates.
        has_notifications: Whether it is known how the service's notifications are read.
    """

    market: Market
    environment: Environment
    log_in: Callable[[HttpClient, Environment], LogIn]
    account: Callable[[], Account]
    headers: Mapping[Host, Mapping[str, str]]
    endpoints: tuple[VersionedEndpoint, ...]
    command_limit: timedelta | None
    vehicle_headers: Callable[[VehicleInfo], Mapping[str, str]] = lambda _: {}
    trip_date_format: str = "%Y-%m-%d"
    has_notifications: bool = True


class EuropeanAccount:
    """The user adapter has the id of the account, the front end its vehicles (§6.1, §6.2)."""

    async def user_id(self, client: KamereonClient) -> str | None:
        """Return the id of the account: digits or a UUID."""
        return AttributeReader.of(await client.get(Host.USERS, "v1/users/current", "current user")).text("userId")

    async def vehicles(self, client: KamereonClient, user_id: str, now: datetime) -> tuple[Entry, ...]:
        """Return the vehicles of the account."""
        return parse_list(await client.get(Host.BFF, f"v5/users/{segment(user_id)}/cars", "vehicle list"), now)


EUROPE = Region(
    market=Market.EUROPE,
    # Five independent clients agree on these values (§2.1, [A]; the action-status host [B]). All are public.
    environment=Environment(
        hosts={
            Host.LOGIN: URL("https://login.mynissan-account.com/"),
            Host.BFF: URL("https://nci-bff-web-prod.apps.eu2.kamereon.io/bff-web/"),
            Host.USERS: URL("https://alliance-platform-usersadapter-prod.apps.eu2.kamereon.io/user-adapter/"),
            Host.CARS: URL("https://alliance-platform-caradapter-prod.apps.eu2.kamereon.io/car-adapter/"),
            Host.NOTIFICATIONS: URL("https://alliance-platform-notifications-prod.apps.eu2.kamereon.io/notifications/"),
            Host.ACTION_STATUS: URL("https://alliance-platform-action-status-polling-prod.apps.eu2.kamereon.io/"),
        },
        client_id="ZM3WK7ax1OtQKYQ8Qqzcv5VgiA8a",
        notification_realm="P_NCB",
    ),
    log_in=OneId,
    account=EuropeanAccount,
    headers={
        Host.BFF: {"Accept": JSON},  # responds with 406 to the other one (§3.1)
        Host.USERS: {"Accept": JSON},
        Host.CARS: {"Accept": JSON_API},
        Host.NOTIFICATIONS: {"Accept": JSON},
        Host.ACTION_STATUS: {"Accept": JSON_API, "Content-Type": JSON_API},  # §10
    },
    endpoints=ENDPOINTS,
    command_limit=timedelta(seconds=120),  # vehicles take up to two minutes (§10)
)


def parse_list(body: Json, received_at: datetime) -> tuple[Entry, ...]:
    """Return the vehicles of a list (see :func:`vehicles_in`)."""
    vehicles = vehicles_in(JsonReader.of(body).get("data"))
    return tuple(_entry(key, vehicle, received_at) for key, vehicle in vehicles.items())


def vehicles_in(listed: Json) -> dict[str, AttributeReader]:
    """Return the vehicles of a list by their keys; entries that make no sense are left out.

    Raises:
        ProtocolError: There is no list. That must not be mistaken for an account without vehicles.
    """
    if not isinstance(listed, list):
        raise ProtocolError("the vehicle list is none")
    found: dict[str, AttributeReader] = {}
    for vehicle in AttributeReader.list_of(listed):
        if (vin := vehicle.text("vin")) is not None:
            found.setdefault(normalise_key(vin), vehicle)
    return found


def _entry(key: str, vehicle: AttributeReader, received_at: datetime) -> Entry:
    active = active_services(vehicle.get("services"))
    services = active or frozenset()
    powertrain = powertrain_of(vehicle)
    info = VehicleInfo(
        key=key,
        vin=key,
        nickname=vehicle.text("vehicleNickName") or vehicle.text("nickname"),
        model=vehicle.text("modelName"),
        model_code=vehicle.text("modelCode"),
        year=vehicle.integer("modelYear", 1990, 2100),
        generation=vehicle.text("canGeneration"),
        gateway=vehicle.text("carGateway"),
        powertrain=powertrain,
        capabilities=capabilities_of(services, powertrain) | _lock_capabilities(services, vehicle),
        climate_limits=_PATROL_LIMITS if services & _PATROL_CLIMATE else ClimateLimits(),
    )
    private = vehicle.one_of("privacyMode", {"on": True, "off": False})
    return Entry.of(info, active, received_at, private=private)


def active_services(listed: Json) -> frozenset[str] | None:
    """Return the ids of the active services, which come as numbers and as strings; ``None`` if there is no list."""
    if not isinstance(listed, list):
        return None
    return frozenset(
        number
        for service in AttributeReader.list_of(listed)
        if service.get("activationState") == "ACTIVATED" and (number := service.text("id")) is not None
    )


_POWERTRAINS: Mapping[str | float, Powertrain | None] = {
    "bev": Powertrain.ELECTRIC,
    "electric": Powertrain.ELECTRIC,
    "ev": Powertrain.ELECTRIC,
    "e-power": Powertrain.HYBRID,
    "hev": Powertrain.HYBRID,
    "hybrid": Powertrain.HYBRID,
    "phev": Powertrain.HYBRID,
    "diesel": Powertrain.COMBUSTION,
    "gasoline": Powertrain.COMBUSTION,
    "ice": Powertrain.COMBUSTION,
    "petrol": Powertrain.COMBUSTION,
    "other": None,
}
"""The values of ``energy`` and ``iceEvFlag`` are not recorded (§6.2 [C]), so only plain words count."""


def powertrain_of(vehicle: JsonReader) -> Powertrain | None:
    """Return what both attributes agree on. A hybrid may well be flagged as either of its halves."""
    found = {vehicle.one_of(name, _POWERTRAINS) for name in ("energy", "iceEvFlag")} - {None}
    if Powertrain.HYBRID in found:
        return Powertrain.HYBRID
    return found.pop() if len(found) == 1 else None


_ALLOWED_BY: Mapping[Capability, frozenset[str]] = {
    Capability.BATTERY: frozenset({"319"}),
    Capability.CLIMATE: frozenset({"366", "880"}),
    Capability.CLIMATE_SCHEDULE: frozenset({"366", "880"}),
    Capability.CLIMATE_STATUS: frozenset({"307", "366", "880", "882", "2042"}),
    Capability.CLIMATE_TEMPERATURE: frozenset({"366", "880"}),
    Capability.HORN: frozenset({"97", "875"}),
    Capability.LIGHTS: frozenset({"97", "875"}),
    Capability.LOCATION: frozenset({"12", "866"}),
    Capability.LOCK_STATUS: frozenset({"871", "886", "2021"}),
    Capability.REFRESH: frozenset({"12", "319", "366", "866", "871", "880", "886", "2021"}),
    Capability.START_CHARGING: frozenset({"299"}),
    Capability.START_ENGINE: frozenset({"96"}),
    Capability.STOP_CHARGING: frozenset({"303"}),
}
"""The services of which one suffices (§7.3). 866-882 are those of the Patrol Y63 (§7.1 [B]).

The app lets a temperature be chosen with 307, 882 or 2042 only [C]. Here the climate suffices: every start carries a
temperature anyway, and a Micra lists none of those three (§9.3 [A]).
"""

_PATROL_CLIMATE = frozenset({"880", "882"})
_PATROL_LIMITS = ClimateLimits(minimum=16.0, maximum=30.0, step=0.5)


def capabilities_of(services: frozenset[str], powertrain: Powertrain | None) -> frozenset[Capability]:
    """Return what the services allow, corrected by the powertrain, as far as that is known.

    Batteries are read without service 319 too (§7.3), and nobody knows whether a combustion vehicle may list it. Trips
    are read whatever is listed: that 235 or 340 is needed is a guess, and a Patrol without them has trips.
    """
    allowed = {Capability.TRIPS} | {capability for capability, any_of in _ALLOWED_BY.items() if any_of & services}
    if powertrain is Powertrain.ELECTRIC:
        allowed.add(Capability.BATTERY)
    elif powertrain is Powertrain.COMBUSTION:
        allowed -= {Capability.BATTERY, Capability.START_CHARGING, Capability.STOP_CHARGING}
    if powertrain in (Powertrain.COMBUSTION, Powertrain.HYBRID) or (
        powertrain is None and services and Capability.BATTERY not in allowed
    ):
        allowed.add(Capability.FUEL)
    return frozenset(allowed)


def _lock_capabilities(services: frozenset[str], vehicle: AttributeReader) -> frozenset[Capability]:
    """Return what may be done with the lock (§7.3 [B]); ``ccsGen`` is the generation of its electronics.

    A driver who is not the owner cannot set it up.
    """
    generation = vehicle.text("ccsGen")
    locking = {"878"} if generation == "1" else {"27", "878"}
    if not _ALLOWED_BY[Capability.LOCK_STATUS] & services or not locking & services:
        return frozenset()
    capabilities = {Capability.LOCK, Capability.LOCK_PIN}
    can_be_set_up = {
        "1": "909" in services and vehicle.get("isCrossBadged") is not True,
        "2": "747" in services,
    }
    if can_be_set_up.get(generation or "") and not vehicle.one_of("role", {"owner": False, "standard": True}):
        capabilities.add(Capability.LOCK_SETUP)
    return frozenset(capabilities)
