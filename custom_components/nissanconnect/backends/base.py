"""What every backend offers, and what it is given.

A backend speaks one protocol, keeps its own log-in alive and turns payloads into the terms of ``vehicle``. It never
decides when to read or whether a command is wise, and it never wakes a vehicle unless it is sent a command.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple, Protocol, override, runtime_checkable

import aiohttp

from ..vehicle import (
    Command,
    Departure,
    Group,
    ListedVehicle,
    Market,
    Notification,
    NotSupported,
    Progress,
    Push,
    Ticket,
    TripPeriod,
    TripRecord,
    TripSummary,
    VehicleInfo,
    VehicleReport,
    Weakness,
)

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


type EnterDeparture = Callable[[], AbstractAsyncContextManager[None]]
"""A :class:`~..vehicle.Departure` as it is entered right before a request."""

type SaveAuth = Callable[[dict[str, Json]], None]
type Fields = Mapping[str, str]
"""What the owner has entered in a source's form, by the names of its fields; empty ones are left out."""


class MqttMessage(NamedTuple):
    """A message from an MQTT broker. ``retain``: the broker had kept it, so its age is unknown."""

    topic: str
    payload: bytes
    retain: bool = False

    @override
    def __repr__(self) -> str:
        """Show neither topic nor payload: they hold user names and positions."""
        return f"{type(self).__name__}(retain={self.retain})"


type MessageListener = Callable[[MqttMessage], None]


class MessageBus(Protocol):
    """A connection to an MQTT broker that the caller keeps alive; subscriptions outlive its interruptions."""

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""

    async def subscribe(self, topic: str, on_message: MessageListener) -> Callable[[], None]:
        """Call ``on_message`` for every message that matches a topic filter; return how to unsubscribe.

        Returns when the broker has confirmed the subscription, so that no response to a later request gets lost.
        Retained messages come first, with ``retain``. Raises :class:`~..vehicle.NoBroker`.
        """

    async def publish(self, topic: str, payload: str, *, qos: int = 0) -> None:
        """Publish a message that the broker does not retain. Raises :class:`~..vehicle.NoBroker` if it cannot."""

    def on_connection(self, changed: Callable[[bool], None]) -> Callable[[], None]:
        """Call ``changed`` whenever the broker connects or disconnects; return how to unsubscribe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the ``create`` function of a backend's package is given besides the owner's fields.

    ``auth`` is what ``save_auth`` was last given for these fields (tokens, or that they were rejected), ``memory`` what
    :meth:`Backend.memory` returned before the last restart; either may be damaged. ``sleep`` takes seconds; ``zone`` is
    the owner's. ``message_bus`` is there for backends that use MQTT. ``simulator`` is the base URL of a simulator to
    use instead of Nissan's service, for development.
    """

    session: aiohttp.ClientSession
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[object]]
    zone: tzinfo
    auth: Json
    save_auth: SaveAuth
    memory: Json
    message_bus: MessageBus | None = None
    simulator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the rest may rely on, constant for a backend.

    ``name`` stands in reports; ``command_limit`` is how long a vehicle may take over a command.
    ``hosts`` are the addresses that must be reachable, by a short name; ``market`` is whose vehicles the source serves.
    ``refreshes`` are the groups that its widest refresh leaves out, each of which has a refresh of its own.
    ``keeps_one_command``: it forgets a command that the vehicle has not fetched when it is sent another one.
    ``pushes``: it sends updates by itself, see :class:`Pushing`, and a read brings nothing beyond them.
    ``weaknesses`` say which of its values to doubt when other sources have them.
    """

    name: str
    command_limit: timedelta
    hosts: Mapping[str, str] = field(default_factory=dict)
    market: Market | None = None
    refreshes: tuple[Group, ...] = ()
    keeps_one_command: bool = False
    pushes: bool = False
    weaknesses: tuple[Weakness, ...] = ()


class Backend(Protocol):
    """A source of vehicles. Every method raises a :class:`~..vehicle.BackendError` on failure, and nothing else."""

    description: Description
    """What this backend is; it never changes."""

    @property
    def requests(self) -> int:
        """How many requests it has sent since it was created; 0 if they cost its service nothing."""
        return 0

    async def log_in(self) -> str:
        """Make sure that the source accepts the credentials; return a stable id of the account (no e-mail address)."""

    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return every vehicle of the account."""

    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Return the last values that the source has, all or only those of ``groups``; never wakes the vehicle.

        Parts fail on their own, and the report says which. An error is raised only if it makes every part fail
        (no access to the account).
        """

    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Send a command. Returning means that it was accepted, not that it was carried out.

        Each request that can wake the vehicle or change anything leaves within a ``departure``, entered right before:
        no queue, log-in or other request is awaited inside. Commands never queue behind reads. An error with
        ``nothing_done`` guarantees just that, so that another backend may be tried.

        A backend that takes no commands leaves this method and :meth:`poll` as they are.
        """
        raise NotSupported("this source takes no commands")

    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        """Return the progress of an accepted command."""
        raise NotSupported("this source takes no commands")

    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Retry at the next read what was refused for this vehicle; its owner says that something has changed.

        A backend that remembers no refusal does nothing.
        """
        return

    def memory(self) -> Json:
        """Return what should survive a restart besides the log-in: what this backend has learned about vehicles."""
        return None


@runtime_checkable
class Pushing(Protocol):
    """Offered by a backend whose source sends updates by itself."""

    async def listen(self, on_push: Callable[[Push], None]) -> None:
        """Call ``on_push`` for each update, until cancelled. A lost connection raises a BackendError.

        The caller listens again after a pause; what was missed meanwhile is then delivered first.
        """


@runtime_checkable
class Receiving(Protocol):
    """Offered by a backend whose source sends HTTP requests to us; the caller of :meth:`receive` has the server."""

    @property
    def accepted(self) -> str:
        """The response to a request that is accepted."""

    def may_admit(self, parameters: Mapping[str, str]) -> bool:
        """Whether the request may be accepted as far as its address tells; its body can tell more."""

    def receive(self, parameters: Mapping[str, str]) -> str:
        """Take the parameters of a request, whatever they are, and return the text of the response; never raises."""


@runtime_checkable
class Forgetting(Protocol):
    """Offered by a backend that lists every vehicle that has ever reported, so that owners have to delete one."""

    def forget(self, vehicle: VehicleInfo) -> None:
        """Leave the vehicle out of the list until it reports again."""


@runtime_checkable
class Messages(Protocol):
    """Offered by a backend whose service writes notifications to owners."""

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20
    ) -> tuple[Notification, ...]:
        """Return ``count`` notifications, newest first, from the ``first``-th on (counted from 1)."""


@runtime_checkable
class Trips(Protocol):
    """Offered by a backend whose vehicles have :attr:`~..vehicle.Capability.TRIPS`."""

    async def read_trips(
        self, vehicle: VehicleInfo, period: TripPeriod, start: date, end: date
    ) -> tuple[TripSummary, ...]:
        """Return the trips from ``start`` to ``end``, both included, summed up by ``period``; wakes no vehicle."""


@runtime_checkable
class SingleTrips(Protocol):
    """Offered by a backend whose service keeps single trips of vehicles with :attr:`~..vehicle.Capability.TRIPS`."""

    async def read_single_trips(self, vehicle: VehicleInfo, start: datetime, end: datetime) -> tuple[TripRecord, ...]:
        """Return the trips that began from ``start`` on and before ``end``, oldest first; wakes no vehicle."""


@runtime_checkable
class LockSetup(Protocol):
    """Offered by a backend whose vehicles have :attr:`~..vehicle.Capability.LOCK_SETUP`.

    ``device_id`` is our id in a vehicle's list of trusted devices, one for all vehicles of the account.
    """

    async def send_device_code(self, vehicle: VehicleInfo, device_id: str) -> None:
        """Have a one-time code sent to the owner."""

    async def register_device(self, vehicle: VehicleInfo, device_id: str, code: str) -> None:
        """Register with the code; raises :class:`~..vehicle.WrongCode`. A device may already be registered."""

    async def remove_device(self, vehicle: VehicleInfo, device_id: str) -> None:
        """Remove the registration."""

    async def set_pin(self, vehicle: VehicleInfo, pin: str, departure: Departure) -> None:
        """Set the PIN with which the vehicle is locked and unlocked from now on; this wakes it."""
