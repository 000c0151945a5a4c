"""What the book makes of times in which little or nothing was read: when it drove, and when it charged."""

from dataclasses import replace

import pytest

from .test_book_odd import ASSUMED, Read, found, hours, lived


def test_a_drive_on_the_motorway_does_not_begin_before_the_level_has_fallen() -> None:
    """50 km in 47 minutes; the odometer is only shown at the end."""
    reads: list[Read] = [
        ("odometer", 7, 1000.0), ("level", 7, 80.0), ("level", 7.95, 80.0), ("level", 8.13, 80.0),
        ("level", 8.35, 78.0), ("level", 8.6, 70.0), ("level", 9, 60.0), ("odometer", 9, 1050.0),
    ]  # fmt: skip
    [trip] = found(reads, 12).trips
    assert hours(8.13) <= trip.start <= hours(8.35)
    assert (trip.end, trip.distance, trip.level_from, trip.level_to) == (hours(9), 50, 80, 60)


@pytest.mark.parametrize("levels", [[80.0, 80.0, 62.0], [80.0, 60.0, 60.0]])
def test_a_level_that_lags_behind_makes_no_drive_faster_than_a_vehicle_is(levels: list[float]) -> None:
    reads: list[Read] = [("odometer", 7, 1000.0), ("level", 7, 80.0), ("odometer", 9, 1050.0), ("level", 9.1, 60.0)]
    reads += [("level", hour, level) for hour, level in zip((8.2, 8.9, 8.95), levels, strict=True)]
    [trip] = found(reads, 12).trips
    assert trip.distance / (trip.minutes / 60) <= 130
    assert trip.end == hours(9)


def test_home_assistant_is_off_over_the_way_home() -> None:
    """The vehicle tells later when it was where, and when it was plugged in."""
    reads: list[Read] = [
        ("odometer", 14, 1000.0), ("level", 14, 60.0), ("plugged_in", 14, 0.0), ("place", 14, "zone.work"),
        ("place", 17.3, "zone.home"), ("level", 17.3, 56.0), ("plugged_in", 18.4, 1.0), ("charging", 18.4, 0.0),
        ("odometer", 18.5, 1010.5),
        ("charging", 26, 1.0), ("level", 26, 56.0), ("charging", 28, 0.0), ("level", 28, 80.0),
        ("plugged_in", 31, 0.0), ("level", 31, 80.0), ("place", 31.1, ""), ("level", 31.5, 76.0),
        ("odometer", 31.5, 1021.0), ("place", 31.5, "zone.work"),
    ]  # fmt: skip
    for trips, [charge] in (found(reads, 40), lived(reads, 120)):
        assert [(trip.origin, trip.destination) for trip in trips] == [
            ("zone.work", "zone.home"),
            ("zone.home", "zone.work"),
        ]
        assert hours(16.9) < trips[0].start < trips[0].end == hours(17.3)
        assert (trips[0].level_from, trips[0].level_to) == (60, 56)
        assert (charge.place, charge.level_from, charge.level_to) == ("zone.home", 56, 80)


def _off_over_a_charge_and_a_trip() -> list[Read]:
    """A meter has counted 19.8 kWh, and the odometer 21 km, before anything is read again."""
    return [
        ("odometer", 1.5, 1000.0), ("level", 1.5, 60.0), ("plugged_in", 1.5, 1.0), ("charging", 1.5, 0.0),
        ("place", 1.5, "zone.home"), ("meter", 1, 100.0), ("meter", 1.5, 100.0), ("price", 0, 0.3),
        ("odometer", 32, 1021.0), ("level", 32, 96.0), ("plugged_in", 32, 1.0), ("charging", 32, 0.0),
        ("place", 32, "zone.home"), ("meter", 32, 119.8),
        ("charging", 50, 1.0), ("level", 50, 96.0), ("meter", 50, 119.8), ("meter", 50.2, 120.9),
        ("meter", 50.25, 121.2), ("level", 50.25, 100.0), ("charging", 50.25, 0.0),
    ]  # fmt: skip


@pytest.mark.parametrize(("prices", "cost"), [([], 19.8 * 0.3), ([("price", 20, 0.4)], None)])
def test_what_a_meter_has_counted_over_a_trip_came_before_it(prices: list[Read], cost: float | None) -> None:
    """It cannot have come in the minutes after it. When it came is not known, so neither is which price held."""
    reads = [*_off_over_a_charge_and_a_trip(), *prices]
    for [trip], [first, second] in (found(reads, 60), lived(reads, 150)):
        assert first.end <= trip.start
        assert first.wall_energy == pytest.approx(19.8)
        assert (first.estimated, first.place) == (False, "zone.home")
        assert (trip.level_from, trip.level_to) == (None, 96)
        assert first.cost == (None if cost is None else pytest.approx(cost))
        assert (second.start, second.level_from, second.level_to) == (hours(50), 96, 100)
        assert second.wall_energy == pytest.approx(1.4)


def _off_for_a_day(charges_now: float = 0.0) -> list[Read]:
    """A small charge, a way to work and back; there was time for the charge in the evening as well."""
    return [
        ("odometer", 1.5, 1000.0), ("level", 1.5, 87.0), ("plugged_in", 1.5, 0.0), ("charging", 1.5, 0.0),
        ("meter", 1.5, 100.0), ("meter", 3, 100.0), ("place", 1.5, "zone.home"), ("price", 0, 0.3), ("price", 20, 0.4),
        ("place", 29, "zone.home"), ("plugged_in", 30, 1.0), ("level", 30, 81.0), ("charging", 30, 0.0),
        ("odometer", 30, 1021.0), ("charging", 31.9, charges_now), ("meter", 32, 101.2), ("meter", 38, 101.2),
        ("charging", 38, 1.0), ("level", 38.2, 83.0), ("meter", 38.3, 103.2), ("level", 39, 90.0),
        ("meter", 39, 104.9), ("charging", 39, 0.0),
    ]  # fmt: skip


def test_what_a_meter_has_counted_over_a_trip_came_in_the_longest_stay() -> None:
    for [trip], [first, second] in (found(_off_for_a_day(), 60), lived(_off_for_a_day(), 150)):
        assert first.end <= trip.start
        assert (first.cost, first.place) == (None, "zone.home")
        assert (second.level_from, second.level_to) == (81, 90)
        assert [first.wall_energy, second.wall_energy] == pytest.approx([1.2, 3.7])


def test_what_a_meter_has_counted_over_a_trip_came_after_it_if_it_charges_when_it_is_read() -> None:
    for entries in (found(_off_for_a_day(1.0), 60), lived(_off_for_a_day(1.0), 150)):
        assert entries.charges[0].start >= entries.trips[0].end
        assert sum(charge.wall_energy or 0 for charge in entries.charges) == pytest.approx(4.9)


def test_what_has_been_used_after_a_charge_of_which_only_the_meter_tells_is_known() -> None:
    [trip] = found(_off_over_a_charge_and_a_trip(), 60).trips
    stored, risen = 19.8 * ASSUMED.efficiency - ASSUMED.overhead * 3, 0.36 * 40
    assert trip.energy == pytest.approx(stored - risen, abs=0.01)
    assert trip.uncertainty == pytest.approx(1.98 + 0.8, abs=0.01)


def _to_work_and_back(counted: float) -> list[Read]:
    """Unplugged at work all day; at home the meter has counted meanwhile."""
    reads: list[Read] = [("odometer", 7.0, 1000.0), ("level", 7.0, 80.0), ("place", 7.0, "zone.home")]
    reads += [("plugged_in", 7.0, 1.0), ("meter", 7.0, 100.0), ("price", 0, 0.3)]
    reads += [("plugged_in", 7.5, 0.0), ("level", 8, 74.0), ("odometer", 8, 1020.0), ("place", 8, "zone.work")]
    reads += [("plugged_in", 8 + step / 6, 0.0) for step in range(54)]
    reads += [("odometer", 17, 1020.0), ("level", 17, 74.0), ("level", 17.5, 68.0), ("odometer", 17.5, 1040.0)]
    reads += [("place", 17.5, "zone.home"), ("plugged_in", 17.5, 0.0), ("meter", 17.5, 100 + counted)]
    return [*reads, ("meter", 22, 100 + counted), ("level", 22, 68.0)]


@pytest.mark.parametrize("counted", [0.06, 0.3, 5.0, 10.0])
def test_what_a_wallbox_counts_while_the_vehicle_is_away_is_not_its_own(counted: float) -> None:
    """Standby, or another vehicle."""
    for trips, charges in (found(_to_work_and_back(counted), 24), lived(_to_work_and_back(counted), 120)):
        assert not charges
        assert [trip.energy for trip in trips] == pytest.approx([2.4, 2.4])


def test_what_does_not_fit_to_the_levels_has_not_come_before_a_trip() -> None:
    """80 to 67 % for 40 km is what it takes; another vehicle has charged while Home Assistant was off."""
    reads: list[Read] = [
        ("odometer", 8, 1000.0), ("level", 8, 80.0), ("place", 8, "zone.home"), ("plugged_in", 8, 0.0),
        ("meter", 8, 100.0), ("odometer", 20, 1040.0), ("level", 20, 67.0), ("place", 20, "zone.home"),
        ("plugged_in", 20, 0.0), ("meter", 20, 118.0), ("meter", 24, 118.0), ("level", 24, 67.0),
    ]  # fmt: skip
    [trip] = found(reads, 30).trips
    assert trip.energy == pytest.approx(5.2)


def test_a_place_that_is_known_a_little_sooner_does_not_end_a_drive() -> None:
    """Its level follows with the odometer; or the place is reported at once, and only for what it was before."""
    reads: list[Read] = [
        ("odometer", 17, 1000.0), ("level", 17, 68.0), ("place", 17, "zone.work"), ("plugged_in", 17, 0.0),
        ("level", 17.5, 68.0), ("place", 17.5, "zone.home"), ("level", 17.6, 60.0), ("odometer", 18, 1020.0),
        ("level", 18, 60.0), ("plugged_in", 18, 0.0),
    ]  # fmt: skip
    [trip], charges = found(reads, 24)
    assert not charges
    assert (trip.level_from, trip.level_to) == (68, 60)
    assert trip.energy == pytest.approx(3.2)
    assert trip.end == hours(18)


def test_nobody_arrives_faster_than_a_vehicle_drives() -> None:
    reads: list[Read] = [
        ("odometer", 17, 1000.0), ("level", 17, 64.0), ("place", 17, "zone.work"), ("place", 17.3, "zone.home"),
        ("odometer", 65, 1106.0), ("level", 65, 40.0), ("place", 65, "zone.home"),
    ]  # fmt: skip
    [trip] = found(reads, 70).trips
    assert 60 * trip.distance / trip.minutes <= 130


def test_what_another_vehicle_has_charged_while_this_one_was_at_work_is_not_its_own() -> None:
    """The meter is only followed while the vehicle is there."""
    reads: list[Read] = [
        ("odometer", 7, 1000.0), ("level", 7, 80.0), ("plugged_in", 7, 1.0), ("place", 7, "zone.home"),
        ("meter", 7, 100.0), ("plugged_in", 7.5, 0.0), ("level", 8, 75.0), ("odometer", 8, 1020.0),
        ("place", 8, "zone.work"), ("plugged_in", 17, 0.0), ("level", 17.4, 70.0), ("odometer", 17.5, 1040.0),
        ("place", 17.5, "zone.home"), ("meter", 17.6, 110.0), ("plugged_in", 18, 1.0), ("level", 18, 70.0),
        ("meter", 18, 110.0), ("meter", 21, 110.0), ("level", 22, 70.0),
    ]  # fmt: skip
    assert not found(reads, 30).charges


def test_what_a_meter_that_shows_changes_has_counted_first_after_a_trip_came_after_it() -> None:
    reads: list[Read] = [
        ("odometer", 1, 1000.0), ("level", 1, 60.0), ("plugged_in", 1, 1.0), ("meter", 1, 100.0),
        ("plugged_in", 7, 0.0), ("odometer", 7.5, 1015.0), ("level", 7.5, 54.0), ("plugged_in", 8, 1.0),
        ("charging", 9, 1.0), ("meter", 9.25, 101.5), ("meter", 9.5, 103.2), ("level", 9.5, 61.0),
        ("charging", 9.5, 0.0),
    ]  # fmt: skip
    [charge] = found(reads, 20).charges
    assert charge.start == hours(9)
    assert charge.wall_energy == pytest.approx(3.2)


@pytest.mark.parametrize("power", [6.6, 3.6])
def test_a_metered_charge_begins_when_its_current_began(power: float) -> None:
    """The meter is read every ten minutes."""
    begun, reads = 1.9, [*_plugged_in()]
    for step in range(40):
        hour = step / 6
        reads.append(("meter", hour, round(100 + power * min(max(hour - begun, 0), 3), 2)))
    [charge] = found(reads, 20, replace(ASSUMED, power=6.6)).charges
    assert abs((charge.start - hours(begun)).total_seconds()) < 90
    assert charge.wall_energy == pytest.approx(3 * power, abs=0.02)


def _plugged_in() -> list[Read]:
    return [("odometer", 0, 1000.0), ("level", 0, 40.0), ("plugged_in", 0, 1.0), ("level", 6, 70.0)]
