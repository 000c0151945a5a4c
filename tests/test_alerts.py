"""What owners are told: by geofences, by what their vehicles report, and by the cloud's messages."""

from dataclasses import replace
from datetime import timedelta
import re
from types import MappingProxyType
from typing import Any

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect.const import DOMAIN, EVENT_ALERT
from custom_components.nissanconnect.settings import OPTION_ALERTS_OFF
from custom_components.nissanconnect.vehicle import Alert, AlertType, Group

from .conftest import LetTimePass, logbook_lines, set_up, settle, state
from .simulator import Fault, Simulator
from .simulator.cars.electric import Electric
from .simulator.cars.event import Event as Announced
from .simulator.cars.places import HOME, TO_THE_SEA
from .simulator.cars.telematics import Manner
from .test_commands import act

MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)
STEP = 5 * MINUTES


def geofence(name: str = "Home", *, radius: float = 500, **actions: list[str]) -> ConfigSubentry:
    """A geofence around the home of the simulated vehicles."""
    place = {"latitude": HOME.latitude, "longitude": HOME.longitude, "radius": radius}
    data = {"location": place, "on_entering": ["alert"], "on_leaving": ["alert"], **actions}
    return ConfigSubentry(data=MappingProxyType(data), subentry_type="geofence", title=name, unique_id=None)


@pytest.fixture
def alerts(hass: HomeAssistant) -> list[Event]:
    """What was told."""
    captured: list[Event] = async_capture_events(hass, EVENT_ALERT)
    return captured


def told(alerts: list[Event], vehicle: str = "LEAF") -> list[tuple[str, str | None]]:
    """The types and subjects of one vehicle's alerts."""
    return [(each.data["type"], each.data["subject"]) for each in alerts if each.data["vehicle"] == vehicle]


def types(alerts: list[Event], vehicle: str = "LEAF") -> list[str]:
    return [kind for kind, _ in told(alerts, vehicle)]


async def draw(hass: HomeAssistant, entry: MockConfigEntry, subentry: ConfigSubentry) -> str:
    """Add a geofence to a loaded account; return its key."""
    hass.config_entries.async_add_subentry(entry, subentry)
    await hass.async_block_till_done(wait_background_tasks=True)
    return subentry.subentry_id


async def test_a_working_day_of_a_leaf(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, geofence())
    assert state(hass, "binary_sensor.leaf_in_home").state == "off"
    assert state(hass, "binary_sensor.ariya_in_home").state == "on"
    assert alerts == [], "what has always been so has not happened"

    await pass_time(8 * HOURS, STEP)
    assert state(hass, "binary_sensor.leaf_in_home").state == "on"
    assert told(alerts)[:2] == [("entered_area", "Home"), ("plugged_in", None)]
    shown = state(hass, "event.leaf_alert")
    assert shown.attributes["event_type"] == types(alerts)[-1]

    await pass_time(12 * HOURS, STEP)
    ended = [each for each in alerts if each.data["vehicle"] == "LEAF" and each.data["type"].startswith("charging_")]
    assert [each.data["type"] for each in ended] == ["charging_finished"]
    assert ended[0].data["origin"] == "message", "it says best why, and has been asked first"


async def test_an_alert_is_a_line_of_the_logbook_without_a_place(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    entries = logbook_lines(hass, "event.leaf_alert")
    await draw(hass, loaded, geofence())
    await pass_time(8 * HOURS, STEP)
    lines = [entry.data[LOGBOOK_ENTRY_MESSAGE] for entry in entries]
    assert {entry.data[LOGBOOK_ENTRY_NAME] for entry in entries} == {"LEAF"}
    assert lines[0] == "Entered a geofence: Home"
    assert re.fullmatch(r"Plugged in \(\d+ %\)", lines[1])
    for each in alerts:
        assert str(HOME.latitude)[:5] not in str(each.data)
        assert simulator.car("Leaf").vin not in str(each.data)


async def test_a_crossing_during_a_restart_is_found_late_and_says_when(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, geofence())
    await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(8 * HOURS, 30 * MINUTES)
    assert alerts == []
    await hass.config_entries.async_setup(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    (home,) = [each for each in alerts if each.data["type"] == "entered_area"]
    at = dt_util.parse_datetime(home.data["at"])
    assert at is not None
    assert HOURS < dt_util.utcnow() - at < 6 * HOURS
    assert state(hass, "event.leaf_alert").state != STATE_UNKNOWN, "the entity has heard of it"

    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert types(alerts).count("entered_area") == 1


async def test_removing_an_area_removes_its_entities(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    one, other = await draw(hass, loaded, geofence("One")), await draw(hass, loaded, geofence("Other"))
    registry = er.async_get(hass)
    assert hass.states.get("binary_sensor.leaf_in_one")
    distance = registry.async_get("sensor.leaf_distance_to_one")
    assert distance is not None
    assert distance.disabled

    hass.config_entries.async_remove_subentry(loaded, one)
    await hass.async_block_till_done(wait_background_tasks=True)
    left = {each.unique_id for each in er.async_entries_for_config_entry(registry, loaded.entry_id)}
    assert not any(one.lower() in each for each in left)
    assert any(other.lower() in each for each in left)
    assert hass.states.get("binary_sensor.leaf_in_other")


async def test_an_area_of_some_vehicles(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> None:
    vehicles = loaded.runtime_data.vehicles
    await draw(hass, loaded, geofence(vehicles=[vehicles[simulator.car("Leaf").vin].coordinator.name]))
    assert hass.states.get("binary_sensor.leaf_in_home")
    assert hass.states.get("binary_sensor.ariya_in_home") is None


@pytest.mark.usefixtures("every_entity_enabled")
async def test_the_distance_follows_the_vehicle_and_hides_in_privacy_mode(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, geofence())
    assert 8 < float(state(hass, "sensor.leaf_distance_to_home").state) < 9
    simulator.vehicle("Leaf").set_privacy(on=True)
    await pass_time(31 * MINUTES)
    assert state(hass, "sensor.leaf_distance_to_home").state == STATE_UNKNOWN
    assert state(hass, "binary_sensor.leaf_in_home").state == STATE_UNKNOWN


async def test_climate_is_refused_where_an_area_blocks_it(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    await draw(hass, loaded, geofence(on_leaving=["block_climate"]))
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    assert error.value.translation_key == "blocked_by_area"
    assert simulator.requests["actions"] == 0
    await act(hass, "climate", "turn_on", "climate.ariya_climate")
    assert state(hass, "climate.ariya_climate").state == "heat_cool", "that one is inside"


async def test_a_charge_below_the_owners_threshold(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    level = float(state(hass, "sensor.leaf_battery").state)
    await act(hass, "number", "set_value", "number.leaf_alert_below", value=level - 3)
    await pass_time(30 * MINUTES)
    assert alerts == []
    await pass_time(7 * HOURS, STEP)  # the way home
    (low,) = [each for each in alerts if each.data["type"] == "charge_below"]
    assert low.data["level"] < low.data["threshold"] == level - 3

    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert float(state(hass, "number.leaf_alert_below").state) == level - 3
    assert types(alerts).count("charge_below") == 1


@pytest.mark.usefixtures("every_entity_enabled")
async def test_at_the_owners_hour_the_plug_is_asked_for(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    await hass.config.async_update(latitude=HOME.latitude, longitude=HOME.longitude)
    assert state(hass, "time.ariya_plug_in_by").state == STATE_UNKNOWN, "off until the owner sets it"
    for model in ("leaf", "ariya"):
        await act(hass, "time", "set_value", f"time.{model}_plug_in_by", time="12:30:00")
    simulator.vehicle("Ariya").unplug()
    await pass_time(29 * MINUTES)
    assert "not_plugged_in_at_home" not in types(alerts, "Ariya")
    await pass_time(2 * MINUTES)
    assert types(alerts, "Ariya").count("not_plugged_in_at_home") == 1
    assert "not_plugged_in_at_home" not in types(alerts), "the LEAF is at work"

    await hass.config_entries.async_unload(loaded.entry_id)
    alerts.clear()
    await pass_time(24 * HOURS, 30 * MINUTES)
    assert alerts == [], "nobody asks for an account that is not loaded"


async def test_a_charge_that_the_owner_stops_is_not_interrupted(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    ariya = simulator.vehicle("Ariya")
    assert isinstance(ariya.powertrain, Electric)
    ariya.powertrain.battery.energy *= 0.5
    await act(hass, "switch", "turn_on", "switch.ariya_charging")
    assert state(hass, "binary_sensor.ariya_battery_charging").state == "on"
    simulator.fail("notifications", Fault.http(500))  # which would say that the charge has ended
    await act(hass, "switch", "turn_off", "switch.ariya_charging")
    await pass_time(20 * MINUTES)
    assert state(hass, "binary_sensor.ariya_battery_charging").state == "off"
    assert alerts == []


async def test_what_is_switched_off_is_not_told(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={OPTION_ALERTS_OFF: ["plugged_in", "cloud_message"]})
    await set_up(hass, entry)
    simulator.vehicle("Leaf").announce(Announced.VEHICLE_IN_USE)
    await pass_time(8 * HOURS, STEP)
    assert not {"plugged_in", "cloud_message"} & set(types(alerts))

    hass.config_entries.async_update_entry(entry, options={OPTION_ALERTS_OFF: ["plugged_in"]})
    await settle(hass)
    simulator.vehicle("Leaf").announce(Announced.VEHICLE_IN_USE)
    await pass_time(HOURS, STEP)
    assert types(alerts).count("cloud_message") == 1, "the new one, and not what was switched off when it came"


async def test_what_happens_before_the_entity_is_there_is_told_to_it_once(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    alerts = loaded.runtime_data.vehicles[simulator.car("Leaf").vin].alerts
    alerts._listeners.clear()  # as it is while the entities are still to come
    early, late = (Alert(type=kind, at=dt_util.utcnow()) for kind in (AlertType.ALARM, AlertType.SILENT))
    alerts.async_report([early])
    first, second = list[Alert](), list[Alert]()
    alerts.async_add_listener(first.append)
    alerts.async_report([late])
    alerts.async_add_listener(second.append)
    assert first == [early, late]
    assert second == [], "the first one has been told"


async def test_the_options_ask_which(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    menu = await hass.config_entries.options.async_init(loaded.entry_id)
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "alerts"})
    await hass.config_entries.options.async_configure(form["flow_id"], {OPTION_ALERTS_OFF: ["silent"]})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert loaded.options[OPTION_ALERTS_OFF] == ["silent"]
    assert loaded.runtime_data.settings.alerts == frozenset(AlertType) - {AlertType.SILENT}


async def test_messages_are_read_and_never_replayed(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    leaf = simulator.vehicle("Leaf")
    assert leaf.cloud.messages, "there were some before us"
    assert simulator.requests["notifications"] == 3, "one page for each vehicle"
    lines = logbook_lines(hass, "event.leaf_alert")
    leaf.announce(Announced.VEHICLE_IN_USE)
    await pass_time(31 * MINUTES)
    (message,) = [each for each in alerts if each.data["vehicle"] == "LEAF"]
    assert message.data["type"] == "cloud_message"
    assert message.data["origin"] == "message"
    assert (message.data["title"], message.data["text"]) == ("Climate", "The vehicle is in use.")
    assert [line.data[LOGBOOK_ENTRY_MESSAGE] for line in lines] == [
        "Message from the service: Climate: The vehicle is in use."
    ]

    await hass.config_entries.async_reload(loaded.entry_id)
    await pass_time(61 * MINUTES)
    assert types(alerts).count("cloud_message") == 1


async def test_a_message_that_no_file_can_hold_is_kept_all_the_same(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    alerts: list[Event],
    pass_time: LetTimePass,
    hass_storage: dict[str, Any],
) -> None:
    leaf = simulator.vehicle("Leaf")
    leaf.announce(Announced.VEHICLE_IN_USE)
    leaf.cloud.messages[-1] = replace(leaf.cloud.messages[-1], id="half a car: \ud83d")
    await pass_time(32 * MINUTES)
    assert types(alerts).count("cloud_message") == 1
    assert "half a car: ?" in str(hass_storage[f"{DOMAIN}.{loaded.entry_id}"])


async def test_many_new_messages_are_read_page_by_page(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    for _ in range(45):
        simulator.vehicle("Leaf").announce(Announced.VEHICLE_IN_USE)
    simulator.reset_counters()
    await pass_time(31 * MINUTES)
    assert types(alerts).count("cloud_message") == 45
    assert simulator.requests["notifications"] == 5, "three pages and one for each of the others"


async def test_after_two_weeks_away_one_summary_and_what_is_recent(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    await hass.config_entries.async_unload(loaded.entry_id)
    leaf = simulator.vehicle("Leaf")
    for _ in range(14):
        await pass_time(24 * HOURS, 6 * HOURS)
        leaf.advance(dt_util.utcnow())
        leaf.announce(Announced.VEHICLE_IN_USE)
    alerts.clear()
    await hass.config_entries.async_setup(loaded.entry_id)
    await settle(hass)
    await pass_time(2 * HOURS, STEP)
    for vehicle in ("LEAF", "Ariya", "Qashqai"):
        assert types(alerts, vehicle).count("missed") <= 1
    assert types(alerts).count("cloud_message") == 1, "the one of the last hours"
    for each in alerts:
        at = dt_util.parse_datetime(each.data["at"])
        assert at
        assert dt_util.utcnow() - at < 9 * HOURS, each.data
    (summary,) = [each.data for each in alerts if each.data["vehicle"] == "LEAF" and each.data["type"] == "missed"]
    assert summary["count"] >= 13
    assert "cloud_message" in summary["types"]

    await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert types(alerts).count("missed") == 1


async def test_a_charge_that_a_fuse_ends_was_not_finished_whatever_the_message_says(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    ariya = simulator.vehicle("Ariya")
    assert isinstance(ariya.powertrain, Electric)
    ariya.powertrain.battery.energy *= 0.4
    await act(hass, "switch", "turn_on", "switch.ariya_charging")
    await pass_time(20 * MINUTES, STEP)
    assert state(hass, "binary_sensor.ariya_battery_charging").state == "on"
    ariya.powertrain.charger.override = False  # as a fuse would
    ariya.announce(Announced.CHARGE_ENDED)
    await pass_time(40 * MINUTES, STEP)
    (end,) = [each.data for each in alerts if each.data["vehicle"] == "Ariya" and "charging_" in each.data["type"]]
    assert (end["type"], end["origin"]) == ("charging_interrupted", "message")
    assert end["level"] == pytest.approx(float(state(hass, "sensor.ariya_battery").state))


async def test_messages_that_cannot_be_read_are_read_later(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    simulator.fail("notifications", Fault.http(500))
    simulator.vehicle("Leaf").announce(Announced.VEHICLE_IN_USE)
    await pass_time(31 * MINUTES)
    assert alerts == []
    assert state(hass, "sensor.leaf_battery").state != "unavailable"
    simulator.heal()
    await pass_time(31 * MINUTES)
    assert types(alerts) == ["cloud_message"]


async def test_a_vehicle_without_messages_is_asked_once(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.fail("notifications", Fault.http(404))
    await set_up(hass, entry)
    assert simulator.requests["notifications"] == 3
    await pass_time(2 * HOURS, STEP)
    assert simulator.requests["notifications"] == 3


async def test_a_vehicle_that_is_towed_and_one_that_is_left_open(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    qashqai = simulator.vehicle("Qashqai")
    await pass_time(20 * MINUTES)
    qashqai.point = TO_THE_SEA.legs[-1].end
    qashqai.report({Group.BODY, Group.ODOMETER, Group.POSITION})
    await pass_time(20 * MINUTES)
    assert types(alerts, "Qashqai") == ["unexpected_movement"]
    (towed,) = alerts
    assert str(qashqai.point.latitude)[:5] not in str(towed.data)

    lines = logbook_lines(hass, "event.qashqai_alert")
    qashqai.body.open = {"hatch"}
    qashqai.report({Group.BODY})
    await pass_time(40 * MINUTES)
    assert told(alerts, "Qashqai")[1:] == [("door_open", "hatch")]
    assert [line.data[LOGBOOK_ENTRY_MESSAGE] for line in lines] == ["Door open: Hatch"]


async def test_a_lock_reminder(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, alerts: list[Event], pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, geofence(on_entering=["lock_reminder"]))
    qashqai = simulator.vehicle("Qashqai")
    assert state(hass, "binary_sensor.qashqai_lock").state == "off"
    qashqai.telematics.manner = Manner.OBEDIENT
    qashqai.body.locked = False
    qashqai.report({Group.BODY})
    await pass_time(HOURS, STEP)
    assert types(alerts, "Qashqai") == ["left_unlocked"]
    (reminder,) = [each for each in alerts if each.data["type"] == "left_unlocked"]
    assert reminder.data["area"] == "Home"
