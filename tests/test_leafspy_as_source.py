"""A LEAF of a cloud, and the phone in it."""

from collections.abc import AsyncIterator
from datetime import timedelta

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import STATE_OFF
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.const import DOMAIN
from custom_components.nissanconnect.vehicle import (
    Battery,
    Capability,
    Climate,
    Connectivity,
    Stamp,
    VehicleInfo,
    VehicleState,
    alias,
)

from .conftest import NOON, LetTimePass, set_up, settle, state
from .leafspy import GOOD, Client, call, link, phone, verdict
from .scripted import Scripted, Stage, stage
from .simulator.leafspy_app import VIN
from .simulator.leafspy_log import Drive, log
from .test_leafspy_log import begin, client, go, history, noon, upload

__all__ = ["client", "noon", "stage"]

pytestmark = pytest.mark.usefixtures("recorder_mock")

CLOUD = VehicleInfo(key="CAR-1", nickname="LEAF", capabilities=frozenset({Capability.BATTERY, Capability.CLIMATE}))


@pytest.fixture
def cloud() -> Scripted:
    """A cloud that heard from the vehicle an hour ago, and knows it by a name of its own."""
    stamp: Stamp = {"backend": "kamereon", "received_at": NOON, "reported_at": NOON - timedelta(hours=1)}
    groups = (Battery(**stamp, level=50.0, range=120.0), Climate(**stamp, running=True))
    said = VehicleState.of(*groups, Connectivity(**stamp, reachable=False))
    return Scripted("kamereon", {CLOUD.key: CLOUD}, {CLOUD.key: said})


@pytest.fixture
async def both(hass: HomeAssistant, client: Client, stage: Stage, cloud: Scripted) -> AsyncIterator[MockConfigEntry]:
    """The link, whose vehicle is a source of the cloud's."""
    phones, account = link(), stage.entry("Cloud", cloud)
    await set_up(hass, phones)
    await call(hass, client, phone().parameters() | {"SOC": "61"})
    source = ConfigSubentryData(
        data={
            "vehicle": alias(CLOUD.key),
            "entry": phones.entry_id,
            "source_vehicle": alias(VIN),
            "preferred": False,
        },
        subentry_type="source",
        title="Leaf Spy",
        unique_id="leafspy",
    )
    account = MockConfigEntry(
        domain=DOMAIN, title="Cloud", unique_id="Cloud", data=dict(account.data), subentries_data=[source]
    )
    await set_up(hass, account)
    await settle(hass)
    yield phones
    for entry in (account, phones):
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("every_entity_enabled")
async def test_the_phone_knows_more_and_later_but_not_whether_the_vehicle_can_be_reached(
    hass: HomeAssistant, client: Client, both: MockConfigEntry, pass_time: LetTimePass
) -> None:
    names = [device.name for device in dr.async_get(hass).devices]
    assert names == ["LEAF"]
    await pass_time(timedelta(minutes=1))
    assert await verdict(await call(hass, client, phone().parameters() | {"SOC": "55"})) == GOOD
    assert state(hass, "sensor.leaf_battery").state == "55.0"
    assert state(hass, "sensor.leaf_battery_source").state == "kamereon", "they may take turns"
    assert state(hass, "sensor.leaf_battery_health").state == "88.0"
    assert state(hass, "binary_sensor.leaf_reachable").state == STATE_OFF, "the cloud knows that"
    await pass_time(timedelta(minutes=20))
    assert state(hass, "sensor.leaf_battery").state == "55.0"
    assert state(hass, "sensor.leaf_battery_source").state == "leafspy"


async def test_its_logs_become_history_of_sensors_while_the_account_is_not_loaded(
    hass: HomeAssistant, client: Client, both: MockConfigEntry
) -> None:
    """What was driven belongs into the book, which is not there."""
    (account,) = (each for each in hass.config_entries.async_entries(DOMAIN) if each is not both)
    await hass.config_entries.async_unload(account.entry_id)
    sensor = er.async_get(hass).async_get_or_create("sensor", DOMAIN, f"{VIN}_battery_health", config_entry=account)
    content = log([Drive(at=NOON - timedelta(days=300), health=90).row()])
    result = await go(hass, await begin(hass, both), {"file": await upload(client, content)})
    assert result["reason"] == "log_imported"
    assert len(await history(hass, sensor.entity_id)) == 1


async def test_its_logs_become_history_of_the_one_vehicle(
    hass: HomeAssistant, client: Client, both: MockConfigEntry
) -> None:
    await call(hass, client, phone().parameters())
    content = log([Drive(at=NOON - timedelta(days=300), health=90).row()])
    result = await go(hass, await begin(hass, both), {"file": await upload(client, content)})
    assert result["reason"] == "log_imported"
    assert [mean for _, mean, _, _ in await history(hass, "sensor.leaf_battery_health")] == [90]
