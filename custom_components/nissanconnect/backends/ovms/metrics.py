"""The metrics of a LEAF that mean something here (ovms §1.11), and what to doubt in each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
import re

from ...vehicle import Group
from ..quantities import (
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
type Reader = Callable[[str], Value | None]

_LONGEST = 4096
"""Bytes; the longest metric, the voltages of 96 cells, has some 600."""

_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{0,20})?([eE][+-]?\d{1,3})?", re.ASCII)


def decode(payload: bytes, longest: int = _LONGEST) -> str | None:
    """Return a payload as text without blanks around it; ``None`` if it is too long or no text."""
    if len(payload) > longest:
        return None
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        return None


def number(quantity: Quantity) -> Reader:
    """Return a reader of a quantity; markers like 65535 are out of any bounds."""
    return lambda text: quantity.of(_number(text))


def percent(text: str) -> float | None:
    """Read a share; module and vehicle round differently, so a little more than all is all."""
    found = _number(text)
    return LEVEL.of(100.0 if found is not None and 100 < found <= 101 else found)


def numbers(quantity: Quantity) -> Reader:
    """Return a reader of comma lists; a member that makes no sense is unknown, and the others keep their places."""
    return lambda text: tuple(quantity.of(_number(part)) for part in text.split(",")) if text else None


def flag(text: str) -> bool | None:
    """Read ``yes`` or ``no``."""
    return {"yes": True, "no": False}.get(text)


def word(text: str) -> str | None:
    """Read a word or a short line of printable characters."""
    return text if 0 < len(text) <= 100 and text.isprintable() else None


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


class Speaker(StrEnum):
    """Who measures a metric. The module repeats what it last heard of the others for as long as they are silent."""

    VEHICLE = "vehicle"
    """Silent while it sleeps (§1.5)."""
    SATELLITES = "satellites"
    """Silent without a lock."""
    MODULE = "module"
    """Whatever it sends is what is."""


class Part(StrEnum):
    """Whom a module must have heard since it started before its word for "no" is more than its default (§1.3)."""

    BATTERY = "battery"
    BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How to read a metric, and where it belongs.

    ``silent`` is a value that is none: the module's way to say that it has not heard yet. ``default`` may be that or
    may be true; only what ``part`` has shown of itself tells. Any other value gives ``shows`` away; if there is no
    other, it has to be said anew, because the broker's copy may be older than the module's last start.
    """

    read: Reader
    group: Group | None = None
    speaker: Speaker = Speaker.VEHICLE
    silent: Value | None = None
    default: Value | None = None
    part: Part | None = None
    shows: Part | None = None

    def gives_away(self, value: Value, *, live: bool) -> Part | None:
        """Return the part that must have been heard since the module's start for it to say ``value``."""
        if self.silent is None and self.default is None:
            return self.shows if live else None
        return self.shows if value not in (self.silent, self.default) else None


BEAT = "m.monotonic"
"""Seconds since the module started."""

CONNECTED = "s.v3.connected"
"""Whether the module is connected; its last will says no (§1.2)."""

LIMIT = "v.c.limit.soc"
LOCKED = "v.e.locked"
TYPE = "v.type"
VIN = "v.vin"

_BEAT = Quantity(0, 1e10, 3)
_GIDS = Quantity(0, 2000, 0)


def _battery(read: Reader, *, shows: Part | None = None) -> Metric:
    """Define a number of the battery, which is 0 until the battery has been heard.

    Those that OVMS has for all vehicles survive a restart of the module, so they show nothing.
    """
    return Metric(group=Group.BATTERY, read=read, silent=0.0, shows=shows)


def _charging(read: Reader, *, default: Value | None = None) -> Metric:
    part = None if default is None else Part.BATTERY
    return Metric(group=Group.CHARGING, read=read, default=default, part=part, shows=part)


def _door() -> Metric:
    return Metric(group=Group.BODY, read=flag, shows=Part.BODY)


METRICS: Mapping[str, Metric] = {
    # The module
    BEAT: Metric(read=number(_BEAT), speaker=Speaker.MODULE),
    "m.net.sq": Metric(read=number(SIGNAL), group=Group.CONNECTIVITY, speaker=Speaker.MODULE),
    "m.version": Metric(read=word, group=Group.CONNECTIVITY, speaker=Speaker.MODULE),
    CONNECTED: Metric(read=flag, group=Group.CONNECTIVITY, speaker=Speaker.MODULE),
    TYPE: Metric(read=word, speaker=Speaker.MODULE),
    VIN: Metric(read=word, speaker=Speaker.MODULE),
    # Battery
    "v.b.soc": _battery(percent),
    "v.b.soh": _battery(number(HEALTH)),
    "v.b.range.est": _battery(number(RANGE)),
    "v.b.temp": Metric(group=Group.BATTERY, read=number(TEMPERATURE)),
    "v.b.c.voltage": Metric(group=Group.BATTERY, read=numbers(CELL_VOLTAGE)),
    "xnl.v.b.e.available": _battery(number(ENERGY), shows=Part.BATTERY),
    "xnl.v.b.e.capacity": _battery(number(ENERGY), shows=Part.BATTERY),
    "xnl.v.b.hx": _battery(number(HX), shows=Part.BATTERY),
    "xnl.v.b.gids": _battery(number(_GIDS), shows=Part.BATTERY),
    "xnl.v.b.soc.instrument": _battery(percent, shows=Part.BATTERY),
    # Charging
    "v.c.charging": _charging(flag, default=False),
    "v.c.duration.full": _charging(number(MINUTES)),
    "v.c.duration.soc": _charging(number(MINUTES)),
    LIMIT: Metric(group=Group.CHARGING, read=percent, speaker=Speaker.MODULE),
    "v.c.pilot": _charging(flag),
    "v.c.power": _charging(number(POWER)),
    "v.c.state": _charging(word, default="stopped"),
    "v.c.substate": _charging(word),
    "v.c.type": _charging(word),
    "v.d.cp": _charging(flag),
    # Climate
    "v.e.cabinsetpoint": Metric(group=Group.CLIMATE, read=number(TARGET_TEMPERATURE)),
    "v.e.cabintemp": Metric(group=Group.CLIMATE, read=number(TEMPERATURE)),
    "v.e.hvac": Metric(group=Group.CLIMATE, read=flag),
    "v.e.temp": Metric(group=Group.CLIMATE, read=number(TEMPERATURE)),
    # Body
    "v.d.fl": _door(),
    "v.d.fr": _door(),
    "v.d.rl": _door(),
    "v.d.rr": _door(),
    "v.d.trunk": _door(),
    LOCKED: Metric(group=Group.BODY, read=flag, default=False, part=Part.BODY, shows=Part.BODY),
    # Whether it is awake
    "v.e.awake": Metric(read=flag),
    "v.e.on": Metric(read=flag),
    # Place, road, tyres, 12 V
    "v.p.direction": Metric(group=Group.POSITION, read=number(HEADING), speaker=Speaker.SATELLITES),
    "v.p.gpslock": Metric(read=flag, speaker=Speaker.MODULE),
    "v.p.latitude": Metric(group=Group.POSITION, read=number(LATITUDE), speaker=Speaker.SATELLITES),
    "v.p.longitude": Metric(group=Group.POSITION, read=number(LONGITUDE), speaker=Speaker.SATELLITES),
    "v.p.odometer": Metric(group=Group.ODOMETER, read=number(ODOMETER)),
    "v.t.pressure": Metric(group=Group.TYRES, read=numbers(PRESSURE)),
    "v.b.12v.voltage": Metric(group=Group.AUX_BATTERY, read=number(VOLTAGE), speaker=Speaker.MODULE),
}
"""By their names; anything else that is published is passed over unread."""
