"""A week in which the demo's vehicles are driven and charged: what their books hold, beside what has really happened.

The LEAF charges at a wallbox with a meter, the Ariya without one. Home Assistant is real, and so are the clients.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from math import sqrt
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.const import SUBENTRY_CHARGE_PLAN
from custom_components.nissanconnect.engine.book import sums_of
from custom_components.nissanconnect.engine.charge_plan import PriceSlot
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.vehicle import alias
from script.demo_home.demo_energy.prices import day_ahead
from tests.simulator import Simulator
from tests.simulator.cars.vehicle import SimulatedVehicle
from tests.simulator.wallbox import Wallbox

from .commuters import ZONE
from .home import account, load
from .night import MINUTE, demo_energy, electric_of, until
from .table import Row
from .timewarp import warped

_MONDAY = datetime(2026, 11, 16, tzinfo=ZONE)
LEAF, ARIYA = "Leaf", "Ariya"
_POWER = 6.6
_PLANS: Mapping[str, Mapping[str, object]] = {
    LEAF: {
        "power": _POWER,
        "switched_by": "entity",
        "switch": "switch.demo_wallbox",
        "power_sensor": "sensor.demo_wallbox_power",
        "energy_sensor": "sensor.demo_wallbox_energy",
    },
    ARIYA: {"power": 7.4, "switched_by": "vehicle"},
}
"""The account does not tell what the batteries hold after some years, so their owner has entered it."""


@dataclass(slots=True)
class Truth:
    """What a vehicle has really done: km by its own odometer, kWh, and what its meter counted times the price then."""

    distances: Sequence[float] = ()
    odometer: float = 0.0
    driven: float = 0.0
    stored: float = 0.0
    wall: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Week:
    """The book of a vehicle, and the truth."""

    book: Entries
    truth: Truth
    currency: str = field(default="EUR")


def live(days: int) -> Mapping[str, Week]:
    """Live through some days, and half another until all stand; return what came of it for each vehicle."""
    return warped(_MONDAY, partial(_live, days))


async def _live(days: int) -> Mapping[str, Week]:
    service = Simulator(now=dt_util.utcnow, zone=ZONE)
    vehicles = {name: service.vehicle(name) for name in (LEAF, ARIYA)}
    url = await service.start(controls={"wallbox": Wallbox(vehicles[LEAF], dt_util.utcnow, _POWER).control})
    try:
        async with demo_energy(url) as hass:
            entry = account()
            await load(hass, entry, url)
            for name, plan in _PLANS.items():
                _add_plan(hass, entry.entry_id, vehicles[name], plan)
            end = _MONDAY + timedelta(days=days, hours=14)
            truths = await asyncio.gather(*(_watch(vehicle, end) for vehicle in vehicles.values()))
            books = [await _book(entry.runtime_data.vehicles[each.info.key]) for each in vehicles.values()]
    finally:
        await service.stop()
    return {name: Week(book, truth) for name, book, truth in zip(vehicles, books, truths, strict=True)}


async def _book(vehicle: VehicleRuntime) -> Entries:
    return await vehicle.book.async_all_entries()


async def _watch(vehicle: SimulatedVehicle, end: datetime) -> Truth:
    """Read the vehicle's own counters every minute."""
    electric = electric_of(vehicle)
    ledger, truth, at = electric.ledger, Truth(), dt_util.utcnow()
    prices = _prices(at, end)
    driven, odometer = len(vehicle.cloud.trips), vehicle.odometer
    used, stored, mains = ledger.driving - ledger.recovered, ledger.mains - ledger.charging_loss, ledger.mains
    while at < end:
        before = ledger.mains
        await until(at + MINUTE)
        vehicle.advance(at + MINUTE)
        truth.cost += (ledger.mains - before) * next(each.price for each in prices if each.start <= at < each.end)
        at += MINUTE
    truth.distances = [trip.distance for trip in vehicle.cloud.trips[driven:]]
    truth.odometer = round(vehicle.odometer, 1) - round(odometer, 1)
    truth.driven = ledger.driving - ledger.recovered - used
    truth.stored = ledger.mains - ledger.charging_loss - stored
    truth.wall = ledger.mains - mains
    return truth


def _prices(start: datetime, end: datetime) -> list[PriceSlot]:
    days = (start + timedelta(days=day) for day in range((end - start).days + 2))
    return [PriceSlot(*each) for day in days for each in day_ahead(day.astimezone(ZONE).date(), ZONE)]


def _add_plan(hass: HomeAssistant, entry_id: str, vehicle: SimulatedVehicle, plan: Mapping[str, object]) -> None:
    data: dict[str, Any] = {
        "vehicle": alias(vehicle.info.key),
        "target": 90,
        "ready_by": "07:00:00",
        "capacity": electric_of(vehicle).battery.usable,
        "price_source": "entity:sensor.demo_electricity_price",
        **plan,
    }
    subentry = ConfigSubentry(
        data=MappingProxyType(data), subentry_type=SUBENTRY_CHARGE_PLAN, title="Home", unique_id=None
    )
    entry = hass.config_entries.async_get_entry(entry_id)
    assert entry is not None
    hass.config_entries.async_add_subentry(entry, subentry)


def measure(*, quick: bool) -> list[Row]:
    """Return the figures of the books beside the truth."""
    return [row for name, week in live(1 if quick else 7).items() for row in _rows(name, week)]


def _rows(name: str, week: Week) -> list[Row]:
    sums, truth = sums_of(week.book, week.currency), week.truth

    def row(what: str, value: float, real: float, unit: str, most: float) -> Row:
        off = abs(value - real) / real if real else abs(value)
        return Row(
            name=f"{name}: {what}",
            value=value,
            unit=unit,
            baseline=real,
            target=f"± {100 * most:.2g} %" if most else "equal",
            met=off <= most + 1e-9,
        )

    return [
        Row(
            name=f"{name}: trips (of two between two reads it sees one)",
            value=sums.trips,
            baseline=len(truth.distances),
        ),
        row("distance, by the odometer", sums.distance, truth.odometer, "km", 0),
        row("energy used by trips", sums.energy, truth.driven, "kWh", 0.02),
        row("energy into the battery", sums.stored, truth.stored, "kWh", 0.02),
        row("energy from the wall", sums.wall, truth.wall, "kWh", 0.01 if name == LEAF else 0.05),
        row("cost of charging", sums.cost, truth.cost, "EUR", 0.01 if name == LEAF else _said(week.book) / truth.cost),
    ]


def _said(book: Entries) -> float:
    """Return by how much the cost may be off by what the book itself says of the energy of each charge.

    Levels are whole percents, so a little that was charged at a dear hour counts for much.
    """
    return sqrt(
        sum(((each.uncertainty or 0.0) / (each.energy or 1.0) * (each.cost or 0.0)) ** 2 for each in book.charges)
    )
