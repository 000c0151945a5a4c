"""A night at home: a LEAF at the demo's wallbox and an Ariya are plugged in at 18:00, and have to be ready at 7:00.

Home Assistant is the real one, and so are the clients of the two; whoever is measured sets up in it what charges them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

import custom_components
from custom_components.nissanconnect.engine.charge_plan import OVERHEAD, PriceSlot
from script.demo_home.demo_energy.prices import day_ahead
from script.demo_home.seed import ENERGY
from tests.simulator import Simulator
from tests.simulator.cars.battery import TractionBattery
from tests.simulator.cars.charger import Charger
from tests.simulator.cars.electric import Electric
from tests.simulator.cars.garage import Garage, ariya, build, leaf
from tests.simulator.cars.vehicle import Make, SimulatedVehicle
from tests.simulator.wallbox import Wallbox

from .commuters import ZONE
from .home import account, home, load
from .timewarp import holding, warped

EVENING = datetime(2026, 11, 16, 17, 30, tzinfo=ZONE)
PLUGGED_IN_AT = EVENING.replace(hour=18, minute=0)
READY_BY = PLUGGED_IN_AT.replace(hour=7) + timedelta(days=1)
MORNING = READY_BY + timedelta(hours=1)

MINUTE = timedelta(minutes=1)
LEAF, ARIYA = "LEAF", "Ariya"
LEVELS = {LEAF: 30.0, ARIYA: 45.0}

PRICES = tuple(PriceSlot(*each) for day in (EVENING.date(), READY_BY.date()) for each in day_ahead(day, ZONE))


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute of a vehicle's night: its level (%) before, and what came out of the wall in it (kWh)."""

    start: datetime
    level: float
    energy: float

    @property
    def cost(self) -> float:
        """What the energy cost, in EUR."""
        return self.energy * next(slot.price for slot in PRICES if slot.start <= self.start < slot.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """The night that is to come: what whoever plans it has to do with. ``power`` is what the wallbox offers in kW."""

    hass: HomeAssistant
    vehicles: Mapping[str, SimulatedVehicle]
    entry_id: str
    power: float


type Prepare = Callable[[Night], Awaitable[None]]
"""Sets up what charges the vehicles, an evening before they are plugged in; what it starts may outlive it."""


def spend(prepare: Prepare, *, power: float = 6.6) -> Mapping[str, list[Minute]]:
    """Live through the night in some seconds; return what each vehicle took."""
    return warped(EVENING, partial(_spend, prepare, power))


async def _spend(prepare: Prepare, power: float) -> Mapping[str, list[Minute]]:
    vehicles = {LEAF: _parked(leaf(EVENING, ZONE), LEAF), ARIYA: _parked(ariya(EVENING, ZONE), ARIYA)}
    garage = Garage({vehicle.info.key: vehicle for vehicle in vehicles.values()})
    service = Simulator(now=dt_util.utcnow, garage=garage, zone=ZONE)
    url = await service.start(controls={"wallbox": Wallbox(vehicles[LEAF], dt_util.utcnow, power).control})
    try:
        async with demo_energy(url) as hass:
            entry = account()
            await load(hass, entry, url)
            await prepare(Night(hass=hass, vehicles=vehicles, entry_id=entry.entry_id, power=power))
            await until(PLUGGED_IN_AT)
            service.advance()
            for vehicle in vehicles.values():
                vehicle.plug_in()
            watched = await asyncio.gather(*(_watch(vehicle) for vehicle in vehicles.values()))
    finally:
        await service.stop()
    return dict(zip(vehicles, watched, strict=True))


async def _watch(vehicle: SimulatedVehicle) -> list[Minute]:
    """Read the vehicle's own meter every minute until the morning."""
    electric, at, minutes = electric_of(vehicle), PLUGGED_IN_AT, list[Minute]()
    while at < MORNING:
        level, metered = electric.battery.level, electric.ledger.mains
        await until(at + MINUTE)
        vehicle.advance(at + MINUTE)
        minutes.append(Minute(at, level, electric.ledger.mains - metered))
        at += MINUTE
    return minutes


@asynccontextmanager
async def demo_energy(simulator_url: str) -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant with the demo's price of electricity and its wallbox."""
    with patch.object(custom_components, "__path__", [*custom_components.__path__, str(ENERGY.parent)]):
        wallbox = import_module("custom_components.demo_energy.wallbox").Wallbox
        with patch.object(wallbox, "ask", holding(wallbox.ask)):
            async with home() as hass:
                if not await async_setup_component(hass, ENERGY.name, {ENERGY.name: {"simulator": simulator_url}}):
                    raise RuntimeError("The wallbox cannot be set up")
                await hass.async_block_till_done()
                yield hass


def _parked(make: Make, name: str) -> SimulatedVehicle:
    """Park a vehicle whose battery is as new and which knows no limit, nor anybody who drives it."""
    old = make.powertrain
    assert isinstance(old, Electric)
    spec = replace(old.battery.spec, health=100)
    battery = TractionBattery(spec=spec, energy=spec.capacity * LEVELS[name] / 100, temperature=old.battery.temperature)
    powertrain = replace(old, battery=battery, charger=Charger(max_power=old.charger.max_power, overhead=OVERHEAD))
    return build(replace(make, powertrain=powertrain, scenario=()), EVENING, ZONE, seed=0)


def electric_of(vehicle: SimulatedVehicle) -> Electric:
    """Return what drives a vehicle that is electric."""
    assert isinstance(vehicle.powertrain, Electric)
    return vehicle.powertrain


async def until(at: datetime) -> None:
    """Wait until a time."""
    await asyncio.sleep((at - dt_util.utcnow()).total_seconds())
