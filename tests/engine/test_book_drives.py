"""Drives by the odometer, whatever it shows."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
import itertools
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.drives import Drive, find_drives
from custom_components.nissanconnect.engine.reading_set import Readings

from .lives import START

type Point = tuple[float, float] | tuple[float, float, str]
"""Minutes, what was shown then, and by whom."""


def _readings(**series: Iterable[Point]) -> Readings:
    readings = Readings()
    for quantity, points in series.items():
        for minutes, value, *source in points:
            reading = Reading(START + timedelta(minutes=minutes), value, source[0] if source else "one")
            readings.add(Quantity(quantity), reading)
    return readings


def _drives(readings: Readings, *, since: float = 0, now: float = 10_000) -> Sequence[Drive]:
    return find_drives(readings, START + timedelta(minutes=since), START + timedelta(minutes=now))


def _shown(drives: Sequence[Drive]) -> list[tuple[float, float, float]]:
    return [
        ((drive.start - START) / timedelta(minutes=1), (drive.end - START) / timedelta(minutes=1), drive.distance)
        for drive in drives
    ]


STANDING = [(0.0, 1000.0), (60.0, 1000.0)]


@pytest.mark.parametrize(
    ("odometer", "expected"),
    [
        ([], []),
        (STANDING, []),
        ([*STANDING, (90, 1015)], [(70, 90, 15)]),
        ([*STANDING, (65, 1020)], [(60, 65, 20)]),
        ([*STANDING, (70, 1005), (80, 1012), (85, 1012), (300, 1012)], [(60 + 10 / 3, 80, 12)]),
        ([*STANDING, (70, 1005), (82, 1005), (90, 1011)], [(60 + 10 / 3, 70, 5), (82, 90, 6)]),
        ([*STANDING, (70, 1009), (79, 1009), (88, 1018)], [(60, 88, 18)]),
    ],
    ids=["nothing", "standing", "in time", "fast", "one drive", "a stand of 12 minutes", "a stand of 9 minutes"],
)
def test_drives(odometer: list[Point], expected: list[tuple[float, float, float]]) -> None:
    assert _shown(_drives(_readings(odometer=odometer))) == [pytest.approx(each) for each in expected]


DRIVEN = [(0.0, 1000.0), (60.0, 1000.0), (80.0, 1012.0), (200.0, 1012.0), (220.0, 1024.0), (400.0, 1024.0)]


@pytest.mark.parametrize(
    "glitches",
    [
        [(90, 999_999)],
        [(90, 999_999), (100, 999_999), (110, 999_999)],
        [(390, 999_999)],
        [(410, 999_999)],
        [(90, 999_999), (300, 999_999)],
        [(90, 0)],
        [(10, 0), (90, 0), (91, 0), (120, 0), (300, 0), (390, 0)],
        [(90, 1000)],
        [(90, 1000), (110, 1000), (130, 1000), (150, 1000)],
        [(90, 1000), (300, 1000), (305, 1012)],
        [(90, 620)],
        [(90, 1100)],
    ],
)
def test_an_odometer_that_shows_nonsense_for_a_while(glitches: list[Point]) -> None:
    assert _drives(_readings(odometer=[*DRIVEN, *glitches])) == _drives(_readings(odometer=DRIVEN))


def test_an_odometer_that_shows_nothing_at_first() -> None:
    assert _drives(_readings(odometer=[(0, 0), (5, 0), *((at + 10, value + 50_000) for at, value in DRIVEN)]))


def test_no_drive_is_invented_of_one_stale_report() -> None:
    """All that is known is where it stands, and then an old report is repeated before it drives again."""
    drives = _drives(_readings(odometer=[(0, 1020), (30, 1000), (60, 1021)]))
    assert _shown(drives) == [pytest.approx((60 - 4 / 3, 60, 1))]


def test_an_odometer_that_was_exchanged() -> None:
    odometer = [(0, 1000), (60, 1010), (100, 3), (160, 10), (200, 12), (260, 20)]
    assert sum(drive.distance for drive in _drives(_readings(odometer=odometer))) == 17


def test_a_jump_is_believed_when_there_was_time_for_it() -> None:
    """An old report comes just before the first new one."""
    jump: list[Point] = [(0, 1000), (59, 1000), (60, 1060)]
    assert not _drives(_readings(odometer=jump))
    (drive,) = _drives(_readings(odometer=[*jump, (80, 1060)]))
    assert (drive.distance, drive.odometer) == (60, 1060)


def test_what_is_later_than_now_does_not_count_yet() -> None:
    readings = _readings(odometer=[*STANDING, (500, 1010)])
    assert not _drives(readings, now=400)
    assert len(_drives(readings, now=600)) == 1


def test_a_drive_does_not_begin_before_what_is_settled() -> None:
    (drive,) = _drives(_readings(odometer=[(0, 1000), (90, 1040)]), since=60)
    assert drive.start == START + timedelta(minutes=60)


# Several sources


def test_sources_that_round_differently() -> None:
    tenths = [(minute, 1000 + max(0, min(minute - 60, 20))) for minute in range(0, 200, 5)]
    whole = [(minute + 2.0, float(int(value)), "two") for minute, value in tenths]
    (drive,) = _drives(_readings(odometer=[*tenths, *whole]))
    assert drive.distance == pytest.approx(20)


def test_a_source_that_lags_behind() -> None:
    """The second one shows yesterday's distance all the time, then half of today's, then all."""
    first = [(minute, 1000 + max(0, min(minute - 60, 20))) for minute in range(0, 300, 5)]
    second = [
        (minute + 1.0, 1000.0 if minute < 150 else 1010.0 if minute < 200 else 1020.0, "two")
        for minute in range(0, 300, 5)
    ]
    (drive,) = _drives(_readings(odometer=[*first, *second]))
    assert drive.distance == 20
    assert drive.end == START + timedelta(minutes=80)


def test_a_source_that_is_new_drives_nowhere() -> None:
    odometer: list[Point] = [
        (0, 1000),
        (60, 1000),
        (70, 1600, "two"),
        (80, 1000),
        (100, 1600, "two"),
        (120, 1608, "two"),
    ]
    assert [drive.distance for drive in _drives(_readings(odometer=odometer))] == [8]


def test_a_source_that_is_gone_holds_nothing_up() -> None:
    odometer: list[Point] = [(0, 1600), (10, 1000, "two"), (60, 1005, "two"), (2000, 1005, "two"), (2060, 1025, "two")]
    assert [drive.distance for drive in _drives(_readings(odometer=odometer))] == [20]


def test_what_is_settled_is_not_driven_again_by_another_source() -> None:
    odometer: list[Point] = [(0, 1000), (50, 1020, "two"), (100, 1020), (150, 1020, "two"), (200, 1024)]
    assert [drive.distance for drive in _drives(_readings(odometer=odometer), since=60)] == [4]


# Where it stood


@pytest.mark.parametrize(
    ("plugged_in", "start", "end"),
    [
        ([], 580, 600),
        ([(300, 1)], 280, 300),
        ([(0, 1), (120, 0)], 580, 600),
        ([(0, 1), (300, 1)], 580, 600),
        ([(100, 0), (200, 1), (590, 1)], 180, 200),
        ([(0, 1), (120, 0), (598, 1)], 578, 598),
    ],
    ids=["unknown", "came to the plug", "left", "always at it when it was asked", "at the plug again", "just now"],
)
def test_it_has_driven_when_it_was_not_at_the_plug(plugged_in: list[Point], start: float, end: float) -> None:
    levels = [(0, 80), (end, 70)]
    (drive,) = _drives(_readings(odometer=[(0, 1000), (600, 1015)], plugged_in=plugged_in, level=levels))
    assert _shown([drive]) == [pytest.approx((start, end, 15))]


def test_the_level_falls_a_little_while_it_stands() -> None:
    """The first reading in days comes when the next drive begins."""
    readings = _readings(
        odometer=[(0, 1000), (600, 1000.1)], plugged_in=[(100, 1), (580, 0)], level=[(0, 55), (90, 54), (580, 100)]
    )
    (drive,) = _drives(readings)
    assert drive.end == START + timedelta(minutes=600)


def test_it_may_report_only_on_the_way_that_it_is_unplugged() -> None:
    odometer = [(0, 1000), (60, 1003), (65, 1010)]
    (drive,) = _drives(_readings(odometer=odometer, plugged_in=[(0, 1), (59, 0)]))
    assert drive.start == START + timedelta(minutes=56)


def test_a_short_stand_at_the_plug_parts_two_drives() -> None:
    odometer = [(0, 1000), (20, 1020), (21, 1020), (29, 1026)]
    assert len(_drives(_readings(odometer=odometer))) == 1
    assert len(_drives(_readings(odometer=odometer, charging=[(21, 1)]))) == 2


# Laws

journeys = st.lists(st.tuples(st.sampled_from([1, 5, 11, 30, 600]), st.integers(0, 400)), min_size=1, max_size=40)


def _odometer(steps: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Minutes and tenths of a km, no faster than 100 km/h."""
    minutes, tenths, points = 0.0, 10_000, list[tuple[float, float]]([(0.0, 1000.0)])
    for pause, distance in steps:
        minutes += pause
        tenths += min(distance, pause * 10 * 100 // 60)
        points.append((minutes, tenths / 10))
    return points


@given(steps=journeys, seed=st.integers(0, 9))
def test_distances_add_up(steps: Sequence[tuple[int, int]], seed: int) -> None:
    odometer = _odometer(steps)
    drives = _drives(_readings(odometer=odometer), now=100_000)
    assert sum(drive.distance for drive in drives) == pytest.approx(odometer[-1][1] - 1000)
    assert all(one.end <= other.start for one, other in itertools.pairwise(drives))
    assert all(drive.start < drive.end and drive.distance > 0 for drive in drives)
    assert [drive.odometer for drive in drives] == sorted(drive.odometer for drive in drives)
    Random(seed).shuffle(odometer)
    assert _drives(_readings(odometer=odometer * 2), now=100_000) == drives


@settings(max_examples=50)
@given(steps=journeys, spikes=st.lists(st.tuples(st.integers(0, 39), st.sampled_from([0.0, 999_999.0])), max_size=5))
def test_distances_add_up_with_glitches(steps: Sequence[tuple[int, int]], spikes: Sequence[tuple[int, float]]) -> None:
    odometer = _odometer(steps)
    glitches = [(odometer[index][0] + 0.5, value) for index, value in spikes if index < len(odometer)]
    drives = _drives(_readings(odometer=[*odometer, *glitches]), now=100_000)
    assert drives == _drives(_readings(odometer=odometer), now=100_000)


@settings(max_examples=50)
@given(steps=journeys, every=st.integers(1, 5), lag=st.integers(0, 3))
def test_distances_of_two_sources_add_up(steps: Sequence[tuple[int, int]], every: int, lag: int) -> None:
    odometer = _odometer(steps)
    late = odometer[: max(len(odometer) - lag, 1)][::every]
    other = [(minutes + 0.25 + lag, float(int(value)), "two") for minutes, value in late]
    total = sum(drive.distance for drive in _drives(_readings(odometer=[*odometer, *other]), now=100_000))
    assert total == pytest.approx(odometer[-1][1] - 1000)
