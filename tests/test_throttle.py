"""A source that reports many times a minute, through real Home Assistant: when its entities show what."""

from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, STATE_OFF, STATE_ON
from homeassistant.core import Event, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events, async_fire_time_changed

from custom_components.nissanconnect.const import EVENT_ALERT
from custom_components.nissanconnect.vehicle import (
    AlertType,
    Battery,
    Connectivity,
    Notification,
    Push,
    Stamp,
    VehicleInfo,
    VehicleState,
)

from .conftest import NOON, set_up, settle, state
from .scripted import Scripted, Stage, source, stage

__all__ = ["source", "stage"]

INFO = VehicleInfo(key="MY-LEAF", nickname="LEAF", model="LEAF")
LEVEL, REACHABLE, REPORT = "sensor.leaf_battery", "binary_sensor.leaf_reachable", "sensor.leaf_last_report_from_vehicle"

MESSAGE = Notification(
    id="1", title="Alarm", text="", sent_at=NOON + timedelta(minutes=2), kind="alarm", alert=AlertType.ALARM
)


class Module:
    """A source that reports whenever the test has it, and the test's clock."""

    def __init__(self, hass: HomeAssistant, source: Scripted, freezer: FrozenDateTimeFactory) -> None:
        self.hass, self.source, self.freezer = hass, source, freezer
        self.changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    async def report(self, level: float, *, reachable: bool = True, at: datetime | None = None, **more: Any) -> None:
        """Report, a moment later."""
        self.freezer.tick(0.1)
        at = at or dt_util.utcnow()
        stamp: Stamp = {"backend": "ovms", "received_at": at, "reported_at": at}
        groups = (Battery(**stamp, level=level), Connectivity(**stamp, reachable=reachable))
        self.source.say(Push(info=INFO, state=VehicleState.of(*groups), **more))
        await settle(self.hass)

    async def wait(self, seconds: float) -> None:
        """Let time pass; Home Assistant does what is due."""
        self.freezer.tick(seconds)
        async_fire_time_changed(self.hass)
        await settle(self.hass)

    def written(self, entity_id: str) -> list[str]:
        """What was written of an entity since this was last asked, and forget it."""
        found = [each.data["new_state"].state for each in self.changes if each.data["entity_id"] == entity_id]
        self.changes[:] = [each for each in self.changes if each.data["entity_id"] != entity_id]
        return found


@pytest.fixture
async def entry(hass: HomeAssistant, stage: Stage, source: Scripted) -> MockConfigEntry:
    """The module's entry, loaded."""
    entry = stage.entry("Module", source)
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def module(
    hass: HomeAssistant, entry: MockConfigEntry, source: Scripted, freezer: FrozenDateTimeFactory
) -> Module:
    """A module that has reported a level of 90 % a minute ago."""
    module = Module(hass, source, freezer)
    await module.report(90)
    await module.wait(60)
    module.changes.clear()
    return module


async def test_numbers_that_drift_are_shown_every_fifteen_seconds_and_the_last_is_not_lost(module: Module) -> None:
    for second in range(60):
        await module.report(90 - second / 10)
        await module.wait(1)
    assert 4 <= len(module.written(LEVEL)) <= 5
    assert len(module.written(REPORT)) <= 2
    await module.report(83)
    await module.wait(15)
    assert state(module.hass, LEVEL).state == "83"


async def test_the_first_report_after_a_while_is_shown_at_once(module: Module) -> None:
    await module.report(89)
    assert module.written(LEVEL) == ["89"]
    await module.report(88)
    assert module.written(LEVEL) == []
    await module.wait(14)
    assert module.written(LEVEL) == []
    await module.wait(1)
    assert module.written(LEVEL) == ["88"]


async def test_an_event_is_shown_at_once_with_all_that_has_drifted(module: Module) -> None:
    await module.report(89)
    await module.report(88)
    await module.report(87, reachable=False)
    assert state(module.hass, REACHABLE).state == STATE_OFF
    assert module.written(LEVEL) == ["89", "87"]
    await module.report(87)
    assert state(module.hass, REACHABLE).state == STATE_ON
    await module.wait(60)
    assert module.written(LEVEL) == [], "nothing was left over"


async def test_the_same_over_and_over_moves_the_time_every_five_minutes(module: Module) -> None:
    module.written(REPORT)
    for _ in range(360):
        await module.wait(10)
        await module.report(90)
    assert 11 <= len(module.written(REPORT)) <= 13
    assert {each.data["entity_id"] for each in module.changes} == set()


async def test_what_an_alert_is_about_is_shown_before_it(module: Module) -> None:
    seen: list[str] = []

    def look(event: Event) -> None:
        seen.append(state(module.hass, LEVEL).state)

    module.hass.bus.async_listen(EVENT_ALERT, look)
    await module.report(31)
    await module.wait(60)  # such a leap is believed when it has stayed
    await module.report(29)
    await module.report(28, notifications=(MESSAGE,))
    assert seen == ["29", "28"]


async def test_a_clock_that_was_set_back_holds_nothing_up(module: Module) -> None:
    module.freezer.tick(-timedelta(hours=1))
    await module.report(88, at=NOON + timedelta(minutes=2))
    assert module.written(LEVEL) == ["88"]


async def test_what_is_due_ends_with_the_entry(hass: HomeAssistant, module: Module, entry: MockConfigEntry) -> None:
    await module.report(88)
    await module.report(87)
    await hass.config_entries.async_unload(entry.entry_id)
    await set_up(hass, entry)
    assert float(state(hass, LEVEL).state) == 87, "and nothing is lost by that"
