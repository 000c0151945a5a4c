"""What the services of the platform do differently in each region, and Europe's way (kamereon-eu §2.1 to §6, [A])."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from yarl import URL

from ...vehicle import Market, VehicleInfo
from ..http import HttpClient, segment
from .auth import LogIn
from .client import JSON, JSON_API, Environment, Host, KamereonClient
from .endpoints import ENDPOINTS, VersionedEndpoint
from .mapping import AttributeReader
from .oneid import OneId
from .vehicles import Entry, parse_list


class Account(Protocol):
    """How the id and the vehicles of an account are read; one object serves one account."""

    async def user_id(self, client: KamereonClient) -> str | None:
        """Return the id of the account, which never changes."""

    async def vehicles(self, client: KamereonClient, user_id: str, now: datetime) -> tuple[Entry, ...]:
        """Return the vehicles of the account; a missing list is an error, an empty one is not."""


def _no_headers(_: VehicleInfo) -> Mapping[str, str]:
    return {}


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
    vehicle_headers: Callable[[VehicleInfo], Mapping[str, str]] = _no_headers
    trip_date_format: str = "%Y-%m-%d"
    has_notifications: bool = True

    def simulated(self, base_url: str) -> Region:
        """Return the same region as served by a simulator.

        Raises:
            ValueError: ``base_url`` is not plain http on a loopback address.
        """
        return self._replace(environment=self.environment.simulated(base_url))


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
