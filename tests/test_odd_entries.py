"""Whatever is in a config entry: one odd value costs nothing but itself, and the owner knows."""

from collections.abc import Mapping
from datetime import time, timedelta
import json
from math import inf, isfinite, nan
import random
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_COUNTRY, CONF_URL
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, restore_state
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.engine.wake_policy import WakePolicy
from custom_components.nissanconnect.flows.options import _alerts, _general, _waking
from custom_components.nissanconnect.geofences import read_geofence
from custom_components.nissanconnect.settings import NUMBERS, read_policy, read_settings
from custom_components.nissanconnect.sources import SOURCES, Source
from custom_components.nissanconnect.vehicle import AlertType, Lock, Unlock, alias

from .conftest import NOON, set_up, settle, state, status
from .dialogs import suggested

SECRET = "hunter2 of Anna"
VIN = "SJNTEST0000000001"

texts = st.sampled_from(
    ["", SECRET, "15", "nan", "22:00", "22:00:00+02:00", "24:61", "10 pm", "0001-01-01", "1" * 5000]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 10**9, 10**400, -(10**400), nan, inf, -inf, 0.5]),
    st.floats(),
    texts,
    st.text(max_size=5),
)
garbage = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=5
)

WAKING = ("wake_charging", "wake_parked", "wake_budget", "quiet_from", "quiet_until")
GENERAL = (*(name for name in NUMBERS if name not in WAKING), "answer_at_once", "alerts_off")

policies = st.fixed_dictionaries({}, optional=dict.fromkeys(WAKING, garbage)) | garbage
options = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(GENERAL, garbage),
        "waking": st.dictionaries(st.sampled_from([alias(VIN), "other"]), policies, max_size=2) | garbage,
        "of_a_newer_version": garbage,
    },
)


def bounds(name: str) -> tuple[float, float]:
    """What the dialog takes of a number."""
    schema = _waking() if name in WAKING else _general()
    config = next(selector.config for marker, selector in schema.schema.items() if str(marker) == name)
    return config["min"], config["max"]


def check_policy(policy: WakePolicy) -> None:
    """Whatever was kept, this is something that a dialog could have given."""
    for name, interval in (("wake_charging", policy.charging), ("wake_parked", policy.parked)):
        assert interval is None or timedelta() < interval <= timedelta(minutes=bounds(name)[1])
    assert bounds("wake_budget")[0] <= policy.budget <= bounds("wake_budget")[1]
    assert isinstance(policy.budget, int)
    assert isinstance(policy.is_quiet(time(12)), bool)


@given(options)
def test_any_options_are_read_as_something_that_the_dialogs_could_have_given(options: dict[str, Any]) -> None:
    found, odd = read_settings(options)
    kept = {
        "minutes_parked": found.pace.parked.total_seconds() / 60,
        "minutes_active": found.pace.active.total_seconds() / 60,
        "climate_battery": found.limits.climate_battery,
        "coldest": found.limits.coldest,
        "hottest": found.limits.hottest,
        "engine_battery": found.limits.engine_battery,
    }
    for name, value in kept.items():
        low, high = bounds(name)
        assert low <= value <= high
        chosen = options.get(name)
        if name in odd:
            assert value == preset(name)
        elif chosen is not None:
            assert value == pytest.approx(chosen)
    assert isinstance(found.answer_at_once, bool)
    assert found.alerts <= set(AlertType)
    for policy in (*found.waking.values(), found.wake_policy(VIN)):
        check_policy(policy)
    assert all(name.partition(".")[0] in {*GENERAL, "waking"} for name in odd), "never what is in them"


def preset(name: str) -> float:
    """What a dialog begins with."""
    default: float = next(marker.default() for marker in _general().schema if str(marker) == name)
    return default


times = st.times().map(lambda at: at.replace(microsecond=0).isoformat())
fitting_policies = st.fixed_dictionaries(
    {
        name: st.integers(NUMBERS[name].low, NUMBERS[name].high)
        for name in ("wake_charging", "wake_parked", "wake_budget")
    },
    optional=dict.fromkeys(("quiet_from", "quiet_until"), times),
)
fitting = st.fixed_dictionaries(
    {name: st.integers(NUMBERS[name].low, NUMBERS[name].high).map(float) for name in NUMBERS if name not in WAKING}
    | {
        "answer_at_once": st.booleans(),
        "alerts_off": st.lists(st.sampled_from(AlertType).map(str), unique=True),
        "waking": st.dictionaries(st.text(), fitting_policies, max_size=2),
    }
)


@given(fitting)
def test_whatever_the_dialogs_give_is_taken_as_it_is(options: dict[str, Any]) -> None:
    """Also by way of the file."""
    options = json.loads(json.dumps(options))
    for schema, part in ((_general(), NUMBERS), (_alerts(), ["alerts_off"])):
        schema({name: options[name] for name in part if name in options and name not in WAKING})
    found, odd = read_settings(options)
    assert not odd
    assert found.pace.parked == timedelta(minutes=options["minutes_parked"])
    assert found.limits.hottest == options["hottest"]
    assert found.alerts == set(AlertType) - {*options["alerts_off"]}
    assert found.answer_at_once is options["answer_at_once"]
    for name, chosen in options["waking"].items():
        policy = found.waking[name]
        assert policy.budget == chosen["wake_budget"]
        assert (policy.parked or timedelta()) == timedelta(minutes=chosen["wake_parked"])
        assert policy.quiet_from == (time.fromisoformat(chosen["quiet_from"]) if "quiet_from" in chosen else None)


@pytest.mark.parametrize("hour", ["24:61", "22:00:00+02:00", 22, [], True])
def test_nobody_is_woken_in_quiet_hours_that_cannot_be_read(hour: object) -> None:
    chosen = {"wake_parked": 60, "wake_charging": 30, "quiet_from": hour, "quiet_until": "06:00:00"}
    policy, odd = read_policy(chosen)
    assert (policy.parked, policy.charging) == (None, None)
    assert odd == {"quiet_from"}
    assert read_policy(chosen | {"quiet_from": "22:00:00"}).value.parked == timedelta(hours=1)


HOME = {"latitude": 51.5, "longitude": -0.1, "radius": 500.0}
GEOFENCE = {"location": HOME, "on_entering": ["alert"], "on_leaving": ["alert"]}
places = st.fixed_dictionaries({}, optional={name: garbage | st.just(HOME[name]) for name in HOME}) | garbage
areas = st.fixed_dictionaries({}, optional=dict.fromkeys(("on_entering", "on_leaving", "vehicles"), garbage)).flatmap(
    lambda rest: places.map(lambda place: rest | {"location": place})
)
sources = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("vehicle", "entry", "source_vehicle", "preferred"), garbage)
)
connections = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("vehicle", "api_key", "token", "send_position", "refused"), garbage)
)


def subentry(kind: str, data: dict[str, Any], title: str = "Home") -> ConfigSubentry:
    return ConfigSubentry(data=MappingProxyType(data), subentry_type=kind, title=title, unique_id=None)


@given(areas)
def test_an_area_is_where_it_says_or_nowhere(data: dict[str, Any]) -> None:
    found, odd = read_geofence(subentry("geofence", data))
    assert found.geofence is not None or "location" in odd
    if found.geofence is not None:
        area = found.geofence.area
        assert {"latitude": area.latitude, "longitude": area.longitude, "radius": area.radius} == data["location"]
        assert -90 <= area.latitude <= 90
        assert -180 <= area.longitude <= 180
        assert 100 <= area.radius <= 5000


@pytest.mark.parametrize(
    "changed", [{"radius": 0}, {"radius": 1e9}, {"latitude": 91}, {"longitude": nan}, {"latitude": None}]
)
def test_an_area_that_could_not_be_drawn_is_none(changed: dict[str, Any]) -> None:
    assert read_geofence(subentry("geofence", GEOFENCE | {"location": HOME | changed})).value.geofence is None


def test_an_area_with_an_action_of_a_newer_version_does_the_others() -> None:
    found, odd = read_geofence(subentry("geofence", GEOFENCE | {"on_entering": ["alert", "close_windows", 7]}))
    assert found.geofence is not None
    assert found.geofence.on_entering == {"alert"}
    assert odd == {"on_entering"}


# With a real Home Assistant


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A folder of the test's own."""
    return hass_tmp_config_dir


def storable(value: Any) -> Any:
    """Replace what Home Assistant's own file cannot hold."""
    if isinstance(value, dict):
        return {name: storable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [storable(each) for each in value]
    if isinstance(value, int) and abs(value) >= 2**63:
        return 1e300
    return None if isinstance(value, float) and not isfinite(value) else value


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    chosen=options,
    drawn=st.lists(areas, max_size=2),
    read=st.lists(sources, max_size=2),
    sent=st.lists(connections, max_size=2),
    data=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("auth", "device_id", "pins", "unlock_without_pin", "newer"), garbage)
    ),
)
async def test_an_account_loads_with_any_options_areas_and_sources(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    chosen: dict[str, Any],
    drawn: list[dict[str, Any]],
    read: list[dict[str, Any]],
    sent: list[dict[str, Any]],
    data: dict[str, Any],
) -> None:
    """The area that is whole works, and what is kept stays as it is."""
    caplog.clear()
    random.seed()  # each example begins with the same numbers, of which Home Assistant makes the ids of entities
    chosen, drawn, read, sent, data = map(storable, (chosen, drawn, read, sent, data))
    kept = [
        *(subentry("geofence", each, "Odd") for each in drawn),
        *(subentry("source", each, "Odd") for each in read),
        *(subentry("abrp", each, "Odd") for each in sent),
        subentry("geofence", GEOFENCE, "Whole"),
    ]
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="The demo",
        data=data | {CONF_SOURCE: "demo"},
        options=chosen,
        subentries_data=[each.as_dict() for each in kept],
    )
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.LOADED
    assert state(hass, "binary_sensor.leaf_in_whole").state in {"on", "off"}
    assert state(hass, "sensor.leaf_battery").state not in {"unknown", "unavailable"}
    assert repr(dict(entry.options)) == repr(chosen), "a downgrade, or an older version, finds it as it was"
    assert repr([dict(each.data) for each in entry.subentries.values()]) == repr([dict(each.data) for each in kept])
    told = warnings(caplog)
    assert len(told) <= 1
    assert not any(SECRET in each for each in told)
    assert "Traceback" not in caplog.text

    hass.config_entries.async_update_entry(entry, options={**chosen, "minutes_parked": [SECRET]})
    await settle(hass)
    assert "minutes_parked" in warnings(caplog)[-1]
    assert "Traceback" not in caplog.text
    for step in ("general", "alerts"):
        menu = await hass.config_entries.options.async_init(entry.entry_id)
        form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": step})
        assert form["type"] is FlowResultType.FORM
        assert SECRET not in repr(suggested(form))
        hass.config_entries.options.async_abort(form["flow_id"])
    for each in entry.subentries.values():
        form = await entry.start_subentry_reconfigure_flow(hass, each.subentry_id)
        assert form["type"] is FlowResultType.FORM
        hass.config_entries.subentries.async_abort(form["flow_id"])
    assert await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert "Traceback" not in caplog.text


async def test_the_owner_is_told_once_and_by_names_only(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    odd = MockConfigEntry(
        domain=DOMAIN,
        title="MyNISSAN Europe",
        data=entry.data | {"pins": [SECRET], "unlock_without_pin": "yes"},
        options={
            "minutes_parked": "soon",
            "waking": {alias(VIN): {"wake_budget": SECRET}},
            "alerts_off": ["silent", "of a newer version"],
        },
        subentries_data=[
            subentry("geofence", {"location": {**HOME, "radius": SECRET}}).as_dict(),
            subentry("source", {"vehicle": SECRET}).as_dict(),
            subentry("abrp", {"api_key": [SECRET], "token": SECRET, "refused": "yes"}).as_dict(),
        ],
    )
    await set_up(hass, odd)
    assert status(odd) is ConfigEntryState.LOADED
    assert warnings(caplog) == [
        "MyNISSAN Europe: these are kept in a way that cannot be read: abrp.api_key, abrp.refused, alerts_off, "
        "geofence.location, minutes_parked, pins, source.entry, source.source_vehicle, unlock_without_pin, "
        "waking.wake_budget"
    ]
    assert "silent" not in odd.runtime_data.settings.alerts, "what can be read of a list counts"
    assert SECRET not in caplog.text


async def test_what_an_area_shows_waits_for_the_version_that_can_read_it(hass: HomeAssistant) -> None:
    area = subentry("geofence", GEOFENCE)
    entry = MockConfigEntry(domain=DOMAIN, data={CONF_SOURCE: "demo"}, subentries_data=[area.as_dict()])
    await set_up(hass, entry)
    (drawn,) = entry.subentries.values()
    registry = er.async_get(hass)
    before = registry.async_get("binary_sensor.leaf_in_home")
    assert before is not None
    for data, shown in ((GEOFENCE | {"location": {"polygon": []}}, False), (GEOFENCE, True)):
        hass.config_entries.async_update_subentry(entry, drawn, data=data)
        await hass.config_entries.async_reload(entry.entry_id)
        await settle(hass)
        now = registry.async_get("binary_sensor.leaf_in_home")
        assert now is not None
        assert now.id == before.id
        found = hass.states.get("binary_sensor.leaf_in_home")
        assert (found is not None and found.state in {"on", "off"}) is shown


def entered(source: Source) -> dict[str, Any]:
    """The data of an entry that has all that its source needs."""
    values = {CONF_COUNTRY: "us", CONF_URL: "https://example.com"}
    return {CONF_SOURCE: source, **{name: values.get(name, "x") for name in SOURCES[source].needed}}


ODD: tuple[Any, ...] = (7, [SECRET], {})


def damaged(*, secret: bool) -> list[Any]:
    """Data that each lack a field of a source, or have it in an odd shape: those that are asked for again, or not."""
    return [
        pytest.param({**entered(source), name: value}, id=f"{source} {name} {value}")
        for source, row in SOURCES.items()
        for name in (*row.needed, *row.optional)
        for value in (*ODD, *([None] if name in row.needed else []))
        if (name in row.secrets) is secret
    ]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "unknown_source"),
        ({CONF_SOURCE: None}, "unknown_source"),
        ({CONF_SOURCE: ["europe"]}, "unknown_source"),
        ({CONF_SOURCE: "mars"}, "unknown_source"),
        *(
            ({**entered(source), CONF_URL: url}, "invalid_address")
            for source, row in SOURCES.items()
            for url in ("no address", "ftp://example.com")
            if CONF_URL in row.needed
        ),
        ({**entered(Source.NORTH_AMERICA), CONF_COUNTRY: "mars"}, "entry_damaged"),
        *(pytest.param(*each.values, "entry_damaged", id=each.id) for each in damaged(secret=False)),
    ],
)
async def test_what_a_source_cannot_be_without(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, data: dict[str, Any], key: str
) -> None:
    """The page says why, and the entry can be opened for changes and removed."""
    entry = MockConfigEntry(domain=DOMAIN, data=data | {"device_id": "ha-1"})
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == key
    assert entry.reason
    assert "{" not in entry.reason
    assert "KeyError" not in caplog.text
    assert "TypeError" not in caplog.text
    result = await entry.start_reconfigure_flow(hass)
    assert result["type"] in {FlowResultType.FORM, FlowResultType.MENU} or result["reason"] == "nothing_to_reconfigure"
    caplog.clear()
    await hass.config_entries.async_remove(entry.entry_id)
    assert "Error" not in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("data", damaged(secret=True))
async def test_a_secret_that_is_gone_is_asked_for(hass: HomeAssistant, data: dict[str, Any]) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data=data)
    await set_up(hass, entry)
    assert status(entry) is ConfigEntryState.SETUP_ERROR
    (flow,) = entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["type"] is FlowResultType.FORM


@pytest.mark.parametrize("kept", [[SECRET], {"LEAF": 7}, {"LEAF": {"wake_parked": SECRET, "wake_budget": 3}}])
async def test_the_form_about_waking_takes_the_place_of_what_cannot_be_read(hass: HomeAssistant, kept: Any) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={CONF_SOURCE: "demo"}, options={"waking": kept})
    await set_up(hass, entry)
    leaf = next(alias(key) for key, each in entry.runtime_data.vehicles.items() if each.info.name == "LEAF")
    if isinstance(kept, dict):
        kept = {leaf: kept["LEAF"]}
        hass.config_entries.async_update_entry(entry, options={"waking": kept})
        await settle(hass)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    choice = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "waking"})
    form = await hass.config_entries.options.async_configure(choice["flow_id"], {"vehicle": leaf})
    assert SECRET not in repr(form["data_schema"])
    assert suggested(form).get("wake_budget") == (3 if "3" in repr(kept) else None)
    await hass.config_entries.options.async_configure(form["flow_id"], {"wake_parked": 60})
    assert entry.options["waking"][leaf]["wake_parked"] == 60
    assert entry.runtime_data.settings.waking[leaf].parked == timedelta(hours=1)


@pytest.mark.parametrize("odd", ["yes", 1, 0, [], {}])
async def test_a_permission_that_cannot_be_read_is_none(hass: HomeAssistant, odd: object) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={CONF_SOURCE: "demo", "unlock_without_pin": odd})
    await set_up(hass, entry)
    ways = [vehicle.sources.own for vehicle in entry.runtime_data.vehicles.values()]
    assert not any(way.takes_pin for way in ways)
    assert all(way.forbids(Unlock()) and not way.forbids(Lock()) for way in ways)


# What Home Assistant restores

CLIMATE: dict[str, Any] = {
    "native_current_temperature": None,
    "native_target_temperature": 23.0,
    "native_target_temperature_high": None,
    "native_target_temperature_low": None,
    "native_temperature_unit": "°C",
}
EVENT: dict[str, Any] = {"last_event_type": "confirmed", "last_event_attributes": {"by": "user"}}
NO_MAPPING: list[Any] = [[1, 2], "abc", 7, {"a": 1}]
ODD_UNITS: list[Any] = [[], {}, "x", None]
ODD_TARGETS: list[Any] = [[], "nan", 1e300, -40]
ODD_TYPES: list[Any] = [[1], 7, {"a": []}, None]
ODD_ATTRIBUTES: list[Any] = [[1], "x", 7, []]
ODD_CLIMATE: list[Any] = [
    *NO_MAPPING,
    *(CLIMATE | {"native_temperature_unit": unit} for unit in ODD_UNITS),
    *(CLIMATE | {"native_target_temperature": target} for target in ODD_TARGETS),
]
ODD_EVENT: list[Any] = [
    *NO_MAPPING,
    *(EVENT | {"last_event_type": kind} for kind in ODD_TYPES),
    *(EVENT | {"last_event_attributes": attributes} for attributes in ODD_ATTRIBUTES),
]
ODD_STATES = ("2026-13-45T00:00:00+00:00", "2026-11-20T12:00:00+99:00", NOON.isoformat(), "unknown", "x")


def restore(hass: HomeAssistant, kept: Mapping[str, tuple[str, Any]]) -> None:
    """Have a state and what belongs to it kept for each entity, as if read from the file."""
    registry = er.async_get(hass)
    for entity_id, (last, extra) in kept.items():
        known = registry.async_get(entity_id)
        assert known is not None
        data = {
            "state": State(entity_id, last).as_dict(),
            "extra_data": extra,
            "last_seen": NOON,
            "entity_registry_id": known.id,
        }
        restore_state.async_get(hass).last_states_by_entity_registry_id[known.id] = restore_state.StoredState.from_dict(
            data
        )


async def test_entities_are_there_whatever_is_restored(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={CONF_SOURCE: "demo"})
    await set_up(hass, entry)
    events = [each for each in hass.states.async_entity_ids("event") if "leaf" in each]
    assert len(events) == 2

    async def restart(climate: Any, event: Any, last: str) -> None:
        await hass.config_entries.async_unload(entry.entry_id)
        restore(hass, {"climate.leaf_climate": ("off", climate), **dict.fromkeys(events, (last, event))})
        await hass.config_entries.async_setup(entry.entry_id)
        await settle(hass)
        assert "Traceback" not in caplog.text, (climate, event, last)

    for number, (climate, event) in enumerate(zip(ODD_CLIMATE, ODD_EVENT, strict=True)):
        await restart(climate, event, ODD_STATES[number % len(ODD_STATES)])
        assert state(hass, "climate.leaf_climate").attributes["temperature"] == 21
        for each in events:
            assert state(hass, each).state != "unavailable"
    await restart(CLIMATE, EVENT, ODD_STATES[0])
    assert [state(hass, each).state for each in events] == ["unknown", "unknown"]
    await restart(CLIMATE, EVENT, NOON.isoformat())
    assert state(hass, "climate.leaf_climate").attributes["temperature"] == 23
    assert state(hass, events[0]).attributes["by"] == "user"
