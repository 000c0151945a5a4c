"""What owners are told of the age of a battery: an alert when its health has fallen, a sensor, a report."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import re
from typing import Any, cast

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_START, EVENT_HOMEASSISTANT_STARTED, STATE_UNKNOWN
from homeassistant.core import CoreState, Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.template import Template
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.nissanconnect.book.files import OpenBook
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.capacity import CapacitySample, Meter
from custom_components.nissanconnect.engine.merge import SourceState
from custom_components.nissanconnect.runtime import VehicleRuntime
from custom_components.nissanconnect.vehicle import Battery, VehicleState
from custom_components.nissanconnect.vehicle_source import SecondarySource

from .conftest import state
from .engine.test_capacity import START, Garage
from .pages import blocks
from .simulator import Simulator
from .test_alerts import alerts, told  # noqa: F401 - alerts is a fixture
from .test_command_log import ask
from .test_commands import device_id

DAY = timedelta(days=1)
YEAR = 365 * DAY


@pytest.fixture
def leaf(simulator: Simulator, loaded: MockConfigEntry) -> VehicleRuntime:
    """The LEAF, of 40 kWh."""
    vehicle: VehicleRuntime = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    return vehicle


async def report(vehicle: VehicleRuntime, **values: Any) -> None:
    """Have its own source report values of the battery, and look at them."""
    battery = Battery(backend="leafspy", received_at=dt_util.utcnow(), level=50, **values)
    source = vehicle.sources.own
    source.reported = SourceState(state=VehicleState.of(battery))
    vehicle.coordinator.async_set_updated_data(source.reported.state)
    vehicle.alerts.async_set_geofences(vehicle.alerts.geofences)  # which evaluates
    await vehicle.hass.async_block_till_done(wait_background_tasks=True)


def charges(since: datetime, until: datetime, garage: Garage) -> list[CapacitySample]:
    """The charges of a LEAF, one every other day."""
    count = (until - since) // (2 * DAY) + 1
    return [replace(each, at=each.at - START + since) for each in garage.charges(count, 1)]


# The alert


async def test_health_that_has_fallen_is_told_once(
    hass: HomeAssistant,
    leaf: VehicleRuntime,
    alerts: list[Event],  # noqa: F811
    freezer: FrozenDateTimeFactory,
) -> None:
    for value in (90, 90, 90, 88, 89, 88, 88, 88):
        await report(leaf, health=value)
        freezer.tick(DAY)
    assert [each for each in told(alerts) if each[0] == "battery_health_dropped"] == [("battery_health_dropped", None)]
    (alert,) = [each.data for each in alerts if each.data["type"] == "battery_health_dropped"]
    assert (alert["health"], alert["dropped"], alert["source"]) == (88, 2, "leafspy")


@pytest.mark.parametrize(("known_for", "per_year", "told_by"), [(400, -4, ["estimate"]), (0, -10, [])])
async def test_what_charges_show_is_told_once_they_are_of_all_seasons(
    leaf: VehicleRuntime,
    alerts: list[Event],  # noqa: F811
    known_for: int,
    per_year: float,
    told_by: list[str],
) -> None:
    since = dt_util.utcnow() - (330 + known_for) * DAY
    for days in range(300, -1, -30):
        leaf.battery.async_learn(charges(since, dt_util.utcnow() - days * DAY, Garage(per_year=per_year)))
        await report(leaf, capacity=40)
    found = [each.data for each in alerts if each.data["type"] == "battery_health_dropped"]
    assert [each["source"] for each in found] == told_by
    assert all(2 <= each["dropped"] < 2.6 and each["health"] < 92 for each in found)


# The sensor


async def test_the_book_passes_on_what_a_settled_charge_shows(
    hass: HomeAssistant, leaf: VehicleRuntime, loaded: MockConfigEntry, simulator: Simulator
) -> None:
    now = dt_util.utcnow()
    readings = []
    for minutes in range(0, 241, 5):
        at, charged = now - 5 * DAY + timedelta(minutes=minutes), min(max(minutes - 60, 0), 120) / 120
        readings += [
            (Quantity.LEVEL, Reading(at, 30 + 40 * charged, "ovms")),
            (Quantity.CHARGING, Reading(at, float(60 <= minutes < 180), "ovms")),
            (Quantity.STORED, Reading(at, 14.4 * charged, "ovms")),
        ]
    kept = charges(now - 40 * DAY, now - 24 * DAY, Garage())
    await hass.config_entries.async_unload(loaded.entry_id)
    await leaf.book.files.async_save(OpenBook(readings=tuple(readings), capacity_samples=tuple(kept)))
    assert len(kept) == 9
    for _ in range(2):
        await hass.config_entries.async_setup(loaded.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        again: VehicleRuntime = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
        assert again.battery.charges == 10
        assert float(state(hass, "sensor.leaf_estimated_battery_capacity").state) == pytest.approx(36, rel=0.02)
        await hass.config_entries.async_unload(loaded.entry_id)


async def test_the_sensor_is_unknown_before_ten_charges(hass: HomeAssistant, leaf: VehicleRuntime) -> None:
    sensor = "sensor.leaf_estimated_battery_capacity"
    assert state(hass, sensor).state == STATE_UNKNOWN
    ten = charges(dt_util.utcnow() - 18 * DAY, dt_util.utcnow(), Garage())
    leaf.battery.async_learn(ten[:9])
    assert state(hass, sensor).state == STATE_UNKNOWN
    leaf.battery.async_learn(ten)
    assert float(state(hass, sensor).state) == pytest.approx(36, rel=0.02)


# The report


@pytest.fixture
def device(hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry) -> str:
    """The LEAF's device."""
    return device_id(hass, loaded, simulator, "Leaf")


async def test_the_newest_report_of_each_value_counts(hass: HomeAssistant, leaf: VehicleRuntime, device: str) -> None:
    await report(leaf, capacity=40, health=91.26, health_bars=12, hx=80.5, cell_spread=18)
    now = dt_util.utcnow()
    older = Battery(backend="ovms", received_at=now, reported_at=now - DAY, hx=77, amp_hours=100)
    leaf.sources.own.reported = SourceState(state=VehicleState.of(older))
    other = SecondarySource("sub", hass, "entry", "alias", SourceState(state=leaf.coordinator.data))
    leaf.sources.arrange([(other, False)])
    answer = await ask(hass, "battery_report", device)
    for name, value in (("health", 91.26), ("health_bars", 12), ("hx", 80.5), ("cell_spread", 18)):
        assert answer[name] == {"value": value, "source": "leafspy", "at": now.isoformat()}
    assert answer["capacity_reported"]["value"] == 40
    assert answer["capacity_nominal"] == {"value": 38.5, "source": "model", "at": None}
    assert "- Battery health: 91 %; Leaf Spy, 2026-11-20" in answer["text"].splitlines()
    assert "- Battery conductance (Hx): 80.5 %; Leaf Spy, 2026-11-20" in answer["text"].splitlines()


async def test_before_ten_charges_it_says_how_many_are_missing(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str
) -> None:
    await report(leaf)
    leaf.battery.async_learn(charges(dt_util.utcnow() - 8 * DAY, dt_util.utcnow(), Garage()))
    answer = await ask(hass, "battery_report", device)
    estimated = answer["capacity_estimated"]
    assert estimated.pop("charges") == 5
    assert {*estimated.values()} == {None}
    assert (answer["health"], answer["hx"], answer["capacity_reported"]) == (None, None, None)
    assert answer["text"] == (
        "How much it holds cannot be estimated yet: that takes 10 charges of 20 % or more whose energy was metered. "
        "So far: 5."
    )
    assert answer["uncertainty"] == "Too few charges say anything yet."


@pytest.mark.parametrize("meter", Meter)
async def test_the_estimate_says_how_sure_it_is(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str, meter: Meter
) -> None:
    now = dt_util.utcnow()
    await report(leaf, capacity=40)
    leaf.battery.async_learn(charges(now - 3 * YEAR - DAY, now, Garage(capacity=38.5, per_year=-2, metered_at=meter)))
    answer = await ask(hass, "battery_report", device)
    estimated = answer["capacity_estimated"]
    assert estimated["low"] < 38.5 * 0.95 < estimated["high"]
    assert estimated["value"] == pytest.approx(38.5 * 0.95, rel=0.01)
    assert estimated["health"] == pytest.approx(95, abs=1)
    assert estimated["trend_low"] < -2 < estimated["trend_high"]
    assert estimated["trend_per_year"] == pytest.approx(-2, abs=0.5)
    assert (estimated["metered_at"], estimated["charges"]) == (meter, 122)
    assert datetime.fromisoformat(estimated["at"]) == now
    assert ("at the wall" in estimated["method"]) == (meter is Meter.WALL)
    for words in (estimated["method"], answer["uncertainty"]):
        assert words in answer["text"]
    assert f"**{estimated['value']:.1f} kWh**" in answer["text"]
    assert "[" not in answer["text"]


async def test_the_report_is_in_the_language_of_home_assistant(
    hass: HomeAssistant, leaf: VehicleRuntime, device: str
) -> None:
    hass.config.language = "de"
    now = dt_util.utcnow()
    await report(leaf, capacity=40, hx=80.5)
    leaf.battery.async_learn(charges(now - 3 * YEAR, now, Garage(per_year=-2)))
    answer = await ask(hass, "battery_report", device)
    assert "- Batterieleitwert (Hx): 80,5 %; Leaf Spy, 20.11.2026" in answer["text"].splitlines()
    assert re.search(r"Sie ändert sich um -\d,\d % im Jahr", answer["text"])
    assert "[" not in answer["text"]


async def test_without_a_traction_battery_there_is_no_report(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, "battery_report", device_id(hass, loaded, simulator, "Qashqai"))
    assert error.value.translation_key == "no_traction_battery"


async def test_of_several_vehicles_those_with_a_traction_battery_are_reported(
    hass: HomeAssistant, simulator: Simulator, loaded: MockConfigEntry
) -> None:
    devices = [device_id(hass, loaded, simulator, model) for model in ("Qashqai", "Leaf")]
    told: Any = await hass.services.async_call(
        DOMAIN, "battery_report", {"device_id": devices}, blocking=True, return_response=True
    )
    without, leaf = (told["vehicles"][each] for each in devices)
    assert (without["name"], without["answer"]) == (simulator.car("Qashqai").vehicle.info.nickname, None)
    assert without["error"] == str(
        ServiceValidationError(translation_domain=DOMAIN, translation_key="no_traction_battery")
    )
    assert leaf["answer"]["capacity_nominal"]["value"] == 38.5


# Its dashboard

LINE = "- Battery health: {} %; Leaf Spy, 2026-11-20"


@pytest.fixture
async def on_dashboard(hass: HomeAssistant, leaf: VehicleRuntime) -> Callable[[], list[str]]:
    """Return the lines of the card of the page, whose entity was set up while Home Assistant started."""
    entity, card = (cast("dict[str, Any]", parse_yaml(each)) for each in blocks("docs/battery-health.md", "text"))
    hass.set_state(CoreState.starting)
    await report(leaf, health=91)
    assert await async_setup_component(hass, "template", entity)
    await hass.async_block_till_done()
    shown = Template(card["content"], hass)
    assert shown.async_render() == ""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_START)
    await hass.async_block_till_done()
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done(wait_background_tasks=True)
    return lambda: str(shown.async_render()).splitlines()


@pytest.mark.parametrize("expected_lingering_timers", [True])  # a template entity is never removed
async def test_a_dashboard_shows_it_as_the_page_says(
    hass: HomeAssistant,
    leaf: VehicleRuntime,
    freezer: FrozenDateTimeFactory,
    on_dashboard: Callable[[], list[str]],
) -> None:
    assert LINE.format(91) in on_dashboard(), "at once, not only on the next morning"
    await report(leaf, health=90)
    freezer.tick(timedelta(seconds=11))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert LINE.format(90) in on_dashboard()
    leaf.battery.async_learn(charges(dt_util.utcnow() - 8 * DAY, dt_util.utcnow(), Garage()))
    freezer.tick(DAY)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "So far: 5." in on_dashboard()[-1]


@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_a_dashboard_does_not_ask_while_the_account_is_not_loaded(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    on_dashboard: Callable[[], list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert LINE.format(91) in on_dashboard()
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    freezer.tick(timedelta(seconds=11))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    freezer.tick(DAY)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "Error executing script" not in caplog.text
    assert on_dashboard()
