"""A car as the server keeps it: what it last uploaded, the last command, alerts, timers, and secrets."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import (
    Battery,
    Charging,
    ChargingStatus,
    Climate,
    Group,
    Odometer,
    Position,
)

from ..cars.electric import Electric
from ..cars.vehicle import SimulatedVehicle
from .accounts import Account
from .vehicles import MOST_GIDS

SECRETS = tuple(
    f"s3cret-{name}"
    for name in ("sms", "number", "user", "pass", "hmac", "iccid", "serial", "unit", "apn-user", "apn-pass")
)
"""What the server tells everybody who may see the car (opencarwings §6)."""

SUPPORTED = {"continental2012": [1, 2, 3, 4, 5], "ficosa2016": [1, 2, 3, 4, *range(6, 16)]}
SENSITIVE = [*range(7, 15)]


@dataclass(slots=True, kw_only=True)
class Car:
    """One car of one account; ``september`` is a server with the additions of September 2026 (§3.1)."""

    vin: str
    owner: Account
    vehicle: SimulatedVehicle
    tcu_type: str
    nickname: str | None = None
    connected: bool = True
    september: bool = False
    last_connection: datetime | None = None
    command_id: int = -1
    command_type: int = 0
    command_result: int = -1
    command_requested: bool = False
    command_request_time: datetime | None = None
    logon_at: datetime | None = None
    answer_at: datetime | None = None
    mismatched: bool = False
    """The telematics unit names another number than the account's, so everything it is asked fails (§4.1)."""
    mute: bool = False
    """It fetches commands and never answers."""
    alerts: list[dict[str, Any]] = field(default_factory=list)
    timers: list[dict[str, Any]] = field(default_factory=list)
    saved_at: dict[int, datetime] = field(default_factory=dict)
    """When each timer was last changed by a client."""
    places: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Json] = field(default_factory=dict)
    """What replaces fields of the object."""

    @property
    def is_ficosa(self) -> bool:
        return self.tcu_type == "ficosa2016"

    def entry(self) -> dict[str, Any]:
        """Return what the list shows."""
        return {
            "vin": self.vin,
            "nickname": self.nickname,
            "last_connection": _iso(self.last_connection),
            "ev_info": self._ev_info(),
            "location": self._location(),
            "carrier": "Simulated" if self.connected else None,
            "signal_level": 3 if self.connected else -1,
            "tcu_type": self.tcu_type,
        }

    def detail(self) -> dict[str, Any]:
        """Return everything, as the server does."""
        sms, number, user, password, hmac, iccid, serial, unit, apn_user, apn_password = SECRETS
        odometer = self.vehicle.cloud.reported.get(Group.ODOMETER)
        distance = round(odometer.distance or 0) if isinstance(odometer, Odometer) and self.connected else -1
        september = {"sensitive_commands": SENSITIVE, "command_pin_enforced": self.owner.pin is not None}
        return {
            **self.entry(),
            "id": 7,
            "owner": self.owner.id,
            "color": "l_pearlwhite",
            "odometer": -1 if self.is_ficosa else distance,
            "veh_health": self._health(distance) if self.is_ficosa and self.connected else None,
            "periodic_refresh": 60,
            "periodic_refresh_running": 15,
            "command_id": self.command_id,
            "command_type": self.command_type,
            "command_type_display": "Something translated",
            "command_result": self.command_result,
            "command_requested": self.command_requested,
            "command_payload": None,
            "command_request_time": _iso(self.command_request_time),
            "timer_commands": self.timers,
            "supported_commands": SUPPORTED[self.tcu_type],
            "send_to_car_location": self.places[-1] if self.places else None,
            "send_to_car_location_all": self.places,
            "route_plans": [],
            "sms_config": {"provider": "hologram", "api_key": sms, "tcu_id": number},
            "tcu_user": user,
            "tcu_pass": password,
            "hmac_key": hmac,
            "iccid": iccid,
            "tcu_serial": serial,
            "tcu_model": unit,
            "tcu_ver": "06.42",
            "tcu_configuration": {"id": 1, "apn_user": apn_user, "apn_password": apn_password, "ficosa_config": {}},
            "from_the_future": {"nested": [1, {"of": "a kind that nobody knows"}]},
            **(september if self.september else {}),
            **self.more,
        }

    def _ev_info(self) -> dict[str, Any]:
        said = {type(value): value for value in self.vehicle.cloud.reported.values()} if self.connected else {}
        battery, charging, climate = said.get(Battery), said.get(Charging), said.get(Climate)
        if not (isinstance(battery, Battery) and isinstance(charging, Charging) and isinstance(climate, Climate)):
            zeros = dict.fromkeys((*_FLAGS, "force_soc_display"), False) | dict.fromkeys(_NUMBERS, 0)
            return {"id": 1, "last_updated": None, **zeros}
        electric = self.vehicle.powertrain
        assert isinstance(electric, Electric)
        most = MOST_GIDS[electric.battery.spec.capacity]
        gids = round((battery.energy or 0) * 1000 / 80)
        ended = charging.status is ChargingStatus.FINISHED
        at = max(each.reported_at for each in (battery, charging, climate) if each.reported_at)
        september = {"power_available": charging.plugged_in, "charging_interrupted": False}
        return {
            "id": 1,
            "last_updated": _iso(at),
            "range_acon": battery.range_climate_on,
            "range_acoff": battery.range,
            "plugged_in": charging.plugged_in,
            "charging": charging.status is ChargingStatus.CHARGING,
            "charge_finish": ended and charging.plugged_in,
            "quick_charging": False,
            "ac_status": climate.running,
            "charge_bars": round((battery.level or 0) * 12 / 100),
            "cap_bars": min(12, round((battery.health or 0) / 100 * 12.7)),
            "car_running": self.vehicle.drive is not None,
            "car_gear": 1 if self.vehicle.drive is not None else 0,
            "eco_mode": False,
            "soh": round(battery.health or 0),
            "soc": float(battery.level or 0),
            "soc_display": 0.0 if self.is_ficosa else float(battery.level or 0),
            "wh_content": gids * 80.0,
            "gids": gids,
            "max_gids": most,
            "counter": 402,
            "full_chg_time": 300,
            "limit_chg_time": 2047,
            "obc_6kw": 160,
            "obc_6kw_avail": True,
            "param21": 0,
            "cabin_temp": climate.inside_temperature if self.is_ficosa else 0.0,
            "force_soc_display": False,
            "batt_heater_avail": False,
            "batt_heater_status": False,
            **(september if self.september else {}),
        }

    def _location(self) -> dict[str, Any]:
        place = next((each for each in self.vehicle.cloud.reported.values() if isinstance(each, Position)), None)
        if place is None or not self.connected:
            return {"id": 1, "last_updated": None, "lat": "0E-10", "lon": "0E-10", "home": False}
        lat, lon = (f"{each:.10f}" for each in (place.latitude, place.longitude))
        return {"id": 1, "last_updated": _iso(place.reported_at), "lat": lat, "lon": lon, "home": True}

    def _health(self, distance: float) -> dict[str, Any]:
        code = {"ecu_id": 1889, "ecu_label": "BCM", "flags": {"confirmedDTC": True}, "code_label": "B2301-00-00"}
        pressures = dict(zip(("tpms_fl", "tpms_fr", "tpms_rl", "tpms_rr"), (250, 248, 244, 0), strict=True))
        return {
            "id": 1,
            "last_updated": _iso(self.last_connection),
            "dtc_timestamp": _iso(self.last_connection),
            "dtc_short": [],
            "dtc_long": [code],
            "tpms_light": False,
            "maintenance_alert": True,
            "mileage": float(distance),
            **pressures,
        }


_FLAGS = ("plugged_in", "charging", "charge_finish", "quick_charging", "ac_status", "car_running", "eco_mode")
_NUMBERS = ("range_acon", "range_acoff", "soh", "soc", "soc_display", "wh_content", "gids", "max_gids", "cap_bars")


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
