"""Commanding vehicles from Home Assistant, to the end."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.vehicle import (
    CancelClimateSchedule,
    Command,
    FlashLights,
    Group,
    Initiator,
    Refresh,
    ScheduleClimate,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
)

from .conftest import LetTimePass, minutes_of_reads, set_up, settle, state
from .simulator import Fault, Simulator
from .simulator.cars.electric import Electric
from .simulator.cars.telematics import Manner

MINUTE = timedelta(minutes=1)


async def act(hass: HomeAssistant, domain: str, action: str, entity_id: str, **data: Any) -> None:
    """Perform an action of an entity and wait for its end."""
    await hass.services.async_call(domain, action, {"entity_id": entity_id, **data}, blocking=True)


def executed(simulator: Simulator, model: str) -> list[Command]:
    """What a vehicle has really done."""
    return simulator.vehicle(model).telematics.executed


async def test_climate(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    climate = "climate.leaf_climate"
    assert state(hass, climate).state == "off"
    assert state(hass, climate).attributes["temperature"] == 21

    await act(hass, "climate", "set_temperature", climate, temperature=23)
    assert executed(simulator, "Leaf") == [], "a temperature alone wakes nobody"
    assert state(hass, climate).attributes["temperature"] == 23

    await act(hass, "climate", "turn_on", climate)
    assert state(hass, climate).state == "heat_cool"
    assert executed(simulator, "Leaf") == [StartClimate(23)]
    assert simulator.requests["actions/hvac-start"] == 1

    await act(hass, "climate", "set_temperature", climate, temperature=20)
    assert executed(simulator, "Leaf")[-1] == StartClimate(20)

    await act(hass, "climate", "turn_off", climate)
    assert state(hass, climate).state == "off"
    assert executed(simulator, "Leaf")[-1] == StopClimate()

    await act(hass, "climate", "set_temperature", climate, temperature=19, hvac_mode="heat_cool")
    assert state(hass, climate).state == "heat_cool"
    assert executed(simulator, "Leaf")[-1] == StartClimate(19)


async def test_the_chosen_temperature_outlives_a_restart(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await act(hass, "climate", "set_temperature", "climate.leaf_climate", temperature=24)
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, "climate.leaf_climate").attributes["temperature"] == 24


@pytest.mark.parametrize(
    ("entity_id", "model", "command"),
    [
        ("button.leaf_horn", "Leaf", SoundHorn()),
        ("button.leaf_flash_lights", "Leaf", FlashLights()),
        ("button.qashqai_start_engine", "Qashqai", StartEngine()),
        ("button.qashqai_stop_engine", "Qashqai", StopEngine()),
    ],
)
async def test_buttons(
    every_entity_enabled: None,
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    entity_id: str,
    model: str,
    command: Command,
) -> None:
    await act(hass, "button", "press", entity_id)
    assert executed(simulator, model) == [command]
    assert state(hass, entity_id).state != STATE_UNKNOWN


async def test_buttons_for_the_whole_device_leave_out_what_is_heard_in_the_street(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    """As an owner does who presses "the buttons of the car": a device, and so an area, means its main entities."""
    registry = er.async_get(hass)
    assert hass.states.get("button.qashqai_start_engine") is None, "it is off until its owner enables it"
    careful = [registry.entities[f"button.qashqai_{key}"] for key in ("horn", "flash_lights", "refresh_from_vehicle")]
    assert [entity.entity_category for entity in careful] == [EntityCategory.CONFIG] * 3
    await hass.services.async_call("button", "press", {"device_id": careful[0].device_id}, blocking=True)
    assert executed(simulator, "Qashqai") == [StopEngine()]


async def test_a_button_that_an_owner_has_stays_enabled_under_its_name(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """What is off for new vehicles was on in earlier versions."""
    registry = er.async_get(hass)
    entry.add_to_hass(hass)
    vin = simulator.car("Qashqai").vin
    for key in ("start_engine", "horn", "lights", "refresh"):
        registry.async_get_or_create(
            "button", DOMAIN, f"{vin}_{key}", config_entry=entry, suggested_object_id=f"mine_{key}"
        )
    await set_up(hass, entry)
    for key in ("start_engine", "horn", "lights", "refresh"):
        assert state(hass, f"button.mine_{key}").state == STATE_UNKNOWN
    await act(hass, "button", "press", "button.mine_start_engine")
    assert executed(simulator, "Qashqai") == [StartEngine()]


async def test_refresh_wakes_and_brings_news(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    before, pressed = state(hass, "sensor.leaf_last_report_from_vehicle").state, dt_util.utcnow()
    assert simulator.requests["wakes"] == 0
    await act(hass, "button", "press", "button.leaf_refresh_from_vehicle")
    assert state(hass, "sensor.leaf_last_report_from_vehicle").state > before
    await settle(hass)
    assert executed(simulator, "Leaf") == [Refresh(Group.BATTERY), Refresh(Group.CLIMATE)], "no part is left out"
    assert simulator.requests["wakes"] == 2
    assert simulator.vehicle("Leaf").telematics.wakes == 1, "it was awake"
    (vehicle,) = (each for each in loaded.runtime_data.vehicles.values() if each.info.model == "Leaf")
    assert len(vehicle.log.wakes.wakes) == 2
    groups = vehicle.coordinator.data.groups()
    assert {group for group in (Group.BATTERY, Group.CLIMATE) if groups[group].reported_at < pressed} == set()


@pytest.mark.parametrize(("has_lock_status", "group"), [(True, Group.BODY), (False, Group.POSITION)])
async def test_a_refresh_of_a_vehicle_without_a_traction_battery_is_seen_in_what_it_asks_for(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, has_lock_status: bool, group: Group
) -> None:
    """Its tank stays as old as before."""
    car = simulator.car("Qashqai")
    if not has_lock_status:
        del car.services[2021]
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    await act(hass, "button", "press", "button.qashqai_refresh_from_vehicle")
    await settle(hass)
    assert executed(simulator, "Qashqai") == [Refresh(group)]
    (record,) = entry.runtime_data.vehicles[car.vin].log.records
    assert record.outcome.status == "confirmed"


async def test_a_wake_that_nobody_has_asked_for_renews_no_more_than_it_must(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    vehicle.commands.async_submit(Refresh(), Initiator(kind="option"))
    await settle(hass)
    assert executed(simulator, "Leaf") == [Refresh(Group.BATTERY)]


async def test_charging_switch(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    """The Ariya can start and stop; the LEAF can only start and therefore has a button."""
    ariya = simulator.vehicle("Ariya")
    assert isinstance(ariya.powertrain, Electric)
    ariya.powertrain.battery.energy *= 0.6
    ariya.plug_in()
    await act(hass, "switch", "turn_on", "switch.ariya_charging")
    assert state(hass, "switch.ariya_charging").state == "on"
    assert state(hass, "binary_sensor.ariya_battery_charging").state == "on"
    assert state(hass, "sensor.ariya_charging_status").state == "charging"
    assert datetime.fromisoformat(state(hass, "sensor.ariya_charging_finishes").state) > dt_util.utcnow()

    await act(hass, "switch", "turn_off", "switch.ariya_charging")
    assert state(hass, "switch.ariya_charging").state == "off"
    assert executed(simulator, "Ariya")[-2:] == [StartCharging(), StopCharging()]
    assert hass.states.get("switch.leaf_charging") is None
    assert hass.states.get("button.leaf_start_charging") is not None
    assert hass.states.get("button.ariya_start_charging") is None


async def test_scheduled_climate(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    at = dt_util.utcnow() + timedelta(hours=18)
    target = {"device_id": device_id(hass, loaded, simulator, "Leaf")}
    await hass.services.async_call(
        DOMAIN, "start_climate", {**target, "temperature": 22, "at": at.isoformat()}, blocking=True
    )
    assert executed(simulator, "Leaf") == [ScheduleClimate(at=at, target=22)]
    assert datetime.fromisoformat(state(hass, "sensor.leaf_next_climate_start").state) == at

    await hass.services.async_call(DOMAIN, "cancel_scheduled_climate", target, blocking=True)
    assert executed(simulator, "Leaf")[-1] == CancelClimateSchedule()
    assert state(hass, "sensor.leaf_next_climate_start").state == STATE_UNKNOWN


async def test_actions_for_several_vehicles(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    both = [device_id(hass, loaded, simulator, model) for model in ("Leaf", "Ariya")]
    await hass.services.async_call(DOMAIN, "start_climate", {"device_id": both, "temperature": 20}, blocking=True)
    assert executed(simulator, "Leaf") == executed(simulator, "Ariya") == [StartClimate(20)]
    await hass.services.async_call(DOMAIN, "stop_climate", {"device_id": both}, blocking=True)
    assert executed(simulator, "Leaf")[-1] == executed(simulator, "Ariya")[-1] == StopClimate()


def device_id(hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, model: str) -> str:
    """The device of a vehicle."""
    vin = simulator.car(model).vin
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, vin), entry.entry_id)
    assert device is not None
    return device.id


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"temperature": 5}, "temperature_out_of_range"),
        ({"temperature": 27}, "temperature_out_of_range"),
        ({"temperature": "nan"}, "temperature_out_of_range"),
        ({"at": "2026-11-20 12:00:00+00:00"}, "time_in_the_past"),
    ],
)
async def test_bad_input_is_explained_and_not_sent(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, data: dict[str, Any], key: str
) -> None:
    target = {"device_id": device_id(hass, loaded, simulator, "Leaf")}
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "start_climate", {**target, **data}, blocking=True)
    assert error.value.translation_key == key
    assert str(error.value) != key, "there is a text for it"
    assert simulator.requests["actions"] == 0


async def test_unknown_fields_and_devices_are_refused(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    target = {"device_id": device_id(hass, loaded, simulator, "Leaf")}
    with pytest.raises(probatio.Invalid):
        await hass.services.async_call(DOMAIN, "stop_climate", {**target, "temperature": 20}, blocking=True)
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "stop_climate", {"device_id": "nobody"}, blocking=True)
    gone = dr.async_get(hass).async_get_or_create(
        config_entry_id=loaded.entry_id, identifiers={(DOMAIN, "SJNGONE0000000009")}
    )
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "stop_climate", {"device_id": gone.id}, blocking=True)
    assert error.value.translation_key == "vehicle_gone"


async def test_what_a_vehicle_does_not_offer_is_refused_without_asking(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    target = {"device_id": device_id(hass, loaded, simulator, "Qashqai")}
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(DOMAIN, "start_climate", target, blocking=True)
    assert error.value.translation_key == "not_supported"
    assert simulator.requests["actions"] == 0


async def test_a_lock_that_cannot_be_moved_is_shown_only(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    registry, vin = er.async_get(hass), simulator.car("Qashqai").vin
    entry.add_to_hass(hass)
    old = registry.async_get_or_create("lock", DOMAIN, f"{vin}_lock", config_entry=entry).entity_id
    await set_up(hass, entry)
    assert registry.async_get(old) is None, "an earlier version had one"
    assert not hass.states.async_entity_ids("lock")
    shown = "binary_sensor.qashqai_lock"
    assert (state(hass, shown).state, state(hass, shown).attributes["device_class"]) == ("off", "lock")
    qashqai = simulator.vehicle("Qashqai")
    qashqai.body.locked = False
    qashqai.report({Group.BODY})
    await pass_time(timedelta(hours=1))
    assert state(hass, shown).state == "on"


async def test_a_lapsed_subscription_is_the_reason_given(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.car("Leaf").lapse()
    await pass_time(timedelta(hours=6, minutes=2), timedelta(minutes=10))
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    assert error.value.translation_key == "subscription_inactive"


def silent(simulator: Simulator) -> None:
    simulator.vehicle("Leaf").telematics.manner = Manner.SILENT


def refusing(simulator: Simulator) -> None:
    simulator.vehicle("Leaf").telematics.manner = Manner.REFUSING


def uncovered(simulator: Simulator) -> None:
    simulator.vehicle("Leaf").telematics.covered = False


@pytest.mark.parametrize(
    ("arrange", "key"),
    [
        (silent, "no_answer"),
        (uncovered, "no_answer"),
        (refusing, "rejected_by_vehicle"),
        (lambda simulator: simulator.fail("actions", Fault.http(500)), "unavailable"),
        (lambda simulator: simulator.fail("actions", Fault.http(403)), "not_supported"),
        (lambda simulator: simulator.fail("actions", Fault.http(403, "403009")), "privacy_mode"),
        (lambda simulator: simulator.fail("actions", Fault.rate_limited(60)), "rate_limited"),
        (lambda simulator: simulator.fail("actions", Fault.malformed()), "protocol_error"),
        (lambda simulator: simulator.fail("hvac-status", Fault.values(hvacStatus="off")), "not_seen"),
    ],
)
async def test_every_way_to_fail_has_its_reason(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    arrange: Callable[[Simulator], None],
    key: str,
) -> None:
    arrange(simulator)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    assert error.value.translation_key == key
    assert "{" not in str(error.value)
    assert state(hass, "climate.leaf_climate").state == "off", "nothing is faked"
    assert simulator.requests["actions/hvac-start"] == 1, "nothing is sent twice"


async def test_cancelled_although_executed_is_confirmed_by_the_vehicle(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    simulator.vehicle("Leaf").telematics.manner = Manner.CONTRADICTING
    await act(hass, "climate", "turn_on", "climate.leaf_climate")
    assert state(hass, "climate.leaf_climate").state == "heat_cool"


async def test_a_vehicle_that_obeys_late_is_noticed_within_minutes(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.fail("hvac-status", Fault.values(hvacStatus="off"))
    with pytest.raises(HomeAssistantError):
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    await pass_time(2 * MINUTE)
    simulator.heal()
    await pass_time(2 * MINUTE)
    assert state(hass, "climate.leaf_climate").state == "heat_cool"


async def test_watching_ends_after_ten_rounds(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.account.vins = {simulator.car("Leaf").vin}
    await set_up(hass, entry)
    simulator.vehicle("Leaf").telematics.manner = Manner.SILENT
    with pytest.raises(HomeAssistantError):
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    found = await minutes_of_reads(simulator, pass_time, 35)
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert gaps[:9] == [1] * 9
    assert all(gap >= 10 for gap in gaps[9:])  # longer for a while, because the quota has been overdrawn


async def test_a_command_takes_the_place_of_the_one_that_it_overrules(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    first = hass.async_create_task(act(hass, "climate", "turn_on", "climate.leaf_climate"))
    second = hass.async_create_task(act(hass, "climate", "turn_off", "climate.leaf_climate"))
    with pytest.raises(HomeAssistantError) as error:
        await first
    assert error.value.translation_key == "superseded"
    await second
    assert executed(simulator, "Leaf") == [StartClimate(21), StopClimate()]
    assert state(hass, "climate.leaf_climate").state == "off"


async def test_a_token_refused_during_a_command_is_renewed_without_sending_twice(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    simulator.fail("actions", Fault.http(401, "401000"), times=1)
    await act(hass, "climate", "turn_on", "climate.leaf_climate")
    assert executed(simulator, "Leaf") == [StartClimate(21)]
    assert simulator.requests["refresh-token"] == 1


async def test_a_password_rejected_during_a_command_asks_for_the_new_one(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    simulator.account.password = "changed in the app"
    simulator.fail("actions", Fault.http(401, "401000"))
    simulator.fail("refresh-token", Fault.http(403))
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    assert error.value.translation_key == "authentication_failed"
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


@pytest.fixture
async def demo(hass: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """The simulated garage in process, which can also do what no European Nissan can."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id="demo", data={CONF_SOURCE: "demo"})
    await set_up(hass, entry)
    return entry


async def test_demo_charge_limit(hass: HomeAssistant, demo: MockConfigEntry) -> None:
    assert float(state(hass, "number.ariya_charge_limit").state) == 80
    await act(hass, "number", "set_value", "number.ariya_charge_limit", value=70)
    assert float(state(hass, "number.ariya_charge_limit").state) == 70
    with pytest.raises(ServiceValidationError):
        await act(hass, "number", "set_value", "number.ariya_charge_limit", value=40)


async def test_demo_lock_shows_what_it_does(hass: HomeAssistant, demo: MockConfigEntry) -> None:
    seen: list[str] = []

    @callback
    def note(event: Any) -> None:
        if event.data["entity_id"] == "lock.ariya_lock":
            seen.append(event.data["new_state"].state)

    hass.bus.async_listen("state_changed", note)
    await act(hass, "lock", "unlock", "lock.ariya_lock")
    await act(hass, "lock", "lock", "lock.ariya_lock")
    await hass.async_block_till_done()
    assert seen == ["unlocking", "unlocked", "locking", "locked"]
