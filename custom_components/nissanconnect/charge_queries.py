"""The action that plans a charge, for any level and time, and changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from homeassistant.const import PERCENTAGE, UnitOfEnergy, UnitOfPower, UnitOfTime
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from .charging.prices import Prices
from .const import DOMAIN
from .engine.charge_physics import ac_power
from .engine.charge_plan import Block, ChargeTask, PriceSlot
from .engine.charge_planner import plan_charge
from .engine.charge_wishes import ChargeWishes
from .local_time import future_time, in_utc, local_time
from .runtime import VehicleRuntime
from .texts import async_field, async_text

ATTR_BLOCK = "block"
ATTR_CAPACITY = "capacity"
ATTR_END = "end"
ATTR_HIGHEST_PRICE = "highest_price"
ATTR_LEVEL = "level"
ATTR_POWER = "power"
ATTR_PRICE = "price"
ATTR_PRICES = "prices"
ATTR_READY_BY = "ready_by"
ATTR_START = "start"
ATTR_STARTS = "starts"
ATTR_TARGET = "target"

_ACTION = "plan_charge"


class Limits(NamedTuple):
    """Between what the number in a field has to be, and its unit."""

    low: float
    high: float
    unit: str = ""


_DEFAULT = ChargeWishes()
"""What is planned for if neither the call nor the vehicle tells."""
_MOST_AC = 22.0
"""kW above which it is a public charger that a vehicle charges with, which says nothing about the next charge."""

_AHEAD = timedelta(days=3)
"""How far prices are asked for that the owner has entered."""

_MOST_PRICES = 600
"""Two days in slots of five minutes, and some; to plan with more takes too long for an answer."""

_PRICES = Limits(-10_000, 10_000)
"""Some currencies are small."""

_LIMITS: Mapping[str, Limits] = {
    ATTR_TARGET: Limits(1, 100, PERCENTAGE),
    ATTR_LEVEL: Limits(0, 100, PERCENTAGE),
    ATTR_POWER: Limits(0.5, 50, UnitOfPower.KILO_WATT),
    ATTR_CAPACITY: Limits(1, 200, UnitOfEnergy.KILO_WATT_HOUR),
    ATTR_STARTS: Limits(1, 24),
    ATTR_BLOCK: Limits(0, 1440, UnitOfTime.MINUTES),
    ATTR_HIGHEST_PRICE: _PRICES,
}

PLAN_CHARGE_FIELDS: Mapping[probatio.Marker, Any] = {
    probatio.Optional(ATTR_TARGET): probatio.Coerce(float),
    probatio.Optional(ATTR_READY_BY): cv.datetime,
    probatio.Optional(ATTR_LEVEL): probatio.Coerce(float),
    probatio.Optional(ATTR_PRICES): probatio.All(
        cv.ensure_list,
        probatio.Length(max=_MOST_PRICES),
        [
            probatio.Schema(
                {
                    probatio.Required(ATTR_START): cv.datetime,
                    probatio.Required(ATTR_END): cv.datetime,
                    probatio.Required(ATTR_PRICE): probatio.Coerce(float),
                },
                extra=probatio.REMOVE_EXTRA,
            )
        ],
    ),
    probatio.Optional(ATTR_POWER): probatio.Coerce(float),
    probatio.Optional(ATTR_CAPACITY): probatio.Coerce(float),
    probatio.Optional(ATTR_STARTS): probatio.Coerce(int),
    probatio.Optional(ATTR_BLOCK, default=0): probatio.Coerce(float),
    probatio.Optional(ATTR_HIGHEST_PRICE): probatio.Coerce(float),
}


async def async_plan_charge(vehicle: VehicleRuntime, call: ServiceCall) -> Mapping[str, JsonValueType]:
    """Plan a charge of a vehicle by the fields of the call; what they leave out is the vehicle's own.

    Raises a translated error if a field makes no sense, or if the vehicle does not report what was left out.
    """
    now = dt_util.utcnow()
    for name in _LIMITS.keys() & call.data.keys():
        await async_check_limits(call.hass, _ACTION, name, call.data[name], _LIMITS[name])
    task = _task(vehicle, call.data, now)
    prices, currency = await _async_prices(vehicle, call.data, now)
    plan = await call.hass.async_add_executor_job(plan_charge, task, prices)
    return {
        "answer": {
            "status": plan.status,
            "reason": plan.reason,
            "message": await async_text(call.hass, "plan_reason", plan.reason),
            "level": round(plan.level, 1),
            "missing": round(plan.missing, 1),
            "energy": round(plan.energy, 3),
            "cost": _rounded(plan.cost),
            "cost_at_once": _rounded(plan.cost_at_once),
            "currency": currency,
            "blocks": [_block(block) for block in plan.blocks],
        }
    }


def _block(block: Block) -> JsonValueType:
    return {
        "start": local_time(block.start),
        "end": local_time(block.end),
        "energy": round(block.energy, 3),
        "cost": _rounded(block.cost),
    }


def _rounded(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 4)


def _task(vehicle: VehicleRuntime, data: Mapping[str, Any], now: datetime) -> ChargeTask:
    """Return what is wanted, completed with what is known of the vehicle."""
    ready_by: datetime | None = data.get(ATTR_READY_BY)
    plan = vehicle.charge.settings
    return ChargeTask(
        now=now,
        level=_level(vehicle, data),
        target=data.get(ATTR_TARGET, (plan.wishes if plan else _DEFAULT).target),
        capacity=_capacity(vehicle, data),
        power=_power(vehicle, data),
        efficiency=vehicle.charge.memory.model.efficiency,
        overhead=vehicle.charge.memory.model.overhead,
        ready_by=None if ready_by is None else future_time(ready_by, now),
        highest_price=data.get(ATTR_HIGHEST_PRICE),
        starts=data.get(ATTR_STARTS),
        shortest=timedelta(minutes=data[ATTR_BLOCK]),
    )


async def async_check_limits(hass: HomeAssistant, action: str, field: str, value: float, limits: Limits) -> None:
    """Raise a translated error if a number is beyond the limits of the field of an action, or NaN."""
    low, high, unit = limits
    if not low <= value <= high:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="number_out_of_range",
            translation_placeholders={
                "field": await async_field(hass, action, field),
                "minimum": f"{low:g}",
                "maximum": f"{high:g} {unit}".rstrip(),
            },
        )


def _level(vehicle: VehicleRuntime, data: Mapping[str, Any]) -> float:
    """Return the level to begin with: the given one, or the one that the vehicle has reported."""
    battery = vehicle.coordinator.shown.battery
    level: float | None = data.get(ATTR_LEVEL, battery and battery.level)
    if level is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="level_unknown")
    return level


def _capacity(vehicle: VehicleRuntime, data: Mapping[str, Any]) -> float:
    """Return the usable kWh: the given ones, or what is known."""
    capacity: float | None = data.get(ATTR_CAPACITY) or vehicle.estimates.capacity
    if capacity is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="capacity_unknown")
    return capacity


def _power(vehicle: VehicleRuntime, data: Mapping[str, Any]) -> float:
    """Return the kW: the given ones, those of its charge plan, what it charges with now, or what its model can do."""
    if ATTR_POWER in data:
        power: float = data[ATTR_POWER]
        return power
    if (plan := vehicle.charge.settings) is not None:
        return plan.wishes.power
    charging = vehicle.coordinator.shown.charging
    least = _LIMITS[ATTR_POWER].low
    if charging and charging.active and charging.power is not None and least <= charging.power <= _MOST_AC:
        return charging.power
    return ac_power(vehicle.info) or _DEFAULT.power


async def _async_prices(
    vehicle: VehicleRuntime, data: Mapping[str, Any], now: datetime
) -> tuple[Sequence[PriceSlot], str]:
    """Return the prices to plan with, and their currency: the given ones, or those of the vehicle's charge plan."""
    if ATTR_PRICES in data:
        for each in data[ATTR_PRICES]:
            await async_check_limits(vehicle.hass, _ACTION, ATTR_PRICES, each[ATTR_PRICE], _PRICES)
        return _given_prices(data, now), vehicle.hass.config.currency
    if (plan := vehicle.charge.settings) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="prices_missing")
    read = await Prices(vehicle.hass, plan.price).async_read(now + _AHEAD)
    return read.slots, read.currency


def _given_prices(data: Mapping[str, Any], now: datetime) -> Sequence[PriceSlot]:
    """Return the given prices, checked and sorted."""
    slots = sorted(_slot(each) for each in data[ATTR_PRICES])
    if not slots:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="prices_missing")
    for earlier, later in pairwise(slots):
        if later.start < earlier.end:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="prices_overlap",
                translation_placeholders={"start": _local(later.start), "end": _local(earlier.end)},
            )
    if slots[-1].end <= now:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="prices_in_the_past",
            translation_placeholders={"end": _local(slots[-1].end)},
        )
    return slots


def _slot(item: Mapping[str, Any]) -> PriceSlot:
    slot = PriceSlot(in_utc(item[ATTR_START]), in_utc(item[ATTR_END]), item[ATTR_PRICE])
    if slot.end <= slot.start:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="price_ends_before_it_starts",
            translation_placeholders={"start": _local(slot.start), "end": _local(slot.end)},
        )
    return slot


def _local(at: datetime) -> str:
    return f"{dt_util.as_local(at):%Y-%m-%d %H:%M}"
