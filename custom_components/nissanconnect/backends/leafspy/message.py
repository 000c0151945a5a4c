"""One message of the app: a flat set of parameters, all of them optional (leafspy §3), and what it says of the vehicle.

The conversions also serve the logs. Each takes what was sent, or ``None``, and returns ``None`` for what cannot be
true. In particular 0 is a glitch as state of health, Ah (leafspy Q5 [H]) and odometer (Q4 [M]).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
import re

from ...vehicle import (
    NEVER,
    Battery,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Connectivity,
    Odometer,
    Stamp,
    VehicleState,
    normalise_key,
)
from ..mapping import (
    AMP_HOURS,
    ENERGY,
    HEALTH,
    HX,
    KM_PER_MILE,
    LEVEL,
    ODOMETER,
    POWER,
    TEMPERATURE,
    known,
    position,
)

BACKEND = "leafspy"
"""The backend's name in reports."""

_KWH_PER_GID = 0.0775
"""The app's own default for what the battery counts; 80 to 88 Wh have been measured (leafspy §10 [H])."""

_PACKS: Mapping[float, float] = {24.0: 66.5, 30.0: 80.5, 40.0: 115.44, 62.0: 176.4}
"""Ah of each new pack by its nominal kWh (leafspy §10 [H])."""
_PACK_TOLERANCE = 0.04

_HX_REGISTER = 102.4
_HIGHEST_AC_POWER = 25.0
"""kW."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_KEY = re.compile(r"(?=.*\d)[A-Z0-9-]{5,20}", re.ASCII)


def number(text: str | None, low: float = -inf, high: float = inf) -> float | None:
    """Return a number from ``low`` to ``high``: written as ``1``, ``1.0`` or with many digits (leafspy Q7 [H])."""
    text = (text or "").strip()
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if low <= value <= high and abs(value) < inf else None


def vehicle_key(text: str | None) -> str | None:
    """Return the VIN, or whatever a vehicle calls itself: those made for Japan have frame numbers (leafspy §3 [H])."""
    key = normalise_key(text or "")
    return key if _KEY.fullmatch(key) else None


def level_of(soc: float | None, gids: float | None) -> float | None:
    """Return the state of charge in % by the battery's own count, which is not the dashboard's (leafspy Q6 [M]).

    While the vehicle shuts down it is 0 beside the gids of a full battery (Q5 [H]).
    """
    return None if soc == 0 and gids is not None and gids > 10 else LEVEL.of(soc)


def hx_of(value: float | None) -> float | None:
    """Return the index of conductance in %.

    Large new packs exceed 100; some apps send the register (leafspy Q2 [H]).
    """
    if value is None:
        return None
    return HX.of(value / _HX_REGISTER if value > 1000 else value)


def energy_of(gids: float | None) -> float | None:
    """Return the energy in the battery in kWh."""
    return ENERGY.of(gids * _KWH_PER_GID) if gids is not None and 1 <= gids <= 1200 else None


def nominal_capacity_of(amp_hours: float | None, health: float | None) -> float | None:
    """Return the kWh of the pack when it was new; its Ah today and its health show which it is (leafspy §10 [H])."""
    if amp_hours is None or health is None:
        return None
    new = amp_hours / health * 100
    return next((kwh for kwh, ah in _PACKS.items() if abs(new / ah - 1) <= _PACK_TOLERANCE), None)


def odometer_of(distance: float | None, *, miles: bool) -> float | None:
    """Return km."""
    return ODOMETER.of(distance * KM_PER_MILE if miles and distance is not None else distance)


def celsius(fahrenheit: float) -> float:
    """Return °C."""
    return (fahrenheit - 32) / 1.8


_UNREAD = (95.0, 87.0)
"""What an unread sensor comes out as in °C, which are fine days in °F (leafspy Q1 [H])."""
_TOO_HOT = 50.0
"""°C; more is °F."""


def fahrenheit_after(known: bool | None, value: float) -> bool | None:
    """Return whether an app sends the outside temperature in °F, by one more value sent with °C as the app's unit.

    The message does not say so, because an option of the app decides (leafspy Q1). More than 50 can only be °F. Below,
    the digits show it: the sensor counts in steps that are 0.9 °F from -40.9 °F on, and 0.5 °C (§11), so that four
    values in five fit only one of the two [L]. What fits both or neither changes nothing that is ``known``; without any
    evidence it is °C (Q1 [M]).
    """
    if value in _UNREAD:
        return known
    in_fahrenheit, in_celsius = _is_multiple(value + 40.9, 0.9), _is_multiple(value, 0.5)
    if value > _TOO_HOT or (in_fahrenheit and not in_celsius):
        return True
    return False if in_celsius and not in_fahrenheit else known


def outside_temperature(value: float, *, fahrenheit: bool) -> float | None:
    """Return °C, ``None`` for what no weather is: unread sensors come out as 87 or 95 (leafspy Q1 [H])."""
    found = celsius(value) if fahrenheit else value
    return round(found, 1) if -50 <= found <= 60 else None


def _is_multiple(value: float, step: float) -> bool:
    """Whether ``value`` is a multiple of ``step``, up to what one decimal place rounds away."""
    return abs(value / step - round(value / step)) * step < 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The settings of the app that the owner has entered; ``outside_fahrenheit`` is ``None`` to detect it."""

    odometer_miles: bool = False
    outside_fahrenheit: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message: its values without times, except for the outside temperature, which is ``outside`` as it was sent.

    ``charging`` comes from the charge mode. ``doubtful``: the charger's power contradicts it, as it does for a moment
    at the start and the end of a charge (leafspy §4 [H]).
    """

    key: str = field(repr=False)
    state: VehicleState = field(repr=False)
    charging: bool | None
    doubtful: bool
    outside: float | None
    outside_is_fahrenheit: bool

    def state_at(self, received_at: datetime, outside: float | None) -> VehicleState:
        """Return the values as of ``received_at``, with the outside temperature in °C.

        There is no time in a message, and it is never sent later (leafspy §2 [M]).
        """
        stamp = Stamp(backend=BACKEND, received_at=received_at, reported_at=received_at)
        groups = (replace(group, **stamp) for group in self.state.groups().values())
        return VehicleState.of(*groups, known(Climate(**stamp, outside_temperature=outside)))


def parse(parameters: Mapping[str, str], units: Units) -> Message | None:
    """Parse a message; ``None`` if it does not name its vehicle. Nothing makes it raise."""
    key = vehicle_key(parameters.get("VIN"))
    if key is None:
        return None
    gids = number(parameters.get("Gids"))
    amp_hours, health = AMP_HOURS.of(number(parameters.get("AHr"))), HEALTH.of(number(parameters.get("SOH")))
    fahrenheit = parameters.get("Tunits", "").strip().upper() == "F"
    pack = number(parameters.get("BatTemp"))
    mode = number(parameters.get("ChrgMode"), 0, 3)
    plug = number(parameters.get("PlugState"), 0, 2)
    power, doubtful = _power(parameters, mode)
    charging = None if mode is None else mode != 0
    stamp = Stamp(backend=BACKEND, received_at=NEVER, reported_at=None)
    state = VehicleState.of(
        known(
            Battery(
                **stamp,
                level=level_of(number(parameters.get("SOC")), gids),
                capacity=nominal_capacity_of(amp_hours, health),
                energy=energy_of(gids),
                health=health,
                temperature=TEMPERATURE.of(celsius(pack) if fahrenheit and pack is not None else pack),
                hx=hx_of(number(parameters.get("Hx"))),
                amp_hours=amp_hours,
            )
        ),
        known(
            Charging(
                **stamp,
                # Quick charging has a plug of its own, which the plug state does not know (leafspy §4 [H]).
                plugged_in=True if mode == 3 else None if plug is None else plug == 2,
                status=_STATUSES[charging],
                power=power,
                speed=_speed(mode, power),
            )
        ),
        Connectivity(**stamp, reachable=True),
        known(Odometer(**stamp, distance=odometer_of(number(parameters.get("Odo")), miles=units.odometer_miles))),
        # Without a fix the app sends 0/0 (leafspy §3 [H]).
        position(stamp, number(parameters.get("Lat")), number(parameters.get("Long"))),
    )
    return Message(
        key=key,
        state=state,
        charging=charging,
        doubtful=doubtful,
        outside=number(parameters.get("Amb")),
        outside_is_fahrenheit=fahrenheit,
    )


_STATUSES = {True: ChargingStatus.CHARGING, False: ChargingStatus.NOT_CHARGING, None: None}


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
