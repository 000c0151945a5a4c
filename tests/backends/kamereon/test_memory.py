"""What is remembered about vehicles, and for how long (kamereon-eu §15.3)."""

import json

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.endpoints import Memory
from custom_components.nissanconnect.vehicle import NotSupported

from ..conftest import NOW

A, B = "FAKE0VIN000000001", "FAKE0VIN000000002"


@pytest.fixture
def memory() -> Memory:
    memory = Memory(None)
    memory.keep({A: "12 319", B: "12"})
    return memory


def refuse(memory: Memory, key: str, version: str = "cockpit v1") -> None:
    memory.learned(key).record_refusal(version, NOW, NotSupported())


def is_refused(memory: Memory, key: str, version: str = "cockpit v1") -> bool:
    return memory.learned(key).is_refused(version, NOW)


def test_vehicles_and_versions_are_kept_apart(memory: Memory) -> None:
    refuse(memory, A)
    assert is_refused(memory, A)
    assert not is_refused(memory, A, "cockpit v2")
    assert not is_refused(memory, B)


def test_other_services_make_refusals_void(memory: Memory) -> None:
    refuse(memory, A)
    refuse(memory, B)
    memory.answered(A, "battery-status", "battery-status v1")
    memory.keep({A: "12 319 366", B: "12"})
    assert not is_refused(memory, A)
    assert is_refused(memory, B)
    assert memory.answering(A, "battery-status") == "battery-status v1"


def test_vehicles_that_left_are_forgotten(memory: Memory) -> None:
    memory.keep({B: "12"})
    assert set(memory.to_json()) == {B}


def test_a_restart_forgets_what_was_refused_and_nothing_else(memory: Memory) -> None:
    refuse(memory, A)
    memory.answered(A, "battery-status", "battery-status v3")
    restarted = Memory(json.loads(json.dumps(memory.to_json())))
    assert restarted.to_json() == memory.to_json()
    assert not is_refused(restarted, A)
    assert restarted.answering(A, "battery-status") == "battery-status v3"
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
    memory = Memory(saved)
    assert memory.answering(A, "battery-status") == "battery-status v3"
    assert not is_refused(memory, A, "battery-status v1")


@pytest.mark.parametrize(
    "saved", [None, 5, [], {A: None}, {A: {"refused": 1, "versions": {"cockpit": 1}, "services": []}}]
)
def test_damage_is_forgotten(saved: Json) -> None:
    memory = Memory(saved)
    assert not is_refused(memory, A)
    assert memory.answering(A, "cockpit") is None
