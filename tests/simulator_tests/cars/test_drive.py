"""Routes and drives."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from tests.simulator.cars.drive import Chassis, Drive, Leg, Point, Route
from tests.simulator.cars.places import (
    HOME,
    TO_SCIENCE_PARK,
    TO_THE_SEA,
    TO_THE_SHOPS,
    TO_UTRECHT,
)

from .build import START

CHASSIS = Chassis(mass=1600, drag=0.65)
ROUTES = (TO_SCIENCE_PARK, TO_THE_SEA, TO_THE_SHOPS, TO_UTRECHT)
places = st.builds(Point, st.floats(-80, 80), st.floats(-179, 179))


def test_distance_and_direction_on_the_globe() -> None:
    amsterdam, utrecht = Point(52.3791, 4.9003), Point(52.0894, 5.1101)

    assert amsterdam.distance(utrecht) == pytest.approx(35.3, abs=0.3)
    assert amsterdam.bearing(Point(53, 4.9003)) == pytest.approx(0)
    assert amsterdam.bearing(Point(52.3791, 5)) == pytest.approx(90, abs=0.1)
    assert utrecht.bearing(amsterdam) == pytest.approx(336, abs=1)


@given(places, places)
def test_there_is_as_far_as_back(one: Point, other: Point) -> None:
    assert one.distance(other) == pytest.approx(other.distance(one))
    assert 0 <= one.bearing(other) < 360


@pytest.mark.parametrize("route", ROUTES)
def test_routes_begin_at_home_and_lead_back(route: Route) -> None:
    assert route.start == HOME
    assert route.back().legs[-1].end == HOME
    assert route.back().length == pytest.approx(route.length)
    assert 3 < route.length < 40


@given(st.sampled_from(ROUTES), st.lists(st.floats(0, 3600), min_size=2))
def test_nobody_drives_backwards(route: Route, seconds: list[float]) -> None:
    drive = Drive(route, CHASSIS, START)
    stages = [drive.at(START + timedelta(seconds=second)) for second in sorted(seconds)]

    for before, after in pairwise(stages):
        assert before.distance <= after.distance <= route.length + 1e-9
        assert before.work.used <= after.work.used
        assert 0 <= before.heading < 360
        assert before.point.distance(after.point) <= after.distance - before.distance + 0.001


@pytest.mark.parametrize("route", ROUTES)
def test_a_drive_ends_where_its_route_does(route: Route) -> None:
    drive = Drive(route, CHASSIS, START)
    arrival = drive.at(drive.ends_at)

    assert arrival.distance == pytest.approx(route.length, abs=1e-6)
    assert arrival.point == pytest.approx(route.legs[-1].end)
    assert drive.at(drive.ends_at + timedelta(hours=1)).distance == pytest.approx(route.length)
    assert drive.at(START) == (route.start, route.legs[0].start.bearing(route.legs[0].end), 0, (0, 0))
    hours = (drive.ends_at - START).total_seconds() / 3600
    assert 30 < route.length / hours < 100


def test_faster_costs_more_and_braking_gives_some_back() -> None:
    town, motorway = (Leg(HOME, Point(52.31, 4.87), speed) for speed in (50, 120))
    slow, fast = CHASSIS.work(town), CHASSIS.work(motorway)

    assert 0 < slow.recovered < slow.used < fast.used
    assert 8 < 100 * (slow.used - slow.recovered) / town.length < 20
