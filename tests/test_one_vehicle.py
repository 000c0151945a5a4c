"""One vehicle from several sources, through real Home Assistant."""

import asyncio
from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import time
from types import MappingProxyType
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigSubentry,
)
from homeassistant.const import CONF_PIN, EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.nissanconnect.const import DOMAIN, EVENT_ALERT, EVENT_COMMAND
from custom_components.nissanconnect.engine.alert_rules import AlertPreferences
from custom_components.nissanconnect.settings import OPTION_ALERTS_OFF
from custom_components.nissanconnect.vehicle import (
    ActionRequired,
    AlertType,
    AuthenticationFailed,
    BackendError,
    Battery,
    Body,
    Capability,
    Charging,
    ChargingStatus,
    Climate,
    Command,
    Connectivity,
    Departure,
    Group,
    Lock,
    NoConnection,
    Notification,
    NotSupported,
    Position,
    Privacy,
    Push,
    RateLimited,
    StartClimate,
    Ticket,
    TooManyCommands,
    TripRecord,
    Unavailable,
    VehicleInfo,
    VehicleReport,
    VehicleState,
    alias,
)

from .conftest import NOON, LetTimePass, set_up, settle, state
from .scripted import Scripted, Stage, reported, stage

__all__ = ["stage"]

VIN = "SJNFAAZE1U0099999"
CLOUD = VehicleInfo(
    key=VIN,
    vin=VIN,
    nickname="LEAF",
    model="LEAF",
    capabilities=frozenset({Capability.BATTERY, Capability.CLIMATE, Capability.CLIMATE_STATUS}),
)
MODULE = replace(CLOUD, nickname="Module", capabilities=CLOUD.capabilities | {Capability.LOCK, Capability.LOCK_STATUS})


@pytest.fixture
def noon(freezer: FrozenDateTimeFactory) -> datetime:
    """The clock stands at noon."""
    freezer.move_to(NOON)
    return NOON


@pytest.fixture
def cloud() -> Scripted:
    """The vehicle's cloud."""
    return Scripted("kamereon", {VIN: CLOUD}, {VIN: reported(Battery, "kamereon", -60, level=50.0, range=120)})


@pytest.fixture
def module() -> Scripted:
    """Its owner's own hardware, which tells other things, and later."""
    said = reported(Battery, "ovms", -10, level=48.0, health=91, temperature=14)
    said = replace(said, body=reported(Body, "ovms", 0, locked=True).body)
    return Scripted("ovms", {VIN: MODULE}, {VIN: said})


@pytest.fixture
async def home(hass: HomeAssistant, noon: datetime, stage: Stage, cloud: Scripted) -> MockConfigEntry:
    """The entry that the vehicle belongs to."""
    entry = stage.entry("Cloud", cloud)
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def other(hass: HomeAssistant, home: MockConfigEntry, stage: Stage, module: Scripted) -> MockConfigEntry:
    """The second entry that knows the vehicle."""
    entry = stage.entry("Module", module)
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def both(hass: HomeAssistant, home: MockConfigEntry, other: MockConfigEntry) -> MockConfigEntry:
    """The entry that the vehicle belongs to, with the other one as its source."""
    await add_source(hass, home)
    return home


@pytest.fixture
async def spoken(hass: HomeAssistant, home: MockConfigEntry, stage: Stage, module: Scripted) -> MockConfigEntry:
    """The entry that the vehicle belongs to, with another one as its source that speaks by itself."""
    module.description = replace(module.description, pushes=True)
    await set_up(hass, stage.entry("Module", module))
    await add_source(hass, home)
    return home


async def add_source(hass: HomeAssistant, home: ConfigEntry, **changed: Any) -> dict[str, Any]:
    """Go through the dialog with what it proposes; return what it did propose."""
    flow = await hass.config_entries.subentries.async_init((home.entry_id, "source"), context={"source": SOURCE_USER})
    assert flow["type"] is FlowResultType.FORM
    assert flow["data_schema"] is not None
    proposed = {str(marker): marker.default() for marker in flow["data_schema"].schema}
    result = await hass.config_entries.subentries.async_configure(flow["flow_id"], proposed | changed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass)
    return proposed


def charging(status: ChargingStatus, minutes: float | None = None) -> VehicleState:
    """What the cloud reports of the charge."""
    return reported(Charging, "kamereon", minutes, plugged_in=True, status=status)


async def push(hass: HomeAssistant, module: Scripted, state: VehicleState) -> None:
    """Have the module push a report, and wait until it is taken in."""
    module.say(Push(info=MODULE, state=state))
    await settle(hass)


async def remove_source(hass: HomeAssistant, home: ConfigEntry) -> None:
    """Remove the one source of an entry."""
    (subentry,) = home.subentries
    hass.config_entries.async_remove_subentry(home, subentry)
    await settle(hass)


def devices(hass: HomeAssistant) -> list[str | None]:
    """The names of all our devices."""
    entries = hass.config_entries.async_entries(DOMAIN)
    found = (dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id) for entry in entries)
    return [device.name for each in found for device in each]


def issues(hass: HomeAssistant) -> list[str]:
    """The kinds of all our open issues."""
    return [each.translation_key or "" for (domain, _), each in ir.async_get(hass).issues.items() if domain == DOMAIN]


async def test_the_same_vin_in_two_entries_is_one_device_and_a_question(
    hass: HomeAssistant, other: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    assert devices(hass) == ["LEAF"]
    assert issues(hass) == ["same_vehicle"]
    assert er.async_entries_for_config_entry(er.async_get(hass), other.entry_id) == []
    assert state(hass, "sensor.leaf_battery").state == "50.0"
    assert "does not generate unique IDs" not in caplog.text


async def test_the_question_s_answer_merges(
    hass: HomeAssistant, home: MockConfigEntry, other: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    (issue,) = [each for (domain, _), each in ir.async_get(hass).issues.items() if domain == DOMAIN]
    started = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id})
    form = await started.json()
    assert form["step_id"] == "merge"
    told = form["description_placeholders"] or {}
    assert [told[name] for name in ("vehicle", "account", "home")] == ["Module", "Module", "Cloud"]
    done = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    assert (await done.json())["type"] == "create_entry"
    await settle(hass)

    assert issues(hass) == []
    (subentry,) = home.subentries.values()
    assert (subentry.title, subentry.subentry_type) == ("Module (LEAF)", "source")
    assert VIN not in str(subentry.as_dict())
    assert state(hass, "sensor.leaf_battery").state == "48.0"


async def test_the_dialog_proposes_the_same_vin(
    hass: HomeAssistant, home: MockConfigEntry, other: MockConfigEntry
) -> None:
    proposed = await add_source(hass, home)
    assert proposed == {"source": f"{other.entry_id} {alias(VIN)}", "vehicle": alias(VIN), "preferred": False}
    assert devices(hass) == ["LEAF"]
    assert issues(hass) == []


async def test_a_vehicle_without_a_vin_is_the_owner_s_to_know(
    hass: HomeAssistant, home: MockConfigEntry, stage: Stage, module: Scripted
) -> None:
    module.vehicles = {"MY-LEAF": replace(MODULE, key="MY-LEAF", vin=None)}
    module.states = {"MY-LEAF": module.states[VIN]}
    other = stage.entry("Module", module)
    await set_up(hass, other)
    assert state(hass, "sensor.module_battery").state == "48.0"
    assert issues(hass) == []

    await add_source(hass, home)
    assert hass.states.get("sensor.module_battery") is None, "its own device is gone"
    assert state(hass, "sensor.leaf_battery").state == "48.0"

    await remove_source(hass, home)
    assert state(hass, "sensor.module_battery").state == "48.0", "and comes back"
    assert state(hass, "sensor.leaf_battery").state == "50.0"


async def test_a_source_with_the_same_vin_that_is_removed_is_a_question_again(
    hass: HomeAssistant, both: MockConfigEntry
) -> None:
    assert issues(hass) == []
    await remove_source(hass, both)
    assert devices(hass) == ["LEAF"]
    assert issues(hass) == ["same_vehicle"]


@pytest.mark.parametrize("removed", [False, True])
async def test_of_three_entries_one_owns_the_vehicle_when_its_owner_goes(
    hass: HomeAssistant,
    stage: Stage,
    both: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    removed: bool,
) -> None:
    await set_up(
        hass, stage.entry("Phone", Scripted("leafspy", {VIN: MODULE}, {VIN: reported(Battery, "leafspy", level=47.0)}))
    )
    await add_source(hass, both)
    caplog.clear()
    if removed:
        await hass.config_entries.async_remove(both.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(both.entry_id, ConfigEntryDisabler.USER)
    await settle(hass)
    others = [entry for entry in hass.config_entries.async_entries(DOMAIN) if entry is not both]
    owners = [entry for entry in others if entry.runtime_data.vehicles]
    assert [entry.title for entry in owners] == ["Module"], "the older one of the two"
    assert state(hass, "sensor.leaf_battery").state == "48.0"
    assert "unique IDs" not in caplog.text
    if not removed:
        await hass.config_entries.async_set_disabled_by(both.entry_id, None)
        await settle(hass)
        assert [bool(entry.runtime_data.vehicles) for entry in (both, *others)] == [True, False, False]
        assert state(hass, "sensor.leaf_battery").state == "47.0"
        assert "unique IDs" not in caplog.text


async def test_of_two_new_entries_that_are_set_up_at_once_one_owns_the_vehicle(
    hass: HomeAssistant,
    noon: datetime,
    stage: Stage,
    cloud: Scripted,
    module: Scripted,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entries = [stage.entry("Cloud", cloud), stage.entry("Module", module)]
    for entry in entries:
        entry.add_to_hass(hass)
    await asyncio.gather(*(hass.config_entries.async_setup(entry.entry_id) for entry in entries))
    await settle(hass)
    assert sorted(len(entry.runtime_data.vehicles) for entry in entries) == [0, 1]
    assert "unique IDs" not in caplog.text
    assert issues(hass) == ["same_vehicle"]


@pytest.mark.usefixtures("every_entity_enabled")
async def test_each_group_comes_from_whoever_heard_it_last(hass: HomeAssistant, both: MockConfigEntry) -> None:
    shown = {
        "sensor.leaf_battery": "48.0",
        "sensor.leaf_battery_health": "91",
        "sensor.leaf_battery_temperature": "14",
        "lock.leaf_lock": "locked",
        "sensor.leaf_battery_source": "ovms",
        "sensor.leaf_data_source": "ovms",
    }
    assert {entity: state(hass, entity).state for entity in shown} == shown


@pytest.mark.usefixtures("every_entity_enabled")
async def test_what_the_cloud_hears_later_wins_and_what_lasts_stays(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    cloud.states[VIN] = reported(Battery, "kamereon", 20, level=40, range=90)
    await pass_time(timedelta(minutes=30))
    shown = {
        "sensor.leaf_battery": "40",
        "sensor.leaf_range": "90",
        "sensor.leaf_battery_health": "91",
        "sensor.leaf_battery_temperature": "unknown",
        "sensor.leaf_battery_source": "kamereon",
        "sensor.leaf_lock_and_doors_source": "ovms",
    }
    assert {entity: state(hass, entity).state for entity in shown} == shown


async def test_a_dead_source_is_one_repair_and_nothing_else(
    hass: HomeAssistant, both: MockConfigEntry, module: Scripted, pass_time: LetTimePass
) -> None:
    before = {each.entity_id for each in hass.states.async_all() if each.state != STATE_UNAVAILABLE}
    module.error = Unavailable("dead")
    await pass_time(timedelta(hours=5), timedelta(minutes=5))
    assert issues(hass) == ["source_silent"]
    assert {each.entity_id for each in hass.states.async_all() if each.state == STATE_UNAVAILABLE} & before == set()
    assert state(hass, "sensor.leaf_battery").state == "48.0"

    module.error = None
    await pass_time(timedelta(hours=2), timedelta(minutes=5))
    assert issues(hass) == []


async def test_the_own_account_may_die_as_well(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted, pass_time: LetTimePass
) -> None:
    cloud.error = Unavailable("dead")
    module.states[VIN] = reported(Battery, "ovms", 200, level=33)
    await pass_time(timedelta(hours=5), timedelta(minutes=5))
    assert issues(hass) == ["source_silent"]
    assert state(hass, "sensor.leaf_battery").state == "33"


async def test_an_entry_that_is_not_loaded_is_a_dead_source(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, pass_time: LetTimePass
) -> None:
    await hass.config_entries.async_unload(other.entry_id)
    await pass_time(timedelta(hours=4), timedelta(minutes=5))
    assert issues(hass) == ["source_silent"]
    assert state(hass, "sensor.leaf_battery").state == "48.0"

    await hass.config_entries.async_setup(other.entry_id)
    await pass_time(timedelta(hours=2), timedelta(minutes=5))
    assert issues(hass) == []


@pytest.mark.usefixtures("every_entity_enabled")
async def test_a_restart_knows_what_each_source_said(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, cloud: Scripted, module: Scripted
) -> None:
    for entry in (both, other):
        await hass.config_entries.async_unload(entry.entry_id)
    cloud.error = module.error = Unavailable("dead")
    await hass.config_entries.async_setup(both.entry_id)
    await settle(hass)
    assert state(hass, "sensor.leaf_battery").state == "48.0"
    assert state(hass, "sensor.leaf_battery_source").state == "ovms"
    assert state(hass, "sensor.leaf_range").state == "unknown", "an hour older than the battery's level"


async def test_removing_the_other_entry_removes_the_source(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry
) -> None:
    await hass.config_entries.async_remove(other.entry_id)
    await settle(hass)
    assert not both.subentries
    assert state(hass, "sensor.leaf_battery").state == "50.0"


async def test_removing_the_home_gives_the_vehicle_to_the_other(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry
) -> None:
    await hass.config_entries.async_remove(both.entry_id)
    await settle(hass)
    assert devices(hass) == ["Module"]
    assert other.state is ConfigEntryState.LOADED


async def test_an_entry_that_was_disabled_takes_its_vehicle_back(
    hass: HomeAssistant, home: MockConfigEntry, stage: Stage, module: Scripted, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config_entries.async_set_disabled_by(home.entry_id, ConfigEntryDisabler.USER)
    freezer.tick()
    other = stage.entry("Module", module)
    await set_up(hass, other)
    assert state(hass, "sensor.leaf_battery").state == "48.0", "the same entity, so its history goes on"

    await hass.config_entries.async_set_disabled_by(home.entry_id, None)
    await settle(hass)
    assert state(hass, "sensor.leaf_battery").state == "50.0"
    assert devices(hass) == ["LEAF"]
    assert issues(hass) == ["same_vehicle"]


def obedient(backend: str) -> Any:
    """A vehicle that starts its climate when told to."""

    def obey(command: Command) -> VehicleState | None:
        return reported(Climate, backend, running=isinstance(command, StartClimate))

    return obey


async def heat(hass: HomeAssistant) -> str:
    """Start the climate; return which backend did it."""
    seen: list[str] = []
    stop = hass.bus.async_listen(EVENT_COMMAND, callback(lambda event: seen.append(event.data["backend"])))
    try:
        await hass.services.async_call("climate", "turn_on", {"entity_id": "climate.leaf_climate"}, blocking=True)
    finally:
        await hass.async_block_till_done()
        stop()
    return seen[0]


async def test_commands_go_to_the_first_that_can(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted
) -> None:
    cloud.obeys, module.obeys = obedient("kamereon"), obedient("ovms")
    assert await heat(hass) == "kamereon"
    assert (len(cloud.sent), len(module.sent)) == (1, 0)
    assert state(hass, "climate.leaf_climate").state == "heat_cool"


@pytest.mark.parametrize(
    "refusal",
    [
        NoConnection("nobody there"),
        AuthenticationFailed("who is that"),
        NotSupported("not this one"),
        TooManyCommands("enough for now"),
    ],
    ids=lambda refusal: refusal.key,
)
async def test_what_cannot_have_arrived_goes_to_the_next(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted, refusal: BackendError
) -> None:
    cloud.refusal, module.obeys = refusal, obedient("ovms")
    assert await heat(hass) == "ovms"
    assert len(module.sent) == 1


async def test_the_first_refusal_is_told_if_no_source_takes_a_command(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted
) -> None:
    cloud.refusal, module.refusal = TooManyCommands("enough for now"), NoConnection("nobody there")
    with pytest.raises(HomeAssistantError) as raised:
        await heat(hass)
    assert raised.value.translation_key == "too_many_commands"


@pytest.mark.parametrize("ours", [True, False], ids=["the module takes any PIN", "the vehicle wants its PIN"])
async def test_a_pin_that_guards_unlocking_only_is_not_wanted_for_locking(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, module: Scripted, ours: bool
) -> None:
    module.vehicles[VIN] = replace(MODULE, capabilities=MODULE.capabilities | {Capability.LOCK_PIN})
    if ours:
        hass.config_entries.async_update_entry(other, data=other.data | {CONF_PIN: "1234"})
    await other.runtime_data.async_refresh()
    await settle(hass)
    for service, wanted in (("lock", not ours), ("unlock", True)):
        with pytest.raises(HomeAssistantError) if wanted else nullcontext() as error:
            await hass.services.async_call("lock", service, {"entity_id": "lock.leaf_lock"}, blocking=True)
        assert not wanted or (error is not None and error.value.translation_key == "pin_required")
    assert module.sent == ([Lock()] if ours else [])


async def test_a_vehicle_that_its_account_drops_goes_on_with_its_other_source(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    cloud.vehicles.clear()
    await pass_time(timedelta(hours=13), timedelta(hours=1))
    assert [subentry for subentry in both.subentries.values() if subentry.subentry_type == "source"] == []
    assert devices(hass) == ["Module"]
    registry = er.async_get(hass)
    entity = registry.async_get_entity_id("sensor", DOMAIN, f"{VIN}_battery_level")
    assert entity is not None
    assert registry.entities[entity].config_entry_id == other.entry_id
    assert state(hass, entity).state == "48.0"


async def test_what_may_have_arrived_goes_nowhere_else(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted
) -> None:
    cloud.refusal, module.obeys = Unavailable("no answer"), obedient("ovms")
    with pytest.raises(HomeAssistantError):
        await heat(hass)
    assert module.sent == []


async def test_a_source_that_fails_is_asked_last(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted, pass_time: LetTimePass
) -> None:
    cloud.error = Unavailable("dead")
    module.obeys = obedient("ovms")
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert await heat(hass) == "ovms"


async def test_the_owner_may_prefer_a_source(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted
) -> None:
    (subentry,) = both.subentries
    flow = await hass.config_entries.subentries.async_init(
        (both.entry_id, "source"), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry}
    )
    assert flow["description_placeholders"] == {"source": "Module (LEAF)"}
    result = await hass.config_entries.subentries.async_configure(flow["flow_id"], {"preferred": True})
    assert result["reason"] == "reconfigure_successful"
    await settle(hass)
    cloud.obeys, module.obeys = obedient("kamereon"), obedient("ovms")
    assert await heat(hass) == "ovms"


async def test_a_source_that_cannot_reach_the_vehicle_blocks_no_other(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted, pass_time: LetTimePass
) -> None:
    away = reported(Connectivity, "ovms", 0, reachable=False)
    module.states[VIN] = replace(module.states[VIN], connectivity=away.connectivity)
    await pass_time(timedelta(minutes=30))
    assert state(hass, "binary_sensor.leaf_reachable").state == "off"
    cloud.obeys = obedient("kamereon")
    assert await heat(hass) == "kamereon"


async def test_a_preferred_source_that_cannot_reach_the_vehicle_is_passed_over(
    hass: HomeAssistant, home: MockConfigEntry, other: MockConfigEntry, cloud: Scripted, module: Scripted
) -> None:
    away = reported(Connectivity, "ovms", 0, reachable=False)
    module.states[VIN] = replace(module.states[VIN], connectivity=away.connectivity)
    await add_source(hass, home, preferred=True)
    cloud.obeys, module.obeys = obedient("kamereon"), obedient("ovms")
    assert await heat(hass) == "kamereon"


async def test_a_rejected_source_asks_for_itself(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, module: Scripted, pass_time: LetTimePass
) -> None:
    module.error = AuthenticationFailed()
    await pass_time(timedelta(minutes=30))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["entry_id"] == other.entry_id
    assert state(hass, "sensor.leaf_battery").state == "48.0"


async def test_there_must_be_another_vehicle(hass: HomeAssistant, home: MockConfigEntry) -> None:
    for reason in ("no_other_source", "not_loaded"):
        flow = await hass.config_entries.subentries.async_init(
            (home.entry_id, "source"), context={"source": SOURCE_USER}
        )
        assert flow["reason"] == reason
        await hass.config_entries.async_unload(home.entry_id)


@pytest.mark.parametrize("kind", ["geofence", "source"])
async def test_an_entry_whose_vehicles_are_shown_elsewhere_has_nothing_to_add_to(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, kind: str
) -> None:
    """As that of a phone or a module which is a source: Home Assistant offers the button all the same."""
    flow = await hass.config_entries.subentries.async_init((other.entry_id, kind), context={"source": SOURCE_USER})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "no_vehicles_here")
    flow = await hass.config_entries.subentries.async_init((both.entry_id, kind), context={"source": SOURCE_USER})
    assert flow.get("reason") != "no_vehicles_here"


async def test_what_a_source_pushes_is_heard_where_the_vehicle_belongs(
    hass: HomeAssistant, spoken: MockConfigEntry, module: Scripted
) -> None:
    await push(hass, module, reported(Battery, "ovms", 0, level=11))
    assert state(hass, "sensor.leaf_battery").state == "11"


async def test_a_source_that_cannot_be_heard_is_a_dead_source(
    hass: HomeAssistant, spoken: MockConfigEntry, cloud: Scripted, module: Scripted, pass_time: LetTimePass
) -> None:
    """Its entry is loaded and its vehicle known, but nothing it says arrives; commands take the other way."""
    (vehicle,) = spoken.runtime_data.vehicles.values()
    (link,) = vehicle.sources.secondary
    await push(hass, module, reported(Battery, "ovms", 0, level=11))
    assert link.works
    module.error = Unavailable("no broker")
    module.say(module.error)
    await pass_time(timedelta(hours=4), timedelta(minutes=5))
    assert issues(hass) == ["source_silent"]
    assert not link.works

    module.error = None
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    module.say(Push(info=MODULE, state=reported(Battery, "ovms", 300, level=12)))
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert issues(hass) == []
    assert link.works


async def test_a_dead_source_is_asked_more_and_more_rarely(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted, pass_time: LetTimePass
) -> None:
    module.error, cloud.reads, reads = Unavailable("dead"), 0, list[int]()
    for _ in range(3):
        module.reads = 0
        await pass_time(timedelta(hours=2), timedelta(minutes=5))
        reads.append(module.reads)
    assert sum(reads) < cloud.reads / 2
    assert reads[0] > reads[1] >= reads[2] > 0


async def test_the_owner_is_told_of_a_silent_source_at_its_third_failure(
    hass: HomeAssistant, both: MockConfigEntry, module: Scripted, freezer: FrozenDateTimeFactory
) -> None:
    (vehicle,) = both.runtime_data.vehicles.values()
    (link,) = vehicle.sources.secondary
    module.error = Unavailable("dead")
    told = list[bool]()
    while link.failures < 4:
        before = link.failures
        freezer.tick(timedelta(hours=2))
        await vehicle.coordinator.async_refresh()
        assert link.failures == before + 1
        told.append(issues(hass) == ["source_silent"])
    assert told == [False, False, True, True]


async def test_a_source_that_is_being_loaded_has_not_failed_three_times(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    (vehicle,) = both.runtime_data.vehicles.values()
    await hass.config_entries.async_unload(other.entry_id)
    for _ in range(6):
        await vehicle.connection.entry.runtime_data.async_read_vehicle(vehicle)
        freezer.tick(timedelta(seconds=1))
    assert issues(hass) == []

    await hass.config_entries.async_setup(other.entry_id)
    await settle(hass)
    (link,) = vehicle.sources.secondary
    assert link.failures == 0


async def test_reads_while_both_sources_rest_do_not_make_them_fail_faster(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted, freezer: FrozenDateTimeFactory
) -> None:
    (vehicle,) = both.runtime_data.vehicles.values()
    cloud.error = module.error = Unavailable("dead")
    for _ in range(6):
        await vehicle.coordinator.async_refresh()
        freezer.tick(timedelta(seconds=1))
    assert issues(hass) == []


async def test_a_pause_that_a_source_demands_meanwhile_counts(
    hass: HomeAssistant, both: MockConfigEntry, module: Scripted, freezer: FrozenDateTimeFactory
) -> None:
    (vehicle,) = both.runtime_data.vehicles.values()
    (link,) = vehicle.sources.secondary
    module.error = Unavailable("dead")
    await vehicle.coordinator.async_refresh()
    module.error = RateLimited(retry_after=7200)
    await vehicle.connection.entry.runtime_data.async_read_vehicle(vehicle)
    freezer.tick(timedelta(hours=1))
    assert link.is_backing_off(dt_util.utcnow())


async def test_a_source_that_reports_again_is_not_called_silent_any_more(
    hass: HomeAssistant, spoken: MockConfigEntry, module: Scripted, pass_time: LetTimePass
) -> None:
    """At once, although the next read may be half an hour away."""
    module.error = Unavailable("no broker")
    module.say(module.error)
    await pass_time(timedelta(hours=4), timedelta(minutes=5))
    assert issues(hass) == ["source_silent"]
    module.error = None
    (vehicle,) = spoken.runtime_data.vehicles.values()
    (link,) = vehicle.sources.secondary
    vehicle.coordinator.async_handle_push(Push(info=MODULE, state=reported(Battery, "ovms", 240, level=12)), link)
    assert issues(hass) == []


async def test_a_source_that_rests_is_not_said_to_be_readable(
    hass: HomeAssistant, both: MockConfigEntry, module: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    (vehicle,) = both.runtime_data.vehicles.values()
    module.error = Unavailable("dead")
    await vehicle.coordinator.async_refresh()
    assert "ovms cannot be read" in caplog.text
    await vehicle.coordinator.async_refresh()
    assert "can be read again" not in caplog.text

    module.error = None
    await vehicle.connection.entry.runtime_data.async_read_vehicle(vehicle)
    assert "ovms can be read again" in caplog.text


async def test_a_talkative_source_does_not_keep_us_from_asking_the_others(
    hass: HomeAssistant,
    spoken: MockConfigEntry,
    cloud: Scripted,
    module: Scripted,
    pass_time: LetTimePass,
) -> None:
    cloud.reads = 0
    await pass_time(timedelta(hours=1))
    quiet, cloud.reads = cloud.reads, 0
    for minute in range(61, 121):
        await push(hass, module, reported(Battery, "ovms", minute, level=11))
        await pass_time(timedelta(minutes=1))
    assert quiet <= cloud.reads <= quiet + 1


async def test_a_part_that_fails_is_no_reason_to_hurry(
    hass: HomeAssistant, home: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(hours=1))
    cloud.reads = 0
    await pass_time(timedelta(hours=1))
    usual, cloud.reads = cloud.reads, 0
    cloud.failures = {"cockpit": Unavailable("out of order")}
    await pass_time(timedelta(hours=1))
    assert usual - 1 <= cloud.reads <= usual + 1


async def test_a_part_that_is_told_to_wait_is_left_alone_for_so_long(
    hass: HomeAssistant, home: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    cloud.failures = {"cockpit": RateLimited(retry_after=3600)}
    await pass_time(timedelta(minutes=15))
    cloud.reads = 0
    await pass_time(timedelta(minutes=40))
    assert cloud.reads == 0


async def test_a_source_s_log_in_is_asked_for_where_it_is_needed(
    hass: HomeAssistant,
    home: MockConfigEntry,
    other: MockConfigEntry,
    cloud: Scripted,
    module: Scripted,
    pass_time: LetTimePass,
) -> None:
    await add_source(hass, home, preferred=True)
    cloud.error = Unavailable("a bad evening")
    module.error = AuthenticationFailed()
    await pass_time(timedelta(hours=3), timedelta(minutes=5))
    asked = {flow["context"]["entry_id"] for flow in hass.config_entries.flow.async_progress()}
    assert asked == {other.entry_id}

    cloud.error = None
    cloud.states[VIN] = reported(Battery, "kamereon", 300, level=40)
    await pass_time(timedelta(hours=3), timedelta(minutes=5))
    assert state(hass, "sensor.leaf_battery").state == "40"


async def test_a_log_in_that_is_refused_does_not_end_the_reads_of_another_source(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted, pass_time: LetTimePass
) -> None:
    cloud.error = AuthenticationFailed()
    module.error = Unavailable("a bad evening")
    await pass_time(timedelta(hours=3), timedelta(minutes=5))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["entry_id"] == both.entry_id

    module.error = None
    module.states[VIN] = reported(Battery, "ovms", 300, level=40)
    await pass_time(timedelta(hours=3), timedelta(minutes=5))
    assert state(hass, "sensor.leaf_battery").state == "40"


async def test_what_only_the_owner_can_put_right_stays_told_while_the_source_rests(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(minutes=5))
    cloud.error = ActionRequired()
    seen = []
    for _ in range(18):
        await pass_time(timedelta(minutes=10), timedelta(minutes=5))
        seen.append("action_required" in issues(hass))
    assert seen.index(True) < 3
    assert all(seen[seen.index(True) :])

    cloud.error, cloud.reads = None, 0
    assert await both.runtime_data.async_recheck(None) is None
    assert cloud.reads == 1
    assert "action_required" not in issues(hass)


async def test_nobody_is_told_of_a_silent_source_that_is_none_any_more(
    hass: HomeAssistant, both: MockConfigEntry, module: Scripted, pass_time: LetTimePass
) -> None:
    module.error = Unavailable("dead")
    await pass_time(timedelta(hours=5), timedelta(minutes=5))
    assert issues(hass) == ["source_silent"]
    await remove_source(hass, both)
    assert "source_silent" not in issues(hass)


async def test_nobody_is_told_of_a_source_that_is_none_any_more_while_the_others_are_read(
    hass: HomeAssistant,
    both: MockConfigEntry,
    cloud: Scripted,
    module: Scripted,
    pass_time: LetTimePass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module.error = Unavailable("dead")
    await pass_time(timedelta(hours=5), timedelta(minutes=5))
    read, gate = cloud.read, asyncio.Event()

    async def wait(*parameters: Any) -> VehicleReport:
        await gate.wait()
        return await read(*parameters)

    monkeypatch.setattr(cloud, "read", wait)
    (subentry,) = both.subentries
    hass.config_entries.async_remove_subentry(both, subentry)
    for _ in range(20):
        await asyncio.sleep(0)
    assert "source_silent" not in issues(hass)
    gate.set()
    await settle(hass)


async def test_what_is_said_while_the_vehicle_s_own_entry_is_not_loaded_is_not_lost(
    hass: HomeAssistant, spoken: MockConfigEntry, module: Scripted, pass_time: LetTimePass
) -> None:
    await push(hass, module, reported(Battery, "ovms", 0, level=30))
    await pass_time(timedelta(seconds=15))  # numbers that drift are shown no more often
    assert state(hass, "sensor.leaf_battery").state == "30"

    await hass.config_entries.async_unload(spoken.entry_id)
    await push(hass, module, reported(Battery, "ovms", 1, level=29))
    await hass.config_entries.async_setup(spoken.entry_id)
    await settle(hass)
    assert state(hass, "sensor.leaf_battery").state == "29"


async def test_what_a_second_source_pushes_does_not_flap_nor_does_a_read_make_it(
    hass: HomeAssistant, spoken: MockConfigEntry, module: Scripted, cloud: Scripted, pass_time: LetTimePass
) -> None:
    (vehicle,) = spoken.runtime_data.vehicles.values()
    await push(hass, module, reported(Charging, "ovms", plugged_in=False))
    for number in range(9):
        module.say(Push(info=MODULE, state=reported(Charging, "ovms", plugged_in=number % 2 == 0)))
        await pass_time(timedelta(seconds=1), timedelta(seconds=1))
        await vehicle.coordinator.async_refresh()
        assert state(hass, "binary_sensor.leaf_plugged_in").state == "off"
    await pass_time(timedelta(seconds=5), timedelta(seconds=5))
    assert state(hass, "binary_sensor.leaf_plugged_in").state == "on"


async def test_a_value_that_was_held_back_does_not_hide_that_the_connection_is_lost(
    hass: HomeAssistant, spoken: MockConfigEntry, module: Scripted, pass_time: LetTimePass
) -> None:
    (vehicle,) = spoken.runtime_data.vehicles.values()
    (source,) = vehicle.sources.secondary
    await push(hass, module, reported(Charging, "ovms", plugged_in=False))
    await push(hass, module, reported(Charging, "ovms", plugged_in=True))
    await pass_time(timedelta(seconds=3))
    module.error = Unavailable("no broker")
    module.say(module.error)
    await settle(hass)
    await pass_time(timedelta(seconds=3))  # before somebody tries to listen again
    assert state(hass, "binary_sensor.leaf_plugged_in").state == "on", "it has lasted"
    await vehicle.coordinator.async_refresh()
    assert not source.works


async def test_a_source_that_has_not_settled_yet_takes_back_nothing_that_another_has_confirmed(
    hass: HomeAssistant, spoken: MockConfigEntry, module: Scripted, cloud: Scripted, pass_time: LetTimePass
) -> None:
    module.say(Push(info=MODULE, state=reported(Climate, "ovms", running=False)))
    await pass_time(timedelta(minutes=1))
    cloud.obeys = obedient("kamereon")
    await heat(hass)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    alerts = async_capture_events(hass, EVENT_ALERT)
    for _ in range(6):
        await pass_time(timedelta(seconds=1), timedelta(seconds=1))
        await push(hass, module, reported(Climate, "ovms", running=True))
    shown = [each.data["new_state"].state for each in changes if each.data["entity_id"] == "climate.leaf_climate"]
    assert "off" not in shown
    assert state(hass, "climate.leaf_climate").state == "heat_cool"
    assert AlertType.CLIMATE_STOPPED not in [each.data["type"] for each in alerts]


async def test_what_a_source_speaks_of_does_not_hide_what_could_not_be_asked(
    hass: HomeAssistant,
    spoken: MockConfigEntry,
    cloud: Scripted,
    pass_time: LetTimePass,
) -> None:
    await hass.config_entries.async_unload(spoken.entry_id)
    cloud.error, cloud.asked = Unavailable("a bad evening"), set()
    await hass.config_entries.async_setup(spoken.entry_id)
    await pass_time(timedelta(minutes=1))
    cloud.error = None
    await pass_time(timedelta(hours=1))
    assert Group.TYRES in cloud.asked


async def test_a_source_that_misses_one_list_stays_a_source(
    hass: HomeAssistant, both: MockConfigEntry, module: Scripted, pass_time: LetTimePass
) -> None:
    known, module.vehicles = module.vehicles, {}
    await pass_time(timedelta(hours=6, minutes=10), timedelta(minutes=10))
    module.vehicles = known
    module.states[VIN] = reported(Battery, "ovms", 380, level=22)
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, "sensor.leaf_battery").state == "22"


async def test_a_vehicle_that_leaves_the_second_account_is_no_question_any_more(
    hass: HomeAssistant, other: MockConfigEntry, module: Scripted, pass_time: LetTimePass
) -> None:
    assert issues(hass) == ["same_vehicle"]
    module.vehicles = {}
    await pass_time(timedelta(hours=13), timedelta(minutes=10))
    assert "same_vehicle" not in issues(hass)
    assert devices(hass) == ["LEAF"]


async def test_a_vehicle_that_leaves_its_account_is_the_other_one_s_and_there_once(
    hass: HomeAssistant, home: MockConfigEntry, other: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    lent = other.runtime_data.connection.secondary
    preferences = AlertPreferences(charge_below=55)
    lent[VIN] = replace(lent[VIN], alert_preferences=preferences)  # from when it was the other one's
    cloud.vehicles = {}
    await pass_time(timedelta(hours=25), timedelta(minutes=30))
    assert devices(hass) == ["Module"]
    assert "same_vehicle" not in issues(hass)
    assert list(other.runtime_data.vehicles) == [VIN]
    assert other.runtime_data.connection.secondary == {}
    assert next(iter(other.runtime_data.vehicles.values())).alerts.preferences == preferences


async def test_what_the_list_says_first_is_told_as_well(
    hass: HomeAssistant, home: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    cloud.states[VIN] = charging(ChargingStatus.CHARGING, 1)
    await pass_time(timedelta(minutes=20))
    events = async_capture_events(hass, EVENT_ALERT)
    cloud.listed[VIN] = cloud.states[VIN] = charging(ChargingStatus.FINISHED, 20)
    await home.runtime_data.async_refresh()
    await pass_time(timedelta(minutes=20))
    assert [event.data["type"] for event in events] == ["charging_finished"]


async def test_a_new_source_does_not_tell_what_it_wrote_long_ago(
    hass: HomeAssistant, home: MockConfigEntry, stage: Stage, module: Scripted, pass_time: LetTimePass
) -> None:
    await pass_time(timedelta(days=2), timedelta(hours=1))
    old = Notification(id="1", kind="alarm", alert=AlertType.ALARM, sent_at=NOON + timedelta(hours=3))
    new = Notification(id="2", kind="alarm", alert=AlertType.ALARM, sent_at=NOON + timedelta(days=2, minutes=30))
    module.messages = (old,)
    await set_up(hass, stage.entry("Module", module))
    events = async_capture_events(hass, EVENT_ALERT)
    await add_source(hass, home)
    await pass_time(timedelta(minutes=15))
    assert events == []

    await hass.config_entries.async_unload(home.entry_id)
    await pass_time(timedelta(minutes=30))
    module.messages = (new, old)
    await hass.config_entries.async_setup(home.entry_id)
    await settle(hass)
    assert [event.data["type"] for event in events] == ["alarm"]


async def test_an_entry_that_is_disabled_gives_its_vehicle_to_the_other(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry
) -> None:
    await hass.config_entries.async_set_disabled_by(both.entry_id, ConfigEntryDisabler.USER)
    await settle(hass)
    assert list(other.runtime_data.vehicles) == [VIN]
    assert state(hass, "sensor.leaf_battery").state == "48.0"

    await hass.config_entries.async_set_disabled_by(both.entry_id, None)
    await settle(hass)
    assert other.runtime_data.vehicles == {}
    assert devices(hass) == ["LEAF"]
    assert issues(hass) == []


async def test_a_command_by_a_lent_way_is_followed_over_a_reload(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, cloud: Scripted, module: Scripted
) -> None:
    cloud.refusal, module.obeys = NoConnection("nobody there"), obedient("ovms")
    seen: list[tuple[str, str]] = []
    hass.bus.async_listen(
        EVENT_COMMAND, callback(lambda event: seen.append((event.data["backend"], event.data["type"])))
    )
    call = hass.async_create_task(
        hass.services.async_call("climate", "turn_on", {"entity_id": "climate.leaf_climate"}, blocking=True)
    )
    log = both.runtime_data.vehicles[VIN].log
    for _ in range(500):
        await hass.async_add_executor_job(time.sleep, 0.002)  # it is written to the disk first
        if any(each.ticket for each in log.unfinished):
            break
    await hass.config_entries.async_reload(both.entry_id)
    await asyncio.gather(call, return_exceptions=True)
    await settle(hass)
    assert seen == [("ovms", "confirmed")]
    assert len(module.sent) == 1


async def test_what_one_source_speaks_of_the_others_are_asked_for_nevertheless(
    hass: HomeAssistant,
    spoken: MockConfigEntry,
    cloud: Scripted,
    module: Scripted,
    pass_time: LetTimePass,
) -> None:
    cloud.asked = set()
    for _ in range(120):
        await push(hass, module, reported(Body, "ovms", door_front_left=False))
        await pass_time(timedelta(minutes=1))
    assert Group.BODY in cloud.asked, "the other one may know whether the vehicle is locked"


def private(minutes: float, *, active: bool) -> VehicleState:
    """What the cloud says of the privacy mode, which no vehicle dates."""
    at = NOON + timedelta(minutes=minutes)
    return VehicleState(privacy=Privacy(backend="kamereon", received_at=at, active=active))


async def test_privacy_mode_forgets_what_another_source_says_of_the_place(
    hass: HomeAssistant, both: MockConfigEntry, cloud: Scripted, module: Scripted, pass_time: LetTimePass
) -> None:
    cloud.states[VIN] = private(1, active=True)
    module.states[VIN] = reported(Position, "ovms", 2, latitude=51.5, longitude=-0.1)
    await pass_time(timedelta(minutes=60))
    (vehicle,) = both.runtime_data.vehicles.values()
    assert vehicle.coordinator.data.position is None
    assert "51.5" not in str(vehicle.remembered().secondary_reported)
    module.states[VIN] = VehicleState()
    cloud.states[VIN] = private(60, active=False)
    await pass_time(timedelta(minutes=60))
    assert vehicle.coordinator.data.position is None


async def test_privacy_mode_forgets_what_another_source_has_pushed_of_the_place(
    hass: HomeAssistant, spoken: MockConfigEntry, cloud: Scripted, module: Scripted, pass_time: LetTimePass
) -> None:
    cloud.states[VIN] = private(2, active=True)
    await pass_time(timedelta(minutes=60))
    await push(hass, module, reported(Position, "ovms", 2, latitude=51.5, longitude=-0.1))
    cloud.states[VIN] = private(60, active=False)
    await pass_time(timedelta(minutes=60))
    (vehicle,) = spoken.runtime_data.vehicles.values()
    assert vehicle.coordinator.data.privacy is not None
    assert vehicle.coordinator.data.privacy.active is False
    assert vehicle.coordinator.data.position is None


async def test_a_charge_that_stops_a_while_after_it_was_told_to_is_not_interrupted(
    hass: HomeAssistant, noon: datetime, stage: Stage, cloud: Scripted, pass_time: LetTimePass
) -> None:
    class Slow(Scripted):
        """The service calls it done at once; the vehicle goes on charging until it is looked at for the second time."""

        @override
        async def read(self, vehicle: VehicleInfo, groups: Collection[Group] | None = None) -> VehicleReport:
            stopped = bool(self.sent) and self.reads > self.looked
            self.reads += 1
            return VehicleReport(state=charging(ChargingStatus.NOT_CHARGING if stopped else ChargingStatus.CHARGING))

        looked = 10**6

        @override
        async def send(self, vehicle: VehicleInfo, command: Command, departure: Departure) -> Ticket:
            self.looked = self.reads
            return await super().send(vehicle, command, departure)

    able = CLOUD.capabilities | {Capability.START_CHARGING, Capability.STOP_CHARGING}
    await set_up(hass, stage.entry("Slow", Slow("kamereon", {VIN: replace(CLOUD, capabilities=able)})))
    events = async_capture_events(hass, EVENT_ALERT)
    await hass.services.async_call("switch", "turn_off", {"entity_id": "switch.leaf_charging"}, blocking=True)
    await pass_time(timedelta(minutes=20))
    assert state(hass, "switch.leaf_charging").state == "off"
    assert events == []


async def test_a_charge_that_has_finished_is_told_to_whom_interruptions_are_nothing(
    hass: HomeAssistant, home: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    hass.config_entries.async_update_entry(home, options={OPTION_ALERTS_OFF: [AlertType.CHARGING_INTERRUPTED]})
    await hass.config_entries.async_reload(home.entry_id)

    cloud.states[VIN] = charging(ChargingStatus.CHARGING, 1)
    await pass_time(timedelta(minutes=20))
    events = async_capture_events(hass, EVENT_ALERT)
    cloud.states[VIN] = charging(ChargingStatus.NOT_CHARGING, 20)
    await pass_time(timedelta(minutes=20))
    assert events == []
    at = NOON + timedelta(minutes=30)
    cloud.messages = (Notification(id="1", kind="charge", alert=AlertType.CHARGING_FINISHED, sent_at=at),)
    await pass_time(timedelta(minutes=40))
    assert [event.data["type"] for event in events] == ["charging_finished"]


async def test_a_temperature_that_somebody_else_chose_does_not_outlive_a_restart(
    hass: HomeAssistant, noon: datetime, stage: Stage, cloud: Scripted, pass_time: LetTimePass
) -> None:
    cloud.vehicles[VIN] = replace(CLOUD, capabilities=CLOUD.capabilities | {Capability.CLIMATE_TEMPERATURE})
    cloud.states[VIN] = reported(Climate, "kamereon", running=False)
    entry = stage.entry("Cloud", cloud)
    await set_up(hass, entry)
    chosen = {"entity_id": "climate.leaf_climate", "temperature": 19}
    await hass.services.async_call("climate", "set_temperature", chosen, blocking=True)
    cloud.states[VIN] = reported(Climate, "kamereon", running=True, target_temperature=26)
    await pass_time(timedelta(minutes=15))
    assert state(hass, "climate.leaf_climate").attributes["temperature"] == 26

    await hass.config_entries.async_reload(entry.entry_id)
    cloud.states[VIN] = reported(Climate, "kamereon", running=False)
    await pass_time(timedelta(minutes=15))
    assert state(hass, "climate.leaf_climate").state == "off"
    assert state(hass, "climate.leaf_climate").attributes["temperature"] == 19


async def test_an_area_is_shown_as_soon_as_the_vehicle_tells_where_it_is(
    hass: HomeAssistant, home: MockConfigEntry, cloud: Scripted, pass_time: LetTimePass
) -> None:
    data = {"location": {"latitude": 51.0, "longitude": 0.0, "radius": 500.0}, "on_entering": [], "on_leaving": []}
    area = ConfigSubentry(data=MappingProxyType(data), subentry_type="geofence", title="Work", unique_id=None)
    hass.config_entries.async_add_subentry(home, area)
    await settle(hass)
    assert hass.states.get("binary_sensor.leaf_in_work") is None, "nobody knows where it is"

    cloud.vehicles[VIN] = replace(CLOUD, capabilities=CLOUD.capabilities | {Capability.LOCATION})
    cloud.states[VIN] = reported(Position, "kamereon", latitude=51.0, longitude=0.0)
    await home.runtime_data.async_refresh()
    await pass_time(timedelta(minutes=15))
    assert state(hass, "device_tracker.leaf_location").attributes["latitude"] == 51.0
    assert state(hass, "binary_sensor.leaf_in_work").state == "on"


async def test_a_target_temperature_can_be_chosen_as_soon_as_a_source_takes_one(
    hass: HomeAssistant, home: MockConfigEntry, cloud: Scripted
) -> None:
    assert "temperature" not in state(hass, "climate.leaf_climate").attributes
    cloud.vehicles[VIN] = replace(CLOUD, capabilities=CLOUD.capabilities | {Capability.CLIMATE_TEMPERATURE})
    await home.runtime_data.async_refresh()
    await settle(hass)
    chosen = {"entity_id": "climate.leaf_climate", "temperature": 19}
    await hass.services.async_call("climate", "set_temperature", chosen, blocking=True)
    assert state(hass, "climate.leaf_climate").attributes["temperature"] == 19


async def test_a_source_that_cannot_be_read_is_left_out_alone(
    hass: HomeAssistant, both: MockConfigEntry, other: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is in it, the one that is whole works: over a restart, and until the other entry is gone."""
    (whole,) = both.subentries.values()
    odd: list[dict[str, Any]] = [
        {},
        {"vehicle": alias(VIN)},
        {**whole.data, "entry": None},
        {**whole.data, "entry": [other.entry_id]},
        {**whole.data, "source_vehicle": {"alias": alias(VIN)}},
        {**whole.data, "vehicle": 7},
    ]
    for data in odd:
        hass.config_entries.async_add_subentry(
            both, ConfigSubentry(data=MappingProxyType(data), subentry_type="source", title="Odd", unique_id=None)
        )
    await settle(hass)
    for entry in (both, other):
        await hass.config_entries.async_reload(entry.entry_id)
        await settle(hass)
    (vehicle,) = both.runtime_data.vehicles.values()
    assert [link.name for link in vehicle.sources] == ["own", whole.subentry_id]
    assert state(hass, "sensor.leaf_battery").state == "48.0"
    assert devices(hass) == ["LEAF"]

    await hass.config_entries.async_remove(other.entry_id)
    await settle(hass)
    assert len(both.subentries) == len(odd), "it is for the owner to remove them"
    assert state(hass, "sensor.leaf_battery").state == "50.0"
    assert "Traceback" not in caplog.text


@dataclass(eq=False)
class Historian(Scripted):
    """A source that keeps single trips, or refuses to tell them."""

    trips: tuple[TripRecord, ...] | BackendError = ()
    wanted: list[tuple[datetime, datetime]] = field(default_factory=list)

    async def read_single_trips(self, vehicle: VehicleInfo, start: datetime, end: datetime) -> tuple[TripRecord, ...]:
        """Return what the script holds."""
        self.wanted.append((start, end))
        if isinstance(self.trips, BackendError):
            raise self.trips
        return self.trips


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ((), True),
        (NotSupported("of this vehicle none are kept"), False),
        (Unavailable("an outage"), None),
        (None, False),
    ],
    ids=["some", "refused", "outage", "none are kept"],
)
async def test_single_trips_come_from_the_first_source_that_keeps_them(
    hass: HomeAssistant,
    noon: datetime,
    stage: Stage,
    first: tuple[TripRecord, ...] | BackendError | None,
    told: bool | None,
) -> None:
    trip = TripRecord(start=noon - timedelta(hours=1), end=noon, distance=12.5)
    able = replace(CLOUD, capabilities=CLOUD.capabilities | {Capability.TRIPS})
    one = Scripted("kamereon", {VIN: able}) if first is None else Historian("kamereon", {VIN: able}, trips=first)
    other = Historian("ovms", {VIN: able}, trips=(trip,))
    home = stage.entry("Cloud", one)
    await set_up(hass, home)
    await set_up(hass, stage.entry("Module", other))
    await add_source(hass, home)
    sources = home.runtime_data.vehicles[VIN].sources

    if told is None:
        with pytest.raises(Unavailable):
            await sources.read_single_trips(noon - timedelta(days=1), noon)
        assert other.wanted == []
    else:
        assert await sources.read_single_trips(noon - timedelta(days=1), noon) == (() if told else (trip,))
        assert other.wanted == ([] if told else [(noon - timedelta(days=1), noon)])


async def test_without_trips_no_source_is_asked_for_single_ones(
    hass: HomeAssistant, noon: datetime, stage: Stage
) -> None:
    source = Historian("kamereon", {VIN: CLOUD})
    home = stage.entry("Cloud", source)
    await set_up(hass, home)
    with pytest.raises(NotSupported):
        await home.runtime_data.vehicles[VIN].sources.read_single_trips(noon - timedelta(days=1), noon)
    assert source.wanted == []
