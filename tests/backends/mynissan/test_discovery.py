"""What a vehicle can do: from services that are paid for, and from what it reports."""

from hypothesis import given
from pynissan import ServiceCapability, VehicleCapabilities
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan.discovery import Knowledge
from custom_components.nissanconnect.backends.mynissan.memory import DAILY, Memory
from custom_components.nissanconnect.vehicle import Capability, ClimateLimits, Group, Powertrain

from ..conftest import NOW
from ..doubles import Clock
from ..strategies import JSON

ELECTRIC = Knowledge().showing(Capability.BATTERY, Capability.CLIMATE_STATUS)
FUELLED = Knowledge().showing(Capability.FUEL)


def with_service(known: Knowledge, name: str, *, enabled: bool = True, subscribed: bool | None = True) -> Knowledge:
    services = (ServiceCapability(name, enabled, subscribed),)
    return known.after_capabilities(VehicleCapabilities("vin", None, None, services))


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
    known = with_service(ELECTRIC, "REMOTE_DOOR_LOCK", enabled=enabled, subscribed=subscribed)
    assert known.capabilities == ELECTRIC.capabilities


def test_an_engine_starts_only_where_there_is_one() -> None:
    assert Capability.START_ENGINE in with_service(FUELLED, "REMOTE_ENGINE_START").capabilities
    assert Capability.START_ENGINE in with_service(FUELLED, "REMOTE_START").capabilities
    assert Capability.START_CHARGING not in with_service(FUELLED, "REMOTE_CHARGE").capabilities
    assert Capability.CLIMATE not in with_service(FUELLED, "REMOTE_CLIMATE_CONTROL").capabilities


def test_what_drives_the_wheels() -> None:
    assert Knowledge().powertrain is None
    assert ELECTRIC.powertrain is Powertrain.ELECTRIC
    assert FUELLED.powertrain is Powertrain.COMBUSTION
    assert FUELLED.showing(Capability.BATTERY).powertrain is Powertrain.HYBRID


def test_what_was_learnt_is_read_again() -> None:
    known = Knowledge(
        services=frozenset({"remote_charge"}),
        shown=frozenset({Capability.BATTERY}),
        seats=frozenset({"driver"}),
        wheel=True,
        kind="ElectricAVK2Vehicle",
        limits=ClimateLimits(16, 32, 0.5),
        comfort=22.0,
        watched=True,
    )
    assert Knowledge.from_json(known.to_json()) == known


@given(JSON)
def test_whatever_was_saved_is_read(saved: Json) -> None:
    known = Knowledge.from_json(saved)
    assert Knowledge.from_json(known.to_json()) == known
    memory = Memory({"v": saved, "w": {"asked": saved, "ours": saved, "knowledge": saved}}, NOW)
    assert Memory(memory.to_json(), NOW).to_json() == memory.to_json()
    Memory(saved, NOW)


def test_a_day_is_a_day(clock: Clock) -> None:
    memory = Memory(None, clock())
    assert memory.is_due("v", "software", DAILY, clock())
    memory.asked("v", "software", DAILY, clock())
    memory.commanded("v", {Group.SOFTWARE}, clock())
    clock.advance(hours=23, minutes=59)
    assert not memory.is_due("v", "software", DAILY, clock(), {Group.SOFTWARE})
    clock.advance(minutes=1)
    assert memory.is_due("v", "software", DAILY, clock())


def test_a_clock_that_was_set_back_forgets(clock: Clock) -> None:
    memory = Memory(None, clock())
    memory.asked("v", "software", DAILY, clock())
    saved = memory.to_json()
    clock.advance(days=-3)
    assert Memory(saved, clock()).is_due("v", "software", DAILY, clock())
