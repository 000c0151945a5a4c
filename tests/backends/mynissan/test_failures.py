"""What is left when parts of the service fail."""

from datetime import timedelta

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    BackendError,
    ChargingStatus,
    Group,
    ProtocolError,
    RateLimited,
    ScheduleClimate,
    ServiceOutage,
    TokenRejected,
    TripPeriod,
    Unavailable,
)
from tests.simulator.faults import Fault
from tests.simulator.mynissan import EMAIL, MyNissan
from tests.simulator.mynissan.faults import fractions, no_data, partial, replaced, without

from ..doubles import Clock
from .conftest import MakeBackend, carry_out, vehicle


async def test_a_number_in_the_wrong_form_takes_nothing_away(backend: MyNissanBackend, service: MyNissan) -> None:
    """The library takes 73.1 for no number at all (mynissan-na §5)."""
    info = await vehicle(backend, "Ariya")
    before = (await backend.read(info)).state
    service.fail("VehicleDynamicData", fractions())
    after = (await backend.read(info)).state

    assert after.battery == before.battery
    assert after.odometer == before.odometer
    assert after.tyres == before.tyres


async def test_fractions_do_not_hide_an_update_and_trips(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    firmware = service.vehicle("Ariya").firmware
    assert firmware
    firmware.offer("campaign-7", "Better everything")
    clock.advance(minutes=3)
    info = await vehicle(backend, "Ariya")
    week = TripPeriod.DAY, clock().date() - timedelta(days=6), clock().date()
    trips = [trip.trips for trip in await backend.read_trips(info, *week)]
    assert trips
    service.fail("OtaUpdate", fractions())
    service.fail("DrivingHistory", fractions())
    assert [trip.trips for trip in await backend.read_trips(info, *week)] == trips
    report = await backend.read(info, {Group.SOFTWARE})
    assert not report.failures
    assert report.state.software
    assert (report.state.software.update, report.state.software.progress) == ("campaign-7", 100)


async def test_a_text_in_place_of_a_number_keeps_the_last_one(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info = await vehicle(backend, "Ariya")
    before = (await backend.read(info)).state
    clock.advance(minutes=10)
    service.fail("VehicleDynamicData", Fault.values(level="73", isCharging="yes", total=None))
    after = (await backend.read(info)).state

    assert before.battery
    assert after.battery
    assert after.battery.level == before.battery.level
    assert after.battery.received_at == clock()
    assert after.charging
    assert after.charging.status is ChargingStatus.NOT_CHARGING
    assert after.odometer is None, "a group of which nothing is known is not reported"


async def test_what_is_missing_silently_is_left_out(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleDynamicData", without("doorsStatus", "tirePressure", "mils"))
    report = await backend.read(info)
    assert not report.failures
    assert {Group.BODY, Group.TYRES}.isdisjoint(report.state.groups())
    assert report.state.battery is not None


@pytest.mark.parametrize(("last_door", "locked"), [("LOCKED", True), ("UNLOCKED", False), (None, None)])
async def test_without_a_lock_of_the_whole_each_door_counts(
    backend: MyNissanBackend, service: MyNissan, last_door: str | None, locked: bool | None
) -> None:
    info = await vehicle(backend, "Ariya")
    doors: dict[str, Json] = {f"door{place}": {"lock": "LOCKED"} for place in ("FrontLeft", "FrontRight", "RearLeft")}
    service.fail("VehicleDynamicData", replaced(doorsStatus={**doors, "doorRearRight": {"lock": last_door}}))
    body = (await backend.read(info)).state.body
    assert (body.locked if body else None) is locked


async def test_a_part_with_an_error_is_a_failure(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleDynamicData", partial("doorsStatus", "batteryStatus"))
    report = await backend.read(info)
    assert set(report.failures) == {"status: doorsStatus", "status: batteryStatus"}
    assert all(isinstance(error, Unavailable) for error in report.failures.values())
    assert {Group.BATTERY, Group.BODY}.isdisjoint(report.state.groups())
    assert report.state.odometer is not None


async def test_errors_are_not_quoted(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    path: Json = ["vehicle", info.key]
    errors: Json = [{"message": f"{info.key} {EMAIL}", "path": path}, {"path": "odd"}, "odd"]
    service.fail(
        "VehicleLocation", Fault(rewrite=lambda body: {**(body if isinstance(body, dict) else {}), "errors": errors})
    )
    report = await backend.read(info, {Group.POSITION})
    assert set(report.failures) == {"location: something"}
    assert info.key not in str(report.failures)
    assert EMAIL not in str(report.failures)


async def test_an_outage_is_not_reported_as_the_refusal_of_one_part(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    info = await vehicle(backend, "Ariya")
    errors: Json = [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]
    service.fail("*", Fault.http(503))
    service.fail("VehicleDynamicData", Fault(rewrite=lambda _: {"errors": errors, "data": {"vehicle": None}}))
    with pytest.raises(ServiceOutage):
        await backend.read(info)


async def test_a_refused_token_is_not_reported_as_an_outage(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleDynamicData", Fault.http(503))
    service.fail("VehicleLocation", Fault.http(401))
    with pytest.raises(TokenRejected):
        await backend.read(info)


@pytest.mark.parametrize(
    ("fault", "error", "requests"), [(Fault.http(403), AccessBlocked, 2), (Fault.rate_limited(300), RateLimited, 1)]
)
async def test_a_service_that_wants_to_be_left_alone_is(
    backend: MyNissanBackend, service: MyNissan, fault: Fault, error: type[BackendError], requests: int
) -> None:
    info = await vehicle(backend, "Ariya")
    service.requests.clear()
    service.fail("*", fault)
    with pytest.raises(error):
        await backend.read(info)
    assert service.requests.total() == requests


@pytest.mark.parametrize("operation", ["VehicleDynamicData", "VehicleLocation", "OtaUpdate"])
async def test_a_part_that_is_refused_is_left_alone_for_a_day(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, operation: str
) -> None:
    service.token_lifetime *= 1000
    info = await vehicle(backend, "Ariya")
    service.requests.clear()
    service.fail(operation, Fault.http(403))
    report = await backend.read(info)
    assert [type(error) for error in report.failures.values()] == [AccessBlocked]
    assert {Group.SCHEDULES, Group.SUBSCRIPTION} <= report.state.groups().keys(), "the rest is read"
    clock.advance(hours=5)
    assert not (await backend.read(info)).failures
    assert service.requests[operation] == 1

    backend.forget_refusals(info)
    assert (await backend.read(info)).failures
    clock.advance(days=1)
    service.heal()
    assert not (await backend.read(info)).failures
    assert service.requests[operation] == 3


async def test_a_part_that_has_worked_must_be_refused_several_times(
    make_backend: MakeBackend, service: MyNissan, clock: Clock
) -> None:
    service.token_lifetime *= 1000
    backend = make_backend()
    info = await vehicle(backend, "Ariya")
    assert (await backend.read(info)).state.position
    backend = make_backend(memory=backend.memory())
    service.fail("VehicleLocation", Fault.http(403))
    for _ in range(2):
        assert set((await backend.read(info)).failures) == {"location"}
    service.heal()
    assert (await backend.read(info)).state.position, "two refusals may be an accident"

    service.fail("VehicleLocation", Fault.http(403))
    for _ in range(2):
        assert set((await backend.read(info)).failures) == {"location"}
    await backend.read(info)
    service.requests.clear()
    report = await backend.read(info)
    assert set(report.given_up) == {"location"}
    assert not report.failures
    assert service.requests["VehicleLocation"] == 0
    service.heal()
    clock.advance(hours=1)
    report = await backend.read(info)
    assert report.state.position
    assert not report.given_up


async def test_a_daily_part_that_is_missing_is_not_requested_at_each_read(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    """A failure does not count as a response, and must not last a day if the part has worked before."""
    service.token_lifetime *= 1000
    info = await vehicle(backend, "Ariya")
    assert (await backend.read(info)).state.subscription
    clock.advance(days=1, minutes=1)
    service.fail("VehicleSubscriptions", no_data())
    assert "subscription" in (await backend.read(info)).failures
    service.heal()
    assert (await backend.read(info)).state.subscription
    service.requests.clear()
    await backend.read(info)
    assert service.requests["VehicleSubscriptions"] == 0


async def test_a_rate_limit_halfway_is_reported(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleLocation", Fault.rate_limited(300))
    report = await backend.read(info)
    assert report.state.battery
    assert report.failures["location"].retry_after == 300


async def test_an_odd_response_is_one_part_only(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("VehicleDynamicData", replaced(climateStatus={"temperature": {"value": "warm", "unit": 5}}))
    report = await backend.read(info)
    assert isinstance(report.failures["status"], ProtocolError)
    assert report.state.position


async def test_an_update_that_is_missing_is_not_taken_for_none(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    service.fail("OtaUpdate", partial("otaUpdate"))
    report = await backend.read(info)
    assert set(report.failures) == {"software: otaUpdate"}
    assert report.state.software is None


async def test_a_start_that_is_missing_is_not_taken_for_none(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    service.token_lifetime *= 10
    info = await vehicle(backend, "Ariya")
    start = clock() + timedelta(hours=9)
    await carry_out(backend, info, ScheduleClimate(at=start, target=22), clock)
    before = (await backend.read(info)).state
    assert before.climate
    assert before.climate.next_start_at == start
    service.fail("VehicleClimateSchedules", partial("delayedClimateSchedule"))
    clock.advance(hours=1)
    after = (await backend.read(info)).state
    assert after.climate
    assert after.climate.next_start_at == start
