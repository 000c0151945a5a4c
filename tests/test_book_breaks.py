"""What breaks the book in a real home: restarts, failing services, full disks."""

from dataclasses import astuple
from datetime import timedelta
import json
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.book.files import BookFiles, OpenBook, _dump
from custom_components.nissanconnect.book.keeper import VehicleBook
from custom_components.nissanconnect.engine.book_readings import Regained
from custom_components.nissanconnect.engine.energy_cost import Lot
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.store import StoreFile

from .book_actions.entries import at, charge, trip
from .charging import runtime


async def test_a_full_disk_loses_no_settled_entry(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    files = BookFiles(hass, "entry", "key")
    await files.async_archive(Entries([trip(at(1, 8))]))
    with monkeypatch.context() as full:

        async def refuse(*_: Any) -> None:
            raise WriteError("no space left on device")

        full.setattr(StoreFile, "_async_write_data", refuse)
        await files.async_archive(Entries([trip(at(2, 8))]))
    await files.async_archive(Entries([trip(at(3, 8))]))
    assert [each.start for each in (await files.async_archived()).trips] == [at(1, 8), at(2, 8), at(3, 8)]


async def test_the_archive_can_be_read_while_home_assistant_stops(hass: HomeAssistant) -> None:
    files = BookFiles(hass, "entry", "key")
    await files.async_archive(Entries([trip(at(1, 8))]))
    hass.set_state(CoreState.stopping)
    await files.async_archive(Entries([trip(at(2, 8))], [charge(at(2, 20))]))
    kept = await files.async_archived()
    hass.set_state(CoreState.running)
    assert [each.start for each in kept.trips] == [at(1, 8), at(2, 8)]
    assert [each.start for each in kept.charges] == [at(2, 20)]


async def test_what_a_full_disk_has_refused_is_kept_over_a_restart(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = BookFiles(hass, "entry", "key")
    with monkeypatch.context() as full:

        async def refuse(*_: Any) -> None:
            raise WriteError("no space left on device")

        full.setattr(StoreFile, "_async_write_data", refuse)
        await files.async_archive(Entries([trip(at(2, 8))]))
    await files.async_save(OpenBook())
    restarted = BookFiles(hass, "entry", "key")
    await restarted.async_load()
    assert [each.start for each in (await restarted.async_archived()).trips] == [at(2, 8)]


@pytest.mark.parametrize("number", [1e308, -1e308, 10**30, 0.5])
async def test_numbers_that_no_vehicle_has_are_left_out(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, number: float
) -> None:
    book = runtime(loaded, "Ariya").book
    book.book.lots, book.book.since = (Lot(10.0, 0.3),), dt_util.utcnow() - timedelta(days=1)
    book.async_set_lately((Regained(dt_util.utcnow() - timedelta(hours=2), dt_util.utcnow(), 1.5),))
    kept = json.loads(json_bytes(_dump(book._remember(), Entries([trip(at(2, 8))], [charge(at(2, 20))]))))
    monkeypatch.setattr(StoreFile, "async_read", AsyncMock(return_value=_with_numbers(kept, number)))
    monkeypatch.setattr(StoreFile, "async_set_aside", AsyncMock())
    restarted = VehicleBook(book._coordinator, book._charge, runtime(loaded, "Ariya").alerts, book._battery)
    await restarted._async_load()
    assert restarted.display is not None
    assert all(abs(value) < 1e12 for value in astuple(restarted.display.totals))
    assert bool(restarted.book.lots) is (number == 0.5)
    restarted.async_stop()


def _with_numbers(raw: Any, number: float) -> Any:
    match raw:
        case dict():
            return {name: _with_numbers(each, number) for name, each in raw.items()}
        case list():
            return [_with_numbers(each, number) for each in raw]
        case float() | int() if not isinstance(raw, bool):
            return number
        case _:
            return raw
