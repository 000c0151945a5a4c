"""What kind of difference there is between two states."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
import pytest

from custom_components.nissanconnect.engine.activity import Change, change
from custom_components.nissanconnect.vehicle import (
    Battery,
    Body,
    Charging,
    ChargingStatus,
    Reported,
    Stamp,
    Tyre,
    Tyres,
    VehicleState,
)

from .strategies import states

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STAMP: Stamp = {"backend": "ovms", "received_at": NOW, "reported_at": NOW}
LATER: Stamp = {"backend": "leafspy", "received_at": NOW + timedelta(minutes=1), "reported_at": None}


def of(*groups: Reported) -> VehicleState:
    return VehicleState.of(*groups)


@given(states)
def test_a_state_does_not_differ_from_itself(state: VehicleState) -> None:
    assert change(state, replace(state)) is Change.NONE


@given(states)
def test_being_reported_again_is_no_more_than_that(state: VehicleState) -> None:
    again = VehicleState.of(
        *(replace(group, received_at=group.received_at + timedelta(1)) for group in state.groups().values())
    )
    assert change(state, again) is (Change.STAMPS if state.groups() else Change.NONE)


@given(states, states)
def test_whatever_is_not_a_number_is_an_event(before: VehicleState, after: VehicleState) -> None:
    stamps = {each.name for each in fields(Reported)}
    differs = [
        (getattr(one, each.name), getattr(other, each.name))
        for group, other in after.groups().items()
        if (one := before.groups().get(group)) is not None
        for each in fields(other)
        if each.name not in stamps and getattr(one, each.name) != getattr(other, each.name)
    ]
    events = before.groups().keys() != after.groups().keys() or any(
        isinstance(one, bool | str) or isinstance(other, bool | str) or one is None for one, other in differs
    )
    if events:
        assert change(before, after) is Change.EVENT


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Battery(**STAMP, level=70.0), Battery(**LATER, level=70.0), Change.STAMPS),
        (Battery(**LATER, level=70.0), Battery(**STAMP, level=70.0), Change.EVENT),
        (Battery(**STAMP, level=70.0), Battery(**STAMP, level=69.5), Change.NUMBERS),
        (Battery(**STAMP, level=70.0), Battery(**STAMP), Change.NUMBERS),
        (Battery(**STAMP), Battery(**STAMP, level=70.0), Change.EVENT),
        (Charging(**STAMP, finish_at=NOW), Charging(**STAMP, finish_at=NOW + timedelta(minutes=1)), Change.NUMBERS),
        (Charging(**STAMP, power=6.6), Charging(**STAMP, power=0, plugged_in=False), Change.EVENT),
        (
            Charging(**STAMP, status=ChargingStatus.CHARGING),
            Charging(**STAMP, status=ChargingStatus.FINISHED),
            Change.EVENT,
        ),
        (Body(**STAMP, locked=True), Body(**STAMP, locked=False), Change.EVENT),
        (Body(**STAMP, hatch=True), Body(**STAMP), Change.EVENT),
        (
            Tyres(**STAMP, rear_left=Tyre(pressure=230.0)),
            Tyres(**STAMP, rear_left=Tyre(pressure=229.0)),
            Change.NUMBERS,
        ),
        (
            Tyres(**STAMP, rear_left=Tyre(pressure=230.0)),
            Tyres(**STAMP, rear_left=Tyre(pressure=230.0, warning=True)),
            Change.EVENT,
        ),
    ],
)
def test_the_greatest_difference_counts(before: Reported, after: Reported, kind: Change) -> None:
    assert change(of(before), of(after)) is kind
    assert change(of(), of(after)) is Change.EVENT
