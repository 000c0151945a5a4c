"""What a car object says of the vehicle, in the terms of ``vehicle`` (opencarwings §3.1, §3.2).

Almost every field has a number that means "none". Before the first upload all of them are 0 or false: what has no time
was never reported.
"""

from collections.abc import Mapping
from datetime import datetime
import re

from ...vehicle import (
    Battery,
    Body,
    Capability,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Connectivity,
    Health,
    Odometer,
    Position,
    Powertrain,
    Reported,
    Stamp,
    Tyre,
    Tyres,
    VehicleInfo,
    VehicleState,
    normalise_key,
)
from ..quantities import BARS, ENERGY, HEALTH, LEVEL, MINUTES, ODOMETER, PRESSURE, RANGE, TEMPERATURE, place
from ..reader import time_of
from .values import Said

BACKEND = "opencarwings"

_NONE = (0,)
"""What stands where a number means nothing, although it is possible."""


def _stamp(now: datetime, reported_at: datetime | None) -> Stamp:
    return Stamp(backend=BACKEND, received_at=now, reported_at=reported_at)


_ALWAYS = {Capability.BATTERY, Capability.LOCATION, Capability.SEND_DESTINATION}
_NEEDED: Mapping[Capability, frozenset[int]] = {
    Capability.REFRESH: frozenset({1}),
    Capability.START_CHARGING: frozenset({2}),
    Capability.CLIMATE: frozenset({3, 4}),
    Capability.CLIMATE_SCHEDULE: frozenset({3}),
    Capability.CLIMATE_STATUS: frozenset({3}),
    Capability.LOCK: frozenset({7, 8}),
    Capability.LOCK_STATUS: frozenset({7, 8}),
    Capability.HORN: frozenset({9}),
    Capability.LIGHTS: frozenset({10}),
    Capability.STOP_SIGNALS: frozenset({12}),
}
"""What a vehicle can do, by the commands that this takes (§4). A target temperature is not there: what the server
accepts as one was never tried by its own author, and how it is counted is unknown ([D])."""

_WITHOUT_PIN = {Capability.HORN, Capability.LIGHTS, Capability.STOP_SIGNALS}
"""What a button does, which cannot ask for a PIN."""


def info_of(said: Said, vin: str, offered: frozenset[int], pinned: frozenset[int]) -> VehicleInfo:
    """Return who the vehicle is. The server knows only two models, and e-NV200s are built in one place (§3.2 [B])."""
    capabilities = {capability for capability, codes in _NEEDED.items() if codes <= offered} | _ALWAYS
    capabilities -= {each for each in _WITHOUT_PIN if _NEEDED.get(each, frozenset()) & pinned}
    if Capability.LOCK in capabilities and pinned & _NEEDED[Capability.LOCK]:
        capabilities.add(Capability.LOCK_PIN)
    key = normalise_key(vin)
    return VehicleInfo(
        key=key,
        vin=key,
        nickname=said.line("nickname"),
        model="e-NV200" if key.startswith("VSK") else "LEAF",
        gateway=said.line("tcu_type", longest=32),
        powertrain=Powertrain.ELECTRIC,
        capabilities=frozenset(capabilities),
    )


def state_of(said: Said, now: datetime, next_start_at: datetime | None) -> VehicleState:
    """Return all that the car object says; a group without any value is left out."""
    ev, health, location = (_reported(said.child(name)) for name in ("ev_info", "veh_health", "location"))
    groups: list[Reported | None] = [_climate(ev, now, next_start_at), _connectivity(said, now)]
    if ev is not None:
        stamp = _stamp(now, ev.past(now, "last_updated"))
        groups += [_battery(ev, stamp), _charging(ev, stamp)]
    if health is not None:
        stamp = _stamp(now, health.past(now, "last_updated"))
        groups += [_tyres(health, stamp), _health(health, stamp)]
    if location is not None:
        groups.append(_position(location, _stamp(now, location.past(now, "last_updated"))))
    groups.append(_odometer(said, health, now))
    return VehicleState.of(*groups)


def _reported(part: Said) -> Said | None:
    """Return a part that was ever uploaded. Its time may still be unknown, if the server's clock is wrong."""
    return None if time_of(part.get("last_updated")) is None else part


def lock_of(locked: bool, at: datetime, now: datetime) -> Body:
    """Return the lock as it was last turned from afar; nothing reads it back (§3.2)."""
    return Body(**_stamp(now, at), locked=locked, assumed=True)


_CAPACITIES: Mapping[float, float] = {281: 24.0, 356: 30.0, 502: 40.0}
"""kWh by the most gids that a battery can hold (§3.2 [B])."""


def _battery(ev: Said, stamp: Stamp) -> Battery:
    energy = ev.number("wh_content")
    return Battery(
        **stamp,
        level=LEVEL.of(ev.number("soc_display", never=_NONE)) or LEVEL.of(ev.number("soc", never=_NONE)),
        range=RANGE.of(ev.number("range_acoff", never=_NONE)),
        range_climate_on=RANGE.of(ev.number("range_acon", never=_NONE)),
        capacity=_CAPACITIES.get(ev.number("max_gids") or 0),
        energy=None if energy is None else ENERGY.of(energy / 1000),
        health=HEALTH.of(ev.number("soh")),
        health_bars=BARS.of(ev.number("cap_bars")),
    )


def _charging(ev: Said, stamp: Stamp) -> Charging:
    charging, finished, quick = (ev.flag(name) for name in ("charging", "charge_finish", "quick_charging"))
    status = None if charging is None else ChargingStatus.NOT_CHARGING
    if charging or quick:
        status = ChargingStatus.CHARGING
    elif finished:
        status = ChargingStatus.FINISHED
    return Charging(
        **stamp,
        plugged_in=ev.flag("plugged_in"),
        status=status,
        speed=ChargeSpeed.FASTEST if quick else None,
        time_to_full_slow=_minutes(ev, "limit_chg_time"),
        time_to_full_normal=_minutes(ev, "full_chg_time"),
        time_to_full_fast=_minutes(ev, "obc_6kw") if ev.flag("obc_6kw_avail") else None,
    )


def _minutes(ev: Said, name: str) -> float | None:
    return MINUTES.of(ev.number(name, never=(0, 2047, 4095)))


def _climate(ev: Said | None, now: datetime, next_start_at: datetime | None) -> Climate | None:
    """Return the climate control. The planned start is the server's own, so it is known without the vehicle."""
    if ev is None:
        return None if next_start_at is None else Climate(**_stamp(now, None), next_start_at=next_start_at)
    return Climate(
        **_stamp(now, ev.past(now, "last_updated")),
        running=ev.flag("ac_status"),
        inside_temperature=TEMPERATURE.of(ev.number("cabin_temp", never=_NONE)),
        next_start_at=next_start_at,
    )


def _position(location: Said, stamp: Stamp) -> Position | None:
    found = place(location.number("lat"), location.number("lon"))
    return None if found is None else Position(**stamp, latitude=found[0], longitude=found[1])


def _odometer(said: Said, health: Said | None, now: datetime) -> Odometer | None:
    """Return the distance; the one of the older units has no time of its own (§3.1)."""
    if health is not None and (checked := ODOMETER.of(health.number("mileage"))) is not None:
        return Odometer(**_stamp(now, health.past(now, "last_updated")), distance=checked)
    plain = ODOMETER.of(said.number("odometer"))
    return None if plain is None else Odometer(**_stamp(now, None), distance=plain)


def _connectivity(said: Said, now: datetime) -> Connectivity:
    """Return when the telematics unit last called, if it ever did. Whether it would answer now nobody knows."""
    return Connectivity(**_stamp(now, said.past(now, "last_connection")))


def _tyres(health: Said, stamp: Stamp) -> Tyres | None:
    front_left, front_right, rear_left, rear_right = (
        Tyre(pressure=PRESSURE.of(health.number(f"tpms_{wheel}"))) for wheel in ("fl", "fr", "rl", "rr")
    )
    tyres = Tyres(**stamp, front_left=front_left, front_right=front_right, rear_left=rear_left, rear_right=rear_right)
    return tyres if tyres != Tyres(**stamp) else None


def _health(health: Said, stamp: Stamp) -> Health | None:
    """Return the lamps, and the trouble codes as the server labels them; one lamp stands for all four tyres."""
    values: dict[str, str | float | bool] = {
        name: lit for name in ("maintenance_alert", "tpms_light") if (lit := health.flag(name)) is not None
    }
    if isinstance(health.get("dtc_long"), list):
        codes = [_trouble_code(each) for each in health.children("dtc_long")]
        values["trouble_codes"] = ", ".join(sorted(filter(None, codes))[:20])
    return Health(**stamp, values=values) if values else None


def _trouble_code(said: Said) -> str | None:
    code, unit = said.line("code_label", 32), said.line("ecu_label", 32)
    if code is None or not re.fullmatch(r"[0-9A-Z-]+", code):
        return None
    return f"{code} ({unit})" if unit is not None and re.fullmatch(r"[0-9A-Za-z /_-]+", unit) else code
