"""OVMS as an owner has it: a real Mosquitto, Home Assistant's own MQTT integration, a module as the second client."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from logging import WARNING
from pathlib import Path
from typing import Any, Protocol

from homeassistant.components import mqtt
from homeassistant.components.climate import DOMAIN as CLIMATE_DOMAIN, SERVICE_TURN_ON
from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN, SERVICE_LOCK, SERVICE_UNLOCK
from homeassistant.config_entries import SOURCE_MQTT, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, CONF_PIN, STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect import connection
from custom_components.nissanconnect.backends.ovms import backend
from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.vehicle import Refresh

from .conftest import state
from .mosquitto import MISSING, USERS, Mosquitto, program
from .mqtt_home import mqtt_entry
from .simulator.ovms import OvmsModule
from .simulator.ovms.paho_link import PahoLink
from .simulator_tests.cars import build

pytestmark = [
    pytest.mark.skipif(program("mosquitto") is None or program("mosquitto_passwd") is None, reason=MISSING),
    pytest.mark.timeout(120),
    # The MQTT integration leaves its misc timer to the end of Home Assistant.
    pytest.mark.parametrize("expected_lingering_timers", [True]),
]

VIN = "SJNFAAZE1U0456789"


@pytest.fixture
def broker(socket_enabled: None, tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that runs."""
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


class MakeModule(Protocol):
    """Makes a module with a LEAF at 60 %, not connected yet."""

    def __call__(self, vehicle_id: str = "LEAF40", vin: str = VIN) -> OvmsModule: ...


@pytest.fixture
async def make_module(broker: Mosquitto) -> AsyncIterator[MakeModule]:
    """Modules that are disconnected at the end."""
    made: list[OvmsModule] = []

    def make(vehicle_id: str = "LEAF40", vin: str = VIN) -> OvmsModule:
        vehicle = build.leaf(vin, dt_util.utcnow())
        link = PahoLink(
            asyncio.get_running_loop(),
            port=broker.port,
            client=vehicle_id,
            username="leafcar",
            password=USERS["leafcar"],
        )
        made.append(OvmsModule(vehicle, link, prefix=f"ovms/leafcar/{vehicle_id}/", now=dt_util.utcnow))
        return made[-1]

    yield make
    for module in made:
        module.cut()


@pytest.fixture
async def module(make_module: MakeModule) -> OvmsModule:
    """One module that is connected."""
    module = make_module()
    module.connect()
    await until(lambda: module.connections == 1)
    return module


@pytest.fixture
async def homes_broker(
    hass: HomeAssistant, broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MockConfigEntry]:
    """The broker, as Home Assistant's MQTT integration knows it; nobody waits longer than needed for it."""
    monkeypatch.setattr(mqtt.client, "RECONNECT_INTERVAL_SECONDS", 1)
    monkeypatch.setattr(connection, "_FIRST_PAUSE", 0.2)
    monkeypatch.setattr(backend, "PUSH_INTERVAL", 0.1)
    entry = mqtt_entry(hass, broker, tmp_path)
    yield entry
    for each in (*hass.config_entries.async_entries(DOMAIN), entry):  # while the broker is there to be told
        if each.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(each.entry_id)


async def connect_home(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Connect Home Assistant to the broker."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: mqtt.is_connected(hass))


async def until(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Wait for something that real programs bring about, and no longer."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it never happens"
        await asyncio.sleep(0.05)


async def add_found(hass: HomeAssistant, entered: dict[str, Any] | None = None) -> MockConfigEntry:
    """Add the module that Home Assistant finds."""
    await until(lambda: found(hass))
    (flow, *_) = found(hass)
    assert flow["context"]["source"] == SOURCE_MQTT
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], entered or {})
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    entry: MockConfigEntry = result["result"]
    await until(shows(hass, "sensor.leaf_battery", "60.0"))
    return entry


def found(hass: HomeAssistant) -> list[Any]:
    return hass.config_entries.flow.async_progress_by_handler(DOMAIN)


def shows(hass: HomeAssistant, entity_id: str, value: str) -> Callable[[], bool]:
    return lambda: (seen := hass.states.get(entity_id)) is not None and seen.state == value


async def unload(hass: HomeAssistant) -> None:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def load(hass: HomeAssistant) -> None:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert await hass.config_entries.async_setup(entry.entry_id)


async def act(hass: HomeAssistant, domain: str, service: str, entity_id: str, **data: Any) -> None:
    """Call an action and wait for its end."""
    await hass.services.async_call(domain, service, {ATTR_ENTITY_ID: entity_id, **data}, blocking=True)


async def refused(hass: HomeAssistant, domain: str, service: str, entity_id: str) -> str | None:
    """Why an action is refused."""
    with pytest.raises(HomeAssistantError) as refusal:
        await act(hass, domain, service, entity_id)
    return refusal.value.translation_key


@pytest.fixture
async def ticking(module: OvmsModule) -> AsyncIterator[None]:
    """Have the module say several times a second what has changed."""

    async def tick() -> None:
        while True:
            module.tick()
            await asyncio.sleep(0.2)

    task = asyncio.ensure_future(tick())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_modules_are_found_read_and_commanded(
    hass: HomeAssistant,
    homes_broker: MockConfigEntry,
    module: OvmsModule,
    make_module: MakeModule,
    ticking: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await connect_home(hass, homes_broker)
    await add_found(hass)
    assert state(hass, "lock.leaf_lock").state == "locked"
    assert state(hass, "binary_sensor.leaf_reachable").state == STATE_ON
    assert float(state(hass, "sensor.leaf_odometer").state) == 48_123

    await act(hass, CLIMATE_DOMAIN, SERVICE_TURN_ON, "climate.leaf_climate")
    assert state(hass, "climate.leaf_climate").state == "heat_cool"
    assert module.lines == ["climatecontrol on"]
    assert state(hass, "event.leaf_command").attributes["event_type"] == "confirmed"
    assert state(hass, "sensor.leaf_wakes_today").state == "1"

    make_module("SECOND", "SJNFAAZE1U0456790").connect()  # that the first is configured hides no other
    await until(lambda: found(hass))
    assert found(hass)[0]["context"]["title_placeholders"] == {"name": "SECOND"}
    assert not [each for each in caplog.records if "nissanconnect" in each.name and each.levelno >= WARNING]


async def test_a_module_that_was_gone_when_home_assistant_came(
    hass: HomeAssistant, homes_broker: MockConfigEntry, module: OvmsModule
) -> None:
    await connect_home(hass, homes_broker)
    await add_found(hass)
    await unload(hass)
    levels: list[float] = []
    end = await mqtt.async_subscribe(
        hass, f"{module.prefix}metric/v/b/soc", lambda each: levels.append(float(each.payload))
    )
    module.vehicle.body.locked = False
    module.tick()
    module.vehicle.powertrain.battery.energy /= 2  # type: ignore[union-attr]
    module.control(Refresh())
    module.tick()
    await until(lambda: 30 in levels)  # so the broker has it
    end()
    module.cut()

    await load(hass)
    await until(shows(hass, "sensor.leaf_battery", "30.0"))  # what the broker had kept, not what was remembered
    await until(shows(hass, "binary_sensor.leaf_reachable", STATE_OFF))
    assert hass.states.get("sensor.leaf_last_report_from_vehicle") is None  # it has not been seen yet
    assert await refused(hass, LOCK_DOMAIN, SERVICE_LOCK, "lock.leaf_lock") == "unreachable"

    module.connect()
    await until(shows(hass, "binary_sensor.leaf_reachable", STATE_ON))
    assert module.lines == []  # nothing waited for it at the broker


async def test_its_last_will_takes_the_controls_away(
    hass: HomeAssistant, homes_broker: MockConfigEntry, module: OvmsModule
) -> None:
    await connect_home(hass, homes_broker)
    await add_found(hass)
    module.cut()
    await until(shows(hass, "binary_sensor.leaf_reachable", STATE_OFF))
    assert state(hass, "sensor.leaf_battery").state == "60.0"
    assert await refused(hass, CLIMATE_DOMAIN, SERVICE_TURN_ON, "climate.leaf_climate") == "unreachable"
    module.connect()
    await until(shows(hass, "binary_sensor.leaf_reachable", STATE_ON))


@pytest.mark.parametrize("persistent", [True, False])
async def test_a_broker_that_restarts(
    hass: HomeAssistant,
    homes_broker: MockConfigEntry,
    broker: Mosquitto,
    module: OvmsModule,
    ticking: None,
    persistent: bool,
) -> None:
    await connect_home(hass, homes_broker)
    await add_found(hass)
    broker.stop()
    await until(shows(hass, "binary_sensor.leaf_reachable", STATE_UNKNOWN))
    assert state(hass, "sensor.leaf_battery").state == "60.0"
    assert await refused(hass, CLIMATE_DOMAIN, SERVICE_TURN_ON, "climate.leaf_climate") == "no_broker"

    broker.start(persistent=persistent)
    await until(shows(hass, "binary_sensor.leaf_reachable", STATE_ON))
    await until(lambda: module.connections == 2)
    await act(hass, CLIMATE_DOMAIN, SERVICE_TURN_ON, "climate.leaf_climate")
    assert state(hass, "climate.leaf_climate").state == "heat_cool"
    assert module.lines.count("climatecontrol on") == 1
    assert float(state(hass, "sensor.leaf_battery").state) == pytest.approx(60, abs=0.1)  # the climate takes some


async def test_a_pin_is_asked_for_here(
    hass: HomeAssistant, homes_broker: MockConfigEntry, module: OvmsModule, ticking: None
) -> None:
    await connect_home(hass, homes_broker)
    await add_found(hass, {CONF_PIN: "2580"})
    with pytest.raises(HomeAssistantError):
        await act(hass, LOCK_DOMAIN, SERVICE_UNLOCK, "lock.leaf_lock", code="1111")
    assert module.lines == []
    await act(hass, LOCK_DOMAIN, SERVICE_UNLOCK, "lock.leaf_lock", code="2580")
    assert state(hass, "lock.leaf_lock").state == "unlocked"
    await act(hass, LOCK_DOMAIN, SERVICE_LOCK, "lock.leaf_lock")
    assert module.lines == ["unlock 0", "lock 0"]
