"""What a vehicle could do and cannot any more: it is refused with the reason, not passed over in silence."""

from datetime import timedelta

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.const import DOMAIN, EVENT_COMMAND
from custom_components.nissanconnect.vehicle import StartClimate

from .conftest import LetTimePass, set_up, settle, state
from .simulator import Fault, Simulator
from .test_command_log import ask
from .test_commands import act, device_id, executed

CLIMATE = "climate.leaf_climate"
CONTROLS = {
    CLIMATE: ("climate", "turn_on"),
    "button.leaf_flash_lights": ("button", "press"),
    "button.leaf_start_charging": ("button", "press"),
}
HOUR = timedelta(hours=1)


@pytest.fixture
def contract(simulator: Simulator) -> dict[int, bool]:
    """The services that are paid for."""
    return dict(simulator.car("Leaf").services)


@pytest.fixture
async def lapsed(
    hass: HomeAssistant,
    simulator: Simulator,
    contract: dict[int, bool],
    loaded: MockConfigEntry,
    pass_time: LetTimePass,
) -> MockConfigEntry:
    """The LEAF's subscription has ended, the list has told so, and Home Assistant was restarted."""
    simulator.car("Leaf").lapse()
    await pass_time(6 * HOUR + timedelta(minutes=2), timedelta(minutes=30))
    await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    return loaded


async def refused(hass: HomeAssistant, entity_id: str) -> str | None:
    """Why a control refuses."""
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, *CONTROLS[entity_id], entity_id)
    await settle(hass)
    return error.value.translation_key


async def test_a_restart_does_not_silence_the_refusal(
    hass: HomeAssistant, simulator: Simulator, lapsed: MockConfigEntry
) -> None:
    events = async_capture_events(hass, EVENT_COMMAND)
    assert [await refused(hass, entity_id) for entity_id in CONTROLS] == ["subscription_inactive"] * 3
    assert [(event.data["type"], event.data["reason"]) for event in events] == [
        ("blocked", "subscription_inactive")
    ] * 3
    assert state(hass, "event.leaf_command").attributes["event_type"] == "blocked"
    await act(hass, "climate", "set_temperature", CLIMATE, temperature=23)
    target = {"device_id": device_id(hass, lapsed, simulator, "Leaf")}
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call(DOMAIN, "start_climate", {**target, "temperature": 22}, blocking=True)
    assert error.value.translation_key == "subscription_inactive"
    checked = await ask(hass, "preflight", target["device_id"], command="start_climate")
    assert checked["reason"] == "subscription_inactive"
    assert not checked["overridable"]
    assert simulator.requests["wakes"] == 0


async def test_what_cannot_be_read_any_more_still_refuses(
    hass: HomeAssistant, simulator: Simulator, lapsed: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.fail("*", Fault.http(500))
    await pass_time(30 * HOUR, HOUR)
    assert state(hass, "sensor.leaf_battery").state == STATE_UNAVAILABLE
    assert state(hass, CLIMATE).state == "unknown"
    assert await refused(hass, CLIMATE) == "subscription_inactive"
    assert state(hass, "event.leaf_command").attributes["event_type"] == "blocked", "triggers follow it"


async def test_a_renewal_is_noticed_when_something_is_refused(
    hass: HomeAssistant,
    simulator: Simulator,
    contract: dict[int, bool],
    lapsed: MockConfigEntry,
    pass_time: LetTimePass,
) -> None:
    await pass_time(timedelta(minutes=3))
    before = simulator.requests["cars"]
    for _ in range(5):
        await refused(hass, CLIMATE)
    assert simulator.requests["cars"] == before + 1, "not with each"

    simulator.car("Leaf").services = contract
    await pass_time(timedelta(minutes=3))
    assert await refused(hass, CLIMATE) == "subscription_inactive"
    await act(hass, "climate", "turn_on", CLIMATE)
    assert executed(simulator, "Leaf") == [StartClimate(21)]
    assert state(hass, CLIMATE).state == "heat_cool"


async def test_a_renewal_is_noticed_by_the_owners_refresh(
    hass: HomeAssistant, simulator: Simulator, contract: dict[int, bool], lapsed: MockConfigEntry
) -> None:
    simulator.car("Leaf").services = contract
    target = {"device_id": device_id(hass, lapsed, simulator, "Leaf")}
    await hass.services.async_call(DOMAIN, "refresh", target, blocking=True)
    await act(hass, "climate", "turn_on", CLIMATE)
    assert state(hass, CLIMATE).state == "heat_cool"


async def test_who_never_had_it_has_no_entity(
    hass: HomeAssistant, simulator: Simulator, contract: dict[int, bool], entry: MockConfigEntry
) -> None:
    simulator.car("Leaf").lapse()
    await set_up(hass, entry)
    assert hass.states.get(CLIMATE) is None
