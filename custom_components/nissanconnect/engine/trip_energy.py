"""What trips have used that nothing tells one by one, and the charges between them that nobody has seen."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from ..vehicle import TripRecord
from .book_entries import Charge, Trip
from .book_readings import Quantity, Regained, Stay, between, last_until, number
from .charge_finder import Assumptions, FoundCharge
from .charge_meters import Fits
from .drives import Drive
from .reading_set import Readings

COUNTER_DOUBT = 0.1
"""kWh by which a counter of the vehicle may be off: it is rounded to a tenth."""

_OFF, _TOLD_OFF = 0.5, 0.1
"""By which part the energies of two trips may differ from their distances, and from what their records tell."""

_LEAST_USED, _LEAST_CHARGED = 0.25, 0.5
"""Which part of what is usual a drive takes at least, and kWh that an unseen charge brings for sure."""


ABOUT = timedelta(minutes=1)
"""By how much reports of one moment may differ in time."""

_LEVELS_OFF = 0.02
"""Which part of the battery two levels may be off together: most are whole numbers."""


class Energy(NamedTuple):
    """What an entry has changed in the battery in kWh, and by how much that may be off."""

    amount: float
    doubt: float

    def plus(self, amount: float, doubt: float) -> Self:
        """Return this and so much more."""
        return self._replace(amount=self.amount + amount, doubt=self.doubt + doubt)


class UnseenCharge(NamedTuple):
    """What a charge must have brought that nobody has seen, and when there was time for it."""

    stay: Stay
    energy: Energy


def unread(trips: Sequence[Trip], drives: Sequence[Drive], charges: Sequence[Sequence[FoundCharge]]) -> Iterator[range]:
    """Yield runs of trips: those of one step of the odometer between which nothing was read, and each other trip."""
    start = 0
    for index in range(1, len(trips) + 1):
        if (
            index == len(trips)
            or drives[index - 1].read_at != drives[index].read_at
            or charges[index]
            or trips[index - 1].energy is not None
            or trips[index].energy is not None
        ):
            yield range(start, index)
            start = index


def shared(trips: Sequence[Trip], drives: Sequence[Drive], energy: Energy) -> list[Trip]:
    """Divide what trips have used by what their records tell of it, or by their distances."""
    shares, off = ([trip.distance for trip in trips], _OFF) if (told := _told(drives)) is None else (told, _TOLD_OFF)
    parts = [share / sum(shares) for share in shares]
    return [
        replace(
            trip,
            energy=-energy.amount * part,
            uncertainty=energy.doubt * part + off * abs(energy.amount) * part * (1 - part),
        )
        for trip, part in zip(trips, parts, strict=True)
    ]


def _told(drives: Sequence[Drive]) -> list[float] | None:
    """Return what the records of drives tell that they have used, if they all do."""
    told = [drive.record.energy or 0.0 if drive.record else 0.0 for drive in drives]
    return told if all(share > 0 for share in told) else None


def as_told(trip: Trip, record: TripRecord | None) -> Trip:
    """Return a trip with what its record says that it has used: with or without what was regained."""
    if record is None or record.energy is None:
        return trip
    return replace(trip, energy=record.energy, uncertainty=(record.regained or 0.0) + COUNTER_DOUBT)


def with_unseen_charge(
    trips: Sequence[Trip], drives: Sequence[Drive], changed: Energy, stay: Stay, assumed: Assumptions
) -> tuple[Sequence[Trip], UnseenCharge | None]:
    """Return trips as they usually are, or as their records tell, if they seem to have used far too little.

    Then a charge explains it that nobody has seen, in the time of the ``stay``. ``changed`` is what was in the battery
    after them more than before.
    """
    usual = [
        replace(trip, energy=(used := trip.distance * assumed.consumption / 100), uncertainty=used / 2, assumed=True)
        for trip in trips
    ]
    if _told(drives) is not None:
        usual = [as_told(trip, drive.record) for trip, drive in zip(trips, drives, strict=True)]
    used, doubt = sum(trip.energy or 0.0 for trip in usual), sum(trip.uncertainty or 0.0 for trip in usual)
    charged = Energy(used + changed.amount, doubt + changed.doubt)
    if changed.doubt - changed.amount >= _LEAST_USED * used or charged.amount - charged.doubt < _LEAST_CHARGED:
        return trips, None
    return usual, UnseenCharge(stay, charged)


def fits_levels(readings: Readings, stays: Sequence[Stay], drives: Sequence[Drive], assumed: Assumptions) -> Fits:
    """Return what tells whether a charge that only a meter has shown fits to the levels before and after some drives.

    They may have used up to twice of what is usual.
    """

    def fits(index: int, last: int, amount: float) -> bool:
        used = sum(drive.distance for drive in drives[index:last]) * assumed.consumption / 100
        for series in readings.by_source(Quantity.LEVEL).values():
            before = last_until(series, stays[index].end)
            after = between(series, stays[last].start - ABOUT, stays[last].end)
            if before is not None and after and assumed.capacity is not None:
                gained = (number(after[0]) - number(before)) / 100 * assumed.capacity
                return abs(amount * assumed.efficiency - gained - used) <= used + _LEVELS_OFF * assumed.capacity
        return False

    return fits


def with_charged(trips: Sequence[Trip], charges: Sequence[Charge], capacity: float | None) -> list[Trip]:
    """Return trips with what those have used before which nobody has read the level that a charge had reached."""
    found = list[Trip]()
    for trip in trips:
        begun = found[-1].end if found else None
        before = [each for each in charges if (begun is None or each.start >= begun) and each.end <= trip.start]
        charge = before[-1] if before else None
        if (
            capacity is None
            or trip.energy is not None
            or trip.level_to is None
            or charge is None
            or charge.energy is None
            or charge.level_from is None
            or charge.level_to is not None
        ):
            found.append(trip)
            continue
        energy = charge.energy + (charge.level_from - trip.level_to) / 100 * capacity
        doubt = (charge.uncertainty or 0.0) + _LEVELS_OFF * capacity
        found.append(replace(trip, energy=energy, uncertainty=doubt) if energy > 0 else trip)
    return found


def with_regained(trips: Sequence[Trip], regained: Sequence[Regained]) -> list[Trip]:
    """Spread what was regained in some time over the trips that began then, by their distances.

    What was driven beyond them, before the book was begun for example, keeps its part.
    """
    shares = dict[datetime, float]()
    for start, end, amount, driven in regained:
        inside = [trip for trip in trips if start <= trip.start < end]
        distance = max(sum(trip.distance for trip in inside), driven or 0.0)
        shares |= {trip.start: amount * trip.distance / distance for trip in inside if distance}
    return [
        replace(trip, regained=shares[trip.start]) if trip.regained is None and trip.start in shares else trip
        for trip in trips
    ]
