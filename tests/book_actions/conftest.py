"""The LEAF of the simulator, whose book is asked."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.runtime import VehicleRuntime

from ..simulator import Simulator
from ..test_commands import device_id


@pytest.fixture
def leaf(simulator: Simulator, loaded: MockConfigEntry) -> VehicleRuntime:
    """The LEAF."""
    vehicle: VehicleRuntime = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    return vehicle


@pytest.fixture
def device(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> str:
    """Its device."""
    return device_id(hass, loaded, simulator, "Leaf")
