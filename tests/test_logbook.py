"""Home Assistant's own logbook, which tells each thing once."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.components.logbook.helpers import async_determine_event_types
from homeassistant.components.logbook.processor import EventProcessor
from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN

from .conftest import set_up
from .test_commands import act

COMMAND = "event.leaf_command"

pytestmark = pytest.mark.usefixtures("recorder_mock")


async def lines(hass: HomeAssistant, since: datetime, device_ids: list[str] | None = None) -> list[dict[str, Any]]:
    """What the logbook shows of commands, of everything or of devices with their entities."""
    await async_wait_recording_done(hass)
    registry = er.async_get(hass)
    entity_ids = [
        each.entity_id for device in device_ids or [] for each in er.async_entries_for_device(registry, device)
    ]
    types = async_determine_event_types(hass, entity_ids or None, device_ids)
    processor = EventProcessor(hass, types, entity_ids or None, device_ids)
    until = dt_util.utcnow() + timedelta(seconds=1)
    found = await get_instance(hass).async_add_executor_job(processor.get_events, since, until)
    return [
        each
        for each in found
        if each.get("entity_id") == COMMAND or "Flash lights" in each.get(LOGBOOK_ENTRY_MESSAGE, "")
    ]


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("filtered", [True, False])
async def test_a_command_is_one_line(hass: HomeAssistant, enabled: bool, filtered: bool) -> None:
    assert await async_setup_component(hass, "logbook", {})
    entry = MockConfigEntry(domain=DOMAIN, unique_id="demo", data={CONF_SOURCE: "demo"})
    await set_up(hass, entry)
    registry = er.async_get(hass)
    known = registry.async_get(COMMAND)
    assert known is not None
    assert known.device_id is not None
    if not enabled:
        registry.async_update_entity(COMMAND, disabled_by=er.RegistryEntryDisabler.USER)
        await hass.async_block_till_done(wait_background_tasks=True)
    since = dt_util.utcnow()
    await act(hass, "button", "press", "button.leaf_flash_lights")

    (line,) = await lines(hass, since, [known.device_id] if filtered else None)
    if enabled:
        assert line["attributes"] == {"event_type": "confirmed"}
    else:
        assert line[LOGBOOK_ENTRY_NAME] == "LEAF"
        assert line[LOGBOOK_ENTRY_MESSAGE].startswith("Flash lights: Confirmed by the vehicle, after ")
