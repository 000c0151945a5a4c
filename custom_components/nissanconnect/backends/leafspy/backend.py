"""The backend of Leaf Spy. It sends no requests: the shell hands over each request that the app sends.

What the app sends comes out of the vehicle's diagnostic port while somebody drives or charges. The vehicle can neither
be read on request nor commanded, and the app is silent for days without anything being wrong (leafspy §1, §5 [H]).
"""

from asyncio import Event
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import override

from ...vehicle import (
    NEVER,
    Capability,
    Connectivity,
    Group,
    ListedVehicle,
    Powertrain,
    Push,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    Weakness,
    as_vin,
)
from ..base import Backend, Context, Description, Fields, Forgetting, Json, Pushing, Receiving
from ..mapping import fill_gaps
from ..reader import JsonReader
from .message import BACKEND, Message, Units, fahrenheit_after, outside_temperature, parse, vehicle_key

ACCEPTED = '"status":"0"'
"""The response that the app expects, letter by letter; any other makes it complain (leafspy §2 [H])."""
REFUSED = '"status":"1"'
"""The response of other receivers to a wrong password (leafspy §2 [M])."""

MOST_VEHICLES = 10
"""One entry serves a family, not a fleet; whoever knows the address must not fill Home Assistant with vehicles."""
TRUSTED_AFTER = 100
"""Messages after which a vehicle is not taken for made up."""
SESSION = timedelta(minutes=10)
"""How long the app may be silent and is still taken to be connected to the vehicle (leafspy §5)."""

_REPEATED_WITHIN = timedelta(seconds=5)
"""An equal message within this time is one that was sent twice (leafspy §2 [L])."""
_CHECK_INTERVAL = timedelta(seconds=15)
"""How often to check whether a connected app has become silent."""

_MODELS = {"AZE": "LEAF", "AZ0": "LEAF", "AZ1": "LEAF", "ZE0-": "LEAF", "ZE1-": "LEAF", "ME0": "e-NV200"}
"""What VINs and frame numbers contain after the maker's code (regions §2, §4)."""

_WEAKNESSES = (
    # The times are those of arrival; the interval at which the app sends and the mobile network lie before it.
    *(
        Weakness(group=group, clock=timedelta(minutes=1))
        for group in (Group.BATTERY, Group.CHARGING, Group.ODOMETER, Group.POSITION)
    ),
    # Whether a phone is in the vehicle says nothing about its telematics unit: a source that knows that counts more,
    # however old its report is.
    Weakness(group=Group.CONNECTIVITY, clock=timedelta(days=999_999), cached=frozenset({"reachable"})),
)
_UNIT_IS_GUESSED = Weakness(group=Group.CLIMATE, clock=timedelta(minutes=1), cached=frozenset({"outside_temperature"}))


@dataclass(slots=True)
class LeafSpyVehicle:
    """A vehicle from which messages have come. ``located``: it has sent a position, which is not stored here."""

    key: str = field(repr=False)
    fahrenheit: bool | None = None
    """Whether the app sends the outside temperature in °F although it shows °C, as far as its values have shown."""
    located: bool = False
    messages: int = 0
    """How many messages held a value, counted up to :data:`TRUSTED_AFTER`."""
    state: VehicleState = field(default_factory=VehicleState, repr=False)
    connected: bool = False
    """Whether the app is taken to be connected to the vehicle, or is expected to be."""
    _expected_at: datetime | None = None
    _received_at: datetime | None = None
    _last_message: Message | None = field(default=None, repr=False)

    @property
    def info(self) -> VehicleInfo:
        """The vehicle, as far as its VIN or frame number shows."""
        return VehicleInfo(
            key=self.key,
            vin=as_vin(self.key),
            model=next((model for code, model in _MODELS.items() if code in self.key[:10]), None),
            powertrain=Powertrain.ELECTRIC,
            capabilities=frozenset({Capability.BATTERY, *({Capability.LOCATION} if self.located else ())}),
        )

    def update(self, message: Message, now: datetime, units: Units) -> bool:
        """Merge a message that came ``now`` into the state; return whether it is not just the last one repeated.

        Within a session it keeps the last values of what this message leaves out or garbles: the last one of a drive
        often does (leafspy Q5 [H]).
        """
        previous, self._last_message = self._last_message, message
        silence = now - self._received_at if self._received_at else timedelta.max
        recent = timedelta() <= silence <= SESSION
        if recent and silence <= _REPEATED_WITHIN and message == previous:
            return False
        was_doubtful = previous is not None and previous.doubtful and previous.charging is message.charging
        reported = {
            group: fill_gaps(value, getattr(self.state, group) if recent else None)
            for group, value in message.state_at(now, self._outside_temperature(message, units)).groups().items()
        }
        if message.doubtful and not was_doubtful and recent and self.state.charging is not None:
            reported[Group.CHARGING] = replace(self.state.charging, received_at=now, reported_at=now)
        self.state = VehicleState.of(*(self.state.groups() | reported).values())
        self.located = self.located or self.state.position is not None
        self.messages = min(self.messages + bool(reported.keys() - {Group.CONNECTIVITY}), TRUSTED_AFTER)
        self.connected, self._received_at = True, now
        return True

    @property
    def rank(self) -> tuple[int, datetime]:
        """The lowest is dropped if there are too many: fewest messages first, then the one silent for longest."""
        return self.messages, self._received_at or NEVER

    def expect(self, now: datetime) -> None:
        """Wait for the first message after a start, as if one had just arrived."""
        self.connected, self._expected_at = True, now

    def disconnect_if_silent(self, now: datetime) -> bool:
        """Return whether the app has become silent since the last call."""
        became_silent = self.connected and self._is_silent(now)
        self.connected = self.connected and not became_silent
        return became_silent

    def report(self, groups: Collection[Group], now: datetime) -> VehicleState:
        """Return the last values of ``groups``, and whether the app is connected; nothing before the first message."""
        state = self.state
        if self._is_silent(now):
            state = replace(state, connectivity=Connectivity(backend=BACKEND, received_at=now, reachable=False))
        return state.only(groups)

    def _is_silent(self, now: datetime) -> bool:
        since = self._received_at or self._expected_at
        return since is not None and now - since > SESSION

    def _outside_temperature(self, message: Message, units: Units) -> float | None:
        if message.outside is None:
            return None
        fahrenheit = units.outside_fahrenheit
        if fahrenheit is None and message.outside_is_fahrenheit:
            fahrenheit = True
        if fahrenheit is None:
            fahrenheit = self.fahrenheit = fahrenheit_after(self.fahrenheit, message.outside)
        return outside_temperature(message.outside, fahrenheit=fahrenheit is True)


def _vehicles_from_json(memory: Json) -> dict[str, LeafSpyVehicle]:
    """Rebuild the vehicles that :meth:`LeafSpyBackend.memory` returned; damaged ones are left out."""
    vehicles: dict[str, LeafSpyVehicle] = {}
    for text, value in JsonReader.of(memory).values.items():
        key = vehicle_key(text)
        if key is not None and isinstance(value, dict) and len(vehicles) < MOST_VEHICLES:
            saved = JsonReader(value)
            messages = saved.integer("messages", 0, TRUSTED_AFTER)
            vehicles[key] = LeafSpyVehicle(
                key,
                saved.flag("fahrenheit"),
                located=saved.flag("located") is True,
                messages=TRUSTED_AFTER if messages is None else messages,  # older versions did not count them
            )
    return vehicles


class LeafSpyBackend(Backend, Pushing, Receiving, Forgetting):
    """The vehicles of one entry; each is listed once its first message has arrived."""

    def __init__(self, context: Context, fields: Fields) -> None:
        """The app must send the ``password`` among the fields, if there is one; its units are there, too."""
        self._now = context.now
        self._sleep = context.sleep
        self._password = fields.get("password")
        self._units = Units(
            odometer_miles=fields.get("odometer_unit") == "miles",
            outside_fahrenheit={"celsius": False, "fahrenheit": True}.get(fields.get("outside_unit", "")),
        )
        guessed = () if self._units.outside_fahrenheit is not None else (_UNIT_IS_GUESSED,)
        self.description = Description(
            name=BACKEND, command_limit=timedelta(0), pushes=True, weaknesses=(*_WEAKNESSES, *guessed)
        )
        self._vehicles = _vehicles_from_json(context.memory)
        self._on_push: Callable[[Push], None] | None = None
        self._pending: set[str] = set()
        """The keys of vehicles whose state has not been pushed, because nobody listened."""
        self._received = Event()

    @property
    @override
    def accepted(self) -> str:
        return ACCEPTED

    @override
    def may_admit(self, parameters: Mapping[str, str]) -> bool:
        return "pass" not in parameters or self._is_password(parameters["pass"])

    @override
    def receive(self, parameters: Mapping[str, str]) -> str:
        if not self._is_password(parameters.get("pass", "")):
            return REFUSED
        message = parse(parameters, self._units)
        if message is None:
            return ACCEPTED  # the app can do nothing about it
        vehicle = self._vehicles.get(message.key) or LeafSpyVehicle(message.key)
        if vehicle.update(message, self._now(), self._units) and self._keep(vehicle):
            self._pending.add(vehicle.key)
            self._received.set()
            self._push(vehicle)
        return ACCEPTED

    @override
    async def listen(self, on_push: Callable[[Push], None]) -> None:
        self._on_push = on_push
        for vehicle in self._vehicles.values():
            vehicle.expect(self._now())
        try:
            while True:
                self._push_pending()
                if any(vehicle.connected for vehicle in self._vehicles.values()):
                    await self._sleep(_CHECK_INTERVAL.total_seconds())
                else:
                    self._received.clear()
                    await self._received.wait()
        finally:
            self._on_push = None

    @override
    async def log_in(self) -> str:
        return BACKEND

    @override
    async def list_vehicles(self) -> tuple[ListedVehicle, ...]:
        return tuple(ListedVehicle(info=vehicle.info) for vehicle in self._vehicles.values())

    @override
    async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
        """Return what has arrived since the start: nothing before the first message."""
        known = self._vehicles.get(vehicle.key)
        if known is None:
            return VehicleReport(state=VehicleState())
        return VehicleReport(state=known.report(Group if groups is None else groups, self._now()))

    @override
    def forget(self, vehicle: VehicleInfo) -> None:
        self._vehicles.pop(vehicle.key, None)
        self._pending.discard(vehicle.key)

    @override
    def memory(self) -> Json:
        """Return which vehicles there are, and the unit of each; positions are not stored."""
        return {
            key: {"located": vehicle.located, "fahrenheit": vehicle.fahrenheit, "messages": vehicle.messages}
            for key, vehicle in self._vehicles.items()
        }

    def _is_password(self, password: str) -> bool:
        if self._password is None:
            return True
        return compare_digest(password.encode(errors="surrogatepass"), self._password.encode(errors="surrogatepass"))

    def _keep(self, vehicle: LeafSpyVehicle) -> bool:
        """Keep a vehicle; return whether there was room. Too many are made up, so one with few messages is dropped."""
        if vehicle.key not in self._vehicles and len(self._vehicles) >= MOST_VEHICLES:
            lowest = min(self._vehicles.values(), key=lambda each: each.rank)
            if lowest.messages >= TRUSTED_AFTER or not vehicle.messages:
                return False
            self.forget(lowest.info)
        self._vehicles[vehicle.key] = vehicle
        return True

    def _push_pending(self) -> None:
        """Push what arrived while nobody listened, and whose app has become silent."""
        for key in sorted(self._pending):
            self._push(self._vehicles[key])
        now = self._now()
        for vehicle in self._vehicles.values():
            if vehicle.disconnect_if_silent(now) and self._on_push is not None:
                self._on_push(Push(info=vehicle.info, state=vehicle.report({Group.CONNECTIVITY}, now)))

    def _push(self, vehicle: LeafSpyVehicle) -> None:
        if self._on_push is None:
            return  # it stays pending until somebody listens
        self._pending.discard(vehicle.key)
        self._on_push(Push(info=vehicle.info, state=vehicle.state))
