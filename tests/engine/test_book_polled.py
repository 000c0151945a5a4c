"""Vehicles that are read now and then, with meters that report only changes: what was hard for the book."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest

from custom_components.nissanconnect.engine.book_entries import Charge

from .lives import all_of
from .test_book_odd import Read, found, hours, lived


def _wall(charges: Sequence[Charge]) -> float:
    return sum(charge.wall_energy or 0 for charge in charges)


def _polled(
    power: float, start: float, end: float, *, first: float, every: float, plugged_at: float, level: float = 50.0
) -> list[Read]:
    """A charge with so many kW from the wall; the vehicle is read now and then, and shows whole percents."""
    reads: list[Read] = [("odometer", first, 1000.0), ("place", first, "zone.home")]
    at, arriving = first, 0.9 * power - 0.3
    while at < end + 6:
        charged = arriving * min(max(at - start, 0), end - start)
        reads += [
            ("plugged_in", at, float(at >= plugged_at)), ("charging", at, float(start <= at < end)),
            ("level", at, float(round(level + charged / 0.4))),
        ]  # fmt: skip
        at += every
    return reads


def _changes(power: float, start: float, end: float, *, step: float, every: int, until: float) -> list[Read]:
    """A meter of so coarse a step that is read every few minutes and reports only what has changed."""
    reads: list[Read] = [("meter", -9, 100.0)]
    for minute in range(-60, int(60 * until), every):
        at = minute / 60
        shown = round(100 + step * int(power * min(max(at - start, 0), end - start) / step + 1e-6), 2)
        if shown != reads[-1][2]:
            reads.append(("meter", at, shown))
    return reads


@pytest.mark.parametrize(("every", "step"), [(0.5, 0.01), (1.0, 0.01), (1.0, 1.0)])
def test_a_slow_charge_with_a_meter_begins_with_the_level_before_it(every: float, step: float) -> None:
    """At 2.3 kW it gains 2 % from 0:40 to 1:05, when it is first seen; a meter has seen it begin."""
    reads = _polled(2.3, 0.67, 4.0, first=1 / 12 - 1, every=every, plugged_at=0.5)
    reads += _changes(2.3, 0.67, 4.0, step=step, every=1, until=9)
    (charge,) = found(reads, 20).charges
    assert charge.level_from == 50
    assert charge.energy == pytest.approx(3.33 * (0.9 * 2.3 - 0.3), abs=charge.uncertainty)


@pytest.mark.parametrize(("power", "every"), [(3.6, 5), (5.5, 5)])
def test_the_first_that_a_meter_counts_after_a_long_pause_is_not_lost(power: float, every: int) -> None:
    """It reports only changes, so its last reading is hours old, and it looks like standby."""
    reads = _polled(power, 0.93, 2.93, first=-8.8, every=0.5, plugged_at=0.6)
    reads += _changes(power, 0.93, 2.93, step=0.01, every=every, until=9)
    (charge,) = found(reads, 20).charges
    assert charge.wall_energy == pytest.approx(2 * power, rel=0.01)


def test_a_meter_that_was_away_counts_for_a_charge_that_it_has_followed() -> None:
    """Another car has taken 28 kWh while the meter was away; they are put into two minutes."""
    reads = _polled(2.3, 30.0, 33.0, first=0.0, every=0.25, plugged_at=29.5)
    reads += [("meter", 0, 100.0)]
    reads += [("meter", 30 + step / 20, round(128 + 2.3 * min(step / 20, 3), 2)) for step in range(1, 80)]
    (charge,) = found(reads, 45).charges
    assert not charge.estimated
    assert charge.wall_energy == pytest.approx(6.9, abs=0.2)


def test_who_charges_at_once_after_a_short_trip_home_has_not_gained_by_driving() -> None:
    """Read every hour; 6 km, plugged in, and 1.6 kWh until it is read again."""
    shown = ((0, 1000, 53.0, 0), (1, 1000, 53.0, 0), (2, 1006, 55.0, 1), (3, 1006, 63.0, 1))
    reads: list[Read] = [("place", 0, "zone.home")]
    for at, odometer, level, plugged_in in (*shown, (4, 1006, 63.0, 1), (5, 1006, 63.0, 1)):
        reads += [
            ("odometer", at, float(odometer)), ("level", at, level), ("plugged_in", at, float(plugged_in)),
            ("charging", at, float(plugged_in and at < 3)),
        ]  # fmt: skip
    (trip,), _ = found(reads, 20)
    assert trip.energy is None or trip.energy > 0


# Settled one by one


def _heated_twice() -> list[Read]:
    reads = _polled(6.6, 1, 4, first=0, every=0.25, plugged_at=0, level=40)
    reads += [("plugged_in", 10 + step / 4, 1.0) for step in range(25)]
    for step in range(320):
        at = step / 20
        heated = 2 * (min(max(at - 9, 0), 0.35) + min(max(at - 13, 0), 0.35))
        reads.append(("meter", at, round(100 + 6.6 * min(max(at - 1, 0), 3) + heated, 2)))
    return reads


def test_what_is_heated_twice_after_a_charge_counts_once_when_it_is_settled() -> None:
    """It belongs to the charge, less than six hours apart each time, but is settled six hours after its end."""
    reads = _heated_twice()
    assert _wall(found(reads, 100).charges) == pytest.approx(21.2, abs=0.1)
    assert _wall(lived(reads, 100).charges) == pytest.approx(21.2, abs=0.1)


def test_what_a_meter_counted_before_a_charge_was_seen_is_not_lost_when_it_is_settled() -> None:
    reads = _polled(2.3, 0.8, 4.0, first=-0.75, every=0.5, plugged_at=0.2)
    reads += [("meter", step / 20 - 1, round(100 + 2.3 * min(max(step / 20 - 1.8, 0), 3.2), 2)) for step in range(200)]
    assert _wall(lived(reads, 100).charges) == pytest.approx(_wall(found(reads, 100).charges))


def test_a_charge_and_the_trip_after_it_tell_the_same_when_they_are_settled_one_by_one() -> None:
    """On the road, read every half an hour: it charges when it is read, and has driven on when it is read again."""
    shown = ((0.1, 1000, 58, 0), (0.6, 1036, 48, 1), (1.1, 1051, 74, 0), (1.6, 1084, 60, 0), (3, 1084, 60, 0))
    reads: list[Read] = [("place", 0, "")]
    for at, odometer, level, plugged_in in shown:
        reads += [
            ("odometer", at, float(odometer)), ("level", at, float(level)), ("plugged_in", at, float(plugged_in)),
            ("charging", at, float(plugged_in)),
        ]  # fmt: skip
    assert lived(reads, 100) == found(reads, 100)


# What begins before the new odometer is read


def _on_the_road() -> list[Read]:
    shown = ((0, 1000, 65, 0), (0.5, 1034, 51, 0), (1, 1034, 51, 0), (1.5, 1049, 75, 1), (2, 1049, 80, 1))
    reads: list[Read] = [("place", 0, "")]
    for at, odometer, level, plugged_in in (*shown, (2.5, 1078, 70, 0), (3, 1078, 70, 0)):
        reads += [
            ("odometer", at, float(odometer)), ("level", at, float(level)), ("plugged_in", at, float(plugged_in)),
            ("charging", at, float(plugged_in)),
        ]  # fmt: skip
    return reads


def test_a_rapid_charge_that_is_first_seen_with_the_new_odometer_is_one() -> None:
    """Read every half an hour: a part is unseen, the rest is seen."""
    assert len(found(_on_the_road(), 20).charges) == 1


def test_a_charge_that_nobody_has_seen_is_not_at_the_time_of_the_trip() -> None:
    entries = found(_on_the_road(), 20)
    spans = sorted((each.start, each.end) for each in all_of(entries))
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_a_charge_at_home_that_begins_before_the_new_odometer_is_read_is_one_and_is_metered() -> None:
    """Read every hour; it comes home, and is plugged in at once. The meter has counted all of it."""
    reads: list[Read] = [("place", 0, "zone.home"), ("price", -1, 0.3)]
    for at, odometer, level in ((0, 1000, 65), (1, 1000, 65), (2, 1015, 70), (3, 1015, 83), (4, 1015, 90)):
        reads += [
            ("odometer", at, float(odometer)), ("level", at, float(level)), ("plugged_in", at, float(at > 1)),
            ("charging", at, float(1 < at < 4)),
        ]  # fmt: skip
    reads += [("meter", step / 60, round(100 + 6.6 * min(max(step / 60 - 1.3, 0), 2.2), 2)) for step in range(300)]
    charges = found(reads, 20).charges
    assert _wall(charges) == pytest.approx(14.5, abs=0.3)
    assert len(charges) == 1


def test_a_drive_of_half_an_hour_that_is_read_every_quarter_of_an_hour_is_one_trip() -> None:
    """Its last step is 3 km: as if it had been driven in the last four minutes of a quarter of an hour."""
    shown = ((0, 1000), (0.25, 1009), (0.5, 1018), (0.75, 1021), (1, 1021), (2, 1021))
    trips = found([("odometer", at, float(odometer)) for at, odometer in shown], 20).trips
    assert [trip.distance for trip in trips] == [21]
    assert trips[0].end - trips[0].start < timedelta(hours=1)
    assert trips[0].start >= hours(0)
