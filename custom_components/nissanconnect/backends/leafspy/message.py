"""One message of the app: a flat set of parameters, all of them optional (leafspy §3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...vehicle import ChargeSpeed
from ..quantities import POWER, place
from . import quirks
from .quirks import number

_HIGHEST_AC_POWER = 25.0
"""kW."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What the owner says about the app's settings. ``outside_fahrenheit`` is ``None`` if that is to be found out."""

    odometer_miles: bool = False
    outside_fahrenheit: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What was said, in the units of ``vehicle``; ``outside`` alone is as it was sent, see :mod:`.outside`.

    ``charging`` is what the charge mode says. ``doubtful``: the charger's power says otherwise, as it does for a
    moment at the start and the end of a charge (leafspy §4 [H]).
    """

    key: str = field(repr=False)
    level: float | None = None
    energy: float | None = None
    capacity: float | None = None
    amp_hours: float | None = None
    health: float | None = None
    hx: float | None = None
    temperature: float | None = None
    plugged_in: bool | None = None
    charging: bool | None = None
    doubtful: bool = False
    power: float | None = None
    speed: ChargeSpeed | None = None
    odometer: float | None = None
    position: tuple[float, float] | None = field(default=None, repr=False)
    outside: float | None = None
    outside_is_fahrenheit: bool = False


def parse(parameters: Mapping[str, str], units: Units) -> Message | None:
    """Read a message; ``None`` if it does not say of which vehicle it speaks. Nothing makes it raise."""
    key = quirks.vehicle_key(parameters.get("VIN"))
    if key is None:
        return None
    gids = number(parameters.get("Gids"))
    ahr = quirks.amp_hours(number(parameters.get("AHr")))
    health = quirks.health(number(parameters.get("SOH")))
    fahrenheit = parameters.get("Tunits", "").strip().upper() == "F"
    pack = number(parameters.get("BatTemp"))
    mode = number(parameters.get("ChrgMode"), 0, 3)
    plug = number(parameters.get("PlugState"), 0, 2)
    power, doubtful = _power(parameters, mode)
    return Message(
        key=key,
        level=quirks.level(number(parameters.get("SOC")), gids),
        energy=quirks.energy(gids),
        capacity=quirks.nominal_capacity(ahr, health),
        amp_hours=ahr,
        health=health,
        hx=quirks.hx(number(parameters.get("Hx"))),
        temperature=quirks.pack_temperature(quirks.celsius(pack) if fahrenheit and pack is not None else pack),
        # Quick charging has a plug of its own, which the plug state does not know (leafspy §4 [H]).
        plugged_in=True if mode == 3 else None if plug is None else plug == 2,
        charging=None if mode is None else mode != 0,
        doubtful=doubtful,
        power=power,
        speed=_speed(mode, power),
        odometer=quirks.odometer(number(parameters.get("Odo")), miles=units.odometer_miles),
        position=_position(parameters),
        outside=number(parameters.get("Amb")),
        outside_is_fahrenheit=fahrenheit,
    )


def _power(parameters: Mapping[str, str], mode: float | None) -> tuple[float | None, bool]:
    """Return the kW that flow into the vehicle, and whether they contradict the charge mode."""
    charger = number(parameters.get("ChrgPwr"), 0, _HIGHEST_AC_POWER * 1000)
    if mode is None:
        return None, False
    if mode == 3:
        return _battery_power(parameters), False  # the on-board charger rests
    doubtful = charger is not None and (charger > 0) is not (mode != 0)
    if mode == 0:
        return 0.0, doubtful
    return None if charger is None else POWER.of(charger / 1000), doubtful


def _battery_power(parameters: Mapping[str, str]) -> float | None:
    """Return the kW that flow into the battery; positive amperes flow out of it (leafspy §3 [H])."""
    volts, amps = number(parameters.get("BatVolts")), number(parameters.get("BatAmps"))
    if volts is None or amps is None:
        return None
    if abs(volts) < 150 and 200 < amps < 450:  # some apps mix them up (leafspy Q3 [M])
        volts, amps = amps, volts
    if not 200 <= volts <= 450 or abs(amps) > 600:
        return None
    return POWER.of(max(-volts * amps / 1000, 0.0))


_SPEEDS: Mapping[float, ChargeSpeed] = {1: ChargeSpeed.SLOW, 3: ChargeSpeed.FASTEST}


def _speed(mode: float | None, power: float | None) -> ChargeSpeed | None:
    if mode == 2:
        return None if not power else ChargeSpeed.NORMAL if power < 4.5 else ChargeSpeed.FAST
    return _SPEEDS.get(mode) if mode is not None else None


def _position(parameters: Mapping[str, str]) -> tuple[float, float] | None:
    """Return decimal degrees; without a fix the app sends 0/0 (leafspy §3 [H])."""
    return place(number(parameters.get("Lat")), number(parameters.get("Long")))
