"""Writes the entries of the book from readings: trips and charges, with their energies."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from .book_entries import Charge, ChargedHour, Current, Trip
from .book_readings import CELL, Quantity, Reading, Rise, Stay, between, last_until, number, rises
from .charge_finder import Assumptions, FoundCharge, find_charges
from .charge_meters import meters_of
from .drives import find_drives
from .energy_cost import Tariff, cost_of, going_on, in_hours, known_at, share_of, tariffs_at
from .reading_set import Readings
from .trip_energy import (
    ABOUT,
    COUNTER_DOUBT,
    Energy,
    UnseenCharge,
    as_told,
    fits_levels,
    shared,
    unread,
    with_charged,
    with_regained,
    with_unseen_charge,
)

_WEATHER = timedelta(minutes=30)
"""How long before a trip the temperature outside may have been reported."""

_AC_AT_MOST = 23.0
"""kW: no vehicle takes more from a wallbox."""

_RAPID_EFFICIENCY = 0.95
"""Which part of what a rapid charger has counted arrives in the battery (charging §6: 92 to 97 %)."""

_CONTENT_DOUBT = 0.15
"""kWh by which a difference of two contents may be off: they are rounded to a tenth."""

_LEVEL_DOUBT = 1.0
"""% by which a difference of two levels may be off: most are whole numbers."""

_METER_DOUBT = 0.1
"""Which part of what a meter has counted may be off in the battery."""

_LEAST_EFFICIENCY, _CLIMATE = 0.45, 2.5
"""Which part of what was metered arrives at least, and kW that the climate control may have taken besides."""

_LEAST_METERED = 0.5
"""Which part of what seems to have arrived was metered at least: a battery that has aged holds less than is assumed."""

_MOST_POWER = 400.0
"""kW: no vehicle drives or charges with more."""

_COUNTED, _NOT_COUNTED = 3, 0.2
"""How many readings it takes to follow a counter, and for which part of an entry it may begin late."""


class Entries(NamedTuple):
    """Trips and charges, each oldest first."""

    trips: Sequence[Trip] = ()
    charges: Sequence[Charge] = ()


class _Change(NamedTuple):
    """A value before and after an entry."""

    before: float
    after: float


class EntryFinder:
    """Finds the entries in readings from ``since`` to ``now``, and before them the ``drives``."""

    def __init__(
        self,
        readings: Readings,
        assumed: Assumptions,
        *,
        since: datetime,
        now: datetime,
        odometer: float | None = None,
    ) -> None:
        """Take the readings as they are. The vehicle had driven as far as ``odometer`` before."""
        self._readings = readings
        self._assumed = assumed
        self._odometer = odometer
        self.drives = find_drives(readings, since, now, assumed.records, odometer=odometer)
        self.evidence = list[Stay]()
        """From when to when charges were found; none must be settled in part."""
        edges = [since, *(at for drive in self.drives for at in (drive.start, drive.end)), now]
        self._stays = [Stay(*edges[index : index + 2]) for index in range(0, len(edges), 2)]

    def find(self) -> Entries:
        """Return the entries. What the energy of a trip has cost is not among it."""
        begun = [datetime.min.replace(tzinfo=UTC), *(drive.start for drive in self.drives)]
        places = [self._place(index) for index in range(len(self._stays))]
        fits = fits_levels(self._readings, self._stays, self.drives, self._assumed)
        meters = meters_of(self._readings, self._stays, places, self._assumed.power, fits)
        charges = [
            [*find_charges(self._readings, meters, stay, self._assumed, since)]
            for stay, since in zip(self._stays, begun, strict=True)
        ]
        each = [self._trip(index, self._around(range(index, index + 1), charges)) for index in range(len(self.drives))]
        self.evidence = [Stay(*one.evidence) for each in charges for one in each]
        trips, found = list[Trip](), list[Charge]()
        before, after = dict[int, tuple[UnseenCharge, datetime]](), dict[int, UnseenCharge]()
        for run in unread(each, self.drives, charges):
            part, unseen = self._used(each[run.start : run.stop], run, self._around(run, charges))
            trips += part
            if unseen is None:
                continue
            read_at, following = self.drives[run.stop - 1].read_at, charges[run.stop]
            if following and following[0].start <= read_at + ABOUT:  # it had begun when the odometer was read
                after[run.stop] = unseen
            else:
                before[run.start] = unseen, read_at
        for index, stay in enumerate(self._stays):
            starts = [self._begun(index), *(one.start for one in charges[index]), stay.end]
            for earlier, one, later in zip(starts, charges[index], starts[2:], strict=False):
                around, place, brought = Stay(earlier, later), self._place(index), None
                charge = self._charge(one, around, place)
                if (unseen := after.pop(index, None)) is not None:
                    brought = unseen.energy.plus(charge.energy or 0.0, charge.uncertainty or 0.0)
                elif charge.energy is None and one is charges[index][-1] and index in before:
                    unseen, read_at = before.pop(index)
                    self.evidence.append(Stay(one.start, read_at))
                    brought = unseen.energy
                if brought is not None:
                    charge = self._charge(one, around, place, brought)
                if charge.energy != 0 or not (charge.estimated and one.metered):  # or another vehicle was metered
                    found.append(charge)
        found += (self._unseen_charge(unseen) for unseen, _ in before.values())
        found.sort(key=attrgetter("start"))
        trips = with_charged(trips, found, self._assumed.capacity)
        return Entries(with_regained(trips, self._assumed.regained), found)

    def odometer_at(self, at: datetime) -> float | None:
        """Return how far the vehicle had driven then, by the drives until then."""
        driven = [drive.odometer for drive in self.drives if drive.end <= at]
        first = (series[0] for series in self._readings.by_source(Quantity.ODOMETER).values() if series)
        known = sorted((each.at, -number(each)) for each in first if each.at <= at)
        return driven[-1] if driven else self._odometer or (-known[0][1] if known else None)

    def place_at(self, at: datetime) -> str | None:
        """Return where the vehicle stood then."""
        return self._place(max(bisect_right(self._stays, at, key=lambda stay: stay.start) - 1, 0))

    def _begun(self, index: int) -> datetime:
        """Return when what was before a stay began."""
        return self.drives[index - 1].start if index else self._stays[0].start

    def _around(self, run: range, charges: Sequence[Sequence[FoundCharge]]) -> Stay:
        """Return the time around some drives in which nothing else has changed what is in the battery."""
        before, after = charges[run.start], charges[run.stop]
        return Stay(
            before[-1].start if before else self._begun(run.start),
            after[0].start if after else self._stays[run.stop].end,
        )

    def _trip(self, index: int, around: Stay) -> Trip:
        drive = self.drives[index]
        entry = Stay(drive.start, drive.end)
        level, energy = self._levels(entry, around), self._energy(entry, around)
        drawn, regained = (self._counted(each, entry, around) for each in (Quantity.DRIVEN, Quantity.REGAINED))
        if drawn is not None:
            energy = Energy((regained or 0.0) - drawn, COUNTER_DOUBT)
        if regained is None and drive.record is not None:
            regained = drive.record.regained
        return Trip(
            start=drive.start,
            end=drive.end,
            distance=round(drive.distance, 3),
            odometer=drive.odometer,
            origin=self._place(index),
            destination=self._place(index + 1),
            energy=-energy.amount if energy else None,
            uncertainty=energy.doubt if energy else None,
            regained=regained,
            level_from=level[0],
            level_to=level[1],
            outside=_mean(between(self._readings.of(Quantity.OUTSIDE), drive.start - _WEATHER, drive.end)),
        )

    def _used(self, trips: Sequence[Trip], run: range, around: Stay) -> tuple[Sequence[Trip], UnseenCharge | None]:
        """Return the trips of a run with what they have used, and the charge that nobody has seen.

        After such a charge there is more in the battery.
        """
        first, last = trips[0], trips[-1]
        entry, between_them = Stay(first.start, last.end), self._stays[run.start + 1 : run.stop]
        if between_them:
            level, energy = self._levels(entry, around), self._energy(entry, around)
            trips = [replace(first, level_from=level[0]), *trips[1:-1], replace(last, level_to=level[1])]
        elif first.energy is not None and first.uncertainty is not None:
            energy = Energy(-first.energy, first.uncertainty)
        else:
            energy = None
        drives = self.drives[run.start : run.stop]
        if energy is None:
            return [as_told(trip, drive.record) for trip, drive in zip(trips, drives, strict=True)], None
        if _had_time(self._readings, Stay(first.start, max(last.end, drives[-1].read_at))):
            stays = [
                *between_them,
                *(Stay(last.end, min(each.read_at, around.end)) for each in drives[-1:] if each.record),
            ]
            longest = max(stays, key=lambda stay: stay.end - stay.start, default=entry)
            usual, unseen = with_unseen_charge(trips, drives, energy, longest, self._assumed)
            if unseen is not None:
                return usual, unseen
        return (shared(trips, drives, energy) if between_them else trips), None

    def _unseen_charge(self, unseen: UnseenCharge) -> Charge:
        """Return a charge that nobody has seen, where it stood then."""
        start, end = unseen.stay
        stood = (index for index, stay in enumerate(self._stays) if stay.start <= start < end <= stay.end)
        places = (self._place(index) for index in stood)
        return Charge(
            start=start,
            end=end,
            place=next(places, None) or "",
            energy=unseen.energy.amount,
            uncertainty=unseen.energy.doubt,
            wall_energy=unseen.energy.amount / self._assumed.efficiency,
        )

    def _charge(self, found: FoundCharge, around: Stay, place: str | None, brought: Energy | None = None) -> Charge:
        """Return a charge that was found, which has ``brought`` so much if no level tells that."""
        entry = Stay(found.start, found.end)
        flows = self._metered(found, entry, around)
        if brought is not None and sum(rise.amount for rise in flows) < brought.amount - brought.doubt:
            flows = ()  # only a part of it was metered
        metered = sum(rise.amount for rise in flows) or None
        level = self._levels(entry, around)
        energy = brought or self._stored(entry, around, metered, found.hours)
        counted = self._counted(Quantity.STORED, entry, around)
        if counted is not None:
            energy = Energy(counted, COUNTER_DOUBT)
        peak, current = self._power(found, energy, metered=metered is not None)
        wall = metered if metered is not None else _wall_energy(energy, found.hours, current, self._assumed)
        flows = flows or _spread(wall or 0.0, found)
        is_known = wall is not None and (
            metered is not None or current is not Current.DC
        )  # none has a rapid one at home
        tariffs = tariffs_at(place, self._assumed.tariffs) if is_known else []
        by_hour, paid_by = self._in_hours(flows, tariffs)
        cost = cost_of(by_hour)
        return Charge(
            start=found.start,
            end=found.end,
            place=place,
            level_from=level[0],
            level_to=level[1],
            energy=max(energy.amount, 0.0) if energy else None,
            uncertainty=energy.doubt if energy else None,
            wall_energy=wall,
            counted=counted is not None,
            estimated=metered is None,
            hours=found.hours,
            cost=cost,
            currency=paid_by.currency if paid_by and cost is not None else None,
            peak_power=peak,
            current=current,
            solar=share_of(flows, self._readings.by_source(Quantity.SOLAR).get(paid_by.key, [])) if paid_by else None,
            by_hour=by_hour if wall else (),
        )

    def _metered(self, found: FoundCharge, entry: Stay, around: Stay) -> Sequence[Rise]:
        """Return what was metered for this vehicle.

        If that is far more than what has arrived, another one was metered as well: only what has flowed while this one
        charged counts, or none if that is too much, too. Nor does a meter count that was only read for a part of it.
        """
        changed = self._energy(entry, around)
        levels = (self._readings.of(each) for each in (Quantity.LEVEL, Quantity.CONTENT))
        if changed is None or not any(between(each, entry.end - ABOUT, around.end + ABOUT) for each in levels):
            return found.metered
        most = (max(changed.amount, 0.0) + changed.doubt) / _LEAST_EFFICIENCY + _CLIMATE * max(found.hours, 1.0)
        meanwhile = [
            rise
            for rise in found.metered
            if any(span.start <= rise.start and rise.end <= span.end for span in found.spans)
        ]
        least = _LEAST_METERED * (changed.amount - changed.doubt)
        enough = (each for each in (found.metered, meanwhile) if least <= sum(rise.amount for rise in each) <= most)
        return next(enough, ())

    def _stored(self, entry: Stay, around: Stay, metered: float | None, hours: float) -> Energy | None:
        """Return what a charge brought into the battery by its level or, if that is unknown, by the meter."""
        if (energy := self._energy(entry, around)) is not None or metered is None:
            return energy
        arrived = metered * self._assumed.efficiency - self._assumed.overhead * hours
        return Energy(arrived, _METER_DOUBT * metered)

    def _power(
        self, found: FoundCharge, energy: Energy | None, *, metered: bool
    ) -> tuple[float | None, Current | None]:
        """Return the highest power, and with which current it charged."""
        start, end = found.start - ABOUT, found.end + ABOUT
        powers = [number(each) for each in between(self._readings.of(Quantity.POWER), start, end)]
        peak = max((power for power in powers if power > 0), default=None)
        rapid = {bool(each.value) for each in between(self._readings.of(Quantity.RAPID), start, end)}
        mean = energy.amount / found.hours if energy and found.hours else 0.0
        if True in rapid or max(peak or 0.0, mean) > _AC_AT_MOST:
            return peak, Current.DC
        return peak, Current.AC if rapid or metered or peak else None

    def _in_hours(
        self, flows: Sequence[Rise], tariffs: Sequence[Tariff]
    ) -> tuple[tuple[ChargedHour, ...], Tariff | None]:
        """Return the hours with their costs, and the tariff that held first; if no cost is known, the first of them.

        At each time the first tariff counts whose price was known then; all have to be in one currency.
        """
        known, now = self._readings.by_source(Quantity.PRICE), self._stays[-1].end
        prices = {each: going_on(known.get(each.key, []), now) for each in tariffs}
        for currency in dict.fromkeys(each.currency for each in tariffs):
            ours = {each: series for each, series in prices.items() if each.currency == currency}
            if cost_of(hours := in_hours(flows, *ours.values())) is not None:
                held = (each for each, series in ours.items() if known_at(flows[0].start, series) is not None)
                return hours, next(held, next(iter(ours)))
        return in_hours(flows), next(iter(tariffs), None)

    # What is known of a time

    def _energy(self, entry: Stay, around: Stay) -> Energy | None:
        """Return what an entry has changed in the battery."""
        if (content := self._change(Quantity.CONTENT, entry, around)) is not None:
            return Energy(content.after - content.before, _CONTENT_DOUBT)
        level, capacity = self._change(Quantity.LEVEL, entry, around), self._assumed.capacity
        if level is None or capacity is None:
            return None
        return Energy((level.after - level.before) / 100 * capacity, _LEVEL_DOUBT / 100 * capacity)

    def _levels(self, entry: Stay, around: Stay) -> tuple[float | None, float | None]:
        """Return the levels before and after an entry, as far as they are known."""
        if (change := self._change(Quantity.LEVEL, entry, around)) is not None:
            return change
        series = self._readings.by_source(Quantity.LEVEL).values()
        found = next((each for one in series if (each := self._before(one, entry, around)) is not None), None)
        if found is not None and entry.start < entry.end - ABOUT <= found.at:
            return None, number(found)
        return (None if found is None else number(found)), None

    def _change(self, quantity: Quantity, entry: Stay, around: Stay) -> _Change | None:
        """Return a value before and after an entry, both from one source.

        Of those that knew it before that is the one that has reported most often meanwhile.
        """
        found = [
            (before.at <= entry.start, len(between(series, *entry)), _Change(number(before), number(after)))
            for series in self._readings.by_source(quantity).values()
            if (before := self._before(series, entry, around))
            and (after := _after(series, entry, around))
            and before.at < after.at
        ]
        return max(found)[-1] if found else None

    def _before(self, series: Sequence[Reading], entry: Stay, around: Stay) -> Reading | None:
        """Return the last reading before an entry if it is no older than what was before, else the first within."""
        before = last_until(series, entry.start)
        holds = before is not None and (before.at >= around.start or around.start <= self._stays[0].start)
        return before if holds else next(iter(between(series, entry.start, entry.end)), None)

    def _counted(self, quantity: Quantity, entry: Stay, around: Stay) -> float | None:
        """Return what a counter of the vehicle has counted, if it was followed from the beginning."""
        found = list[tuple[int, float]]()
        begun = entry.start + max(ABOUT, _NOT_COUNTED * (entry.end - entry.start))
        for series in self._readings.by_source(quantity).values():
            if series[0].at <= begun and (followed := len(between(series, *entry))) >= _COUNTED:
                after = between(series, entry.end, around.end + ABOUT)[:1]
                end = max([entry.end + ABOUT, *(each.at for each in after)])
                counted = rises(series, entry.start, end, most=_MOST_POWER)
                found.append((followed, sum(rise.amount for rise in counted)))
        return max(found)[1] if found else None

    def _place(self, index: int) -> str | None:
        """Return where the vehicle stood: where it was longest, because it may still say that it drives."""
        series, stay = self._readings.of(Quantity.PLACE), self._stays[index]
        before = last_until(series, stay.start)
        if not index and before is not None and isinstance(before.value, str):
            return before.value
        inside = between(series, stay.start, stay.end)
        held = defaultdict[str, timedelta](timedelta)
        for reading, end in zip(inside, [*(each.at for each in inside[1:]), stay.end], strict=False):
            if isinstance(reading.value, str):
                held[reading.value] += end - reading.at
        if not held and before is not None and before.at >= stay.start - ABOUT and isinstance(before.value, str):
            return before.value
        return max(held, key=held.__getitem__, default=None)


def _had_time(readings: Readings, span: Stay) -> bool:
    """Whether a vehicle can have charged unseen: it does not say all the time that it is not plugged in."""
    reports = between(readings.of(Quantity.PLUGGED_IN), *span)
    times = [span.start, *(each.at for each in reports), span.end]
    return any(each.value for each in reports) or any(end - start >= CELL for start, end in pairwise(times))


def _wall_energy(energy: Energy | None, hours: float, current: Current | None, assumed: Assumptions) -> float | None:
    """Estimate what came from the wall."""
    if energy is None or energy.amount <= 0:
        return None
    if current is Current.DC:
        return energy.amount / _RAPID_EFFICIENCY
    return (energy.amount + assumed.overhead * hours) / assumed.efficiency


def _mean(series: Sequence[Reading]) -> float | None:
    return round(sum(map(number, series)) / len(series), 1) if series else None


def _spread(energy: float, found: FoundCharge) -> list[Rise]:
    """Spread an energy evenly over the time in which it charged."""
    hours = [(span.end - span.start) / timedelta(hours=1) for span in found.spans]
    return [
        Rise(span.start, span.end, energy * (each / found.hours if found.hours else 1 / len(hours)))
        for span, each in zip(found.spans, hours, strict=True)
    ]


def _after(series: Sequence[Reading], entry: Stay, around: Stay) -> Reading | None:
    """Return the last reading of the moment in which an entry ended, else the first after it, else the last within."""
    if moment := between(series, entry.end - ABOUT, entry.end + ABOUT):
        return moment[-1]
    after = between(series, entry.end, around.end + ABOUT)
    return after[0] if after else last_until(between(series, entry.start, entry.end), entry.end)
