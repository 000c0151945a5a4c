"""What A Better Routeplanner is sent of a vehicle, and when, by its telemetry API and its own plug-in (charging §7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from operator import attrgetter
from typing import NamedTuple

from ..vehicle import NEVER, ChargeSpeed, Charging, ChargingStatus, Group, Position, VehicleInfo, VehicleState
from .activity import Activity
from .charge_physics import usable_capacity

_FIELDS = (
    (Group.BATTERY, "level", "soc"),
    (Group.BATTERY, "energy", "soe"),
    (Group.BATTERY, "health", "soh"),
    (Group.BATTERY, "temperature", "batt_temp"),
    (Group.BATTERY, "range", "est_battery_range"),
    (Group.CHARGING, "active", "is_charging"),
    (Group.CLIMATE, "outside_temperature", "ext_temp"),
    (Group.CLIMATE, "inside_temperature", "cabin_temp"),
    (Group.ODOMETER, "distance", "odometer"),
    (Group.TYRES, "front_left.pressure", "tire_pressure_fl"),
    (Group.TYRES, "front_right.pressure", "tire_pressure_fr"),
    (Group.TYRES, "rear_left.pressure", "tire_pressure_rl"),
    (Group.TYRES, "rear_right.pressure", "tire_pressure_rr"),
)
"""What is sent as we have it, with the service's names. Its units are ours."""

_MOST_AC_POWER = 22.5
"""kW. The strongest charger on board, an Ariya's, takes 22 kW."""

_SAME_PLACE = timedelta(minutes=5)
"""How far the times of position and level may lie apart."""

_CLOCK_SKEW = timedelta(minutes=5)
"""How far in the future a time may lie; one beyond was read by a wrong clock."""

_SPACING = timedelta(seconds=5)
"""How far apart samples are at least."""

_LEVEL_STEP, _POWER_STEP = 1.0, 1.0
"""By how many % and kW a sample has to differ to be sent at once."""


class TelemetryMode(Enum):
    """What the rhythm depends on."""

    DRIVING = auto()
    DC = auto()
    AC = auto()
    PARKED = auto()


class _Pace(NamedTuple):
    """How far apart samples are if nothing changes, and how old one may be."""

    interval: timedelta
    oldest: timedelta


_LIVE = _Pace(timedelta(seconds=60), timedelta(minutes=5))
"""The service takes a connection for broken after three minutes, so one sample in 160 s is the least."""

_READ = timedelta(hours=2)
"""The longest time between two reads of a parked vehicle."""

_PACES: Mapping[TelemetryMode, _Pace] = {
    TelemetryMode.DRIVING: _LIVE,
    TelemetryMode.DC: _LIVE,
    TelemetryMode.AC: _Pace(timedelta(minutes=30), _READ),
    TelemetryMode.PARKED: _Pace(timedelta(days=1), _READ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySample:
    """What was known of a vehicle ``at`` a time. ``telemetry`` is for the service, and may hold a position."""

    at: datetime
    mode: TelemetryMode
    plugged_in: bool | None
    telemetry: Mapping[str, float | bool] = field(repr=False)

    def is_news_after(self, other: TelemetrySample) -> bool:
        """Whether it differs so much from an ``other`` sample that it is sent at once."""
        if (self.mode, self.plugged_in) != (other.mode, other.plugged_in):
            return True
        return self._step("soc", other) >= _LEVEL_STEP or self._step("power", other) >= _POWER_STEP

    def _step(self, name: str, other: TelemetrySample) -> float:
        return abs(self.telemetry.get(name, 0.0) - other.telemetry.get(name, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTelemetry:
    """The last sample that was sent, and when. What was known ``until`` then is not sent any more.

    At first there is none, and ``until`` is from when the restored state is.
    """

    until: datetime
    sent_at: datetime = NEVER
    sample: TelemetrySample | None = None


def known_until(state: VehicleState) -> datetime:
    """Return when the vehicle last reported its battery or charger; :data:`NEVER` if it has not.

    A charger that comes without a time of its own is as old as the battery.
    """
    if state.battery is None:
        return NEVER
    known_at = state.battery.known_at
    return max(known_at, (state.charging and state.charging.reported_at) or known_at)


def sample_of(
    state: VehicleState,
    info: VehicleInfo,
    activity: Activity,
    now: datetime,
    *,
    pushed: bool = False,
    with_position: bool = False,
) -> TelemetrySample | None:
    """Return a sample of the ``state``; ``None`` if it would lack the level, or that is older than the rest.

    What is unknown, or known from much earlier than the rest, is left out. Of a state that was ``pushed`` the level
    counts only with the time that it was reported at: a message may be one that a broker has kept.
    """
    battery, at = state.battery, known_until(state)
    if battery is None or battery.level is None or (pushed and battery.reported_at is None):
        return None
    since = at - (_LIVE.oldest if activity.driving else _READ)
    if battery.known_at < since:
        return None
    recent = state.only([group for group, value in state.groups().items() if value.known_at >= since])
    values = {name: attrgetter(path)(found) for group, path, name in _FIELDS if (found := getattr(recent, group))}
    charging, climate = recent.charging, recent.climate
    plugged_in = charging.plugged_in if charging else None
    is_dc = _is_dc(charging)
    values |= {
        "utc": int(min(at, now).timestamp()),
        "capacity": usable_capacity(info, state),
        "power": _power(charging),
        "is_dcfc": is_dc,
        "is_parked": True if plugged_in else None if activity.driving is None else not activity.driving,
        "hvac_setpoint": climate.target_temperature if climate and climate.running else None,
    }
    if with_position and not state.is_private:
        values |= _place(recent.position, at)
    if activity.driving:
        mode = TelemetryMode.DRIVING
    elif charging is not None and charging.active:
        mode = TelemetryMode.DC if is_dc else TelemetryMode.AC
    else:
        mode = TelemetryMode.PARKED
    telemetry = {name: value for name, value in values.items() if value is not None}
    return TelemetrySample(at=at, mode=mode, plugged_in=plugged_in, telemetry=telemetry)


def due_at(sample: TelemetrySample, last: LastTelemetry, now: datetime) -> datetime | None:
    """Return when to send a sample, at the earliest; ``None`` if it is too old, or not newer than the ``last`` one.

    A clock that was set back does not hold up what comes after.
    """
    pace = _PACES[sample.mode]
    is_newer = sample.at > last.until or last.until > now + _CLOCK_SKEW
    if not is_newer or now - sample.at > pace.oldest:
        return None
    if last.sample is None or last.sent_at > now:
        return now
    return last.sent_at + (_SPACING if sample.is_news_after(last.sample) else pace.interval)


def _is_dc(charging: Charging | None) -> bool | None:
    """Return whether a vehicle that charges does so with direct current; ``None`` if that is unknown."""
    if charging is None or not charging.active:
        return None
    if charging.power is not None and charging.power > _MOST_AC_POWER:
        return True
    if charging.speed in (None, ChargeSpeed.ADAPTIVE):
        return None
    return charging.speed is ChargeSpeed.FASTEST


def _power(charging: Charging | None) -> float | None:
    """Return the kW out of the battery: less than zero while it charges."""
    if charging is None or charging.power is None:
        return None
    if charging.active:
        return -abs(charging.power)
    return abs(charging.power) if charging.status is ChargingStatus.V2G_DISCHARGING else None


def _place(position: Position | None, at: datetime) -> dict[str, float | None]:
    if position is None or abs(position.known_at - at) > _SAME_PLACE:
        return {}
    return {"lat": position.latitude, "lon": position.longitude, "heading": position.heading}
