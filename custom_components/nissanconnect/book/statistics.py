"""Keeps a vehicle's long-term statistics up to its book, and fills in what its service knows from before."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import ModuleType

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.helpers.importlib import async_import_module
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from ..const import DOMAIN
from ..coordinator import VehicleCoordinator
from ..engine.book import Sums, sums_of
from ..engine.book_hours import by_hour, running_sums, uncovered, united
from ..engine.entry_finder import Entries
from ..issues import NOT_ON_ENERGY_DASHBOARD, async_set_issue
from ..local_time import local_time
from ..vehicle import BackendError, NotSupported, spread
from .display import risen, sums_by_day
from .energy_dashboard import async_lacks
from .files import merged
from .history import async_read_history, async_read_lately
from .keeper import VehicleBook

_SOON = 300.0
"""Seconds from a change of the book to its statistics, and from the start to the first read of the history."""

_NIGHT, _SPREAD = 3, 3600.0
"""At which hour the history is read, and over how many seconds the vehicles of all users are spread."""

_RECORDER = "recorder"

_HOUR = timedelta(hours=1)

_ROUNDED = 0.01
"""km or kWh that the statistics and the book may differ by."""


class BookStatistics:
    """The statistics of one vehicle's book."""

    def __init__(self, coordinator: VehicleCoordinator, book: VehicleBook) -> None:
        """Nothing is written before :meth:`async_start`."""
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._book = book
        self._rows: object = None
        """What was written last."""
        self._stops: list[CALLBACK_TYPE] = []
        self._cancel_read: CALLBACK_TYPE | None = None
        self._cancel_write: CALLBACK_TYPE | None = None
        self._is_following = False
        self._lock = asyncio.Lock()
        """Held while they are read, or written: each goes on from what the one before has left."""
        self._is_caught_up = False
        """Whether what was written before this start has been compared with the book, or written from scratch."""

    @callback
    def async_start(self) -> None:
        """Begin, if there is a recorder: it is loaded before any entry is."""
        if _RECORDER not in self._hass.config.components:
            return
        self._stops = [
            async_track_time_change(self._hass, self._async_read_later, hour=_NIGHT, minute=0, second=0),
        ]
        self._async_read_in(_SOON * (1 + spread(self._coordinator.info.key)))

    @callback
    def async_stop(self) -> None:
        """Stop."""
        for stop in self._stops:
            stop()
        self._stops = []
        self._async_cancel_read()
        self._async_cancel_write()

    @callback
    def _async_cancel_write(self) -> None:
        if self._cancel_write is not None:
            self._cancel_write()
            self._cancel_write = None

    @callback
    def _async_write_soon(self) -> None:
        if self._cancel_write is None:
            self._cancel_write = async_call_later(self._hass, _SOON, self._async_write)

    async def _async_write(self, _: datetime | None = None) -> None:
        """Write the hours of all entries that are not settled."""
        self._async_cancel_write()
        await self._async_hint()
        async with self._lock:
            currency = self._hass.config.currency
            if self._book.statistics.currency not in {None, currency}:
                await self._async_rebuild(needs_history=False)  # without the costs until now, which stay in the book
            missed = await self._async_missed()
            if not self._is_caught_up:
                await self._async_catch_up(missed)
            memory, since = self._book.statistics, self._book.book.since
            hours = dict.fromkeys((hour for hour in memory.written if since is None or hour >= since), Sums())
            hours |= by_hour(merged(missed, self._book.over), currency)
            settled = self._book.book.settled + sums_of(missed, currency).times(-1)
            rows = running_sums(hours, memory.history + settled)
            if rows == self._rows:
                return
            self._rows = rows
            long_term = await _async_long_term(self._hass)
            written = [row for row in rows if memory.fixed_until is None or row[0] > memory.fixed_until]
            await long_term.async_write(self._hass, self._coordinator.info, written)
            hours_written = tuple(sorted(hours)) or memory.written[-1:]
            self._book.async_keep_statistics(replace(self._book.statistics, written=hours_written, currency=currency))

    async def _async_catch_up(self, missed: Entries) -> None:
        """Go on where the statistics have ended, once after a start.

        A book that was restored from a backup knows less than they do. What they have of hours after the last that it
        has written, and of which it knows nothing, is history now, and stays as it is. What it has written itself may
        have been corrected meanwhile, or goes on again.
        """
        memory, entries = self._book.statistics, merged(missed, self._book.entries)
        ends = [*memory.written[-1:], *filter(None, [memory.fixed_until])]
        long_term, after = await _async_long_term(self._hass), max(ends) + _HOUR if ends else None
        written = await long_term.async_read(self._hass, self._coordinator.info, after)
        missing = _unknown(written, by_hour(entries, self._hass.config.currency))
        self._is_caught_up = True
        if max(missing.distance, missing.energy, missing.regained, missing.wall) >= _ROUNDED:
            memory = self._book.statistics
            last = max(hour for changes in written.values() for hour in changes)
            self._book.async_keep_statistics(replace(memory, history=memory.history + missing, fixed_until=last))

    async def _async_missed(self) -> Entries:
        """Return, once after a start, what may have been settled before it was written: it was off for some days."""
        written, since = self._book.statistics.written, self._book.book.since
        if self._is_caught_up or since is None or (written and written[-1] >= since):
            return Entries()
        first = min(written, default=dt_util.utc_from_timestamp(0))
        trips, charges = await self._book.files.async_archived()
        return Entries(
            [trip for trip in trips if trip.start >= first], [charge for charge in charges if charge.start >= first]
        )

    async def _async_hint(self) -> None:
        """Tell the owner once that the vehicle can be shown on the energy dashboard."""
        display = self._book.display
        lacks = display is not None and display.totals.at_home > 0
        lacks = lacks and await async_lacks(self._hass, self._coordinator.info, self._book.notes.meters.entity_ids)
        async_set_issue(
            self._hass,
            self._coordinator.config_entry,
            NOT_ON_ENERGY_DASHBOARD,
            present=lacks,
            vehicle=self._coordinator.info,
        )

    @callback
    def _async_read_later(self, _: datetime) -> None:
        self._async_read_in(_SPREAD * spread(self._coordinator.info.key))

    @callback
    def _async_read_in(self, delay: float) -> None:
        self._async_cancel_read()
        self._cancel_read = async_call_later(self._hass, delay, self._async_read)

    @callback
    def _async_cancel_read(self) -> None:
        if self._cancel_read is not None:
            self._cancel_read()
            self._cancel_read = None

    async def _async_read(self, _: datetime | None = None) -> None:
        """Read what the service knows: each night of the last days, and until that succeeds what was before."""
        try:
            async with self._lock:
                memory = self._book.statistics
                if not memory.has_history and (memory.begun_at is not None or not memory.written):
                    await self._async_rebuild(needs_history=False)  # the next night tries again
                elif memory.lacks_logs:
                    await self._async_add_logs()
        finally:
            self._async_follow()
        if (lately := await async_read_lately(self._coordinator.sources)) is not None:
            self._book.async_set_lately(*lately)

    @callback
    def _async_follow(self) -> None:
        """Write what is new from now on: before, what an earlier entry has written was not taken over yet."""
        if self._stops and not self._is_following:
            self._is_following = True
            self._stops.append(self._book.async_add_listener(self._async_write_soon))
            self._async_write_soon()

    async def async_rebuild(self) -> dict[str, JsonValueType]:
        """Write all statistics again, from the service's history and the whole book; return what was done.

        What neither knows because it is older stays: statistics are kept for ever, also for an entry that is added
        again.

        Raises:
            ServiceValidationError: There is no recorder.
            BackendError: The history cannot be read now; nothing was changed.
        """
        if _RECORDER not in self._hass.config.components:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recorder")
        async with self._lock:
            return await self._async_rebuild(needs_history=True)

    async def async_add_logged(self, driven: Mapping[datetime, Sums]) -> None:
        """Add what logs tell of the time before the book was begun, where nothing is known of a day or month yet.

        If the service's history cannot be read now, which belongs between, they are written in the night.
        """
        async with self._lock:
            long_term, kept = await _async_long_term(self._hass), await self._book.files.async_logged()
            begun_at = self._book.statistics.begun_at or dt_util.utcnow()
            written = await long_term.async_read(self._hass, self._coordinator.info)
            others = {hour for changes in written.values() for hour, change in changes.items() if change} - {*kept}
            known = [hour for hour in others if hour < begun_at]
            logged = united(kept, uncovered(driven, known, begun_at, dt_util.get_default_time_zone()))
            if logged != kept:
                await self._book.files.async_keep_logged(logged)
                self._book.async_keep_statistics(replace(self._book.statistics, lacks_logs=True))
                await self._async_add_logs()

    async def _async_add_logs(self) -> None:
        with suppress(BackendError):
            await self._async_rebuild(needs_history=True)

    async def _async_rebuild(self, *, needs_history: bool) -> dict[str, JsonValueType]:
        currency = self._hass.config.currency
        in_book = self._book.book.settled + sum(by_hour(self._book.over, currency).values(), Sums())
        # Of this moment, too: a trip may end while the service is read.
        entries = await self._book.async_all_entries(only_over=True)
        hours, has_history = await self._async_history(entries, is_needed=needs_history)
        history = sum(hours.values(), Sums())
        own, long_term = by_hour(entries, currency), await _async_long_term(self._hass)
        logged = await self._book.files.async_logged()
        known = [hour for hour, sums in hours.items() if sums != Sums()]
        _add(hours, uncovered(logged, known, self._begun_at(entries), dt_util.get_default_time_zone()))
        days = {day.isoformat(): sums for day, sums in _of_this_month(hours).items()}
        _add(hours, own)
        older = _older(await long_term.async_read(self._hass, self._coordinator.info), hours)
        _add(hours, {hour: sums for hour, sums in older.items() if hour not in logged})
        rows = running_sums(hours, Sums())
        ids = await long_term.async_write(self._hass, self._coordinator.info, rows, from_scratch=True)
        self._rows, self._is_caught_up = None, True
        self._book.async_keep_statistics(
            replace(
                self._book.statistics,
                history=rows[-1][1] + in_book.times(-1) if rows else Sums(),
                has_history=has_history,
                lacks_logs=False,
                fixed_until=None,
                days=days or self._book.statistics.days,
                currency=currency,
                written=tuple(sorted({*own, *(hour for hour, _ in rows[-1:])})),
            )
        )
        return {
            "statistics": [*ids],
            "hours": len(rows),
            "from": local_time(rows[0][0]) if rows else None,
            "to": local_time(rows[-1][0]) if rows else None,
            "history": history != Sums(),
        }

    async def _async_history(self, entries: Entries, *, is_needed: bool = True) -> tuple[dict[datetime, Sums], bool]:
        """Return what was driven before the book was begun, and whether that is all.

        Of the day on which it was begun, it is what is not in the book; a service knows that on the next day.
        """
        if self._book.statistics.begun_at is None:
            return {}, False
        begun_at = self._begun_at(entries)
        begun_on = dt_util.as_local(begun_at).date()
        own = sums_by_day(entries, self._hass.config.currency).get(begun_on, Sums())
        try:
            hours = await async_read_history(self._coordinator.sources, begun_at, own)
        except NotSupported:
            return {}, True
        except BackendError:
            if is_needed:
                raise
            return {}, False
        return hours, begun_on < dt_util.now().date()

    def _begun_at(self, entries: Entries) -> datetime:
        """Return when the book was begun: the file that says so may be newer than what is in the archive."""
        first = [series[0].start for series in entries if series]
        return min([self._book.statistics.begun_at or dt_util.utcnow(), *first])


async def _async_long_term(hass: HomeAssistant) -> ModuleType:
    """Return what needs the recorder. It would be loaded at our start if that were imported there."""
    return await async_import_module(hass, f"{__package__}.long_term")


def _add[K](parts: dict[K, Sums], more: Mapping[K, Sums]) -> None:
    for key, sums in more.items():
        parts[key] = parts.get(key, Sums()) + sums


def _unknown(written: Mapping[str, Mapping[datetime, float]], known: Mapping[datetime, Sums]) -> Sums:
    """Return what is ``written`` of each field of hours in which nothing of it is known."""
    found = {
        field: sum(change for hour, change in changes.items() if not getattr(known.get(hour, Sums()), field))
        for field, changes in written.items()
    }
    return risen(Sums(), Sums(**found))


def _of_this_month(hours: Mapping[datetime, Sums]) -> dict[date, Sums]:
    days, month = dict[date, Sums](), dt_util.now().date().replace(day=1)
    for hour, sums in hours.items():
        if (day := dt_util.as_local(hour).date()) >= month:
            _add(days, {day: sums})
    return days


def _older(written: Mapping[str, Mapping[datetime, float]], hours: Mapping[datetime, Sums]) -> dict[datetime, Sums]:
    """Return of what is ``written`` of each field what is from before all that is known of it now."""
    found = dict[datetime, Sums]()
    for field, changes in written.items():
        known = min((hour for hour, sums in hours.items() if getattr(sums, field)), default=dt_util.utcnow())
        _add(found, {hour: Sums(**{field: change}) for hour, change in changes.items() if hour < known and change})
    return found
