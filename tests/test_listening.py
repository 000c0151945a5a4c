"""Sources that speak by themselves, through real Home Assistant."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.nissanconnect import connection
from custom_components.nissanconnect.const import EVENT_ALERT
from custom_components.nissanconnect.vehicle import (
    AlertType,
    AuthenticationFailed,
    Battery,
    Notification,
    Push,
    Unavailable,
    VehicleInfo,
)

from .conftest import NOON, LetTimePass, set_up, settle, state
from .scripted import Scripted, Stage, reported, source, stage

__all__ = ["source", "stage"]

INFO = VehicleInfo(key="MY-LEAF", nickname="LEAF", model="LEAF")


def says(level: float, **more: Any) -> Push:
    """The vehicle tells its battery level, now."""
    return Push(info=INFO, state=reported(Battery, level=level), **more)


@pytest.fixture
async def loaded(hass: HomeAssistant, stage: Stage, source: Scripted) -> MockConfigEntry:
    """Its entry, loaded."""
    entry = stage.entry("Module", source)
    await set_up(hass, entry)
    return entry


async def test_a_vehicle_is_there_when_it_has_spoken(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    source: Scripted,
    freezer: FrozenDateTimeFactory,
    pass_time: LetTimePass,
) -> None:
    source.say(says(70))
    await settle(hass)
    assert state(hass, "sensor.leaf_battery").state == "70"
    freezer.tick()
    source.say(says(69))
    await settle(hass)
    await pass_time(timedelta(seconds=15))  # numbers that drift are shown no more often
    assert state(hass, "sensor.leaf_battery").state == "69"


async def test_what_speaks_by_itself_is_not_asked_and_stays_however_long_it_is_silent(
    hass: HomeAssistant, loaded: MockConfigEntry, source: Scripted, pass_time: LetTimePass
) -> None:
    source.say(says(70))
    await settle(hass)
    source.reads = 0
    await pass_time(timedelta(days=9), timedelta(hours=1))
    assert source.reads == 0
    assert state(hass, "sensor.leaf_battery").state == "70"
    assert hass.states.async_entity_ids_count("persistent_notification") == 0


async def test_that_it_is_silent_is_told_once(
    hass: HomeAssistant, loaded: MockConfigEntry, source: Scripted, pass_time: LetTimePass
) -> None:
    told = async_capture_events(hass, EVENT_ALERT)
    source.say(says(70))
    await settle(hass)
    await pass_time(timedelta(days=29), timedelta(hours=6))
    assert told == []
    await pass_time(timedelta(days=3), timedelta(hours=6))
    assert [each.data["type"] for each in told] == ["silent"]
    await hass.config_entries.async_unload(loaded.entry_id)
    await pass_time(timedelta(hours=2), timedelta(hours=1))


async def test_a_lost_line_is_taken_up_again(
    hass: HomeAssistant,
    stage: Stage,
    source: Scripted,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            source.error = None

    monkeypatch.setattr(connection, "sleep", sleep)
    await set_up(hass, stage.entry("Module", source))
    source.error = Unavailable()
    source.say(Unavailable("lost"))
    await settle(hass)
    assert pauses == [5, 10, 20, 40]

    source.say(says(60))
    await settle(hass)
    assert state(hass, "sensor.leaf_battery").state == "60"
    source.say(Unavailable("lost again"))
    await settle(hass)
    assert pauses[-1] == 5, "it had been heard meanwhile"


async def test_a_line_that_is_lost_for_weeks_is_taken_up_again(
    hass: HomeAssistant, stage: Stage, source: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = 0

    async def sleep(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 3000:  # a month
            source.error = None

    monkeypatch.setattr(connection, "sleep", sleep)
    await set_up(hass, stage.entry("Module", source))
    source.error = Unavailable()
    source.say(Unavailable("lost"))
    await settle(hass)
    assert source.heard


async def test_a_source_that_no_longer_lets_us_in_is_left_alone(
    hass: HomeAssistant, stage: Stage, source: Scripted, monkeypatch: pytest.MonkeyPatch, pass_time: LetTimePass
) -> None:
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)  # whoever waits to try again does so at once

    monkeypatch.setattr(connection, "sleep", sleep)
    loaded = stage.entry("Module", source)
    await set_up(hass, loaded)
    source.say(AuthenticationFailed())
    await pass_time(timedelta(hours=1), timedelta(minutes=1))
    assert not source.heard
    assert source.listening == 1
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["entry_id"] == loaded.entry_id


async def test_nobody_listens_when_the_entry_is_unloaded(
    hass: HomeAssistant, loaded: MockConfigEntry, source: Scripted
) -> None:
    assert source.heard
    await hass.config_entries.async_unload(loaded.entry_id)
    assert not source.heard


async def test_messages_are_told_once_and_not_those_from_before(
    hass: HomeAssistant, loaded: MockConfigEntry, source: Scripted
) -> None:
    events = async_capture_events(hass, EVENT_ALERT)
    old = Notification(id="1", kind="alarm", alert=AlertType.ALARM, sent_at=NOON - timedelta(hours=1))
    new = Notification(id="2", kind="alarm", alert=AlertType.ALARM, sent_at=NOON + timedelta(minutes=1))
    for _ in range(2):
        source.say(says(70, notifications=(old, new)))
        await settle(hass)
    assert [event.data["type"] for event in events] == ["alarm"]
