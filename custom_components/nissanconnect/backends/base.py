"""What every source of vehicles offers.

A backend speaks one protocol, keeps its own log-in alive and turns what it reads into the terms of ``vehicle``. It
never decides when to read or whether a command is wise, and it never wakes a vehicle unless it is sent a command.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol, runtime_checkable

from ..vehicle import (
    Command,
    Departure,
    Group,
    ListedVehicle,
    Market,
    Notification,
    Progress,
    Push,
    Ticket,
    TripPeriod,
    TripSummary,
    VehicleInfo,
    VehicleReport,
    Weakness,
)

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the rest may rely on: the backend's name in reports, and how long a vehicle may take over a command.

    ``requests`` is how many requests it has sent since it was made; a backend that costs its service none says 0.
    ``refreshes`` are the parts that its widest refresh leaves out, each of which has a refresh of its own.
    ``keeps_one_command``: of a vehicle that has not fetched one yet, and is sent another, it forgets the first.
    ``pushes``: it speaks by itself, see :class:`Pushing`, and asking it brings nothing that it has not said already.
    ``weaknesses`` is what to doubt in its reports when there are others.
    ``hosts`` are the addresses that must be reachable, by a short name; ``market`` is whose vehicles the source serves.
    """

    name: str
    command_limit: timedelta
    hosts: Mapping[str, str] = field(default_factory=dict)
    market: Market | None = None
    requests: int = 0
    refreshes: tuple[Group, ...] = ()
    keeps_one_command: bool = False
    pushes: bool = False
    weaknesses: tuple[Weakness, ...] = ()


class Backend(Protocol):
    """A source of vehicles. Every method raises a :class:`~..vehicle.BackendError` on failure, and nothing else."""

    @property
    def description(self) -> Description:
        """What this backend is."""

    async def log_in(self) -> str:
        """Make sure that the source lets us in; return a stable name of the account (not an e-mail address)."""

    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return every vehicle of the account."""

    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Return what the source last heard of the vehicle, all of it or only ``groups``; never wakes it.

        Parts fail on their own and are told in the report; only what makes every part fail is raised
        (no access to the account).
        """

    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Hand a command over. Returning means accepted, not executed.

        Each request that can wake the vehicle or change anything leaves within a ``departure``, entered right before:
        no queue, log-in or question is waited for inside. Commands never queue behind reads. An error that says
        ``nothing_done`` promises just that, so that another backend may be tried.
        """

    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        """Ask how an accepted command goes."""

    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Ask at the next read for what this vehicle was refused before; its owner says that something has changed."""

    def memory(self) -> Json:
        """Return what should survive a restart besides the log-in: what this backend has learnt about vehicles."""


@runtime_checkable
class Pushing(Protocol):
    """What a backend offers besides if its source speaks by itself."""

    async def listen(self, hear: Callable[[Push], None]) -> None:
        """Hand over what the source says, until cancelled. A lost line raises a :class:`~..vehicle.BackendError`.

        The caller listens anew after a pause; whatever was missed meanwhile is then handed over first.
        """


@runtime_checkable
class Called(Protocol):
    """What a backend offers besides if its source calls us by HTTP; the caller of :meth:`receive` has the server."""

    @property
    def accepted(self) -> str:
        """The reply to whoever is let in."""

    def may_admit(self, parameters: Mapping[str, str]) -> bool:
        """Whether the caller may be let in, as far as the parameters in the address tell; a body can tell more."""

    def receive(self, parameters: Mapping[str, str]) -> str:
        """Take the parameters of a request, whatever they are, and return the text of the reply; never raises."""


@runtime_checkable
class Forgetting(Protocol):
    """What a backend offers besides if it lists every vehicle that ever spoke, so that its owner has to take it out."""

    def forget(self, vehicle: VehicleInfo) -> None:
        """List the vehicle no longer, until it speaks again."""


@runtime_checkable
class Messages(Protocol):
    """What a backend offers besides if its cloud writes to the owners of vehicles."""

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20, language: str = "EN"
    ) -> tuple[Notification, ...]:
        """Return ``count`` messages, newest first, from the ``first``-th on (counted from 1)."""


@runtime_checkable
class Trips(Protocol):
    """What a backend offers besides if its vehicles have :attr:`~..vehicle.Capability.TRIPS`."""

    async def read_trips(
        self, vehicle: VehicleInfo, period: TripPeriod, start: date, end: date
    ) -> tuple[TripSummary, ...]:
        """Return what was driven from ``start`` to ``end``, both included, summed up by ``period``; wakes nobody."""


@runtime_checkable
class LockSetup(Protocol):
    """What a backend offers besides if its vehicles have :attr:`~..vehicle.Capability.LOCK_SETUP`.

    ``device_id`` is our name in a vehicle's list of trusted devices, one for all vehicles of the account.
    """

    async def send_device_code(self, vehicle: VehicleInfo, device_id: str) -> None:
        """Have a one-time code sent to the owner."""

    async def register_device(self, vehicle: VehicleInfo, device_id: str, code: str) -> None:
        """Register with the code; raises :class:`~..vehicle.WrongCode`. Being registered already is fine."""

    async def remove_device(self, vehicle: VehicleInfo, device_id: str) -> None:
        """Be registered no longer."""

    async def set_pin(self, vehicle: VehicleInfo, pin: str, departure: Departure) -> None:
        """Choose the PIN with which the vehicle is locked and unlocked from now on; it wakes for that."""
