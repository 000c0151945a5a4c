"""Whatever the response, the backend raises nothing but its own errors, and what it reports is in bounds."""

import asyncio
from dataclasses import fields
from datetime import UTC, datetime
import json
from math import isfinite

from hypothesis import given, settings, strategies as st

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend, NissanAuth
from custom_components.nissanconnect.vehicle import Capability, StartClimate, VehicleInfo, VehicleState
from tests.departures import nobody

from ..canned import Canned, everything
from ..doubles import Clock
from ..strategies import JSON, SCALARS

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
VIN = "1N4FAKE0000000001"
INFO = VehicleInfo(key=VIN, vin=VIN, capabilities=frozenset(Capability))
AUTH = NissanAuth(access_token="access", refresh_token="refresh", id_token="identity", device_id="device")


async def everything_of(body: Json, status: int = 200) -> list[VehicleState]:
    """Request everything from a service whose responses are all the same; return the states that were reported."""
    clock = Clock(NOW)
    session = Canned(json.dumps(body).encode(), status)
    backend = MyNissanBackend(session, country="MX", username="x", auth=AUTH, on_auth=lambda auth: None, now=clock)
    found = await everything(
        backend, INFO, clock, lambda: backend.send(INFO, StartClimate(21, heat_seats=True), nobody)
    )
    return [each for each in found if isinstance(each, VehicleState)]


_KEYS = """
vehicle vehicles vin __typename batteryStatus level isPluggedIn remainingMileage value unit climateStatus state
temperature doorsStatus lastUpdatedAt doorFrontLeft ajar window lock overallLock mileage total recordedTime
tirePressure flPressure flStatus mils active type fuelAutonomy engineOilDrainRange range location latitude
longitude capabilities serviceCapability enabled subscribed accessoriesDetails seatHeater accessories driverSeat
hvacTemperatures default min max resolution chargeSchedules id startDateTime duration weekDays chargeConfig limits
charge percent delayedClimateSchedule subscriptions isActive product subscriptionEndDate otaUpdate status
campaignDescription batteryLevel campaignOperationId progress drivingHistory tripSummaries trips day month year
distanceTraveled energyConsumed co2Saved remoteServiceHistory history breachAlerts alerts serviceRequestId
checkLocationServiceRequest flashLights startClimate refreshVehicleStatus success message errors path
"""
_WORDS = st.sampled_from(["ON", "OPEN", "LOCKED", "MILE", "CELSIUS", "2026-11-20T18:00:00Z", "SUCCESS", "PT5H", "MO"])
SHAPED: st.SearchStrategy[Json] = st.recursive(
    SCALARS | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS.split()), inner, max_size=8),
    max_leaves=25,
)


@settings(max_examples=150)
@given(JSON | st.fixed_dictionaries({"data": JSON | SHAPED}) | st.builds(lambda v: {"data": {"vehicle": v}}, SHAPED))
def test_any_response_is_survived(body: Json) -> None:
    asyncio.run(everything_of(body))


@given(JSON, st.integers(100, 599))
def test_any_status_is_survived(body: Json, status: int) -> None:
    asyncio.run(everything_of(body, status))


_NUMBERS = SCALARS | st.integers(-(10**6), 10**6) | st.floats(-(10**4), 10**4)
_TIMES = _WORDS | SCALARS


def _thing(**kept: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.none() | st.fixed_dictionaries(kept)


STATUS = st.fixed_dictionaries(
    {
        "__typename": st.just("ElectricAVK2Vehicle"),
        "batteryStatus": _thing(
            level=_NUMBERS,
            isPluggedIn=SCALARS,
            isCharging=SCALARS,
            remainingMileage=_thing(value=_NUMBERS, unit=_WORDS),
        ),
        "climateStatus": _thing(state=_WORDS, temperature=_thing(value=st.floats(-500, 500), unit=_WORDS)),
        "doorsStatus": _thing(lastUpdatedAt=_TIMES, doorFrontLeft=_thing(ajar=_WORDS, window=SCALARS, lock=_WORDS)),
        "mileage": _thing(total=_NUMBERS, unit=_WORDS, recordedTime=_TIMES),
        "tirePressure": _thing(flPressure=_NUMBERS, frPressure=_NUMBERS, flStatus=_NUMBERS, lastUpdatedAt=_TIMES),
        "mils": st.none() | st.lists(st.fixed_dictionaries({"active": SCALARS, "type": SCALARS}), max_size=3),
        "location": _thing(latitude=_NUMBERS, longitude=_NUMBERS, lastUpdatedAt=_TIMES),
    }
)


@settings(max_examples=200)
@given(STATUS)
def test_what_is_reported_is_possible(vehicle: Json) -> None:
    for state in asyncio.run(everything_of({"data": {"vehicle": vehicle}})):
        for group in state.groups().values():
            assert group.received_at == NOW
            assert group.reported_at is None or group.reported_at <= NOW
            for each in fields(group):
                value = getattr(group, each.name)
                assert not isinstance(value, float) or isfinite(value)
        if state.battery and state.battery.level is not None:
            assert 0 <= state.battery.level <= 100
        if state.odometer:
            assert state.odometer.distance is not None
            assert state.odometer.distance >= 0
        if state.position:
            assert abs(state.position.latitude) <= 90
            assert VIN not in repr(state)
