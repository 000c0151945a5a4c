"""A part that is refused: when it is given up, that this shows, and what has it asked for again."""

from datetime import timedelta
import json
import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.diagnostics import async_get_config_entry_diagnostics
from custom_components.nissanconnect.vehicle import Group

from .conftest import LetTimePass, set_up, settle, state
from .simulator import Fault, Simulator
from .simulator.cars.electric import Electric
from .test_commands import device_id

DENIED = Fault.http(403, "403", "security.access", "Access is denied for this resource")
REASON = "cockpit v1 answered 403 (code 403)"


@pytest.fixture
def simulator(simulator: Simulator) -> Simulator:
    """The simulated service, which denies the odometer of the LEAF."""
    simulator.fail("cockpit", DENIED, vin=simulator.car("Leaf").vin)
    return simulator


async def given_up(hass: HomeAssistant, entry: MockConfigEntry) -> list[dict[str, str]]:
    told = json.loads(json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str))
    return [vehicle["given_up"] for vehicle in told["vehicles"].values() if vehicle["given_up"]]


async def test_it_shows_once_in_the_log_and_in_diagnostics(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    simulator: Simulator,
    pass_time: LetTimePass,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "custom_components.nissanconnect")
    await set_up(hass, entry)
    await pass_time(timedelta(hours=5), step=timedelta(minutes=10))
    assert REASON in [told.get("cockpit") for told in await given_up(hass, entry)]
    lines = [record for record in caplog.records if REASON in record.message and record.levelname == "INFO"]
    assert len(lines) == 1


async def test_the_owner_has_it_asked_for_again(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    assert hass.states.get("sensor.leaf_odometer") is None
    simulator.heal("cockpit")
    caplog.set_level(logging.INFO, "custom_components.nissanconnect")
    leaf = device_id(hass, loaded, simulator, "Leaf")
    await hass.services.async_call(DOMAIN, "refresh", {"device_id": leaf}, blocking=True)
    await settle(hass)
    assert float(state(hass, "sensor.leaf_odometer").state) > 0
    assert REASON not in [told.get("cockpit") for told in await given_up(hass, loaded)]
    assert "cockpit can be read again" in caplog.text


async def test_so_does_loading_it_anew(hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator) -> None:
    simulator.heal("cockpit")
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert loaded.state is ConfigEntryState.LOADED
    assert float(state(hass, "sensor.leaf_odometer").state) > 0


async def test_one_denial_of_what_has_worked_freezes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, pass_time: LetTimePass
) -> None:
    await set_up(hass, entry)
    car = simulator.car("Leaf")
    simulator.fail("battery-status", DENIED, times=1, vin=car.vin)
    await pass_time(timedelta(minutes=12))
    before = state(hass, "sensor.leaf_battery").state
    leaf = simulator.vehicle("Leaf")
    assert isinstance(leaf.powertrain, Electric)
    leaf.powertrain.battery.energy /= 2
    leaf.report({Group.BATTERY})
    await pass_time(timedelta(minutes=12))
    assert state(hass, "sensor.leaf_battery").state != before
