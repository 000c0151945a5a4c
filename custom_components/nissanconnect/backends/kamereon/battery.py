"""battery-status: the traction battery, its charging, and the tank of vehicles that have no such battery.

One parser reads all versions, because their attributes do not contradict each other (kamereon-eu §8.1-8.3).
"""

from collections.abc import Mapping
from datetime import datetime

from ...vehicle import (
    Battery,
    ChargeSpeed,
    Charging,
    ChargingStatus,
    Fuel,
    Powertrain,
    Stamp,
    VehicleInfo,
    VehicleState,
)
from ..base import Json
from ..quantities import ENERGY, LEVEL, MINUTES, POWER, RANGE, TEMPERATURE
from ..reader import ends_in
from .groups import known, stamp_of
from .values import Attributes


def battery_status(body: Json, vehicle: VehicleInfo, received_at: datetime) -> VehicleState:
    """Read any version of battery-status; their attributes do not contradict each other (§8.1-8.3)."""
    said = Attributes.of(body)
    stamp = stamp_of(said, received_at)
    range_climate_on = RANGE.of(said.number("rangeHvacOn"))
    if _is_about_fuel(said, vehicle):
        return VehicleState(fuel=known(Fuel(**stamp, range=range_climate_on)))
    range_climate_off = RANGE.of(said.number("rangeHvacOff"))
    battery = Battery(
        **stamp,
        level=LEVEL.of(said.number("batteryLevel")),
        range=RANGE.of(said.number("batteryAutonomy")) if range_climate_off is None else range_climate_off,
        range_climate_on=range_climate_on,
        capacity=_energy(said, "batteryCapacity", unknown=240),
        energy=_energy(said, "batteryAvailableEnergy"),
        temperature=_battery_temperature(said, vehicle),
    )
    return VehicleState(battery=known(battery), charging=known(_charging(said, stamp)))


_SIGNS_OF_A_TRACTION_BATTERY = (
    "batteryAutonomy",
    "batteryLevel",
    "chargeStatus",
    "chargingStatus",
    "plugStatus",
    "rangeHvacOff",
)


def _is_about_fuel(said: Attributes, vehicle: VehicleInfo) -> bool:
    """Combustion vehicles publish the range of their tank as ``rangeHvacOn`` of a battery (§8.1)."""
    if vehicle.powertrain in (Powertrain.COMBUSTION, Powertrain.ELECTRIC):
        return vehicle.powertrain is Powertrain.COMBUSTION
    return all(said.get(name) is None for name in _SIGNS_OF_A_TRACTION_BATTERY)


def _energy(said: Attributes, name: str, *, unknown: float = 0) -> float | None:
    """Return kWh. Leafs state their capacity in Wh, Ariyas in kWh; zero and ``unknown`` mean nothing (§8.1)."""
    energy = said.number(name)
    if energy is None or energy in (0, unknown):
        return None
    if energy > 1000:
        energy /= 1000
    return ENERGY.of(energy)


def _battery_temperature(said: Attributes, vehicle: VehicleInfo) -> float | None:
    temperature = TEMPERATURE.of(said.number("batteryTemperature"))
    measured = temperature != 0 or vehicle.gateway != "RVG"  # a Micra says 0 whatever the weather (§3.4)
    return temperature if measured else None


def _charging(said: Attributes, stamp: Stamp) -> Charging:
    plugged_in = said.one_of("plugStatus", _PLUG)
    status = _charging_status(said, plugged_in=plugged_in)
    if plugged_in is None and status is ChargingStatus.FINISHED:
        plugged_in = True  # this service says "ended" of what is still plugged in (§8.2)
    speed = said.one_of("chargePower", _SPEEDS)
    finish_at = None
    if status is ChargingStatus.CHARGING:  # only now: the figure is there, and wrong, while nothing charges (§8.2)
        said_at = stamp["reported_at"] or stamp["received_at"]
        finish_at = ends_in(_remaining_minutes(said, speed), said_at, stamp["received_at"])
    return Charging(
        **stamp,
        plugged_in=plugged_in,
        status=status,
        power=_power(said),
        speed=speed,
        finish_at=finish_at,
        plugged_in_at=said.past(stamp["received_at"], "vehiclePlugTimestamp"),
        unplugged_at=said.past(stamp["received_at"], "vehicleUnplugTimestamp"),
    )


_PLUG: Mapping[str | float, bool | None] = {0: False, 1: True, -1: None, -2147483648: None}
_SPEEDS: Mapping[str | float, ChargeSpeed | None] = {
    0: None,
    1: ChargeSpeed.SLOW,
    2: ChargeSpeed.NORMAL,
    3: ChargeSpeed.FAST,
    4: ChargeSpeed.FASTEST,
    5: ChargeSpeed.ADAPTIVE,
}
_STATUSES: Mapping[str | float, ChargingStatus | None] = {
    0.0: ChargingStatus.NOT_CHARGING,
    0.1: ChargingStatus.WAITING_FOR_SCHEDULE,
    0.2: ChargingStatus.FINISHED,
    0.3: ChargingStatus.WAITING_FOR_POWER,
    0.4: ChargingStatus.FLAP_OPEN,
    1.0: ChargingStatus.CHARGING,
    -1.0: ChargingStatus.ERROR,
    -1.1: None,  # unavailable
    -1.3: ChargingStatus.V2G_WAITING,
    -1.4: ChargingStatus.V2L_CONNECTED,
    -1.5: ChargingStatus.V2G_DISCHARGING,
    -1.6: ChargingStatus.V2G_CHARGING,
}
"""§8.2. 0.0, 0.4, 1.0 and -1.0 were seen on Nissans, the others on their Renault siblings."""


def _charging_status(said: Attributes, *, plugged_in: bool | None) -> ChargingStatus | None:
    name = "chargeStatus" if said.get("chargingStatus") is None else "chargingStatus"
    status = said.one_of(name, _STATUSES)
    if status is ChargingStatus.CHARGING and plugged_in is False:
        return ChargingStatus.NOT_CHARGING
    if status is ChargingStatus.ERROR and not plugged_in:
        return ChargingStatus.NOT_CHARGING  # what older vehicles say instead of 0
    return status


def _power(said: Attributes) -> float | None:
    """Return kW. Some vehicles state watts; no Nissan takes more than 150 kW and no charger gives less than 1 kW."""
    for name in ("chargingInstantaneousPower", "instantaneousPower"):
        if (power := said.number(name)) is not None:
            return POWER.of(power / 1000 if power > 150 else power)
    return None


_REMAINING_AT = {
    ChargeSpeed.SLOW: "timeRequiredToFullSlow",
    ChargeSpeed.NORMAL: "timeRequiredToFullNormal",
    ChargeSpeed.FAST: "timeRequiredToFullFast",
}


def _remaining_minutes(said: Attributes, speed: ChargeSpeed | None) -> float | None:
    name = _REMAINING_AT.get(speed) if speed else None
    for candidate in ("chargingRemainingTime", name):
        if candidate and (minutes := MINUTES.of(said.number(candidate))):  # 0 is not told (leaf2mqtt #68)
            return minutes
    return None
