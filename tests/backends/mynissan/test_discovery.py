"""What a vehicle can do: from services that are paid for, and from what it reports."""

import logging

from hypothesis import given
from pynissan import ServiceCapability, VehicleCapabilities
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.backends.mynissan.discovery import VehicleProfile, with_services
from custom_components.nissanconnect.backends.mynissan.record import VehicleRecord
from custom_components.nissanconnect.backends.mynissan.session import ResponseInfo
from custom_components.nissanconnect.vehicle import AuthenticationFailed, Capability, ClimateLimits, Powertrain
from tests.simulator.faults import Fault
from tests.simulator.mynissan import MyNissan
from tests.simulator.mynissan.faults import partial

from ..conftest import NOW
from ..doubles import Clock
from ..strategies import JSON
from .conftest import vehicle

ELECTRIC = VehicleProfile(reported=frozenset({Capability.BATTERY, Capability.CLIMATE_STATUS}))
FUELLED = VehicleProfile(reported=frozenset({Capability.FUEL}))


def with_service(
    profile: VehicleProfile, name: str, *, enabled: bool = True, subscribed: bool | None = True
) -> VehicleProfile:
    services = (ServiceCapability(name, enabled, subscribed),)
    return with_services(profile, VehicleCapabilities("vin", None, None, services), ResponseInfo())


@pytest.mark.parametrize(
    ("name", "granted"),
    [
        ("REMOTE_CLIMATE_CONTROL", {Capability.CLIMATE, Capability.CLIMATE_TEMPERATURE, Capability.CLIMATE_DEFROST}),
        ("REMOTE_DOOR_LOCK", {Capability.LOCK}),
        ("remote_door_unlock", {Capability.LOCK}),
        ("REMOTE_HORNBLOW_LIGHTFLASH", {Capability.HORN, Capability.LIGHTS}),
        ("VEHICLE_LOCATOR", {Capability.LOCATION}),
        ("REMOTE_CHARGE", {Capability.START_CHARGING, Capability.STOP_CHARGING}),
        ("STOLEN_VEHICLE_LOCATOR", set()),
        ("CHARGE_STATION_SEARCH", set()),
        ("REMOTE_ENGINE_START", set()),
        ("SOMETHING_NEW", set()),
        ("not a name", None),
    ],
)
def test_services(name: str, granted: set[Capability] | None) -> None:
    always = ELECTRIC.capabilities
    found = with_service(ELECTRIC, name).capabilities - always
    assert found == (set() if granted is None else granted | {Capability.REFRESH})


@pytest.mark.parametrize(("enabled", "subscribed"), [(False, True), (True, False), (True, None)])
def test_only_what_is_enabled_and_paid_for_counts(enabled: bool, subscribed: bool | None) -> None:
    profile = with_service(ELECTRIC, "REMOTE_DOOR_LOCK", enabled=enabled, subscribed=subscribed)
    assert profile.capabilities == ELECTRIC.capabilities


def test_an_engine_starts_only_where_there_is_one() -> None:
    assert Capability.START_ENGINE in with_service(FUELLED, "REMOTE_ENGINE_START").capabilities
    assert Capability.START_ENGINE in with_service(FUELLED, "REMOTE_START").capabilities
    assert Capability.START_CHARGING not in with_service(FUELLED, "REMOTE_CHARGE").capabilities
    assert Capability.CLIMATE not in with_service(FUELLED, "REMOTE_CLIMATE_CONTROL").capabilities


def test_what_drives_the_wheels() -> None:
    assert VehicleProfile().powertrain is None
    assert ELECTRIC.powertrain is Powertrain.ELECTRIC
    assert FUELLED.powertrain is Powertrain.COMBUSTION
    assert FUELLED.reporting({Capability.BATTERY: 0}).powertrain is Powertrain.HYBRID


def test_a_saved_profile_is_read_again() -> None:
    profile = VehicleProfile(
        services=frozenset({"remote_charge"}),
        reported=frozenset({Capability.BATTERY}),
        heated_seats=frozenset({"driver"}),
        heated_wheel=True,
        vehicle_type="ElectricAVK2Vehicle",
        climate_limits=ClimateLimits(16, 32, 0.5),
        default_target=22.0,
        has_alerts=True,
    )
    assert VehicleProfile.from_json(profile.to_json()) == profile


@given(JSON)
def test_whatever_was_saved_is_read(saved: Json) -> None:
    profile = VehicleProfile.from_json(saved)
    assert VehicleProfile.from_json(profile.to_json()) == profile
    for each in (saved, {"asked": saved, "ours": saved, "knowledge": saved, "answered": saved}):
        record = VehicleRecord.from_json(each, NOW)
        assert VehicleRecord.from_json(record.to_json(), NOW).to_json() == record.to_json()


# By requests to the service


async def test_what_cannot_be_discovered_now_is_discovered_later(backend: MyNissanBackend, service: MyNissan) -> None:
    service.fail("VehicleCapabilities", Fault.http(500))
    info = await vehicle(backend, "Ariya")
    assert Capability.CLIMATE not in info.capabilities
    assert Capability.BATTERY in info.capabilities
    service.heal()
    assert Capability.CLIMATE in (await vehicle(backend, "Ariya")).capabilities


async def test_the_log_contains_the_names_of_services(
    backend: MyNissanBackend, service: MyNissan, caplog: pytest.LogCaptureFixture
) -> None:
    """Most of them are assumed (mynissan-na §9), so that owners can report which they really are."""
    caplog.set_level(logging.DEBUG)
    service.car("Ariya").services["REMOTE_TRUNK_UNLOCK"] = True
    info = await vehicle(backend, "Ariya")
    assert "remote_trunk_unlock" in caplog.text
    assert info.key not in caplog.text


async def test_a_failure_takes_no_capability_away(backend: MyNissanBackend, service: MyNissan, clock: Clock) -> None:
    before = (await vehicle(backend, "Ariya")).capabilities
    clock.advance(days=1)
    for operation in ("VehicleCapabilities", "VehicleDynamicData", "VehicleLocation", "ChargeConfig"):
        service.fail(operation, Fault.http(500))
    assert (await vehicle(backend, "Ariya")).capabilities == before


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


async def test_nothing_more_is_requested_from_a_service_that_wants_to_be_left_alone(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    service.fail("VehicleCapabilities", Fault.rate_limited(60))
    assert len(await backend.list_vehicles()) == 3
    assert service.requests["VehicleDynamicData"] == 0


async def test_a_log_in_that_ends_during_discovery(backend: MyNissanBackend, service: MyNissan) -> None:
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
async def test_what_is_missing_now_is_not_lost(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, fault: Fault
) -> None:
    """What failed comes as null, like what a vehicle that is not enrolled has not (mynissan-na §5)."""
    before = await vehicle(backend, "Ariya")
    clock.advance(days=1)
    service.fail("VehicleCapabilities", fault)
    assert await vehicle(backend, "Ariya") == before


async def test_services_that_are_missing_at_first_are_requested_again(
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


async def test_alerts_that_are_missing_now_are_still_read(
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


async def test_a_battery_that_is_missing_at_first_is_requested_again(
    backend: MyNissanBackend, service: MyNissan
) -> None:
    service.fail("VehicleDynamicData", partial("batteryStatus"))
    info = await vehicle(backend, "Ariya")
    assert Capability.BATTERY not in info.capabilities
    assert Capability.LOCK_STATUS in info.capabilities, "the rest counts"
    service.heal()
    info = await vehicle(backend, "Ariya")
    assert {Capability.BATTERY, Capability.CLIMATE} <= info.capabilities
