"""What is remembered about vehicles, and for how long (kamereon-eu §15.3)."""

import json

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.endpoints import LearnedVehicles
from custom_components.nissanconnect.vehicle import NotSupported

from ..conftest import NOW

A, B = "FAKE0VIN000000001", "FAKE0VIN000000002"


@pytest.fixture
def memory() -> LearnedVehicles:
    memory = LearnedVehicles(None)
    memory.update_listing({A: "12 319", B: "12"})
    return memory


def refuse(memory: LearnedVehicles, key: str, version: str = "cockpit v1") -> None:
    memory.of(key).state.record_refusal(version, NOW, NotSupported())


def is_refused(memory: LearnedVehicles, key: str, version: str = "cockpit v1") -> bool:
    return memory.of(key).state.is_refused(version, NOW)


def test_vehicles_and_versions_are_kept_apart(memory: LearnedVehicles) -> None:
    refuse(memory, A)
    assert is_refused(memory, A)
    assert not is_refused(memory, A, "cockpit v2")
    assert not is_refused(memory, B)


def test_other_services_make_refusals_void(memory: LearnedVehicles) -> None:
    refuse(memory, A)
    refuse(memory, B)
    memory.of(A).record_success("battery-status", "battery-status v1")
    memory.update_listing({A: "12 319 366", B: "12"})
    assert not is_refused(memory, A)
    assert is_refused(memory, B)
    assert memory.of(A).versions.get("battery-status") == "battery-status v1"


def test_vehicles_that_left_are_forgotten(memory: LearnedVehicles) -> None:
    memory.update_listing({B: "12"})
    assert set(memory.to_json()) == {B}


def test_a_restart_forgets_what_was_refused_and_nothing_else(memory: LearnedVehicles) -> None:
    refuse(memory, A)
    memory.of(A).record_success("battery-status", "battery-status v3")
    restarted = LearnedVehicles(json.loads(json.dumps(memory.to_json())))
    assert restarted.to_json() == memory.to_json()
    assert not is_refused(restarted, A)
    assert restarted.of(A).versions.get("battery-status") == "battery-status v3"
    refuse(restarted, A, "battery-status v3")
    assert not is_refused(restarted, A, "battery-status v3"), "it has answered before"


def test_what_the_first_release_kept_is_understood() -> None:
    saved: Json = {
        A: {
            "services": "12 319",
            "versions": {"battery-status": "battery-status v3"},
            "refused": {"battery-status v1": "2099-01-01T00:00:00+00:00"},
        }
    }
    memory = LearnedVehicles(saved)
    assert memory.of(A).versions.get("battery-status") == "battery-status v3"
    assert not is_refused(memory, A, "battery-status v1")


@pytest.mark.parametrize(
    "saved", [None, 5, [], {A: None}, {A: {"refused": 1, "versions": {"cockpit": 1}, "services": []}}]
)
def test_damage_is_forgotten(saved: Json) -> None:
    memory = LearnedVehicles(saved)
    assert not is_refused(memory, A)
    assert memory.of(A).versions.get("cockpit") is None
