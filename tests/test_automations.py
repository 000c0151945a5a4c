"""Triggers and conditions of automations, in real ones."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_DEVICE_ID, DOMAIN
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.trigger import TRIGGERS
from custom_components.nissanconnect.vehicle import Alert, AlertType

from .conftest import LetTimePass, set_up, settle, state
from .simulator import Fault, Simulator
from .simulator.cars.electric import Electric
from .simulator.cars.telematics import Manner
from .test_alerts import draw, geofence
from .test_commands import act

MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)

TELLS = {
    AlertType.CHARGE_BELOW: "charge_dropped_below",
    AlertType.CHARGING_FINISHED: "charging_finished",
    AlertType.ENTERED_AREA: "entered_area",
    AlertType.LEFT_AREA: "left_area",
    AlertType.LEFT_UNLOCKED: "left_unlocked",
    AlertType.PLAN_FAILED: "plan_failed",
    AlertType.PLUGGED_IN: "plugged_in",
    AlertType.UNPLUGGED: "unplugged",
}
"""Which trigger tells of an alert, besides the one that tells of all."""


def vehicle(entry: MockConfigEntry, name: str = "LEAF") -> VehicleRuntime:
    """One of the account's vehicles."""
    vehicles: Iterable[VehicleRuntime] = entry.runtime_data.vehicles.values()
    return next(each for each in vehicles if each.info.name == name)


def device_id(hass: HomeAssistant, entry: MockConfigEntry, name: str = "LEAF") -> str:
    """The device of one of the account's vehicles."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(each.id for each in devices if each.name == name)


async def happen(
    hass: HomeAssistant, entry: MockConfigEntry, kind: AlertType, subject: str | None = None, *, name: str = "LEAF"
) -> None:
    """Have a vehicle's alert told, whatever it may come from."""
    vehicle(entry, name).alerts.async_report([Alert(type=kind, at=dt_util.utcnow(), subject=subject)])
    await hass.async_block_till_done()


class Started(list[str]):
    """The names of the automations that were started, in turn."""

    def taken(self) -> list[str]:
        """What there is; it is forgotten then."""
        names = [*self]
        self.clear()
        return names


async def automate(hass: HomeAssistant, *automations: dict[str, Any]) -> Started:
    """Set up automations that only say that they were started. Without an alias they are called as their trigger is."""
    started = Started()

    async def note(call: ServiceCall) -> None:
        started.append(call.data["name"])

    hass.services.async_register("test", "note", note)
    written = []
    for each in automations:
        name = each.get("alias", each["triggers"][0]["trigger"])
        action = {"action": "test.note", "data": {"name": name}}
        written.append({"alias": name, "mode": "queued", **each, "actions": [action]})
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: written})
    await hass.async_block_till_done()
    return started


def on(key: str, target: dict[str, Any], **options: Any) -> dict[str, Any]:
    """An automation with one of our triggers."""
    return {"triggers": [{"trigger": f"{DOMAIN}.{key}", "target": target, "options": options}]}


def asked(condition: str, target: dict[str, Any], **options: Any) -> dict[str, Any]:
    """An automation that is started by the event ``ask`` if a condition holds."""
    return {
        "alias": f"{condition} {options}",
        "triggers": [{"trigger": "event", "event_type": "ask"}],
        "conditions": [{"condition": condition, "target": target, "options": options}],
    }


async def holds(hass: HomeAssistant, started: Started) -> bool:
    """Whether the condition of the only automation is true now."""
    hass.bus.async_fire("ask")
    await hass.async_block_till_done()
    return bool(started.taken())


@pytest.fixture(params=["device", "entities", "area", "label"])
def target(request: pytest.FixtureRequest, hass: HomeAssistant, loaded: MockConfigEntry) -> dict[str, Any]:
    """The LEAF, in each way to name it."""
    leaf = device_id(hass, loaded)
    match request.param:
        case "device":
            return {"device_id": leaf}
        case "entities":
            return {"entity_id": ["event.leaf_alert", "event.leaf_command"]}
        case "area":
            garage = ar.async_get(hass).async_create("Garage")
            dr.async_get(hass).async_update_device(leaf, area_id=garage.id)
            return {"area_id": garage.id}
        case _:
            dr.async_get(hass).async_update_device(leaf, labels={"electric"})
            return {"label_id": "electric"}


async def test_each_trigger_tells_of_its_alert_and_of_no_other(
    hass: HomeAssistant, loaded: MockConfigEntry, target: dict[str, Any]
) -> None:
    started = await automate(hass, *(on(key, target) for key in TRIGGERS))
    for kind in AlertType:
        await happen(hass, loaded, kind)
        expected = {f"{DOMAIN}.alert_received"} | {f"{DOMAIN}.{TELLS[kind]}" for _ in [kind] if kind in TELLS}
        assert sorted(started.taken()) == sorted(expected), kind
        await happen(hass, loaded, kind, name="Ariya")
        assert started == [], "that is another vehicle"


@pytest.mark.parametrize(
    ("manner", "fails"),
    [(Manner.OBEDIENT, False), (Manner.REFUSING, True), (Manner.SILENT, True)],
)
async def test_a_command_that_fails(
    hass: HomeAssistant,
    simulator: Simulator,
    loaded: MockConfigEntry,
    target: dict[str, Any],
    manner: Manner,
    fails: bool,
) -> None:
    started = await automate(hass, *(on(key, target) for key in TRIGGERS if key != "alert_received"))
    simulator.vehicle("Leaf").telematics.manner = manner
    try:
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    except HomeAssistantError:
        assert fails
    await hass.async_block_till_done()
    assert started == [f"{DOMAIN}.command_failed"] * fails


async def test_a_command_that_is_not_even_sent_has_failed(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    await draw(hass, loaded, geofence(on_leaving=["block_climate"]))
    started = await automate(hass, on("command_failed", {"device_id": device_id(hass, loaded)}))
    with pytest.raises(ServiceValidationError):
        await act(hass, "climate", "turn_on", "climate.leaf_climate")
    await hass.async_block_till_done()
    assert len(started) == 1


async def test_alerts_can_be_chosen(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    leaf = {"device_id": device_id(hass, loaded)}
    started = await automate(
        hass,
        on("alert_received", leaf, alert=["alarm", "door_open"]) | {"alias": "some"},
        on("alert_received", leaf, alert="silent") | {"alias": "one"},
        on("alert_received", leaf, alert=[]) | {"alias": "any"},
    )
    for kind, expected in (
        (AlertType.ALARM, ["any", "some"]),
        (AlertType.DOOR_OPEN, ["any", "some"]),
        (AlertType.SILENT, ["any", "one"]),
        (AlertType.MAINTENANCE_DUE, ["any"]),
    ):
        await happen(hass, loaded, kind)
        assert sorted(started.taken()) == expected


@pytest.mark.parametrize(
    ("key", "kind", "other"),
    [
        ("entered_area", AlertType.ENTERED_AREA, AlertType.LEFT_AREA),
        ("left_area", AlertType.LEFT_AREA, AlertType.ENTERED_AREA),
    ],
)
async def test_areas_can_be_named(
    hass: HomeAssistant, loaded: MockConfigEntry, key: str, kind: AlertType, other: AlertType
) -> None:
    leaf = {"device_id": device_id(hass, loaded)}
    started = await automate(
        hass,
        on(key, leaf, area=["Home", "Work"]) | {"alias": "some"},
        on(key, leaf, area="School") | {"alias": "one"},
        on(key, leaf, area=[]) | {"alias": "any"},
    )
    for subject, expected in (("Home", ["any", "some"]), ("School", ["any", "one"]), ("Gym", ["any"])):
        await happen(hass, loaded, kind, subject)
        assert sorted(started.taken()) == expected
        await happen(hass, loaded, other, subject)
        assert started == []


async def test_what_others_tell_is_not_meant(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    registry = er.async_get(hass)
    leaf = device_id(hass, loaded)
    foreign = registry.async_get_or_create("event", "other", "1", device_id=leaf, translation_key="alert").entity_id
    wild = "event.of_nobody"
    entities = {"entity_id": [foreign, wild, "sensor.leaf_battery", "event.leaf_command", "event.missing"]}
    started = await automate(
        hass,
        on("plugged_in", {"device_id": leaf}) | {"alias": "device"},
        on("plugged_in", entities) | {"alias": "entities"},
    )
    for entity_id in (foreign, wild):
        for second in range(2):
            hass.states.async_set(entity_id, f"2026-11-20T12:00:0{second}.000+00:00", {"event_type": "plugged_in"})
            await hass.async_block_till_done()
    assert started == []
    await happen(hass, loaded, AlertType.PLUGGED_IN)
    assert started == ["device"], "the entities do not include our alerts"


async def test_alerts_of_one_read_are_told_one_by_one(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    leaf = {"device_id": device_id(hass, loaded)}
    await draw(hass, loaded, geofence())
    at_home = asked(f"{DOMAIN}.is_inside_area", {"entity_id": "binary_sensor.leaf_in_home"})
    plugged_in = asked(f"{DOMAIN}.is_plugged_in", leaf)
    started = await automate(
        hass,
        on("entered_area", leaf) | {"conditions": at_home["conditions"]},
        on("plugged_in", leaf) | {"conditions": plugged_in["conditions"]},
    )
    await pass_time(8 * HOURS, 8 * HOURS)
    assert started == [f"{DOMAIN}.entered_area", f"{DOMAIN}.plugged_in"], "found at once, and states tell the same"


async def test_nothing_is_told_again(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    started = await automate(hass, on("alert_received", {"device_id": device_id(hass, loaded)}))
    await happen(hass, loaded, AlertType.PLUGGED_IN)
    assert len(started.taken()) == 1
    leaf = vehicle(loaded)
    for available in (False, True):
        leaf.coordinator.available = available
        leaf.coordinator.async_update_listeners()
        await hass.async_block_till_done()
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    er.async_get(hass).async_update_entity("event.leaf_alert", name="News")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, "event.leaf_alert").attributes["event_type"] == "plugged_in"
    assert started == []
    await happen(hass, loaded, AlertType.PLUGGED_IN)
    assert len(started) == 1


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("alert_received", {"alert": ["unheard_of"]}),
        ("alert_received", {"area": ["Home"]}),
        ("left_area", {"area": {"name": "Home"}}),
        ("plugged_in", {"area": ["Home"]}),
        ("command_failed", {"behavior": "each"}),
    ],
)
async def test_a_trigger_with_invalid_options_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, key: str, options: dict[str, Any]
) -> None:
    await automate(hass, on(key, {"device_id": device_id(hass, loaded)}, **options) | {"alias": "wrong"})
    assert state(hass, "automation.wrong").state == STATE_UNAVAILABLE


@pytest.mark.parametrize("key", TRIGGERS)
async def test_a_trigger_needs_a_target(hass: HomeAssistant, loaded: MockConfigEntry, key: str) -> None:
    await automate(hass, {"alias": "wrong", "triggers": [{"trigger": f"{DOMAIN}.{key}"}]})
    assert state(hass, "automation.wrong").state == STATE_UNAVAILABLE


async def test_what_happened_meanwhile_starts_automations_after_a_reload(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, geofence())
    started = await automate(hass, on("entered_area", {"device_id": device_id(hass, loaded)}))
    await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(8 * HOURS, 30 * MINUTES)
    await set_up(hass, loaded)
    assert len(started) == 1


async def test_what_happened_while_home_assistant_was_off_starts_automations(
    hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, geofence())
    target = {"device_id": device_id(hass, loaded)}
    await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(8 * HOURS, 30 * MINUTES)
    hass.set_state(CoreState.not_running)
    started = await automate(hass, on("entered_area", target))
    await set_up(hass, loaded)
    assert started == []
    await hass.async_start()
    await hass.async_block_till_done()
    assert len(started) == 1


async def test_what_is_found_after_an_outage_starts_automations(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    started = await automate(hass, on("unplugged", {"device_id": device_id(hass, loaded, "Ariya")}))
    simulator.fail("*", Fault.http(500))
    simulator.vehicle("Ariya").unplug()
    await pass_time(5 * HOURS, 10 * MINUTES)
    assert state(hass, "event.ariya_alert").state == STATE_UNAVAILABLE
    simulator.heal()
    await pass_time(2 * HOURS, 10 * MINUTES)
    assert len(started) == 1


async def test_is_plugged_in(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    key, ariya = f"{DOMAIN}.is_plugged_in", {"device_id": device_id(hass, loaded, "Ariya")}
    started = await automate(hass, asked(key, ariya))
    assert await holds(hass, started)
    simulator.vehicle("Ariya").unplug()
    await pass_time(31 * MINUTES, 5 * MINUTES)
    assert not await holds(hass, started)
    simulator.vehicle("Ariya").plug_in()
    await pass_time(31 * MINUTES, 5 * MINUTES)
    assert await holds(hass, started)


async def test_is_inside_area(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await draw(hass, loaded, geofence())
    key, ariya = f"{DOMAIN}.is_inside_area", {"device_id": device_id(hass, loaded, "Ariya")}
    started = await automate(
        hass,
        asked(key, ariya) | {"alias": "Ariya"},
        asked(key, ariya, behavior="all") | {"alias": "Ariya, all"},
        asked(key, {"entity_id": "binary_sensor.leaf_in_home"}) | {"alias": "LEAF"},
        asked(key, {"entity_id": "binary_sensor.ariya_plugged_in"}) | {"alias": "something else"},
    )
    await holds(hass, started)
    hass.bus.async_fire("ask")
    await hass.async_block_till_done()
    assert started.taken() == ["Ariya", "Ariya, all"]
    simulator.vehicle("Ariya").set_privacy(on=True)
    await pass_time(31 * MINUTES, 5 * MINUTES)
    assert state(hass, "binary_sensor.ariya_in_home").state == STATE_UNKNOWN
    assert not await holds(hass, started), "nobody knows"


@pytest.mark.parametrize("known", [STATE_UNKNOWN, STATE_UNAVAILABLE, None])
@pytest.mark.parametrize("behavior", ["any", "all"])
@pytest.mark.parametrize(
    ("key", "entity_id", "options"),
    [
        ("is_fresh", "sensor.leaf_last_report_from_vehicle", {"age": {"days": 1}}),
        ("is_inside_area", "binary_sensor.leaf_in_home", {}),
        ("is_plugged_in", "binary_sensor.leaf_plugged_in", {}),
    ],
)
async def test_what_is_not_known_is_not_so(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    key: str,
    entity_id: str,
    options: dict[str, Any],
    behavior: str,
    known: str | None,
) -> None:
    await draw(hass, loaded, geofence())
    state(hass, entity_id)
    started = await automate(hass, asked(f"{DOMAIN}.{key}", {"entity_id": entity_id}, behavior=behavior, **options))
    if known is None:
        hass.states.async_remove(entity_id)
    else:
        hass.states.async_set(entity_id, known)
    assert not await holds(hass, started)


async def test_any_or_all_of_several_and_of_nobody_elses(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    foreign = er.async_get(hass).async_get_or_create("binary_sensor", "other", "1", translation_key="plugged_in")
    hass.states.async_set(foreign.entity_id, "on")
    ours = ["binary_sensor.leaf_plugged_in", "binary_sensor.ariya_plugged_in"]
    assert [state(hass, each).state for each in ours] == ["off", "on"]
    key = f"{DOMAIN}.is_plugged_in"
    started = await automate(
        hass,
        asked(key, {"entity_id": ours}, behavior="any") | {"alias": "any"},
        asked(key, {"entity_id": ours}, behavior="all") | {"alias": "all"},
        asked(key, {"entity_id": [*ours[1:], foreign.entity_id, "light.none"]}, behavior="all") | {"alias": "Ariya"},
        asked(key, {"entity_id": [*ours[:1], foreign.entity_id]}, behavior="any") | {"alias": "LEAF"},
        asked(key, {"device_id": [device_id(hass, loaded, each) for each in ("LEAF", "Ariya")]}) | {"alias": "devices"},
        asked(key, {"entity_id": foreign.entity_id}) | {"alias": "foreign"},
    )
    hass.bus.async_fire("ask")
    await hass.async_block_till_done()
    assert started == ["any", "Ariya", "devices"]


async def test_for_how_long_it_has_been_plugged_in(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    target = {"entity_id": "binary_sensor.ariya_plugged_in"}
    started = await automate(hass, asked(f"{DOMAIN}.is_plugged_in", target, **{"for": {"minutes": 20}}))
    assert not await holds(hass, started)
    await pass_time(21 * MINUTES, 5 * MINUTES)
    assert await holds(hass, started)


async def test_is_fresh(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    reported_at = dt_util.parse_datetime(state(hass, "sensor.leaf_last_report_from_vehicle").state)
    assert reported_at is not None
    age = dt_util.utcnow() - reported_at + 45 * MINUTES
    leaf = {"device_id": device_id(hass, loaded)}
    started = await automate(hass, asked(f"{DOMAIN}.is_fresh", leaf, age={"seconds": int(age.total_seconds())}))
    assert await holds(hass, started)
    await pass_time(44 * MINUTES, 11 * MINUTES)
    assert await holds(hass, started)
    await pass_time(2 * MINUTES)
    assert not await holds(hass, started)
    await act(hass, "button", "press", "button.leaf_refresh_from_vehicle")
    assert await holds(hass, started)
    await settle(hass)


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("is_fresh", {}),
        ("is_fresh", {"age": {"minutes": -5}}),
        ("is_fresh", {"age": {"minutes": 5}, "for": {"minutes": 5}}),
        ("is_plugged_in", {"behavior": "each"}),
        ("is_inside_area", {"area": "Home"}),
    ],
)
async def test_a_condition_with_invalid_options_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, key: str, options: dict[str, Any]
) -> None:
    leaf = {"device_id": device_id(hass, loaded)}
    await automate(hass, asked(f"{DOMAIN}.{key}", leaf, **options) | {"alias": "wrong"})
    assert state(hass, "automation.wrong").state == STATE_UNAVAILABLE


def level(kind: str, value: float) -> dict[str, Any]:
    """A threshold in the words of Home Assistant."""
    return {"threshold": {"type": kind, "value": {"number": value, "unit_of_measurement": "%"}}}


async def charge(simulator: Simulator, pass_time: LetTimePass) -> None:
    """Have the Ariya drive much, and charge."""
    ariya = simulator.vehicle("Ariya")
    assert isinstance(ariya.powertrain, Electric)
    ariya.unplug()
    ariya.powertrain.battery.energy *= 0.6
    ariya.plug_in()
    await pass_time(HOURS, 5 * MINUTES)


async def test_home_assistants_own_conditions_know_our_entities(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.car("Qashqai").offer_remote_lock()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=entry.data | {CONF_DEVICE_ID: "ha-known-to-the-vehicle"})
    await set_up(hass, entry)
    await charge(simulator, pass_time)
    battery = float(state(hass, "sensor.ariya_battery").state)
    ariya = {"device_id": device_id(hass, entry, "Ariya")}
    qashqai = {"device_id": device_id(hass, entry, "Qashqai")}
    truths = [
        asked("battery.is_charging", ariya),
        asked("battery.is_level", ariya, **level("above", battery - 1)),
        asked("battery.is_level", ariya, **level("below", battery + 1)),
        asked("lock.is_locked", qashqai),
        asked("climate.is_off", ariya),
    ]
    untruths = [
        asked("battery.is_not_charging", ariya),
        asked("battery.is_level", ariya, **level("above", battery + 1)),
        asked("lock.is_unlocked", qashqai),
        asked("climate.is_on", ariya),
    ]
    started = await automate(hass, *truths, *untruths)
    hass.bus.async_fire("ask")
    await hass.async_block_till_done()
    assert started == [each["alias"] for each in truths]


async def test_home_assistants_own_triggers_know_our_entities(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry, pass_time: LetTimePass
) -> None:
    ariya = {"device_id": device_id(hass, loaded, "Ariya")}
    crossed = {"trigger": "battery.level_crossed_threshold", "target": ariya}
    others = ("battery.started_charging", "battery.stopped_charging", "climate.turned_on", "climate.turned_off")
    battery = float(state(hass, "sensor.ariya_battery").state)
    started = await automate(
        hass,
        *(
            {"alias": kind, "triggers": [crossed | {"options": level(kind, battery - 5)}]}
            for kind in ("below", "above")
        ),
        *({"triggers": [{"trigger": each, "target": ariya}]} for each in others),
    )
    await charge(simulator, pass_time)
    assert sorted(started.taken()) == ["battery.started_charging", "below"]
    await pass_time(12 * HOURS, 15 * MINUTES)
    assert sorted(started.taken()) == ["above", "battery.stopped_charging"]
    await act(hass, "climate", "turn_on", "climate.ariya_climate")
    await act(hass, "climate", "turn_off", "climate.ariya_climate")
    await hass.async_block_till_done()
    assert started == ["climate.turned_on", "climate.turned_off"]
