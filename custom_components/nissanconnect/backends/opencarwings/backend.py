"""The backend of one account of one installation."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import override

from ...vehicle import (
    AuthenticationFailed,
    BackendError,
    CancelClimateSchedule,
    Capability,
    Command,
    Departure,
    Group,
    ListedVehicle,
    NotForwarded,
    Notification,
    NoVehicles,
    Phase,
    Progress,
    ProtocolError,
    Push,
    ScheduleClimate,
    SendDestination,
    Ticket,
    TwoFactorRequired,
    VehicleInfo,
    VehicleReport,
    Weakness,
)
from ..base import Backend, Context, Description, Fields, Json, Messages, Pushing
from ..reader import JsonReader
from .cache import ACCOUNT_ERRORS, VehicleCache
from .client import Client, ReportedFailure
from .commands import CODES, SentCommand, SmsBudget, cancel_climate, command_request, progress, schedule_climate
from .mapping import BACKEND, CarRecord, notifications, parse_car
from .push import PushListener

_COMMAND_LIMIT = timedelta(minutes=10)
"""The server gives up after 5 minutes without the vehicle, or 8 without its response; it looks once a minute (§4.1)."""

_POLL_AFTER = {True: timedelta(seconds=60), False: timedelta(seconds=12)}
"""How long there must be no update before a command's progress is requested, with and without the WebSocket."""

_ALERT_DUE = timedelta(seconds=15)
"""How long an alert may come after a command's result; recorded were 0.1 s, before or after (§5)."""

_DONE = "done"
"""The ticket of what needs no vehicle, so that the server's response ends it."""

_WEAKNESSES = (
    Weakness(group=Group.BODY, cached=frozenset({"locked"})),  # somebody may have turned the key since
    Weakness(group=Group.ODOMETER, cached=frozenset({"distance"})),  # of older units it has no time
)


class OpenCarwingsBackend(Backend, Pushing, Messages):
    """One account."""

    def __init__(self, context: Context, fields: Fields, *, timeout: float = 30.0, heartbeat: float = 30.0) -> None:
        """``timeout`` and ``heartbeat`` are in seconds. Raises :class:`~...vehicle.InvalidAddress`."""
        saved = JsonReader.of(context.memory)
        self._now = context.now
        self._client = Client(context, fields, timeout)
        self._cache = VehicleCache(self._client, context.now, saved.get("vins"))
        self._listener = PushListener(self._client, self._cache, now=context.now, heartbeat=heartbeat)
        self._budget = SmsBudget(saved.get("sent"))
        self._without_alert: dict[str, datetime] = {}
        """When each command was first seen to be done, though the alert that shows its success is missing."""
        self.description = Description(
            name=BACKEND,
            command_limit=_COMMAND_LIMIT,
            hosts={"opencarwings": str(self._client.base)},
            keeps_one_command=True,  # §4.1
            # It does push. But where something in front of the server lets no WebSocket through, only polling helps,
            # and one request for each read costs nobody anything.
            pushes=False,
            weaknesses=_WEAKNESSES,
        )

    @property
    @override
    def requests(self) -> int:
        return self._client.requests

    @override
    async def log_in(self) -> str:
        """Request the list, which proves the access, and return an id of the installation and the account's number.

        Raises:
            NoVehicles: A key does not show the account's number, and there is no vehicle that does.
        """
        cars = await self._cache.fetch_list()
        if self._client.user is None:
            if not cars:
                raise NoVehicles
            user = (await self._cache.get(cars[0].info.key)).user
            if user is None:
                raise ProtocolError("the vehicle has no owner")
            self._client.save_user(user)
        # Every installation counts its accounts from 1, and its name may show who the owner is. Scheme, port and path
        # may change while the installation stays the same.
        host = self._client.base.raw_host or ""
        return f"{sha256(host.encode()).hexdigest()[:8]}_{self._client.user}"

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        cars = await self._cache.fetch_all()
        return tuple(ListedVehicle(info=car.info, state=self._cache.state(car)) for car in cars)

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Read the details of a vehicle; if they fail, its entry in the list."""
        failures: dict[str, BackendError] = {}
        try:
            car = await self._cache.fetch(vehicle.key)
        except ACCOUNT_ERRORS:
            raise
        except BackendError as error:
            car = await self._fetch_listed(vehicle.key, error)
            failures["vehicle"] = error
        if Capability.LOCK in car.info.capabilities and (groups is None or Group.BODY in groups):
            try:
                await self._cache.fetch_alerts(vehicle.key)
            except AuthenticationFailed, TwoFactorRequired:
                raise
            except BackendError as error:
                failures["alerts"] = error
        # Connectivity is always reported: of a vehicle that never called there is nothing else.
        wanted = Group if groups is None else {*groups, Group.CONNECTIVITY}
        return VehicleReport(state=self._cache.state(car).only(wanted), failures=failures)

    async def _fetch_listed(self, key: str, error: BackendError) -> CarRecord:
        """Return the vehicle's entry in the list. If there is none, raise the ``error`` of its details."""
        try:
            for car in await self._cache.fetch_list():
                if car.info.key == key:
                    return self._cache.update(car)
        except ACCOUNT_ERRORS:
            raise
        except BackendError:
            pass
        raise error

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Send a command to the server, or through it to the vehicle, which then gets an SMS."""
        car = await self._cache.get(vehicle.key)
        path = partial(self._cache.path, vehicle.key)
        without_wake = partial(departure, wakes=False)
        match command:
            case SendDestination(latitude=latitude, longitude=longitude, name=name):
                place: Json = {"lat": f"{latitude:.7f}", "lon": f"{longitude:.7f}", "name": name}
                body: Json = {"send_to_car_location": place}
                await self._client.send("PATCH", await path("car"), "vehicle", body, within=without_wake)
            case ScheduleClimate(at=at):
                timers = f"{await path('car')}timers/"
                await schedule_climate(self._client, timers, at, now=self._now, within=without_wake)
            case CancelClimateSchedule():
                await cancel_climate(self._client, f"{await path('car')}timers/", within=without_wake)
            case _:
                return await self._send_to_vehicle(car, command, departure)
        return Ticket(id=_DONE, sent_at=self._now())

    async def _send_to_vehicle(self, car: CarRecord, command: Command, departure: Departure) -> Ticket:
        key, body = car.info.key, command_request(car, command)
        path = await self._cache.path(key, "command")
        payload = await self._client.send("POST", path, "command", body, within=partial(self._paid, key, departure))
        return Ticket(id=self._ticket_id(CODES[type(command)], payload), sent_at=self._now())

    @asynccontextmanager
    async def _paid(self, key: str, departure: Departure) -> AsyncIterator[None]:
        """Count the SMS that a command costs, before it leaves. One that was certainly not accepted has cost none."""
        self._budget.spend(key, self._now())
        try:
            async with departure():
                try:
                    yield
                except ReportedFailure as error:  # the SMS comes first, and nothing is queued without it
                    raise NotForwarded(str(error)) from None
        except BackendError as error:
            if error.nothing_done:
                self._budget.give_back(key)
            raise

    def _ticket_id(self, code: int, payload: Json) -> str:
        """Return the id by which the command is followed. It was accepted even if the response cannot be read."""
        try:
            last = self._cache.update(parse_car(JsonReader.of(payload).get("car"), self._now())).command
        except ProtocolError:
            return ""
        return "" if last is None else str(SentCommand(code, last.id, last.requested_at))

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        """Return the progress of a command; a request is sent only when the WebSocket is silent."""
        if ticket.id == _DONE:
            return Progress(Phase.DONE)
        if (sent := SentCommand.parse(ticket.id)) is None:
            return Progress(Phase.UNCERTAIN)
        key, error = vehicle.key, None
        if self._cache.time_since_update(key) >= _POLL_AFTER[self._listener.connected]:
            error = await self._fetch_progress(key)
        found = self._progress(key, sent)
        if found is None:
            found = await self._await_alert(key, sent, ticket)
        if found.phase is Phase.PENDING and error is not None:
            raise error
        return found

    async def _fetch_progress(self, key: str) -> BackendError | None:
        """Request both parts that show how a command goes; either may be enough."""
        with suppress(BackendError):
            await self._cache.fetch_alerts(key)
        try:
            await self._cache.fetch(key)
        except BackendError as error:
            return error
        return None

    async def _await_alert(self, key: str, sent: SentCommand, ticket: Ticket) -> Progress:
        """Wait some time for the alert that decides. If none reports a failure by then, the command has succeeded."""
        since = self._without_alert.setdefault(ticket.id, self._now())
        if self._now() - since < _ALERT_DUE:
            return Progress(Phase.PENDING)
        await self._cache.fetch_alerts(key)
        del self._without_alert[ticket.id]
        return self._progress(key, sent) or Progress(Phase.DONE)

    def _progress(self, key: str, sent: SentCommand) -> Progress | None:
        car = self._cache.car(key)
        return progress(sent, car.command if car else None, self._cache.alerts(key))

    @override
    def memory(self) -> Json:
        """Return how the VINs are spelt, and which commands of the last day have cost an SMS."""
        return {"vins": self._cache.to_json(), "sent": self._budget.to_json()}

    @override
    async def listen(self, on_push: Callable[[Push], None]) -> None:
        await self._listener.listen(on_push)

    @override
    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20
    ) -> tuple[Notification, ...]:
        """Return alerts, newest first; the server keeps 25 at hand, in English."""
        found = notifications(await self._cache.fetch_alerts(vehicle.key))
        return found[first - 1 : first - 1 + count]
