"""The metrics of a LEAF that this backend uses (ovms §1.11): how to parse each, the last value, and when to trust it.

Payloads are not trusted: any client of the broker may have written them (ovms §5.6). Metrics come in their native units
and without a suffix (§1.3). A payload that makes no sense is parsed as ``None``; nothing here raises.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
import re

from ...vehicle import Group, Stamp
from ..mapping import (
    CELL_VOLTAGE,
    COUNTED,
    ENERGY,
    HEADING,
    HEALTH,
    HX,
    LATITUDE,
    LEVEL,
    LONGITUDE,
    MINUTES,
    ODOMETER,
    POWER,
    PRESSURE,
    RANGE,
    SIGNAL,
    TARGET_TEMPERATURE,
    TEMPERATURE,
    VOLTAGE,
    Plausible,
)

BACKEND = "ovms"

type Value = bool | float | str | tuple[float | None, ...]
type Parser = Callable[[str], Value | None]

_LONGEST_PAYLOAD = 4096
"""Bytes; the longest metric, the voltages of 96 cells, has some 600."""

_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?([eE][+-]?\d{1,3})?", re.ASCII)


def decode(payload: bytes, longest: int = _LONGEST_PAYLOAD) -> str | None:
    """Return a payload as text without blanks around it; ``None`` if it is too long or not UTF-8."""
    if len(payload) > longest:
        return None
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        return None


def number(quantity: Plausible) -> Parser:
    """Return a parser of a quantity; placeholders like 65535 are outside the bounds of each."""
    return lambda payload: quantity.of(_number(payload))


def numbers(quantity: Plausible) -> Parser:
    """Return a parser of comma lists; a member that makes no sense is ``None``, and the others keep their places."""
    return lambda payload: tuple(quantity.of(_number(part)) for part in payload.split(",")) if payload else None


def percent(payload: str) -> float | None:
    """Parse a percentage; module and vehicle round differently, so a little more than 100 is 100."""
    value = _number(payload)
    return LEVEL.of(100.0 if value is not None and 100 < value <= 101 else value)


def flag(payload: str) -> bool | None:
    """Parse ``yes`` or ``no``."""
    return {"yes": True, "no": False}.get(payload)


def text(payload: str) -> str | None:
    """Parse a word or a short line of printable characters."""
    return payload if 0 < len(payload) <= 100 and payload.isprintable() else None


def _number(payload: str) -> float | None:
    return float(payload) if _NUMBER.fullmatch(payload.strip()) else None


class MeasuredBy(StrEnum):
    """Where a metric comes from. While vehicle or satellites send nothing, the module repeats their last values."""

    VEHICLE = "vehicle"
    """Sends nothing while it sleeps (§1.5)."""
    SATELLITES = "satellites"
    """Send nothing without a GPS lock."""
    MODULE = "module"
    """Always current."""


class Part(StrEnum):
    """A part of the vehicle. Until the module has received data from it, "no" may be just the default (§1.3)."""

    BATTERY = "battery"
    BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How to parse a metric, and where it belongs.

    ``unset`` is the value that means "nothing received yet". ``default`` is a value that may either mean that or be
    true: it is used only once the module has received data from the part that ``proves`` names. Any other value proves
    that it has. For a metric with neither, only a live message proves it: a retained one may be older than the module's
    last start.
    """

    parse: Parser
    group: Group | None = None
    measured_by: MeasuredBy = MeasuredBy.VEHICLE
    unset: Value | None = None
    default: Value | None = None
    proves: Part | None = None

    def part_proved_by(self, value: Value, *, live: bool) -> Part | None:
        """Return the part from which the module must have received data since its start to publish ``value``."""
        has_initial_value = self.unset is not None or self.default is not None
        is_proof = value not in (self.unset, self.default) if has_initial_value else live
        return self.proves if is_proof else None


UPTIME = "m.monotonic"
"""Seconds since the module started."""

CONNECTED = "s.v3.connected"
"""Whether the module is connected; its last will says no (§1.2)."""

CHARGE_LIMIT = "v.c.limit.soc"
LOCKED = "v.e.locked"
TYPE = "v.type"
VIN = "v.vin"

_UPTIME = Plausible(0, 1e10, 3)
_GIDS = Plausible(0, 2000, 0)


def _battery(parse: Parser, *, proves: Part | None = None) -> Metric:
    """Return a metric of the battery that is 0 until the module has received a value.

    Metrics that OVMS has for all vehicles survive a restart of the module, so they prove nothing.
    """
    return Metric(group=Group.BATTERY, parse=parse, unset=0.0, proves=proves)


def _charging(parse: Parser, *, default: Value | None = None) -> Metric:
    proves = None if default is None else Part.BATTERY
    return Metric(group=Group.CHARGING, parse=parse, default=default, proves=proves)


_DOOR = Metric(group=Group.BODY, parse=flag, proves=Part.BODY)

METRICS: Mapping[str, Metric] = {
    # The module
    UPTIME: Metric(parse=number(_UPTIME), measured_by=MeasuredBy.MODULE),
    "m.net.sq": Metric(parse=number(SIGNAL), group=Group.CONNECTIVITY, measured_by=MeasuredBy.MODULE),
    "m.version": Metric(parse=text, group=Group.CONNECTIVITY, measured_by=MeasuredBy.MODULE),
    CONNECTED: Metric(parse=flag, group=Group.CONNECTIVITY, measured_by=MeasuredBy.MODULE),
    TYPE: Metric(parse=text, measured_by=MeasuredBy.MODULE),
    VIN: Metric(parse=text, measured_by=MeasuredBy.MODULE),
    # Battery
    "v.b.soc": _battery(percent),
    "v.b.soh": _battery(number(HEALTH)),
    "v.b.range.est": _battery(number(RANGE)),
    "v.b.temp": Metric(group=Group.BATTERY, parse=number(TEMPERATURE)),
    "v.b.c.voltage": Metric(group=Group.BATTERY, parse=numbers(CELL_VOLTAGE)),
    "xnl.v.b.e.available": _battery(number(ENERGY), proves=Part.BATTERY),
    "xnl.v.b.e.capacity": _battery(number(ENERGY), proves=Part.BATTERY),
    "xnl.v.b.hx": _battery(number(HX), proves=Part.BATTERY),
    "xnl.v.b.gids": _battery(number(_GIDS), proves=Part.BATTERY),
    "xnl.v.b.soc.instrument": _battery(percent, proves=Part.BATTERY),
    # Charging
    "v.c.charging": _charging(flag, default=False),
    "v.c.duration.full": _charging(number(MINUTES)),
    "v.c.duration.soc": _charging(number(MINUTES)),
    CHARGE_LIMIT: Metric(group=Group.CHARGING, parse=percent, measured_by=MeasuredBy.MODULE),
    "v.c.pilot": _charging(flag),
    "v.c.power": _charging(number(POWER)),
    "v.c.state": _charging(text, default="stopped"),
    "v.c.substate": _charging(text),
    "v.c.type": _charging(text),
    "v.d.cp": _charging(flag),
    # Counters
    **dict.fromkeys(
        ("v.b.energy.recd", "v.b.energy.used", "v.c.kwh", "v.c.kwh.grid"),
        Metric(group=Group.COUNTERS, parse=number(COUNTED)),
    ),
    # Climate
    "v.e.cabinsetpoint": Metric(group=Group.CLIMATE, parse=number(TARGET_TEMPERATURE)),
    "v.e.cabintemp": Metric(group=Group.CLIMATE, parse=number(TEMPERATURE)),
    "v.e.hvac": Metric(group=Group.CLIMATE, parse=flag),
    "v.e.temp": Metric(group=Group.CLIMATE, parse=number(TEMPERATURE)),
    # Body
    **dict.fromkeys(("v.d.fl", "v.d.fr", "v.d.rl", "v.d.rr", "v.d.trunk"), _DOOR),
    LOCKED: Metric(group=Group.BODY, parse=flag, default=False, proves=Part.BODY),
    # Whether the vehicle is awake
    "v.e.awake": Metric(parse=flag),
    "v.e.on": Metric(parse=flag),
    # Position, odometer, tyres, 12 V
    "v.p.direction": Metric(group=Group.POSITION, parse=number(HEADING), measured_by=MeasuredBy.SATELLITES),
    "v.p.gpslock": Metric(parse=flag, measured_by=MeasuredBy.MODULE),
    "v.p.latitude": Metric(group=Group.POSITION, parse=number(LATITUDE), measured_by=MeasuredBy.SATELLITES),
    "v.p.longitude": Metric(group=Group.POSITION, parse=number(LONGITUDE), measured_by=MeasuredBy.SATELLITES),
    "v.p.odometer": Metric(group=Group.ODOMETER, parse=number(ODOMETER)),
    "v.t.pressure": Metric(group=Group.TYRES, parse=numbers(PRESSURE)),
    "v.b.12v.voltage": Metric(group=Group.AUX_BATTERY, parse=number(VOLTAGE), measured_by=MeasuredBy.MODULE),
}
"""By their names; all other metrics are ignored, and their payloads never parsed."""


@dataclass(slots=True)
class UptimeTracker:
    """Detects restarts of the module from the seconds that it counts since its last start (ovms §1.3).

    After its start, the module publishes that the vehicle is unlocked and at rest until it has received data from it.
    After an interruption it is uncertain whether it has restarted until its uptime is known again.

    ``seconds`` is the last uptime, received at ``received_at``. ``received_from`` are the parts of the vehicle from
    which the module must have received data since its start.
    """

    seconds: float | None = None
    received_at: datetime | None = None
    received_from: set[Part] = field(default_factory=set)
    _uncertain: bool = True
    _received_since: set[Part] = field(default_factory=set)
    """Like ``received_from``, but since the interruption, and used instead of it while the uptime is uncertain."""

    def interrupted(self) -> None:
        """Note that the module may have restarted."""
        self._uncertain = True
        self._received_since.clear()

    def update(self, seconds: float, at: datetime) -> None:
        """Take the uptime that the module has published."""
        if not self._is_same_run(seconds, at):
            self.received_from.clear()
        self.seconds, self.received_at = seconds, at
        self._uncertain = False
        self.received_from |= self._received_since
        self._received_since.clear()

    def add(self, part: Part) -> None:
        """Note that the module has received data from ``part``."""
        received = self._received_since if self._uncertain else self.received_from
        received.add(part)

    def has_received(self, part: Part) -> bool:
        """Whether the module has certainly received data from ``part`` since its start."""
        return part in (self._received_since if self._uncertain else self.received_from)

    def _is_same_run(self, seconds: float, at: datetime) -> bool:
        """Whether the module has not restarted since the last uptime; after a long silence nobody can know."""
        if self.seconds is None or self.received_at is None or seconds < self.seconds:
            return False
        if not self._uncertain or seconds == self.seconds:
            return True
        return at - self.received_at < timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class MetricUpdate:
    """A message about a metric of :data:`METRICS`; ``text`` is ``None`` if the payload was no text."""

    metric: str
    text: str | None = field(repr=False)
    at: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value; ``reported_at`` is when the vehicle last confirmed it, ``None`` if that is unknown."""

    value: Value | None = field(repr=False)
    received_at: datetime
    reported_at: datetime | None = None


_AWAKE_FLAGS = ("v.e.awake", "v.e.on", "v.c.charging")


class MetricStore:
    """The metrics of one vehicle.

    A retained message does not say when its value was measured, nor does a live one that repeats the known value while
    the vehicle sleeps (ovms §1.5). ``reports_lock``: this vehicle is known to report it when it is locked.
    """

    def __init__(self, uptime: UptimeTracker, *, reports_lock: bool = False) -> None:
        self.uptime = uptime
        self.reports_lock = reports_lock
        self._values: dict[str, StoredValue] = {}
        self._pending: dict[str, tuple[MetricUpdate, Value | None]] = {}
        """Updates to store. A default stays here until it is certain that it is no guess of the module."""

    def __contains__(self, metric: str) -> bool:
        """Whether a value was received."""
        return metric in self._values

    def update(self, updates: Iterable[MetricUpdate]) -> None:
        """Take updates that arrived at about the same time; only the order of live updates of one metric matters."""
        latest = {each.metric: each for each in sorted(updates, key=lambda update: update.live)}  # live ones win
        parsed = {name: METRICS[name].parse(each.text) for name, each in latest.items() if each.text is not None}
        seconds = parsed.get(UPTIME)
        if isinstance(seconds, float):
            self.uptime.update(seconds, latest[UPTIME].at)
        for name, value in parsed.items():
            part = None if value is None else METRICS[name].part_proved_by(value, live=latest[name].live)
            if part is not None:
                self.uptime.add(part)
        self.reports_lock = self.reports_lock or parsed.get(LOCKED) is True
        for name, each in latest.items():
            value = parsed.get(name)
            is_meaningful = value is not None and value != METRICS[name].unset
            if is_meaningful or each.text == "":  # an empty payload clears the known value
                self._pending[name] = each, value
        storable = [name for name, (_, value) in self._pending.items() if not self._may_be_guess(name, value)]
        self._store([self._pending.pop(name) for name in storable])

    def _may_be_guess(self, name: str, value: Value | None) -> bool:
        """Whether the module may have published a value without knowing it, which it does only with a default."""
        metric = METRICS[name]
        if value is None or value != metric.default:
            return False
        if name == LOCKED and not self.reports_lock:
            return True  # older vehicles never report being locked, so "no" would mean nothing (§1.7)
        return metric.proves is not None and not self.uptime.has_received(metric.proves)

    def _store(self, accepted: Collection[tuple[MetricUpdate, Value | None]]) -> None:
        """Store values; those that were measured just now are reported as of now."""
        changed = {
            each.metric for each, value in accepted if each.metric not in self or self.value(each.metric) != value
        }
        for each, value in accepted:
            self._values[each.metric] = StoredValue(value, each.at, self.reported_at(each.metric))
        is_measuring = {
            MeasuredBy.MODULE: True,
            MeasuredBy.SATELLITES: self.flag("v.p.gpslock") is True,
            MeasuredBy.VEHICLE: any(self.flag(name) for name in _AWAKE_FLAGS),
        }
        for each, value in accepted:
            if each.live and (each.metric in changed or is_measuring[METRICS[each.metric].measured_by]):
                self._values[each.metric] = StoredValue(value, each.at, each.at)

    def value(self, metric: str) -> Value | None:
        """Return the value, whatever its type."""
        stored = self._values.get(metric)
        return stored.value if stored else None

    def number(self, metric: str) -> float | None:
        """Return the value of a number."""
        value = self.value(metric)
        return value if isinstance(value, float) else None

    def flag(self, metric: str) -> bool | None:
        """Return the value of a flag."""
        value = self.value(metric)
        return value if isinstance(value, bool) else None

    def text(self, metric: str) -> str | None:
        """Return the value of a text."""
        value = self.value(metric)
        return value if isinstance(value, str) else None

    def numbers(self, metric: str) -> tuple[float | None, ...]:
        """Return the members of a list; none if it is unknown."""
        value = self.value(metric)
        return value if isinstance(value, tuple) else ()

    def reported_at(self, metric: str) -> datetime | None:
        """Return when the vehicle last confirmed a value."""
        stored = self._values.get(metric)
        return stored.reported_at if stored else None

    def stamp(self, group: Group) -> Stamp | None:
        """Return when a group was last received, and when the vehicle last reported it; ``None`` if it never was."""
        stored = [self._values[name] for name in _MEMBERS.get(group, ()) if name in self._values]
        if not stored:
            return None
        reported = [each.reported_at for each in stored if each.reported_at is not None]
        received_at = max(each.received_at for each in stored)
        return Stamp(backend=BACKEND, received_at=received_at, reported_at=max(reported, default=None))


_MEMBERS: Mapping[Group, tuple[str, ...]] = {
    group: tuple(name for name, metric in METRICS.items() if metric.group is group) for group in Group
}
