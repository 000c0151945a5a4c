"""What the services of the platform do differently from region to region; they share everything else."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from ...vehicle import Market, VehicleInfo
from .client import Client
from .endpoints import Endpoint
from .environment import Environment, Host
from .log_in import LogIn
from .transport import Transport
from .vehicles import Entry


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
