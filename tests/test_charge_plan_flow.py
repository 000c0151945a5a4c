"""Setting charge plans up: every way through the dialog, what it suggests, and what it refuses."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import re
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.data_entry_flow import FlowResultType, InvalidData, section
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.nissanconnect.charging.plans import read_charge_plans
from custom_components.nissanconnect.charging.price_choice import PriceChoice
from custom_components.nissanconnect.charging.prices import Prices
from custom_components.nissanconnect.engine.charge_plan import ChargeTask, PriceSlot
from custom_components.nissanconnect.engine.charge_planner import plan_charge
from custom_components.nissanconnect.flows import charge_plan, charge_preview
from custom_components.nissanconnect.flows.wallboxes import KNOWN_SWITCHES, KnownSwitch
from custom_components.nissanconnect.vehicle import Capability, ChargeMode, alias

from .charging import PRICE, WALLBOX, runtime, set_prices
from .conftest import NOON, settle

HOME = "zone.home"
DASH = "\N{EN DASH}"
WISHES: dict[str, Any] = {
    "name": "Home",
    "target": 90,
    "minimum": 20,
    "ready_by": "07:00:00",
    "place": "anywhere",
    "days": {},
}
MARKET: dict[str, Any] = {"price_factor": 1, "price_surcharge": 0, "limits": {}}
PRICES = [0.30] * 40 + [0.10] * 8 + [0.30] * 40
"""Of each quarter from noon on: the cheap ones are from 22:00 to midnight."""

pytestmark = pytest.mark.usefixtures("house")


@pytest.fixture
async def house(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """A house with a wallbox, two scripts, a calendar, and an entity with prices."""
    hass.states.async_set(WALLBOX, "on")
    for script in ("script.start", "script.stop"):
        hass.states.async_set(script, "off")
    hass.states.async_set("calendar.family", "off")
    set_prices(hass, NOON, PRICES)


async def start(hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str | None = None) -> SubentryFlowResult:
    """Open the dialog for a new plan, or for one that exists."""
    context: Any = {"source": SOURCE_USER}
    if subentry_id is not None:
        context = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    return await hass.config_entries.subentries.async_init((entry.entry_id, "charge_plan"), context=context)


async def enter(hass: HomeAssistant, flow: SubentryFlowResult, **entered: Any) -> SubentryFlowResult:
    """Fill a form in."""
    result = await hass.config_entries.subentries.async_configure(flow["flow_id"], entered)
    await settle(hass)
    return result


async def click(hass: HomeAssistant, flow: SubentryFlowResult, choice: str) -> SubentryFlowResult:
    """Choose from a menu."""
    assert flow["type"] is FlowResultType.MENU
    return await enter(hass, flow, next_step_id=choice)


def fields(form: SubentryFlowResult) -> dict[Any, Any]:
    """The fields of a form."""
    assert form["data_schema"] is not None
    found: dict[Any, Any] = form["data_schema"].schema
    return found


def filled(form: SubentryFlowResult) -> dict[str, Any]:
    """What the fields of a form are filled in with, as the browser would submit it."""

    def read(shown: Mapping[Any, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for marker, kind in shown.items():
            if isinstance(kind, section):
                found[str(marker)] = read(kind.schema.schema)
            elif "suggested_value" in (marker.description or {}):
                found[str(marker)] = marker.description["suggested_value"]
        return found

    return read(fields(form))


def errors(form: SubentryFlowResult) -> dict[str, str]:
    """What is wrong in a form."""
    assert form["type"] is FlowResultType.FORM
    return dict(form["errors"] or {})


def plan_text(preview: SubentryFlowResult) -> str:
    """What the last step shows."""
    assert preview["step_id"] == "preview", preview
    return str((preview["description_placeholders"] or {})["plan"])


OWN_TIMER = "LEAF charges by its own timer. Turn that off: outside of its hours the vehicle takes no current."


def vehicle(entry: MockConfigEntry, model: str = "Leaf") -> str:
    """How a plan names a vehicle."""
    return alias(runtime(entry, model).info.key)


async def to_switch(hass: HomeAssistant, entry: MockConfigEntry, model: str = "Leaf", **wishes: Any) -> Any:
    """Go to the choice of what switches."""
    form = await enter(hass, await start(hass, entry), **{**WISHES, "vehicle": vehicle(entry, model), **wishes})
    assert form["step_id"] == "switched_by", form
    return form


async def to_prices(hass: HomeAssistant, entry: MockConfigEntry, model: str = "Leaf", **wishes: Any) -> Any:
    """Go on with the wallbox to the choice of the prices."""
    form = await enter(hass, await to_switch(hass, entry, model, **wishes), switched_by="entity")
    form = await enter(hass, form, switch=WALLBOX, power=6.6, meter={})
    assert form["step_id"] == "prices", form
    return form


async def to_preview(hass: HomeAssistant, entry: MockConfigEntry, model: str = "Leaf", **wishes: Any) -> Any:
    """Go on with the entity that has prices to the last step."""
    form = await enter(hass, await to_prices(hass, entry, model, **wishes), price_source=f"entity:{PRICE}")
    assert form["step_id"] == "price_market"
    return await enter(hass, form, **MARKET)


def add(hass: HomeAssistant, entry: MockConfigEntry, data: Mapping[str, Any], title: str = "Home") -> str:
    """Keep a plan as if it had been added before."""
    subentry = ConfigSubentry(
        data=MappingProxyType(dict(data)), subentry_type="charge_plan", title=title, unique_id=None
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry.subentry_id


def saved(entry: MockConfigEntry) -> dict[str, Any]:
    """What the only plan of an entry holds."""
    (subentry,) = entry.get_subentries_of_type("charge_plan")
    return dict(subentry.data)


# Every way through


async def test_a_plan_with_a_wallbox_and_prices_of_an_entity(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    preview = await to_preview(hass, loaded)
    assert preview["menu_options"] == ["save", "wishes", "switched_by", "prices"]
    done = await click(hass, preview, "save")
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == "Home"
    assert saved(loaded) == {
        "vehicle": vehicle(loaded),
        "target": 90,
        "minimum": 20,
        "ready_by": "07:00:00",
        "ready_by_days": {},
        "days_without": [],
        "with_location": False,
        "switched_by": "entity",
        "switch": WALLBOX,
        "inverted": False,
        "power": 6.6,
        "refresh": False,
        "price_source": f"entity:{PRICE}",
        "price_factor": 1,
        "price_surcharge": 0,
        "solar": False,
    }
    assert [plan.wishes.target for plan in runtime(loaded).charge.plans] == [90], "it is carried out from now on"


async def test_the_preview_shows_what_the_planner_plans(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    text = plan_text(await to_preview(hass, loaded, target=100))
    quarter = timedelta(minutes=15)
    plan = plan_charge(
        ChargeTask(
            now=NOON,
            level=85,
            target=100,
            capacity=38.5,
            power=6.6,
            minimum_level=20,
            ready_by=datetime(2026, 11, 21, 7, tzinfo=NOON.tzinfo),
        ),
        [PriceSlot(NOON + i * quarter, NOON + (i + 1) * quarter, price) for i, price in enumerate(PRICES)],
    )
    (block,) = plan.blocks
    assert block.cost is not None
    assert plan.cost_at_once is not None
    assert text.split("\n\n") == [
        "If LEAF were plugged in there now, with its 85 %, this would be the plan:",
        "These are the cheapest times.",
        f"- Friday {block.start:%H:%M} {DASH} Friday {block.end:%H:%M}: {block.energy:.1f} kWh, {block.cost:.2f} EUR",
        f"Together {plan.energy:.1f} kWh for {plan.cost:.2f} EUR. Charging immediately would cost"
        f" {plan.cost_at_once:.2f} EUR. Finished: Friday {block.end:%H:%M}, with 100 %.",
        OWN_TIMER,
    ]
    assert plan.cost_at_once > 2 * block.cost


async def test_the_preview_is_in_the_language_of_home_assistant(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    hass.config.language = "de"
    text = plan_text(await to_preview(hass, loaded))
    assert "Das sind die billigsten Zeiten." in text
    assert f"- Freitag 22:00 {DASH} Freitag 22:" in text
    assert re.search(r"Zusammen \d+,\d kWh für \d+,\d\d EUR", text)
    assert not re.search(r"\d\.\d", text)
    assert "LEAF lädt nach seinem eigenen Timer." in text


async def test_a_vehicle_without_a_timer_of_its_own_has_none_to_be_turned_off(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    coordinator = runtime(loaded).coordinator
    assert coordinator.data.schedules is not None
    schedules = replace(coordinator.data.schedules, charge_mode=ChargeMode.ALWAYS)
    coordinator.data = replace(coordinator.data, schedules=schedules)
    assert "its own timer" not in plan_text(await to_preview(hass, loaded))


async def test_a_vehicle_that_stops_by_itself_needs_no_wallbox(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await enter(hass, await to_switch(hass, loaded, "Ariya"), switched_by="vehicle")
    assert form["step_id"] == "switch_vehicle"
    assert "current" not in str(fields(form))
    form = await enter(hass, form, power=7.4, capacity=63, meter={"refresh": True})
    form = await enter(hass, form, price_source="constant")
    preview = await enter(hass, form, price=0.25, limits={"starts": 2, "block": 30, "highest_price": 0.4})
    assert "Ariya is plugged in, with 80 %. This is the plan now:" in plan_text(preview)
    await click(hass, preview, "save")
    (plan,) = read_charge_plans(loaded)
    assert (plan.switch.by, plan.wishes.capacity, plan.refresh) == ("vehicle", 63, True)
    assert (plan.wishes.starts, plan.wishes.shortest, plan.wishes.highest_price) == (2, timedelta(minutes=30), 0.4)
    assert (plan.price.source, plan.price.price) == ("constant", 0.25)


async def test_scripts_and_two_tariffs(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await enter(hass, await to_switch(hass, loaded, minimum=0), switched_by="scripts")
    form = await enter(hass, form, script_start="script.start", script_stop="script.stop", power=3.7, meter={})
    form = await enter(hass, form, price_source="two_tariff")
    low = {"low_price": 0.2, "low_from": "22:00:00", "low_until": "06:00:00", "low_days": ["sun"]}
    preview = await enter(hass, form, price=0.35, **low, limits={"solar": True, "feed_in": 0.08})
    assert f"- Friday 22:00 {DASH} Friday 22:" in plan_text(preview)
    await click(hass, preview, "save")
    (plan,) = read_charge_plans(loaded)
    assert plan.switch.scripts == ("script.start", "script.stop")
    assert plan.feed_in == 0.08
    assert saved(loaded).items() >= {"price_source": "two_tariff", "price": 0.35, "low_price": 0.2}.items()


async def test_the_options_of_a_select_are_chosen_from_its_own(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    hass.states.async_set("select.mode", "Eco", {"options": ["Fast", "Eco", "Stopped"]})
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    form = await enter(hass, form, switch="select.mode", inverted=True, power=6.6, meter={})
    assert form["step_id"] == "switch_options"
    assert errors(await enter(hass, form)) == {"option_on": "choose_one", "option_off": "choose_one"}
    assert errors(await enter(hass, form, option_on="Eco")) == {"option_off": "choose_one"}
    assert errors(await enter(hass, form, option_on="Eco", option_off="Eco")) == {"option_off": "options_equal"}
    with pytest.raises(InvalidData):
        await enter(hass, form, option_on="Slow", option_off="Stopped")
    form = await enter(hass, form, option_on="Fast", option_off="Stopped")
    form = await enter(hass, form, price_source=f"entity:{PRICE}")
    await click(hass, await enter(hass, form, **MARKET), "save")
    (plan,) = read_charge_plans(loaded)
    assert (plan.switch.entity, plan.switch.options, plan.switch.inverted) == (
        "select.mode",
        ("Fast", "Stopped"),
        False,
    )


async def test_times_of_the_week_and_a_calendar(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    days = {"sat": "09:30:00", "days_without": ["sun"], "calendar": "calendar.family", "with_location": True}

    async def get_events(call: ServiceCall) -> Any:
        """An early trip on Saturday, one of no length without a location, and a whole day."""
        events = [
            {"start": "2026-11-21T03:00:00+00:00", "end": "2026-11-21T04:00:00+00:00", "location": "Lake"},
            {"start": "2026-11-20T12:01:00+00:00", "end": "2026-11-20T12:01:00+00:00"},
            {"start": "2026-11-20", "end": "2026-11-21", "location": "Lake"},
        ]
        return {"calendar.family": {"events": events}}

    hass.services.async_register("calendar", "get_events", get_events, supports_response=SupportsResponse.ONLY)
    set_prices(hass, NOON, [0.3] * 62 + [0.1] * 20)  # it is cheap only after the trip, from 3:30 on
    preview = await to_preview(hass, loaded, days=days)
    assert "Friday 12:00" in plan_text(preview)
    await click(hass, preview, "save")
    (plan,) = read_charge_plans(loaded)
    assert {day: at and at.isoformat() for day, at in plan.wishes.ready_by_days.items()} == {5: "09:30:00", 6: None}
    assert (plan.calendar, plan.with_location) == ("calendar.family", True)


async def test_the_browser_gets_every_form(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    url = "/api/config/config_entries/subentries/flow"
    flow = await (await client.post(url, json={"handler": [loaded.entry_id, "charge_plan"]})).json()
    steps = [
        {**WISHES, "vehicle": vehicle(loaded)},
        {"switched_by": "entity"},
        {"switch": WALLBOX, "power": 6.6, "meter": {}},
        {"price_source": f"entity:{PRICE}"},
        MARKET,
        {"next_step_id": "save"},
    ]
    seen = []
    for step in steps:
        seen.append(flow["step_id"])
        flow = await (await client.post(f"{url}/{flow['flow_id']}", json=step)).json()
    assert seen == ["wishes", "switched_by", "switch_entity", "prices", "price_market", "preview"]
    assert flow["type"] == "create_entry"
    await settle(hass)


# What it suggests


async def test_a_plan_is_for_home_if_the_vehicle_is_there(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert filled(await start(hass, loaded)) == {"vehicle": vehicle(loaded), "name": "test home", "days": {}}
    position = runtime(loaded).coordinator.data.position
    assert position is not None
    attributes = {"latitude": position.latitude, "longitude": position.longitude, "radius": 100, "passive": False}
    hass.states.async_set(HOME, "0", attributes)
    assert filled(await start(hass, loaded))["place"] == HOME


async def test_only_vehicles_with_a_battery_to_charge_are_offered(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await start(hass, loaded)
    options = fields(form)["vehicle"].config["options"]
    assert [option["label"] for option in options] == ["LEAF", "Ariya"]


async def test_what_the_vehicle_can_is_offered(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    def ways(form: Any) -> list[str]:
        options: list[str] = fields(form)["switched_by"].config["options"]
        return options

    assert ways(await to_switch(hass, loaded, "Leaf")) == ["entity", "scripts", "vehicle"], "it cannot stop"
    assert ways(await to_switch(hass, loaded, "Ariya")) == ["vehicle", "entity", "scripts"]
    ariya = runtime(loaded, "Ariya")
    left = ariya.info.capabilities - {Capability.START_CHARGING}
    ariya.coordinator.info = replace(ariya.info, capabilities=left)
    assert ways(await to_switch(hass, loaded, "Ariya")) == ["entity", "scripts"]


def known_entity(hass: HomeAssistant, known: KnownSwitch, **options: Any) -> str:
    """Have the switch of a known wallbox."""
    entry = MockConfigEntry(domain=known.platform)
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={(known.platform, "1")})
    domain = "select" if known.options else "switch"
    entity = er.async_get(hass).async_get_or_create(
        domain,
        known.platform,
        options.pop("unique_id", "1"),
        config_entry=entry,
        device_id=device.id,
        **{"translation_key": known.key, **options},
    )
    for sort, device_class, unit in (
        ("number", "current", "A"),
        ("sensor", "power", "kW"),
        ("sensor", "energy", "kWh"),
    ):
        other = er.async_get(hass).async_get_or_create(
            sort,
            known.platform,
            device_class,
            config_entry=entry,
            device_id=device.id,
            original_device_class=device_class,
            unit_of_measurement=unit,
        )
        hass.states.async_set(other.entity_id, "1", {"unit_of_measurement": unit})
    attributes = {"options": ["eco", *known.options]} if known.options else {}
    hass.states.async_set(entity.entity_id, "off", attributes)
    return entity.entity_id


@pytest.mark.parametrize("known", KNOWN_SWITCHES, ids=lambda known: known.platform)
async def test_a_known_wallbox_is_found(hass: HomeAssistant, loaded: MockConfigEntry, known: KnownSwitch) -> None:
    switch = known_entity(hass, known)
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    found = filled(form)
    assert found["switch"] == switch
    assert found["inverted"] is known.inverted
    ids = [entry.entity_id for entry in er.async_get(hass).entities.values() if entry.platform == known.platform]
    assert {*found["meter"].values(), switch} == {*ids}
    assert sorted(found["meter"]) == ["current", "energy_sensor", "power_sensor"]
    form = await enter(hass, form, power=6.6, **found)
    if known.options is not None:
        assert form["step_id"] == "switch_options"
        assert filled(form) == dict(zip(("option_on", "option_off"), known.options, strict=True))
        form = await enter(hass, form, **filled(form))
    assert form["step_id"] == "prices"


async def test_a_wallbox_without_translation_keys_is_found_by_its_unique_id(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    ocpp = known_entity(hass, KNOWN_SWITCHES[-1], translation_key=None, unique_id="switch.ocpp.box.charge_control")
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    assert filled(form)["switch"] == ocpp
    known_entity(hass, KNOWN_SWITCHES[0], disabled_by=er.RegistryEntryDisabler.USER)
    peblar = known_entity(hass, KnownSwitch("peblar", "charge"))
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    assert filled(form)["switch"] == peblar, "it comes before OCPP in the table, and the disabled one does not count"


async def test_of_several_currents_none_is_suggested(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    switch = er.async_get(hass).async_get(known_entity(hass, KNOWN_SWITCHES[0]))
    assert switch is not None
    er.async_get(hass).async_get_or_create(
        "number", switch.platform, "minimum", device_id=switch.device_id, unit_of_measurement="A"
    )
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    assert sorted(filled(form)["meter"]) == ["energy_sensor", "power_sensor"]


async def test_a_switch_that_pauses_has_to_be_inverted(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    switch = known_entity(hass, next(known for known in KNOWN_SWITCHES if known.inverted))
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    form = await enter(hass, form, switch=switch, inverted=False, power=6.6, meter={})
    assert errors(form) == {"inverted": "switch_is_inverted"}
    form = await enter(hass, form, switch=switch, inverted=True, power=6.6, meter={})
    assert form["step_id"] == "prices"


async def test_a_plan_cannot_switch_itself(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    (own, *_) = [each for each in hass.states.async_entity_ids("switch") if er.async_get(hass).async_get(each)]
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    with pytest.raises(InvalidData):
        await enter(hass, form, switch=own, power=6.6, meter={})


async def test_power_and_phases_of_the_model(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    assert fields(form)["power"] is not None
    assert next(m for m in fields(form) if m == "power").default() == 6.6
    meter = fields(form)["meter"].schema.schema
    assert "phases" not in meter, "a LEAF charges on one phase"
    assert form["description_placeholders"] == {
        "vehicle": "LEAF",
        "capacity": "38",
        "phases": "This vehicle charges on one phase.",
    }


# What it refuses


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"name": "  "}, {"name": "name_required"}),
        ({"name": "\u200b"}, {"name": "name_required"}),
        ({"minimum": 91}, {"minimum": "minimum_above_target"}),
        ({"target": 10, "minimum": 20}, {"minimum": "minimum_above_target"}),
    ],
)
async def test_wishes_that_cannot_be(
    hass: HomeAssistant, loaded: MockConfigEntry, wrong: dict[str, Any], error: dict[str, str]
) -> None:
    good = WISHES | {"vehicle": vehicle(loaded), "days": {"mon": "06:00:00", "days_without": ["sun"]}}
    form = await enter(hass, await start(hass, loaded), **good | wrong)
    assert (form["step_id"], errors(form)) == ("wishes", error)
    assert filled(form)["days"]["mon"] == "06:00:00", "what was entered is not lost"
    assert (await enter(hass, form, **good))["step_id"] == "switched_by"


async def test_one_plan_for_each_place(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    await click(hass, await to_preview(hass, loaded, place=HOME), "save")
    form = await enter(hass, await start(hass, loaded), **WISHES | {"vehicle": vehicle(loaded), "place": HOME})
    assert errors(form) == {"place": "place_taken"}
    await to_switch(hass, loaded, "Ariya", place=HOME)
    await click(hass, await to_preview(hass, loaded, place="anywhere"), "save")
    form = await enter(hass, await start(hass, loaded), **WISHES | {"vehicle": vehicle(loaded), "place": "anywhere"})
    assert errors(form) == {"place": "place_taken"}


async def test_a_geofence_as_place(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    location = {"latitude": 1.0, "longitude": 2.0, "radius": 300}
    ids = {}
    name: str
    vehicles: list[str]
    for name, vehicles in (("Everybody's", []), ("The Ariya's", [vehicle(loaded, "Ariya")]), ("Broken", [])):
        data: dict[str, Any] = {"location": location if name != "Broken" else 5, "on_leaving": [], "on_entering": []}
        subentry = ConfigSubentry(
            data=MappingProxyType(data | {"vehicles": vehicles}),
            subentry_type="geofence",
            title=name,
            unique_id=None,
        )
        hass.config_entries.async_add_subentry(loaded, subentry)
        ids[name] = subentry.subentry_id.lower()
    await settle(hass)
    form = await start(hass, loaded)
    labels = [option["label"] for option in fields(form)["place"].config["options"]]
    assert labels == ["test home", "Everybody's (geofence)", "The Ariya's (geofence)", "Anywhere"]
    form = await enter(hass, form, **WISHES | {"vehicle": vehicle(loaded), "place": ids["The Ariya's"]})
    assert errors(form) == {"place": "place_of_other_vehicle"}
    preview = await to_preview(hass, loaded, place=ids["Everybody's"])
    assert plan_text(preview).endswith("The vehicle is not where the plan applies now.")
    await click(hass, preview, "save")
    (plan,) = read_charge_plans(loaded)
    assert plan.place == ids["Everybody's"]


async def test_a_vehicle_that_only_starts_cannot_stop_at_a_level(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    menu = await enter(hass, await to_switch(hass, loaded), switched_by="vehicle")
    assert (menu["step_id"], menu["menu_options"]) == ("cannot_stop", ["switched_by", "full"])
    assert menu["description_placeholders"] == {"vehicle": "LEAF"}
    form = await click(hass, menu, "switched_by")
    assert filled(form) == {"switched_by": "vehicle"}
    form = await click(hass, await enter(hass, form, switched_by="vehicle"), "full")
    assert form["step_id"] == "switch_vehicle"
    form = await enter(hass, form, power=6.6, meter={})
    form = await enter(hass, form, price_source=f"entity:{PRICE}")
    await click(hass, await enter(hass, form, **MARKET), "save")
    assert saved(loaded)["target"] == 100
    assert saved(loaded)["switched_by"] == "vehicle"


async def test_a_vehicle_that_only_starts_can_charge_up_to_the_end(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    form = await enter(hass, await to_switch(hass, loaded, target=100), switched_by="vehicle")
    assert form["step_id"] == "switch_vehicle"


@pytest.mark.parametrize(
    ("way", "entered", "error"),
    [
        ("entity", {"switch": "switch.gone"}, {"switch": "switch_gone"}),
        ("entity", {"switch": "select.one"}, {"switch": "select_without_options"}),
        ("entity", {"switch": WALLBOX, "meter": {"current": "number.kw"}}, {"meter": "not_amperes"}),
        ("scripts", {"script_start": "script.gone", "script_stop": "script.stop"}, {"script_start": "script_gone"}),
        ("scripts", {"script_start": "script.start", "script_stop": "script.gone"}, {"script_stop": "script_gone"}),
        ("scripts", {"script_start": "script.stop", "script_stop": "script.stop"}, {"script_stop": "scripts_equal"}),
    ],
)
async def test_what_cannot_switch(
    hass: HomeAssistant, loaded: MockConfigEntry, way: str, entered: dict[str, Any], error: dict[str, str]
) -> None:
    hass.states.async_set("select.one", "Only", {"options": ["Only"]})
    hass.states.async_set("number.kw", "7", {"unit_of_measurement": "kW"})
    form = await enter(hass, await to_switch(hass, loaded), switched_by=way)
    form = await enter(hass, form, **{"power": 5.5, "meter": {"power_sensor": PRICE}, **entered})
    assert (form["step_id"], errors(form)) == (f"switch_{way}", error)
    assert filled(form)["power"] == 5.5, "what was entered is not lost"


@pytest.mark.parametrize("way", ["entity", "scripts", "vehicle"])
async def test_a_capacity_that_is_not_known_is_asked_for(
    hass: HomeAssistant, loaded: MockConfigEntry, way: str
) -> None:
    coordinator = runtime(loaded).coordinator
    coordinator.info = replace(coordinator.info, model="Prototype")
    assert coordinator.data.battery is not None
    coordinator.data = replace(coordinator.data, battery=replace(coordinator.data.battery, capacity=None))
    form = await start(hass, loaded)
    form = await enter(hass, form, **WISHES | {"vehicle": alias(coordinator.info.key), "target": 100})
    form = await enter(hass, form, switched_by=way)
    entered = {
        "entity": {"switch": WALLBOX},
        "scripts": {"script_start": "script.start", "script_stop": "script.stop"},
        "vehicle": {},
    }[way]
    form = await enter(hass, form, **entered, power=3.7, meter={})
    assert errors(form) == {"capacity": "capacity_unknown"}
    assert form["description_placeholders"] is not None
    assert form["description_placeholders"]["capacity"] == "?"
    form = await enter(hass, form, **entered, power=3.7, capacity=24, meter={})
    assert form["step_id"] == "prices"


TARIFFS: dict[str, Any] = {
    "price": 0.3,
    "low_price": 0.2,
    "low_from": "22:00:00",
    "low_until": "06:00:00",
    "low_days": [],
}


@pytest.mark.parametrize(
    ("kind", "missing", "changed", "error"),
    [
        ("constant", ("price",), {}, {"price": "price_required"}),
        ("two_tariff", ("price", "low_price"), {}, {"price": "price_required", "low_price": "price_required"}),
        ("two_tariff", ("low_from",), {}, {"low_from": "low_needs_both"}),
        ("two_tariff", ("low_until",), {}, {"low_until": "low_needs_both"}),
        ("two_tariff", ("low_from", "low_until"), {}, {"low_from": "low_never"}),
        ("two_tariff", (), {"low_until": "22:00:00"}, {"low_until": "low_ends_equal"}),
    ],
)
async def test_prices_that_are_not_complete(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    kind: str,
    missing: tuple[str, ...],
    changed: dict[str, Any],
    error: dict[str, str],
) -> None:
    form = await enter(hass, await to_prices(hass, loaded), price_source=kind)
    good = {name: value for name, value in TARIFFS.items() if kind == "two_tariff" or name == "price"}
    entered = {name: value for name, value in (good | changed).items() if name not in missing}
    form = await enter(hass, form, **entered, limits={"block": 15})
    assert (form["step_id"], errors(form)) == (f"price_{kind}", error)
    assert filled(form)["limits"]["block"] == 15, "what was entered is not lost"
    assert (await enter(hass, form, **good, limits={}))["step_id"] == "preview"


async def test_days_alone_can_have_the_low_tariff(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await enter(hass, await to_prices(hass, loaded), price_source="two_tariff")
    preview = await enter(hass, form, price=0.0, low_price=-0.1, low_days=["sat", "sun"], limits={})
    assert preview["step_id"] == "preview", "a price can be 0, and less"


@pytest.mark.parametrize("name", ["target", "minimum", "vehicle", "place"])
async def test_what_no_browser_sends(hass: HomeAssistant, loaded: MockConfigEntry, name: str) -> None:
    form = await start(hass, loaded)
    with pytest.raises(InvalidData):
        await enter(hass, form, **WISHES | {"vehicle": vehicle(loaded)} | {name: 101 if name != "vehicle" else "x"})


async def test_an_account_that_is_not_loaded(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    subentry_id = add(hass, loaded, {"vehicle": vehicle(loaded)})
    form = await start(hass, loaded)
    await settle(hass)
    await hass.config_entries.async_unload(loaded.entry_id)
    for flow in (await start(hass, loaded), await start(hass, loaded, subentry_id)):
        assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "not_loaded")
    flow = await enter(hass, form, **WISHES | {"vehicle": fields(form)["vehicle"].config["options"][0]["value"]})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "not_loaded")


async def test_an_account_without_anything_to_charge(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    for each in loaded.runtime_data.vehicles.values():
        each.coordinator.info = replace(each.info, capabilities=frozenset())
    flow = await start(hass, loaded)
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "nothing_to_charge")


# What the preview says


async def test_what_is_gone_by_the_end_is_not_saved(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await enter(hass, await to_prices(hass, loaded), price_source=f"entity:{PRICE}")
    hass.states.async_remove(WALLBOX)
    preview = await enter(hass, form, **MARKET)
    assert preview["menu_options"] == ["wishes", "switched_by", "prices"]
    assert plan_text(preview) == "What should switch charging does not exist any more. Choose something else."
    form = await enter(hass, await click(hass, preview, "switched_by"), switched_by="entity")
    assert "switch" not in filled(form)
    hass.states.async_set("switch.other", "on")
    form = await enter(hass, form, switch="switch.other", power=6.6, meter={})
    hass.states.async_remove(PRICE)
    gone = await enter(hass, form, price_source="constant")
    gone = await enter(hass, gone, price=0.3, limits={})
    assert "save" in gone["menu_options"]


async def test_a_capacity_that_is_not_known_any_more_is_asked_for(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await enter(hass, await to_prices(hass, loaded), price_source=f"entity:{PRICE}")
    coordinator = runtime(loaded).coordinator
    coordinator.info = replace(coordinator.info, model="Prototype")
    assert coordinator.data.battery is not None
    coordinator.data = replace(coordinator.data, battery=replace(coordinator.data.battery, capacity=None))
    preview = await enter(hass, form, **MARKET)
    assert preview["menu_options"] == ["wishes", "switched_by", "prices"]
    assert plan_text(preview) == "It is not known how much the battery holds."


async def test_a_source_of_prices_that_is_gone_is_refused(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await enter(hass, await to_prices(hass, loaded), price_source=f"entity:{PRICE}")
    hass.states.async_remove(PRICE)
    preview = await enter(hass, form, **MARKET)
    assert preview["menu_options"] == ["wishes", "switched_by", "prices"]
    assert plan_text(preview) == "The source of the prices is not there any more. Choose another one."


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("unavailable", "The source of the prices does not respond."),
        ("old", "All prices of the source are of the past."),
        ("SEK", "The prices are in another currency than the one that is set in Home Assistant."),
    ],
)
async def test_a_source_of_prices_that_fails_now_is_told(
    hass: HomeAssistant, loaded: MockConfigEntry, state: str, told: str
) -> None:
    form = await enter(hass, await to_prices(hass, loaded), price_source=f"entity:{PRICE}")
    match state:
        case "unavailable":
            hass.states.async_set(PRICE, "unavailable")
        case "old":
            set_prices(hass, NOON - timedelta(days=2), PRICES)
        case _:
            known = hass.states.get(PRICE)
            assert known is not None
            hass.states.async_set(PRICE, "1", {**known.attributes, "unit_of_measurement": "SEK/kWh"})
    preview = await enter(hass, form, **MARKET)
    assert told in plan_text(preview)
    assert ("SEK" in plan_text(preview)) is (state == "SEK")
    await click(hass, preview, "save")
    assert saved(loaded)["price_source"] == f"entity:{PRICE}"


async def test_a_source_of_prices_that_takes_too_long(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    form = await enter(hass, await to_prices(hass, loaded), price_source=f"entity:{PRICE}")
    monkeypatch.setattr(charge_preview, "_LONGEST", 0)
    monkeypatch.setattr(Prices, "async_read", never)
    preview = await enter(hass, form, **MARKET)
    assert "The source of the prices does not respond." in plan_text(preview)
    assert "save" in preview["menu_options"]


async def test_a_vehicle_that_is_above_the_target(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    preview = await to_preview(hass, loaded, target=80)
    assert "The battery is at the target level already." in plan_text(preview).split("\n\n")
    assert "save" in preview["menu_options"]


async def test_not_enough_time(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    text = plan_text(await to_preview(hass, loaded, target=100, ready_by="12:10:00"))
    assert "There is not enough time left, so it charges immediately." in text
    assert "When it has to be ready, 13 % will be missing." in text.split("\n\n")


async def test_a_vehicle_whose_level_and_place_are_not_known(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """It may be in privacy mode, or may never have reported."""
    coordinator = runtime(loaded).coordinator
    assert coordinator.data.battery is not None
    battery = replace(coordinator.data.battery, level=None)
    coordinator.data = replace(coordinator.data, position=None, battery=battery)
    preview = await to_preview(hass, loaded, place=HOME)
    assert plan_text(preview).split("\n\n") == [
        "The vehicle has not reported its battery level yet.",
        OWN_TIMER,
        "It is not known where the vehicle is, so the plan does not start."
        " In privacy mode the vehicle does not report its position.",
    ]
    assert "save" in preview["menu_options"]


async def test_many_blocks_are_cut_short(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    coordinator = runtime(loaded).coordinator
    assert coordinator.data.battery is not None
    coordinator.data = replace(coordinator.data, battery=replace(coordinator.data.battery, level=30.0))
    set_prices(hass, NOON, [0.1 + i % 2 for i in range(70)])
    lines = [line for line in plan_text(await to_preview(hass, loaded)).splitlines() if line.startswith("- ")]
    assert len(lines) == 9
    assert lines[-1] == "- …"


async def test_a_night_in_which_the_clocks_are_put_back(
    hass: HomeAssistant, loaded: MockConfigEntry, freezer: Any
) -> None:
    evening = datetime(2027, 10, 30, 20, tzinfo=NOON.tzinfo)
    freezer.move_to(evening)
    set_prices(hass, evening, [0.3] * 18 + [0.1] * 2 + [0.3] * 40)  # cheap from 0:30 to 1:00 UTC, which is 1:30 to 1:00
    text = plan_text(await to_preview(hass, loaded, target=91))
    assert f"- Sunday 01:30 {DASH} Sunday 01:" in text


# Changing a plan


FULL: dict[str, Any] = {
    "vehicle": "",
    "target": 85,
    "minimum": 10,
    "ready_by": "07:30:00",
    "ready_by_days": {"sat": "10:00:00"},
    "days_without": ["sun"],
    "calendar": "calendar.family",
    "with_location": True,
    "place": HOME,
    "power": 5.5,
    "capacity": 36.5,
    "power_sensor": PRICE,
    "energy_sensor": PRICE,
    "refresh": True,
    "highest_price": 0.4,
    "starts": 3,
    "block": 30,
    "solar": True,
    "feed_in": 0.08,
}
SWITCHED: dict[str, dict[str, Any]] = {
    "entity": {"switch": WALLBOX, "inverted": True, "current": "number.amperes"},
    "select": {"switch": "select.mode", "inverted": False, "option_on": "Fast", "option_off": "Stopped"},
    "scripts": {"script_start": "script.start", "script_stop": "script.stop", "current": "number.amperes"},
    "vehicle": {},
}
PRICED: dict[str, dict[str, Any]] = {
    "market": {"price_source": f"entity:{PRICE}", "price_factor": 1.2, "price_surcharge": 0.15},
    "constant": {"price_source": "constant", "price": 0.3},
    "two_tariff": {"price_source": "two_tariff", **TARIFFS, "low_days": ["sat"]},
}


async def all_forms(hass: HomeAssistant, form: SubentryFlowResult) -> SubentryFlowResult:
    """Submit each form as it is filled in, up to the menu at the end."""
    while form["type"] is FlowResultType.FORM:
        assert not form["errors"], form
        form = await enter(hass, form, **filled(form))
    return form


@pytest.mark.parametrize("way", SWITCHED)
@pytest.mark.parametrize("prices", PRICED)
async def test_changing_a_plan_keeps_everything(
    hass: HomeAssistant, loaded: MockConfigEntry, way: str, prices: str
) -> None:
    hass.states.async_set("select.mode", "Eco", {"options": ["Fast", "Eco", "Stopped"]})
    hass.states.async_set("number.amperes", "16", {"min": 6, "max": 32})
    model = "Ariya" if way == "vehicle" else "Leaf"
    by = "entity" if way == "select" else way
    data = {
        **FULL,
        "vehicle": vehicle(loaded, model),
        "switched_by": by,
        **SWITCHED[way],
        **PRICED[prices],
        "of_a_newer_version": [1],
    }
    subentry_id = add(hass, loaded, data, title="My plan")
    preview = await all_forms(hass, await start(hass, loaded, subentry_id))
    done = await click(hass, preview, "save")
    assert done["reason"] == "reconfigure_successful"
    assert saved(loaded) == data
    assert loaded.subentries[subentry_id].title == "My plan"


async def test_what_is_cleared_is_gone(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    data = FULL | {"vehicle": vehicle(loaded), "switched_by": "entity", **SWITCHED["scripts"], **SWITCHED["entity"]}
    subentry_id = add(hass, loaded, data | PRICED["two_tariff"])
    form = await start(hass, loaded, subentry_id)
    form = await enter(hass, form, **WISHES | {"vehicle": vehicle(loaded)})
    form = await enter(hass, form, switched_by="entity")
    form = await enter(hass, form, switch=WALLBOX, power=6.6, meter={})
    form = await enter(hass, form, price_source="constant")
    await click(hass, await enter(hass, form, price=0.3, limits={}), "save")
    assert saved(loaded).keys().isdisjoint({"calendar", "place", "capacity", "current", "script_start", "feed_in"})
    assert saved(loaded)["ready_by_days"] == {}
    assert saved(loaded).items() >= {"price_source": "constant", "price": 0.3}.items()
    assert "low_price" not in saved(loaded)


async def test_a_vehicle_with_one_phase_has_no_choice(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """The plan was one of a vehicle with three."""
    data = FULL | {"vehicle": vehicle(loaded), "switched_by": "entity", **SWITCHED["entity"], **PRICED["constant"]}
    subentry_id = add(hass, loaded, data | {"phases": 3})
    coordinator = runtime(loaded).coordinator
    info, coordinator.info = coordinator.info, replace(coordinator.info, model="Prototype")
    await click(hass, await all_forms(hass, await start(hass, loaded, subentry_id)), "save")
    assert saved(loaded)["phases"] == 3
    coordinator.info = info
    await click(hass, await all_forms(hass, await start(hass, loaded, subentry_id)), "save")
    assert "phases" not in saved(loaded)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {
            "vehicle": "vehicle 000000",
            "place": "zone.gone",
            "switch": "switch.gone",
            "price": {"price_source": "x:y:z"},
        },
        {
            "vehicle": 5,
            "place": ["x"],
            "ready_by_days": {"mon": 7, "xyz": "06:00:00"},
            "days_without": "sun",
            "price": 5,
        },
        {
            "target": True,
            "minimum": "20",
            "power": float("nan"),
            "ready_by_days": [],
            "calendar": 7,
            "switched_by": "x",
        },
        {"target": 5, "starts": 0, "phases": 9, "option_on": 1, "script_start": "light.x", "price": "dear"},
    ],
)
async def test_a_plan_with_odd_values_can_be_changed(
    hass: HomeAssistant, loaded: MockConfigEntry, odd: dict[str, Any]
) -> None:
    subentry_id = add(hass, loaded, odd)
    await settle(hass)
    form = await start(hass, loaded, subentry_id)
    assert form["step_id"] == "wishes"
    form = await enter(hass, form, **{"target": 90, "minimum": 20, "place": "anywhere", **filled(form)})
    form = await enter(hass, form, switched_by="entity")
    assert "switch" not in filled(form)
    form = await enter(hass, form, **filled(form) | {"switch": WALLBOX})
    assert form["step_id"] == "prices"
    form = await enter(hass, form, price_source=f"entity:{PRICE}")
    done = await click(hass, await enter(hass, form, **filled(form)), "save")
    assert done["reason"] == "reconfigure_successful"
    (plan,) = runtime(loaded).charge.plans
    assert (plan.wishes.target, plan.place, plan.switch.entity) == (90, None, WALLBOX)


async def test_the_plan_of_a_vehicle_that_has_left_goes_to_another(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """With one vehicle left there is no choice."""
    runtime(loaded, "Ariya").coordinator.info = replace(runtime(loaded, "Ariya").info, capabilities=frozenset())
    subentry_id = add(hass, loaded, {"vehicle": vehicle(loaded, "Ariya")})
    form = await start(hass, loaded, subentry_id)
    assert "vehicle" not in fields(form)
    form = await enter(hass, form, **WISHES)
    form = await enter(hass, form, switched_by="entity")
    form = await enter(hass, form, switch=WALLBOX, power=6.6, meter={})
    form = await enter(hass, form, price_source=f"entity:{PRICE}")
    await click(hass, await enter(hass, form, **MARKET), "save")
    assert saved(loaded)["vehicle"] == vehicle(loaded)


async def test_from_the_end_back_to_any_step(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    preview = await to_preview(hass, loaded)
    form = await click(hass, preview, "wishes")
    assert filled(form)["target"] == 90
    preview = await all_forms(hass, await enter(hass, form, **filled(form) | {"target": 95}))
    form = await click(hass, preview, "prices")
    assert filled(form) == {"price_source": f"entity:{PRICE}"}
    await click(hass, await all_forms(hass, form), "save")
    assert saved(loaded)["target"] == 95


async def test_the_price_of_the_energy_dashboard_is_suggested(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def known(*_: Any) -> PriceChoice:
        return PriceChoice(source="constant", price=0.31)

    assert filled(await to_prices(hass, loaded)) == {}
    monkeypatch.setattr(charge_plan, "async_known_choice", known)
    form = await to_prices(hass, loaded)
    assert filled(form) == {"price_source": "constant"}
    assert filled(await enter(hass, form, **filled(form)))["price"] == 0.31


async def test_without_a_home_the_plan_has_no_name_yet(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    hass.states.async_remove("zone.home")
    assert "name" not in filled(await start(hass, loaded))


async def test_the_account_is_unloaded_while_the_dialog_is_open(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await to_prices(hass, loaded)
    await hass.config_entries.async_unload(loaded.entry_id)
    result = await enter(hass, form, **filled(form))
    while result["type"] is FlowResultType.FORM:
        result = await enter(hass, result, **filled(result))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")


async def test_a_known_switch_without_a_device_suggests_no_meter(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    alone = er.async_get(hass).async_get_or_create("switch", "peblar", "charge", translation_key="charge")
    hass.states.async_set(alone.entity_id, "off")
    form = await enter(hass, await to_switch(hass, loaded), switched_by="entity")
    assert filled(form)["switch"] == alone.entity_id
    assert filled(form).get("meter", {}) == {}


async def test_the_vehicle_leaves_while_the_dialog_is_open(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await to_switch(hass, loaded)
    await hass.async_block_till_done()
    gone = loaded.runtime_data.vehicles.pop(runtime(loaded).info.key)
    result = await enter(hass, form, **filled(form))
    loaded.runtime_data.vehicles[gone.info.key] = gone
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
