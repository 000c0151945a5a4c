"""The metrics that a module publishes of a LEAF, as text in native units (ovms §1.3, §1.11)."""

from collections.abc import Mapping

from custom_components.nissanconnect.vehicle import ChargingStatus

from ..cars.electric import Electric
from ..cars.vehicle import SimulatedVehicle

GIDS_FOR_EACH_KWH = 12.5
CELLS = 96

BEFORE_HEARING: Mapping[str, str] = {
    "v.c.charging": "no",
    "v.c.state": "stopped",
    "v.e.awake": "no",
    "v.e.locked": "no",
    "v.e.on": "no",
    **dict.fromkeys(
        (
            "xnl.v.b.e.available",
            "xnl.v.b.e.capacity",
            "xnl.v.b.gids",
            "xnl.v.b.hx",
            "xnl.v.b.max.gids",
            "xnl.v.b.soc.instrument",
        ),
        "0",
    ),
}
"""What a module declares when it starts, before it has heard anything of the vehicle (§1.3)."""

_STATES = {
    ChargingStatus.CHARGING: "charging",
    ChargingStatus.FINISHED: "done",
    ChargingStatus.NOT_CHARGING: "stopped",
    ChargingStatus.WAITING_FOR_POWER: "stopped",
    ChargingStatus.WAITING_FOR_SCHEDULE: "timerwait",
}

_SUBSTATES = {ChargingStatus.CHARGING: "onrequest", ChargingStatus.WAITING_FOR_POWER: "powerwait"}


def vehicle_metrics(vehicle: SimulatedVehicle) -> dict[str, str]:
    """Return what the buses of the vehicle tell."""
    electric = vehicle.powertrain
    assert isinstance(electric, Electric)
    body = vehicle.body
    return {
        "v.vin": vehicle.info.key,
        **_battery(vehicle, electric),
        **_charging(vehicle, electric),
        **_counters(electric),
        **{name: _yes(place in body.open) for name, place in _DOORS.items()},
        "v.e.cabintemp": _number(round(vehicle.cabin.temperature * 2) / 2),
        "v.e.handbrake": _yes(vehicle.drive is None),
        "v.e.hvac": _yes(electric.climate.running),
        "v.e.locked": _yes(body.locked),
        "v.e.on": _yes(vehicle.drive is not None),
        "v.e.temp": _number(round(vehicle.outside * 2) / 2),
        "v.p.odometer": _number(vehicle.odometer),
        "v.t.pressure": ",".join(f"{pressure:.3f}" for pressure in body.pressures(vehicle.outside)),
    }


def module_metrics(vehicle: SimulatedVehicle) -> dict[str, str]:
    """Return what the module itself measures; its receiver always sees the satellites."""
    return {
        "v.b.12v.voltage": _number(vehicle.twelve_volt.voltage),
        "v.p.direction": _number(vehicle.heading % 360),
        "v.p.gpslock": "yes",
        "v.p.gpssq": "85",
        "v.p.latitude": f"{vehicle.point.latitude:.6f}",
        "v.p.longitude": f"{vehicle.point.longitude:.6f}",
        "v.p.satcount": "11",
    }


def _battery(vehicle: SimulatedVehicle, electric: Electric) -> dict[str, str]:
    battery = electric.battery
    cell = 3.3 + battery.level / 100 * 0.8
    spread = [cell - 0.001 * (number % 25) for number in range(CELLS)]
    return {
        "v.b.c.temp": ",".join(_number(battery.temperature + each) for each in (0, 0.9, 0.6)),
        "v.b.c.voltage": ",".join(f"{each:.3f}" for each in spread),
        "v.b.range.est": _number(electric.range(vehicle.outside, climate_on=True)),
        "v.b.range.ideal": _number(electric.range(20, climate_on=False)),
        "v.b.soc": _number(battery.level),
        "v.b.soh": _number(battery.spec.health),
        "v.b.temp": _number(battery.temperature),
        "xnl.v.b.e.available": _number(battery.energy),
        "xnl.v.b.e.capacity": _number(battery.usable),
        "xnl.v.b.gids": str(round(battery.energy * GIDS_FOR_EACH_KWH)),
        "xnl.v.b.hx": _number(battery.spec.health * 0.9),
        "xnl.v.b.max.gids": str(round(battery.usable * GIDS_FOR_EACH_KWH)),
        "xnl.v.b.output.limit": "102.3",
        "xnl.v.b.soc.instrument": str(round(battery.level)),
        "xnl.bms.temp.int": "18,19,255,19,18,0",
        "xnl.bms.thermistor": "531,522,65535,525",
    }


def _charging(vehicle: SimulatedVehicle, electric: Electric) -> dict[str, str]:
    charger, battery = electric.charger, electric.battery
    status = charger.status(battery.level, vehicle.now)
    charges = status is ChargingStatus.CHARGING
    minutes = charger.time_to(100, battery, charger.available).total_seconds() / 60 if charges else 0
    to_limit = charger.time_to(charger.limit, battery, charger.available).total_seconds() / 60 if charges else 0
    return {
        "v.c.charging": _yes(charges),
        "v.c.duration.full": str(round(minutes)),
        "v.c.duration.soc": str(round(to_limit)),
        "v.c.mode": "standard" if charger.plugged else "",
        "v.c.pilot": _yes(charger.plugged),
        "v.c.power": _number(charger.offer(battery, charger.available) if charges else 0),
        "v.c.state": _STATES[status],
        "v.c.substate": _SUBSTATES.get(status, "stopped"),
        "v.c.type": "type1",
        "v.d.cp": _yes(charger.plugged),
    }


def _counters(electric: Electric) -> dict[str, str]:
    trip, charge = electric.ledger.since(electric.trip_from), electric.ledger.since(electric.charge_from)
    return {
        "v.b.energy.recd": _number(trip.recovered),
        "v.b.energy.used": _number(trip.driving),
        "v.c.kwh": _number(charge.charged),
    }


_DOORS = {
    "v.d.fl": "door_front_left",
    "v.d.fr": "door_front_right",
    "v.d.rl": "door_rear_left",
    "v.d.rr": "door_rear_right",
    "v.d.trunk": "hatch",
}


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: float) -> str:
    """Write a number as a C++ stream does: six significant digits."""
    return f"{value:.6g}"
