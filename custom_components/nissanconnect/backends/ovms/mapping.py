"""From metrics to groups of the vehicle's state (ovms §1.11)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ...vehicle import (
    AuxBattery,
    Battery,
    Body,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Counters,
    Group,
    Odometer,
    Reported,
    Stamp,
    Tyres,
)
from ..mapping import position, tyres
from .metrics import CHARGE_LIMIT, LOCKED, MetricStore


def groups_of(store: MetricStore, *, stale: bool) -> list[Reported]:
    """Return every group of which a metric was received, except the connectivity.

    ``stale``: that the vehicle charges or heats was reported too long ago to trust.
    """
    flags = store.flag("v.c.charging"), store.flag("v.e.hvac")
    charging, climate_on = (None if flag and stale else flag for flag in flags)
    build: Mapping[Group, Callable[[Stamp], Reported | None]] = {
        Group.AUX_BATTERY: lambda stamp: AuxBattery(**stamp, voltage=store.number("v.b.12v.voltage")),
        Group.BATTERY: lambda stamp: _battery(store, stamp),
        Group.BODY: lambda stamp: _body(store, stamp),
        Group.CHARGING: lambda stamp: _charging(store, stamp, charging=charging),
        Group.CLIMATE: lambda stamp: _climate(store, stamp, running=climate_on),
        Group.COUNTERS: lambda stamp: _counters(store, stamp),
        Group.ODOMETER: lambda stamp: Odometer(**stamp, distance=store.number("v.p.odometer")),
        Group.POSITION: lambda stamp: position(stamp, *map(store.number, _PLACE)),
        Group.TYRES: lambda stamp: _tyres(store, stamp),
    }
    groups = [build[group](stamp) for group in build if (stamp := store.stamp(group)) is not None]
    return [group for group in groups if group is not None]


def _battery(store: MetricStore, stamp: Stamp) -> Battery:
    return Battery(
        **stamp,
        level=store.number("v.b.soc") or store.number("xnl.v.b.soc.instrument"),
        range=store.number("v.b.range.est"),
        capacity=store.number("xnl.v.b.e.capacity"),
        energy=store.number("xnl.v.b.e.available"),
        health=store.number("v.b.soh"),
        hx=store.number("xnl.v.b.hx"),
        temperature=store.number("v.b.temp"),
        cell_spread=_spread(store.numbers("v.b.c.voltage")),
    )


def _spread(cells: tuple[float | None, ...]) -> float | None:
    """Return the mV between the highest and the lowest cell."""
    known = [cell for cell in cells if cell is not None]
    return round((max(known) - min(known)) * 1000, 1) if len(known) > 1 else None


def _charging(store: MetricStore, stamp: Stamp, *, charging: bool | None) -> Charging:
    status = _status(store, charging)
    active = status is ChargingStatus.CHARGING
    limit = store.number(CHARGE_LIMIT)
    return Charging(
        **stamp,
        plugged_in=_plugged_in(store, charging),
        status=status,
        power=store.number("v.c.power") if active else None if status is None else 0.0,
        speed=ChargeSpeed.FASTEST if active and store.text("v.c.type") == "chademo" else None,
        finish_at=_finish_at(store) if active else None,
        limit=100.0 if limit == 0 else limit,  # 0 turns the limit off (§1.8)
    )


def _counters(store: MetricStore, stamp: Stamp) -> Counters:
    """Return what is counted; the module for the LEAF does not count what is taken from the wall."""
    return Counters(
        **stamp,
        driven=store.number("v.b.energy.used"),
        regained=store.number("v.b.energy.recd"),
        charged=store.number("v.c.kwh"),
        from_wall=store.number("v.c.kwh.grid"),
    )


def _plugged_in(store: MetricStore, charging: bool | None) -> bool | None:
    """Return whether any metric says so; a quick charger gives no pilot signal."""
    flags = {store.flag("v.c.pilot"), store.flag("v.d.cp")}
    if charging or True in flags:
        return True
    return False if False in flags else None


_STATES: Mapping[str, ChargingStatus] = {
    "done": ChargingStatus.FINISHED,
    "stopped": ChargingStatus.NOT_CHARGING,
    "timerwait": ChargingStatus.WAITING_FOR_SCHEDULE,
}


def _status(store: MetricStore, charging: bool | None) -> ChargingStatus | None:
    """Return what the charger does: the flag says whether it charges, the texts say why not."""
    if charging:
        return ChargingStatus.CHARGING
    if store.text("v.c.substate") == "powerwait":
        return ChargingStatus.WAITING_FOR_POWER
    status = _STATES.get(store.text("v.c.state") or "")
    if status is not None:
        return status
    return ChargingStatus.NOT_CHARGING if charging is False else None


def _finish_at(store: MetricStore) -> datetime | None:
    """Return the forecast, which is in minutes from when it was made: to the limit, if there is one."""
    limited = 0 < (store.number(CHARGE_LIMIT) or 0) < 100
    metric = "v.c.duration.soc" if limited and store.number("v.c.duration.soc") else "v.c.duration.full"
    minutes, made_at = store.number(metric), store.reported_at(metric)
    if not minutes or made_at is None:
        return None
    return (made_at + timedelta(minutes=minutes)).replace(second=0, microsecond=0)


def _climate(store: MetricStore, stamp: Stamp, *, running: bool | None) -> Climate:
    return Climate(
        **stamp,
        running=running,
        target_temperature=store.number("v.e.cabinsetpoint") if running else None,
        inside_temperature=store.number("v.e.cabintemp"),
        outside_temperature=store.number("v.e.temp"),
    )


def _body(store: MetricStore, stamp: Stamp) -> Body:
    return Body(
        **stamp,
        locked=store.flag(LOCKED),
        door_front_left=store.flag("v.d.fl"),
        door_front_right=store.flag("v.d.fr"),
        door_rear_left=store.flag("v.d.rl"),
        door_rear_right=store.flag("v.d.rr"),
        hatch=store.flag("v.d.trunk"),
    )


_PLACE = ("v.p.latitude", "v.p.longitude", "v.p.direction")


def _tyres(store: MetricStore, stamp: Stamp) -> Tyres | None:
    pressures = store.numbers("v.t.pressure")
    return tyres(stamp, pressures) if len(pressures) == 4 else None
