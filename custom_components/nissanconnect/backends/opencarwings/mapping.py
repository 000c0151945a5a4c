"""From the server's car objects and alerts to what is known of a vehicle (opencarwings §3, §4).

This is the one door through which car objects come in. The server sends the owner's SMS account, the SIM's numbers and
the telematics unit's passwords along (§6). Only what is named here gets past this module; no object is kept.

Almost every field has a number that means "none". Before the first upload all of them are 0 or false, so a part without
a time was never reported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import NamedTuple

from ...vehicle import (
    AlertType,
    Battery,
    Body,
    Capability,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Connectivity,
    Health,
    Notification,
    Odometer,
    Powertrain,
    ProtocolError,
    Reported,
    Stamp,
    Tyres,
    VehicleInfo,
    VehicleState,
    normalise_key,
)
from ..base import Json
from ..mapping import BARS, ENERGY, HEALTH, LEVEL, MINUTES, ODOMETER, RANGE, TEMPERATURE, known, position, tyres
from ..reader import JsonReader, time_of

BACKEND = "opencarwings"

TIMER_NAME = "Home Assistant"
"""The name of our timer. There is one, and no other is changed."""
ONCE = 0
"""The type of a timer that is not repeated."""
CLIMATE_ON = 3
"""The command that starts the climate control."""


@dataclass(frozen=True, slots=True)
class Timer:
    """One climate start in the future, unless it is disabled; ``ours`` by its name."""

    id: int
    at: datetime
    enabled: bool
    ours: bool


@dataclass(frozen=True, slots=True)
class LastCommand:
    """The newest command, whoever sent it; :mod:`.commands` knows the meaning of ``result``.

    ``requested_at`` is by the server's clock.
    """

    id: int
    type: int
    result: int
    requested_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarRecord:
    """What is known from car objects. ``vin`` is spelt as the server spells it, because there its case counts (§3).

    ``detailed``: it was no entry of the list, which leaves out commands and timers. ``user`` is the owner's number.
    ``supported`` are the commands that the vehicle knows, ``pinned`` those that take a PIN.
    """

    vin: str = field(repr=False)
    info: VehicleInfo
    state: VehicleState
    detailed: bool = False
    user: str | None = field(default=None, repr=False)
    supported: frozenset[int] = frozenset()
    pinned: frozenset[int] = frozenset()
    command: LastCommand | None = None
    timers: tuple[Timer, ...] = ()


_UNIT_COMMANDS = {
    "continental2012": frozenset({1, 2, 3, 4, 5}),
    "ficosa2016": frozenset({1, 2, 3, 4, *range(6, 16)}),
}
"""What the two telematics units support (§4), where a car object does not list it."""

_SENSITIVE = frozenset(range(7, 15))
"""Which commands take a PIN if any do, where a car object does not list them (§4 [B])."""


def parse_car(payload: Json, now: datetime) -> CarRecord:
    """Read a car object, of the list or with all details.

    Raises:
        ProtocolError: It is none, or has no VIN.
    """
    car = JsonReader.of(payload)
    vin = car.line("vin", longest=40)
    if vin is None:
        raise ProtocolError("a vehicle without a VIN")
    listed = _codes(car, "supported_commands")
    supported = _UNIT_COMMANDS.get(car.line("tcu_type") or "", frozenset()) if listed is None else listed
    sensitive = _codes(car, "sensitive_commands")
    pinned = _SENSITIVE if sensitive is None else sensitive
    pinned = pinned if car.flag("command_pin_enforced") else frozenset()
    timers = parse_timers(car.get("timer_commands"))
    return CarRecord(
        vin=vin,
        info=_info(car, vin, supported, pinned),
        state=_state(car, now, next_start(timers, now)),
        detailed=listed is not None or car.get("command_id") is not None,
        user=None if (owner := car.integer("owner")) is None else str(owner),
        supported=supported,
        pinned=pinned,
        command=_last_command(car, now),
        timers=timers,
    )


def _codes(car: JsonReader, name: str) -> frozenset[int] | None:
    """Return a list of numbers of commands as a set; ``None`` if there is no list."""
    listed = car.get(name)
    if not isinstance(listed, list):
        return None
    return frozenset(each for each in listed if isinstance(each, int) and not isinstance(each, bool))


def _last_command(car: JsonReader, now: datetime) -> LastCommand | None:
    identifier, kind, result = (car.integer(f"command_{name}") for name in ("id", "type", "result"))
    if identifier is None or kind is None or result is None or identifier < 0:
        return None
    return LastCommand(identifier, kind, result, car.past(now, "command_request_time"))


def parse_timers(payload: Json) -> tuple[Timer, ...]:
    """Return the timers that start the climate control once. Weekly ones are a habit, not the next start."""
    timers = []
    for timer in JsonReader.list_of(payload):
        identifier, day, time = timer.integer("id", 0), timer.line("date", 10), timer.line("time", 8)
        at = time_of(f"{day}T{time}") if day and time else None
        if identifier is None or at is None:
            continue
        if timer.integer("timer_type") == ONCE and timer.integer("command_type") == CLIMATE_ON:
            ours = timer.line("name") == TIMER_NAME
            timers.append(Timer(identifier, at, enabled=timer.flag("enabled") is not False, ours=ours))
    return tuple(timers)


def next_start(timers: Iterable[Timer], now: datetime) -> datetime | None:
    """Return when the climate starts next. Our own timer comes first: it shows whether a command was carried out."""
    coming = (timer for timer in timers if timer.enabled and timer.at > now)
    return min(((not timer.ours, timer.at) for timer in coming), default=(True, None))[1]


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
"""The commands that each capability needs (§4). A target temperature is left out: the server accepts one, but its own
author never tried it, and its unit is unknown ([D])."""

_WITHOUT_PIN = {Capability.HORN, Capability.LIGHTS, Capability.STOP_SIGNALS}
"""What is a button in Home Assistant, which cannot take a PIN."""


def _info(car: JsonReader, vin: str, supported: frozenset[int], pinned: frozenset[int]) -> VehicleInfo:
    """Return who the vehicle is. The server knows only two models, and e-NV200s are built in one place (§3.2 [B])."""
    capabilities = {capability for capability, codes in _NEEDED.items() if codes <= supported} | _ALWAYS
    capabilities -= {each for each in _WITHOUT_PIN if _NEEDED[each] & pinned}
    if Capability.LOCK in capabilities and pinned & _NEEDED[Capability.LOCK]:
        capabilities.add(Capability.LOCK_PIN)
    key = normalise_key(vin)
    return VehicleInfo(
        key=key,
        vin=key,
        nickname=car.line("nickname"),
        model="e-NV200" if key.startswith("VSK") else "LEAF",
        gateway=car.line("tcu_type", longest=32),
        powertrain=Powertrain.ELECTRIC,
        capabilities=frozenset(capabilities),
    )


def _state(car: JsonReader, now: datetime, next_start_at: datetime | None) -> VehicleState:
    """Return the state that a car object holds. The next start is the server's own, so it needs no upload."""
    ev, health, location = (_uploaded(car.child(name)) for name in ("ev_info", "veh_health", "location"))
    groups: list[Reported | None] = [_odometer(car, health, now), _connectivity(car, now)]
    if ev is None:
        groups.append(known(Climate(**_stamp(now), next_start_at=next_start_at)))
    else:
        stamp = _upload_stamp(ev, now)
        groups += [_battery(ev, stamp), _charging(ev, stamp), _climate(ev, stamp, next_start_at)]
    if health is not None:
        stamp = _upload_stamp(health, now)
        groups += [known(_tyres(health, stamp)), known(_health(health, stamp))]
    if location is not None:
        groups.append(position(_upload_stamp(location, now), location.number("lat"), location.number("lon")))
    return VehicleState.of(*groups)


def _uploaded(part: JsonReader) -> JsonReader | None:
    """Return a part that was ever uploaded. Its time may still be unknown, if the server's clock is wrong."""
    return None if time_of(part.get("last_updated")) is None else part


def _stamp(now: datetime, reported_at: datetime | None = None) -> Stamp:
    return Stamp(backend=BACKEND, received_at=now, reported_at=reported_at)


def _upload_stamp(part: JsonReader, now: datetime) -> Stamp:
    return _stamp(now, part.past(now, "last_updated"))


_NONE = (0,)
"""What stands where a number means nothing, although it is possible."""

_CAPACITIES: Mapping[float, float] = {281: 24.0, 356: 30.0, 502: 40.0}
"""kWh by the most gids that a battery can hold (§3.2 [B])."""


def _battery(ev: JsonReader, stamp: Stamp) -> Battery:
    energy = ev.number("wh_content")
    return Battery(
        **stamp,
        level=ev.quantity("soc_display", LEVEL, never=_NONE) or ev.quantity("soc", LEVEL, never=_NONE),
        range=ev.quantity("range_acoff", RANGE, never=_NONE),
        range_climate_on=ev.quantity("range_acon", RANGE, never=_NONE),
        capacity=_CAPACITIES.get(ev.number("max_gids") or 0),
        energy=None if energy is None else ENERGY.of(energy / 1000),
        health=ev.quantity("soh", HEALTH),
        health_bars=ev.quantity("cap_bars", BARS),
    )


def _charging(ev: JsonReader, stamp: Stamp) -> Charging:
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


def _minutes(ev: JsonReader, name: str) -> float | None:
    return ev.quantity(name, MINUTES, never=(0, 2047, 4095))


def _climate(ev: JsonReader, stamp: Stamp, next_start_at: datetime | None) -> Climate:
    return Climate(
        **stamp,
        running=ev.flag("ac_status"),
        inside_temperature=ev.quantity("cabin_temp", TEMPERATURE, never=_NONE),
        next_start_at=next_start_at,
    )


def _odometer(car: JsonReader, health: JsonReader | None, now: datetime) -> Odometer | None:
    """Return the distance; the one of the older units has no time of its own (§3.1)."""
    if health is not None and (distance := health.quantity("mileage", ODOMETER)) is not None:
        return Odometer(**_upload_stamp(health, now), distance=distance)
    return known(Odometer(**_stamp(now), distance=car.quantity("odometer", ODOMETER)))


def _connectivity(car: JsonReader, now: datetime) -> Connectivity:
    """Return when the telematics unit last called, if it ever did. Whether it can be reached now is unknown."""
    return Connectivity(**_stamp(now, car.past(now, "last_connection")))


def _tyres(health: JsonReader, stamp: Stamp) -> Tyres:
    return tyres(stamp, [health.number(f"tpms_{wheel}") for wheel in ("fl", "fr", "rl", "rr")])


def _health(health: JsonReader, stamp: Stamp) -> Health:
    """Return the lamps, and the trouble codes as the server labels them; one lamp stands for all four tyres."""
    values: dict[str, str | float | bool] = {
        name: lit for name in ("maintenance_alert", "tpms_light") if (lit := health.flag(name)) is not None
    }
    if isinstance(health.get("dtc_long"), list):
        codes = [_trouble_code(each) for each in health.children("dtc_long")]
        values["trouble_codes"] = ", ".join(sorted(filter(None, codes))[:20])
    return Health(**stamp, values=values)


def _trouble_code(trouble: JsonReader) -> str | None:
    code, unit = trouble.line("code_label", 32), trouble.line("ecu_label", 32)
    if code is None or not re.fullmatch(r"[0-9A-Z-]+", code):
        return None
    return f"{code} ({unit})" if unit is not None and re.fullmatch(r"[0-9A-Za-z /_-]+", unit) else code


class _Meaning(NamedTuple):
    """What the number of a type means, in any language. ``alert`` is ``None`` for what no owner needs to know."""

    kind: str
    alert: AlertType | None = AlertType.CLOUD_MESSAGE


_MEANINGS: Mapping[int, _Meaning] = {
    1: _Meaning("charge_stop"),  # only the vehicle's values show whether the battery is full
    2: _Meaning("charge_start"),
    3: _Meaning("charge_cable_reminder"),
    4: _Meaning("climate_on", AlertType.CLIMATE_STARTED),
    5: _Meaning("climate_off", AlertType.CLIMATE_STOPPED),
    6: _Meaning("configuration_read", None),
    7: _Meaning("climate_auto_off", AlertType.CLIMATE_STOPPED),
    8: _Meaning("quick_charge_stop"),
    9: _Meaning("battery_heater_on"),
    10: _Meaning("battery_heater_off"),
    11: _Meaning("charge_to_80_start"),
    12: _Meaning("unlocked"),
    13: _Meaning("locked"),
    14: _Meaning("signals_started", None),
    15: _Meaning("signals_stopped", None),
    16: _Meaning("remote_start"),
    17: _Meaning("remote_stop"),
    18: _Meaning("configuration_sent", None),
    19: _Meaning("refreshed", None),
    20: _Meaning("burglar_alarm", AlertType.ALARM),
    21: _Meaning("towed", AlertType.UNEXPECTED_MOVEMENT),
    92: _Meaning("configuration_failed"),
    93: _Meaning("remote_start_failed"),
    94: _Meaning("signals_failed"),
    95: _Meaning("lock_failed"),
    96: _Meaning("charge_start_failed"),
    97: _Meaning("climate_failed"),
    98: _Meaning("timed_out"),
    99: _Meaning("failed"),
}
"""Which is which in the pairs 9/10 and 14/15 is inferred from their order ([C]); nothing depends on it."""

_UNLOCKED, _LOCKED = 12, 13


@dataclass(frozen=True, slots=True)
class CarAlert:
    """One alert; ``at`` is by the server's clock.

    What happens by itself carries the id of the last command along, so an id alone proves nothing (§4.1).
    """

    id: int
    type: int
    at: datetime
    command_id: int | None
    title: str | None = None


def parse_alert(payload: Json, now: datetime) -> CarAlert | None:
    """Read an alert. Its additional data are dropped: they are free text of the server's, which may hold anything."""
    alert = JsonReader.of(payload)
    identifier, kind, at = alert.integer("id"), alert.integer("type", 0, 1000), alert.past(now, "timestamp")
    if identifier is None or kind is None or at is None:
        return None
    return CarAlert(identifier, kind, at, alert.integer("command_id", 0), alert.line("type_display"))


def parse_alerts(payload: Json, now: datetime) -> tuple[CarAlert, ...]:
    """Return the readable alerts of a list, newest first."""
    alerts = (parse_alert(each, now) for each in (payload if isinstance(payload, list) else ()))
    return newest_first(alert for alert in alerts if alert is not None)


def newest_first(alerts: Iterable[CarAlert]) -> tuple[CarAlert, ...]:
    """Sort alerts."""
    return tuple(sorted(alerts, key=lambda alert: (alert.at, alert.id), reverse=True))


def notification(alert: CarAlert) -> Notification | None:
    """Return the notification for an owner, if any. Its title is the server's name of the alert, or else its kind."""
    kind, meaning = _MEANINGS.get(alert.type, _Meaning(f"alert_{alert.type}"))
    if meaning is None:
        return None
    title = alert.title or kind.replace("_", " ").capitalize()
    return Notification(id=str(alert.id), kind=kind, alert=meaning, title=title, sent_at=alert.at)


def notifications(alerts: Iterable[CarAlert]) -> tuple[Notification, ...]:
    """Return the notifications for an owner."""
    return tuple(found for alert in alerts if (found := notification(alert)) is not None)


def lock_of(alerts: Iterable[CarAlert], now: datetime) -> Body | None:
    """Return the lock as the last remote command left it (§3.2): nothing reports it. ``alerts`` are newest first."""
    last = next((alert for alert in alerts if alert.type in {_UNLOCKED, _LOCKED}), None)
    return None if last is None else Body(**_stamp(now, last.at), locked=last.type == _LOCKED, assumed=True)
