"""A house in which a vehicle charges by price: a wallbox that feeds the simulated LEAF, and an entity with prices."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import SUBENTRY_CHARGE_PLAN
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.vehicle import alias

from .conftest import LetTimePass, settle
from .simulator import Simulator
from .simulator.cars.electric import Electric

WALLBOX = "input_boolean.wallbox"
PRICE = "sensor.electricity"
QUARTER = timedelta(minutes=15)


def electric(simulator: Simulator, model: str = "Leaf") -> Electric:
    """Return the powertrain of a simulated vehicle, brought up to date."""
    powertrain = simulator.vehicle(model).powertrain
    assert isinstance(powertrain, Electric)
    return powertrain


def runtime(entry: MockConfigEntry, model: str = "Leaf") -> VehicleRuntime:
    """Return what runs for a vehicle."""
    found: VehicleRuntime = next(each for each in entry.runtime_data.vehicles.values() if each.info.model == model)
    return found


def set_prices(hass: HomeAssistant, start: datetime, prices: Sequence[float]) -> None:
    """Have the price entity list quarters from ``start`` on."""
    quarters = [
        {"start": start + i * QUARTER, "end": start + (i + 1) * QUARTER, "price": price}
        for i, price in enumerate(prices)
    ]
    attributes = {"prices": quarters, "unit_of_measurement": "EUR/kWh"}
    hass.states.async_set(PRICE, str(prices[0]), attributes)


@dataclass
class Wallbox:
    """A wallbox with a switch; ``flowed`` are the minutes in which the vehicle charged, ``works`` whether it obeys."""

    hass: HomeAssistant
    simulator: Simulator
    works: bool = True
    model: str = "Leaf"
    switched: list[tuple[datetime, bool]] = field(default_factory=list)

    async def async_build(self) -> None:
        """Put it on the wall."""
        assert await async_setup_component(
            self.hass, "input_boolean", {"input_boolean": {"wallbox": {"initial": True}}}
        )
        self.feed(True)

        @callback
        def changed(event: Event[EventStateChangedData]) -> None:
            state = event.data["new_state"]
            if state is not None and state.state in ("on", "off"):
                self.switched.append((dt_util.utcnow(), state.state == "on"))
                self.feed(state.state == "on")

        async_track_state_change_event(self.hass, WALLBOX, changed)

    def feed(self, on: bool) -> None:
        """Supply current or none."""
        if self.works:
            self.simulator.vehicle(self.model).advance(self.simulator.now())
            electric(self.simulator, self.model).charger.supply = inf if on else 0.0

    @property
    def is_on(self) -> bool:
        """Whether its switch is on."""
        state = self.hass.states.get(WALLBOX)
        return state is not None and state.state == "on"


async def add_plan(hass: HomeAssistant, entry: MockConfigEntry, model: str = "Leaf", **data: Any) -> ConfigSubentry:
    """Add a charge plan for a vehicle: by default with the wallbox and the price entity."""
    chosen = {
        "vehicle": alias(runtime(entry, model).info.key),
        "target": 80,
        "minimum": 0,
        "power": 6.6,
        "switched_by": "entity",
        "switch": WALLBOX,
        "price_source": f"entity:{PRICE}",
        **data,
    }
    subentry = ConfigSubentry(
        data=MappingProxyType(chosen), subentry_type=SUBENTRY_CHARGE_PLAN, title="Home", unique_id=None
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    await settle(hass)
    return subentry


async def minutes_of_charging(
    simulator: Simulator, pass_time: LetTimePass, duration: timedelta, model: str = "Leaf"
) -> list[datetime]:
    """Let time pass; return the minutes in which the vehicle took current."""
    found = []
    end = simulator.now() + duration
    while simulator.now() < end:
        at = simulator.now()
        await pass_time(timedelta(minutes=1))
        if electric(simulator, model).from_wall > 0:
            found.append(at)
    return found


def plug_in_empty(simulator: Simulator, level: float, model: str = "Leaf") -> None:
    """Plug a vehicle in that would charge at once, at a level."""
    powertrain = electric(simulator, model)
    powertrain.battery.energy = powertrain.battery.usable * level / 100
    powertrain.charger.keep_to(None)
    powertrain.charger.limit = 100.0
    simulator.vehicle(model).plug_in()
