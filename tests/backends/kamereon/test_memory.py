"""What is remembered about vehicles, and for how long (kamereon-eu §15.3)."""

from datetime import timedelta
import json
import logging

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.memory import Memory

from ..conftest import NOW

A, B = "FAKE0VIN000000001", "FAKE0VIN000000002"
DAY = timedelta(hours=24)


@pytest.fixture
def memory() -> Memory:
    memory = Memory(None, NOW)
    memory.keep({A: "12 319", B: "12"})
    return memory


def test_a_refusal_counts_for_a_day(memory: Memory) -> None:
    assert memory.refuse(A, "cockpit v1", NOW)
    assert memory.is_refused(A, "cockpit v1", NOW + DAY - timedelta(seconds=1))
    assert not memory.is_refused(A, "cockpit v1", NOW + DAY)
    assert not memory.is_refused(A, "cockpit v2", NOW)
    assert not memory.is_refused(B, "cockpit v1", NOW)


def test_three_strikes_in_a_row(memory: Memory) -> None:
    for _ in range(2):
        assert not memory.refuse(A, "cockpit v1", NOW, strikes=3)
    memory.answered(A, "cockpit", "cockpit v1")
    for _ in range(2):
        assert not memory.refuse(A, "cockpit v1", NOW, strikes=3)
    assert not memory.is_refused(A, "cockpit v1", NOW)
    assert memory.refuse(A, "cockpit v1", NOW, strikes=3)
    assert memory.is_refused(A, "cockpit v1", NOW)


def test_an_answer_ends_a_refusal(memory: Memory) -> None:
    memory.refuse(A, "cockpit v1", NOW)
    memory.answered(A, "cockpit", "cockpit v1")
    assert not memory.is_refused(A, "cockpit v1", NOW)


def test_other_services_make_refusals_void(memory: Memory) -> None:
    memory.refuse(A, "cockpit v1", NOW)
    memory.refuse(B, "cockpit v1", NOW)
    memory.answered(A, "battery-status", "battery-status v1")
    memory.keep({A: "12 319 366", B: "12"})
    assert not memory.is_refused(A, "cockpit v1", NOW)
    assert memory.is_refused(B, "cockpit v1", NOW)
    assert memory.answering(A, "battery-status") == "battery-status v1"


def test_vehicles_that_left_are_forgotten(memory: Memory) -> None:
    memory.keep({B: "12"})
    assert set(memory.to_json()) == {B}


def test_a_restart_changes_nothing(memory: Memory) -> None:
    memory.refuse(A, "cockpit v1", NOW)
    memory.answered(A, "battery-status", "battery-status v3")
    restarted = Memory(json.loads(json.dumps(memory.to_json())), NOW + timedelta(hours=1))
    assert restarted.to_json() == memory.to_json()
    assert restarted.is_refused(A, "cockpit v1", NOW)
    assert restarted.answering(A, "battery-status") == "battery-status v3"
    restarted.keep({A: "12 319", B: "12"})
    assert restarted.is_refused(A, "cockpit v1", NOW)


@pytest.mark.parametrize("until", [NOW - timedelta(hours=1), NOW + 2 * DAY])
def test_refusals_that_are_over_or_cannot_be_are_forgotten(until: object) -> None:
    saved: Json = {A: {"refused": {"cockpit v1": str(until)}}}
    assert not Memory(saved, NOW).is_refused(A, "cockpit v1", NOW - timedelta(hours=2))


@pytest.mark.parametrize(
    "saved", [None, 5, [], {A: None}, {A: {"refused": 1, "versions": {"cockpit": 1}, "services": []}}]
)
def test_damage_is_forgotten(saved: Json) -> None:
    memory = Memory(saved, NOW)
    assert not memory.is_refused(A, "cockpit v1", NOW)
    assert memory.answering(A, "cockpit") is None


def test_logs_name_no_vehicle(memory: Memory, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    memory.refuse(A, "cockpit v1", NOW)
    assert "cockpit v1 is not offered for vehicle " in caplog.text
    assert A not in caplog.text
