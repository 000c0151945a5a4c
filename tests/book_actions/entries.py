"""A book with entries for tests: some settled, the rest open."""

from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.nissanconnect.engine.book_entries import HOME, Charge, Current, Trip
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.runtime import VehicleRuntime


def at(day: int, hour: float, month: int = 11) -> datetime:
    """A time in 2026."""
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour)


def trip(start: datetime, minutes: float = 30, **details: Any) -> Trip:
    """A trip to work, but for the ``details``."""
    known: dict[str, Any] = {
        "distance": 20.04,
        "origin": HOME,
        "destination": "Work",
        "energy": 3.006,
        "uncertainty": 0.15,
    }
    return Trip(start=start, end=start + timedelta(minutes=minutes), **known | details)


def charge(start: datetime, hours: float = 2, **details: Any) -> Charge:
    """A charge at home, but for the ``details``."""
    known: dict[str, Any] = {
        "place": HOME,
        "level_from": 50.0,
        "level_to": 80.0,
        "energy": 11.16,
        "wall_energy": 12.4,
        "cost": 3.72,
    }
    known |= {"currency": "EUR", "peak_power": 6.6, "current": Current.AC}
    return Charge(start=start, end=start + timedelta(hours=hours), **known | details)


async def write_book(vehicle: VehicleRuntime, settled: Entries, open_entries: Entries | None = None) -> None:
    """Have the book of a vehicle hold these entries."""
    await vehicle.book.files.async_archive(settled)
    vehicle.book.entries = open_entries or Entries()
