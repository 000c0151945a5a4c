"""Finding out what a vehicle can do."""

import logging

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.vehicle import (
    AuthenticationFailed,
    Capability,
)
from tests.simulator.faults import Fault
from tests.simulator.mynissan import MyNissan
from tests.simulator.mynissan.faults import partial

from ..doubles import Clock
from .conftest import vehicle


async def test_what_cannot_be_learnt_now_is_learnt_later(backend: MyNissanBackend, service: MyNissan) -> None:
    service.fail("VehicleCapabilities", Fault.http(500))
    info = await vehicle(backend, "Ariya")
    assert Capability.CLIMATE not in info.capabilities
    assert Capability.BATTERY in info.capabilities
    service.heal()
    assert Capability.CLIMATE in (await vehicle(backend, "Ariya")).capabilities


async def test_the_log_tells_the_names_of_services(
    backend: MyNissanBackend, service: MyNissan, caplog: pytest.LogCaptureFixture
) -> None:
    """Most of them are assumed (mynissan-na §9), so owners can tell which they really are."""
    caplog.set_level(logging.DEBUG)
    service.car("Ariya").services["REMOTE_TRUNK_UNLOCK"] = True
    info = await vehicle(backend, "Ariya")
    assert "remote_trunk_unlock" in caplog.text
    assert info.key not in caplog.text


async def test_what_was_learnt_is_not_lost_by_a_failure(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    known = (await vehicle(backend, "Ariya")).capabilities
    clock.advance(days=1)
    for operation in ("VehicleCapabilities", "VehicleDynamicData", "VehicleLocation", "ChargeConfig"):
        service.fail(operation, Fault.http(500))
    assert (await vehicle(backend, "Ariya")).capabilities == known


async def test_a_lapsed_subscription_takes_the_commands_away(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    await vehicle(backend, "Ariya")
    service.car("Ariya").enrolled = False
    clock.advance(days=1)
    info = await vehicle(backend, "Ariya")
    assert Capability.BATTERY in info.capabilities
    assert info.capabilities.isdisjoint({Capability.CLIMATE, Capability.LOCK, Capability.REFRESH})


async def test_vehicles_that_are_gone_are_forgotten(backend: MyNissanBackend, service: MyNissan) -> None:
    await backend.list_vehicles()
    del service.cars["SJNFAKE0000000001"]
    await backend.list_vehicles()
    assert set(_items(backend.memory())) == {"JN1FAKE0000000002", "SJNFAKE0000000003"}


def _items(memory: Json) -> dict[str, Json]:
    assert isinstance(memory, dict)
    return memory


async def test_nothing_more_is_learnt_from_a_service_that_wants_to_be_left_alone(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    service.fail("VehicleCapabilities", Fault.rate_limited(60))
    assert len(await backend.list_vehicles()) == 3
    assert service.requests["VehicleDynamicData"] == 0


async def test_a_log_in_that_ends_while_learning(backend: MyNissanBackend, service: MyNissan) -> None:
    def end(body: Json) -> Json:
        service.end_sessions(for_good=True)
        return body

    service.fail("VehiclesStaticData", Fault(rewrite=end))
    with pytest.raises(AuthenticationFailed):
        await backend.list_vehicles()


def _partial(*fields: str) -> Fault:
    """Answer null for some fields of the capabilities, and an error for each."""

    def rewrite(body: Json) -> Json:
        match body:
            case {"data": {"vehicle": {"capabilities": dict() as capabilities}}}:
                capabilities.update(dict.fromkeys(fields))
        errors: list[Json] = [{"message": "No data", "path": ["vehicle", "capabilities", field]} for field in fields]
        return {**body, "errors": errors} if isinstance(body, dict) else body

    return Fault(rewrite=rewrite)


@pytest.mark.parametrize(
    "fault", [partial("capabilities"), _partial("serviceCapability"), _partial("accessoriesDetails")]
)
async def test_what_cannot_be_told_now_is_not_lost(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, fault: Fault
) -> None:
    """What failed comes as null, like what a vehicle that is not enrolled has not (mynissan-na §5)."""
    known = await vehicle(backend, "Ariya")
    clock.advance(days=1)
    service.fail("VehicleCapabilities", fault)
    assert await vehicle(backend, "Ariya") == known


async def test_services_that_cannot_be_told_at_first_are_asked_for_again(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    service.fail("VehicleCapabilities", partial("capabilities"))
    assert Capability.CLIMATE not in (await vehicle(backend, "Ariya")).capabilities
    service.heal()
    assert Capability.CLIMATE in (await vehicle(backend, "Ariya")).capabilities


async def test_a_part_that_fails_for_good_leaves_the_others(backend: MyNissanBackend, service: MyNissan) -> None:
    service.fail("VehicleCapabilities", _partial("accessoriesDetails"))
    found = (await vehicle(backend, "Ariya")).capabilities
    assert Capability.CLIMATE in found
    assert Capability.SEAT_HEAT not in found


async def test_alerts_that_cannot_be_told_now_are_still_read(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    car = service.car("Ariya")
    car.watch_speed("Freeway")
    await vehicle(backend, "Ariya")
    car.breach("SPEED_ALERT", "Freeway", clock())
    clock.advance(days=1)
    service.fail("VehicleAlerts", partial("speedAlerts"))
    info = await vehicle(backend, "Ariya")
    assert [each.text for each in await backend.read_notifications(info)] == ["Freeway"]


async def test_a_battery_that_cannot_be_told_at_first_is_asked_for_again(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    service.fail("VehicleDynamicData", partial("batteryStatus"))
    info = await vehicle(backend, "Ariya")
    assert Capability.BATTERY not in info.capabilities
    assert Capability.LOCK_STATUS in info.capabilities, "the rest counts"
    service.heal()
    info = await vehicle(backend, "Ariya")
    assert {Capability.BATTERY, Capability.CLIMATE} <= info.capabilities
