"""A charge plan counts on the sun, and the book knows afterwards what came of that, as the plan had reckoned."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading, Value, last_until
from custom_components.nissanconnect.engine.charge_plan import PlanStatus

from .charging import Wallbox, add_plan, electric, plug_in_empty, runtime, set_prices
from .conftest import NOON, LetTimePass, set_up
from .simulator import Fault, Simulator
from .test_charge_control import shown
from .test_command_log import ask
from .test_commands import device_id
from .test_energy_preferences import GRID, SOLAR, roof, set_preferences

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
POWER, PRICE, FEED_IN = 6.6, 0.30, 0.08
COUNTS: dict[str, Any] = {"solar": True, "feed_in": FEED_IN}
CONSTANT: dict[str, Any] = {"price_source": "constant", "price": PRICE}
METER = {"energy_sensor": "sensor.energy", "power_sensor": "sensor.power"}

MORE, LESS = NOON + 55 * MINUTE, NOON + 115 * MINUTE
"""When the roof has more to spare, and when less again: at no moment at which anything else happens."""

type Sun = dict[datetime, float]


@pytest.fixture
async def sun(hass: HomeAssistant) -> Sun:
    """What the roof is expected to have to spare, in Wh from a time on; a test may change it."""
    expected = {NOON - 5 * MINUTE: 3300.0, MORE: 9000.0, LESS: 700.0, NOON + 20 * HOUR: 500.0}

    async def forecast(hass: HomeAssistant, entry_id: str) -> dict[str, Mapping[str, float]] | None:
        return {"wh_hours": {at.isoformat(): energy for at, energy in expected.items()}}

    await set_preferences(hass, GRID, SOLAR | {"config_entry_solar_forecast": [await roof(hass, "sun", forecast)]})
    return expected


class House:
    """A wallbox with a meter, of which the roof supplies a part."""

    def __init__(self, hass: HomeAssistant, simulator: Simulator, pass_time: LetTimePass) -> None:
        self._hass = hass
        self._simulator = simulator
        self._pass_time = pass_time
        self.drawn = dict[datetime, float]()
        """kWh in each minute."""
        self.show()

    def show(self) -> None:
        """Show what is measured."""
        leaf = electric(self._simulator)
        for name, value, unit in (("energy", leaf.ledger.mains, "kWh"), ("power", leaf.from_wall, "kW")):
            self._hass.states.async_set(f"sensor.{name}", str(round(value, 4)), {"unit_of_measurement": unit})

    async def go_on(self, duration: timedelta) -> None:
        """Let time pass."""
        end = dt_util.utcnow() + duration
        while (at := dt_util.utcnow()) < end:
            before = electric(self._simulator).ledger.mains
            await self._pass_time(MINUTE)
            self.drawn[at] = electric(self._simulator).ledger.mains - before
            self.show()

    def costs(self, price: float, feed_in: float) -> Iterator[float]:
        """What each minute has cost by the forecast, in which there is power for half, all or a ninth of the charge."""
        for at, drawn in self.drawn.items():
            share = 0.5 if at < MORE else 1.0 if at < LESS else 0.7 / POWER
            yield drawn * (share * feed_in + (1 - share) * price)


@pytest.fixture
async def house(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, sun: Sun, pass_time: LetTimePass
) -> House:
    """The house at noon, when the LEAF is plugged in."""
    await Wallbox(hass, simulator).async_build()
    set_prices(hass, NOON, [PRICE] * 200)
    plug_in_empty(simulator, 40)
    house = House(hass, simulator, pass_time)
    await set_up(hass, entry)
    return house


def noted(entry: MockConfigEntry, quantity: Quantity = Quantity.SOLAR) -> list[Reading]:
    """What the book has noted."""
    return runtime(entry).book.book.readings.of(quantity)


def known_at(entry: MockConfigEntry, quantity: Quantity, at: datetime) -> Value:
    """What the book takes for true at a time."""
    found = last_until(noted(entry, quantity), at)
    return found and found.value


async def test_the_book_reckons_as_the_plan_does(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, house: House
) -> None:
    await add_plan(hass, entry, target=80, capacity=37.2, **CONSTANT, **COUNTS, **METER)
    await house.go_on(timedelta(hours=3, minutes=10))
    leaf = device_id(hass, entry, simulator, "Leaf")
    await hass.services.async_call(DOMAIN, "refresh", {"device_id": leaf, "wake": True}, blocking=True)
    await house.go_on(timedelta(minutes=20))

    display = shown(runtime(entry).charge)
    assert display.standing.status is PlanStatus.DONE
    (charge,) = await ask(hass, "get_charges", leaf)
    assert charge["wall_energy"] == pytest.approx(display.energy, abs=0.1)
    assert charge["cost"] == pytest.approx(display.cost, abs=0.02)
    assert charge["cost"] == pytest.approx(sum(house.costs(PRICE, FEED_IN)), abs=0.02)
    assert charge["solar"] == pytest.approx(sum(house.costs(0, 1)) / charge["wall_energy"], abs=0.01)
    assert 0.5 < charge["solar"] < 0.7


async def test_what_flows_costs_something_else_as_soon_as_the_sun_does(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, house: House
) -> None:
    """Also while the vehicle reports nothing, which would have the plan look."""
    await add_plan(hass, entry, target=80, capacity=37.2, **CONSTANT, **COUNTS, **METER)
    await house.go_on(timedelta(minutes=45))
    simulator.fail("*", Fault.http(503))
    await house.go_on(timedelta(minutes=25))
    session = runtime(entry).charge.memory.session
    assert session is not None
    assert session.updated_at >= MORE
    house.drawn = {at: drawn for at, drawn in house.drawn.items() if at < session.updated_at}
    assert session.cost == pytest.approx(sum(house.costs(PRICE, FEED_IN)), abs=0.03), "but for the first minute"


@pytest.mark.parametrize("counts", [{}, {"solar": False, "feed_in": FEED_IN}])
async def test_a_plan_that_does_not_count_on_the_sun_says_nothing_of_it(
    hass: HomeAssistant, entry: MockConfigEntry, house: House, counts: dict[str, Any]
) -> None:
    await add_plan(hass, entry, **counts)
    await house.go_on(timedelta(minutes=40))
    assert noted(entry) == []
    assert {each.value for each in noted(entry, Quantity.PRICE)} == {PRICE, None}


async def test_without_a_forecast_the_price_is_that_of_the_grid(
    hass: HomeAssistant, entry: MockConfigEntry, house: House, sun: Sun
) -> None:
    sun.clear()
    await add_plan(hass, entry, **COUNTS)
    await house.go_on(timedelta(minutes=40))
    assert noted(entry) == []
    assert {each.value for each in noted(entry, Quantity.PRICE)} == {PRICE, None}
    assert known_at(entry, Quantity.PRICE, NOON + 39 * MINUTE) == PRICE


async def test_at_night_nothing_comes_from_the_roof(
    hass: HomeAssistant, entry: MockConfigEntry, house: House, pass_time: LetTimePass
) -> None:
    await add_plan(hass, entry, **COUNTS)
    await pass_time(timedelta(hours=7), 5 * MINUTE)
    assert known_at(entry, Quantity.SOLAR, NOON + 2.5 * HOUR) == round(0.7 / POWER, 2)
    assert known_at(entry, Quantity.SOLAR, NOON + 6 * HOUR) == 0
    assert known_at(entry, Quantity.PRICE, NOON + 6 * HOUR) == PRICE


async def test_each_quarter_of_an_hour_is_noted_once(
    hass: HomeAssistant, entry: MockConfigEntry, house: House, sun: Sun, pass_time: LetTimePass
) -> None:
    """Powers waver, and forecasts change."""
    await add_plan(hass, entry, **CONSTANT, **COUNTS, **METER)
    for minute in range(55):
        hass.states.async_set("sensor.power", str(4 + minute / 100), {"unit_of_measurement": "kW"})
        sun[NOON - 5 * MINUTE] = sun[MORE] = 2000.0 + minute
        await pass_time(MINUTE)
    quarters = [NOON + number * timedelta(minutes=15) for number in range(4)]
    for quantity in (Quantity.SOLAR, Quantity.PRICE):
        assert [each.at for each in noted(entry, quantity) if each.value is not None and each.at >= NOON] == quarters
        assert len(noted(entry, quantity)) <= 2 * len(quarters)
    assert [each.value for each in noted(entry) if each.value is not None] == [
        round((2 + minute / 1000) / (4 + minute / 100), 2) for minute in (0, 16, 31, 46)
    ]


async def test_a_forecast_that_is_lost_leaves_what_was_noted_and_the_price_of_the_grid(
    hass: HomeAssistant, entry: MockConfigEntry, house: House, sun: Sun
) -> None:
    await add_plan(hass, entry, **CONSTANT, **COUNTS)
    await house.go_on(timedelta(minutes=20))
    sun.clear()
    await house.go_on(timedelta(minutes=20))
    assert known_at(entry, Quantity.SOLAR, NOON + 29 * MINUTE) == 0.5
    assert known_at(entry, Quantity.SOLAR, NOON + 31 * MINUTE) is None
    assert known_at(entry, Quantity.PRICE, NOON + 31 * MINUTE) == PRICE


async def test_a_forecast_that_comes_up_later_than_the_vehicle_is_waited_for(
    hass: HomeAssistant, entry: MockConfigEntry, house: House, sun: Sun, pass_time: LetTimePass
) -> None:
    await add_plan(hass, entry, **COUNTS)
    await pass_time(20 * MINUTE)
    before, expected = noted(entry, Quantity.PRICE), dict(sun)
    sun.clear()
    hass.set_state(CoreState.starting)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await pass_time(5 * MINUTE)
    assert noted(entry, Quantity.PRICE) == before
    sun.update(expected)
    hass.set_state(CoreState.running)
    await pass_time(5 * MINUTE)
    assert known_at(entry, Quantity.PRICE, NOON + 29 * MINUTE) == pytest.approx(0.5 * FEED_IN + 0.5 * PRICE)
