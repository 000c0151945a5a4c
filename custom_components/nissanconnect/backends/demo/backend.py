"""The demo as a backend: a garage in this process, without account and network."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import groupby
from typing import override
from uuid import uuid4

from ...vehicle import (
    BackendError,
    Command,
    Departure,
    Group,
    ListedVehicle,
    Notification,
    NotSupported,
    Phase,
    Progress,
    ProtocolError,
    ScheduleClimate,
    Ticket,
    TimePassed,
    TripPeriod,
    TripRecord,
    TripSummary,
    VehicleInfo,
    VehicleReport,
    VehicleState,
)
from ..base import Backend, Description
from .car import Car, Ride, open_garage
from .mapping import NAME, record_of, state_of, summary_of

_COMMAND_TAKES = timedelta(seconds=10)


class DemoBackend(Backend):
    """Cars that lead an ordinary life by the clock ``now``, in the time zone of their people."""

    description = Description(name=NAME, command_limit=timedelta(minutes=2))

    def __init__(self, *, now: Callable[[], datetime], zone: tzinfo = UTC) -> None:
        """Prepare a garage; it is opened when it is first looked at."""
        self._now = now
        self._zone = zone
        self._cars: dict[str, Car] = {}
        self._progress: dict[str, Progress] = {}

    @override
    async def log_in(self) -> str:
        return NAME

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        if not self._cars:  # the weeks that are looked back on take milliseconds, so they are worked out in a thread
            cars = await asyncio.to_thread(open_garage, self._now(), self._zone)
            self._cars = self._cars or cars
        groups = {Group.PRIVACY, Group.SUBSCRIPTION}
        return tuple(ListedVehicle(info=car.info, state=self._state(car.info, groups)) for car in self._cars.values())

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        return VehicleReport(state=self._state(vehicle, Group if groups is None else groups))

    def _state(self, vehicle: VehicleInfo, groups: Collection[Group]) -> VehicleState:
        return state_of(self.find(vehicle), received_at=self._now()).only(groups)

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        car, ticket = self.find(vehicle), Ticket(str(uuid4()), self._now())
        due = ticket.sent_at + _COMMAND_TAKES
        if not command.needs <= car.info.capabilities:
            raise NotSupported(f"demo: {command.kind()} is not offered")
        if isinstance(command, ScheduleClimate) and command.at < due:
            raise TimePassed

        def execute() -> None:
            code = car.execute(command)
            self._progress[ticket.id] = Progress(Phase.DONE if code is None else Phase.REJECTED, code)

        async with departure():
            self._progress[ticket.id] = Progress(Phase.PENDING)
            car.plan(due, execute)
        return ticket

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        self.find(vehicle)
        if ticket.id not in self._progress:
            raise ProtocolError("demo: unknown ticket")
        return self._progress[ticket.id]

    async def read_trips(
        self, vehicle: VehicleInfo, period: TripPeriod, start: date, end: date
    ) -> tuple[TripSummary, ...]:
        """Return what was driven from ``start`` to ``end``, both included, oldest first."""
        car = self.find(vehicle)
        days = ((trip.started_at.astimezone(self._zone).date(), trip) for trip in _finished(car))
        chosen = [(period.first_day(day), trip) for day, trip in days if start <= day <= end]
        periods = groupby(chosen, key=lambda each: each[0])
        return tuple(summary_of(car, period, day, [trip for _, trip in driven]) for day, driven in periods)

    async def read_single_trips(self, vehicle: VehicleInfo, start: datetime, end: datetime) -> tuple[TripRecord, ...]:
        """Return the trips that began from ``start`` on and before ``end`` and are over, oldest first."""
        car = self.find(vehicle)
        return tuple(record_of(car, trip) for trip in _finished(car) if start <= trip.started_at < end)

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20
    ) -> tuple[Notification, ...]:
        """Return ``count`` messages, newest first, from the ``first``-th on, in English."""
        return tuple(self.find(vehicle).messages[::-1][first - 1 : first - 1 + count])

    def find(self, vehicle: VehicleInfo) -> Car:
        """Return a car, brought up to date."""
        self._cars = self._cars or open_garage(self._now(), self._zone)
        if vehicle.key not in self._cars:
            raise BackendError("demo: no such vehicle")
        self._cars[vehicle.key].advance(self._now())
        return self._cars[vehicle.key]


def _finished(car: Car) -> Sequence[Ride]:
    return car.trips[:-1] if car.driving else car.trips
