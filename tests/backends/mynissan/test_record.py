"""What is remembered of a vehicle, and how the reports of several endpoints become one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan.discovery import VehicleProfile
from custom_components.nissanconnect.backends.mynissan.endpoints import DAILY
from custom_components.nissanconnect.backends.mynissan.mapping import stamp
from custom_components.nissanconnect.backends.mynissan.record import GroupMerger, VehicleRecord
from custom_components.nissanconnect.vehicle import (
    AccessBlocked,
    Battery,
    Charging,
    Climate,
    Group,
    Position,
    VehicleState,
)

from ..doubles import Clock

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)

levels = st.none() | st.integers(0, 100).map(float)


def battery(level: float | None, range: float | None = None, at: datetime = NOW) -> VehicleState:
    return VehicleState(battery=Battery(**stamp(at), level=level, range=range))


def test_parts_complete_each_other() -> None:
    merger = GroupMerger()
    merger.add("status", VehicleState(charging=Charging(**stamp(NOW), plugged_in=True)), lasting=True)
    merger.add("limit", VehicleState(charging=Charging(**stamp(NOW), limit=80)), lasting=False)
    assert merger.take().charging == Charging(**stamp(NOW), plugged_in=True, limit=80)

    merger.add("status", VehicleState(charging=Charging(**stamp(LATER), plugged_in=False)), lasting=True)
    assert merger.take().charging == Charging(**stamp(LATER), plugged_in=False, limit=80)


def test_what_was_taken_is_not_reported_again() -> None:
    merger = GroupMerger()
    merger.add("status", battery(50), lasting=True)
    assert merger.take().battery is not None
    assert merger.take() == VehicleState()


def test_a_start_that_was_called_off_is_gone() -> None:
    merger = GroupMerger()
    running = VehicleState(climate=Climate(**stamp(NOW), running=False))
    merger.add("status", running, lasting=True)
    merger.add("start", VehicleState(climate=Climate(**stamp(NOW), next_start_at=LATER)), lasting=False)
    assert merger.take().climate == Climate(**stamp(NOW), running=False, next_start_at=LATER)
    merger.add("start", VehicleState(climate=Climate(**stamp(LATER))), lasting=False)
    assert merger.take().climate == Climate(**stamp(LATER), running=False)


def test_the_vehicles_newest_report_counts() -> None:
    """A position that came with a command is newer than what the service keeps."""
    merger = GroupMerger()
    found = Position(**stamp(LATER, LATER), latitude=1, longitude=1)
    kept = Position(**stamp(LATER, NOW), latitude=2, longitude=2)
    merger.add("command", VehicleState(position=found), lasting=False)
    merger.add("location", VehicleState(position=kept), lasting=False)
    assert merger.take().position == found

    driven = Position(**stamp(LATER, LATER + timedelta(minutes=5)), latitude=3, longitude=3)
    merger.add("location", VehicleState(position=driven), lasting=False)
    assert merger.take().position == driven


@given(st.lists(st.tuples(levels, levels), min_size=1, max_size=6))
def test_the_last_known_value_stays(reports: list[tuple[float | None, float | None]]) -> None:
    merger = GroupMerger()
    for index, (level, range_) in enumerate(reports):
        merger.add("status", battery(level, range_, NOW + timedelta(minutes=index)), lasting=True)
    found = merger.take().battery
    last = [next((report[i] for report in reversed(reports) if report[i] is not None), None) for i in (0, 1)]
    assert (found.level if found else None, found.range if found else None) == tuple(last)


# The record


def test_a_day_is_a_day(clock: Clock) -> None:
    record = VehicleRecord()
    assert record.is_due("software", DAILY, clock())
    record.responses["software"] = clock()
    record.commands[Group.SOFTWARE] = clock()
    clock.advance(hours=23, minutes=59)
    assert not record.is_due("software", DAILY, clock(), {Group.SOFTWARE})
    clock.advance(minutes=1)
    assert record.is_due("software", DAILY, clock())


def test_a_clock_that_was_set_back_forgets(clock: Clock) -> None:
    record = VehicleRecord()
    record.responses["software"] = clock()
    saved = record.to_json()
    clock.advance(days=-3)
    assert VehicleRecord.from_json(saved, clock()).is_due("software", DAILY, clock())


def test_other_services_make_refusals_void(clock: Clock) -> None:
    record = VehicleRecord()
    record.update_profile(VehicleProfile(services=frozenset({"remote_climate_control"})))
    record.learned.record_refusal("location", clock(), AccessBlocked())
    record.update_profile(VehicleProfile(services=frozenset({"remote_climate_control"}), heated_wheel=True))
    assert not record.is_due("location", timedelta(), clock())
    record.update_profile(VehicleProfile(services=frozenset({"remote_climate_control", "vehicle_locator"})))
    assert record.is_due("location", timedelta(), clock())


def test_the_stored_form_stays_readable(clock: Clock) -> None:
    """Written by the first version; its names never change."""
    saved: Json = {
        "knowledge": {
            "services": ["remote_climate_control"],
            "shown": ["battery", "climate_status"],
            "seats": ["driver", "passenger"],
            "wheel": True,
            "kind": "ElectricAVK2Vehicle",
            "limits": [16.0, 32.0, 0.5],
            "comfort": 22.0,
            "watched": True,
        },
        "asked": {"knowledge": "2026-11-19T18:30:00+00:00", "software": "2026-11-20T08:30:00+00:00"},
        "answered": ["location", "status"],
        "ours": ["1", "2"],
        "limit": 80.0,
    }
    assert VehicleRecord.from_json(saved, NOW).to_json() == saved
