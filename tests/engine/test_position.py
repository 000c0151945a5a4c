"""Areas, and when a vehicle enters or leaves them."""

from datetime import timedelta
import itertools
from math import cos, radians

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.position import (
    Circle,
    Geofence,
    GeofenceAction,
    Presence,
)
from custom_components.nissanconnect.vehicle import AlertType, Position

from .strategies import EPOCH

AREA = Circle(latitude=51.0, longitude=0.0, radius=500)


def metres_out(metres: float, minute: float = 0, *, sideways: float = 0, late: float = 0) -> Position:
    """A position so far north of the area's centre (and east), heard of so many minutes late."""
    return Position(
        latitude=AREA.latitude + metres / 111_250,
        longitude=AREA.longitude + sideways / (111_320 * cos(radians(AREA.latitude))),
        backend="b",
        reported_at=EPOCH + timedelta(minutes=minute),
        received_at=EPOCH + timedelta(minutes=minute + late),
    )


def crossings(*positions: Position, area: Circle = AREA) -> list[AlertType | None]:
    """What each position shows."""
    presence, found = Presence(area=area), []
    for position in positions:
        presence, crossing = presence.after(area, position)
        found.append(crossing)
    return found


def test_the_first_position_only_tells_where_the_vehicle_is() -> None:
    assert crossings(metres_out(0)) == [None]
    assert crossings(metres_out(5000)) == [None]


def test_out_and_in_again() -> None:
    assert crossings(metres_out(0), metres_out(900), metres_out(2000), metres_out(100)) == [
        None,
        AlertType.LEFT_AREA,
        None,
        AlertType.ENTERED_AREA,
    ]


@pytest.mark.parametrize(
    ("first", "then", "late", "crossing"),
    [
        (499, 524, 0, None),
        (499, 527, 0, AlertType.LEFT_AREA),
        (499, 540, 20, None),  # heard of late: less certain
        (499, 560, 20, AlertType.LEFT_AREA),
        (499, 600, 10_000, AlertType.LEFT_AREA),  # but never lost for ever
        (501, 477, 0, None),
        (501, 473, 0, AlertType.ENTERED_AREA),
        (501, 473, 20, AlertType.ENTERED_AREA),
    ],
)
def test_the_edge_is_a_band(first: float, then: float, late: float, crossing: AlertType | None) -> None:
    assert crossings(metres_out(first), metres_out(then, 1, late=late))[-1] is crossing


def test_a_crossing_has_the_time_of_the_vehicle() -> None:
    inside, _ = Presence(area=AREA).after(AREA, metres_out(0))
    outside, crossing = inside.after(AREA, metres_out(3000, 10, late=600))
    assert crossing is AlertType.LEFT_AREA
    assert outside.seen_at == EPOCH + timedelta(minutes=10)


def test_an_area_that_was_changed_is_not_crossed_by_that() -> None:
    inside, _ = Presence(area=AREA).after(AREA, metres_out(400))
    smaller = Circle(latitude=AREA.latitude, longitude=AREA.longitude, radius=100)
    outside, crossing = inside.after(smaller, metres_out(400, 1))
    assert (outside.inside, crossing) == (False, None)


def test_what_applies_on_which_side() -> None:
    fence = Geofence(
        key="k",
        name="Home",
        area=AREA,
        on_entering=frozenset({GeofenceAction.ALERT}),
        on_leaving=frozenset(GeofenceAction),
    )
    assert fence.actions(inside=True) == {GeofenceAction.ALERT}
    assert fence.actions(inside=False) == set(GeofenceAction)


areas = st.builds(Circle, latitude=st.just(51.0), longitude=st.just(0.0), radius=st.integers(100, 5000).map(float))
journeys = st.lists(
    st.builds(metres_out, st.floats(-6000, 6000), sideways=st.floats(-6000, 6000), late=st.floats(0, 120)), max_size=30
)


@given(areas, journeys)
def test_entering_and_leaving_alternate(area: Circle, journey: list[Position]) -> None:
    found = [crossing for crossing in crossings(*journey, area=area) if crossing is not None]
    assert all(one is not other for one, other in itertools.pairwise(found))


@given(areas, st.floats(0, 6000), st.lists(st.tuples(st.floats(-12, 12), st.floats(-12, 12)), max_size=20))
def test_a_parked_vehicle_never_crosses(area: Circle, metres: float, wobbles: list[tuple[float, float]]) -> None:
    fixes = [metres_out(metres + north, minute, sideways=east) for minute, (north, east) in enumerate(wobbles)]
    assert not any(crossings(metres_out(metres), *fixes, area=area))


@given(areas, journeys)
def test_what_is_seen_is_where_the_last_clear_position_was(area: Circle, journey: list[Position]) -> None:
    presence = Presence(area=area)
    for position in journey:
        presence, crossing = presence.after(area, position)
        assert crossing is None or presence.seen_at == position.known_at
        if crossing is not None:
            assert presence.inside is (crossing is AlertType.ENTERED_AREA)
