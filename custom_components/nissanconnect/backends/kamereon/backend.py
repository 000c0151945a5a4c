"""The Kamereon platform as a backend: one account of MyNISSAN Europe or NissanConnect Japan."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import date, timedelta
from typing import override

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
from ..base import Backend, Context, Description, Fields, Json, LockSetup, Messages, Trips
from ..http import HttpClient
from ..learned import summary
from . import history
from .auth import Authenticator
from .client import BadRequest, KamereonClient
from .commands import Action, action_for, poll_action, progress, start_action
from .endpoints import EndpointReader, LearnedVehicles, VersionedEndpoint
from .mapping import BACKEND, join_fuel, privacy
from .region import Region
from .remote_lock import RemoteLock

_TIMEOUT = 120.0
"""Seconds, for the data plane, which can be very slow (kamereon-eu §3.5)."""

_PARALLEL_READS = 4
"""Parts of vehicles, when many are read. Nothing else has to wait: what shows a command's effect is a few parts at
most, and commands, polls and log-ins come one by one.
"""


class KamereonBackend(Backend, LockSetup, Messages, Trips):
    """One account of one region."""

    def __init__(self, context: Context, fields: Fields, region: Region, *, timeout: float = _TIMEOUT) -> None:
        """The session of ``context`` needs cookies of its own, also of bare addresses when a simulator is used.

        ``timeout`` is in seconds, for requests to the data plane.
        The ``device_id`` among the fields is the one by which the account's vehicles may trust Home Assistant.

        Raises:
            ValueError: ``context.simulator`` is no address of a simulator.
        """
        if context.simulator:
            region = region._replace(environment=region.environment.simulated(context.simulator))
        self._login_http = HttpClient(context.session, now=context.now)
        self._data_http = HttpClient(context.session, now=context.now, timeout=timeout)
        self._log_in = region.log_in(self._login_http, region.environment)
        self._authenticator = Authenticator(self._log_in, context, fields)
        self._client = KamereonClient(self._data_http, self._authenticator.token, region.environment, region.headers)
        self._region = region
        self._account = region.account()
        self._now = context.now
        self._learned = LearnedVehicles(context.memory)
        self._remote_lock = RemoteLock(self._client, context)
        self._read_slots = asyncio.Semaphore(_PARALLEL_READS)
        self._device_id = fields.get("device_id")
        self._fuel: dict[tuple[str, str], Fuel] = {}
        self.description = Description(
            name=BACKEND,
            command_limit=region.command_limit or timedelta(),
            hosts={host.replace("-", "_"): str(url) for host, url in region.environment.hosts.items()},
            market=region.market,
            refreshes=(Group.CLIMATE, Group.BODY),
        )

    @property
    @override
    def requests(self) -> int:
        return self._login_http.requests + self._data_http.requests

    @override
    async def log_in(self) -> str:
        """Make sure that there is a token, and return the user id. With a valid token nothing is sent."""
        await self._authenticator.token()
        if self._authenticator.user_id is not None:
            return self._authenticator.user_id
        user_id = await self._account.user_id(self._client)
        if user_id is None:
            raise ProtocolError("the current user has no id")
        self._authenticator.set_user_id(user_id)
        return user_id

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the vehicles of the account, with their subscription and privacy mode."""
        entries = await self._account.vehicles(self._client, await self.log_in(), self._now())
        self._learned.update_listing({entry.listed.info.key: entry.services for entry in entries})
        listed = (entry.listed for entry in entries)
        return tuple(listed if self._device_id is not None else map(_without_lock, listed))

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        wanted = [
            endpoint
            for endpoint in self._region.endpoints
            if (endpoint.capability is None or endpoint.capability in vehicle.capabilities)
            and (groups is None or not endpoint.groups.isdisjoint(groups))
        ]
        reader = EndpointReader(self._client_for(vehicle), vehicle, self._learned.of(vehicle.key), self._now)
        slot = self._read_slots if len(wanted) > _PARALLEL_READS else nullcontext()
        async with asyncio.TaskGroup() as group:
            tasks = {each.name: group.create_task(self._part(reader, vehicle, each, slot)) for each in wanted}
        results = {name: task.result() for name, task in tasks.items()}
        parts = [result for result in results.values() if isinstance(result, VehicleState)]
        failures = {name: result for name, result in results.items() if isinstance(result, BackendError)}
        for error in failures.values():
            if isinstance(error, AuthenticationFailed | ActionRequired):
                raise error  # without access to the account the rest is pointless
        if failures and not parts:
            raise summary(failures.values(), log_in_works=self._log_in.works)
        reasons = {each.name: reader.given_up(each) for each in self._region.endpoints}
        given_up = {name: reason for name, reason in reasons.items() if reason is not None}
        return VehicleReport(state=self._join(vehicle, parts), failures=failures, given_up=given_up)

    async def _part(
        self,
        reader: EndpointReader,
        vehicle: VehicleInfo,
        endpoint: VersionedEndpoint,
        slot: AbstractAsyncContextManager[None],
    ) -> VehicleState | BackendError | None:
        """Read one endpoint: return its groups, or why there are none, or ``None`` if it is left alone."""
        try:
            async with slot:
                state = await reader.read(endpoint)
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
        """Join the parts to one state. Two endpoints report the tank, so the last report of each counts."""
        groups = {group.value: getattr(part, group) for part in parts for group in part.groups()}
        if Group.FUEL in groups:
            reports = (self._fuel.get((vehicle.key, endpoint.name)) for endpoint in self._region.endpoints)
            groups[Group.FUEL.value] = join_fuel([fuel for fuel in reports if fuel is not None])
        return VehicleState(**groups)

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Queue an action. Its fallback is sent only if the service did not understand it."""
        if self._region.command_limit is None:
            raise NotSupported("no command of this service is known well enough")
        if isinstance(command, Lock | Unlock):
            action = await self._lock_action(vehicle, command, departure)
        else:
            action = action_for(command, vehicle, self._now())
        try:
            identifier = await start_action(self._client, vehicle.key, action, departure)
        except BadRequest:
            if (fallback := action.fallback) is None:
                raise
            identifier = await start_action(self._client, vehicle.key, fallback(self._now()), departure)
        return Ticket(id=identifier, sent_at=self._now())

    async def _lock_action(self, vehicle: VehicleInfo, command: Lock | Unlock, departure: Departure) -> Action:
        """Check the registration before the vehicle is woken for its part of the proof."""
        if self._device_id is None:
            raise DeviceNotRegistered
        user_id = await self.log_in()
        if not await self._remote_lock.is_registered(user_id, vehicle.key, self._device_id):
            raise DeviceNotRegistered
        return await self._remote_lock.prove(command, user_id, vehicle.key, self._device_id, departure)

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        return progress(await poll_action(self._client, vehicle.key, ticket.id))

    @override
    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        self._learned.of(vehicle.key).state.forget_refusals()

    @override
    def memory(self) -> Json:
        """Return which endpoints the vehicles serve, and in which version."""
        return self._learned.to_json()

    @override
    async def send_device_code(self, vehicle: VehicleInfo, device_id: str) -> None:
        await self._remote_lock.send_code(await self.log_in(), vehicle.key, device_id)

    @override
    async def register_device(self, vehicle: VehicleInfo, device_id: str, code: str) -> None:
        await self._remote_lock.register(await self.log_in(), vehicle.key, device_id, code)

    @override
    async def remove_device(self, vehicle: VehicleInfo, device_id: str) -> None:
        await self._remote_lock.remove(vehicle.key, device_id)

    @override
    async def set_pin(self, vehicle: VehicleInfo, pin: str, departure: Departure) -> None:
        """Set the PIN of the remote lock, four digits. Wakes the vehicle and takes up to a minute."""
        await self._remote_lock.set_pin(await self.log_in(), vehicle.key, pin, departure)

    def _client_for(self, vehicle: VehicleInfo) -> KamereonClient:
        return self._client.with_headers(self._region.vehicle_headers(vehicle))

    @override
    async def read_trips(
        self, vehicle: VehicleInfo, period: TripPeriod, start: date, end: date
    ) -> tuple[TripSummary, ...]:
        date_format = self._region.trip_date_format
        return await history.read_trips(
            self._client_for(vehicle), vehicle, period, start=start, end=end, date_format=date_format, now=self._now()
        )

    @override
    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20
    ) -> tuple[Notification, ...]:
        if not self._region.has_notifications:
            return ()
        user_id = await self.log_in()
        return await history.read_notifications(
            self._client, vehicle, user_id, first=first, count=count, now=self._now()
        )


def _without_lock(listed: ListedVehicle) -> ListedVehicle:
    """Return the vehicle without its lock: without a device id it would refuse all commands for that."""
    capabilities = listed.info.capabilities - {Capability.LOCK, Capability.LOCK_PIN}
    return replace(listed, info=replace(listed.info, capabilities=capabilities))
