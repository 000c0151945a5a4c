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
        level=said.number("battery_level", 0, 100),
        range=_kilometres(said.number("battery_range", 0, 1500)),
    )


def _kilometres(miles: float | None) -> float | None:
    return None if miles is None else round(miles * KM_PER_MILE, 1)


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
        power=said.number("charger_power", 0, 1000),
        finish_at=stamp["received_at"] + timedelta(hours=hours) if charges and hours else None,
        limit=said.number("charge_limit_soc", 1, 100),
    )


def _climate(said: Values, stamp: Stamp) -> Climate:
    switches = {said.flag("is_climate_on"), said.flag("is_auto_conditioning_on")} - {None}
    return Climate(
        **stamp,
        running=any(switches) if switches else None,
        target_temperature=said.number("driver_temp_setting", 5, 40),
        inside_temperature=said.number("inside_temp", -60, 100),
        outside_temperature=said.number("outside_temp", -60, 70),
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
    latitude, longitude = said.number("latitude", -90, 90), said.number("longitude", -180, 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    heading = said.number("heading", 0, 360)
    return Position(**stamp, latitude=latitude, longitude=longitude, heading=None if heading is None else heading % 360)


def _odometer(said: Values, stamp: Stamp) -> Odometer:
    return Odometer(**stamp, distance=_kilometres(said.number("odometer", 0.1, 3_000_000)))


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


def _tyre(said: Values, place: str, factor: float | None) -> Tyre:
    pressure = said.number(f"tpms_{place}", 0.1, 1000)
    if pressure is None or factor is None or not 50 <= pressure * factor <= 1000:
        return Tyre()
    return Tyre(pressure=round(pressure * factor, 1))


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
