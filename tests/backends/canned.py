"""A session whose answer is always the same, and everything that can be asked over it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
import json
from typing import Any

from custom_components.nissanconnect.backends.base import Backend, Messages, Trips
from custom_components.nissanconnect.vehicle import (
    COMMANDS,
    BackendError,
    Command,
    FlashLights,
    Group,
    ListedVehicle,
    Lock,
    Notification,
    Refresh,
    StartClimate,
    StopClimate,
    Ticket,
    TripPeriod,
    TripSummary,
    Unlock,
    VehicleInfo,
    VehicleReport,
    VehicleState,
)
from tests.departures import nobody

from .doubles import Clock

type Told = VehicleState | TripSummary | Notification

COMMANDED: tuple[Command, ...] = (
    FlashLights(),
    Lock(pin="1234"),
    Refresh(),
    Refresh(Group.POSITION),
    StartClimate(21.0),
    StopClimate(),
    Unlock(pin="1234"),
)
assert {type(command) for command in COMMANDED} <= set(COMMANDS)


class Canned:
    """A session in which every answer is the same."""

    def __init__(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.body = body
        self.status = status
        self.headers = headers or {}
        self.content = self
        self.cookie_jar = self

    @asynccontextmanager
    async def post(self, url: object, **options: Any) -> AsyncIterator[Canned]:
        yield self

    get = post

    @asynccontextmanager
    async def request(self, method: str, url: object, **options: Any) -> AsyncIterator[Canned]:
        yield self

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self.body

    def clear_domain(self, domain: str) -> None:
        """There are no cookies."""


async def everything(
    backend: Backend, info: VehicleInfo, clock: Clock, *more: Callable[[], Awaitable[object]]
) -> list[Told]:
    """Ask a backend for all that there is; return what was told. Nothing but a :class:`BackendError` may be raised."""
    listed: list[ListedVehicle] = []
    tickets = [Ticket("location:1", clock()), Ticket("3/1/2026-11-20T18:00:00+00:00", clock()), Ticket("", clock())]
    questions: list[Callable[[], Awaitable[object]]] = [
        backend.log_in,
        backend.list_vehicles,
        lambda: backend.read(info),
        lambda: backend.read(info, {Group.BATTERY}),
        *(partial(backend.send, info, command, nobody) for command in COMMANDED),
        *(partial(backend.poll, info, ticket) for ticket in tickets),
        *more,
        lambda: backend.read(info),
    ]
    if isinstance(backend, Trips):
        day = clock().date()
        questions += [partial(backend.read_trips, info, period, day, day) for period in TripPeriod]
    if isinstance(backend, Messages):
        questions.append(lambda: backend.read_notifications(info))
    told: list[Told] = []
    errors: list[BackendError] = []
    for question in questions:
        try:
            answer = await question()
        except BackendError as error:
            errors.append(error)
            continue
        match answer:
            case VehicleReport(state=state):
                told.append(state)
            case tuple():
                listed += [each for each in answer if isinstance(each, ListedVehicle)]
                told += [each for each in answer if isinstance(each, TripSummary | Notification)]
    for each in listed[:2]:
        told.append(each.state)
        try:
            told.append((await backend.read(replace(each.info, capabilities=info.capabilities))).state)
        except BackendError:
            continue
    json.dumps(backend.memory())
    assert not any(info.key in str(error) for error in errors)
    return told
