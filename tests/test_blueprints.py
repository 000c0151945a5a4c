"""Every blueprint of the repository, run by Home Assistant for the simulator's vehicles."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
import json
from pathlib import Path
import re
from typing import Any, Protocol, override

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint.models import Blueprint, DomainBlueprints
from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
    setup_test_component_platform,
)

from custom_components.nissanconnect.vehicle import Alert, AlertType, Group, StartClimate

from .conftest import LetTimePass, state
from .simulator import Simulator
from .simulator.cars.electric import Electric
from .simulator.cars.places import HOME
from .test_automations import device_id, happen, vehicle
from .test_commands import act, executed

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "blueprints" / AUTOMATION_DOMAIN
BLUEPRINTS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml"))
MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)


class Use(Protocol):
    """Makes an automation of a blueprint."""

    async def __call__(self, blueprint: str, **inputs: Any) -> None:
        """Make it with the inputs."""


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Home Assistant find the repository's blueprints where it looks for the owner's."""
    monkeypatch.setattr(DomainBlueprints, "blueprint_folder", FOLDER)


@pytest.fixture
def notes(hass: HomeAssistant) -> list[ServiceCall]:
    """The notifications that the blueprints create by default."""
    calls: list[ServiceCall] = async_mock_service(hass, "persistent_notification", "create")
    return calls


@pytest.fixture
async def use(hass: HomeAssistant) -> AsyncIterator[Use]:
    """Makes an automation of a blueprint, which ends with the test."""

    async def use(blueprint: str, **inputs: Any) -> None:
        made = {"alias": "made", "use_blueprint": {"path": f"nissanconnect/{blueprint}.yaml", "input": inputs}}
        assert await async_setup_component(hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: made})
        await hass.async_block_till_done()
        assert state(hass, "automation.made").state == "on"

    yield use
    await act(hass, AUTOMATION_DOMAIN, "turn_off", "automation.made")


def test_every_blueprint_is_run() -> None:
    assert {Path(each).stem for each in BLUEPRINTS} <= {name.removeprefix("test_") for name in globals()}


@pytest.mark.parametrize("path", BLUEPRINTS)
async def test_what_a_blueprint_says_of_itself(hass: HomeAssistant, path: str) -> None:
    assert await async_setup_component(hass, AUTOMATION_DOMAIN, {})
    blueprint: Blueprint = await async_get_blueprints(hass).async_get_blueprint(path)
    assert blueprint.validate() is None
    told = blueprint.metadata
    manifest = json.loads((REPOSITORY / "custom_components" / "nissanconnect" / "manifest.json").read_text())
    assert told["source_url"] == f"{manifest['documentation']}/blob/main/blueprints/automation/{path}"
    assert told["homeassistant"]["min_version"] == json.loads((REPOSITORY / "hacs.json").read_text())["homeassistant"]
    shown = [told["name"], told["description"]]
    for name, asked in blueprint.inputs.items():
        assert asked["name"]
        shown += [asked["name"], asked.get("description", "")]
        assert asked["selector"]
        own = {"device", "entity"} & asked["selector"].keys()
        assert own or "default" in asked, f"{name}: only what nobody can guess is asked for"
        for kind in own:
            assert asked["selector"][kind]["filter"], name
    assert not re.search(r"\bareas?\b", re.sub(r"`\w+`", "", " ".join(shown))), "it is a geofence for its owner"


async def test_charging_finished(
    hass: HomeAssistant, use: Use, loaded: MockConfigEntry, notes: list[ServiceCall]
) -> None:
    await use("charging_finished", vehicle=device_id(hass, loaded))
    await happen(hass, loaded, AlertType.CHARGING_INTERRUPTED)
    await happen(hass, loaded, AlertType.CHARGING_FINISHED, name="Ariya")
    assert notes == []
    await happen(hass, loaded, AlertType.CHARGING_FINISHED)
    finished = Alert(type=AlertType.CHARGING_FINISHED, at=dt_util.utcnow(), details={"level": 80.0})
    vehicle(loaded).alerts.async_report([finished])
    await hass.async_block_till_done()
    assert [call.data["title"] for call in notes] == ["LEAF", "LEAF"]
    assert [call.data["message"] for call in notes] == [
        "Charging has finished (12:00).",
        "Charging has finished at 80 % (12:00).",
    ]


async def test_charging_finished_with_actions_of_the_owner(
    hass: HomeAssistant, use: Use, loaded: MockConfigEntry
) -> None:
    calls = async_mock_service(hass, "test", "act")
    told = {"action": "test.act", "data": {"told": "{{ vehicle }} {{ level }}"}}
    await use("charging_finished", vehicle=device_id(hass, loaded), finished_actions=[told])
    await happen(hass, loaded, AlertType.CHARGING_FINISHED)
    assert [call.data["told"] for call in calls] == ["LEAF None"]


@pytest.mark.parametrize(("areas", "expected"), [([], ["Home", "Work"]), (["Work"], ["Work"])])
async def test_left_area(
    hass: HomeAssistant,
    use: Use,
    loaded: MockConfigEntry,
    notes: list[ServiceCall],
    areas: list[str],
    expected: list[str],
) -> None:
    await use("left_area", vehicle=device_id(hass, loaded), areas=areas)
    await happen(hass, loaded, AlertType.ENTERED_AREA, "Work")
    for area in ("Home", "Work"):
        await happen(hass, loaded, AlertType.LEFT_AREA, area)
    assert [call.data["message"] for call in notes] == [f"The car has left {each} (12:00)." for each in expected]


async def test_lock_when_left_unlocked(
    hass: HomeAssistant, use: Use, loaded: MockConfigEntry, notes: list[ServiceCall]
) -> None:
    locked = async_mock_service(hass, "lock", "lock")
    await use("lock_when_left_unlocked", vehicle=device_id(hass, loaded), lock="lock.leaf_lock")
    await happen(hass, loaded, AlertType.DOOR_OPEN)
    await happen(hass, loaded, AlertType.LEFT_UNLOCKED, name="Qashqai")
    assert locked == notes == []
    await happen(hass, loaded, AlertType.LEFT_UNLOCKED)
    assert [call.data["entity_id"] for call in locked] == [["lock.leaf_lock"]]
    assert [call.data["title"] for call in notes] == ["Locked"]


async def test_nothing_is_called_locked_that_is_not(
    hass: HomeAssistant, use: Use, loaded: MockConfigEntry, notes: list[ServiceCall]
) -> None:
    tried = async_mock_service(hass, "lock", "lock", raise_exception=HomeAssistantError("refused"))
    await use("lock_when_left_unlocked", vehicle=device_id(hass, loaded), lock="lock.leaf_lock")
    await happen(hass, loaded, AlertType.LEFT_UNLOCKED)
    assert len(tried) == 1
    assert notes == []


@pytest.mark.parametrize(
    ("charge", "plugged_in", "at_home", "reminds"),
    [(0.4, False, True, True), (1, False, True, False), (0.4, True, True, False), (0.4, False, False, False)],
    ids=["low", "full", "plugged in", "away"],
)
async def test_plug_in_tonight(
    hass: HomeAssistant,
    use: Use,
    simulator: Simulator,
    loaded: MockConfigEntry,
    notes: list[ServiceCall],
    pass_time: LetTimePass,
    charge: float,
    plugged_in: bool,
    at_home: bool,
    reminds: bool,
) -> None:
    if at_home:
        await hass.config.async_update(latitude=HOME.latitude, longitude=HOME.longitude)
    ariya = simulator.vehicle("Ariya")
    assert isinstance(ariya.powertrain, Electric)
    ariya.powertrain.battery.energy *= charge
    ariya.unplug()
    if plugged_in:
        ariya.plug_in()
    await use(
        "plug_in_tonight",
        battery="sensor.ariya_battery",
        plug="binary_sensor.ariya_plugged_in",
        location="device_tracker.ariya_location",
        at="12:45:00",
    )
    await pass_time(44 * MINUTES, 11 * MINUTES)
    assert notes == []
    await pass_time(2 * MINUTES)
    level = float(state(hass, "sensor.ariya_battery").state)
    assert [call.data["message"] for call in notes] == [f"The car is at {level:.0f} % and not plugged in."] * reminds


class Appointments(CalendarEntity):
    """A calendar with one event, an hour after noon."""

    _attr_name = "Appointments"
    event = None

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        start = dt_util.utcnow().replace(hour=13, minute=0, second=0, microsecond=0)
        event = CalendarEvent(start=start, end=start + HOURS, summary="Drive to the Dentist")
        return [event] if start_date < event.end and event.start < end_date else []


@pytest.mark.parametrize(
    ("inputs", "heats"),
    [
        ({"colder": 1}, True),
        ({"colder": 1, "word": "dentist"}, True),
        ({"colder": 1, "word": "school"}, False),
        ({"colder": -1}, False),
        ({"colder": -1, "hotter": -1}, True),
    ],
    ids=["cold", "cold and the word", "cold without the word", "mild", "hot"],
)
async def test_preheat_before_event(
    hass: HomeAssistant,
    use: Use,
    simulator: Simulator,
    loaded: MockConfigEntry,
    pass_time: LetTimePass,
    inputs: dict[str, Any],
    heats: bool,
) -> None:
    outside = float(state(hass, "sensor.leaf_outside_temperature").state)
    limits = {key: value + outside if isinstance(value, int) else value for key, value in inputs.items()}
    setup_test_component_platform(hass, "calendar", [Appointments()])
    assert await async_setup_component(hass, "calendar", {"calendar": {"platform": "test"}})
    await use(
        "preheat_before_event",
        calendar="calendar.appointments",
        climate="climate.leaf_climate",
        outside="sensor.leaf_outside_temperature",
        **limits,
    )
    await pass_time(39 * MINUTES, 3 * MINUTES)
    assert executed(simulator, "Leaf") == []
    await pass_time(5 * MINUTES)
    assert [type(command) for command in executed(simulator, "Leaf")] == [StartClimate] * heats


@pytest.mark.parametrize(
    ("above", "wallbox", "stops"),
    [(3, "on", True), (90, "on", False), (3, "off", False)],
    ids=["full enough", "not yet", "off already"],
)
async def test_stop_charging_at_level(
    hass: HomeAssistant,
    use: Use,
    simulator: Simulator,
    loaded: MockConfigEntry,
    pass_time: LetTimePass,
    above: float,
    wallbox: str,
    stops: bool,
) -> None:
    hass.states.async_set("switch.wallbox", wallbox)
    reached: list[float] = []

    async def turn_off(call: ServiceCall) -> None:
        hass.states.async_set(call.data["entity_id"][0], "off")
        reached.append(float(state(hass, "sensor.ariya_battery").state))

    hass.services.async_register("switch", "turn_off", turn_off)
    ariya = simulator.vehicle("Ariya")
    assert isinstance(ariya.powertrain, Electric)
    ariya.unplug()
    ariya.powertrain.battery.energy *= 0.1
    limit = round(ariya.powertrain.battery.level + above)
    await use(
        "stop_charging_at_level",
        battery="sensor.ariya_battery",
        plug="binary_sensor.ariya_plugged_in",
        wallbox="switch.wallbox",
        level=limit,
    )
    await pass_time(31 * MINUTES, 10 * MINUTES)
    assert reached == [], "it is low, and without a plug"
    ariya.plug_in()
    for _ in range(6):
        await pass_time(30 * MINUTES, 10 * MINUTES)
        ariya.report({Group.BATTERY, Group.CHARGING})  # as a car may while it charges
    assert [level >= limit for level in reached] == [True] * stops
