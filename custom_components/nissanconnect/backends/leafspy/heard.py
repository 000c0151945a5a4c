"""One vehicle that speaks through the app: what its messages in a row tell."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta

from ...vehicle import (
    Battery,
    Capability,
    Charging,
    ChargingStatus,
    Climate,
    Connectivity,
    Group,
    Odometer,
    Position,
    Powertrain,
    Reported,
    Stamp,
    VehicleInfo,
    VehicleState,
)
from .message import Message, Units
from .outside import OutsideUnit, outside_temperature
from .quirks import is_vin

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
