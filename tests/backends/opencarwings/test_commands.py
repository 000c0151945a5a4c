"""Commands: what is sent, what costs an SMS, and how each ends."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.vehicle import (
    ActionRequired,
    CancelClimateSchedule,
    Capability,
    FlashLights,
    Lock,
    NoConnection,
    NotSupported,
    Phase,
    PinRequired,
    RateLimited,
    Reason,
    Refresh,
    ScheduleClimate,
    SendDestination,
    SoundHorn,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    StopSignals,
    Ticket,
    Unavailable,
    Unlock,
    WrongPin,
)
from tests.simulator.cars.places import TO_UTRECHT
from tests.simulator.opencarwings import Car, OpenCarwings

from ..conftest import NOW
from .conftest import MakeBackend, Owner, listening


async def test_a_refresh_wakes_and_ends_with_a_new_report(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    before = (await owner.backend.read(vehicle)).state.last_report
    owner.clock.advance(minutes=30)
    progress = await owner.end(Refresh())
    assert progress.phase is Phase.DONE
    assert owner.wakes == server.dispatch.sms == car.vehicle.telematics.wakes == 1
    after = (await owner.backend.read(vehicle)).state.last_report
    assert before is not None
    assert after is not None
    assert after > before


async def test_climate_is_started_and_stopped(car: Car, owner: Owner) -> None:
    assert (await owner.end(StartClimate())).phase is Phase.DONE
    state = (await owner.backend.read(await owner.vehicle())).state
    assert state.climate is not None
    assert state.climate.running is True
    assert (await owner.end(StopClimate())).phase is Phase.DONE
    state = (await owner.backend.read(await owner.vehicle())).state
    assert state.climate is not None
    assert state.climate.running is False


async def test_no_target_temperature_is_sent(car: Car, owner: Owner) -> None:
    """The older unit refuses any payload (opencarwings §4), so an accepted command had none."""
    assert Capability.CLIMATE_TEMPERATURE not in (await owner.vehicle()).capabilities
    assert (await owner.end(StartClimate(target=23))).phase is Phase.DONE


async def test_a_failure_alert_outweighs_a_successful_result(server: OpenCarwings, owner: Owner) -> None:
    empty = server.add("SJNFAAZE0U0000001", level=5)
    progress = await owner.end(StartClimate())
    assert empty.command_result == 0
    assert (progress.phase, progress.code) == (Phase.REJECTED, "97")


async def test_charging_needs_the_plug(car: Car, owner: Owner) -> None:
    assert (await owner.end(StartCharging())).code == "96"
    car.vehicle.plug_in()
    assert (await owner.end(StartCharging())).phase is Phase.DONE
    state = (await owner.backend.read(await owner.vehicle())).state
    assert state.charging is not None
    assert state.charging.active is True


async def test_an_alert_of_an_earlier_command_with_the_same_id_does_not_count(
    server: OpenCarwings, car: Car, owner: Owner
) -> None:
    ticket = await owner.send(StartClimate())
    server.dispatch.alert(car, 97, NOW - timedelta(days=3), car.command_id)
    assert (await owner.follow(ticket)).phase is Phase.DONE


async def test_alerts_of_other_types_with_the_same_id_do_not_count(
    server: OpenCarwings, car: Car, owner: Owner
) -> None:
    ticket = await owner.send(StartClimate())
    for kind in (1, 3, 5, 96):
        server.dispatch.alert(car, kind, owner.clock())
    owner.clock.advance(seconds=12)
    assert (await owner.backend.poll(await owner.vehicle(), ticket)).phase is Phase.PENDING
    assert (await owner.follow(ticket)).phase is Phase.DONE


async def test_a_result_without_an_alert_counts_after_a_while(server: OpenCarwings, car: Car, owner: Owner) -> None:
    ticket = await owner.send(StartClimate())
    vehicle = await owner.vehicle()
    owner.clock.advance(seconds=26)
    server.advance()
    car.alerts.clear()
    assert (await owner.backend.poll(vehicle, ticket)).phase is Phase.PENDING
    owner.clock.advance(seconds=16)
    assert (await owner.backend.poll(vehicle, ticket)).phase is Phase.DONE


async def test_an_alert_after_the_result_still_counts(server: OpenCarwings, car: Car, owner: Owner) -> None:
    ticket = await owner.send(StartClimate())
    vehicle = await owner.vehicle()
    owner.clock.advance(seconds=26)
    server.advance()
    car.alerts.clear()
    assert (await owner.backend.poll(vehicle, ticket)).phase is Phase.PENDING
    server.dispatch.alert(car, 97, owner.clock())
    owner.clock.advance(seconds=16)
    assert (await owner.backend.poll(vehicle, ticket)).phase is Phase.REJECTED


async def test_a_vehicle_without_network_times_out_after_five_minutes(car: Car, owner: Owner) -> None:
    car.vehicle.telematics.covered = False
    ticket = await owner.send(Refresh())
    assert (await owner.follow(ticket)).phase is Phase.TIMED_OUT
    assert timedelta(minutes=5) <= owner.clock() - ticket.sent_at < timedelta(minutes=6)


async def test_a_vehicle_that_never_responds_times_out_within_the_limit(car: Car, owner: Owner) -> None:
    car.mute = True
    ticket = await owner.send(StartClimate())
    assert (await owner.follow(ticket)).phase is Phase.TIMED_OUT
    assert owner.clock() - ticket.sent_at < owner.backend.description.command_limit


async def test_a_mismatched_telematics_unit_rejects_the_command(car: Car, owner: Owner) -> None:
    car.mismatched = True
    progress = await owner.end(Refresh())
    assert (progress.phase, progress.code) == (Phase.REJECTED, "99")


async def test_a_replaced_command_is_superseded_and_not_failed(server: OpenCarwings, car: Car, owner: Owner) -> None:
    ticket = await owner.send(StartClimate())
    owner.clock.advance(seconds=2)
    server.dispatch.request(car, 1, owner.clock())
    progress = await owner.follow(ticket)
    assert (progress.phase, progress.reason) == (Phase.UNCERTAIN, Reason.SUPERSEDED)


async def test_without_the_socket_progress_is_polled_every_twelve_seconds(
    server: OpenCarwings, car: Car, owner: Owner
) -> None:
    vehicle = await owner.vehicle()
    ticket = await owner.send(Refresh())
    car.mute = True
    before = server.requests["detail"]
    for _ in range(24):
        owner.clock.advance(seconds=2.5)
        await owner.backend.poll(vehicle, ticket)
    assert server.requests["detail"] - before == 4  # in a minute, in steps of 2.5 s: at 12.5, 25, 37.5 and 50


async def test_with_the_socket_nothing_is_polled(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    async with listening(owner.backend) as recorder:
        ticket = await owner.send(StartClimate())
        before = server.requests["detail"], server.requests["alerts"]
        assert (await owner.backend.poll(vehicle, ticket)).phase is Phase.PENDING
        owner.clock.advance(seconds=26)
        server.advance()
        await recorder.until(lambda: any(each.kind == "climate_on" for each in recorder.notifications))
        assert (await owner.backend.poll(vehicle, ticket)).phase is Phase.DONE
        assert (server.requests["detail"], server.requests["alerts"]) == before


async def test_progress_is_polled_if_the_socket_is_silent_for_a_minute(
    server: OpenCarwings, car: Car, owner: Owner
) -> None:
    vehicle = await owner.vehicle()
    async with listening(owner.backend):
        ticket = await owner.send(Refresh())
        before = server.requests["detail"]
        owner.clock.advance(seconds=59)
        await owner.backend.poll(vehicle, ticket)
        assert server.requests["detail"] == before
        owner.clock.advance(seconds=2)
        await owner.backend.poll(vehicle, ticket)
        assert server.requests["detail"] == before + 1


async def test_a_command_is_followed_after_a_restart(car: Car, owner: Owner, make_backend: MakeBackend) -> None:
    ticket = await owner.send(StartClimate())
    vehicle = await owner.vehicle()
    restarted = Owner(make_backend(memory=owner.backend.memory()), owner.clock)
    assert (await restarted.follow(Ticket(ticket.id, ticket.sent_at), vehicle)).phase is Phase.DONE


async def test_without_a_ticket_id_the_progress_is_uncertain(car: Car, owner: Owner) -> None:
    progress = await owner.backend.poll(await owner.vehicle(), Ticket("", owner.clock()))
    assert progress.phase is Phase.UNCERTAIN


async def test_alerts_alone_end_a_command(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    ticket = await owner.send(StartClimate())
    server.fail("detail", 502)
    assert (await owner.follow(ticket, vehicle)).phase is Phase.DONE


async def test_a_failed_poll_does_not_end_a_command(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    ticket = await owner.send(StartClimate())
    server.fail("*", 502)
    owner.clock.advance(seconds=30)
    with pytest.raises(Unavailable):
        await owner.backend.poll(vehicle, ticket)
    server.heal()
    assert (await owner.follow(ticket, vehicle)).phase is Phase.DONE


async def test_commands_that_the_unit_does_not_support_are_not_sent(
    server: OpenCarwings, car: Car, owner: Owner
) -> None:
    for command in (Lock(), SoundHorn(), StopCharging()):
        with pytest.raises(NotSupported):
            await owner.send(command)
    assert server.requests["command"] == owner.wakes == 0


async def test_a_command_that_the_server_refuses_is_not_counted(server: OpenCarwings, car: Car, owner: Owner) -> None:
    """A car whose own list is wrong: the server returns 500 with an empty error (opencarwings §4)."""
    car.more["supported_commands"] = [1, 9]
    for _ in range(15):
        with pytest.raises(NotSupported):
            await owner.send(SoundHorn())
    assert server.dispatch.sms == 0


async def test_horn_and_lights(ficosa: Car, owner: Owner) -> None:
    for command in (SoundHorn(), FlashLights(), StopSignals()):
        assert (await owner.end(command)).phase is Phase.DONE
    assert (ficosa.vehicle.body.horn, ficosa.vehicle.body.lights) == (1, 1)


async def test_the_lock_state_is_that_of_the_last_remote_command(ficosa: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    assert (await owner.backend.read(vehicle)).state.body is None
    for command, locked in ((Unlock(), False), (Lock(), True)):
        assert (await owner.end(command)).phase is Phase.DONE
        body = (await owner.backend.read(vehicle)).state.body
        assert body is not None
        assert (body.locked, body.assumed) == (locked, True)
        assert body.reported_at is not None


async def test_a_failed_unlock_leaves_the_lock_state(ficosa: Car, owner: Owner) -> None:
    await owner.end(Lock())
    ficosa.vehicle.depart(TO_UTRECHT)
    assert (await owner.end(Unlock())).code == "95"
    body = (await owner.backend.read(await owner.vehicle())).state.body
    assert body is not None
    assert body.locked is True


async def test_a_pin_is_required_where_the_server_enforces_it(server: OpenCarwings, owner: Owner) -> None:
    server.september = True
    server.account.pin = "2468"
    server.add("SJNFAAZE0U0000002", "ficosa2016")
    capabilities = (await owner.vehicle()).capabilities
    assert Capability.LOCK_PIN in capabilities
    assert not capabilities & {Capability.HORN, Capability.LIGHTS, Capability.STOP_SIGNALS}  # a button asks for nothing
    with pytest.raises(PinRequired):
        await owner.send(Unlock())
    assert server.requests["command"] == owner.wakes == 0
    with pytest.raises(WrongPin):
        await owner.send(Unlock(pin="1357"))
    assert server.dispatch.sms == 0
    assert (await owner.end(Unlock(pin="2468"))).phase is Phase.DONE
    assert (await owner.end(StartClimate())).phase is Phase.DONE  # not a sensitive one


@pytest.mark.parametrize(("sensitive", "lock", "horn"), [([8], True, False), ([], False, False), (None, True, True)])
async def test_the_car_object_lists_which_commands_take_a_pin(
    server: OpenCarwings, owner: Owner, sensitive: list[Json] | None, lock: bool, horn: bool
) -> None:
    """The usual ones count only where it does not list them."""
    server.account.pin = "2468"
    car = server.add("SJNFAAZE0U0000002", "ficosa2016")
    car.more = {"command_pin_enforced": True, "sensitive_commands": sensitive}
    capabilities = (await owner.vehicle()).capabilities
    assert (Capability.LOCK_PIN in capabilities) is lock
    assert (Capability.HORN not in capabilities) is horn


async def test_no_pin_is_sent_to_a_server_without_pins(server: OpenCarwings, ficosa: Car, owner: Owner) -> None:
    assert Capability.LOCK_PIN not in (await owner.vehicle()).capabilities
    assert (await owner.end(Unlock(pin="2468"))).phase is Phase.DONE


async def test_commands_are_limited_per_hour_and_per_day(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    for _ in range(10):
        await owner.send(Refresh(), vehicle)
        owner.clock.advance(minutes=1)
    with pytest.raises(RateLimited) as caught:
        await owner.send(Refresh(), vehicle)
    assert caught.value.retry_after == timedelta(minutes=50).total_seconds()
    assert owner.wakes == server.dispatch.sms == 10
    owner.clock.advance(minutes=50)
    for _ in range(20):
        await owner.send(Refresh(), vehicle)
        owner.clock.advance(minutes=6.5)
    with pytest.raises(RateLimited) as caught:
        await owner.send(Refresh(), vehicle)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > timedelta(hours=20).total_seconds()
    assert server.dispatch.sms == 30


async def test_the_budget_survives_a_restart(car: Car, owner: Owner, make_backend: MakeBackend) -> None:
    vehicle = await owner.vehicle()
    for _ in range(10):
        await owner.send(Refresh(), vehicle)
    restarted = Owner(make_backend(memory=owner.backend.memory()), owner.clock)
    with pytest.raises(RateLimited):
        await restarted.send(Refresh(), vehicle)


async def test_a_command_that_never_left_is_not_counted(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    await server.stop()
    with pytest.raises(Unavailable):
        await owner.backend.list_vehicles()  # notices that the kept connection is gone
    for _ in range(12):
        with pytest.raises(NoConnection):
            await owner.send(Refresh(), vehicle)
    await server.start()
    await owner.send(Refresh(), vehicle)
    assert server.dispatch.sms == 1


async def test_a_command_without_a_response_is_counted(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    server.fail("command", 504)
    for _ in range(10):
        with pytest.raises(Unavailable) as caught:
            await owner.send(Refresh(), vehicle)
        assert not isinstance(caught.value, NoConnection)
    with pytest.raises(RateLimited):
        await owner.send(Refresh(), vehicle)


async def test_an_unreadable_response_still_accepts_the_command(server: OpenCarwings, car: Car, owner: Owner) -> None:
    server.fail("command", 200, {"message": "fine"})
    ticket = await owner.send(Refresh())
    assert (await owner.backend.poll(await owner.vehicle(), ticket)).phase is Phase.UNCERTAIN


async def test_a_destination_is_sent_without_a_wake(server: OpenCarwings, car: Car, owner: Owner) -> None:
    progress = await owner.end(SendDestination(52.3557, 4.9555, "Science park"))
    assert progress.phase is Phase.DONE
    assert owner.wakes == server.dispatch.sms == 0
    (place,) = car.places
    assert (place["lat"], place["lon"], place["name"]) == ("52.3557000", "4.9555000", "Science park")


async def test_a_climate_start_is_scheduled_moved_and_cancelled(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    theirs = {"id": 1, "name": "Every Monday", "timer_type": 1, "command_type": 3, "enabled": True, "time": "06:45:00"}
    once = {**theirs, "id": 2, "name": "Tomorrow", "timer_type": 0, "date": "2026-11-21"}
    car.timers += [dict(theirs), dict(once)]
    for hours in (12, 13):
        at = (NOW + timedelta(hours=hours)).astimezone(timezone(timedelta(hours=-9)))
        assert (await owner.end(ScheduleClimate(at=at))).phase is Phase.DONE
        climate = (await owner.backend.read(vehicle)).state.climate
        assert climate is not None
        assert climate.next_start_at == at
    assert len(car.timers) == 3
    assert owner.wakes == server.dispatch.sms == 0
    assert (await owner.end(CancelClimateSchedule())).phase is Phase.DONE
    climate = (await owner.backend.read(vehicle)).state.climate
    assert climate is not None
    assert climate.next_start_at == datetime(2026, 11, 21, 6, 45, tzinfo=UTC)  # the owner's own
    assert car.timers == [theirs, once]
    assert (await owner.end(CancelClimateSchedule())).phase is Phase.DONE  # nothing to take back


async def test_a_scheduled_start_is_carried_out(server: OpenCarwings, car: Car, owner: Owner) -> None:
    await owner.send(ScheduleClimate(at=NOW + timedelta(hours=12)))
    owner.clock.advance(hours=12, minutes=1)
    climate = (await owner.backend.read(await owner.vehicle())).state.climate
    assert climate is not None
    assert climate.running is True
    assert climate.next_start_at is None
    assert server.dispatch.sms == 1


async def test_no_free_timer_is_an_error(car: Car, owner: Owner) -> None:
    car.timers.extend(
        {"id": n, "name": "theirs", "timer_type": 1, "command_type": 3, "enabled": True, "time": "06:00:00"}
        for n in range(6)
    )
    with pytest.raises(ActionRequired):
        await owner.send(ScheduleClimate(at=NOW + timedelta(hours=1)))
