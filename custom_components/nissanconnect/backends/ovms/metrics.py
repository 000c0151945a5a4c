"""The metrics of a LEAF that this backend uses (ovms §1.11), how to parse each, and when not to trust it.

Payloads are parsed with doubt: any client of the broker may have written them (ovms §5.6). Metrics come in their native
units and without a suffix (§1.3). What makes no sense is ``None``; nothing here raises.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
import re

from ...vehicle import Group
from ..mapping import (
    CELL_VOLTAGE,
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
    Quantity,
)

type Value = bool | float | str | tuple[float | None, ...]
type Parser = Callable[[str], Value | None]

_LONGEST = 4096
"""Bytes; the longest metric, the voltages of 96 cells, has some 600."""

_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?([eE][+-]?\d{1,3})?", re.ASCII)


def decode(payload: bytes, longest: int = _LONGEST) -> str | None:
    """Return a payload as text without blanks around it; ``None`` if it is too long or not UTF-8."""
    if len(payload) > longest:
        return None
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        return None


def number(quantity: Quantity) -> Parser:
    """Return a parser of a quantity; markers like 65535 are out of any bounds."""
    return lambda payload: quantity.of(_number(payload))


def numbers(quantity: Quantity) -> Parser:
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
    """Who measures a metric. The module repeats the last values of the others while they send nothing."""

    VEHICLE = "vehicle"
    """Sends nothing while it sleeps (§1.5)."""
    SATELLITES = "satellites"
    """Send nothing without a lock."""
    MODULE = "module"
    """Whatever it sends is current."""


class Part(StrEnum):
    """A part of the vehicle. Until the module has received data from it, a "no" may be just the default (§1.3)."""

    BATTERY = "battery"
    BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How to parse a metric, and where it belongs.

    ``unset`` is the value that means "nothing received yet". ``default`` may mean that or may be true: it counts only
    once the module has received data from ``confirmed_by``. Any other value proves that the module has received data
    from ``proves``. If there is no other, only a live message proves it, because what the broker has retained may be
    older than the module's last start.
    """

    parse: Parser
    group: Group | None = None
    measured_by: MeasuredBy = MeasuredBy.VEHICLE
    unset: Value | None = None
    default: Value | None = None
    confirmed_by: Part | None = None
    proves: Part | None = None

    def part_proved_by(self, value: Value, *, live: bool) -> Part | None:
        """Return the part from which the module must have received data since its start to publish ``value``."""
        if self.unset is None and self.default is None:
            return self.proves if live else None
        return self.proves if value not in (self.unset, self.default) else None


UPTIME = "m.monotonic"
"""Seconds since the module started."""

CONNECTED = "s.v3.connected"
"""Whether the module is connected; its last will says no (§1.2)."""

CHARGE_LIMIT = "v.c.limit.soc"
LOCKED = "v.e.locked"
TYPE = "v.type"
VIN = "v.vin"

_UPTIME = Quantity(0, 1e10, 3)
_GIDS = Quantity(0, 2000, 0)


def _battery(parse: Parser, *, proves: Part | None = None) -> Metric:
    """Define a number of the battery, which is 0 until the module has received one.

    Those that OVMS has for all vehicles survive a restart of the module, so they prove nothing.
    """
    return Metric(group=Group.BATTERY, parse=parse, unset=0.0, proves=proves)


def _charging(parse: Parser, *, default: Value | None = None) -> Metric:
    part = None if default is None else Part.BATTERY
    return Metric(group=Group.CHARGING, parse=parse, default=default, confirmed_by=part, proves=part)


def _door() -> Metric:
    return Metric(group=Group.BODY, parse=flag, proves=Part.BODY)


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
    # Climate
    "v.e.cabinsetpoint": Metric(group=Group.CLIMATE, parse=number(TARGET_TEMPERATURE)),
    "v.e.cabintemp": Metric(group=Group.CLIMATE, parse=number(TEMPERATURE)),
    "v.e.hvac": Metric(group=Group.CLIMATE, parse=flag),
    "v.e.temp": Metric(group=Group.CLIMATE, parse=number(TEMPERATURE)),
    # Body
    "v.d.fl": _door(),
    "v.d.fr": _door(),
    "v.d.rl": _door(),
    "v.d.rr": _door(),
    "v.d.trunk": _door(),
    LOCKED: Metric(group=Group.BODY, parse=flag, default=False, confirmed_by=Part.BODY, proves=Part.BODY),
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
"""By their names; any other metric is ignored unread."""
