"""The demo as a backend: a garage in this process, without account and network."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import override

from ...vehicle import (
    BackendError,
    Command,
    Connectivity,
    Departure,
    Group,
    ListedVehicle,
    Notification,
    NotSupported,
    Progress,
    ProtocolError,
    ScheduleClimate,
    Subscription,
    Ticket,
    TimePassed,
    TripPeriod,
    TripSummary,
    VehicleInfo,
    VehicleReport,
    VehicleState,
)
from ..base import Backend, Description, Json
from .cloud import state_of
from .garage import Garage, open_garage
from .snapshot import NAME
from .trips import summarise
from .vehicle import DemoVehicle


class DemoBackend(Backend):
    """Simulated vehicles that lead an ordinary life by the clock ``now``.

    ``zone`` is where their people live; ``seed`` decides what is left to chance.
    """

    def __init__(self, *, now: Callable[[], datetime], seed: int = 0, zone: tzinfo = UTC) -> None:
        """Prepare a garage; it is opened when it is first looked at."""
        self._now = now
        self._seed = seed
        self._zone = zone
        self._opened: Garage | None = None
        self._opening = asyncio.Lock()

    @property
    @override
    def description(self) -> Description:
        return Description(name=NAME, command_limit=timedelta(minutes=2))

    @property
    @override
    def requests(self) -> int:
        return 0

    async def garage(self) -> Garage:
        """Return the vehicles as they are now; the week before is worked out in a thread."""
        async with self._opening:
            if self._opened is None:
                self._opened = await asyncio.to_thread(open_garage, self._now(), seed=self._seed, zone=self._zone)
        self._opened.advance(self._now())
        return self._opened

    @override
    async def log_in(self) -> str:
        return NAME

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        return tuple(
            ListedVehicle(info=vehicle.info, state=self._heard(vehicle, {Group.PRIVACY, Group.SUBSCRIPTION}))
            for vehicle in (await self.garage()).vehicles.values()
        )

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        return VehicleReport(state=self._heard(await self._find(vehicle), Group if groups is None else groups))

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        found = await self._find(vehicle)
        if not command.needs <= found.info.capabilities:
            raise NotSupported(f"demo: {command.kind()} is not offered")
        reached_by = self._now() + timedelta(seconds=found.telematics.wake_delay[1])
        if isinstance(command, ScheduleClimate) and command.at < reached_by:
            raise TimePassed
        async with departure():
            action = found.order(command)
        return Ticket(action.id, action.accepted_at)

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        action = (await self._find(vehicle)).telematics.actions.get(ticket.id)
        if action is None:
            raise ProtocolError("demo: unknown ticket")
        return Progress(action.phase, action.code)

    @override
    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Nothing is ever refused here."""

    @override
    def memory(self) -> Json:
        return None

    async def read_trips(
        self, vehicle: VehicleInfo, period: TripPeriod, start: date, end: date
    ) -> tuple[TripSummary, ...]:
        """Return what was driven from ``start`` to ``end``, both included, oldest first."""
        return summarise((await self._find(vehicle)).cloud.trips, period, start, end, self._zone)

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20, language: str = "EN"
    ) -> tuple[Notification, ...]:
        """Return ``count`` messages, newest first, from the ``first``-th on; English whatever the ``language``."""
        messages = (await self._find(vehicle)).cloud.messages[::-1]
        return tuple(messages[first - 1 : first - 1 + count])

    async def mark_notifications_read(self, vehicle: VehicleInfo, ids: Collection[str]) -> None:
        """Mark messages as read."""
        cloud = (await self._find(vehicle)).cloud
        for identifier in ids:
            cloud.mark(identifier, read=True)

    async def _find(self, vehicle: VehicleInfo) -> DemoVehicle:
        try:
            return (await self.garage()).vehicles[vehicle.key]
        except KeyError:
            raise BackendError("demo: no such vehicle") from None

    def _heard(self, vehicle: DemoVehicle, groups: Collection[Group]) -> VehicleState:
        """Return what the cloud knows of ``groups``, stamped with the time of this answer."""
        now = self._now()
        said = vehicle.cloud.said | {
            Group.CONNECTIVITY: Connectivity(backend=NAME, received_at=now, reachable=vehicle.telematics.reachable),
            Group.SUBSCRIPTION: Subscription(backend=NAME, received_at=now, active=True),
        }
        if vehicle.cloud.state.is_private:
            said.pop(Group.POSITION, None)
        return state_of({group: replace(value, received_at=now) for group, value in said.items() if group in groups})
