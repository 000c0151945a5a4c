"""Commands through the real library to a simulated vehicle, until it has obeyed."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
from pynissan import ChargeSchedule as Entry, ServiceRequestResult, ServiceRequestStatus, WeekDay
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.mynissan import MyNissanBackend
from custom_components.nissanconnect.backends.mynissan.commands import charge_timer_requests, progress_of, timer_hours
from custom_components.nissanconnect.backends.mynissan.mapping import charge_timer_state
from custom_components.nissanconnect.backends.mynissan.session import ResponseInfo
from custom_components.nissanconnect.vehicle import (
    CancelClimateSchedule,
    ChargeMode,
    ChargeSchedule,
    Command,
    FlashLights,
    Group,
    Lock,
    NoConnection,
    Phase,
    ProtocolError,
    Refresh,
    ScheduleClimate,
    SetChargeLimit,
    SetChargeSchedule,
    SoundHorn,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    Ticket,
    TimePassed,
    Unavailable,
    Unlock,
    VehicleState,
)
from tests.departures import nobody
from tests.simulator.cars.places import TO_UTRECHT
from tests.simulator.cars.telematics import Manner
from tests.simulator.faults import Fault
from tests.simulator.mynissan import MyNissan

from ..conftest import NOW
from ..doubles import Clock
from .conftest import carry_out, vehicle

NIGHT = ChargeSchedule(time(23), time(6, 30), (0, 1, 2, 3, 4))
_ZONES = st.sampled_from([UTC, ZoneInfo("America/Chicago"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/St_Johns")])


@pytest.mark.parametrize(
    ("model", "command"),
    [
        ("Ariya", Lock()),
        ("Ariya", Unlock()),
        ("Ariya", FlashLights()),
        ("Ariya", SoundHorn()),
        ("Ariya", Refresh()),
        ("Ariya", Refresh(Group.POSITION)),
        ("Ariya", StartClimate(23)),
        ("Ariya", StartClimate(23, defrost=True)),
        ("Ariya", StartClimate(23, heat_seats=True)),
        ("Ariya", StartClimate(23, heat_wheel=True)),
        ("Leaf", StartClimate(20.5, defrost=True, heat_seats=True, heat_wheel=True)),
        ("Ariya", StopClimate()),
        ("Ariya", ScheduleClimate(at=NOW + timedelta(hours=9), target=22)),
        ("Ariya", CancelClimateSchedule()),
        ("Ariya", SetChargeLimit(70)),
        ("Ariya", StopCharging()),
        ("Qashqai", StartEngine()),
        ("Qashqai", StopEngine()),
        ("Leaf", SetChargeSchedule(NIGHT)),
    ],
)
async def test_the_vehicle_carries_commands_out(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, model: str, command: Command
) -> None:
    info = await vehicle(backend, model)
    assert command.needs <= info.capabilities
    sent = await carry_out(backend, info, command, clock)

    assert sent.progress.phase is Phase.DONE
    assert sent.wakes == 1
    assert service.vehicle(model).telematics.executed == [command]


@pytest.mark.parametrize("group", [Group.BATTERY, Group.CHARGING, Group.CLIMATE])
async def test_some_refreshes_cannot_be_polled(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, group: Group
) -> None:
    info = await vehicle(backend, "Ariya")
    sent = await carry_out(backend, info, Refresh(group), clock)
    assert (sent.ticket.id, sent.progress.phase, sent.wakes) == ("over", Phase.DONE, 1)
    clock.advance(minutes=2)
    assert isinstance(service.vehicle("Ariya").telematics.executed[0], Refresh)


EFFECTS: list[tuple[Command, Callable[[VehicleState], bool]]] = [
    (Unlock(), lambda state: state.body is not None and state.body.locked is False),
    (StartClimate(24), lambda state: state.climate is not None and state.climate.running is True),
    (
        ScheduleClimate(at=NOW + timedelta(hours=9), target=22),
        lambda state: state.climate is not None and state.climate.next_start_at == NOW + timedelta(hours=9),
    ),
    (SetChargeLimit(95), lambda state: state.charging is not None and state.charging.limit == 95),
]


@pytest.mark.parametrize(("command", "shown"), EFFECTS)
async def test_the_next_read_shows_it(
    backend: MyNissanBackend, clock: Clock, command: Command, shown: Callable[[VehicleState], bool]
) -> None:
    info = await vehicle(backend, "Ariya")
    before = (await backend.read(info)).state
    assert not shown(before)
    await carry_out(backend, info, command, clock)
    after = (await backend.read(info, command.groups)).state
    assert shown(after)
    assert command.seen_in(after, before)


async def test_without_a_target_the_vehicles_own_counts(backend: MyNissanBackend, service: MyNissan) -> None:
    info = await vehicle(backend, "Ariya")
    await backend.send(info, StartClimate(), nobody)
    assert service.variables["StartClimate"] == {
        "vin": info.key,
        "climate": {"unit": "CELSIUS", "temperatureValue": 22},
    }


@pytest.mark.parametrize(("target", "sent"), [(10, 16), (21.3, 21.5), (21.2, 21), (40, 32)])
async def test_a_temperature_fits_the_vehicle(
    backend: MyNissanBackend, service: MyNissan, target: float, sent: float
) -> None:
    info = await vehicle(backend, "Ariya")
    await backend.send(info, StartClimate(target), nobody)
    climate = service.variables["StartClimate"]["climate"]
    assert isinstance(climate, dict)
    assert climate["temperatureValue"] == sent


async def test_a_position_that_comes_with_the_progress_is_read_next(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info = await vehicle(backend, "Ariya")
    await backend.read(info)
    await carry_out(backend, info, Refresh(Group.POSITION), clock)
    service.fail("VehicleLocation", Fault.http(500))
    with pytest.raises(Unavailable):
        await backend.read(info, {Group.POSITION})
    position = (await backend.read(info, {Group.POSITION, Group.BODY})).state.position
    assert position
    assert position.reported_at
    assert clock() - position.reported_at < timedelta(minutes=1)


@given(ahead=st.one_of(st.floats(-120, 120), st.floats(-86_400, 300 * 86_400)), zone=_ZONES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_planned_start_happens_at_its_time_or_is_refused(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, ahead: float, zone: tzinfo
) -> None:
    info = await vehicle(backend, "Ariya")
    clock.advance(minutes=3)  # what was planned before is over
    at = clock() + timedelta(seconds=ahead)
    try:
        sent = await carry_out(backend, info, ScheduleClimate(at=at.astimezone(zone)), clock)
    except TimePassed:
        assert ahead < 5
        return
    climate = service.car("Ariya").electric
    assert climate is not None
    if sent.progress.phase is Phase.REJECTED:
        assert ahead < 60, "there was time to reach the vehicle"
        assert (sent.progress.code, climate.climate.running) == ("hvac_start_past", False)
        return
    planned = climate.climate.started_at or climate.climate.next_start_at
    assert planned is not None
    assert timedelta() <= at - planned < timedelta(seconds=1)
    await backend.send(info, CancelClimateSchedule(), nobody)
    await backend.send(info, StopClimate(), nobody)


# When it does not go well


async def test_a_vehicle_that_refuses(backend: MyNissanBackend, service: MyNissan, clock: Clock) -> None:
    """The library returns failures, it does not raise them (mynissan-na §4.1)."""
    info = await vehicle(backend, "Ariya")
    service.vehicle("Ariya").depart(TO_UTRECHT)
    sent = await carry_out(backend, info, Unlock(), clock)
    assert sent.progress.phase is Phase.REJECTED
    assert sent.progress.code == "vehicle_under_way"


async def test_a_vehicle_that_never_responds(backend: MyNissanBackend, service: MyNissan, clock: Clock) -> None:
    info = await vehicle(backend, "Ariya")
    service.vehicle("Ariya").telematics.manner = Manner.SILENT
    sent = await carry_out(backend, info, Lock(), clock)
    assert sent.progress.phase is Phase.PENDING


async def test_a_vehicle_out_of_reach(backend: MyNissanBackend, service: MyNissan, clock: Clock) -> None:
    info = await vehicle(backend, "Ariya")
    service.vehicle("Ariya").telematics.covered = False
    sent = await carry_out(backend, info, Lock(), clock)
    assert (sent.progress.phase, sent.progress.code) == (Phase.REJECTED, "vehicle_not_reachable")


@pytest.mark.parametrize("ticket", ["", "door", "door:", "window:1", "data_wipe:1", "over and out"])
async def test_a_foreign_ticket(backend: MyNissanBackend, ticket: str) -> None:
    info = await vehicle(backend, "Ariya")
    with pytest.raises(ProtocolError):
        await backend.poll(info, Ticket(ticket, NOW))


@pytest.mark.parametrize("status", [*ServiceRequestStatus, None])
def test_only_final_statuses_end_a_command(status: ServiceRequestStatus | None) -> None:
    phase = progress_of(ServiceRequestResult(status)).phase
    name = status.name if status else ""
    expected = Phase.DONE if "SUCCESS" in name else Phase.REJECTED if "FAILED" in name else Phase.PENDING
    assert phase is expected


@pytest.mark.parametrize("details", ["1N4AZ1CPXNC500042", "Sorry, Pat", "x" * 200, ""])
def test_details_that_may_name_somebody_are_not_repeated(details: str) -> None:
    assert progress_of(ServiceRequestResult(ServiceRequestStatus.FAILED, details)).code is None


# The charge timer


async def test_the_timer_is_made_changed_and_switched_off(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info, car = await vehicle(backend, "Leaf"), service.car("Leaf")

    async def mode() -> ChargeMode | None:
        schedules = (await backend.read(info, {Group.SCHEDULES})).state.schedules
        return schedules.charge_mode if schedules else None

    await carry_out(backend, info, SetChargeSchedule(NIGHT), clock)
    assert await mode() is ChargeMode.SCHEDULED
    assert car.entries["timer-1"]["startDateTime"] == "2026-11-20T23:00:00+00:00"
    assert car.entries["timer-1"]["duration"] == "PT7H30M"
    assert car.entries["timer-1"]["weekDays"] == ["MO", "TU", "WE", "TH", "FR"]
    found = (await backend.read(info, {Group.SCHEDULES})).state.schedules
    assert found is not None
    assert (found.charging, found.received_at.tzinfo) == (NIGHT, UTC)

    later = ChargeSchedule(time(1), time(5), (5,))
    await carry_out(backend, info, SetChargeSchedule(later), clock)
    assert set(car.entries) == {"timer-1"}
    assert car.entries["timer-1"]["startDateTime"] == "2026-11-21T01:00:00+00:00"

    sent = await carry_out(backend, info, SetChargeSchedule(None), clock)
    assert sent.wakes == 1
    assert await mode() is ChargeMode.ALWAYS
    sent = await carry_out(backend, info, SetChargeSchedule(None), clock)
    assert (sent.wakes, sent.ticket.id) == (0, "over"), "there is nothing to switch off"

    await carry_out(backend, info, SetChargeSchedule(NIGHT), clock)
    assert await mode() is ChargeMode.SCHEDULED
    assert [
        each.schedule for each in service.vehicle("Leaf").telematics.executed if isinstance(each, SetChargeSchedule)
    ][-1] == NIGHT


async def test_other_entries_are_switched_off_and_one_wake_is_counted(
    backend: MyNissanBackend, service: MyNissan, clock: Clock
) -> None:
    info, car = await vehicle(backend, "Leaf"), service.car("Leaf")
    for name, state in (("mine", "OFF"), ("work", "ON"), ("home", "ON")):
        entry: dict[str, Json] = {
            "__typename": "ChargeSchedule",
            "id": name,
            "state": state,
            "startDateTime": "2026-11-20T22:00:00-06:00",
            "duration": "PT5H",
            "weekDays": ["MO"],
        }
        car.entries[name] = car.planned[name] = entry
    sent = await carry_out(backend, info, SetChargeSchedule(NIGHT), clock)
    assert sent.wakes == 1
    assert service.requests["ToggleChargeSchedule"] == 1
    assert service.variables["ToggleChargeSchedule"]["schedule"] == {"id": "home", "enable": False}
    assert service.requests["UpdateChargeSchedule"] == 1


async def test_a_timer_that_half_arrived_is_not_called_unsent(
    backend: MyNissanBackend, service: MyNissan, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, car = await vehicle(backend, "Leaf"), service.car("Leaf")
    await carry_out(backend, info, SetChargeSchedule(NIGHT), clock)
    car.entries["other"] = car.planned["other"] = {**car.entries["timer-1"], "id": "other"}
    request = backend._api.request

    async def failing(name: str, call: object, *args: str, **options: Any) -> object:
        if service.requests["ToggleChargeSchedule"]:
            raise NoConnection("gone")
        return await request(name, call, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(backend._api, "request", failing)
    with pytest.raises(NoConnection) as raised:
        await backend.send(info, SetChargeSchedule(NIGHT), nobody)
    assert not raised.value.nothing_done


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 11, 20, 20, tzinfo=UTC), "2026-11-20T23:00:00-06:00"),  # Friday, 14:00 there
        (datetime(2026, 11, 21, 5, 30, tzinfo=UTC), "2026-11-23T23:00:00-06:00"),  # Friday, 23:30 there
        (datetime(2027, 3, 12, 6, tzinfo=UTC), "2027-03-12T23:00:00-06:00"),
        (datetime(2027, 3, 14, 12, tzinfo=UTC), "2027-03-15T23:00:00-05:00"),  # summer time has begun
    ],
)
async def test_a_timer_begins_by_the_vehicles_clocks(now: datetime, start: str) -> None:
    (request,) = charge_timer_requests(NIGHT, [], now, ZoneInfo("America/Chicago"))
    taken: list[str] = []

    class Client:
        async def async_create_charge_schedule(self, vin: str, schedule: object) -> None:
            taken.append(schedule.start_date_time.isoformat())  # type: ignore[attr-defined]

    await request(Client(), "vin")  # type: ignore[arg-type]
    assert taken == [start]


_ALL = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
_MINUTE = st.builds(time, st.integers(0, 23), st.integers(0, 59))


LISTED = ResponseInfo(body={"data": {"vehicle": {"chargeSchedules": []}}})
"""The entries of the timer are in the response; the library only reports which."""


@given(
    wanted=st.builds(ChargeSchedule, _MINUTE, _MINUTE, _ALL),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=_ZONES,
)
def test_what_was_set_is_what_is_read(wanted: ChargeSchedule, now: datetime, zone: tzinfo) -> None:
    hours = timer_hours(wanted, now, zone)
    start = hours.start_date_time
    entry = Entry("one", "ENABLED", start.astimezone(UTC), hours.duration, hours.week_days)
    found = charge_timer_state([entry], LISTED, now.astimezone(zone)).schedules
    assert found is not None
    gap = start.astimezone(UTC).astimezone(zone).time() != wanted.charge_from  # that hour does not exist that night
    assert gap or found.charging == wanted


@pytest.mark.parametrize("duration", ["", "PT0H", "PT25H", "P1Y", "soon"])
def test_hours_of_no_length_are_unknown(duration: str) -> None:
    found = charge_timer_state([Entry("one", "ENABLED", NOW, duration, (WeekDay.MONDAY,))], LISTED, NOW).schedules
    assert found is not None
    assert (found.charge_mode, found.charging) == (ChargeMode.SCHEDULED, None)


def test_the_hours_of_several_timers_are_unknown() -> None:
    entries = [Entry(each, "ENABLED", NOW, "PT1H", (WeekDay.MONDAY,)) for each in ("one", "two")]
    found = charge_timer_state(entries, LISTED, NOW).schedules
    assert found is not None
    assert (found.charge_mode, found.charging) == (ChargeMode.SCHEDULED, None)


def test_entries_whose_state_is_unknown_are_switched_off() -> None:
    entry = Entry("one", "PERHAPS", NOW, "PT1H", (WeekDay.MONDAY,))
    assert len(charge_timer_requests(None, [entry], NOW, UTC)) == 1
