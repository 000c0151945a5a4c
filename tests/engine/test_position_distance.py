"""Distances on the Earth, against the formula that Home Assistant uses."""

from homeassistant.util.location import vincenty
from hypothesis import assume, given, strategies as st
import pytest

from custom_components.nissanconnect.engine.position import Circle, distance


def spot(latitude: float, longitude: float) -> Circle:
    return Circle(latitude=latitude, longitude=longitude, radius=100)


def exactly(one: Circle, other: Circle) -> float | None:
    return vincenty((one.latitude, one.longitude), (other.latitude, other.longitude))


spots = st.builds(spot, st.floats(-90, 90), st.floats(-180, 180))


@given(spots, spots)
def test_half_a_percent_is_the_most_it_is_wrong(one: Circle, other: Circle) -> None:
    exact = exactly(one, other)
    assume(exact is not None)  # it finds no answer for places opposite each other
    assert distance(one, other) == pytest.approx(exact, rel=0.005, abs=1e-6)


@given(st.floats(-89, 89), st.floats(-180, 180), st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_where_fences_are_it_is_right_to_the_metre(
    latitude: float, longitude: float, north: float, east: float
) -> None:
    one, other = spot(latitude, longitude), spot(latitude + north, longitude + east)
    assert distance(one, other) == pytest.approx(exactly(one, other), abs=0.001)


@given(spots, spots)
def test_there_and_back_is_the_same(one: Circle, other: Circle) -> None:
    assert distance(one, other) == distance(other, one)
    assert distance(one, one) == 0


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (spot(0, 0), spot(0, 180), 20003.93),
        (spot(90, 0), spot(-90, 0), 20003.93),
        (spot(40, 20), spot(-40, -160), 20003.93),
        (spot(0, 179.999), spot(0, -179.999), 0.2226),
    ],
)
def test_opposite_places_and_the_date_line(one: Circle, other: Circle, km: float) -> None:
    assert distance(one, other) == pytest.approx(km, rel=0.005)
