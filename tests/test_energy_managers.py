"""What evcc and EV Smart Charging read of our entities, by the tables of their page: they understand all of it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import product
import re

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, PERCENTAGE, STATE_UNKNOWN, UnitOfLength
from homeassistant.core import HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.account import NissanConfigEntry
from custom_components.nissanconnect.vehicle import Charging, ChargingStatus, Group, VehicleState

from .conftest import NOON, LetTimePass, set_up, state
from .pages import PAGES
from .simulator import Simulator
from .simulator.cars.electric import Electric
from .test_commands import act, demo  # noqa: F401 - demo is a fixture

PAGE = PAGES["docs/energy-managers.md"]


def table(heading: str) -> dict[str, tuple[str, bool]]:
    """Return the rows below a heading of the page: the entity of each name, and whether not every car has it."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `?([^|`]+?)`? \| `(\w+\.leaf_\w+)`(.*)\|$", section, re.MULTILINE)
    return {name: (entity_id, "where the car" in rest) for name, entity_id, rest in rows}


def mapped(hass: HomeAssistant, heading: str, car: str) -> dict[str, State]:
    """Return what an energy manager reads of a car by the page; only what not every car has may be missing."""
    found = {}
    for name, (of_the_leaf, optional) in table(heading).items():
        entity_id = of_the_leaf.replace("leaf", car)
        if not optional or hass.states.get(entity_id) is not None:
            found[name] = state(hass, entity_id)
    return found


# How evcc reads (charging §3.1): the text of the state, whatever its unit


def a_number(shown: State, unit: str) -> None:
    assert shown.attributes[ATTR_UNIT_OF_MEASUREMENT] == unit
    float(shown.state)


def a_whole_number(shown: State, unit: str) -> None:
    assert re.fullmatch(r"-?\d+", shown.state), shown
    a_number(shown, unit)


def a_percentage(shown: State) -> None:
    a_number(shown, PERCENTAGE)
    assert 0 <= float(shown.state) <= 100


def a_limit(shown: State) -> None:
    assert shown.domain in {"input_number", "number"}
    a_whole_number(shown, PERCENTAGE)
    a_percentage(shown)


STATES = {
    "a": "A",
    "disconnected": "A",
    "not_plugged": "A",
    "b": "B",
    "complete": "B",
    "connected": "B",
    "charging_completed": "B",
    "paused": "B",
    "plugged": "B",
    "starting": "B",
    "stopped": "B",
    "c": "C",
    "charging": "C",
}
"""What it understands without help; any other state is an error."""


def a_status(shown: State) -> None:
    assert shown.state.lower() in STATES


def a_switch(shown: State) -> None:
    assert shown.domain in {"input_boolean", "script", "switch"}
    on_or_off(shown)


def on_or_off(shown: State) -> None:
    assert shown.state in {"on", "off"}


def a_time(shown: State) -> None:
    """An instant as RFC 3339 has it: with its offset, and a T before the time."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)", shown.state), shown
    assert datetime.fromisoformat(shown.state) > NOON


EVCC: Mapping[str, Callable[[State], None]] = {
    "soc": a_percentage,
    "range": lambda shown: a_whole_number(shown, UnitOfLength.KILOMETERS),
    "odometer": lambda shown: a_number(shown, UnitOfLength.KILOMETERS),
    "status": a_status,
    "climater": on_or_off,
    "finishTime": a_time,
    "limitSoc": a_limit,
    "start_charging": a_switch,
}
"""What its template takes for a vehicle, and how each has to look; it can do without all but the first."""

EV_SMART_CHARGING: Mapping[str, Callable[[State], None]] = {
    "EV SOC entity": a_percentage,
    "EV target SOC entity": a_percentage,
    "Charger control switch entity": a_switch,
    "Charging state entity": on_or_off,
}
"""The fields of its dialog, and what it accepts in them (charging §3.2)."""

MANAGERS = {"evcc": EVCC, "EV Smart Charging": EV_SMART_CHARGING}
LIMITS = {"limitSoc", "EV target SOC entity"}
SWITCHES = {"start_charging", "Charger control switch entity"}


@pytest.fixture
def ariya(simulator: Simulator) -> None:
    """The Ariya of the simulator, plugged in, with something to charge."""
    found = simulator.vehicle("Ariya").powertrain
    assert isinstance(found, Electric)
    found.battery.energy *= 0.6
    simulator.vehicle("Ariya").report({*Group})


@pytest.mark.parametrize("heading", MANAGERS)
def test_the_page_has_a_row_for_everything_that_can_be_read(heading: str) -> None:
    assert table(heading).keys() == MANAGERS[heading].keys()


def check(hass: HomeAssistant, heading: str, car: str) -> Iterator[str]:
    """Check what is known of a car; yield the names of that."""
    for name, shown in mapped(hass, heading, car).items():
        if shown.state != STATE_UNKNOWN:
            MANAGERS[heading][name](shown)
            yield name


@pytest.mark.parametrize("heading", MANAGERS)
@pytest.mark.usefixtures("ariya")
async def test_a_car_of_europe_is_understood(hass: HomeAssistant, entry: MockConfigEntry, heading: str) -> None:
    await set_up(hass, entry)
    everything = MANAGERS[heading].keys() - LIMITS  # none in Europe can be set
    assert {*check(hass, heading, "ariya")} == everything
    assert {*check(hass, heading, "leaf")} == everything - SWITCHES - {"finishTime"}, "it does not charge now"


@pytest.mark.parametrize("heading", MANAGERS)
@pytest.mark.usefixtures("demo")
async def test_a_limit_that_was_set_is_understood(hass: HomeAssistant, heading: str) -> None:
    await act(hass, "number", "set_value", "number.ariya_charge_limit", value=75)
    assert {*check(hass, heading, "ariya")} == MANAGERS[heading].keys() - {"finishTime"}
    (limit,) = (shown for name, shown in mapped(hass, heading, "ariya").items() if name in LIMITS)
    assert float(limit.state) == 75


@pytest.mark.usefixtures("ariya")
async def test_evcc_follows_a_charge_from_the_plug_to_the_end(
    hass: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, pass_time: LetTimePass
) -> None:
    simulator.vehicle("Ariya").unplug()
    await set_up(hass, entry)

    def status() -> str:
        return STATES[mapped(hass, "evcc", "ariya")["status"].state]

    assert status() == "A"
    simulator.vehicle("Ariya").plug_in()
    await pass_time(timedelta(hours=1), timedelta(minutes=15))
    assert status() == "C"
    finish = mapped(hass, "evcc", "ariya")["finishTime"]
    a_time(finish)
    await act(hass, "switch", "turn_off", "switch.ariya_charging")
    assert status() == "B"
    await act(hass, "switch", "turn_on", "switch.ariya_charging")
    assert status() == "C"
    await pass_time(datetime.fromisoformat(finish.state) - NOON, timedelta(minutes=15))
    assert status() == "B"
    assert mapped(hass, "evcc", "ariya")["finishTime"].state == STATE_UNKNOWN


def understood(plugged_in: bool | None, reported: ChargingStatus | None) -> str | None:
    """Return what evcc should understand; no status is no error to it."""
    if reported in {ChargingStatus.CHARGING, ChargingStatus.V2G_CHARGING}:
        return "C"
    is_plugged_in = Charging(backend="b", received_at=NOON, plugged_in=plugged_in, status=reported).plugged_in
    return {None: None, False: "A", True: "B"}[is_plugged_in]


async def test_evcc_understands_whatever_a_car_reports(
    hass: HomeAssistant, simulator: Simulator, loaded: NissanConfigEntry
) -> None:
    vehicle = loaded.runtime_data.vehicles[simulator.car("Leaf").vin]
    for plugged_in, reported in product((None, False, True), (None, *ChargingStatus)):
        charging = Charging(backend="b", received_at=NOON, plugged_in=plugged_in, status=reported)
        vehicle.coordinator.async_set_updated_data(VehicleState.of(charging))
        await hass.async_block_till_done()
        shown = mapped(hass, "evcc", "leaf")["status"].state
        expected = understood(plugged_in, reported)
        assert (None if shown == STATE_UNKNOWN else STATES[shown]) == expected, (plugged_in, reported)
