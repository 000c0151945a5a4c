"""The demo as a backend: a garage in this process, without account and network."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
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
    TripSummary,
    VehicleInfo,
    VehicleReport,
    VehicleState,
)
from ..base import Backend, Description
from .car import Car
from .garage import open_garage
from .mapping import NAME, state_of, summary_of

_COMMAND_TAKES = timedelta(seconds=10)
_FIRST_DAY = {TripPeriod.DAY: {}, TripPeriod.MONTH: {"day": 1}, TripPeriod.YEAR: {"month": 1, "day": 1}}
"""What of a date the first day of the period has instead."""


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
        return tuple(ListedVehicle(info=car.info, state=self._state(car, groups)) for car in self._garage().values())

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        return VehicleReport(state=self._state(self.find(vehicle), Group if groups is None else groups))

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        car, ticket = self.find(vehicle), Ticket(str(uuid4()), self._now())
        due = ticket.sent_at + _COMMAND_TAKES
        if not command.needs <= car.info.capabilities:
            raise NotSupported(f"demo: {command.kind()} is not offered")
        if isinstance(command, ScheduleClimate) and command.at < due:
            raise TimePassed
        async with departure():
            self._progress[ticket.id] = Progress(Phase.PENDING)
            car.plan(due, partial(self._execute, car, command, ticket))
        return ticket

    def _execute(self, car: Car, command: Command, ticket: Ticket) -> None:
        code = car.execute(command)
        self._progress[ticket.id] = Progress(Phase.DONE if code is None else Phase.REJECTED, code)

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
        days = ((trip.started_at.astimezone(self._zone).date(), trip) for trip in car.trips)
        chosen = [(day.replace(**_FIRST_DAY[period]), trip) for day, trip in days if start <= day <= end]
        periods = groupby(chosen, key=lambda each: each[0])
        return tuple(summary_of(car, period, day, [trip for _, trip in trips]) for day, trips in periods)

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20, language: str = "EN"
    ) -> tuple[Notification, ...]:
        """Return ``count`` messages, newest first, from the ``first``-th on; English whatever the ``language``."""
        return tuple(self.find(vehicle).messages[::-1][first - 1 : first - 1 + count])

    def find(self, vehicle: VehicleInfo) -> Car:
        """Return a car, brought up to date."""
        try:
            return self._garage()[vehicle.key]
        except KeyError:
            raise BackendError("demo: no such vehicle") from None

    def _garage(self) -> dict[str, Car]:
        """Return all cars by their keys, brought up to date; they are made when they are first looked for."""
        now = self._now()
        self._cars = self._cars or open_garage(now, self._zone)
        for car in self._cars.values():
            car.advance(now)
        return self._cars

    def _state(self, car: Car, groups: Collection[Group]) -> VehicleState:
        return state_of(car, received_at=self._now()).only(groups)
