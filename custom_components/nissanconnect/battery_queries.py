"""The action that reports all that is known about the age of a battery."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from homeassistant.const import PERCENTAGE, UnitOfElectricPotential, UnitOfEnergy
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .battery_health import BatteryHealth
from .engine.capacity import LEAST_CHARGES
from .local_time import local_time
from .runtime import VehicleRuntime
from .texts import async_number, async_say, async_text
from .vehicle import Battery


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """A value that sources report: its field, the sensor by whose name it is shown, its unit and its decimals."""

    field: str
    sensor: str
    unit: str
    digits: int = 0


_FIGURES: Mapping[str, _Figure] = {
    "health": _Figure(field="health", sensor="battery_health", unit=PERCENTAGE),
    "health_bars": _Figure(field="health_bars", sensor="battery_health_bars", unit="/ 12"),
    "hx": _Figure(field="hx", sensor="battery_hx", unit=PERCENTAGE, digits=1),
    "cell_spread": _Figure(field="cell_spread", sensor="cell_spread", unit=UnitOfElectricPotential.MILLIVOLT),
    "capacity_reported": _Figure(
        field="capacity", sensor="battery_capacity", unit=UnitOfEnergy.KILO_WATT_HOUR, digits=1
    ),
}
"""By their names in the response."""

_KWH: Mapping[str, str] = {"value": "capacity", "low": "low", "high": "high"}
_PERCENT: Mapping[str, str] = {"trend_per_year": "per_year", "trend_low": "low", "trend_high": "high"}
"""Fields of the estimate and of its trend by their names in the response."""

_ESTIMATED = (*_KWH, "health", "charges", "metered_at", "since", "at", *_PERCENT)


async def async_battery_report(vehicle: VehicleRuntime, call: ServiceCall) -> Mapping[str, JsonValueType]:
    """Report what sources say about the battery of a vehicle that has one, and what its charges do."""
    batteries = {name: _newest(vehicle, figure.field) for name, figure in _FIGURES.items()}
    health = vehicle.battery
    method = health.estimate.metered_at if health.estimate else None
    return {
        "answer": {
            **{name: _reported(batteries[name], figure) for name, figure in _FIGURES.items()},
            "capacity_nominal": _by_model(health.new_capacity),
            "capacity_estimated": {
                **_estimated(health),
                "method": await async_text(call.hass, "battery_report", f"method_{method}") if method else None,
            },
            "uncertainty": await async_text(call.hass, "battery_report", f"uncertainty_{method or 'none'}"),
            "text": await _text(call.hass, batteries, health),
        }
    }


def _newest(vehicle: VehicleRuntime, field: str) -> Battery | None:
    """Return the newest report with this field."""
    batteries = (source.reported.state.battery for source in vehicle.sources)
    known = [each for each in batteries if each is not None and getattr(each, field) is not None]
    return max(known, key=lambda each: each.known_at, default=None)


def _reported(battery: Battery | None, figure: _Figure) -> JsonValueType:
    if battery is None:
        return None
    return {
        "value": round(getattr(battery, figure.field), 2),
        "source": battery.backend,
        "at": local_time(battery.known_at),
    }


def _by_model(new: float | None) -> JsonValueType:
    return None if new is None else {"value": new, "source": "model", "at": None}


def _estimated(health: BatteryHealth) -> dict[str, JsonValueType]:
    estimate, trend = health.estimate, health.trend
    shown = dict[str, JsonValueType].fromkeys(_ESTIMATED)
    shown["charges"] = health.charges
    if estimate is not None:
        shown |= {name: round(getattr(estimate, field), 2) for name, field in _KWH.items()}
        shown |= {"since": local_time(estimate.since), "at": local_time(estimate.at), "metered_at": estimate.metered_at}
    if health.health is not None:
        shown["health"] = round(health.health, 2)
    if trend is not None:
        shown |= {name: round(getattr(trend, field), 2) for name, field in _PERCENT.items()}
    return shown


async def _text(hass: HomeAssistant, batteries: Mapping[str, Battery | None], health: BatteryHealth) -> str:
    """Return the report in words, as Markdown."""

    async def say(name: str, **values: float | datetime) -> str:
        return await async_say(
            hass, "battery_report", name, **{key: await _shown(hass, value) for key, value in values.items()}
        )

    lines = []
    for name, battery in batteries.items():
        if battery is not None:
            figure = _FIGURES[name]
            label = await async_text(hass, "sensor", f"{figure.sensor}.name")
            value = await async_number(hass, getattr(battery, figure.field), figure.digits)
            source = await async_text(hass, "source", battery.backend)
            known_at = await _shown(hass, battery.known_at)
            shown = {"value": f"{value} {figure.unit}", "source": source, "at": known_at}
            lines.append(await async_say(hass, "battery_report", "reported", label=label, **shown))
    paragraphs = ["\n".join(lines)] if lines else []
    paragraphs += [await say(name, **values) for name, values in _sentences(health)]
    return "\n\n".join(paragraphs)


def _sentences(health: BatteryHealth) -> Iterator[tuple[str, Mapping[str, float | datetime]]]:
    """Yield what is to be said of the estimate, with the values in it."""
    estimate, trend, new = health.estimate, health.trend, health.new_capacity
    if estimate is None:
        yield "too_few", {"charges": health.charges, "needed": LEAST_CHARGES}
        return
    values = {"value": estimate.capacity, "low": estimate.low, "high": estimate.high}
    yield "estimated", {**values, "charges": estimate.charges, "since": estimate.since, "at": estimate.at}
    if new is not None and health.health is not None:
        yield "estimated_health", {"health": health.health, "new": new}
    yield f"method_{estimate.metered_at}", {}
    yield f"uncertainty_{estimate.metered_at}", {}
    if trend is None:
        yield "trend_unknown", {}
    else:
        yield "trend", {"trend": trend.per_year, "low": trend.low, "high": trend.high}


async def _shown(hass: HomeAssistant, value: float | datetime) -> str:
    if isinstance(value, datetime):
        day = dt_util.as_local(value)
        parts = {"year": f"{day:%Y}", "month": f"{day:%m}", "day": f"{day:%d}"}
        return await async_say(hass, "battery_report", "date", **parts)
    return await async_number(hass, value, 0 if isinstance(value, int) else 1)
