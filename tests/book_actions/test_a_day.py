"""A day of the simulated LEAF, as its book tells it afterwards."""

from datetime import datetime, timedelta
import json
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from ..charging import Wallbox, add_plan, electric, set_prices
from ..conftest import NOON, LetTimePass, set_up
from ..simulator import Simulator
from ..simulator.cars.places import HOME, TO_SCIENCE_PARK
from ..test_command_log import ask
from ..test_commands import device_id

PRICE = 0.30


async def move_in(hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Live where the LEAF does, with a wallbox, one price, and a zone where it is parked by day."""
    await hass.config.async_update(latitude=HOME.latitude, longitude=HOME.longitude)
    work = TO_SCIENCE_PARK.back().start
    zone = {"name": "Work", "latitude": work.latitude, "longitude": work.longitude, "radius": 200}
    assert await async_setup_component(hass, "zone", {"zone": [zone]})
    await Wallbox(hass, simulator).async_build()
    set_prices(hass, NOON, [PRICE] * 200)
    await set_up(hass, entry)
    await add_plan(hass, entry, target=95, capacity=electric(simulator).battery.usable)


async def test_a_day(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass, tmp_path: Path
) -> None:
    await move_in(hass, simulator, entry)
    battery, stored = electric(simulator).battery, 0.0
    for _ in range(24 * 12):
        before = battery.energy
        await pass_time(timedelta(minutes=5), timedelta(minutes=5))
        stored += max(0.0, electric(simulator).battery.energy - before)
    driven = [each for each in simulator.vehicle("Leaf").cloud.trips if each.started_at > NOON]
    leaf = device_id(hass, entry, simulator, "Leaf")

    trips = await ask(hass, "get_trips", leaf, period="trip")
    charges = await ask(hass, "get_charges", leaf)
    ways = [("Work", "test home"), ("test home", None), (None, "test home")]
    assert [(each["from"], each["to"]) for each in trips] == ways
    for told, truth in zip(trips, driven, strict=True):
        assert told["distance"] == pytest.approx(truth.distance, abs=0.1)
        assert abs(datetime.fromisoformat(told["end"]) - truth.ended_at) < timedelta(minutes=1)
        used = truth.consumption.electricity - truth.consumption.recovered
        assert told["energy"] == pytest.approx(used, abs=2 * told["energy_uncertainty"])
    (charge,) = charges
    assert charge["place"] == "test home"
    assert charge["energy"] == pytest.approx(stored, abs=charge["uncertainty"])
    assert charge["cost"] == pytest.approx(PRICE * charge["wall_energy"], abs=0.005)

    (month,) = await ask(hass, "get_charges", leaf, group_by="month")
    assert (month["charges"], month["cost"], month["currency"]) == (1, charge["cost"], "EUR")
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    exported = await ask(hass, "export_book", leaf, path=str(tmp_path))
    assert (exported["trips"], exported["charges"]) == (len(trips), 1)
    assert json.loads((tmp_path / "leaf.json").read_text())["charges"] == [
        {name: value for name, value in charge.items() if name != "units"}
    ]
