"""Leaf Spy as a backend. It is told, never asks: the shell hands over each request that the app sends.

What the app sends comes out of the vehicle's diagnostic port while somebody drives or charges. Nothing can be asked of
the vehicle or commanded, and it is silent for days without anything being wrong (leafspy §1, §5 [H]).
"""

from asyncio import Event
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import override

from ...vehicle import (
    Command,
    Departure,
    Group,
    ListedVehicle,
    NotSupported,
    Progress,
    Push,
    Ticket,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
)
from ..base import Backend, Description, Forgetting, Json, Pushing, Receiving
from .heard import ENOUGH, NAME, HeardVehicle
from .memory import MOST_VEHICLES, from_json, to_json
from .message import Units, parse

ACCEPTED = '"status":"0"'
"""What the app wants to read, letter by letter; anything else makes it complain (leafspy §2 [H])."""
REFUSED = '"status":"1"'
"""What other receivers say to a wrong password (leafspy §2 [M])."""

_LOOK_EVERY = timedelta(seconds=15)
"""How often it is looked whether an app that speaks has fallen silent."""

_WEAKNESSES = (
    # The times are those of arrival; the interval at which the app sends and the mobile network lie before it.
    *(
        Weakness(group=group, clock=timedelta(minutes=1))
        for group in (Group.BATTERY, Group.CHARGING, Group.ODOMETER, Group.POSITION)
    ),
    # Whether a phone is in the vehicle says nothing about its telematics unit: whoever knows of that one counts more.
    Weakness(group=Group.CONNECTIVITY, clock=timedelta(days=36_500), cached=frozenset({"reachable"})),
)
_UNIT_IS_GUESSED = Weakness(group=Group.CLIMATE, clock=timedelta(minutes=1), cached=frozenset({"outside_temperature"}))


class LeafSpyBackend(Backend, Pushing, Receiving, Forgetting):
    """The vehicles that speak through one link; each makes itself known by its first message.

    ``password`` is what the app must send along, if anything. ``units`` is what the owner says about the app.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]],
        password: str | None = None,
        units: Units | None = None,
        memory: Json = None,
    ) -> None:
        """Begin with what :meth:`memory` returned before the last restart."""
        self._now = now
        self._sleep = sleep
        self._password = password
        self._units = units or Units()
        self._vehicles = from_json(memory)
        self._hear: Callable[[Push], None] | None = None
        self._untold: set[str] = set()
        self._spoken = Event()

    @property
    @override
    def description(self) -> Description:
        guessed = () if self._units.outside_fahrenheit is not None else (_UNIT_IS_GUESSED,)
        return Description(name=NAME, command_limit=timedelta(0), pushes=True, weaknesses=(*_WEAKNESSES, *guessed))

    @property
    @override
    def requests(self) -> int:
        return 0

    @property
    @override
    def accepted(self) -> str:
        return ACCEPTED

    @override
    def may_admit(self, parameters: Mapping[str, str]) -> bool:
        return "pass" not in parameters or self._admits(parameters["pass"])

    @override
    def receive(self, parameters: Mapping[str, str]) -> str:
        if not self._admits(parameters.get("pass", "")):
            return REFUSED
        message = parse(parameters, self._units)
        if message is None:
            return ACCEPTED  # the app can do nothing about it
        vehicle = self._vehicles.get(message.key) or HeardVehicle(message.key)
        if vehicle.hear(message, self._now(), self._units) and self._has_room_for(vehicle):
            self._untold.add(vehicle.key)
            self._spoken.set()
            self._tell(vehicle)
        return ACCEPTED

    @override
    async def listen(self, hear: Callable[[Push], None]) -> None:
        self._hear = hear
        for vehicle in self._vehicles.values():
            vehicle.expect(self._now())
        try:
            while True:
                self._tell_the_rest()
                if any(vehicle.connected for vehicle in self._vehicles.values()):
                    await self._sleep(_LOOK_EVERY.total_seconds())
                else:
                    self._spoken.clear()
                    await self._spoken.wait()
        finally:
            self._hear = None

    @override
    async def log_in(self) -> str:
        return NAME

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        return tuple(ListedVehicle(info=vehicle.info) for vehicle in self._vehicles.values())

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Return what was last heard since the start: nothing as long as nothing was."""
        known = self._vehicles.get(vehicle.key)
        if known is None:
            return VehicleReport(state=VehicleState())
        return VehicleReport(state=known.told(Group if groups is None else groups, self._now()))

    @override
    async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
        raise NotSupported("leafspy: nothing can be commanded")

    @override
    async def poll(self, vehicle: VehicleInfo, ticket: Ticket) -> Progress:
        raise NotSupported("leafspy: nothing can be commanded")

    @override
    def forget_refusals(self, vehicle: VehicleInfo) -> None:
        """Nothing is ever refused here."""

    @override
    def forget(self, vehicle: VehicleInfo) -> None:
        self._vehicles.pop(vehicle.key, None)
        self._untold.discard(vehicle.key)

    @override
    def memory(self) -> Json:
        return to_json(self._vehicles)

    def _admits(self, password: str) -> bool:
        if self._password is None:
            return True
        return compare_digest(password.encode(errors="surrogatepass"), self._password.encode(errors="surrogatepass"))

    def _has_room_for(self, vehicle: HeardVehicle) -> bool:
        """Whether the vehicle is one of ours now. Too many are made up, so one of which little was heard gives way."""
        if vehicle.key not in self._vehicles and len(self._vehicles) >= MOST_VEHICLES:
            least = min(self._vehicles.values(), key=lambda each: each.standing)
            if least.messages >= ENOUGH or not vehicle.messages:
                return False
            self.forget(least.info)
        self._vehicles[vehicle.key] = vehicle
        return True

    def _tell_the_rest(self) -> None:
        """Tell what came when nobody listened, and whose app has fallen silent."""
        for key in sorted(self._untold):
            self._tell(self._vehicles[key])
        now = self._now()
        for vehicle in self._vehicles.values():
            if vehicle.falls_silent(now) and self._hear is not None:
                self._hear(Push(info=vehicle.info, state=vehicle.told({Group.CONNECTIVITY}, now)))

    def _tell(self, vehicle: HeardVehicle) -> None:
        if self._hear is None:
            return  # it is told when somebody listens
        self._untold.discard(vehicle.key)
        self._hear(Push(info=vehicle.info, state=vehicle.state))
