"""The demo as the rest of the integration sees it."""

from asyncio import gather
from datetime import UTC, date, datetime, timedelta
from threading import get_ident
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Backend
from custom_components.nissanconnect.backends.demo import DemoBackend
from custom_components.nissanconnect.backends.demo.electric import Electric
from custom_components.nissanconnect.backends.demo.garage import Garage, open_garage
from custom_components.nissanconnect.backends.demo.vehicle import DemoVehicle
from custom_components.nissanconnect.vehicle import (
    BackendError,
    CancelClimateSchedule,
    Group,
    NotSupported,
    Phase,
    ProtocolError,
    Refresh,
    ScheduleClimate,
    SetChargeLimit,
    StartClimate,
    StopClimate,
    Ticket,
    TimePassed,
    TripPeriod,
    VehicleInfo,
)
from tests.departures import departing, nobody

from ..doubles import Clock

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def backend(clock: Clock) -> DemoBackend:
    return DemoBackend(now=clock)


async def info(backend: Backend, model: str) -> VehicleInfo:
    return next(listed.info for listed in await backend.list_vehicles() if listed.info.model == model)


async def model_of(backend: DemoBackend, info: VehicleInfo) -> DemoVehicle:
    return (await backend.garage()).vehicles[info.key]


async def test_it_needs_no_account(backend: DemoBackend) -> None:
    assert await backend.log_in() == "demo"
    assert backend.description.name == "demo"
    assert backend.memory() is None


async def test_it_lists_three_vehicles(backend: DemoBackend) -> None:
    listed = await backend.list_vehicles()

    assert [each.info.name for each in listed] == ["LEAF", "Ariya", "Qashqai"]
    for each in listed:
        assert set(each.state.groups()) == {Group.PRIVACY, Group.SUBSCRIPTION}
        assert each.state.subscription is not None
        assert each.state.subscription.active


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
    shown: set[Group] = set()
    for listed in await backend.list_vehicles():
        shown |= set((await backend.read(listed.info)).state.groups())

    assert shown == set(Group)


async def test_only_what_was_asked_for(backend: DemoBackend) -> None:
    report = await backend.read(await info(backend, "Qashqai"), {Group.FUEL, Group.BATTERY})

    assert set(report.state.groups()) == {Group.FUEL}


async def test_reading_never_wakes(backend: DemoBackend, clock: Clock) -> None:
    for _ in range(50):
        for listed in await backend.list_vehicles():
            await backend.read(listed.info)
        clock.advance(minutes=10)

    assert all(vehicle.telematics.wakes == 0 for vehicle in (await backend.garage()).vehicles.values())


async def test_a_command_from_ticket_to_effect(backend: DemoBackend, clock: Clock) -> None:
    leaf = await info(backend, "Leaf")
    model, woken = await model_of(backend, leaf), list[int]()
    ticket = await backend.send(leaf, StartClimate(22), departing(lambda: woken.append(len(model.telematics.actions))))
    assert woken == [0], "told before"
    assert ticket.sent_at == clock.time
    assert (await backend.poll(leaf, ticket)).phase is Phase.PENDING

    clock.advance(seconds=60)
    assert (await backend.poll(leaf, ticket)).phase is Phase.DONE
    climate = (await backend.read(leaf, {Group.CLIMATE})).state.climate
    assert climate is not None
    assert (climate.running, climate.target_temperature) == (True, 22)
    assert (await model_of(backend, leaf)).telematics.wakes == 1


async def test_a_vehicle_without_coverage_is_not_reachable(backend: DemoBackend, clock: Clock) -> None:
    ariya = await info(backend, "Ariya")
    (await model_of(backend, ariya)).telematics.covered = False
    ticket = await backend.send(ariya, Refresh(), nobody)
    clock.advance(minutes=2)
    connectivity = (await backend.read(ariya)).state.connectivity

    assert connectivity is not None
    assert not connectivity.reachable
    assert (await backend.poll(ariya, ticket)).phase is Phase.TIMED_OUT


async def test_privacy_mode_hides_the_position(backend: DemoBackend) -> None:
    leaf = await info(backend, "Leaf")
    assert (await backend.read(leaf)).state.position is not None

    (await model_of(backend, leaf)).set_privacy(on=True)
    state = (await backend.read(leaf)).state
    assert state.position is None
    assert state.privacy is not None
    assert state.privacy.active


async def test_what_a_vehicle_does_not_offer_is_refused(backend: DemoBackend) -> None:
    with pytest.raises(NotSupported):
        await backend.send(
            await info(backend, "Leaf"), SetChargeLimit(80), departing(lambda: pytest.fail("nobody is woken"))
        )


async def test_strangers(backend: DemoBackend) -> None:
    with pytest.raises(BackendError):
        await backend.read(VehicleInfo(key="NOBODY"))
    with pytest.raises(ProtocolError):
        await backend.poll(await info(backend, "Leaf"), Ticket("none", NOW))


async def test_trips(backend: DemoBackend) -> None:
    days = await backend.read_trips(await info(backend, "Leaf"), TripPeriod.DAY, date(2026, 11, 16), date(2026, 11, 19))

    assert [(day.start.day, day.trips) for day in days] == [(16, 2), (17, 2), (18, 2), (19, 2)]


async def test_messages_newest_first(backend: DemoBackend) -> None:
    leaf = await info(backend, "Leaf")
    all_of_them = await backend.read_notifications(leaf)
    assert len(all_of_them) > 3
    assert list(all_of_them) == sorted(all_of_them, key=lambda message: str(message.sent_at), reverse=True)
    assert await backend.read_notifications(leaf, first=2, count=2) == all_of_them[1:3]

    await backend.mark_notifications_read(leaf, [all_of_them[1].id, "unknown"])
    assert [message.read for message in await backend.read_notifications(leaf, count=3)] == [False, True, False]


async def test_the_garage_is_opened_once_and_outside_the_event_loop(
    backend: DemoBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def opened(*args: Any, **options: Any) -> Garage:
        threads.append(get_ident())
        return open_garage(*args, **options)

    monkeypatch.setattr(f"{DemoBackend.__module__}.open_garage", opened)
    await gather(backend.list_vehicles(), backend.list_vehicles())
    (thread,) = threads
    assert thread != get_ident()


@given(ahead=st.one_of(st.floats(-200, 200), st.floats(-86_400, 300 * 86_400)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_planned_start_happens_at_its_time_or_is_refused(
    backend: DemoBackend, clock: Clock, ahead: float
) -> None:
    clock.advance(minutes=3)  # what was planned before is over
    leaf = await info(backend, "Leaf")
    powertrain = (await model_of(backend, leaf)).powertrain
    assert isinstance(powertrain, Electric)
    at = clock() + timedelta(seconds=ahead)
    try:
        ticket = await backend.send(leaf, ScheduleClimate(at), nobody)
    except TimePassed:
        assert ahead < 60, "there is time enough to reach the vehicle"
        return
    clock.advance(minutes=2)
    progress = await backend.poll(leaf, ticket)
    assert progress.phase is Phase.DONE
    assert (powertrain.climate.started_at or powertrain.climate.next_start_at) == at
    for command in (CancelClimateSchedule(), StopClimate()):
        await backend.send(leaf, command, nobody)
