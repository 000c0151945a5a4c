"""OpenCARWINGS as a backend: one account of one installation."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

import aiohttp

from ...vehicle import (
    AuthenticationFailed,
    BackendError,
    CancelClimateSchedule,
    Capability,
    Command,
    Departure,
    Group,
    ListedVehicle,
    Lock,
    NotForwarded,
    Notification,
    NotSupported,
    NoVehicles,
    Phase,
    PinRequired,
    Progress,
    ProtocolError,
    Push,
    ScheduleClimate,
    SendDestination,
    Ticket,
    TwoFactorRequired,
    Unlock,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
)
from ..base import Description, Json
from .address import Address
from .answer import Explained
from .auth import Auth, Authenticator, Credentials
from .budget import Budget
from .cache import REFUSALS, Fleet, notifications_of
from .car import Car, parse_car
from .client import Client
from .commands import CODES, Order, progress
from .mapping import BACKEND
from .push import Listener
from .timers import Timers
from .transport import Timeouts, Transport
from .values import Said

_COMMAND_LIMIT = timedelta(minutes=10)
"""The server gives up after 5 minutes without the vehicle and 8 without its answer, and looks once a minute (§4.1)."""

_SILENCE = {True: timedelta(seconds=60), False: timedelta(seconds=12)}
"""How long nothing must have been heard before a command's progress is asked for, with and without the socket."""

_ALERT_DUE = timedelta(seconds=15)
"""How long an alert may come after a command's result; recorded were 0.1 s, before or after (§5)."""

_DONE = "done"
"""The ticket of what needs no vehicle, so that the server's answer is its end."""

_WEAKNESSES = (
    Weakness(group=Group.BODY, cached=frozenset({"locked"})),  # somebody may have turned the key since
    Weakness(group=Group.ODOMETER, cached=frozenset({"distance"})),  # of older units it has no time
)


class OpenCarwingsBackend:
    """One account. See :class:`~..base.Backend` and :class:`~..base.Pushing` for what the methods promise."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        address: Address,
        credentials: Credentials,
        auth: Auth | None = None,
        on_auth: Callable[[Auth], None],
        now: Callable[[], datetime],
        timeouts: Timeouts | None = None,
        memory: Json = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        ``auth`` is what ``on_auth`` was last told, ``memory`` what :meth:`memory` returned; give neither with another
        account, and no ``auth`` with other credentials.
        """
        said = Said.of(memory)
        self._now = now
        self._address = address
        self._transport = transport = Transport(session, timeouts or Timeouts(), now)
        self._authenticator = Authenticator(transport, address, credentials, auth=auth or Auth(), on_auth=on_auth)
        self._client = Client(transport, self._authenticator, address)
        self._fleet = Fleet(self._client, now, said.get("vins"))
        self._listener = Listener(transport, self._authenticator, self._fleet, address, now=now)
        self._budget = Budget(said.get("sent"))
        self._unproven: dict[str, datetime] = {}

    @property
    def description(self) -> Description:
        """What this backend is."""
        return Description(
            name=BACKEND,
            command_limit=_COMMAND_LIMIT,
            hosts={"opencarwings": str(self._address)},
            keeps_one_command=True,  # §4.1
            # It does push. But where something in front of the server lets no socket through, only asking helps, and
            # one request for each read costs nobody anything.
            pushes=False,
            weaknesses=_WEAKNESSES,
        )

    @property
    def requests(self) -> int:
        """How many requests have been sent."""
        return self._transport.requests

    async def log_in(self) -> str:
        """Ask for the list, which proves that we are let in, and return the installation and the account's number."""
        cars = await self._fleet.list()
        if self._authenticator.user is None:
            if not cars:
                raise NoVehicles
            user = (await self._fleet.known(cars[0].info.key)).user
            if user is None:
                raise ProtocolError("the vehicle has no owner")
            self._authenticator.remember_user(user)
        # Every installation counts its accounts from 1, and its name may tell who the owner is.
        return f"{sha256(self._address.host.encode()).hexdigest()[:8]}_{self._authenticator.user}"

    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        """Return the vehicles with all that the server holds of them."""
        cars = await self._fleet.list_detailed()
        return tuple(ListedVehicle(info=car.info, state=self._fleet.state(car)) for car in cars)

    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Read what the server holds; if the details cannot be had, what its list says."""
        failures: dict[str, BackendError] = {}
        try:
            car = await self._fleet.load(vehicle.key)
        except REFUSALS:
            raise
        except BackendError as error:
            car = await self._from_list(vehicle.key, error)
            failures["vehicle"] = error
        if Capability.LOCK in car.info.capabilities and (groups is None or Group.BODY in groups):
            try:
                await self._fleet.load_alerts(vehicle.key)
            except AuthenticationFailed, TwoFactorRequired:
                raise
            except BackendError as error:
                failures["alerts"] = error
        # When the vehicle last called is told with whatever is asked: of one that never did, there is nothing else.
        wanted = Group if groups is None else {*groups, Group.CONNECTIVITY}
        said = self._fleet.state(car).groups().items()
        state = VehicleState.of(*(value for group, value in said if group in wanted))
        return VehicleReport(state=state, failures=failures)

    async def _from_list(self, key: str, why: BackendError) -> Car:
        """Look for the vehicle in the list, or tell why that had to be tried."""
        try:
            for car in await self._fleet.list():
                if car.info.key == key:
                    return self._fleet.hear(car)
        except REFUSALS:
            raise
        except BackendError:
            pass
        raise why

    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        """Hand a command over: to the server, or for the vehicle, which then gets an SMS."""
        car = await self._fleet.known(vehicle.key)
        quietly = partial(departure, wakes=False)
        match command:
            case SendDestination(latitude=latitude, longitude=longitude, name=name):
                place: Json = {"lat": f"{latitude:.7f}", "lon": f"{longitude:.7f}", "name": name}
                path = await self._fleet.path(vehicle.key, "car")
                await self._client.send("PATCH", path, "vehicle", {"send_to_car_location": place}, departure=quietly)
            case ScheduleClimate(at=at):
                await Timers(self._client, await self._timers_path(vehicle), quietly).schedule(at, self._now)
            case CancelClimateSchedule():
                await Timers(self._client, await self._timers_path(vehicle), quietly).cancel()
            case _:
                return await self._order(car, command, departure)
        return Ticket(id=_DONE, sent_at=self._now())

    async def _timers_path(self, vehicle: VehicleInfo) -> str:
        return f"{await self._fleet.path(vehicle.key, 'car')}timers/"

    async def _order(self, car: Car, command: Command, departure: Departure) -> Ticket:
        """Have the vehicle woken and told."""
        key, code = car.info.key, CODES.get(type(command))
        if code is None or not car.knows(code):
            raise NotSupported(f"{command.kind()} is not possible with this telematics unit")
        body: dict[str, Json] = {"command_type": code}
        if code in car.pinned:
            pin = command.pin if isinstance(command, Lock | Unlock) else None
            if not pin:
                raise PinRequired
            body["command_pin"] = pin
        path = await self._fleet.path(key, "command")
        reply = await self._client.send("POST", path, "command", body, departure=partial(self._paid, key, departure))
        return Ticket(id=self._ticket(code, reply), sent_at=self._now())

    @asynccontextmanager
    async def _paid(self, key: str, departure: Departure) -> AsyncIterator[None]:
        """Count the SMS that a command costs, before it leaves; one that was certainly not taken has cost none."""
        self._budget.spend(key, self._now())
        try:
            async with departure():
                try:
                    yield
                except Explained as error:  # the SMS comes first, and nothing is queued without it
                    raise NotForwarded(str(error)) from None
        except BackendError as error:
            if error.nothing_done:
                self._budget.give_back(key)
            raise

    def _ticket(self, code: int, reply: Json) -> str:
        """Return by what the command is followed; it has been taken, even if the answer cannot be read."""
        try:
            last = self._fleet.hear(parse_car(Said.of(reply).get("car"), self._now())).command
        except ProtocolError:
            return ""
        return "" if last is None else str(Order(code, last.id, last.requested_at))

    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        """Tell how a command goes; the server is asked only when the socket is silent."""
        if ticket.id == _DONE:
            return Progress(Phase.DONE)
        if (order := Order.parse(ticket.id)) is None:
            return Progress(Phase.UNCERTAIN)
        key, problem = vehicle.key, None
        if self._fleet.silent_for(key) >= _SILENCE[self._listener.connected]:
            problem = await self._ask(key)
        found = self._progress(key, order)
        if found is None:
            found = await self._await_alert(key, order, ticket)
        if found.phase is Phase.PENDING and problem is not None:
            raise problem
        return found

    async def _ask(self, key: str) -> BackendError | None:
        """Ask for what tells how a command goes; either part may be enough."""
        with suppress(BackendError):
            await self._fleet.load_alerts(key)
        try:
            await self._fleet.load(key)
        except BackendError as error:
            return error
        return None

    async def _await_alert(self, key: str, order: Order, ticket: Ticket) -> Progress:
        """Give the alert that decides some time; a success that nothing contradicts then is one."""
        since = self._unproven.setdefault(ticket.id, self._now())
        if self._now() - since < _ALERT_DUE:
            return Progress(Phase.PENDING)
        await self._fleet.load_alerts(key)
        del self._unproven[ticket.id]
        return self._progress(key, order) or Progress(Phase.DONE)

    def _progress(self, key: str, order: Order) -> Progress | None:
        car = self._fleet.car(key)
        return progress(order, car.command if car else None, self._fleet.alerts(key))

    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Nothing that was refused is remembered."""

    def memory(self) -> Json:
        """Return how the VINs are spelt, and which commands of the last day have cost an SMS."""
        return {"vins": self._fleet.to_json(), "sent": self._budget.to_json()}

    async def listen(self, hear: Callable[[Push], None]) -> None:
        """Hand over what the server says by itself."""
        await self._listener.listen(hear)

    async def read_notifications(
        self, vehicle: VehicleInfo, *, first: int = 1, count: int = 20, language: str = "EN"
    ) -> tuple[Notification, ...]:
        """Return alerts, newest first; the server keeps 25 at hand, in English."""
        told = notifications_of(await self._fleet.load_alerts(vehicle.key))
        return told[first - 1 : first - 1 + count]
