"""Units: what is shown and taken follows the owner's system of units."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util.unit_system import METRIC_SYSTEM, US_CUSTOMARY_SYSTEM, UnitSystem
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.vehicle import Capability, StartClimate, Tyre, Tyres, VehicleInfo, VehicleState

from .conftest import NOON, set_up, state
from .scripted import Scripted, Stage, stage

__all__ = ["stage"]

VIN = "SJNFAAZE1U0099999"
ABLE = {Capability.CLIMATE, Capability.CLIMATE_TEMPERATURE}


async def vehicle(hass: HomeAssistant, stage: Stage, units: UnitSystem) -> tuple[Scripted, MockConfigEntry, str]:
    """Return a source with one vehicle, its entry, and the id of its device."""
    hass.config.units = units
    tyres = Tyres(backend="kamereon", received_at=NOON, front_left=Tyre(pressure=250))
    info = VehicleInfo(key=VIN, vin=VIN, nickname="Car", capabilities=frozenset(ABLE))
    source = Scripted("kamereon", {VIN: info}, {VIN: VehicleState(tyres=tyres)})
    entry = stage.entry("Cloud", source)
    await set_up(hass, entry)
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, VIN), entry.entry_id)
    assert device
    return source, entry, device.id


@pytest.mark.parametrize(("units", "unit", "value"), [(METRIC_SYSTEM, "bar", 2.5), (US_CUSTOMARY_SYSTEM, "psi", 36.26)])
async def test_tyres(hass: HomeAssistant, stage: Stage, units: UnitSystem, unit: str, value: float) -> None:
    await vehicle(hass, stage, units)
    shown = state(hass, "sensor.car_front_left_tyre_pressure")
    assert shown.attributes["unit_of_measurement"] == unit
    assert float(shown.state) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize(
    ("units", "given", "sent"),
    [
        (METRIC_SYSTEM, 21, 21),
        (US_CUSTOMARY_SYSTEM, 70, 21),
        (US_CUSTOMARY_SYSTEM, 21, 21),
        (US_CUSTOMARY_SYSTEM, 79, 26),
        (US_CUSTOMARY_SYSTEM, 61, 16),
    ],
)
async def test_a_temperature_is_meant_as_home_assistant_shows_it(
    hass: HomeAssistant, stage: Stage, units: UnitSystem, given: float, sent: float
) -> None:
    source, _, device = await vehicle(hass, stage, units)
    call: dict[str, Any] = {"device_id": device, "temperature": given}
    await hass.services.async_call(DOMAIN, "start_climate", call, blocking=True)
    assert source.sent == [StartClimate(sent)]


@pytest.mark.parametrize(
    ("units", "given", "limits"),
    [
        (METRIC_SYSTEM, 70, {"minimum": "16 °C", "maximum": "26 °C"}),
        (US_CUSTOMARY_SYSTEM, 90, {"minimum": "60.8 °F", "maximum": "78.8 °F"}),
        (US_CUSTOMARY_SYSTEM, 30, {"minimum": "60.8 °F", "maximum": "78.8 °F"}),
    ],
)
async def test_limits_are_told_in_the_unit_of_the_owner(
    hass: HomeAssistant, stage: Stage, units: UnitSystem, given: float, limits: dict[str, str]
) -> None:
    source, _, device = await vehicle(hass, stage, units)
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            DOMAIN, "start_climate", {"device_id": device, "temperature": given}, blocking=True
        )
    assert error.value.translation_key == "temperature_out_of_range"
    assert error.value.translation_placeholders == limits
    assert source.sent == []
