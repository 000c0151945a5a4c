"""What the services of the platform do differently from region to region; they share everything else."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import json
from typing import NamedTuple, Protocol

from ...vehicle import Market, VehicleInfo
from ..base import Json
from .auth import LogIn, accepted
from .client import JSON, JSON_API, Client, Environment, Host, Transport, segment
from .endpoints import ENDPOINTS, Endpoint
from .errors import Answer
from .mapping import Attributes
from .oneid import OneId
from .vehicles import Entry, parse_list


class Account(Protocol):
    """How an account is asked who it is and what it has; one of them serves one account."""

    async def user_id(self, client: Client) -> str | None:
        """Return the account's own name of itself, which never changes."""

    async def vehicles(self, client: Client, user_id: str, now: datetime) -> tuple[Entry, ...]:
        """Return the vehicles of the account; no list is an error, an empty one is not."""


def _nothing(_: VehicleInfo) -> Mapping[str, str]:
    return {}


class Dialect(NamedTuple):
    """One region's way of speaking.

    Attributes:
        market: Whose vehicles the service has.
        log_in: Makes what logs in.
        account: Makes what asks for the account and its vehicles.
        headers: What goes with the requests to each host.
        vehicle_headers: What goes with requests about a vehicle besides.
        endpoints: What can be read.
        command_limit: How long a vehicle may take over a command, ``None`` if none can be sent.
        trip_dates: How the days of a trip history are written.
        has_messages: Whether it is known how the service's messages are read.
    """

    market: Market
    log_in: Callable[[Transport, Environment], LogIn]
    account: Callable[[], Account]
    headers: Mapping[Host, Mapping[str, str]]
    endpoints: tuple[Endpoint, ...]
    command_limit: timedelta | None
    vehicle_headers: Callable[[VehicleInfo], Mapping[str, str]] = _nothing
    trip_dates: str = "%Y-%m-%d"
    has_messages: bool = True


class OneIdLogIn:
    """The log-in pages, whose ID token the data plane takes for tokens of its own (§4.6, §4.7)."""

    def __init__(self, transport: Transport, environment: Environment) -> None:
        """Keep what the log-ins need; nothing is sent yet."""
        self.works = True
        self._transport = transport
        self._environment = environment
        self._oneid = OneId(transport, environment)

    async def log_in(self, username: str, password: str) -> Json:
        """Walk through the pages, and exchange what they give."""
        self.works = False
        id_token = await self._oneid.id_token(username, password)
        self.works = True
        name = "token exchange"
        return accepted(await self._ask("v1/oauth2/access_token", name, proof=id_token), name)

    async def refresh(self, refresh_token: str) -> Json:
        """Ask for new tokens; the reply may leave the refresh token out."""
        body, name = json.dumps({"scope": self._environment.data_scope}).encode(), "token refresh"
        return accepted(await self._ask("v1/oauth2/refresh-token", name, proof=refresh_token, body=body), name)

    async def _ask(self, path: str, name: str, *, proof: str, body: bytes | None = None) -> Answer:
        return await self._transport.request(
            "POST",
            self._environment.url(Host.BFF, path, platform=self._environment.platform),
            name,
            # The proof stands without a scheme (§4.6).
            headers={"Authorization": proof, "Accept": JSON, "Content-Type": JSON_API},
            data=body,
            timeout=self._transport.timeouts.login,
        )


class EuropeanAccount:
    """The user's adapter knows who the account is, the front end what it has (§6.1, §6.2)."""

    async def user_id(self, client: Client) -> str | None:
        """Return the account's own name of itself: digits or a UUID."""
        return Attributes.of(await client.get(Host.USERS, "v1/users/current", "current user")).text("userId")

    async def vehicles(self, client: Client, user_id: str, now: datetime) -> tuple[Entry, ...]:
        """Return the vehicles of the account."""
        return parse_list(await client.get(Host.BFF, f"v5/users/{segment(user_id)}/cars", "vehicle list"), now)


_HEADERS: Mapping[Host, Mapping[str, str]] = {
    Host.BFF: {"Accept": JSON},  # answers 406 to the other one (§3.1)
    Host.USERS: {"Accept": JSON},
    Host.CARS: {"Accept": JSON_API},
    Host.NOTIFICATIONS: {"Accept": JSON},
    Host.ACTION_STATUS: {"Accept": JSON_API, "Content-Type": JSON_API},  # §10
}

EUROPEAN = Dialect(
    market=Market.EUROPE,
    log_in=OneIdLogIn,
    account=EuropeanAccount,
    headers=_HEADERS,
    endpoints=ENDPOINTS,
    command_limit=timedelta(seconds=120),
)
"""Vehicles take up to two minutes over a command (§10)."""
