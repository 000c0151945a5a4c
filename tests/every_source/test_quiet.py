"""What brings nothing new is not written down, with Home Assistant's own recorder."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.db_schema import States
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.recorder import session_scope
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events, async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.nissanconnect.account import AccountCoordinator

from ..rigs import Rig

pytestmark = pytest.mark.usefixtures("recorder_mock", "every_entity_enabled")

COUNTS_READS = ("_last_read", "_requests_today")
"""What is off by default because each read changes it."""


async def rows(hass: HomeAssistant) -> int:
    """How many states the recorder has written."""
    await async_wait_recording_done(hass)

    def count() -> int:
        with session_scope(hass=hass, read_only=True) as session:
            return session.query(States).count()

    return await get_instance(hass).async_add_executor_job(count)


def shown(event: Event, which: str) -> tuple[str, Mapping[str, Any]]:
    """What an entity shows before or after a change."""
    return event.data[which].state, event.data[which].attributes


async def test_a_read_without_news_writes_nothing(hass: HomeAssistant, rig: Rig) -> None:
    await rig.add()
    await rig.pass_time(timedelta(minutes=30))  # until the vehicle has fallen asleep, where it does
    account = rig.entry.runtime_data
    assert isinstance(account, AccountCoordinator)
    before = await rows(hass)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    for _ in range(20):
        rig.freezer.tick(1)
        await rig.tell()
        await rig.settle()
        for vehicle in account.vehicles.values():
            await vehicle.connection.entry.runtime_data.async_read_vehicle(vehicle)
            await rig.settle()
    async_fire_time_changed(hass)
    await rig.settle()
    counted = [each for each in changes if not each.data["entity_id"].endswith(COUNTS_READS)]
    assert [each.data["entity_id"] for each in counted if shown(each, "old_state") == shown(each, "new_state")] == []
    assert len(counted) < 5, "a tyre or a battery cools down a little meanwhile"
    assert await rows(hass) - before == len(changes)
