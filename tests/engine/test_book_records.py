"""Single trips that a service keeps, in a book whose vehicle was read seldom."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.engine.book import OPEN
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.drives import find_drives
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.engine.reading_set import Readings
from custom_components.nissanconnect.vehicle import TripRecord

from .lives import ASSUMED, POLLED, START, Life, Noted, entries_of, lives, numbers, settled_by


def _at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def _record(start: float, end: float, distance: float, energy: float | None = None) -> TripRecord:
    return TripRecord(start=_at(start), end=_at(end), distance=distance, energy=energy)


def _noted(**series: Sequence[tuple[float, float]]) -> list[Noted]:
    return [
        (Quantity(name), Reading(_at(minutes), value, "car"))
        for name, points in series.items()
        for minutes, value in points
    ]


SELDOM = [(0.0, 1000.0), (600.0, 1040.0)]
ON_THE_WAY = [(0.0, 1000.0), (75.0, 1012.0), (600.0, 1040.0)]
OUT, BACK = (60, 90, 24), (500, 520, 16)
AT_THE_END = (600 - 40 / 45 * 60, 600, 40)


@pytest.mark.parametrize(
    ("odometer", "records", "expected"),
    [
        (SELDOM, [], [AT_THE_END]),
        (SELDOM, [OUT, BACK], [OUT, BACK]),
        (SELDOM, [BACK, OUT, OUT], [OUT, BACK]),
        (SELDOM, [OUT, BACK, (95, 99, 0), (100, 100, 3)], [OUT, BACK]),
        (SELDOM, [(60, 90, 25.2), (500, 520, 16.8)], [OUT, BACK]),
        (SELDOM, [(60, 90, 22.8), (500, 520, 15.2)], [OUT, BACK]),
        (SELDOM, [(60, 90, 27), (500, 520, 18)], [AT_THE_END]),
        (SELDOM, [OUT], [AT_THE_END]),
        (SELDOM, [OUT, BACK, (530, 540, 10)], [AT_THE_END]),
        (SELDOM, [OUT, (94, 104, 16)], [OUT, (94, 104, 16)]),
        (SELDOM, [(-1.5, 20, 24), (590, 601.5, 16)], [(0, 20, 24), (590, 600, 16)]),
        (SELDOM, [(-5, 20, 24), BACK], [AT_THE_END]),
        (SELDOM, [OUT, (590, 605, 16)], [AT_THE_END]),
        (ON_THE_WAY, [OUT, BACK], [OUT, BACK]),
        (ON_THE_WAY, [OUT], [(59, 75, 12), (600 - 28 / 45 * 60, 600, 28)]),
        (SELDOM, [(60, 90, 39.2), (500, 501.5, 0.8)], [(60, 90, 39.2), (500, 501.5, 0.8)]),
        ([*SELDOM, (605.0, 1044.0)], [OUT, (590, 600, 16)], [OUT, (590, 600, 16), (600, 605, 4)]),
        ([*SELDOM, (610.0, 1045.0)], [OUT, BACK], [OUT, BACK, (600 + 10 / 3, 610, 5)]),
        ([(-9.0, 995.0), *SELDOM], [OUT, BACK], [(-20 / 3, 0, 5), OUT, BACK]),
    ],
    ids=[
        "none",
        "two drives",
        "in any order",
        "standing",
        "rounded up",
        "rounded down",
        "too far",
        "one is missing",
        "one of another time",
        "a stand of 4 minutes",
        "another clock",
        "one began before",
        "one ends later",
        "read on the way",
        "read on the way, and one is missing",
        "a minute and a half",
        "what follows soon is not told",
        "what follows is not told",
        "what was before is not told",
    ],
)
def test_drives_of_records(
    odometer: Sequence[tuple[float, float]],
    records: Sequence[tuple[float, float, float]],
    expected: Sequence[tuple[float, float, float]],
) -> None:
    readings = Readings()
    for quantity, reading in _noted(odometer=odometer):
        readings.add(quantity, reading)
    drives = find_drives(readings, _at(-10), _at(1000), [_record(*each) for each in records])
    minutes = [
        ((each.start - START) / timedelta(minutes=1), (each.end - START) / timedelta(minutes=1)) for each in drives
    ]
    assert [(*at, each.distance) for at, each in zip(minutes, drives, strict=True)] == [
        pytest.approx(each) for each in expected
    ]
    assert drives[-1].odometer == odometer[-1][1]


TRIPS = (_record(*OUT), _record(*BACK))


def _found(records: Sequence[TripRecord] = TRIPS, **series: Sequence[tuple[float, float]]) -> Entries:
    return entries_of(_noted(odometer=SELDOM, **series), _at(1000), replace(ASSUMED, records=tuple(records)))


def test_what_several_trips_have_used_is_divided_by_their_distances() -> None:
    out, back = _found(level=[(0, 80), (600, 60)]).trips
    assert (out.energy, back.energy) == pytest.approx((4.8, 3.2))
    assert (out.uncertainty, back.uncertainty) == pytest.approx((0.24 + 0.5 * 8 * 0.24, 0.16 + 0.5 * 8 * 0.24))
    assert (out.level_from, out.level_to, back.level_from, back.level_to) == (80, None, None, 60)


def test_what_several_trips_have_used_is_divided_by_what_their_records_tell() -> None:
    records = (_record(*OUT, energy=6), _record(*BACK, energy=2))
    out, back = _found(records, level=[(0, 80), (600, 60)]).trips
    assert (out.energy, back.energy) == pytest.approx((6, 2))
    assert (out.uncertainty, back.uncertainty) == pytest.approx((0.3 + 0.1 * 1.5, 0.1 + 0.1 * 1.5))
    out, back = _found((records[0], TRIPS[1]), level=[(0, 80), (600, 60)]).trips
    assert (out.energy, back.energy) == pytest.approx((4.8, 3.2)), "one of them tells nothing"


def test_what_was_read_between_trips_counts() -> None:
    out, back = _found(level=[(0, 80), (300, 65), (600, 60)]).trips
    assert (out.energy, back.energy) == pytest.approx((6, 2))
    assert (out.level_to, back.level_from) == (65, 65)


@pytest.mark.parametrize("charging", [[(300.0, 1.0), (400.0, 0.0)], []])
def test_what_trips_have_used_is_not_known_together_if_it_has_charged_in_between(
    charging: Sequence[tuple[float, float]],
) -> None:
    records = [replace(each, energy=4.0, regained=0.5) for each in TRIPS]
    trips, charges = _found(records, level=[(0, 80), (600, 70)], charging=charging)
    assert [trip.regained for trip in trips] == [0.5, 0.5]
    assert len(charges) == bool(charging)
    assert [trip.energy for trip in trips] == pytest.approx([4, 4] if charging else [2, 2])
    if charging:
        assert [trip.uncertainty for trip in trips] == pytest.approx([0.6, 0.6])


def test_a_charge_that_nobody_has_seen_was_in_the_longest_stay_between_trips() -> None:
    records = [_record(*OUT), _record(100, 110, 6), _record(510, 520, 10)]
    trips, (charge,) = _found(records, level=[(0, 60), (600, 80)])
    assert [trip.energy for trip in trips] == pytest.approx([24 * 0.17, 6 * 0.17, 10 * 0.17])
    assert [trip.uncertainty for trip in trips] == pytest.approx([12 * 0.17, 3 * 0.17, 5 * 0.17])
    assert (charge.start, charge.end) == (_at(110), _at(510))
    assert charge.energy == pytest.approx(8 + 40 * 0.17)
    assert charge.uncertainty == pytest.approx(0.4 + 20 * 0.17)


def test_a_charge_that_nobody_has_seen_was_after_the_only_trip_until_it_was_read() -> None:
    (trip,), (charge,) = _found([_record(60, 90, 40)], level=[(0, 60), (600, 80)])
    assert (trip.start, trip.end) == (_at(60), _at(90))
    assert trip.energy == pytest.approx(40 * 0.17)
    assert (charge.start, charge.end) == (_at(90), _at(600))


def test_what_a_record_tells_counts_if_the_level_is_unknown() -> None:
    (trip,), _ = _found([replace(_record(60, 90, 40), energy=6.0, regained=1.0)])
    assert (trip.energy, trip.uncertainty, trip.regained) == pytest.approx((6, 1.1, 1))


def test_records_that_fit_only_a_part_of_a_step_do_not_fit_when_the_rest_is_settled() -> None:
    readings = Readings()
    for quantity, reading in _noted(odometer=SELDOM):
        readings.add(quantity, reading)
    records = [_record(60, 90, 10), _record(500, 520, 40)]
    for since in (0, 300):
        (drive,) = find_drives(readings, _at(since), _at(1000), records)
        assert drive.end == _at(600)


def test_records_that_come_late_do_not_change_what_is_settled() -> None:
    noted = _noted(odometer=[*SELDOM, (1200, 1040)])
    book, settled, rest = settled_by(noted, _at(300) + OPEN, timedelta(hours=1))
    assert book.since is not None
    (whole,) = rest.trips
    assert not settled.trips
    assert book.since > _at(90)
    assert book.entries(replace(ASSUMED, records=TRIPS), _at(300) + OPEN).trips == [whole]


# Laws


@st.composite
def seldom_read(draw: st.DrawFn) -> tuple[Life, list[Noted]]:
    """A life that is read every few hours, and at its ends."""
    life = draw(lives())
    times = [at for at, _ in life.moments(POLLED.every)]
    kept, every = {times[0], times[-1]}, draw(st.sampled_from([20, 200, 1500]))
    due = times[0]
    for at in times:
        if at >= due:
            kept.add(at)
            due = at + timedelta(minutes=draw(st.integers(every // 2, every)))
    return life, [each for each in POLLED.report(life) if each[1].at in kept]


def _records(life: Life) -> list[TripRecord]:
    return [TripRecord(start=each.start, end=each.end, distance=round(each.distance, 1)) for each in life.trips]


@st.composite
def doubtful_records(draw: st.DrawFn, life: Life) -> list[TripRecord]:
    """Records of which some are missing, and some are wrong."""
    records = list[TripRecord]()
    for each in _records(life):
        match draw(st.sampled_from(["right", "right", "missing", "late", "long", "twice"])):
            case "right":
                records.append(each)
            case "late":
                late = timedelta(minutes=draw(st.integers(1, 90)))
                records.append(replace(each, start=each.start + late, end=each.end + late))
            case "long":
                records.append(replace(each, distance=each.distance * draw(st.sampled_from([0.0, 0.9, 1.5, 3.0]))))
            case "twice":
                records += [each, replace(each, end=each.end + timedelta(minutes=1))]
    return records


@settings(max_examples=60)
@given(read=seldom_read())
def test_every_trip_is_found_that_was_recorded(read: tuple[Life, list[Noted]]) -> None:
    life, noted = read
    trips, _ = entries_of(noted, life.now, replace(ASSUMED, records=tuple(_records(life))))
    assert [(trip.start, trip.end) for trip in trips] == [(trip.start, trip.end) for trip in life.trips]
    for trip, true in zip(trips, life.trips, strict=True):
        assert trip.distance == pytest.approx(true.distance, abs=2)


@settings(max_examples=60)
@given(read=seldom_read(), data=st.data(), seed=st.integers(0, 99))
def test_whatever_records_tell_distances_add_up_in_any_order(
    read: tuple[Life, list[Noted]], data: st.DataObject, seed: int
) -> None:
    life, noted = read
    records = data.draw(doubtful_records(life))
    entries = entries_of(noted, life.now, replace(ASSUMED, records=tuple(records)))
    odometer = numbers(noted, Quantity.ODOMETER)
    assert sum(trip.distance for trip in entries.trips) == pytest.approx(odometer[-1] - odometer[0], abs=1e-6)
    assert all(trip.distance > 0 for trip in entries.trips)
    times = [at for trip in entries.trips for at in (trip.start, trip.end)]
    assert times == sorted(times)
    without = entries_of(noted, life.now)
    used, usual = (sum(trip.energy or 0 for trip in found.trips) for found in (entries, without))
    if not entries.charges and not without.charges:
        assert used == pytest.approx(usual)
    shuffled, again = noted * 2, records * 2
    Random(seed).shuffle(shuffled)
    Random(seed).shuffle(again)
    assert entries_of(shuffled, life.now, replace(ASSUMED, records=tuple(again))) == entries


@settings(max_examples=40)
@given(read=seldom_read(), data=st.data(), every=st.sampled_from([1, 3, 11, 30]))
def test_with_records_it_makes_no_difference_when_entries_are_settled(
    read: tuple[Life, list[Noted]], data: st.DataObject, every: int
) -> None:
    life, noted = read
    assumed = replace(ASSUMED, records=tuple(data.draw(doubtful_records(life))))
    end = life.now + OPEN + timedelta(days=1)
    _, settled, rest = settled_by(noted, end, timedelta(hours=every), assumed)
    everything = entries_of(noted, end, assumed)
    assert [*settled.trips, *rest.trips] == everything.trips
    assert [*settled.charges, *rest.charges] == everything.charges
