"""What breaks the book in a real home: restarts, failing services, full disks."""

from typing import Any

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.util.file import WriteError
import pytest

from custom_components.nissanconnect.book.files import BookFiles, OpenBook
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.store import StoreFile

from .book_actions.entries import at, charge, trip


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
