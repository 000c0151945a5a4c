"""What was heard, in the terms of ``vehicle`` (ovms §1.11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...vehicle import (
    AuxBattery,
    Battery,
    Body,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Climate,
    Group,
    Odometer,
    Position,
    Reported,
    Stamp,
    Tyre,
    Tyres,
)
from ..quantities import heading, place
from .metric_store import Tree
from .metrics import LIMIT, LOCKED

BACKEND = "ovms"
"""The backend's name in reports."""


@dataclass(frozen=True, slots=True)
class View:
    """What was heard of a vehicle; ``faded``: what went on then may be long over."""

    tree: Tree
    faded: bool = False

    @property
    def charging(self) -> bool | None:
        """Whether it charges."""
        return self._goes_on("v.c.charging")

    @property
    def climate(self) -> bool | None:
        """Whether its climate control runs."""
        return self._goes_on("v.e.hvac")

    def _goes_on(self, metric: str) -> bool | None:
        flag = self.tree.flag(metric)
        return None if flag and self.faded else flag


def _battery(view: View, stamp: Stamp) -> Battery:
    tree = view.tree
    return Battery(
        **stamp,
        level=tree.number("v.b.soc") or tree.number("xnl.v.b.soc.instrument"),
        range=tree.number("v.b.range.est"),
        capacity=tree.number("xnl.v.b.e.capacity"),
        energy=tree.number("xnl.v.b.e.available"),
        health=tree.number("v.b.soh"),
        hx=tree.number("xnl.v.b.hx"),
        temperature=tree.number("v.b.temp"),
        cell_spread=_spread(tree.numbers("v.b.c.voltage")),
    )


def _spread(cells: tuple[float | None, ...]) -> float | None:
    """Return the mV between the highest and the lowest cell."""
    known = [cell for cell in cells if cell is not None]
    return round((max(known) - min(known)) * 1000, 1) if len(known) > 1 else None


def _charging(view: View, stamp: Stamp) -> Charging:
    tree = view.tree
    status = _status(view)
    active = status is ChargingStatus.CHARGING
    limit = tree.number(LIMIT)
    return Charging(
        **stamp,
        plugged_in=_plugged_in(view),
        status=status,
        power=tree.number("v.c.power") if active else None if status is None else 0.0,
        speed=ChargeSpeed.FASTEST if active and tree.word("v.c.type") == "chademo" else None,
        finish_at=_finish_at(tree) if active else None,
        limit=100.0 if limit == 0 else limit,  # 0 turns the limit off (§1.8)
    )


def _plugged_in(view: View) -> bool | None:
    """Return whether anything says so; a quick charger gives no pilot signal."""
    said = {view.tree.flag("v.c.pilot"), view.tree.flag("v.d.cp")}
    if view.charging or True in said:
        return True
    return False if False in said else None


def _status(view: View) -> ChargingStatus | None:
    """Return what the charger does: the flag says whether, the words say why not."""
    if view.charging:
        return ChargingStatus.CHARGING
    if view.tree.word("v.c.substate") == "powerwait":
        return ChargingStatus.WAITING_FOR_POWER
    status = _STATES.get(view.tree.word("v.c.state") or "")
    if status is not None:
        return status
    return ChargingStatus.NOT_CHARGING if view.charging is False else None


_STATES: Mapping[str, ChargingStatus] = {
    "done": ChargingStatus.FINISHED,
    "stopped": ChargingStatus.NOT_CHARGING,
    "timerwait": ChargingStatus.WAITING_FOR_SCHEDULE,
}


def _finish_at(tree: Tree) -> datetime | None:
    """Return the forecast, which is in minutes from when it was made: to the limit, if there is one."""
    limited = 0 < (tree.number(LIMIT) or 0) < 100
    metric = "v.c.duration.soc" if limited and tree.number("v.c.duration.soc") else "v.c.duration.full"
    minutes, made_at = tree.number(metric), tree.stated_at(metric)
    if not minutes or made_at is None:
        return None
    return (made_at + timedelta(minutes=minutes)).replace(second=0, microsecond=0)


def _climate(view: View, stamp: Stamp) -> Climate:
    tree = view.tree
    return Climate(
        **stamp,
        running=view.climate,
        target_temperature=tree.number("v.e.cabinsetpoint") if view.climate else None,
        inside_temperature=tree.number("v.e.cabintemp"),
        outside_temperature=tree.number("v.e.temp"),
    )


def _body(view: View, stamp: Stamp) -> Body:
    tree = view.tree
    return Body(
        **stamp,
        locked=tree.flag(LOCKED),
        door_front_left=tree.flag("v.d.fl"),
        door_front_right=tree.flag("v.d.fr"),
        door_rear_left=tree.flag("v.d.rl"),
        door_rear_right=tree.flag("v.d.rr"),
        hatch=tree.flag("v.d.trunk"),
    )


def _position(view: View, stamp: Stamp) -> Position | None:
    tree = view.tree
    if (found := place(tree.number("v.p.latitude"), tree.number("v.p.longitude"))) is None:
        return None
    return Position(**stamp, latitude=found[0], longitude=found[1], heading=heading(tree.number("v.p.direction")))


def _odometer(view: View, stamp: Stamp) -> Odometer:
    return Odometer(**stamp, distance=view.tree.number("v.p.odometer"))


def _tyres(view: View, stamp: Stamp) -> Tyres | None:
    pressures = view.tree.numbers("v.t.pressure")
    if len(pressures) != 4:
        return None
    front_left, front_right, rear_left, rear_right = (Tyre(pressure=each) for each in pressures)
    return Tyres(**stamp, front_left=front_left, front_right=front_right, rear_left=rear_left, rear_right=rear_right)


def _aux_battery(view: View, stamp: Stamp) -> AuxBattery:
    return AuxBattery(**stamp, voltage=view.tree.number("v.b.12v.voltage"))


_GROUPS: Mapping[Group, Callable[[View, Stamp], Reported | None]] = {
    Group.AUX_BATTERY: _aux_battery,
    Group.BATTERY: _battery,
    Group.BODY: _body,
    Group.CHARGING: _charging,
    Group.CLIMATE: _climate,
    Group.ODOMETER: _odometer,
    Group.POSITION: _position,
    Group.TYRES: _tyres,
}


def reported(view: View) -> dict[Group, Reported]:
    """Return all groups that were heard, but for whether the module is there."""
    found: dict[Group, Reported] = {}
    for group, build in _GROUPS.items():
        if (times := view.tree.times(group)) is None:
            continue
        stamp = Stamp(backend=BACKEND, received_at=times[0], reported_at=times[1])
        if (built := build(view, stamp)) is not None:
            found[group] = built
    return found
