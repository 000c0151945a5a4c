"""What holds for every book, however a vehicle lives and reports."""

from dataclasses import fields
from datetime import timedelta
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.engine.book import OPEN, sums_of
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.entry_finder import Entries

from .lives import (
    CAPACITY,
    DENSE,
    LOSS,
    POLLED,
    SELDOM,
    START,
    Life,
    Source,
    all_of,
    assert_tidy,
    entries_of,
    lives,
    numbers,
    prices,
    settled_by,
)

SOURCES = pytest.mark.parametrize("source", [DENSE, POLLED, SELDOM], ids=lambda source: source.name)


def _assert_same(entries: Entries, life: Life, source: Source) -> None:
    """Every trip and every charge is there once, with the right distance and energy."""
    assert_tidy(entries)
    assert len(entries.trips) == len(life.trips)
    assert len(entries.charges) == len(life.charges)
    rounded = 2 * 10**-source.decimals
    for trip, true in zip(entries.trips, life.trips, strict=True):
        assert trip.distance == pytest.approx(true.distance, abs=rounded)
        assert trip.start < true.end
        assert true.start < trip.end
        assert trip.energy == pytest.approx(true.energy, abs=trip.uncertainty)
        assert (trip.origin, trip.destination) == ("zone.home", "zone.home")
    for charge, found in zip(entries.charges, life.charges, strict=True):
        slack = source.every + timedelta(minutes=1)
        assert abs(charge.start - found.start) <= slack
        assert abs(charge.end - found.end) <= slack
        assert charge.energy == pytest.approx(found.stored, abs=charge.uncertainty)
        if source.metered:
            assert charge.wall_energy == pytest.approx(found.wall, abs=0.02)


@SOURCES
@settings(max_examples=25)
@given(life=lives())
def test_each_trip_and_charge_is_found_once(source: Source, life: Life) -> None:
    noted = [*source.report(life)]
    entries = entries_of(noted, life.now)
    _assert_same(entries, life, source)
    odometer = numbers(noted, Quantity.ODOMETER)
    assert sum(trip.distance for trip in entries.trips) == pytest.approx(odometer[-1] - odometer[0], abs=1e-6)


@SOURCES
@settings(max_examples=25)
@given(life=lives())
def test_energies_balance(source: Source, life: Life) -> None:
    entries = entries_of([*source.report(life)], life.now)
    trips, charges = entries
    change = life.content - life.first_content
    stood = sum((phase.end - phase.start) / timedelta(hours=1) for phase in life.phases if phase.power == -LOSS)
    doubts = sum(each.uncertainty or 0 for each in all_of(entries))
    used, stored = sum(trip.energy or 0 for trip in trips), sum(charge.energy or 0 for charge in charges)
    assert stored - used - LOSS * stood == pytest.approx(change, abs=doubts + 0.02 * CAPACITY)


@SOURCES
@settings(max_examples=25)
@given(life=lives(), seed=st.integers(0, 99))
def test_the_order_of_readings_and_repetitions_make_no_difference(source: Source, life: Life, seed: int) -> None:
    noted = [*source.report(life), *prices(life)]
    shuffled = noted * 2
    Random(seed).shuffle(shuffled)
    assert entries_of(shuffled, life.now) == entries_of(noted, life.now)


@SOURCES
@settings(max_examples=15)
@given(life=lives(most=10), first=st.sampled_from([3, 11, 30]), second=st.sampled_from([7, 24, 49]))
def test_it_makes_no_difference_when_entries_are_settled(source: Source, life: Life, first: int, second: int) -> None:
    noted = [*source.report(life), *prices(life)]
    end = life.now + OPEN + timedelta(days=1)
    one, old, rest = settled_by(noted, end, timedelta(hours=first))
    other, *found = settled_by(noted, end, timedelta(hours=second))
    everything = entries_of(noted, end)
    assert [*old.trips, *rest.trips] == everything.trips
    assert [*old.charges, *rest.charges] == everything.charges
    assert [*found[0].trips, *found[1].trips] == everything.trips
    assert [*found[0].charges, *found[1].charges] == everything.charges
    for book, left in ((one, rest), (other, found[1])):
        sums = book.settled + sums_of(left, "EUR")
        for each in fields(sums):
            assert getattr(sums, each.name) == pytest.approx(getattr(sums_of(everything, "EUR"), each.name))
        assert not left.trips
        assert not left.charges
    assert one.lots == other.lots


RARE = Source("rare", timedelta(hours=7), 0, contents=False, plug=False, charging=False, metered=False)


@pytest.mark.parametrize("sources", [[DENSE, RARE], [POLLED, RARE], [POLLED], [SELDOM, RARE]], ids=str)
@settings(max_examples=15)
@given(
    life=lives(most=10), seed=st.integers(0, 99), kept=st.sampled_from([0.9, 0.3]), every=st.sampled_from([3, 11, 30])
)
def test_it_makes_no_difference_when_entries_are_settled_of_which_much_is_missing(
    sources: list[Source], life: Life, seed: int, kept: float, every: int
) -> None:
    reports, chance = [each for source in sources for each in source.report(life)], Random(seed)
    missing = {at for at in {reading.at for _, reading in reports} if chance.random() > kept}
    noted = [*((quantity, reading) for quantity, reading in reports if reading.at not in missing), *prices(life)]
    end = life.now + OPEN + timedelta(days=1)
    _, old, rest = settled_by(noted, end, timedelta(hours=every))
    everything = entries_of(noted, end)
    assert [*old.trips, *rest.trips] == everything.trips
    assert [*old.charges, *rest.charges] == everything.charges


def test_a_meter_counts_for_a_charge_that_waited_at_the_plug_and_was_settled_meanwhile() -> None:
    at = [START + timedelta(minutes=15 * quarter) for quarter in range(24)]
    noted = [(Quantity.PLUGGED_IN, Reading(at[0], 1.0, "car")), (Quantity.PLUGGED_IN, Reading(at[20], 0.0, "car"))]
    for quarter in range(20):
        charged = min(max(quarter - 8, 0), 8)
        noted += [
            (Quantity.CHARGING, Reading(at[quarter], float(8 <= quarter < 16), "car")),
            (Quantity.LEVEL, Reading(at[quarter], 30.0 + 5 * charged, "car")),
            (Quantity.METER, Reading(at[quarter], 100.0 + 2 * charged, "meter")),
        ]
    (whole,) = entries_of(noted, at[23]).charges
    assert (whole.wall_energy, whole.estimated) == (16, False)
    _, old, rest = settled_by(noted, at[23] + 2 * OPEN, timedelta(hours=1))
    assert [*old.charges, *rest.charges] == [whole]
