"""What the energy dashboard knows already: what a kWh costs, and what the roof will give."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockModule, mock_integration, mock_platform

from custom_components.nissanconnect.charging.price_choice import CONSTANT, PriceChoice
from custom_components.nissanconnect.charging.price_sources import async_find_price_sources, async_known_choice
from custom_components.nissanconnect.charging.solar import async_solar_forecast
from custom_components.nissanconnect.engine.charge_plan import Period

from .core_prices import CORE_SOURCES, CorePrices
from .price_bodies import SOURCES, TODAY

GRID = {
    "type": "grid",
    "stat_energy_from": "sensor.meter",
    "stat_energy_to": None,
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": None,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0.0,
}
SOLAR = {"type": "solar", "stat_energy_from": "sensor.roof"}
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)

type Forecast = Callable[[HomeAssistant, str], Awaitable[dict[str, Any] | None]]


async def set_preferences(hass: HomeAssistant, *sources: dict[str, Any]) -> None:
    """Fill in the energy dashboard."""
    hass.config.components.add("energy")
    manager = await async_get_manager(hass)
    await manager.async_update({"energy_sources": [*sources]})  # type: ignore[typeddict-item]


async def known(hass: HomeAssistant, **grid: Any) -> PriceChoice | None:
    await set_preferences(hass, SOLAR | {"config_entry_solar_forecast": None}, GRID | grid)
    return await async_known_choice(hass, await async_find_price_sources(hass))


# Prices


async def test_without_the_dashboard_nothing_is_known(hass: HomeAssistant) -> None:
    assert await async_known_choice(hass, await async_find_price_sources(hass)) is None
    hass.config.components.add("energy")
    assert await async_known_choice(hass, []) is None


async def test_a_number_is_constant(hass: HomeAssistant) -> None:
    assert await known(hass, number_energy_price=0.32) == PriceChoice(source=CONSTANT, price=0.32)


async def test_no_price(hass: HomeAssistant) -> None:
    assert await known(hass) is None
    assert await known(hass, entity_energy_price="sensor.gone") is None


async def test_an_entity_with_a_list_is_the_source(hass: HomeAssistant) -> None:
    hass.states.async_set("sensor.grid", "0.3", SOURCES["EPEX Spot"].attributes)
    assert await known(hass, entity_energy_price="sensor.grid") == PriceChoice(source="entity:sensor.grid")


@pytest.mark.parametrize("area", ["SE3", "SE4"])
async def test_an_entity_of_an_integration_with_an_action(hass: HomeAssistant, area: str) -> None:
    """Nord Pool's price now has no list, but its integration knows what comes."""
    entry = CORE_SOURCES["nordpool"](hass, CorePrices(TODAY)).entry
    entity = er.async_get(hass).async_get_or_create("sensor", "nordpool", f"{area}-current_price", config_entry=entry)
    hass.states.async_set(entity.entity_id, "0.3", {"unit_of_measurement": "SEK/kWh"})
    choice = await known(hass, entity_energy_price=entity.entity_id)
    assert choice == PriceChoice(source=f"nordpool:{entry.entry_id}:{area}")


@pytest.mark.parametrize(
    ("unit", "price"),
    [("EUR/kWh", 32.0), ("ct/kWh", 0.32), ("EUR/MWh", 0.032), ("EUR", 32.0), ("Ft/kWh", 32.0), (None, 32.0)],
)
async def test_an_entity_without_a_future_is_constant(hass: HomeAssistant, unit: str | None, price: float) -> None:
    hass.states.async_set("input_number.price", "32", {"unit_of_measurement": unit})
    choice = await known(hass, entity_energy_price="input_number.price")
    assert choice == PriceChoice(source=CONSTANT, price=price)


@pytest.mark.parametrize(("state", "unit"), [("unavailable", "EUR/kWh"), ("nan", "EUR/kWh"), ("32", "EUR/m³")])
async def test_an_entity_without_a_price_is_none(hass: HomeAssistant, state: str, unit: str | None) -> None:
    hass.states.async_set("sensor.price", state, {"unit_of_measurement": unit})
    assert await known(hass, entity_energy_price="sensor.price") is None


# The sun


async def roof(hass: HomeAssistant, name: str, forecast: Forecast) -> str:
    """Set up an integration that forecasts the power of a roof, and return the id of its config entry."""
    mock_integration(hass, MockModule(name))
    mock_platform(hass, f"{name}.energy", SimpleNamespace(async_get_solar_forecast=forecast))
    assert await async_setup_component(hass, name, {})
    entry = MockConfigEntry(domain=name, entry_id=f"roof {name}")
    entry.add_to_hass(hass)
    return f"roof {name}"


def giving(**energies: float) -> Forecast:
    """Give Wh from a time on, which is written as t1200."""

    async def forecast(hass: HomeAssistant, entry_id: str) -> dict[str, Any] | None:
        return {"wh_hours": {f"2026-11-29T{at[1:3]}:{at[3:]}:00+00:00": energy for at, energy in energies.items()}}

    return forecast


async def forecast_of(hass: HomeAssistant, *entries: str) -> list[tuple[float, float, float]]:
    """The forecast, in hours after noon and in kW."""
    await set_preferences(
        hass,
        GRID,
        *[SOLAR | {"config_entry_solar_forecast": [entry, "gone"]} for entry in entries],
        SOLAR | {"config_entry_solar_forecast": None},
    )
    hour = timedelta(hours=1)
    found: tuple[Period, ...] = await async_solar_forecast(hass)
    return [((each.start - NOON) / hour, (each.end - NOON) / hour, round(each.power, 6)) for each in found]


async def test_without_the_dashboard_there_is_no_sun(hass: HomeAssistant) -> None:
    assert await async_solar_forecast(hass) == ()
    hass.config.components.add("energy")
    assert await async_solar_forecast(hass) == ()


async def test_hours_and_parts_of_them(hass: HomeAssistant) -> None:
    """A forecast begins at sunrise, and has half hours if it likes; the last is as long as the one before."""
    entry = await roof(hass, "sun", giving(t0745=50, t0800=1500, t0900=1000, t0930=1200))
    assert await forecast_of(hass, entry) == [(-4.25, -4, 0.2), (-4, -3, 1.5), (-3, -2.5, 2), (-2.5, -2, 2.4)]


async def test_sunrise_is_rounded_to_what_plans_and_the_book_keep_to(hass: HomeAssistant) -> None:
    entry = await roof(hass, "sun", giving(t0743=340, t0800=1500, t0900=0))
    assert await forecast_of(hass, entry) == [(-4.25, -4, 1.2), (-4, -3, 1.5), (-3, -2, 0)]


async def test_nothing_comes_at_night(hass: HomeAssistant) -> None:
    entry = await roof(hass, "sun", giving(t0000=1000, t1200=1500, t1300=-5))
    assert await forecast_of(hass, entry) == [(-12, -11, 1), (0, 1, 1.5), (1, 2, 0)]


async def test_two_roofs_add_up(hass: HomeAssistant) -> None:
    east = await roof(hass, "east", giving(t1200=1000, t1300=2000))
    west = await roof(hass, "west", giving(t1230=300, t1300=400, t1330=500))
    assert await forecast_of(hass, east, west) == [
        (0, 0.5, 1),
        (0.5, 1, 1.6),
        (1, 1.5, 2.8),
        (1.5, 2, 3),
    ]


async def test_a_roof_that_fails_does_not_hide_another(hass: HomeAssistant) -> None:
    async def fail(hass: HomeAssistant, entry_id: str) -> dict[str, Any] | None:
        raise KeyError

    async def unknown(hass: HomeAssistant, entry_id: str) -> dict[str, Any] | None:
        return None

    async def odd(hass: HomeAssistant, entry_id: str) -> dict[str, Any] | None:
        return {"wh_hours": [None]}

    roofs = [await roof(hass, name, forecast) for name, forecast in {"a": fail, "b": unknown, "c": odd}.items()]
    entry = await roof(hass, "d", giving(t1200=1000))
    assert await forecast_of(hass, *roofs, entry) == [(0, 1, 1)]
