"""What vehicles of MyNISSAN in North America show and do."""

from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.components.update.const import DATA_COMPONENT
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.vehicle import (
    ChargeSchedule,
    FlashLights,
    Group,
    Lock,
    Refresh,
    SetChargeLimit,
    SetChargeSchedule,
    StartClimate,
    StartEngine,
    StopCharging,
    Unlock,
    UpdateStatus,
)

from ..book_actions.entries import trip, write_book
from ..conftest import LetTimePass, state
from ..simulator import Fault
from ..simulator.cars.places import HOME, TO_UTRECHT
from ..simulator.mynissan import MyNissan
from ..test_command_log import ask
from ..test_commands import act
from .conftest import device


async def test_what_a_vehicle_shows(hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry) -> None:
    said = service.vehicle("Ariya").cloud.state
    assert said.battery
    assert said.climate
    shown = {
        "sensor.ariya_battery": f"{said.battery.level:g}",
        "sensor.ariya_range": f"{said.battery.range:g}",
        "sensor.ariya_subscription": "active",
        "sensor.ariya_subscription_ends": "2027-03-01T00:00:00+00:00",
        "sensor.ariya_charging_finishes": STATE_UNKNOWN,
        "binary_sensor.ariya_plugged_in": "on",
        "binary_sensor.ariya_hood": "off",
        "binary_sensor.ariya_sunroof": "off",
        "binary_sensor.ariya_rear_left_window": "off",
        "binary_sensor.ariya_warning_lamp": "off",
        "climate.ariya_climate": "off",
        "lock.ariya_lock": "locked",
        "number.ariya_charge_limit": "80",
        "update.ariya_vehicle_software": "off",
        "sensor.qashqai_fuel_range": "454",
        "sensor.qashqai_oil_change_in": "7347",
    }
    assert {name: state(hass, name).state.removesuffix(".0") for name in shown} == shown
    assert state(hass, "climate.ariya_climate").attributes["current_temperature"] == said.climate.inside_temperature
    for absent in ("update.leaf_vehicle_software", "number.leaf_charge_limit", "climate.qashqai_climate"):
        assert hass.states.get(absent) is None
    for absent in ("binary_sensor.leaf_sunroof", "sensor.ariya_fuel_range", "binary_sensor.ariya_tyre_warning"):
        assert hass.states.get(absent) is None


async def test_the_chosen_temperature_is_the_one_that_is_sent(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry
) -> None:
    entity_id = "climate.ariya_climate"
    shown = state(hass, entity_id).attributes
    between = shown["min_temp"] + 2 * shown["target_temp_step"] + 0.3
    await act(hass, "climate", "set_temperature", entity_id, temperature=between)
    chosen = state(hass, entity_id).attributes["temperature"]
    assert chosen != between
    await act(hass, "climate", "turn_on", entity_id)
    assert service.vehicle("Ariya").telematics.executed == [StartClimate(chosen)]


async def test_an_update_is_shown_and_cannot_be_installed_from_here(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    firmware = service.vehicle("Ariya").firmware
    assert firmware
    firmware.offer("campaign-7", "Better everything")
    await pass_time(timedelta(hours=30), timedelta(minutes=30))
    update = state(hass, "update.ariya_vehicle_software")
    assert update.state == "on"
    assert update.attributes["latest_version"] == "campaign-7"
    assert update.attributes["in_progress"] is False
    entity = hass.data[DATA_COMPONENT].get_entity(update.entity_id)
    assert entity
    assert await entity.async_release_notes() == "Better everything"
    with pytest.raises(HomeAssistantError):
        await act(hass, "update", "install", update.entity_id)

    firmware.status, firmware.progress = UpdateStatus.INSTALLING, 40
    await pass_time(timedelta(hours=30), timedelta(minutes=30))
    update = state(hass, "update.ariya_vehicle_software")
    assert (update.attributes["in_progress"], update.attributes["update_percentage"]) == (True, 40)

    firmware.finish()
    await pass_time(timedelta(hours=30), timedelta(minutes=30))
    assert state(hass, "update.ariya_vehicle_software").state == "off"


async def test_a_warning_lamp_is_an_alert(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    service.car("Ariya").lamps["MASTER_WARNING"] = True
    await pass_time(timedelta(hours=7), timedelta(minutes=30))
    assert state(hass, "binary_sensor.ariya_warning_lamp").state == "on"
    alert = state(hass, "event.ariya_alert")
    assert alert.attributes["event_type"] == "warning_lamp"
    assert alert.attributes["lamps"] == "master_warning"


async def test_what_the_phone_app_did_is_a_message(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=40), timedelta(minutes=10))
    await act(hass, "lock", "lock", "lock.ariya_lock")
    service.car("Ariya").note("from-the-app", "SUCCESS", "REMOTE_DOOR_UNLOCK", dt_util.utcnow())
    await pass_time(timedelta(minutes=40), timedelta(minutes=10))
    alert = state(hass, "event.ariya_alert")
    assert alert.attributes["event_type"] == "cloud_message"
    assert alert.attributes["title"] == "Remote door unlock"


# Commands


async def test_commands(
    every_entity_enabled: None, hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry
) -> None:
    ariya = device(hass, loaded, "Ariya")
    await act(hass, "lock", "unlock", "lock.ariya_lock")
    assert state(hass, "lock.ariya_lock").state == "unlocked"
    await act(hass, "lock", "lock", "lock.ariya_lock")
    await act(hass, "button", "press", "button.ariya_flash_lights")
    await act(hass, "number", "set_value", "number.ariya_charge_limit", value=90)
    assert state(hass, "number.ariya_charge_limit").state.removesuffix(".0") == "90"
    await act(hass, "switch", "turn_off", "switch.ariya_charging")
    await hass.services.async_call(
        DOMAIN,
        "start_climate",
        {"device_id": ariya, "temperature": 23.5, "defrost": True, "heat_seats": True, "heat_wheel": True},
        blocking=True,
    )
    assert state(hass, "climate.ariya_climate").state == "heat_cool"
    await hass.services.async_call(DOMAIN, "locate", {"device_id": ariya}, blocking=True)
    await act(hass, "button", "press", "button.ariya_refresh_from_vehicle")
    assert service.vehicle("Ariya").telematics.executed == [
        Unlock(),
        Lock(),
        FlashLights(),
        SetChargeLimit(90),
        StopCharging(),
        StartClimate(23.5, defrost=True, heat_seats=True, heat_wheel=True),
        Refresh(Group.POSITION),
        Refresh(),
    ]
    assert state(hass, "sensor.ariya_wakes_today").state == "8"

    await act(hass, "button", "press", "button.qashqai_start_engine")
    assert service.vehicle("Qashqai").telematics.executed == [StartEngine()]


async def test_a_charge_timer(hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry) -> None:
    leaf = device(hass, loaded, "Leaf")
    data = {"device_id": leaf, "from": "23:30", "until": "05:00", "days": ["mon", "tue"]}
    await hass.services.async_call(DOMAIN, "set_charge_schedule", data, blocking=True)
    (done,) = service.vehicle("Leaf").telematics.executed
    assert isinstance(done, SetChargeSchedule)
    assert isinstance(done.schedule, ChargeSchedule)
    assert done.schedule.days == (0, 1)
    assert state(hass, "sensor.leaf_charge_mode").state == "scheduled"
    assert state(hass, "sensor.leaf_charge_schedule").state == "23:30-05:00"
    assert state(hass, "sensor.leaf_days_of_charge_schedule").state == "mon, tue"
    await hass.services.async_call(DOMAIN, "set_charge_schedule", {"device_id": leaf}, blocking=True)
    assert state(hass, "sensor.leaf_charge_mode").state == "always"
    assert state(hass, "sensor.leaf_charge_schedule").state == STATE_UNKNOWN


@pytest.mark.parametrize("wish", ["heat_seats", "heat_wheel"])
async def test_what_is_not_there_is_not_heated(
    hass: HomeAssistant, service: MyNissan, wish: str, loaded: ConfigEntry, pass_time: LetTimePass
) -> None:
    car = service.car("Leaf")
    car.seats = car.wheel = False
    await pass_time(timedelta(hours=30), timedelta(minutes=30))
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            DOMAIN, "start_climate", {"device_id": device(hass, loaded, "Leaf"), wish: True}, blocking=True
        )
    assert raised.value.translation_key in {"seat_heat_not_supported", "wheel_heat_not_supported"}


async def test_a_refusal_is_told(hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry) -> None:
    service.vehicle("Ariya").depart(TO_UTRECHT)
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, "lock", "unlock", "lock.ariya_lock")
    assert raised.value.translation_key == "rejected_by_vehicle"
    command = state(hass, "event.ariya_command")
    assert (command.attributes["event_type"], command.attributes["code"]) == ("rejected", "vehicle_under_way")


async def test_trips_are_told(hass: HomeAssistant, loaded: ConfigEntry) -> None:
    ariya = device(hass, loaded, "Ariya")
    told = await hass.services.async_call(
        DOMAIN, "get_trips", {"device_id": ariya}, blocking=True, return_response=True
    )
    answer: Any = told and told["vehicles"]
    assert [day["trips"] for day in answer[ariya]["answer"]] == [2, 2, 2]


async def test_single_trips_are_those_of_the_service_until_the_book_begins(
    hass: HomeAssistant, service: MyNissan, loaded: ConfigEntry
) -> None:
    ariya = device(hass, loaded, "Ariya")
    await hass.config.async_update(latitude=HOME.latitude, longitude=HOME.longitude)
    all_of_them = await ask(hass, "get_trips", ariya, period="trip", **{"from": date.min})
    assert len(all_of_them) > 5
    assert all(each["energy_uncertainty"] == each["energy_regained"] for each in all_of_them)
    assert {(each["from"], each["to"]) for each in all_of_them} == {("test home", None), (None, "test home")}
    driven = sum(each["distance"] for each in all_of_them)
    assert driven == pytest.approx(sum(each.distance for each in service.vehicle("Ariya").cloud.trips), abs=1)

    (vehicle,) = (each for each in loaded.runtime_data.vehicles.values() if each.info.name == "Ariya")
    began = datetime.fromisoformat(all_of_them[-1]["start"]) + timedelta(minutes=2)
    await write_book(vehicle, Entries([trip(began, origin="Work")]))
    *before, first = await ask(hass, "get_trips", ariya, period="trip", **{"from": date.min})
    assert (before, first["from"]) == (all_of_them[:-1], "Work"), "what the book has seen is not there twice"
    service.fail("*", Fault.http(503))
    assert await ask(hass, "get_trips", ariya, period="trip", **{"from": date.min}) == [first]
