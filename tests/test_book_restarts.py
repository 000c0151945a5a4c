"""What the book keeps of what services know, when Home Assistant is restarted and when they fail."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.nissanconnect.book.files import StatisticsMemory
from custom_components.nissanconnect.book.keeper import VehicleBook
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading, Rise
from custom_components.nissanconnect.source_set import SourceSet
from custom_components.nissanconnect.vehicle import Unavailable

from .charging import runtime
from .conftest import LetTimePass, settle

SERVICE = "my account"


@pytest.fixture
async def book(hass: HomeAssistant, loaded: MockConfigEntry, pass_time: LetTimePass) -> VehicleBook:
    """The book of the Qashqai, which drove two days ago. Its service knows what was regained on that day."""
    found = runtime(loaded, "Qashqai").book
    noon = dt_util.utcnow() - timedelta(days=2)
    for minutes, distance in ((60, 100.0), (120, 100.0), (150, 130.0)):
        found.book.add(Quantity.ODOMETER, Reading(noon + timedelta(minutes=minutes), distance, SERVICE))
    found.async_set_regained((Rise(noon + timedelta(hours=1), noon + timedelta(hours=25), 2.5),))
    await pass_time(timedelta(hours=8), timedelta(hours=1))
    return found


def regained(book: VehicleBook) -> list[float | None]:
    """What was regained on each trip that is not settled, and on the settled ones together."""
    return [book.book.settled.regained, *(trip.regained for trip in book.entries.trips)]


async def test_what_was_regained_is_kept_over_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry, book: VehicleBook
) -> None:
    assert regained(book) == [0, 2.5]
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settle(hass)
    assert sum(each or 0 for each in regained(runtime(loaded, "Qashqai").book)) == 2.5


async def test_what_was_regained_is_kept_while_the_service_fails(
    loaded: MockConfigEntry, book: VehicleBook, pass_time: LetTimePass, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise Unavailable

    book.statistics = replace(book.statistics, has_history=True)
    monkeypatch.setattr(SourceSet, "read_trips", fail)
    await runtime(loaded, "Qashqai").statistics._async_read()
    await pass_time(timedelta(minutes=2))
    assert regained(book) == [0, 2.5]


async def test_a_book_that_is_closed_writes_nothing_more(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    book: VehicleBook,
    pass_time: LetTimePass,
    hass_storage: dict[str, Any],
) -> None:
    assert await hass.config_entries.async_remove(loaded.entry_id)
    book.async_keep_statistics(StatisticsMemory())  # the history that is read at that moment may come later
    book.async_set_regained(())
    await pass_time(timedelta(minutes=12), timedelta(minutes=6))
    assert not any(".book." in name for name in hass_storage)


async def test_prices_alone_are_no_news(loaded: MockConfigEntry, book: VehicleBook, pass_time: LetTimePass) -> None:
    written = []
    book.files.async_schedule_save = written.append  # type: ignore[method-assign, assignment]
    book.notes.tariffs._note(Reading(dt_util.utcnow(), 0.3, "energy_dashboard"))
    await pass_time(timedelta(minutes=6), timedelta(minutes=6))
    assert written == []
