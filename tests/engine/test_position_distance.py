"""Distances on the Earth, against the formula that Home Assistant uses."""

from typing import NamedTuple

from homeassistant.util.location import vincenty
from hypothesis import assume, given, strategies as st
import pytest

from custom_components.nissanconnect.engine.position import distance


class Spot(NamedTuple):
    latitude: float
    longitude: float


spots = st.builds(Spot, st.floats(-90, 90), st.floats(-180, 180))


@given(spots, spots)
def test_half_a_percent_is_the_most_it_is_wrong(one: Spot, other: Spot) -> None:
    exact = vincenty(one, other)
    assume(exact is not None)  # it finds no answer for places opposite each other
    assert distance(one, other) == pytest.approx(exact, rel=0.005, abs=1e-6)


@given(st.floats(-89, 89), st.floats(-180, 180), st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_where_fences_are_it_is_right_to_the_metre(
    latitude: float, longitude: float, north: float, east: float
) -> None:
    one, other = Spot(latitude, longitude), Spot(latitude + north, longitude + east)
    assert distance(one, other) == pytest.approx(vincenty(one, other), abs=0.001)


@given(spots, spots)
def test_there_and_back_is_the_same(one: Spot, other: Spot) -> None:
    assert distance(one, other) == distance(other, one)
    assert distance(one, one) == 0


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (Spot(0, 0), Spot(0, 180), 20003.93),
        (Spot(90, 0), Spot(-90, 0), 20003.93),
        (Spot(40, 20), Spot(-40, -160), 20003.93),
        (Spot(0, 179.999), Spot(0, -179.999), 0.2226),
    ],
)
def test_opposite_places_and_the_date_line(one: Spot, other: Spot, km: float) -> None:
    assert distance(one, other) == pytest.approx(km, rel=0.005)
