"""The files of a vehicle's book: the open part, which is written often, the archive of all that is settled, and logs.

The archive is read when somebody asks for it, so that years of trips take no memory. What logs tell of the time before
the book is read when its statistics are written from scratch.
"""

from asyncio import Lock
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
import sys
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.book import Sums
from ..engine.book_entries import Charge, Trip
from ..engine.book_readings import Quantity, Reading, Regained
from ..engine.capacity import CapacitySample
from ..engine.consumption import ConsumptionModel
from ..engine.energy_cost import Lot, Lots, Tariff
from ..engine.entry_finder import Entries
from ..store import StoreFile
from ..vehicle import TripRecord
from ..vehicle.codec import LenientReader

_VERSION = 1
_DELAY = 300.0
"""Seconds from a change to the write: what is lost if the power fails is reported again, but for some minutes."""

SELDOM = 6 * 3600.0
"""Seconds from a change that is no news to the write, unless Home Assistant stops before."""

_AMOUNTS = 3
"""How many amounts are kept of an hour in logs."""

_KEPT = timedelta(days=731)
"""Trips and charges are kept for two years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsMemory:
    """What is known of a book's statistics, whose costs are in ``currency``.

    ``begun_at`` is when the book was begun, ``history`` what was driven before, by the vehicle's service, if it
    ``has_history`` from there, and by logs, but what it ``lacks_logs``; ``days`` are those of it that are of the month
    in which it was read. ``written`` are the last hours that have been written; those ``fixed_until`` an hour stay as
    they are.
    """

    begun_at: datetime | None = None
    history: Sums = Sums()
    has_history: bool = False
    lacks_logs: bool = False
    days: Mapping[str, Sums] = field(default_factory=dict)
    fixed_until: datetime | None = None
    currency: str | None = None
    written: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBook:
    """What is kept of a book besides the archive.

    ``since`` is until when it is settled, and ``settled`` what that adds up to, of which ``days`` has the last two
    months by their dates. ``odometer`` and ``last_start`` are those of :class:`..engine.book.Book`. ``shown`` are the
    sums that were shown last. ``learnt`` is what the settled trips have taught of the consumption, ``capacity_samples``
    are what the charges of years show about the battery, ``regained`` and ``records`` are what a service knows of the
    last days. Costs are in ``currency``; ``capacity`` is the kWh by which levels were turned into energies. ``places``
    are the names by which places were known last, ``tariffs`` those of the prices among the readings.
    """

    readings: tuple[tuple[Quantity, Reading], ...] = ()
    since: datetime | None = None
    lots: Lots = ()
    regained: tuple[Regained, ...] = ()
    records: tuple[TripRecord, ...] = ()
    settled: Sums = Sums()
    odometer: float | None = None
    last_start: datetime | None = None
    days: Mapping[str, Sums] = field(default_factory=dict)
    shown: Sums = Sums()
    last_trip: Trip | None = None
    last_charge: Charge | None = None
    statistics: StatisticsMemory = StatisticsMemory()
    learnt: ConsumptionModel | None = None
    capacity_samples: tuple[CapacitySample, ...] = ()
    currency: str | None = None
    capacity: float | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    tariffs: tuple[Tariff, ...] = ()


class BookFiles:
    """The files of one vehicle. They are private: they tell where people live and when they are away."""

    def __init__(self, hass: HomeAssistant, entry_id: str, key: str) -> None:
        """Name the files by the entry and by a hash of the vehicle's key; nothing is read yet."""
        name = f"{_prefix(entry_id)}{sha256(key.encode()).hexdigest()[:16]}"
        self._hass = hass
        self._open, self._archive, self._logs = (
            StoreFile(hass, _VERSION, each, private=True, atomic_writes=True, max_readable_version=sys.maxsize)
            for each in (name, f"{name}.archive", f"{name}.logs")
        )
        self._lock = Lock()
        """Held while the archive is read and written: what is being settled is in it already."""
        self._delay: float | None = None
        """Of the write that is scheduled."""
        self._unwritten = Entries()
        """What is settled, and is not in the file of the archive yet: the disk may be full."""

    async def async_load(self) -> OpenBook:
        """Return what was kept, without what cannot be read any more. If there is such, the file is set aside."""
        raw = await self._open.async_read()
        reader = BookReader(dt_util.utcnow())
        found = reader.open_book(raw)
        self._unwritten = reader.entries(raw.get("unwritten") if isinstance(raw, Mapping) else None)
        if reader.lost:
            await self._open.async_set_aside()
        return found

    @callback
    def async_schedule_save(self, remember: Callable[[], OpenBook], delay: float = _DELAY) -> None:
        """Write what ``remember`` returns in so many seconds, or before if that is scheduled."""
        if self._delay is not None and self._delay <= delay:
            return
        self._delay = delay

        def write() -> dict[str, Any]:
            self._delay = None
            return _dump(remember(), self._unwritten)

        self._open.async_delay_save(write, delay)

    async def async_save(self, book: OpenBook) -> None:
        """Write now, which replaces a scheduled write."""
        self._delay = None
        await self._open.async_save(_dump(book, self._unwritten))

    async def async_archived(self) -> Entries:
        """Return all that is settled, oldest first."""
        async with self._lock:
            return await self._async_archived()

    async def _async_archived(self) -> Entries:
        raw = await self._archive.async_read()
        reader = BookReader(dt_util.utcnow())
        found = await self._hass.async_add_executor_job(reader.entries, raw)
        if reader.lost:
            await self._archive.async_set_aside()
            await self._archive.async_save(_dump_entries(found))
        return merged(found, self._unwritten)

    async def async_archive(self, settled: Entries) -> None:
        """Add what has been settled. What is there already, from before a power failure, is not added again.

        What cannot be written is kept with the open part until it can be.
        """
        async with self._lock:
            self._unwritten = merged(self._unwritten, settled)
            kept, oldest = await self._async_archived(), dt_util.utcnow() - _KEPT
            trips = [trip for trip in kept.trips if trip.end >= oldest]
            charges = [charge for charge in kept.charges if charge.end >= oldest]
            await self._archive.async_save(_dump_entries(Entries(trips, charges)))
            if self._archive.is_written:
                self._unwritten = Entries()

    async def async_logged(self) -> dict[datetime, Sums]:
        """Return what logs tell, by hours."""
        reader = BookReader(dt_util.utcnow())
        found = reader.logged(await self._logs.async_read())
        if reader.lost:
            await self._logs.async_set_aside()
        return found

    async def async_keep_logged(self, logged: Mapping[datetime, Sums]) -> None:
        """Keep what logs tell."""
        rows = [[hour, sums.distance, sums.energy, sums.regained] for hour, sums in logged.items()]
        await self._logs.async_save({"hours": rows})

    async def async_remove(self) -> None:
        """Forget everything."""
        for file in (self._open, self._archive, self._logs):
            await file.async_remove()
            await file.async_remove_set_aside()


async def async_remove_books(hass: HomeAssistant, entry_id: str, keys: Iterable[str]) -> None:
    """Delete the files of an entry's vehicles, and of those that it had before."""
    for key in keys:
        await BookFiles(hass, entry_id, key).async_remove()

    def remove() -> None:
        for each in Path(hass.config.path(".storage")).glob(f"{_prefix(entry_id)}*"):
            with suppress(OSError):
                each.unlink()

    await hass.async_add_executor_job(remove)


def _prefix(entry_id: str) -> str:
    return f"{DOMAIN}.{entry_id}.book."


def merged(before: Entries, now: Entries) -> Entries:
    """Return both, oldest first. What is in both, which is found by its start, counts as it is ``now``."""
    return Entries(_by_start(before.trips, now.trips), _by_start(before.charges, now.charges))


def _by_start[E: Trip | Charge](before: Sequence[E], now: Sequence[E]) -> list[E]:
    by_start = {entry.start: entry for entry in (*before, *now)}
    return [by_start[start] for start in sorted(by_start)]


def _dump(book: OpenBook, unwritten: Entries) -> dict[str, Any]:
    readings: dict[str, list[object]] = {}
    for quantity, reading in book.readings:
        readings.setdefault(quantity.value, []).append(list(reading))
    return {
        "readings": readings,
        "since_at": book.since,
        "lots": [list(lot) for lot in book.lots],
        "regained": [list(each) for each in book.regained],
        "records": list(book.records),
        "settled": book.settled,
        "odometer": book.odometer,
        "last_start_at": book.last_start,
        "days": book.days,
        "shown": book.shown,
        "last_trip": book.last_trip,
        "last_charge": book.last_charge,
        "statistics": book.statistics,
        "learnt": book.learnt,
        "capacity_samples": book.capacity_samples,
        "currency": book.currency,
        "capacity": book.capacity,
        "places": book.places,
        "tariffs": [list(each) for each in book.tariffs],
        "unwritten": _dump_entries(unwritten),
    }


def _dump_entries(entries: Entries) -> dict[str, Any]:
    return {"trips": list(entries.trips), "charges": list(entries.charges)}


class BookReader(LenientReader):
    """Reads what was written of a book."""

    __slots__ = ()

    def open_book(self, raw: Any) -> OpenBook:
        """Return what can be read of the open part."""
        kept = self.mapping(raw)
        days = {day: self.load(Sums, each) for day, each in self.mapping(kept.get("days")).items()}
        return OpenBook(
            readings=tuple(self._readings(self.mapping(kept.get("readings")))),
            since=self.load(datetime, kept.get("since_at")),
            lots=tuple(self._lots(kept.get("lots"))),
            regained=tuple(self._regained(kept.get("regained"))),
            records=tuple(self._each(TripRecord, kept.get("records"))),
            settled=self.load(Sums, kept.get("settled")) or Sums(),
            odometer=self.load(float, kept.get("odometer")),
            last_start=self.load(datetime, kept.get("last_start_at", kept.get("since_at"))),
            days={day: each for day, each in days.items() if each is not None},
            shown=self.load(Sums, kept.get("shown")) or Sums(),
            last_trip=self.load(Trip, kept.get("last_trip")),
            last_charge=self.load(Charge, kept.get("last_charge")),
            statistics=self.load(StatisticsMemory, kept.get("statistics")) or StatisticsMemory(),
            learnt=self.load(ConsumptionModel, kept.get("learnt")),
            capacity_samples=tuple(self._each(CapacitySample, kept.get("capacity_samples"))),
            currency=self.load(str, kept.get("currency")),
            capacity=self.load(float, kept.get("capacity")),
            places={place: name for place, name in self.mapping(kept.get("places")).items() if isinstance(name, str)},
            tariffs=tuple(self._tariffs(kept.get("tariffs"))),
        )

    def entries(self, raw: Any) -> Entries:
        """Return the entries that can be read."""
        kept = self.mapping(raw)
        return Entries([*self._each(Trip, kept.get("trips"))], [*self._each(Charge, kept.get("charges"))])

    def logged(self, raw: Any) -> dict[datetime, Sums]:
        """Return the hours of logs that can be read."""
        found = dict[datetime, Sums]()
        for each in self.items(self.mapping(raw).get("hours")):
            match each:
                case [hour, *amounts] if len(amounts) == _AMOUNTS and (at := self.load(datetime, hour)) is not None:
                    distance, energy, regained = (self.load(float, amount) or 0.0 for amount in amounts)
                    found[at] = Sums(distance=distance, energy=energy, regained=regained)
                case _:
                    self.lost = True
        return found

    def _readings(self, kept: Mapping[str, Any]) -> Iterator[tuple[Quantity, Reading]]:
        for name, series in kept.items():
            if name not in {*Quantity}:
                self.lost = True
                continue
            for each in self.items(series):
                match each:
                    case [str(at), None | str() | int() | float() as raw_value, str(source)]:
                        # The end of a price is to come, and the clock may be behind after a start.
                        read_at = self.load(datetime, at, planned=True)
                        value = self.load(float, raw_value) if isinstance(raw_value, int | float) else raw_value
                        if read_at is not None and (value is None) is (raw_value is None):
                            yield Quantity(name), Reading(read_at, value, source)
                    case _:
                        self.lost = True

    def _lots(self, raw: Any) -> Iterator[Lot]:
        for each in self.items(raw):
            match each:
                case [raw_energy, raw_price] if (energy := self.load(float, raw_energy)) is not None and energy > 0:
                    yield Lot(energy, self.load(float, raw_price))
                case _:
                    self.lost = True

    def _tariffs(self, raw: Any) -> Iterator[Tariff]:
        for each in self.items(raw):
            match each:
                case [str(key), str(currency), None | str() as place]:
                    yield Tariff(key, currency, place)
                case _:
                    self.lost = True

    def _regained(self, raw: Any) -> Iterator[Regained]:
        for each in self.items(raw):
            match each:
                case [str(start), str(end), raw_amount, *raw_distance]:
                    since, until = (self.load(datetime, at) for at in (start, end))
                    amount = self.load(float, raw_amount)
                    distance = self.load(float, raw_distance[0]) if raw_distance else None
                    if since is not None and until is not None and amount is not None:
                        yield Regained(since, until, amount, distance)
                case _:
                    self.lost = True

    def _each[T](self, kind: type[T], raw: Any) -> Iterator[T]:
        return (found for each in self.items(raw) if (found := self.load(kind, each)) is not None)
