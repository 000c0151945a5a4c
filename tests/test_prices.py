"""The prices of a plan: what is found, read, kept and said, with the real actions of Home Assistant's integrations."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.charging.price_choice import CONSTANT, TWO_TARIFF, PriceChoice
from custom_components.nissanconnect.charging.price_sources import (
    NAMED_PARTS,
    PriceSource,
    async_find_price_sources,
    joined_entities,
)
from custom_components.nissanconnect.charging.prices import PriceFault, PriceList, Prices
from custom_components.nissanconnect.engine.charge_plan import Period, PriceSlot
from custom_components.nissanconnect.texts import async_text

from .core_prices import CORE_SOURCES, CorePrices, CoreSource
from .price_bodies import BERLIN, SOURCES, TODAY, TOMORROW, Attributes, day_of, octopus_rates, rce_prices

ENTERED = [PriceSource("constant", "One price at all times"), PriceSource("two_tariff", "Two tariffs at fixed times")]
JOINED = {"Amber", "Octopus Energy", "RCE"}
MIDNIGHT = datetime.combine(TODAY, time(), BERLIN)
EVENING = MIDNIGHT + timedelta(hours=20)
UNTIL = EVENING + timedelta(days=3)

type SetUp = Callable[[HomeAssistant, CorePrices], CoreSource]


@pytest.fixture(autouse=True)
async def _evening_in_berlin(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(EVENING)
    await hass.config.async_set_time_zone("Europe/Berlin")


def expected(
    days: Sequence[date], minutes: int, start: datetime = EVENING, end: datetime | None = None
) -> list[PriceSlot]:
    """The slots of days that are not over, in UTC."""
    return [
        PriceSlot(slot.start.astimezone(UTC), slot.end.astimezone(UTC), slot.price)
        for day in days
        for slot in day_of(day, minutes)
        if slot.end > start and (end is None or slot.start < end)
    ]


def rounded(read: PriceList, digits: int = 6) -> list[PriceSlot]:
    return [PriceSlot(slot.start.replace(second=0), slot.end, round(slot.price, digits)) for slot in read.slots]


def prices_of(hass: HomeAssistant, source: str, **changed: Any) -> Prices:
    return Prices(hass, PriceChoice(source=source, **changed))


def slots_of(read: PriceList) -> list[float]:
    return [round(slot.price, 6) for slot in read.slots]


def register(hass: HomeAssistant, platform: str, unique_id: str, device: str | None = "device", **more: Any) -> str:
    """Register an entity of another integration, and return its id."""
    if not hass.config_entries.async_entries(platform):
        MockConfigEntry(domain=platform).add_to_hass(hass)
    entry = hass.config_entries.async_entries(platform)[0]
    found = device and dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(platform, device)}, name=device
    )
    domain = more.pop("domain", "sensor")
    return (
        er.async_get(hass)
        .async_get_or_create(
            domain, platform, unique_id, config_entry=entry, device_id=found.id if found else None, **more
        )
        .entity_id
    )


async def only_source(hass: HomeAssistant) -> PriceSource:
    """The one source that is found, beside what the owner can enter."""
    found, *entered = await async_find_price_sources(hass)
    assert entered == ENTERED
    return found


# Every source


@pytest.mark.parametrize("set_up", CORE_SOURCES.values(), ids=CORE_SOURCES)
async def test_every_action_of_core(hass: HomeAssistant, set_up: SetUp) -> None:
    source = set_up(hass, CorePrices(TODAY, TOMORROW))
    await hass.config.async_update(currency=source.currency)
    found = await async_find_price_sources(hass)
    ids = {part: f"{source.entry.domain}:{source.entry.entry_id}:{part}" for part in source.parts}
    assert found == [*(PriceSource(ids[part], label) for part, label in source.parts.items()), *ENTERED]
    end = EVENING + timedelta(days=1) if source.entry.domain == "green_planet_energy" else None
    for number, part in enumerate(source.parts, 1):
        read = await prices_of(hass, ids[part]).async_read(UNTIL)
        factor = number if source.entry.domain == "nordpool" else 1
        wanted = expected((TODAY, TOMORROW), source.minutes, end=end)
        assert rounded(read) == [slot._replace(price=round(slot.price * factor, 6)) for slot in wanted]
        assert (read.currency, read.fault, read.away, read.read_at) == (source.currency, None, (), EVENING)


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - JOINED))
async def test_every_entity_with_a_list(hass: HomeAssistant, name: str) -> None:
    source: Attributes = SOURCES[name]
    assert source.currency is not None
    await hass.config.async_update(currency=source.currency)
    hass.states.async_set("sensor.grid", "0.3", {"friendly_name": "Grid price", **source.attributes})
    assert await only_source(hass) == PriceSource("entity:sensor.grid", "Grid price")
    read = await prices_of(hass, "entity:sensor.grid").async_read(UNTIL)
    assert rounded(read) == expected(source.days, source.minutes)
    assert (read.currency, read.fault) == (source.currency, None)


async def test_octopus_energy(hass: HomeAssistant) -> None:
    """The rates of three days and the dispatches of a meter; what is paid for exports has no part in it."""
    await hass.config.async_update(currency="GBP")
    days = {"previous": TODAY - timedelta(days=1), "current": TODAY, "next": TOMORROW}
    for name, day in days.items():
        entity_id = register(
            hass, "octopus_energy", f"octopus_energy_electricity_21L0_120_{name}_day_rates", "Meter", domain="event"
        )
        hass.states.async_set(entity_id, "2026-11-29T10:00:00+00:00", octopus_rates(day))
        exported = register(
            hass, "octopus_energy", f"octopus_energy_electricity_21L0_13_export_{name}_day_rates", "Sun", domain="event"
        )
        hass.states.async_set(exported, "2026-11-29T10:00:00+00:00", octopus_rates(day))
    dispatching = register(
        hass, "octopus_energy", "octopus_energy_00000_intelligent_dispatching", "Car", domain="binary_sensor"
    )

    def dispatch(start: float, end: float) -> dict[str, Any]:
        return {"start": EVENING + timedelta(hours=start), "end": EVENING + timedelta(hours=end), "source": "smart"}

    dispatches = {
        "planned_dispatches": [dispatch(3, 4.5), dispatch(-5, -4)],
        "started_dispatches": [dispatch(-1, 0.5)],
        "completed_dispatches": [dispatch(5, 6)],
    }
    hass.states.async_set(dispatching, "on", dispatches)
    source = await only_source(hass)
    assert source.label == "octopus_energy: Meter"
    assert "120" not in source.id
    read = await prices_of(hass, source.id).async_read(UNTIL)
    assert rounded(read) == expected((TODAY, TOMORROW), 30)
    assert (read.currency, read.fault) == ("GBP", None)
    assert read.away == (
        Period(EVENING + timedelta(hours=3), EVENING + timedelta(hours=4.5)),
        Period(EVENING - timedelta(hours=1), EVENING + timedelta(hours=0.5)),
    )


async def test_rce(hass: HomeAssistant) -> None:
    """Two sensors, of which the one for tomorrow may not be available yet."""
    await hass.config.async_update(currency="PLN")
    today, tomorrow = (register(hass, "rce_pse", f"rce_pse_{day}_price") for day in ("today", "tomorrow"))
    hass.states.async_set(today, "210", rce_prices(TODAY))
    hass.states.async_set(tomorrow, STATE_UNAVAILABLE)
    source = await only_source(hass)
    prices = prices_of(hass, source.id)
    assert rounded(await prices.async_read(UNTIL)) == expected((TODAY,), 15)
    hass.states.async_set(tomorrow, "210", rce_prices(TOMORROW))
    assert rounded(await prices.async_read(UNTIL)) == expected((TODAY, TOMORROW), 15)


async def test_amber(hass: HomeAssistant) -> None:
    """The forecast of a channel begins after the current price, which is another sensor."""
    await hass.config.async_update(currency="AUD")
    items = SOURCES["Amber"].attributes["forecasts"]
    now = next(item for item in items if item["end_time"] > EVENING.isoformat())
    for channel in ("general", "controlled_load", "feed_in"):
        current, forecasts, grid = (
            register(hass, "amberelectric", f"01ABC-{key}-{channel}", None) for key in ("current", "forecasts", "grid")
        )
        unit = {"unit_of_measurement": "$/kWh"}
        hass.states.async_set(current, "0.3", {**now, **unit, "estimate": True})
        later = [item for item in items if item["start_time"] > now["start_time"]]
        hass.states.async_set(forecasts, "0.3", {"forecasts": later, **unit})
        hass.states.async_set(grid, "0.3", {})
    general, controlled, *entered = await async_find_price_sources(hass)
    assert (general.label, controlled.label) == ("Amber Electric: general", "Amber Electric: controlled load")
    assert entered == ENTERED
    read = await prices_of(hass, general.id).async_read(UNTIL)
    assert rounded(read) == expected((TODAY, TOMORROW), 30)
    assert (read.currency, read.fault) == ("AUD", None)


async def test_what_the_owner_enters(hass: HomeAssistant) -> None:
    read = await prices_of(hass, CONSTANT, price=0.3, factor=1.1, surcharge=0.02).async_read(EVENING)
    assert read.slots == ()
    assert read.fault is PriceFault.NO_FUTURE
    read = await prices_of(hass, CONSTANT, price=0.3, factor=1.1, surcharge=0.02).async_read(UNTIL)
    assert [(slot.start, slot.end, round(slot.price, 6)) for slot in read.slots] == [(EVENING, UNTIL, 0.35)]
    assert (read.currency, read.fault) == ("EUR", None)
    nights = {"low_price": 0.2, "low_from": time(22), "low_until": time(6)}
    read = await prices_of(hass, TWO_TARIFF, price=0.3, **nights).async_read(MIDNIGHT + timedelta(days=1, hours=12))
    assert slots_of(read) == [0.3, 0.2, 0.3]
    assert read.slots[1].start == MIDNIGHT + timedelta(hours=22)
    assert (await prices_of(hass, TWO_TARIFF, **nights).async_read(UNTIL)).fault is PriceFault.NO_FUTURE


# What does not work


async def read_at(prices: Prices, freezer: FrozenDateTimeFactory, at: datetime) -> PriceList:
    freezer.move_to(at)
    return await prices.async_read(at + timedelta(days=2))


def nordpool(hass: HomeAssistant, *days: date) -> tuple[Prices, CorePrices, MockConfigEntry]:
    """Nord Pool with the prices of some days."""
    known = CorePrices(*days)
    entry = CORE_SOURCES["nordpool"](hass, known).entry
    return prices_of(hass, f"nordpool:{entry.entry_id}:SE3"), known, entry


async def test_tomorrow_is_asked_for_once_it_is_published(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    await hass.config.async_update(currency="SEK")
    prices, known, _ = nordpool(hass, TODAY)
    noon = MIDNIGHT + timedelta(hours=12)
    assert rounded(await read_at(prices, freezer, noon)) == expected((TODAY,), 15, noon)
    assert [day for (day,) in known.wanted] == [TODAY]
    late = MIDNIGHT + timedelta(hours=12, minutes=45)
    read = await read_at(prices, freezer, late)
    assert (rounded(read), read.fault) == (expected((TODAY,), 15, late), None)
    assert [day for (day,) in known.wanted] == [TODAY, TODAY, TOMORROW]
    known.published.add(TOMORROW)
    assert rounded(await read_at(prices, freezer, late)) == expected((TODAY, TOMORROW), 15, late)


async def test_what_was_published_is_kept_if_tomorrow_fails(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_update(currency="SEK")
    prices, known, _ = nordpool(hass, TODAY, TOMORROW)
    await read_at(prices, freezer, EVENING)
    known.fails_for = {TOMORROW}
    read = await read_at(prices, freezer, EVENING)
    assert (rounded(read), read.fault) == (expected((TODAY, TOMORROW), 15), None)


@pytest.mark.parametrize("days", [(), (TOMORROW,)])
async def test_an_action_that_fails_keeps_the_last_known_prices_until_they_are_over(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, days: tuple[date, ...]
) -> None:
    await hass.config.async_update(currency="SEK")
    prices, known, _ = nordpool(hass, TODAY, *days)
    await read_at(prices, freezer, EVENING)
    known.fails_for = {TODAY, TOMORROW}
    later = EVENING + timedelta(hours=2)
    read = await read_at(prices, freezer, later)
    assert rounded(read) == expected((TODAY, *days), 15, later)
    assert (read.fault, read.currency) == (PriceFault.FAILED, "SEK")
    known.fails_for.add(TODAY + timedelta(days=2))
    read = await read_at(prices, freezer, EVENING + timedelta(days=2))
    assert (read.slots, read.fault) == ((), PriceFault.FAILED)


async def hanging(hass: HomeAssistant) -> asyncio.Task[PriceList]:
    """Read prices of an action that never responds, until it is called."""
    prices, *_ = nordpool(hass, TODAY)
    called = asyncio.Event()

    async def hang(call: ServiceCall) -> ServiceResponse:
        called.set()
        return await asyncio.Future[ServiceResponse]()

    hass.services.async_register("nordpool", "get_prices_for_date", hang, supports_response=SupportsResponse.ONLY)
    reading = asyncio.create_task(prices.async_read(UNTIL))
    await called.wait()
    return reading


async def test_an_action_that_takes_too_long_fails(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    reading = await hanging(hass)
    freezer.tick(29)
    for _ in range(9):
        await asyncio.sleep(0)
    assert not reading.done()
    freezer.tick(2)
    for _ in range(9):
        await asyncio.sleep(0)
    assert reading.done()
    assert (await reading).fault is PriceFault.FAILED


async def test_who_stops_waiting_is_not_held_up(hass: HomeAssistant) -> None:
    reading = await hanging(hass)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@pytest.mark.parametrize(
    "response",
    [{}, {"SE3": None}, {"SE3": 4}, {"SE3": [{}]}, {"SE3": []}, {"SE3": [{"start": "soon", "price": "dear"}]}],
)
async def test_a_response_of_another_shape(hass: HomeAssistant, response: dict[str, Any]) -> None:
    prices, *_ = nordpool(hass, TODAY, TOMORROW)
    before = await prices.async_read(UNTIL)

    async def respond(call: ServiceCall) -> ServiceResponse:
        return response

    hass.services.async_register("nordpool", "get_prices_for_date", respond, supports_response=SupportsResponse.ONLY)
    read = await prices.async_read(UNTIL)
    assert read.fault is (PriceFault.NO_FUTURE if response else PriceFault.FAILED)
    assert (read.slots, read.currency) == (before.slots, "SEK")


async def test_an_integration_that_is_not_loaded_fails_and_one_that_was_removed_is_gone(hass: HomeAssistant) -> None:
    prices, _, entry = nordpool(hass, TODAY)
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    assert (await prices.async_read(UNTIL)).fault is PriceFault.FAILED
    assert await async_find_price_sources(hass) == ENTERED
    hass.services.async_remove("nordpool", "get_prices_for_date")
    assert (await prices.async_read(UNTIL)).fault is PriceFault.FAILED
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await prices.async_read(UNTIL)).fault is PriceFault.SOURCE_GONE


@pytest.mark.parametrize(
    "source", ["", "nordpool", "rce_pse:device:", "entity", "entity:", "entity:sensor.gone", "fax:1:2"]
)
async def test_what_is_not_there_is_gone(hass: HomeAssistant, source: str) -> None:
    read = await prices_of(hass, source).async_read(UNTIL)
    assert (read.slots, read.fault, read.currency) == ((), PriceFault.SOURCE_GONE, "EUR")


async def test_an_entity_that_fails_keeps_the_last_known_prices(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    attributes = SOURCES["EPEX Spot"].attributes
    hass.states.async_set("sensor.grid", "0.3", attributes)
    prices = prices_of(hass, "entity:sensor.grid")
    known = expected((TODAY, TOMORROW), 60)
    assert rounded(await prices.async_read(UNTIL)) == known
    for state, changed, fault in [
        (STATE_UNAVAILABLE, {}, PriceFault.FAILED),
        ("0.3", {"data": []}, PriceFault.NO_FUTURE),
        ("0.3", {"data": attributes["data"][:10]}, PriceFault.OLD),
        ("0.3", {"unit_of_measurement": "€/m³"}, PriceFault.NO_FUTURE),
    ]:
        hass.states.async_set("sensor.grid", state, {} if state == STATE_UNAVAILABLE else attributes | changed)
        read = await prices.async_read(UNTIL)
        assert (rounded(read), read.fault, read.currency) == (known, fault, "EUR")
    hass.states.async_remove("sensor.grid")
    read = await prices.async_read(UNTIL)
    assert (rounded(read), read.fault) == (known, PriceFault.SOURCE_GONE)
    hass.states.async_set("sensor.grid", "0.3", attributes | {"data": attributes["data"][:24]})
    read = await prices.async_read(UNTIL)
    assert (rounded(read), read.fault) == (expected((TODAY,), 60), None)


async def test_of_very_many_prices_the_next_ones_count(hass: HomeAssistant) -> None:
    step = timedelta(minutes=5)
    listed = [{"start": EVENING + (i - 3) * step, "value": i % 7} for i in reversed(range(10_000))]
    hass.states.async_set("sensor.grid", "1", {"data": listed})
    read = await prices_of(hass, "entity:sensor.grid").async_read(UNTIL)
    assert (read.slots[0].start, read.fault) == (EVENING, None)
    assert len(read.slots) == 1000


async def test_another_currency_is_said(hass: HomeAssistant) -> None:
    prices, *_ = nordpool(hass, TODAY)
    read = await prices.async_read(UNTIL)
    assert (rounded(read), read.currency, read.fault) == (expected((TODAY,), 15), "SEK", PriceFault.WRONG_CURRENCY)


async def test_prices_in_two_currencies_are_not_mixed(hass: HomeAssistant) -> None:
    prices, known, entry = nordpool(hass, TODAY, TOMORROW)
    await prices.async_read(UNTIL)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "currency": "EUR"})
    known.fails_for = {TOMORROW}
    read = await prices.async_read(UNTIL)
    assert (rounded(read), read.currency) == (expected((TODAY,), 15), "EUR")


async def test_where_no_currency_is_known_it_is_home_assistants(hass: HomeAssistant) -> None:
    await hass.config.async_update(currency="CZK")
    hass.states.async_set("sensor.grid", "3", {"data": [{"start": EVENING, "value": 3.0}]})
    read = await prices_of(hass, "entity:sensor.grid").async_read(UNTIL)
    assert (slots_of(read), read.currency, read.fault) == ([3.0], "CZK", None)


async def test_surcharge_and_tax(hass: HomeAssistant) -> None:
    hass.states.async_set(
        "sensor.grid", "10", {"unit_of_measurement": "ct/kWh", "data": [{"start": EVENING, "value": 10}]}
    )
    read = await prices_of(hass, "entity:sensor.grid", factor=1.19, surcharge=0.15).async_read(UNTIL)
    assert slots_of(read) == [0.269]


# When to read again


def at(hour: float, day: int = 0) -> datetime:
    return MIDNIGHT + timedelta(days=day, hours=hour)


@pytest.mark.parametrize(
    ("now", "known_until", "next_read"),
    [
        (at(9), at(0, 1), at(12.75)),
        (at(13), at(0, 1), at(13) + timedelta(minutes=5)),
        (at(13), at(0, 2), at(12.75, 1)),
        (at(0, 1), at(0, 2), at(12.75, 1)),
        (at(9), at(8), at(9) + timedelta(minutes=5)),
        (at(9), None, at(9) + timedelta(minutes=5)),
    ],
)
async def test_a_market_is_asked_when_it_publishes(
    hass: HomeAssistant, now: datetime, known_until: datetime | None, next_read: datetime
) -> None:
    prices, *_ = nordpool(hass, TODAY)
    assert prices.next_read(now, known_until) == next_read


async def test_what_fails_and_what_slides_is_asked_soon(hass: HomeAssistant) -> None:
    prices, known, _ = nordpool(hass, TODAY)
    known.fails_for = {TODAY}
    await prices.async_read(UNTIL)
    assert prices.next_read(at(9), at(0, 2)) == at(9) + timedelta(minutes=5)
    sliding = prices_of(hass, "green_planet_energy:1:")
    assert sliding.next_read(at(9), at(9, 1)) == at(9) + timedelta(minutes=5)


@pytest.mark.parametrize("source", [CONSTANT, TWO_TARIFF, "entity:sensor.grid", "rce_pse:device:"])
async def test_what_reports_changes_itself_is_asked_rarely(hass: HomeAssistant, source: str) -> None:
    assert prices_of(hass, source).next_read(at(9), None) == at(10)


async def test_entities_report_their_changes(hass: HomeAssistant) -> None:
    changes: list[str] = []
    dispatching = register(hass, "octopus_energy", "octopus_energy_intelligent_dispatching", domain="binary_sensor")
    rates = register(hass, "octopus_energy", "octopus_energy_electricity_1_2_next_day_rates", domain="event")
    other = register(hass, "octopus_energy", "octopus_energy_electricity_1_2_current_rate")
    source = next(iter(joined_entities(hass, "octopus_energy")))
    stop = prices_of(hass, source).async_track(lambda: changes.append("octopus"))
    stop_other = prices_of(hass, "entity:sensor.grid").async_track(lambda: changes.append("grid"))
    for entity_id in (dispatching, rates, other, "sensor.grid"):
        hass.states.async_set(entity_id, "1", {"data": []})
        await hass.async_block_till_done()
    assert changes == ["octopus", "octopus", "grid"]
    hass.states.async_set("sensor.grid", "1", {"data": [1]})
    await hass.async_block_till_done()
    assert changes.pop() == "grid"
    assert len(changes) == 3
    stop()
    stop_other()
    for entity_id in (rates, "sensor.grid"):
        hass.states.async_set(entity_id, "2")
    await hass.async_block_till_done()
    assert len(changes) == 3


async def test_an_action_is_asked_as_soon_as_its_integration_is_loaded(hass: HomeAssistant) -> None:
    prices, _, entry = nordpool(hass, TODAY)
    changes: list[int] = []
    stop = prices.async_track(lambda: changes.append(1))
    MockConfigEntry(domain="test").add_to_hass(hass)
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    assert not changes
    entry.mock_state(hass, ConfigEntryState.LOADED)
    assert len(changes) == 1
    stop()
    entry.mock_state(hass, ConfigEntryState.LOADED)
    assert len(changes) == 1


@pytest.mark.parametrize("source", [CONSTANT, "fax:1:2"])
async def test_what_never_changes_is_tracked_in_vain(hass: HomeAssistant, source: str) -> None:
    prices_of(hass, source).async_track(pytest.fail)()


# What is found


async def test_only_lists_of_prices_of_energy_are_found(hass: HomeAssistant) -> None:
    attributes = SOURCES["Frank Energie"].attributes
    hass.states.async_set("sensor.gas", "1.2", attributes | {"unit_of_measurement": "€/m³"})
    hass.states.async_set("sensor.lowest", "0.1", {"start": EVENING, "end": UNTIL, "price": 0.1})
    hass.states.async_set("sensor.rank", "1", {"data": [{"start_time": EVENING, "end_time": UNTIL, "rank": 1}] * 3})
    assert await async_find_price_sources(hass) == ENTERED


async def test_entities_of_an_integration_with_an_action_are_not_offered_as_well(hass: HomeAssistant) -> None:
    """The custom integration of the same name has no action."""
    nordpool(hass, TODAY)
    entity_id = register(hass, "nordpool", "nordpool_kwh_se3")
    hass.states.async_set(entity_id, "0.3", SOURCES["nordpool of HACS"].attributes)
    labels = [source.label for source in await async_find_price_sources(hass)]
    assert labels[:-2] == ["Nord Pool: SE3", "Nord Pool: SE4"]
    hass.services.async_remove("nordpool", "get_prices_for_date")
    assert (await only_source(hass)).id == f"entity:{entity_id}"


async def test_disabled_entities_are_not_found(hass: HomeAssistant) -> None:
    register(hass, "rce_pse", "rce_pse_today_price", disabled_by=er.RegistryEntryDisabler.USER)
    assert await async_find_price_sources(hass) == ENTERED


async def test_slots_as_long_as_set_in_energyzero(hass: HomeAssistant) -> None:
    known = CorePrices(TODAY, TOMORROW)
    entry = CORE_SOURCES["energyzero"](hass, known).entry
    hass.config_entries.async_update_entry(entry, options={"electricity_price_interval": "quarter_hourly"})
    read = await prices_of(hass, f"energyzero:{entry.entry_id}:all_in").async_read(UNTIL)
    assert rounded(read) == expected((TODAY, TOMORROW), 15)
    assert known.wanted == [(day, "INTERVAL_QUARTER", "all_in") for day in (TODAY, TOMORROW)]


async def test_a_home_of_tibber_that_has_another_name_now(hass: HomeAssistant) -> None:
    """If it is the only one, it is the one that was meant; else it is not known which."""
    entry = CORE_SOURCES["tibber"](hass, CorePrices(TODAY)).entry
    read = await prices_of(hass, f"tibber:{entry.entry_id}:Bergen").async_read(UNTIL)
    assert read.fault is PriceFault.FAILED
    only = (await entry.runtime_data.async_get_client(hass)).get_homes(True)[:1]

    async def async_get_client(hass: HomeAssistant) -> SimpleNamespace:
        return SimpleNamespace(get_homes=lambda only_active: only)

    entry.runtime_data.async_get_client = async_get_client
    read = await prices_of(hass, f"tibber:{entry.entry_id}:Bergen").async_read(UNTIL)
    assert rounded(read) == expected((TODAY,), 15)


async def test_every_text_exists(hass: HomeAssistant) -> None:
    for subject, names in {"price_fault": PriceFault, "price_source": (*NAMED_PARTS, CONSTANT, TWO_TARIFF)}.items():
        assert all([await async_text(hass, subject, name) for name in names])
