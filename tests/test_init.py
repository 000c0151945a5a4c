"""Starting, stopping, restarting and removing an account."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.nissanconnect import async_remove_config_entry_device
from custom_components.nissanconnect.const import CONF_AUTH, DOMAIN
from custom_components.nissanconnect.vehicle import Fuel

from .conftest import LetTimePass, set_up, settle, status
from .simulator import Fault, Login, Simulator

WAKING = ("wakes", "actions", "login", "exchange", "refresh-token")


async def test_three_vehicles(hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator) -> None:
    assert loaded.state is ConfigEntryState.LOADED
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    assert {(device.name, device.model, device.serial_number) for device in devices} == {
        (info.nickname, f"{info.model} ({info.year})", info.vin)
        for info in (car.vehicle.info for car in simulator.cars.values())
    }
    assert simulator.requests["login"] == 1
    assert simulator.requests["wakes"] == 0


async def test_no_vin_in_any_entity_id_and_no_unique_id_twice(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator
) -> None:
    entities = er.async_entries_for_config_entry(er.async_get(hass), loaded.entry_id)
    assert len(entities) == len({(each.domain, each.unique_id) for each in entities}) > 60
    for each in entities:
        vin = next(vin for vin in simulator.cars if each.unique_id.startswith(f"{vin}_"))
        assert vin.lower() not in each.entity_id.lower()


async def test_unloading(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, pass_time: LetTimePass
) -> None:
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert loaded.state is ConfigEntryState.NOT_LOADED
    simulator.requests.clear()
    await pass_time(timedelta(hours=7), timedelta(minutes=30))
    assert not simulator.requests


async def test_nothing_is_added_while_unloading(
    hass: HomeAssistant, loaded: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """A read may end in the middle of it; what was added then would stay, and stand in the way of its successor."""
    vehicle = next(each for each in loaded.runtime_data.vehicles.values() if each.info.name == "LEAF")
    assert vehicle.coordinator.data.fuel is None

    @callback
    def end_a_read(event: Event[EventStateChangedData]) -> None:
        stop()
        if (new := event.data["new_state"]) is not None and new.state == STATE_UNAVAILABLE:
            fuel = Fuel(reported_at=None, received_at=dt_util.utcnow(), backend="kamereon", level=50)
            vehicle.coordinator.async_set_updated_data(replace(vehicle.coordinator.data, fuel=fuel))

    stop = async_track_state_change_event(hass, "sensor.leaf_battery", end_a_read)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert vehicle.coordinator.data.fuel is not None
    assert hass.states.get("sensor.leaf_fuel_level") is None

    await set_up(hass, loaded)
    assert "does not generate unique IDs" not in caplog.text


async def test_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Everything is there before the first answer; nobody logs in; no vehicle is woken."""
    before = states(hass)
    assert len(before) > 60
    await hass.config_entries.async_unload(loaded.entry_id)
    simulator.requests.clear()
    simulator.fail("*", Fault.hang())
    freezer.tick(timedelta(minutes=20))

    await hass.config_entries.async_setup(loaded.entry_id)
    await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.LOADED
    assert states(hass) == before
    assert sum(simulator.requests[name] for name in WAKING) == 0

    simulator.heal()
    await simulator.stop()
    await hass.config_entries.async_unload(loaded.entry_id)


def states(hass: HomeAssistant) -> dict[str, str]:
    """The states of all our entities; buttons have none before they are pressed."""
    ours = {each.entity_id for each in er.async_get(hass).entities.values() if each.platform == DOMAIN}
    return {state.entity_id: state.state for state in hass.states.async_all() if state.entity_id in ours}


async def test_restart_reads_again_with_the_old_tokens(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    simulator.requests.clear()
    await set_up(hass, loaded)
    assert simulator.requests["battery-status"] == 3
    assert sum(simulator.requests[name] for name in WAKING) == 0


async def test_what_a_vehicle_does_not_offer_is_asked_for_once_more_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator
) -> None:
    await set_up(hass, entry)
    assert simulator.requests["pressure"] == 3
    await hass.config_entries.async_unload(entry.entry_id)
    simulator.requests.clear()
    await set_up(hass, entry)
    assert simulator.requests["pressure"] == 3, "the LEAF has answered that it has no sensors, and might have them now"
    await entry.runtime_data.vehicles[simulator.vehicle("Leaf").info.key].coordinator.async_refresh()
    assert simulator.requests["pressure"] == 3, "and is left alone then"


async def test_old_tokens_are_refreshed_not_replaced(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    simulator.requests.clear()
    freezer.tick(timedelta(hours=2))
    tokens = loaded.data[CONF_AUTH]
    await set_up(hass, loaded)
    assert simulator.requests["refresh-token"] == 1
    assert simulator.requests["login"] == 0
    assert loaded.data[CONF_AUTH]["access_token"] != tokens["access_token"]


async def test_a_rejected_password_is_not_sent_again_after_a_restart(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    simulator.account.password = "changed in the app"
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_ERROR
    assert simulator.requests["login"] == 1
    for _ in range(3):
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert simulator.requests["login"] == 1
    assert len(hass.config_entries.flow.async_progress()) == 1


@pytest.mark.parametrize(
    ("login", "reason", "issue"),
    [
        (Login.OUTAGE, "unavailable", None),
        (Login.TERMS_PENDING, "action_required", "action_required"),
        (Login.EMAIL_UNCONFIRMED, "email_not_confirmed", "email_not_confirmed"),
        (Login.GEO_BLOCKED, "access_blocked", "access_blocked"),
        (Login.FOREIGN_FORM, "unsafe_redirect", None),
    ],
)
async def test_the_first_start_is_tried_again(
    hass: HomeAssistant,
    simulator: Simulator,
    entry: MockConfigEntry,
    pass_time: LetTimePass,
    login: Login,
    reason: str,
    issue: str | None,
) -> None:
    simulator.login = login
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == reason
    registry = ir.async_get(hass)
    assert {key.removesuffix(f"_{entry.entry_id}") for _, key in registry.issues} == ({issue} if issue else set())

    simulator.login = Login.SUCCESS
    await pass_time(timedelta(minutes=2))
    assert status(entry) is ConfigEntryState.LOADED
    assert not registry.issues


async def test_the_first_start_is_not_tried_again_sooner_than_the_service_allows(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.fail("cars/v5", Fault.rate_limited(1800))
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_RETRY
    await pass_time(timedelta(minutes=29))
    assert simulator.requests["cars/v5"] == 1

    simulator.heal()
    await pass_time(timedelta(minutes=2))
    assert status(entry) is ConfigEntryState.LOADED


async def test_removal_leaves_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_storage: dict[str, Any], pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=1))
    key = f"{DOMAIN}.{loaded.entry_id}"
    assert key in hass_storage
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert key not in hass_storage
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)


async def test_only_devices_that_are_gone_can_be_deleted(
    hass: HomeAssistant, loaded: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    stranger = device_registry.async_get_or_create(
        config_entry_id=loaded.entry_id, identifiers={(DOMAIN, "SJNGONE0000000009")}
    )
    assert await async_remove_config_entry_device(hass, loaded, stranger)
    for device in dr.async_entries_for_config_entry(device_registry, loaded.entry_id):
        if device.id != stranger.id:
            assert not await async_remove_config_entry_device(hass, loaded, device)


async def test_a_sold_vehicle_can_be_deleted_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, simulator: Simulator, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, "config", {})
    page = await hass_ws_client(hass)

    async def delete(name: str) -> bool:
        device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, simulator.car(name).vin), loaded.entry_id)
        assert device is not None
        await page.send_json_auto_id({"type": "config/device_registry/remove", "device_id": device.id})
        answer = await page.receive_json()
        await settle(hass)
        return bool(answer["success"])

    assert not await delete("Qashqai")
    sold = simulator.car("Qashqai").vin
    simulator.account.vins -= {sold}
    assert await delete("Qashqai")
    assert sold not in loaded.runtime_data.vehicles
    assert not [each for each in hass.states.async_entity_ids() if "qashqai" in each]
    assert not await delete("Leaf")
    assert hass.states.get("sensor.leaf_battery") is not None
