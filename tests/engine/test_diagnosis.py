"""What is wrong with a vehicle or a service, as far as what was read tells."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
import pytest

from custom_components.nissanconnect.engine.diagnosis import Problem, ReadFailure, examine, outage_until
from custom_components.nissanconnect.vehicle import (
    Battery,
    Capability,
    Market,
    Powertrain,
    RateLimited,
    ServiceOutage,
    Subscription,
    Unavailable,
    VehicleInfo,
    VehicleState,
)

from .strategies import EPOCH, states

LEAF = VehicleInfo(
    key="SJNFAKE0000000001",
    powertrain=Powertrain.ELECTRIC,
    capabilities=frozenset({Capability.BATTERY, Capability.CLIMATE}),
)
BARE = replace(LEAF, capabilities=frozenset({Capability.BATTERY, Capability.HORN}))
PETROL = replace(BARE, powertrain=Powertrain.COMBUSTION)
IMPORTED = replace(LEAF, key="1N4AZ1CP1JC999999")


def subscribed(active: bool | None) -> VehicleState:
    return VehicleState(subscription=Subscription(backend="b", received_at=EPOCH, active=active))


def silent_for(days: float, state: VehicleState | None = None) -> VehicleState:
    said = Battery(backend="b", received_at=EPOCH, reported_at=EPOCH - timedelta(days=days), level=50)
    return replace(state or VehicleState(), battery=said)


@pytest.mark.parametrize(
    ("info", "state", "readable", "found"),
    [
        (LEAF, VehicleState(), None, set()),
        (LEAF, subscribed(True), True, set()),
        (LEAF, subscribed(None), True, set()),
        (LEAF, subscribed(False), True, {Problem.SUBSCRIPTION_INACTIVE}),
        (LEAF, subscribed(False), False, {Problem.SUBSCRIPTION_INACTIVE}),
        (LEAF, subscribed(True), False, {Problem.VEHICLE_REFUSED}),
        (LEAF, VehicleState(), False, {Problem.VEHICLE_REFUSED}),
        (BARE, subscribed(True), True, {Problem.EV_SERVICES_INACTIVE}),
        (BARE, subscribed(False), True, {Problem.SUBSCRIPTION_INACTIVE}),
        (BARE, VehicleState(), True, set()),
        (PETROL, subscribed(True), True, set()),
        (IMPORTED, subscribed(True), True, set()),
        (IMPORTED, subscribed(False), True, {Problem.SUBSCRIPTION_INACTIVE, Problem.WRONG_REGION}),
        (IMPORTED, subscribed(True), False, {Problem.VEHICLE_REFUSED, Problem.WRONG_REGION}),
        (LEAF, silent_for(29.9), True, set()),
        (LEAF, silent_for(30.1), True, {Problem.VEHICLE_SILENT}),
        (LEAF, silent_for(30.1, subscribed(False)), True, {Problem.SUBSCRIPTION_INACTIVE}),
    ],
)
def test_what_is_wrong_is_told_apart(
    info: VehicleInfo, state: VehicleState, readable: bool | None, found: set[Problem]
) -> None:
    assert examine(info, state, readable=readable, market=Market.EUROPE) == found


def test_a_source_that_serves_every_market_knows_no_wrong_one() -> None:
    assert Problem.WRONG_REGION not in examine(IMPORTED, subscribed(False), readable=True, market=None)


def test_the_silence_of_a_service_is_not_the_vehicles() -> None:
    """Nothing was read for a year, in which the vehicle may have said a lot."""
    told = silent_for(1)
    assert told.last_report is not None
    assert examine(LEAF, told, readable=True, market=None) == set()


@given(states)
def test_what_is_unknown_is_never_wrong(state: VehicleState) -> None:
    found = examine(VehicleInfo(key="K"), state, readable=None, market=Market.EUROPE)
    assert found <= {Problem.VEHICLE_SILENT}


def trouble(error: type[Exception] = ServiceOutage, failures: int = 1, minutes: int = 5) -> ReadFailure:
    made: Any = error()
    return ReadFailure(error=made, failures=failures, retry_at=EPOCH + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("troubles", "minutes"),
    [
        ([], None),
        ([None], None),
        ([trouble()], None),
        ([trouble(failures=2, minutes=10)], 10),
        ([trouble(failures=2, minutes=10), trouble(minutes=7)], 7),
        ([trouble(failures=5), None], None),
        ([trouble(failures=5), trouble(Unavailable, failures=5)], None),
        ([trouble(RateLimited, failures=5)], None),
    ],
)
def test_an_outage_is_everybodys_and_no_accident(troubles: list[ReadFailure | None], minutes: int | None) -> None:
    expected = None if minutes is None else EPOCH + timedelta(minutes=minutes)
    assert outage_until(troubles) == expected


@pytest.mark.parametrize(
    ("silent", "woken", "wrong"),
    [(7.1, None, False), (7.1, 1, True), (6.9, 1, False), (7.1, 8, False), (29, 30, False), (30.1, None, True)],
)
def test_a_parked_vehicle_is_silent_when_it_did_not_answer(silent: float, woken: float | None, wrong: bool) -> None:
    unanswered_at = None if woken is None else EPOCH - timedelta(days=woken)
    found = examine(LEAF, silent_for(silent), readable=True, market=None, unanswered_at=unanswered_at)
    assert (Problem.VEHICLE_SILENT in found) is wrong
