"""Leaf Spy as a backend. It is told, never asks: the shell hands over each request that the app sends.

What the app sends comes out of the vehicle's diagnostic port while somebody drives or charges. Nothing can be asked of
the vehicle or commanded, and it is silent for days without anything being wrong (leafspy §1, §5 [H]).
"""

from asyncio import Event
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import override

from ...vehicle import (
    Battery,
    Capability,
    Charging,
    ChargingStatus,
    Climate,
    Command,
    Connectivity,
    Departure,
    Group,
    ListedVehicle,
    NotSupported,
    Odometer,
    Position,
    Powertrain,
    Progress,
    Push,
    Reported,
    Stamp,
    Ticket,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
)
from ..base import Backend, Description, Forgetting, Json, Pushing, Receiving
from .message import Message, OutsideUnit, Units, is_vin, outside_temperature, parse, vehicle_key

NAME = "leafspy"

_REPEAT = timedelta(seconds=5)
"""An equal message within this time is one that was sent twice (leafspy §2 [L])."""
SESSION = timedelta(minutes=10)
"""How long the app may be silent and is still taken to be connected to the vehicle (leafspy §5)."""
ENOUGH = 100
"""Messages after which nobody takes a vehicle for made up."""
_STAMP = {each.name for each in fields(Reported)}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_MODELS = {"AZE": "LEAF", "AZ0": "LEAF", "AZ1": "LEAF", "ZE0-": "LEAF", "ZE1-": "LEAF", "ME0": "e-NV200"}
"""What VINs and frame numbers contain after the maker's code (regions §2, §4)."""


@dataclass(slots=True)
class HeardVehicle:
    """A vehicle that has spoken. ``located`` once it has told where it is; the place itself is not kept here."""

    key: str = field(repr=False)
    outside: OutsideUnit = OutsideUnit()
    located: bool = False
    messages: int = 0
    """How many have told something about it, counted up to :data:`ENOUGH`."""
    state: VehicleState = field(default_factory=VehicleState, repr=False)
    connected: bool = False
    """Whether the app is taken to be beside the vehicle, or expected there."""
    _expected_at: datetime | None = None
    _heard_at: datetime | None = None
    _last: Message | None = field(default=None, repr=False)

    @property
    def info(self) -> VehicleInfo:
        """Who it is, as far as its number tells."""
        known = {Capability.BATTERY} | ({Capability.LOCATION} if self.located else set[Capability]())
        return VehicleInfo(
            key=self.key,
            vin=self.key if is_vin(self.key) else None,
            model=next((model for sign, model in _MODELS.items() if sign in self.key[:10]), None),
            powertrain=Powertrain.ELECTRIC,
            capabilities=frozenset(known),
        )

    def hear(self, message: Message, now: datetime, units: Units) -> bool:
        """Take a message that came ``now``; return whether it says anything that was not just said."""
        before, self._last = self._last, message
        silence = now - self._heard_at if self._heard_at else timedelta.max
        recent = timedelta() <= silence <= SESSION
        if recent and silence <= _REPEAT and message == before:
            return False
        doubted = before is not None and before.doubtful and before.charging is message.charging
        said = {
            group: _with_older(value, getattr(self.state, group) if recent else None)
            for group, value in self._groups(message, now, units).groups().items()
        }
        if message.doubtful and not doubted and recent and self.state.charging is not None:
            said[Group.CHARGING] = replace(self.state.charging, received_at=now, reported_at=now)
        self.state = VehicleState.of(*(self.state.groups() | said).values())
        self.located = self.located or self.state.position is not None
        self.messages = min(self.messages + bool(said.keys() - {Group.CONNECTIVITY}), ENOUGH)
        self.connected, self._heard_at = True, now
        return True

    @property
    def standing(self) -> tuple[int, datetime]:
        """What decides who gives way if there are too many: who has told least, then who has been silent longest."""
        return self.messages, self._heard_at or _LONG_AGO

    def expect(self, now: datetime) -> None:
        """Begin to wait for the first word after a start, as if it had just been heard."""
        self.connected, self._expected_at = True, now

    def falls_silent(self, now: datetime) -> bool:
        """Whether it has become silent since this was last asked."""
        fell = self.connected and self._is_silent(now)
        self.connected = self.connected and not fell
        return fell

    def told(self, groups: Collection[Group], now: datetime) -> VehicleState:
        """Return what it last said of ``groups``, and whether it still speaks: nothing before its first word."""
        said = dict(self.state.groups())
        if self._is_silent(now):
            said[Group.CONNECTIVITY] = Connectivity(backend=NAME, received_at=now, reachable=False)
        return VehicleState.of(*(value for group, value in said.items() if group in groups))

    def _is_silent(self, now: datetime) -> bool:
        since = self._heard_at or self._expected_at
        return since is not None and now - since > SESSION

    def _groups(self, message: Message, now: datetime, units: Units) -> VehicleState:
        """Put a message into groups. There is no time in it, and it is never sent later (leafspy §2 [M])."""
        stamp = Stamp(backend=NAME, received_at=now, reported_at=now)
        status = {True: ChargingStatus.CHARGING, False: ChargingStatus.NOT_CHARGING, None: None}[message.charging]
        said: list[Reported] = [
            Battery(
                **stamp,
                level=message.level,
                capacity=message.capacity,
                energy=message.energy,
                health=message.health,
                temperature=message.temperature,
                hx=message.hx,
                amp_hours=message.amp_hours,
            ),
            Charging(**stamp, plugged_in=message.plugged_in, status=status, power=message.power, speed=message.speed),
            Climate(**stamp, outside_temperature=self._outside(message, units)),
            Connectivity(**stamp, reachable=True),
            Odometer(**stamp, distance=message.odometer),
        ]
        if message.position is not None:
            said.append(Position(**stamp, latitude=message.position[0], longitude=message.position[1]))
        return VehicleState.of(
            *(group for group in said if any(getattr(group, each) is not None for each in _values(group)))
        )

    def _outside(self, message: Message, units: Units) -> float | None:
        if message.outside is None:
            return None
        if units.outside_fahrenheit is not None or message.outside_is_fahrenheit:
            fahrenheit = message.outside_is_fahrenheit if units.outside_fahrenheit is None else units.outside_fahrenheit
            return outside_temperature(message.outside, fahrenheit=fahrenheit)
        self.outside = self.outside.after(message.outside)
        return outside_temperature(message.outside, fahrenheit=self.outside.fahrenheit is True)


def _with_older[G: Reported](group: G, older: G | None) -> G:
    """Fill in what this message leaves out or garbles: the last one of a drive often does (leafspy Q5 [H])."""
    if older is None:
        return group
    return replace(group, **{name: getattr(older, name) for name in _values(group) if getattr(group, name) is None})


def _values(group: Reported) -> list[str]:
    return [each.name for each in fields(group) if each.name not in _STAMP]


MOST_VEHICLES = 10
"""One link serves a family, not a fleet; whoever knows the address must not fill Home Assistant with vehicles."""


def to_json(vehicles: dict[str, HeardVehicle]) -> Json:
    """Return what should survive."""
    return {
        key: {"located": vehicle.located, "fahrenheit": vehicle.outside.fahrenheit, "messages": vehicle.messages}
        for key, vehicle in vehicles.items()
    }


def from_json(saved: Json) -> dict[str, HeardVehicle]:
    """Return the vehicles as they were; what is damaged is left out."""
    found: dict[str, HeardVehicle] = {}
    for text, known in saved.items() if isinstance(saved, dict) else ():
        key = vehicle_key(text)
        if key is not None and isinstance(known, dict) and len(found) < MOST_VEHICLES:
            fahrenheit, messages = known.get("fahrenheit"), known.get("messages")
            unit = OutsideUnit(fahrenheit if isinstance(fahrenheit, bool) else None)
            told = messages if isinstance(messages, int) and 0 <= messages <= ENOUGH else ENOUGH  # kept uncounted once
            found[key] = HeardVehicle(key, unit, located=known.get("located") is True, messages=told)
    return found


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
