"""The price of electricity and the wallbox that the demo's home has."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

import custom_components
from script.demo_home.demo_energy.image import ChargingImage
from script.demo_home.demo_energy.prices import QUARTER, day_ahead
from script.demo_home.seed import ENERGY
from tests.conftest import LetTimePass, settle, state
from tests.simulator import Simulator
from tests.simulator.cars.electric import Electric
from tests.simulator.wallbox import Wallbox

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
PRICE, SWITCH, POWER, ENERGY_METER = (
    "sensor.demo_electricity_price",
    "switch.demo_wallbox",
    "sensor.demo_wallbox_power",
    "sensor.demo_wallbox_energy",
)


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_a_day_is_covered_by_quarters_of_an_hour(day: date) -> None:
    prices = day_ahead(day, AMSTERDAM)

    start, end = (datetime(each.year, each.month, each.day, tzinfo=AMSTERDAM) for each in (day, day + timedelta(1)))
    edges = [price.start for price in prices]
    assert (edges[0], prices[-1].end) == (start, end)
    assert edges[1:] == [price.end for price in prices[:-1]]
    assert {(each.end.astimezone(UTC) - each.start.astimezone(UTC)) for each in prices} == {QUARTER}
    assert all(-0.3 < each.price < 0.5 for each in prices)
    assert prices == day_ahead(day, AMSTERDAM)


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 6, 1), 96), (date(2026, 10, 25), 100)]
)
def test_the_days_on_which_clocks_are_changed_are_shorter_and_longer(day: date, quarters: int) -> None:
    assert len(day_ahead(day, AMSTERDAM)) == quarters


def test_evenings_are_dear_nights_cheap_and_at_some_noons_it_is_paid_to_take_current() -> None:
    days = [day_ahead(date(2026, 1, 1) + timedelta(number), AMSTERDAM) for number in range(365)]
    at_noon = [min(each.price for each in day[44:64]) for day in days]
    assert 30 < sum(price < 0 for price in at_noon) < 150
    assert all(min(each.price for each in day[:24]) < max(each.price for each in day[68:80]) for day in days)


@pytest.fixture
def expected_lingering_timers() -> bool:
    """What is set up by YAML stays until Home Assistant ends, and with it the timer of the price."""
    return True


@pytest.fixture
async def home(hass: HomeAssistant, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home with its wallbox, which is on; it is twelve o'clock."""
    monkeypatch.setattr(custom_components, "__path__", [*custom_components.__path__, str(ENERGY.parent)])
    await hass.config.async_set_time_zone("Europe/London")
    leaf = simulator.vehicle("Leaf")
    wallbox = Wallbox(leaf, dt_util.utcnow)
    await simulator.stop()
    url = await simulator.start(controls={"wallbox": wallbox.control})
    assert await async_setup_component(hass, "demo_energy", {"demo_energy": {"simulator": url}})
    await settle(hass)


@pytest.mark.usefixtures("home")
async def test_tomorrows_prices_are_there_from_one_oclock_on(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, pass_time: LetTimePass
) -> None:
    shown = state(hass, PRICE).attributes
    assert shown["unit_of_measurement"] == "EUR/kWh"
    assert (len(shown["raw_today"]), shown["raw_tomorrow"]) == (96, [])

    await pass_time(timedelta(minutes=60), timedelta(minutes=5))

    shown = state(hass, PRICE).attributes
    assert [len(shown[name]) for name in ("raw_today", "raw_tomorrow")] == [96, 96]
    assert shown["raw_tomorrow"][0]["start"] == shown["raw_today"][-1]["end"]


@pytest.mark.usefixtures("home")
async def test_the_price_is_that_of_the_quarter(hass: HomeAssistant, pass_time: LetTimePass) -> None:
    for _ in range(3):
        slots = state(hass, PRICE).attributes["raw_today"]
        (now,) = [each["value"] for each in slots if each["start"] <= dt_util.utcnow() < each["end"]]
        assert float(state(hass, PRICE).state) == now
        await pass_time(QUARTER, timedelta(minutes=5))


@pytest.mark.usefixtures("home")
async def test_the_switch_decides_whether_the_leaf_gets_current(
    hass: HomeAssistant, simulator: Simulator, pass_time: LetTimePass
) -> None:
    leaf = simulator.vehicle("Leaf")
    leaf.plug_in()
    assert isinstance(leaf.powertrain, Electric)
    leaf.powertrain.charger.override = True
    leaf.powertrain.battery.energy = 10
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert (state(hass, SWITCH).state, float(state(hass, POWER).state)) == ("on", 6.6)

    await hass.services.async_call("switch", "turn_off", {"entity_id": SWITCH}, blocking=True)
    stopped = state(hass, ENERGY_METER).state
    assert (state(hass, SWITCH).state, float(state(hass, POWER).state)) == ("off", 0)
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, ENERGY_METER).state == stopped

    await hass.services.async_call("switch", "turn_on", {"entity_id": SWITCH}, blocking=True)
    await pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert state(hass, SWITCH).state == "on"
    assert float(state(hass, ENERGY_METER).state) - float(stopped) == pytest.approx(6.6, abs=0.2)


async def test_the_picture_shows_when_each_vehicle_with_a_plan_charges(hass: HomeAssistant) -> None:
    (entry := MockConfigEntry(domain="nissanconnect")).add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("nissanconnect", "leaf")}, name="LEAF"
    )
    registry = er.async_get(hass)
    ours = registry.async_get_or_create("calendar", "nissanconnect", "leaf_charging", device_id=device.id)
    registry.async_get_or_create("calendar", "nissanconnect", "leaf_trips", device_id=device.id)
    disabled = er.RegistryEntryDisabler.USER
    registry.async_get_or_create(
        "calendar", "nissanconnect", "ariya_charging", device_id=device.id, disabled_by=disabled
    )
    registry.async_get_or_create("calendar", "local_calendar", "birthdays")
    now = dt_util.now()
    block = {"start": now.isoformat(), "end": (now + timedelta(minutes=40)).isoformat(), "summary": "5 kWh"}
    asked = async_mock_service(
        hass,
        "calendar",
        "get_events",
        response={ours.entity_id: {"events": [block]}},
        supports_response=SupportsResponse.ONLY,
    )

    (image := ChargingImage(hass)).hass = hass
    picture = (await image.async_image()).decode()

    assert [call.data["entity_id"] for call in asked] == [ours.entity_id]
    assert ">LEAF</text>" in picture
    assert "#2e9e5b" in picture


@pytest.mark.usefixtures("home")
async def test_without_the_simulator_nothing_is_switched_and_the_price_stays(
    hass: HomeAssistant, simulator: Simulator, pass_time: LetTimePass
) -> None:
    await simulator.stop()

    with pytest.raises(HomeAssistantError):
        await hass.services.async_call("switch", "turn_on", {"entity_id": SWITCH}, blocking=True)
    await pass_time(timedelta(minutes=2))

    assert state(hass, SWITCH).state == "unavailable"
    assert float(state(hass, PRICE).state)
