"""The demo as the rest of the integration sees it."""

from asyncio import gather
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
import re
from threading import get_ident
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Backend, Context, Messages, Trips
from custom_components.nissanconnect.backends.demo import DemoBackend, create
from custom_components.nissanconnect.backends.demo.car import HOME, Car, open_garage
from custom_components.nissanconnect.vehicle import (
    AlertType,
    BackendError,
    CancelClimateSchedule,
    Capability,
    ChargeMode,
    ChargeSchedule,
    ChargingStatus,
    Command,
    Group,
    Lock,
    Phase,
    Position,
    Progress,
    Refresh,
    ScheduleClimate,
    SetChargeLimit,
    SetChargeSchedule,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    StopEngine,
    TimePassed,
    TripPeriod,
    Unlock,
    VehicleInfo,
    VehicleState,
)
from tests.departures import departing, nobody

from ..doubles import Clock

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""A Friday."""
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

moments = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NOW + minutes * MINUTE)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def backend(clock: Clock) -> DemoBackend:
    return DemoBackend(now=clock)


async def info(backend: Backend, model: str) -> VehicleInfo:
    return next(listed.info for listed in await backend.list_vehicles() if listed.info.model == model)


async def states(backend: Backend) -> dict[str | None, Any]:
    """What each vehicle reports, by its model; not typed, because each group may be missing."""
    return {each.info.model: (await backend.read(each.info)).state for each in await backend.list_vehicles()}


async def state(backend: Backend, model: str) -> Any:
    return (await states(backend))[model]


async def ended(backend: DemoBackend, clock: Clock, model: str, command: Command) -> Progress:
    """Send a command, and wait as long as it takes."""
    vehicle = await info(backend, model)
    ticket = await backend.send(vehicle, command, nobody)
    clock.advance(seconds=10)
    return await backend.poll(vehicle, ticket)


DONE = Progress(Phase.DONE)


async def test_it_needs_no_account(backend: DemoBackend) -> None:
    assert await backend.log_in() == "demo"
    assert backend.description.name == "demo"
    assert backend.memory() is None
    assert isinstance(backend, Messages)
    assert isinstance(backend, Trips)


async def test_it_is_created_with_the_clock_and_the_zone(context: Context, clock: Clock) -> None:
    created = create(replace(context, zone=AMSTERDAM), {})
    assert await states(created) == await states(DemoBackend(now=clock, zone=AMSTERDAM))


async def test_it_lists_three_vehicles(backend: DemoBackend) -> None:
    listed = await backend.list_vehicles()

    assert [each.info.name for each in listed] == ["LEAF", "Ariya", "Qashqai"]
    for each in listed:
        assert set(each.state.groups()) == {Group.PRIVACY, Group.SUBSCRIPTION}
        assert each.state.subscription is not None
        assert each.state.subscription.active
        assert re.fullmatch("[A-HJ-NPR-Z0-9]{17}", each.info.key)
        assert "FAKE" in each.info.key, "nobody takes it for a real one"
        assert each.info.vin == each.info.key


async def test_the_garage_is_opened_outside_the_event_loop_and_stays(
    backend: DemoBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def opened(now: datetime, zone: tzinfo) -> dict[str, Car]:
        threads.append(get_ident())
        return open_garage(now, zone)

    monkeypatch.setattr(f"{DemoBackend.__module__}.open_garage", opened)
    await gather(backend.list_vehicles(), backend.list_vehicles())
    cars = [backend.find(each.info) for each in await backend.list_vehicles()]
    assert get_ident() not in threads
    assert all(backend.find(car.info) is car for car in cars)


async def test_together_they_can_do_everything(backend: DemoBackend) -> None:
    of_others = {
        Capability.LOCK_PIN,  # nobody has to prove anything to the demo
        Capability.LOCK_SETUP,
        Capability.SEND_DESTINATION,  # of older telematics units
        Capability.SEVERAL_SOURCES,
        Capability.STOP_SIGNALS,
    }
    able = frozenset().union(*(each.info.capabilities for each in await backend.list_vehicles()))
    assert able == set(Capability) - of_others


async def test_a_report_tells_when_the_vehicle_said_it_and_when_we_asked(backend: DemoBackend, clock: Clock) -> None:
    leaf = await info(backend, "Leaf")
    clock.advance(minutes=30)
    report = await backend.read(leaf)

    assert report.failures == {}
    assert set(report.state.groups()) == set(Group) - {Group.FUEL, Group.SOFTWARE}
    for group, said in report.state.groups().items():
        assert said.backend == "demo"
        assert said.received_at == clock.time
        if group in {Group.CONNECTIVITY, Group.SUBSCRIPTION}:
            assert said.reported_at is None
        else:
            assert said.reported_at is not None
            assert said.reported_at < clock.time


async def test_all_groups_of_the_model_are_shown_by_some_vehicle(backend: DemoBackend) -> None:
    shown = {group for each in (await states(backend)).values() for group in each.groups()}
    assert shown == set(Group)


async def test_the_counters_of_a_trip_and_a_charge_add_up_to_what_the_battery_holds(
    backend: DemoBackend, clock: Clock
) -> None:
    clock.time = datetime(2026, 11, 19, 7, 30, tzinfo=AMSTERDAM)  # before the drive to work
    before = await state(backend, "Leaf")
    clock.advance(hours=23)  # on the day after, the battery is full again
    after = await state(backend, "Leaf")
    taken = 21.2 * 15.5 / 100

    assert after.battery.energy == before.battery.energy
    assert after.counters.charged == pytest.approx(taken, abs=0.001)
    assert after.counters.driven - after.counters.regained == pytest.approx(taken / 2, abs=0.001)  # of the way home
    assert after.counters.regained == pytest.approx(0.1 * taken / 2, abs=0.001)
    clock.time = datetime(2026, 11, 20, 7, 45, tzinfo=AMSTERDAM)
    under_way = (await state(backend, "Leaf")).counters
    assert 0 < under_way.driven < 1.1 * taken / 2
    assert under_way.charged == after.counters.charged


# The life of the cars


@settings(max_examples=40)
@given(st.lists(st.floats(0, 2 * 86_400), max_size=8).map(sorted), moments)
async def test_how_often_somebody_looks_makes_no_difference(seconds: Sequence[float], start: datetime) -> None:
    looked_at, left_alone = Clock(start), Clock(start)
    often, once = DemoBackend(now=looked_at), DemoBackend(now=left_alone)
    for backend in (often, once):
        for model, command in (("Ariya", SetChargeLimit(95)), ("Leaf", StartClimate(23))):
            await backend.send(await info(backend, model), command, nobody)
    for second in [*seconds, 2 * 86_400]:
        looked_at.time = start + timedelta(seconds=second)
        await states(often)
    left_alone.time = looked_at.time

    assert await states(often) == await states(once)
    for listed in await often.list_vehicles():
        assert await often.read_notifications(listed.info) == await once.read_notifications(listed.info)


@settings(max_examples=25)
@given(moments, st.sampled_from([UTC, AMSTERDAM]))
async def test_a_demo_that_starts_anew_goes_on_where_it_stopped(restart: datetime, zone: tzinfo) -> None:
    clock = Clock(restart - 15 * DAY)
    running = DemoBackend(now=clock, zone=zone)
    await running.list_vehicles()
    clock.time = restart
    started = DemoBackend(now=clock, zone=zone)

    assert await states(started) == await states(running)
    for listed in await started.list_vehicles():
        messages = await started.read_notifications(listed.info, count=99)
        assert (await running.read_notifications(listed.info, count=99))[: len(messages)] == messages
        week = restart.date() - 6 * DAY, restart.date()
        trips = [await each.read_trips(listed.info, TripPeriod.DAY, *week) for each in (started, running)]
        assert trips[0] == trips[1]
        assert trips[0]


async def test_a_week_is_plausible() -> None:
    clock = Clock(datetime(2026, 11, 23, tzinfo=AMSTERDAM))
    backend = DemoBackend(now=clock, zone=AMSTERDAM)
    before = await states(backend)
    levels: dict[str | None, set[float]] = {model: set() for model in before}
    seen: dict[str | None, set[object]] = {model: set() for model in before}
    for _ in range(7 * 24 * 4):
        clock.advance(minutes=15)
        for model, now in (await states(backend)).items():
            was, before[model] = before[model], now
            driven = now.odometer.distance - was.odometer.distance
            assert 0 <= driven < 25
            assert isinstance(now.position, Position)
            seen[model].add((round(now.position.latitude, 2), round(now.position.longitude, 2)))
            levels[model].add((now.battery or now.fuel).level)
            if now.charging is not None:
                seen[model].add(now.charging.status)
            if now.climate is not None:
                assert -10 < now.climate.inside_temperature < 30
            seen[model].add(("hatch", now.body is not None and now.body.hatch))

    assert {model: (min(each), max(each)) for model, each in levels.items()} == {
        "Leaf": (81, 90),
        "Ariya": (66, 80),
        "Qashqai": (57, 70),
    }
    assert all(len(places) > 4 for places in seen.values()), "they get about"
    charging = {ChargingStatus.NOT_CHARGING, ChargingStatus.CHARGING, ChargingStatus.FINISHED}
    assert seen["Ariya"] >= charging
    assert seen["Leaf"] >= charging | {ChargingStatus.WAITING_FOR_SCHEDULE}
    assert {model for model, each in seen.items() if ("hatch", True) in each} == {"Leaf", "Qashqai"}


async def test_on_its_way_it_reports_and_is_somewhere_between(backend: DemoBackend, clock: Clock) -> None:
    clock.time = datetime(2026, 11, 19, 12, tzinfo=UTC)
    at_work = (await state(backend, "Leaf")).position
    clock.time = datetime(2026, 11, 19, 23, tzinfo=UTC)
    at_home = (await state(backend, "Leaf")).position
    clock.time = datetime(2026, 11, 20, 7, 40, tzinfo=UTC)
    between = set[float]()
    for _ in range(25):
        clock.advance(minutes=1)
        position = (await state(backend, "Leaf")).position
        assert at_home.latitude <= position.latitude <= at_work.latitude
        assert at_home.longitude <= position.longitude <= at_work.longitude
        between.add(position.latitude)
    assert len(between) > 4
    assert at_work.latitude in between


async def test_it_charges_at_night(backend: DemoBackend, clock: Clock) -> None:
    clock.time = datetime(2026, 11, 20, 22, 50, tzinfo=UTC)
    before = await state(backend, "Leaf")
    clock.advance(minutes=30)
    during = await state(backend, "Leaf")
    clock.advance(hours=1)
    after = await state(backend, "Leaf")

    for now, status in (
        (before, ChargingStatus.WAITING_FOR_SCHEDULE),
        (during, ChargingStatus.CHARGING),
        (after, ChargingStatus.FINISHED),
    ):
        assert now.charging.status is status
        assert (now.charging.power == 6) is (status is ChargingStatus.CHARGING)
        assert (now.charging.finish_at is not None) is (status is ChargingStatus.CHARGING)
    assert abs(during.charging.finish_at - datetime(2026, 11, 20, 23, 32, tzinfo=UTC)) < 5 * MINUTE
    message = (await backend.read_notifications(await info(backend, "Leaf")))[0]
    assert message.alert is AlertType.CHARGING_FINISHED


# Commands


async def test_a_command_from_ticket_to_effect(backend: DemoBackend, clock: Clock) -> None:
    leaf, woken = await info(backend, "Leaf"), list[int]()
    departure = departing(lambda: woken.append(len(backend._progress)))
    ticket = await backend.send(leaf, StartClimate(22), departure)
    assert woken == [0], "told before"
    assert ticket.sent_at == clock.time
    assert (await backend.poll(leaf, ticket)).phase is Phase.PENDING

    clock.advance(seconds=10)
    assert await backend.poll(leaf, ticket) == DONE
    climate = (await state(backend, "Leaf")).climate
    assert (climate.running, climate.target_temperature) == (True, 22)
    clock.advance(minutes=12)
    await ended(backend, clock, "Leaf", Refresh())
    warm = (await state(backend, "Leaf")).climate
    assert warm.inside_temperature == 22
    clock.advance(minutes=5)
    stopped = await state(backend, "Leaf")
    assert not stopped.climate.running
    assert (await backend.read_notifications(leaf))[0].alert is AlertType.CLIMATE_STOPPED


async def test_commands_end_in_the_order_in_which_they_were_sent(backend: DemoBackend, clock: Clock) -> None:
    ariya = await info(backend, "Ariya")
    for command in (Unlock(), Lock(), Unlock()):
        await backend.send(ariya, command, nobody)
    clock.advance(seconds=10)
    body = (await state(backend, "Ariya")).body
    assert not body.locked


@pytest.mark.parametrize(
    ("model", "command", "seen"),
    [
        ("Ariya", Unlock(), lambda s: not s.body.locked),
        ("Ariya", SetChargeLimit(70), lambda s: s.charging.limit == 70 and s.charging.status == "finished"),
        ("Ariya", SetChargeLimit(90), lambda s: s.charging.limit == 90 and s.charging.status == "charging"),
        ("Leaf", StartClimate(), lambda s: s.climate.running and s.climate.target_temperature == 21),
        ("Leaf", StopClimate(), lambda s: not s.climate.running),
        ("Leaf", SetChargeSchedule(), lambda s: s.schedules.charge_mode is ChargeMode.ALWAYS),
        (
            "Leaf",
            SetChargeSchedule(ChargeSchedule(NOW.time(), NOW.time(), (1,))),
            lambda s: s.schedules.charging.days == (1,) and s.schedules.charge_mode is ChargeMode.SCHEDULED,
        ),
        ("Leaf", Refresh(), lambda s: s.battery.reported_at > NOW),
        ("Leaf", SoundHorn(), lambda s: True),
        ("Qashqai", StartEngine(), lambda s: s.aux_battery.voltage > 14),
        ("Qashqai", StopEngine(), lambda s: s.aux_battery.voltage < 13),
    ],
)
async def test_what_commands_do(
    backend: DemoBackend, clock: Clock, model: str, command: Command, seen: Callable[[VehicleState], bool]
) -> None:
    assert await ended(backend, clock, model, command) == DONE
    assert seen(await state(backend, model))


async def test_charging_is_started_and_stopped_whatever_the_timer_says(backend: DemoBackend, clock: Clock) -> None:
    clock.time = datetime(2026, 11, 20, 19, tzinfo=UTC)
    assert await ended(backend, clock, "Leaf", StartCharging()) == DONE
    charging = (await state(backend, "Leaf")).charging
    assert charging.status is ChargingStatus.CHARGING

    await ended(backend, clock, "Ariya", SetChargeLimit(100))
    assert await ended(backend, clock, "Ariya", StopCharging()) == DONE
    charging = (await state(backend, "Ariya")).charging
    assert charging.status is ChargingStatus.NOT_CHARGING
    clock.advance(hours=9)
    battery = (await state(backend, "Ariya")).battery
    assert battery.level == 80
    assert await ended(backend, clock, "Ariya", StartCharging()) == DONE
    clock.advance(hours=4)
    battery = (await state(backend, "Ariya")).battery
    assert battery.level == 100


@pytest.mark.parametrize(
    ("model", "command", "at", "code"),
    [
        ("Leaf", StartCharging(), "2026-11-20 12:00", "battery.charge.unavailable"),
        ("Leaf", StartClimate(), "2026-11-20 07:55", "hvac.vehicle.in.use"),
        ("Ariya", Unlock(), "2026-11-19 08:25", "vehicle.under.way"),
        ("Qashqai", StartEngine(), "2026-11-18 13:15", "remote.start.unavailable"),
    ],
)
async def test_what_a_vehicle_rejects(
    backend: DemoBackend, clock: Clock, model: str, command: Command, at: str, code: str
) -> None:
    clock.time = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert await ended(backend, clock, model, command) == Progress(Phase.REJECTED, code)


async def test_a_battery_that_is_never_charged_neither_heats_nor_drives(backend: DemoBackend, clock: Clock) -> None:
    await ended(backend, clock, "Leaf", SetChargeSchedule(ChargeSchedule(NOW.time(), NOW.time(), ())))
    clock.advance(days=60)
    before = await state(backend, "Leaf")
    assert await ended(backend, clock, "Leaf", StartClimate()) == Progress(Phase.REJECTED, "hvac.traction.battery.low")
    clock.advance(days=7)
    after = await state(backend, "Leaf")
    assert after.odometer.distance == before.odometer.distance
    assert after.battery.level > 0


async def test_an_engine_stops_by_itself_unless_it_was_stopped(backend: DemoBackend, clock: Clock) -> None:
    qashqai = await info(backend, "Qashqai")
    await ended(backend, clock, "Qashqai", StartEngine())
    await ended(backend, clock, "Qashqai", StopEngine())
    clock.advance(minutes=11)
    assert not await backend.read_notifications(qashqai)

    await ended(backend, clock, "Qashqai", StartEngine())
    clock.advance(minutes=11)
    (message,) = await backend.read_notifications(qashqai)
    assert (message.kind, message.title) == ("remote.left.time.cycle", "Engine")
    assert message.alert is AlertType.CLOUD_MESSAGE


async def test_a_stranger(backend: DemoBackend) -> None:
    with pytest.raises(BackendError):
        await backend.read(VehicleInfo(key="NOBODY"))


@given(ahead=st.one_of(st.floats(-200, 200), st.floats(-86_400, 300 * 86_400)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_planned_start_happens_at_its_time_or_is_refused(
    backend: DemoBackend, clock: Clock, ahead: float
) -> None:
    leaf, at = await info(backend, "Leaf"), clock() + timedelta(seconds=ahead)
    try:
        ticket = await backend.send(leaf, ScheduleClimate(at=at), nobody)
    except TimePassed:
        assert ahead < 10, "there is time enough to reach the vehicle"
        return
    clock.advance(seconds=10)
    assert await backend.poll(leaf, ticket) == DONE
    climate = (await state(backend, "Leaf")).climate
    assert climate.running or climate.next_start_at == at
    for command in (CancelClimateSchedule(), StopClimate()):
        assert await ended(backend, clock, "Leaf", command) == DONE
    climate = (await state(backend, "Leaf")).climate
    assert not climate.running
    assert climate.next_start_at is None
    clock.time = NOW


@pytest.mark.parametrize(
    ("at", "kind", "running"),
    [("2026-11-20 13:00", "hvac.autostart", True), ("2026-11-20 17:25", "hvac.vehicle.in.use", False)],
)
async def test_the_owner_learns_what_became_of_a_planned_start(
    backend: DemoBackend, clock: Clock, at: str, kind: str, running: bool
) -> None:
    leaf, planned = await info(backend, "Leaf"), datetime.fromisoformat(at).replace(tzinfo=UTC)
    await backend.send(leaf, ScheduleClimate(at=NOW + HOUR / 2), nobody)
    await backend.send(leaf, ScheduleClimate(at=planned), nobody)
    clock.time = planned
    (message,) = await backend.read_notifications(leaf, count=1)
    assert (message.kind, message.sent_at) == (kind, planned)
    climate = (await state(backend, "Leaf")).climate
    assert (climate.running, climate.next_start_at) == (running, None)


# History


async def test_trips(backend: DemoBackend) -> None:
    leaf = await info(backend, "Leaf")
    days = await backend.read_trips(leaf, TripPeriod.DAY, date(2026, 11, 16), date(2026, 11, 19))
    (month,) = await backend.read_trips(leaf, TripPeriod.MONTH, date(2026, 11, 16), date(2026, 11, 19))
    (year,) = await backend.read_trips(leaf, TripPeriod.YEAR, date(2026, 11, 16), date(2026, 11, 19))

    assert [(day.start.day, day.trips, day.distance) for day in days] == [(each, 2, 21.2) for each in range(16, 20)]
    assert (month.start, month.trips, month.distance) == (date(2026, 11, 1), 8, 84.8)
    assert (year.start, year.trips, year.duration) == (date(2026, 1, 1), 8, 80)
    assert days[0].energy_used == pytest.approx(3.29)
    (outing,) = await backend.read_trips(
        await info(backend, "Qashqai"), TripPeriod.DAY, date(2026, 11, 18), date(2026, 11, 18)
    )
    assert (outing.fuel_used, outing.energy_used, outing.co2_saved) == (3.2, 0, 0)


async def test_single_trips(backend: DemoBackend, clock: Clock) -> None:
    leaf, day = await info(backend, "Leaf"), datetime(2026, 11, 19, tzinfo=UTC)
    there, back = await backend.read_single_trips(leaf, day, day + timedelta(days=1))
    (summary,) = await backend.read_trips(leaf, TripPeriod.DAY, day.date(), day.date())
    assert (there.start, back.end) == (summary.first_start, summary.last_end)
    assert there.distance + back.distance == summary.distance
    assert there.energy == back.energy == pytest.approx(10.6 * 15.5 / 100, abs=0.001)
    assert there.regained == back.regained == pytest.approx(0.1 * 10.6 * 15.5 / 100, abs=0.001)
    assert there.start_position == back.end_position == HOME
    assert there.end_position == back.start_position != HOME
    assert str(HOME[0]) not in repr(there)

    clock.time = datetime(2026, 11, 23, 7, 50, tzinfo=UTC)
    assert backend.find(leaf).driving
    assert await backend.read_single_trips(leaf, clock.time - timedelta(hours=1), clock.time) == ()
    (petrol,) = await backend.read_single_trips(await info(backend, "Qashqai"), day - timedelta(hours=8), day)
    assert (petrol.distance, petrol.energy, petrol.regained) == (25.4, None, None)


async def test_messages_newest_first(backend: DemoBackend) -> None:
    leaf = await info(backend, "Leaf")
    all_of_them = await backend.read_notifications(leaf)
    assert len(all_of_them) > 3
    assert list(all_of_them) == sorted(all_of_them, key=lambda message: str(message.sent_at), reverse=True)
    assert len({message.id for message in all_of_them}) == len(all_of_them)
    assert await backend.read_notifications(leaf, first=2, count=2) == all_of_them[1:3]
