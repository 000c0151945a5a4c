"""From the fields of a feed to groups of the vehicle's state (teslafi §5)."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta

from ...vehicle import (
    Battery,
    Body,
    Charging,
    ChargingStatus,
    Climate,
    Connectivity,
    Odometer,
    Position,
    Reported,
    Stamp,
    Tyre,
    Tyres,
    VehicleState,
)
from ..quantities import LEVEL, ODOMETER, POWER, PRESSURE, RANGE, TARGET_TEMPERATURE, TEMPERATURE, heading, place
from .values import Values

BACKEND = "teslafi"

KM_PER_MILE = 1.609344
"""Distances are miles whatever the account shows (§5 [H])."""


def parse(said: Values, received_at: datetime, *, live: bool) -> VehicleState:
    """Return what a reply tells; nothing is raised, whatever it is.

    ``live``: it is the newest point of all, so that it tells of now and forecasts count from ``received_at``.
    """
    # No ``reported_at``: ``Date`` is the local time of an account whose zone nobody tells (§5).
    stamp = Stamp(backend=BACKEND, received_at=received_at, reported_at=None)
    groups = (
        _battery(said, stamp),
        _charging(said, stamp, live=live),
        _climate(said, stamp),
        _body(said, stamp),
        _odometer(said, stamp),
        _tyres(said, stamp),
    )
    known = (group for group in groups if _is_known(group))
    return VehicleState.of(*known, _position(said, stamp), _connectivity(said, stamp) if live else None)


def _is_known(group: Reported) -> bool:
    stamp = {field.name for field in fields(Reported)}
    return any(getattr(group, each.name) != each.default for each in fields(group) if each.name not in stamp)


def _battery(said: Values, stamp: Stamp) -> Battery:
    return Battery(
        **stamp,
        level=LEVEL.of(said.number("battery_level")),
        range=RANGE.of(_kilometres(said.number("battery_range"))),
    )


def _kilometres(miles: float | None) -> float | None:
    return None if miles is None else miles * KM_PER_MILE


_STATUSES: Mapping[str, ChargingStatus | None] = {
    "charging": ChargingStatus.CHARGING,
    "complete": ChargingStatus.FINISHED,
    "disconnected": ChargingStatus.NOT_CHARGING,
    "nopower": ChargingStatus.WAITING_FOR_POWER,
    "starting": None,
    "stopped": ChargingStatus.NOT_CHARGING,
}


def _charging(said: Values, stamp: Stamp, *, live: bool) -> Charging:
    """A vehicle is plugged in in every state but one; of a state that nobody has described that is not known."""
    word = (said.text("charging_state") or "").casefold()
    status = _STATUSES.get(word)
    hours = said.number("time_to_full_charge", 0.01, 240)
    charges = live and status is ChargingStatus.CHARGING
    return Charging(
        **stamp,
        plugged_in=word != "disconnected" if word in _STATUSES else None,
        status=status,
        power=POWER.of(said.number("charger_power")),
        finish_at=stamp["received_at"] + timedelta(hours=hours) if charges and hours else None,
        limit=LEVEL.of(said.number("charge_limit_soc")) or None,
    )


def _climate(said: Values, stamp: Stamp) -> Climate:
    switches = {said.flag("is_climate_on"), said.flag("is_auto_conditioning_on")} - {None}
    return Climate(
        **stamp,
        running=any(switches) if switches else None,
        target_temperature=TARGET_TEMPERATURE.of(said.number("driver_temp_setting")),
        inside_temperature=TEMPERATURE.of(said.number("inside_temp")),
        outside_temperature=TEMPERATURE.of(said.number("outside_temp")),
    )


def _body(said: Values, stamp: Stamp) -> Body:
    """Doors are told as the driver's and the passenger's, so the side of the wheel has to be known."""
    right_hand_drive = said.flag("rhd")
    left, right = ("p", "d") if right_hand_drive else ("d", "p")
    sided = right_hand_drive is not None
    return Body(
        **stamp,
        locked=said.flag("locked"),
        door_front_left=said.flag(f"{left}f") if sided else None,
        door_front_right=said.flag(f"{right}f") if sided else None,
        door_rear_left=said.flag(f"{left}r") if sided else None,
        door_rear_right=said.flag(f"{right}r") if sided else None,
        hatch=said.flag("rt"),
    )


def _position(said: Values, stamp: Stamp) -> Position | None:
    if (found := place(said.number("latitude"), said.number("longitude"))) is None:
        return None
    return Position(**stamp, latitude=found[0], longitude=found[1], heading=heading(said.number("heading")))


def _odometer(said: Values, stamp: Stamp) -> Odometer:
    return Odometer(**stamp, distance=ODOMETER.of(_kilometres(said.number("odometer"))))


_KPA = {"psi": 6.894757, "bar": 100.0, "kpa": 1.0}


def _tyres(said: Values, stamp: Stamp) -> Tyres:
    """Return the pressures; without a unit they are psi (§5)."""
    factor = _KPA.get((said.text("pressure") or "psi").casefold())
    return Tyres(
        **stamp,
        front_left=_tyre(said, "front_left", factor),
        front_right=_tyre(said, "front_right", factor),
        rear_left=_tyre(said, "rear_left", factor),
        rear_right=_tyre(said, "rear_right", factor),
    )


def _tyre(said: Values, wheel: str, factor: float | None) -> Tyre:
    pressure = said.number(f"tpms_{wheel}")
    return Tyre() if pressure is None or factor is None else Tyre(pressure=PRESSURE.of(pressure * factor))


def _connectivity(said: Values, stamp: Stamp) -> Connectivity | None:
    """Return whether the vehicle can be reached now, which ceases to be known when it falls asleep.

    A sleeping vehicle counts as offline in the feed, which is not the same as out of reach.
    """
    state, doing = said.text("state"), said.text("carState")
    if state is None and doing is None:
        return None
    sleeps = (doing or "").casefold() == "sleeping"
    return Connectivity(
        **stamp, reachable={"online": True, "offline": None if sleeps else False}.get((state or "").casefold())
    )
