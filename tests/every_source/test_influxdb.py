"""What Home Assistant's InfluxDB integration would send of our entities in a day."""

from collections import defaultdict
from datetime import timedelta
from enum import Enum, StrEnum, auto
import math
from typing import Any

from homeassistant.components.device_tracker import DOMAIN as DEVICE_TRACKER_DOMAIN
from homeassistant.components.influxdb import INFLUX_SCHEMA, _generate_event_to_json
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import entity_registry as er
from influxdb_client.client.write.point import Point
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from ..rigs import Rig

pytestmark = pytest.mark.usefixtures("every_entity_enabled")


class Kind(StrEnum):
    """What something is sent as."""

    NUMBER = auto()
    TEXT = auto()


def kinds(change: Event[EventStateChangedData], fields: dict[str, Any]) -> dict[str, Kind]:
    """What the state and each attribute that we give are sent as; the keys of Home Assistant's own are enums."""
    new_state = change.data["new_state"]
    assert new_state is not None
    ours = [key for key in new_state.attributes if not isinstance(key, Enum) and {key, f"{key}_str"} & fields.keys()]
    return {
        "the state": Kind.TEXT if "state" in fields else Kind.NUMBER,
        **{key: Kind.TEXT if f"{key}_str" in fields else Kind.NUMBER for key in ours},
    }


async def test_a_day_brings_no_nulls_and_keeps_its_types(hass: HomeAssistant, rig: Rig) -> None:
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await rig.add()
    for hour in range(24):
        match hour:
            case 3 | 9 | 20:
                rig.turn()
            case 6 | 15:
                rig.move()
            case 11 if rig.can_fail:
                await rig.go_down()
            case 13 if rig.can_fail:
                await rig.heal()
            case 17:
                await hass.config_entries.async_reload(rig.entry.entry_id)
        await rig.pass_time(timedelta(hours=1))
    entities = er.async_entries_for_config_entry(er.async_get(hass), rig.entry.entry_id)
    ours = {each.entity_id for each in entities}
    changes = [each for each in changes if each.data["entity_id"] in ours and each.data["new_state"] is not None]
    assert {each.data["new_state"].state for each in changes} >= {STATE_UNAVAILABLE, STATE_UNKNOWN}

    as_point = _generate_event_to_json(INFLUX_SCHEMA({}))
    sent: dict[tuple[str, str], set[Kind]] = defaultdict(set)
    for change in changes:
        if (point := as_point(change)) is None:
            continue
        for value in point["fields"].values():
            assert isinstance(value, str) or math.isfinite(value), point
        for what, kind in kinds(change, point["fields"]).items():
            sent[change.data["entity_id"], what].add(kind)
            assert point["fields"].get(f"{what}_str") != "None", (point, what)
        line = Point.from_dict(point).to_line_protocol()
        hidden = rig.secrets if point["tags"]["domain"] == DEVICE_TRACKER_DOMAIN else {**rig.secrets, **rig.places}
        assert [what for what, secret in hidden.items() if secret in line] == [], line.split(" ")[0]
    assert len(sent) > 30
    assert {what: found for what, found in sent.items() if len(found) > 1} == {}
