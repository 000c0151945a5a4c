"""How the service words a vehicle: strings or nothing, miles, and five spellings of nothing (teslafi §5)."""

from datetime import datetime

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import (
    Battery,
    Body,
    Charging,
    ChargingStatus,
    Climate,
    Odometer,
    Position,
    Tyres,
    VehicleInfo,
    VehicleState,
)

KM_PER_MILE = 1.609344
KPA_PER_PSI = 6.894757

_STATES = {
    ChargingStatus.CHARGING: "Charging",
    ChargingStatus.FINISHED: "Complete",
    ChargingStatus.NOT_CHARGING: "Stopped",
    ChargingStatus.WAITING_FOR_SCHEDULE: "Stopped",
    ChargingStatus.WAITING_FOR_POWER: "NoPower",
}

type Point = dict[str, Json]


def awake(number: int, info: VehicleInfo, state: VehicleState, at: datetime, *, driving: bool) -> Point:
    """A point with everything in it."""
    charging = state.charging is not None and state.charging.status is ChargingStatus.CHARGING
    return (
        _frame(number, at, "online", "Driving" if driving else "Charging" if charging else "Idling")
        | {"vin": info.vin, "display_name": info.nickname, "id": "NULL", "newVersion": " ", "fast_charger_type": ""}
        | _battery(state.battery)
        | _charging(state.charging, at)
        | _climate(state.climate)
        | _body(state.body)
        | _position(state.position)
        | _odometer(state.odometer)
        | _tyres(state.tyres)
    )


def asleep(number: int, state: VehicleState, at: datetime) -> Point:
    """A point of a sleeping vehicle: not even its VIN is in it."""
    hollow = awake(number, VehicleInfo(key=""), state, at, driving=False)
    kept = _frame(number, at, "offline", "Sleeping") | {"Notes": "Offline Asleep"} | _tyres(state.tyres)
    return dict.fromkeys(hollow) | {"sentry_mode": "", "inside_tempF": "", "newVersion": " "} | kept


def _frame(number: int, at: datetime, state: str, car_state: str) -> Point:
    return {
        "data_id": number,
        "Date": f"{at:%Y-%m-%d %H:%M:%S}",
        "state": state,
        "carState": car_state,
        "Notes": "",
        "measure": "metric",
        "temperature": "C",
        "currency": "â\u201a¬",  # mojibake, as the real one
        "chargeNumber": 0,
        "idleTime": 0,
        "maxRange": "171.25",
    }


def _said(value: float | None) -> str | None:
    return None if value is None else str(value)


def _miles(kilometres: float | None) -> str | None:
    return None if kilometres is None else f"{kilometres / KM_PER_MILE:.6f}"


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(int(value))


def _battery(battery: Battery | None) -> Point:
    if battery is None:
        return {}
    return {
        "battery_level": _said(battery.level),
        "usable_battery_level": _said(battery.level),
        "battery_range": _miles(battery.range),
        "est_battery_range": _miles(battery.range_climate_on),
    }


def _charging(charging: Charging | None, at: datetime) -> Point:
    if charging is None or charging.status is None:
        return {}
    hours = (charging.finish_at - at).total_seconds() / 3600 if charging.finish_at else 0.0
    return {
        "charging_state": _STATES[charging.status] if charging.plugged_in else "Disconnected",
        "charger_power": str(round(charging.power or 0)),
        "charger_voltage": "228" if charging.active else "1",
        "charge_limit_soc": _said(charging.limit),
        "time_to_full_charge": f"{hours:.2f}",
        "scheduled_charging_start_time": None,
    }


def _climate(climate: Climate | None) -> Point:
    if climate is None:
        return {}
    return {
        "is_climate_on": "2" if climate.running else "0",
        "is_auto_conditioning_on": _flag(climate.running),
        "driver_temp_setting": _said(climate.target_temperature),
        "inside_temp": _said(climate.inside_temperature),
        "outside_temp": _said(climate.outside_temperature),
        "inside_tempF": "",
    }


def _body(body: Body | None) -> Point:
    if body is None:
        return {}
    return {
        "locked": _flag(body.locked),
        "rhd": "1",
        "df": _flag(body.door_front_right),
        "pf": _flag(body.door_front_left),
        "dr": _flag(body.door_rear_right),
        "pr": _flag(body.door_rear_left),
        "rt": _flag(body.hatch),
        "sentry_mode": "0",
    }


def _position(position: Position | None) -> Point:
    if position is None:
        return {"latitude": "", "longitude": "", "heading": ""}
    return {
        "latitude": str(position.latitude),
        "longitude": str(position.longitude),
        "heading": _said(position.heading) or "",
        "location": "No Tagged Location Found",
    }


def _odometer(odometer: Odometer | None) -> Point:
    return {} if odometer is None else {"odometer": _miles(odometer.distance)}


def _tyres(tyres: Tyres | None) -> Point:
    if tyres is None:
        return {}
    places = {
        "front_left": tyres.front_left,
        "front_right": tyres.front_right,
        "rear_left": tyres.rear_left,
        "rear_right": tyres.rear_right,
    }
    pressures = {
        f"tpms_{place}": f"{(tyre.pressure or 0) / KPA_PER_PSI:.1f}" if tyre.pressure is not None else None
        for place, tyre in places.items()
    }
    return {**pressures, "pressure": None}
