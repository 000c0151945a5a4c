"""The Kamereon platform as a backend: one account of MyNISSAN Europe or NissanConnect Japan."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta

import aiohttp

from ...vehicle import (
    ActionRequired,
    AuthenticationFailed,
    BackendError,
    Capability,
    Command,
    Departure,
    DeviceNotRegistered,
    Fuel,
    Group,
    ListedVehicle,
    Lock,
    Notification,
    NotSupported,
    PrivacyMode,
    Progress,
    ProtocolError,
    Ticket,
    TripPeriod,
    TripSummary,
    Unlock,
    VehicleInfo,
    VehicleReport,
    VehicleState,
)
from ..base import Description, Json
from ..failures import summary
from . import history
from .auth import Auth, Authenticator
from .client import EUROPE, Client, Environment, Timeouts, Transport
from .commands import Action, Dispatcher, action_for, progress
from .endpoints import Endpoint, Memory, Negotiator
from .errors import BadRequest
from .mapping import BACKEND, join_fuel, privacy
from .region import EUROPEAN, Dialect
from .remote_lock import RemoteLock, TrustedDevice

_READ_AT_ONCE = 4
"""Parts of vehicles, when many are read. Nothing else has to wait: what shows a command's effect is a few parts at
most, and commands, the questions how they go and log-ins come one by one.
"""


class KamereonBackend:
    """One account. See :class:`~..base.Backend` for what the methods promise."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        username: str,
        password: str,
        auth: Auth | None = None,
        on_auth: Callable[[Auth], None],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        device_id: str | None = None,
        environment: Environment = EUROPE,
        dialect: Dialect = EUROPEAN,
        timeouts: Timeouts | None = None,
        memory: Json = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        ``session`` needs a cookie jar of its own, which accepts addresses when a simulator is used. ``auth`` is what
        ``on_auth`` was last told, ``memory`` what :meth:`memory` returned; give neither with another account, and
        no ``auth`` with another password. ``device_id`` is under what name the account's vehicles may know us.
        ``environment`` is where the service is, ``dialect`` how that of its region speaks.
        """
        transport = self._transport = Transport(session, timeouts=timeouts or Timeouts(), now=now)
        self._authenticator = Authenticator(
            dialect.log_in(transport, environment),
            username=username,
            password=password,
            auth=auth or Auth(),
            on_auth=on_auth,
            now=now,
        )
        self._client = Client(transport, self._authenticator, environment, dialect.headers)
        self._environment = environment
        self._dialect = dialect
        self._account = dialect.account()
        self._now = now
        self._memory = Memory(memory)
        self._negotiator = Negotiator(self._client_of, self._memory, now)
        self._dispatcher = Dispatcher(self._client)
        self._remote_lock = RemoteLock(self._dispatcher, now=now, sleep=sleep)
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)
        self._device_id = device_id
        self._fuel: dict[tuple[str, str], Fuel] = {}

    @property
    def description(self) -> Description:
        """What this service is."""
        return Description(
            name=BACKEND,
            command_limit=self._dialect.command_limit or timedelta(),
            hosts={host.replace("-", "_"): str(url) for host, url in self._environment.hosts.items()},
            market=self._dialect.market,
            refreshes=(Group.CLIMATE, Group.BODY),
        )

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._transport.requests

    async def log_in(self) -> str:
        """Make sure that there is a token, and return the user id. With tokens that last nothing is sent."""
        await self._authenticator.token()
        if self._authenticator.user_id is not None:
            return self._authenticator.user_id
        user_id = await self._account.user_id(self._client)
        if user_id is None:
            raise ProtocolError("the current user has no id")
        self._authenticator.remember_user(user_id)
        return user_id

    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the vehicles of the account, with their subscription and privacy mode."""
        entries = await self._account.vehicles(self._client, await self.log_in(), self._now())
        self._memory.keep({entry.listed.info.key: entry.services for entry in entries})
        return tuple(self._as_trusted(entry.listed) for entry in entries)

    def _as_trusted(self, listed: ListedVehicle) -> ListedVehicle:
        """Take away the lock while there is no name that the vehicle could know us by: it would refuse all we ask."""
        if self._device_id is not None:
            return listed
        capabilities = listed.info.capabilities - {Capability.LOCK, Capability.LOCK_PIN}
        return replace(listed, info=replace(listed.info, capabilities=capabilities))

    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Read what the cloud holds, every endpoint on its own."""
        wanted = [
            endpoint
            for endpoint in self._dialect.endpoints
            if (endpoint.gate is None or endpoint.gate in vehicle.capabilities)
            and (groups is None or not endpoint.groups.isdisjoint(groups))
        ]
        turn = self._reading if len(wanted) > _READ_AT_ONCE else nullcontext()
        async with asyncio.TaskGroup() as tasks:
            running = {endpoint.name: tasks.create_task(self._part(vehicle, endpoint, turn)) for endpoint in wanted}
        results = {name: task.result() for name, task in running.items()}
        parts = [result for result in results.values() if isinstance(result, VehicleState)]
        failures = {name: result for name, result in results.items() if isinstance(result, BackendError)}
        for error in failures.values():
            if isinstance(error, AuthenticationFailed | ActionRequired):
                raise error  # an account that is not let in makes the rest pointless
        if failures and not parts:
            raise summary(failures.values(), log_in_works=self._authenticator.log_in_works)
        return VehicleReport(state=self._join(vehicle, parts), failures=failures, given_up=self._given_up(vehicle))

    def _given_up(self, vehicle: VehicleInfo) -> Mapping[str, BackendError]:
        reasons = {each.name: self._negotiator.given_up(vehicle, each) for each in self._dialect.endpoints}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    async def _part(
        self, vehicle: VehicleInfo, endpoint: Endpoint, turn: AbstractAsyncContextManager[None]
    ) -> VehicleState | BackendError | None:
        """Read one endpoint: its groups, or why there are none, or ``None`` if it is left alone."""
        try:
            async with turn:
                state = await self._negotiator.fetch(vehicle, endpoint)
        except PrivacyMode:
            return VehicleState(privacy=privacy(self._now(), active=True))
        except BackendError as error:
            return error
        if state is None:
            return None
        if state.fuel is not None:
            self._fuel[vehicle.key, endpoint.name] = state.fuel
        elif Group.FUEL in endpoint.groups:
            self._fuel.pop((vehicle.key, endpoint.name), None)
        return state

    def _join(self, vehicle: VehicleInfo, parts: Sequence[VehicleState]) -> VehicleState:
        """Make one state of the parts. The tank is told by two endpoints, so the last word of both counts."""
        found = {group.value: getattr(part, group) for part in parts for group in part.groups()}
        if Group.FUEL in found:
            words = (self._fuel.get((vehicle.key, endpoint.name)) for endpoint in self._dialect.endpoints)
            found[Group.FUEL.value] = join_fuel([fuel for fuel in words if fuel is not None])
        return VehicleState(**found)

    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Queue an action. Only one that was not understood is followed by its other form, if it has one."""
        if self._dialect.command_limit is None:
            raise NotSupported("no command of this service is known well enough")
        if isinstance(command, Lock | Unlock):
            action = await self._proven(vehicle, command, departure)
        else:
            action = action_for(command, vehicle, self._now())
        try:
            identifier = await self._dispatcher.start(vehicle.key, action, departure)
        except BadRequest:
            if (other := action.otherwise) is None:
                raise
            identifier = await self._dispatcher.start(vehicle.key, other(self._now()), departure)
        return Ticket(id=identifier, sent_at=self._now())

    async def _proven(self, vehicle: VehicleInfo, command: Lock | Unlock, departure: Departure) -> Action:
        """Ask whether we are trusted before the vehicle is woken for its part of the proof."""
        if self._device_id is None:
            raise DeviceNotRegistered
        user_id = await self.log_in()
        if not await self._device(self._device_id).is_registered(user_id, vehicle.key):
            raise DeviceNotRegistered
        return await self._remote_lock.proven(command, user_id, vehicle.key, self._device_id, departure)

    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        """Ask how an action goes."""
        return progress(await self._dispatcher.status(vehicle.key, ticket.id))

    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Ask again for endpoints that would otherwise be left alone for a while."""
        self._memory.learned(vehicle.key).forget_refusals()

    def memory(self) -> Json:
        """Return which endpoints the vehicles offer, and in which version."""
        return self._memory.to_json()

    async def send_device_code(self, vehicle: VehicleInfo, device_id: str) -> None:
        """Have the code e-mailed with which ``device_id`` is registered for the remote lock."""
        await self._device(device_id).send_code(await self.log_in(), vehicle.key)

    async def register_device(self, vehicle: VehicleInfo, device_id: str, code: str) -> None:
        """Register ``device_id``; raises :class:`~...vehicle.WrongCode` if the code is wrong or too old."""
        await self._device(device_id).register(await self.log_in(), vehicle.key, code)

    async def remove_device(self, vehicle: VehicleInfo, device_id: str) -> None:
        """Take ``device_id`` from the vehicle's devices, if it is there."""
        await self._device(device_id).remove(vehicle.key)

    async def set_pin(self, vehicle: VehicleInfo, pin: str, departure: Departure) -> None:
        """Choose the PIN of the remote lock, four digits. Wakes the vehicle and takes up to a minute."""
        await self._remote_lock.set_pin(await self.log_in(), vehicle.key, pin, departure)

    def _client_of(self, vehicle: VehicleInfo) -> Client:
        return self._client.with_headers(self._dialect.vehicle_headers(vehicle))

    def _device(self, device_id: str) -> TrustedDevice:
        return TrustedDevice(self._client, device_id)

    async def read_trips(
        self, vehicle: VehicleInfo, period: TripPeriod, start: date, end: date
    ) -> tuple[TripSummary, ...]:
        """Return the trips from ``start`` to ``end``, summed up by ``period``."""
        dates = self._dialect.trip_dates
        return await history.trips(
            self._client_of(vehicle), vehicle, period, start=start, end=end, dates=dates, now=self._now()
        )

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20, language: str = "EN"
    ) -> tuple[Notification, ...]:
        """Return ``count`` messages, newest first, from the ``first``-th on (counted from 1)."""
        if not self._dialect.has_messages:
            return ()
        return await history.notifications(
            self._client,
            self._environment,
            vehicle,
            await self.log_in(),
            first=first,
            count=count,
            language=language,
            now=self._now(),
        )

    async def mark_notifications_read(self, vehicle: VehicleInfo, ids: Collection[str]) -> None:
        """Mark messages as read."""
        await history.mark_read(self._client, self._environment, vehicle, await self.log_in(), ids)
