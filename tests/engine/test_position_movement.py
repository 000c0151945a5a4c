"""Vehicles that are moved without being driven."""

from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st

from custom_components.nissanconnect.engine.position import ParkedPosition
from custom_components.nissanconnect.vehicle import AlertType, Body, Odometer, Position, VehicleState

from .strategies import EPOCH


def seen(
    minute: int,
    *,
    north: float = 0,
    km: float | None = 1000,
    locked: bool | None = True,
    odometer_at: int | None = None,
) -> VehicleState:
    """A vehicle so many km north, as read at a minute."""

    def read(at: int) -> dict[str, Any]:
        return {"backend": "b", "received_at": EPOCH + timedelta(minutes=at)}

    return VehicleState(
        body=Body(locked=locked, **read(minute)),
        position=Position(latitude=51 + north / 111.25, longitude=0, **read(minute)),
        odometer=Odometer(distance=km, **read(minute if odometer_at is None else odometer_at)),
    )


def moved(*reads: VehicleState) -> list[int]:
    """At which reads the vehicle turns out to have been moved."""
    anchor, found = ParkedPosition(), []
    for number, state in enumerate(reads):
        anchor, alert = anchor.after(state, state.position)
        if alert is not None:
            assert alert.type is AlertType.UNEXPECTED_MOVEMENT
            found.append(number)
    return found


def test_towed_away() -> None:
    assert moved(seen(0), seen(10), seen(20, north=2), seen(30, north=2)) == [2]
    assert moved(seen(0), seen(10, north=2), seen(20, north=4)) == [1, 2], "and on"


def test_driven() -> None:
    assert moved(seen(0), seen(60, north=2, km=1002)) == []
    assert moved(seen(0), seen(60, north=2, km=1002), seen(70, north=2, km=1002)) == []


def test_the_odometer_has_the_last_word() -> None:
    hauled, driven = seen(10, north=2, odometer_at=0), seen(11, north=2, km=1002)
    assert moved(seen(0), hauled, seen(12, north=2)) == [2]
    assert moved(seen(0), hauled, driven) == []


def test_unlocked_it_may_go_where_its_owner_likes() -> None:
    assert moved(seen(0), seen(10, locked=False), seen(20, north=2)) == []
    assert moved(seen(0, locked=None), seen(20, north=2, locked=None)) == []


def test_without_odometer_or_position_nothing_is_told() -> None:
    assert moved(seen(0, km=None), seen(20, north=2, km=None)) == []
    assert ParkedPosition().after(VehicleState(), None) == (ParkedPosition(), None)


def test_an_odometer_that_says_nothing_for_once_begins_anew() -> None:
    """Then nobody knows whether the vehicle was driven; what follows is measured from where it is found."""
    silent = seen(10, north=2, km=None)
    assert moved(seen(0), silent, seen(20, north=2), seen(30, north=4)) == [3]


@given(st.lists(st.builds(seen, st.integers(0, 600), north=st.floats(-0.14, 0.14)), max_size=20))
def test_wandering_positions_move_nothing(reads: list[VehicleState]) -> None:
    assert moved(*reads) == []
