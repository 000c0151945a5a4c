"""One vehicle by its feed, through the real client against the stand-in."""

from datetime import UTC, datetime, timedelta
import logging
import traceback
from typing import Any

import pytest

from custom_components.nissanconnect.backends.base import Backend
from custom_components.nissanconnect.backends.http import NoResponse
from custom_components.nissanconnect.backends.teslafi import TeslaFiBackend
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    AuthenticationFailed,
    BackendError,
    Capability,
    ChargingStatus,
    Declined,
    Group,
    NotSupported,
    ProtocolError,
    RateLimited,
    ServiceError,
    StartCharging,
    Unavailable,
    Unreachable,
    UnsafeRedirect,
    VehicleInfo,
    VehicleState,
)
from tests.simulator.cars.snapshot import snapshot
from tests.simulator.teslafi import TOKEN, Say, TeslaFi
from tests.simulator.teslafi.server import UNAUTHORIZED

from ..doubles import Clock
from .conftest import NOW, MakeBackend

HOLLOW = Say.json({"data_id": 1, "Date": "2026-11-20 18:45:00", "state": None, "carState": None, "vin": "NULL"})


async def the_vehicle(backend: Backend) -> VehicleInfo:
    (listed,) = await backend.list_vehicles()
    return listed.info


async def test_a_vehicle_that_is_awake(backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock) -> None:
    info = await the_vehicle(backend)
    truth = teslafi.vehicle
    assert (info.key, info.vin, info.nickname) == (truth.info.key, truth.info.vin, "LEAF")
    assert info.capabilities == {
        Capability.BATTERY,
        Capability.CLIMATE_STATUS,
        Capability.LOCATION,
        Capability.LOCK_STATUS,
    }

    report = await backend.read(info)
    assert not report.failures
    said, now = report.state, VehicleState.of(*snapshot(truth, Group).values())
    assert said.battery
    assert now.battery
    assert said.charging
    assert now.charging
    assert said.climate
    assert now.climate
    assert said.battery.level == now.battery.level
    assert said.battery.range == pytest.approx(now.battery.range, abs=0.1)
    assert (said.charging.plugged_in, said.charging.limit) == (True, now.charging.limit)
    assert said.climate.inside_temperature == now.climate.inside_temperature
    assert said.climate.outside_temperature == now.climate.outside_temperature
    assert said.climate.running is False
    assert said.odometer
    assert now.odometer
    assert said.odometer.distance == pytest.approx(now.odometer.distance, abs=0.1)
    assert said.position
    assert now.position
    assert (said.position.latitude, said.position.longitude) == (now.position.latitude, now.position.longitude)
    assert said.tyres
    assert said.tyres.front_left.pressure
    assert now.tyres
    assert now.tyres.front_left.pressure
    assert said.tyres.front_left.pressure == pytest.approx(now.tyres.front_left.pressure, abs=0.5)
    assert said.body
    assert said.body.locked is True
    for group in said.groups().values():
        assert (group.backend, group.received_at, group.reported_at) == ("teslafi", NOW, None)
    assert teslafi.requests == {"lastGood": 1}, "everything from one request"
    assert (teslafi.orders, teslafi.leaked) == ([], 0)


async def test_a_charge_and_when_it_ends(backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock) -> None:
    info = await the_vehicle(backend)
    teslafi.vehicle.order(StartCharging())
    clock.advance(minutes=10)
    charging = (await backend.read(info)).state.charging
    (truth,) = (group for group in snapshot(teslafi.vehicle, [Group.CHARGING]).values())
    assert charging
    assert charging.status is ChargingStatus.CHARGING
    assert charging.power == pytest.approx(6.6, abs=0.5)
    finish_at = getattr(truth, "finish_at")  # noqa: B009 - the group is one of many kinds
    assert charging.finish_at
    assert abs(charging.finish_at - finish_at) < timedelta(minutes=1)


@pytest.mark.parametrize("clock", [Clock(datetime(2026, 11, 20, 17, 12, tzinfo=UTC))], ids=["on the way home"])
async def test_a_drive(backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock) -> None:
    teslafi.asleep = None
    first = (await backend.read(await the_vehicle(backend))).state
    clock.advance(minutes=5)
    second = (await backend.read(await the_vehicle(backend), [Group.POSITION, Group.ODOMETER])).state
    assert first.position != second.position
    assert second.groups().keys() <= {Group.POSITION, Group.ODOMETER, Group.CONNECTIVITY}


async def test_a_vehicle_that_sleeps_is_hollow(backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock) -> None:
    """Its last rich point is asked for once, and it keeps its name without a VIN."""
    info = await the_vehicle(backend)
    clock.advance(minutes=2)
    await backend.read(info)
    teslafi.asleep = True
    clock.advance(minutes=2)
    hollow = (await backend.read(info)).state
    assert hollow.groups().keys() == {Group.TYRES, Group.CONNECTIVITY}
    assert hollow.connectivity
    assert hollow.connectivity.reachable is None, "offline and asleep"
    clock.advance(minutes=2)
    rich = (await backend.read(info)).state
    assert rich.battery
    assert rich.position
    assert rich.connectivity is None
    clock.advance(minutes=2)
    assert (await backend.read(info)).state.groups().keys() == {Group.TYRES, Group.CONNECTIVITY}
    assert await the_vehicle(backend) == info
    assert teslafi.requests == {"lastGood": 2, "": 3}
    assert teslafi.orders == []


async def test_after_a_restart_the_sleeper_is_known(
    backend: TeslaFiBackend, make_backend: MakeBackend, teslafi: TeslaFi, clock: Clock
) -> None:
    info = await the_vehicle(backend)
    teslafi.changes = {"vin": None, "battery_level": None, "latitude": ""}
    clock.advance(minutes=2)
    later = make_backend(memory=backend.memory())
    assert await the_vehicle(later) == info
    with pytest.raises(Unreachable):
        await make_backend().list_vehicles()
    assert make_backend(memory={"key": 7, "capabilities": "all"}).memory() == {
        "key": "7",
        "nickname": None,
        "capabilities": [],
    }


async def test_the_same_point_is_no_newer_for_being_told_twice(
    backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock
) -> None:
    teslafi.changes = {"data_id": 4711}
    info = await the_vehicle(backend)
    clock.advance(minutes=20)
    state = (await backend.read(info)).state
    assert state.last_read == NOW
    teslafi.changes = {"data_id": 4712}
    clock.advance(minutes=20)
    assert (await backend.read(info)).state.last_read == NOW + timedelta(minutes=40)


async def test_the_service_is_never_asked_more_than_once_a_minute(
    backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock
) -> None:
    info = await the_vehicle(backend)
    first = await backend.read(info)
    for _ in range(5):
        clock.advance(seconds=11)
        assert await backend.read(info) == first
    assert teslafi.total == 1
    clock.advance(seconds=5)
    assert await backend.read(info) != first
    assert teslafi.total == 2
    clock.advance(days=-3)
    await backend.read(info)
    assert teslafi.total == 3, "a clock that is set back does not silence the source for days"


async def test_a_quota_that_is_nearly_used_up_is_left_alone(
    backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock
) -> None:
    teslafi.changes = {"rate_limit": {"limit": 15, "remaining": "1", "reset_in_seconds": 300}}
    info = await the_vehicle(backend)
    clock.advance(seconds=299)
    await backend.read(info)
    assert teslafi.total == 1
    clock.advance(seconds=1)
    await backend.read(info)
    assert teslafi.total == 2


async def test_too_many_requests_are_followed_by_ever_longer_pauses(
    backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock
) -> None:
    teslafi.always(Say(status=429, text="Too Many Requests"))
    waits = []
    for asked in range(1, 7):
        with pytest.raises(RateLimited) as limited:
            await backend.list_vehicles()
        assert teslafi.total == asked
        assert limited.value.retry_after
        waits.append(limited.value.retry_after)
        clock.advance(seconds=10)
        with pytest.raises(RateLimited) as again:
            await backend.list_vehicles()
        assert teslafi.total == asked, "nobody asks in a pause"
        assert again.value.retry_after == limited.value.retry_after - 10
        clock.advance(seconds=again.value.retry_after)
    assert waits == [120, 240, 480, 900, 900, 900]

    teslafi.always(Say(status=429, headers={"Retry-After": "5000"}))
    with pytest.raises(RateLimited) as limited:
        await backend.list_vehicles()
    assert limited.value.retry_after == 5000
    clock.advance(seconds=5000)
    teslafi.always(None)
    assert await backend.list_vehicles()


async def test_a_token_that_no_header_takes_is_not_sent(make_backend: MakeBackend, teslafi: TeslaFi) -> None:
    for nonsense in ("", "two words", "line\nbreak", "schlüssel"):
        with pytest.raises(AuthenticationFailed):
            await make_backend(token=nonsense).list_vehicles()
    assert teslafi.total == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (UNAUTHORIZED, AuthenticationFailed),
        (Say(status=401), AuthenticationFailed),
        (Say.json({"response": {"result": "Unauthorized "}}), AuthenticationFailed),
        (Say(text="Vehicle is asleep or unavailable, as it were"), Unreachable),
        (Say(text="This command is not enabled for you"), NotSupported),
        (Say(text="Anything else"), ProtocolError),
        (Say(text=""), ProtocolError),
        (Say(text="<!DOCTYPE html><p>Maintenance"), Unavailable),
        (Say(text='{"battery_level": "64"'), ProtocolError),
        (Say(text="[" * 100_000), ProtocolError),
        (Say.json(["64"]), ProtocolError),
        (Say.json({"error": "vehicle unavailable", "error_description": "offline or asleep"}), Unreachable),
        (Say.json({"error": "x", "error_description": None}), ServiceError),
        (HOLLOW, RateLimited),
        (Say.json({}), RateLimited),
        (Say(status=403), AccessBlocked),
        (Say(status=404), Declined),
        (Say(status=408), Unavailable),
        (Say(status=500), Unavailable),
        (Say(status=503, headers={"Retry-After": "soon"}), Unavailable),
        (Say(status=302, headers={"Location": "https://example.invalid/"}), UnsafeRedirect),
        (Say(silence=True), NoResponse),
        (Say(hang_up=True), Unavailable),
        (Say(text="x" * 2_000_000), ProtocolError),
    ],
)
async def test_each_way_to_fail_has_its_own_error(
    make_backend: MakeBackend, teslafi: TeslaFi, clock: Clock, answer: Say, error: type[BackendError]
) -> None:
    teslafi.always(answer)
    backend = make_backend(timeout=0.2 if answer.silence else 30.0)
    with pytest.raises(BackendError) as raised:
        await backend.list_vehicles()
    assert type(raised.value) is error
    assert TOKEN not in "".join(traceback.format_exception(raised.value))
    assert teslafi.url not in str(raised.value)

    teslafi.always(None)
    clock.advance(minutes=16)
    if error is not AuthenticationFailed:
        assert await backend.list_vehicles()


async def test_a_feed_without_a_vehicle(backend: TeslaFiBackend, teslafi: TeslaFi) -> None:
    teslafi.say(Say.json({"data_id": 1, "state": "online", "vin": None}))
    with pytest.raises(Unreachable):
        await backend.log_in()


async def test_a_fetch_that_failed_at_the_service_is_told(backend: TeslaFiBackend, teslafi: TeslaFi) -> None:
    teslafi.changes = {"Notes": "No response from API"}
    report = await backend.read(await the_vehicle(backend))
    assert report.failures.keys() == {"vehicle"}
    assert report.state.battery


async def test_the_account_is_named_by_its_vehicle_without_revealing_it(
    backend: TeslaFiBackend, make_backend: MakeBackend, teslafi: TeslaFi, clock: Clock
) -> None:
    account = await backend.log_in()
    vin = teslafi.vehicle.info.key
    assert vin not in account
    assert TOKEN not in account
    assert await make_backend().log_in() == account
    teslafi.changes = {"vin": "1N4AZ1CP1JC999999"}
    clock.advance(minutes=2)
    assert await make_backend().log_in() != account


async def test_another_vehicle_in_the_same_feed(backend: TeslaFiBackend, teslafi: TeslaFi, clock: Clock) -> None:
    info = await the_vehicle(backend)
    teslafi.changes = {"vin": "1N4AZ1CP1JC999999", "display_name": None}
    clock.advance(minutes=2)
    other = await the_vehicle(backend)
    assert (other.key, other.nickname) == ("1N4AZ1CP1JC999999", None)
    with pytest.raises(NotSupported):
        await backend.read(info)


@pytest.mark.parametrize(
    ("vin", "key", "known", "warned"),
    [
        ("1n4az1cp1jc999999", "1N4AZ1CP1JC999999", "1N4AZ1CP1JC999999", False),
        ("5YJ3E1EA7KF999999", "5YJ3E1EA7KF999999", "5YJ3E1EA7KF999999", True),
        (" e13-063484 ", "E13-063484", None, False),
        (63484, "63484", None, False),
    ],
)
async def test_whose_vehicle_it_is_is_warned_of_and_not_refused(
    backend: TeslaFiBackend,
    teslafi: TeslaFi,
    caplog: pytest.LogCaptureFixture,
    vin: Any,
    key: str,
    known: str | None,
    warned: bool,
) -> None:
    teslafi.changes = {"vin": vin}
    info = await the_vehicle(backend)
    await the_vehicle(backend)
    assert (info.key, info.vin) == (key, known)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == warned
    assert not any(key in warning for warning in warnings)
