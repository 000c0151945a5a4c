"""What is asked while something else is still on its way: the last wish counts, not the last confirmation."""

import asyncio
from collections.abc import Iterable
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.vehicle import StartCharging, StartClimate, StopCharging, StopClimate

from .conftest import set_up, settle, state
from .simulator import Simulator
from .simulator.cars.electric import Electric
from .test_commands import act, demo, device_id, executed  # noqa: F401

CLIMATE = "climate.leaf_climate"


def begin(hass: HomeAssistant, domain: str, action: str, entity_id: str, **data: Any) -> asyncio.Task[None]:
    """Ask for something and do not wait for its end."""
    return hass.async_create_task(act(hass, domain, action, entity_id, **data), eager_start=True)


async def _in_vain_but_last(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait for actions of which each has overruled the one before."""
    *earlier, last = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(each, "translation_key", None) for each in earlier] == ["superseded"] * len(earlier)
    assert last is None


async def test_a_temperature_does_not_start_what_is_being_stopped(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await act(hass, "climate", "turn_on", CLIMATE)
    stop = begin(hass, "climate", "turn_off", CLIMATE)
    assert state(hass, CLIMATE).state == "heat_cool"
    await act(hass, "climate", "set_temperature", CLIMATE, temperature=20)
    await stop
    await settle(hass)
    assert state(hass, CLIMATE).state == "off"
    assert executed(simulator, "Leaf") == [StartClimate(21), StopClimate()]
    assert state(hass, CLIMATE).attributes["temperature"] == 20


async def test_a_temperature_counts_for_what_is_being_started(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    start = begin(hass, "climate", "turn_on", CLIMATE)
    assert state(hass, CLIMATE).state == "off"
    await act(hass, "climate", "set_temperature", CLIMATE, temperature=23)
    await start
    assert executed(simulator, "Leaf") == [StartClimate(21), StartClimate(23)]


async def test_an_action_of_ours_counts_like_one_of_the_entity(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await act(hass, "climate", "turn_on", CLIMATE)
    target = {"device_id": device_id(hass, loaded, simulator, "Leaf")}
    stop = hass.async_create_task(hass.services.async_call(DOMAIN, "stop_climate", target, blocking=True))
    await asyncio.sleep(0)
    await act(hass, "climate", "set_temperature", CLIMATE, temperature=20)
    await stop
    assert executed(simulator, "Leaf")[-1] == StopClimate()


async def test_what_waits_for_its_turn_counts(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    tasks = [
        begin(hass, "climate", "turn_on", CLIMATE),
        begin(hass, "button", "press", "button.leaf_flash_lights"),
        begin(hass, "climate", "turn_off", CLIMATE),
        begin(hass, "climate", "set_temperature", CLIMATE, temperature=19),
    ]
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(end, "translation_key", None) for end in ends] == ["superseded", None, None, None]
    await settle(hass)
    assert executed(simulator, "Leaf")[-1] == StopClimate()
    assert state(hass, CLIMATE).state == "off"


async def test_toggling_turns_round_what_was_asked_for_last(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await _in_vain_but_last(begin(hass, "climate", "toggle", CLIMATE) for _ in range(2))
    assert executed(simulator, "Leaf") == [StartClimate(21), StopClimate()]

    ariya = simulator.vehicle("Ariya")
    assert isinstance(ariya.powertrain, Electric)
    ariya.powertrain.battery.energy *= 0.6
    ariya.plug_in()
    await act(hass, "switch", "turn_off", "switch.ariya_charging")
    await _in_vain_but_last(begin(hass, "switch", "toggle", "switch.ariya_charging") for _ in range(2))
    assert executed(simulator, "Ariya")[-2:] == [StartCharging(), StopCharging()]


@pytest.mark.parametrize(
    ("before", "domain", "action", "data", "entity_id", "kind"),
    [
        ("turn_on", "climate", "turn_off", {}, CLIMATE, "stop_climate"),
        (None, "climate", "turn_on", {}, CLIMATE, "start_climate"),
        ("turn_off", "switch", "turn_on", {}, "switch.ariya_charging", "start_charging"),
        ("turn_on", "switch", "turn_off", {}, "switch.ariya_charging", "stop_charging"),
        (None, "number", "set_value", {"value": 70}, "number.ariya_charge_limit", "set_charge_limit"),
    ],
)
async def test_what_is_in_progress_is_shown(
    hass: HomeAssistant,
    demo: MockConfigEntry,  # noqa: F811
    before: str | None,
    domain: str,
    action: str,
    data: dict[str, Any],
    entity_id: str,
    kind: str,
) -> None:
    if domain == "switch":
        await act(hass, "number", "set_value", "number.ariya_charge_limit", value=100)
    if before:
        await act(hass, domain, before, entity_id)
    shown = state(hass, entity_id)
    assert "in_progress" not in shown.attributes
    task = begin(hass, domain, action, entity_id, **data)
    assert state(hass, entity_id).attributes["in_progress"] == kind
    assert state(hass, entity_id).state == shown.state, "an end that was not seen"
    if kind == "stop_climate":
        assert "hvac_action" not in state(hass, entity_id).attributes
    await task
    assert "in_progress" not in state(hass, entity_id).attributes


async def test_the_lock_shows_what_was_asked_for_last(hass: HomeAssistant, demo: MockConfigEntry) -> None:  # noqa: F811
    lock = "lock.ariya_lock"
    tasks = [begin(hass, "lock", action, lock) for action in ("unlock", "lock")]
    assert state(hass, lock).state == "locking"
    await _in_vain_but_last(tasks)
    assert state(hass, lock).state == "locked"


async def test_after_a_restart_what_is_followed_still_counts(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await act(hass, "climate", "turn_on", CLIMATE)
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    assert vehicle.commands.expected == vehicle.coordinator.data
    stop = begin(hass, "climate", "turn_off", CLIMATE)
    assert vehicle.commands.expected.climate.running is False
    assert vehicle.coordinator.data.climate.running is True
    await stop
    assert vehicle.commands.expected == vehicle.coordinator.data


async def test_a_vehicle_that_has_not_told_anything_yet_is_expected_to_obey(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    simulator.vehicle("Leaf").cloud.reported.clear()
    await set_up(hass, entry)
    start = begin(hass, "climate", "turn_on", CLIMATE)
    await act(hass, "climate", "set_temperature", CLIMATE, temperature=23)
    await start
    assert executed(simulator, "Leaf")[-1] == StartClimate(23)
