"""The WebSocket: what is pushed, what it survives, and that nothing is written to it."""

import asyncio
from itertools import pairwise
import json

from aiohttp import ClientSession, web
import pytest

from custom_components.nissanconnect.backends.http import base_url
from custom_components.nissanconnect.backends.opencarwings import OpenCarwingsBackend, cache
from custom_components.nissanconnect.backends.opencarwings.client import CarwingsAuth
from custom_components.nissanconnect.backends.opencarwings.push import socket_url
from custom_components.nissanconnect.vehicle import (
    AlertType,
    AuthenticationFailed,
    NoConnection,
    Refresh,
    StartClimate,
    Unavailable,
    Unlock,
)
from tests.simulator.cars.places import TO_SCIENCE_PARK
from tests.simulator.opencarwings import LEAF_24, LEAF_40, SECRETS, Car, OpenCarwings

from ..doubles import Clock, Diary
from .conftest import MakeBackend, Owner, PushRecorder, listening


async def test_a_connection_begins_with_every_vehicle(
    server: OpenCarwings, car: Car, ficosa: Car, clock: Clock, backend: OpenCarwingsBackend
) -> None:
    server.dispatch.alert(car, 20, clock())
    async with listening(backend) as recorder:
        pushes = {push.info.key: push for push in recorder.pushes}
        assert pushes.keys() == {LEAF_24, LEAF_40.upper()}
        assert all(push.state.battery for push in recorder.pushes)
        assert [each.alert for each in pushes[LEAF_24].notifications] == [AlertType.ALARM]


async def test_a_change_is_pushed_once(
    server: OpenCarwings, car: Car, clock: Clock, backend: OpenCarwingsBackend
) -> None:
    async with listening(backend) as recorder:
        begun = len(recorder.pushes)
        car.vehicle.depart(TO_SCIENCE_PARK)
        clock.advance(hours=1)
        server.advance()
        await recorder.until(
            lambda: (odometer := recorder.last.state.odometer) is not None and odometer.distance != 74_211
        )
        clock.advance(minutes=1)
        server.dispatch.frames(car, "car", "location", "ev_info", "tcu_configuration", "send_to_car")
        server.dispatch.alert(car, 21, clock())
        await recorder.until(lambda: bool(recorder.last.notifications))
        assert [each.alert for each in recorder.last.notifications] == [AlertType.UNEXPECTED_MOVEMENT]
        states = [push.state for push in recorder.pushes[begun:-1]]
        assert all(one.last_report != other.last_report for one, other in pairwise(states))


async def test_one_socket_serves_all_vehicles(
    server: OpenCarwings, car: Car, ficosa: Car, clock: Clock, backend: OpenCarwingsBackend
) -> None:
    async with listening(backend) as recorder:
        assert server.sockets == 1
        clock.advance(minutes=5)
        ficosa.vehicle.plug_in()
        server.advance()
        await recorder.until(
            lambda: (charging := recorder.last.state.charging) is not None and charging.plugged_in is True
        )
        assert recorder.last.info.key == LEAF_40.upper()


async def test_values_that_come_before_the_result_do_not_end_the_command(
    server: OpenCarwings, car: Car, owner: Owner
) -> None:
    """The recorded order is: awaiting, values, alert, success (opencarwings §5)."""
    vehicle = await owner.vehicle()
    async with listening(owner.backend) as recorder:
        ticket = await owner.send(Refresh(), vehicle)
        owner.clock.advance(seconds=20)
        server.advance()
        await recorder.until(lambda: recorder.last.state.last_report == owner.clock())
        owner.clock.advance(seconds=5)
        car.last_connection, car.command_result = owner.clock(), 3
        car.vehicle.report({*car.vehicle.cloud.reported})
        server.dispatch.frames(car, "ev_info")
        await recorder.until(lambda: recorder.last.state.last_report == owner.clock())
        assert (await owner.backend.poll(vehicle, ticket)).phase == "pending"
        server.advance()
        assert car.command_result == 0
        assert (await owner.follow(ticket, vehicle)).phase == "done"


async def test_a_frame_older_than_a_response_is_ignored(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    async with listening(owner.backend) as recorder:
        late = car.detail()
        owner.clock.advance(minutes=10)
        ticket = await owner.send(StartClimate(), vehicle)
        car.vehicle.report({*car.vehicle.cloud.reported})
        car.vehicle.plug_in()
        await owner.backend.read(vehicle)
        server.say(json.dumps({"type": "car", "data": late}))
        server.dispatch.alert(car, 20, owner.clock())
        await recorder.until(lambda: bool(recorder.last.notifications))
        assert (await owner.backend.poll(vehicle, ticket)).phase == "pending"
        assert all(push.state.charging is None or push.state.charging.plugged_in for push in recorder.pushes[1:])


async def test_a_frame_from_before_a_command_does_not_end_it(server: OpenCarwings, car: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    assert (await owner.end(Refresh())).phase == "done"
    async with listening(owner.backend) as recorder:
        late = car.detail()
        owner.clock.advance(seconds=1)
        ticket = await owner.send(StartClimate(), vehicle)
        server.say(json.dumps({"type": "car", "data": late}))
        server.dispatch.alert(car, 20, owner.clock())
        await recorder.until(lambda: bool(recorder.last.notifications))
        server.say(json.dumps({"type": "car", "data": late}))
        server.say(json.dumps({"type": "alert", "data": {**car.alerts[0], "id": 99, "car": late}}))
        await recorder.until(lambda: any(each.id == "99" for each in recorder.notifications))
        assert (await owner.backend.poll(vehicle, ticket)).phase == "pending"


async def test_the_lock_state_follows_its_alerts(server: OpenCarwings, ficosa: Car, owner: Owner) -> None:
    vehicle = await owner.vehicle()
    async with listening(owner.backend) as recorder:
        await owner.send(Unlock(), vehicle)
        owner.clock.advance(seconds=26)
        server.advance()
        await recorder.until(lambda: recorder.last.state.body is not None)
        assert recorder.last.state.body is not None
        assert (recorder.last.state.body.locked, recorder.last.state.body.assumed) == (False, True)


async def test_a_lost_connection_is_an_error_and_the_next_one_catches_up(
    server: OpenCarwings, car: Car, clock: Clock, backend: OpenCarwingsBackend
) -> None:
    recorder = PushRecorder()
    task = asyncio.create_task(backend.listen(recorder))
    await recorder.until(lambda: bool(recorder.pushes))
    await server.drop_sockets()
    with pytest.raises(Unavailable):
        await task
    car.vehicle.plug_in()
    clock.advance(minutes=5)
    server.dispatch.alert(car, 2, clock())
    async with listening(backend) as again:
        assert again.last.state.charging is not None
        assert again.last.state.charging.plugged_in is True
        assert [each.kind for each in again.last.notifications] == ["charge_start"]


async def test_a_new_connection_pushes_everything_even_if_nothing_has_changed(
    server: OpenCarwings, car: Car, backend: OpenCarwingsBackend
) -> None:
    for _ in range(2):
        async with listening(backend) as recorder:
            assert len(recorder.pushes) == 1
            assert recorder.last.state.battery is not None
        assert not recorder.last.notifications


async def test_nothing_is_written_to_the_socket(server: OpenCarwings, car: Car, make_backend: MakeBackend) -> None:
    backend = make_backend(heartbeat=0.4)  # half of it is what a pong may take
    async with listening(backend) as recorder:
        async with asyncio.timeout(5):
            for _ in range(2):
                await server.pings.get()
        car.vehicle.plug_in()
        server.dispatch.frames(car, "ev_info")
        await recorder.until(lambda: len(recorder.pushes) > 1)
        assert server.frames_heard == 0
        assert server.sockets == 1


async def test_the_simulated_server_closes_the_socket_on_a_text_frame(
    server: OpenCarwings, car: Car, session: ClientSession
) -> None:
    """So that the test above could fail."""
    header = {"Authorization": f"Token {server.account.key}"}
    async with session.ws_connect(f"{server.url}/ws/notif/", headers=header) as socket:
        assert await socket.receive_json() == {"type": "listen", "data": True}
        await socket.send_str("hello")
        await socket.receive()
        assert socket.close_code == 1011
    assert server.frames_heard == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 2000,
        "[]",
        "null",
        '{"type": "car"}',
        '{"type": "car", "data": 3}',
        '{"type": "alert", "data": {"id": 1}}',
        '{"type": "new", "data": {"vin": "X"}}',
    ],
)
async def test_unreadable_frames_are_ignored(
    server: OpenCarwings, car: Car, clock: Clock, backend: OpenCarwingsBackend, text: str
) -> None:
    async with listening(backend) as recorder:
        server.say(text)
        clock.advance(minutes=1)
        server.dispatch.alert(car, 20, clock())
        await recorder.until(lambda: bool(recorder.last.notifications))
        assert {push.info.key for push in recorder.pushes} == {LEAF_24}


async def test_the_number_of_vehicles_is_bounded(
    server: OpenCarwings, car: Car, clock: Clock, backend: OpenCarwingsBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_MOST_VEHICLES", 5)
    async with listening(backend) as recorder:
        for number in range(20):
            server.say(json.dumps({"type": "car", "data": car.detail() | {"vin": f"SJNFAAZE0U00{number:05}"}}))
        clock.advance(minutes=1)
        server.dispatch.alert(car, 21, clock())
        await recorder.until(lambda: bool(recorder.last.notifications))
        assert len({push.info.key for push in recorder.pushes}) == 5


async def test_a_repeated_alert_is_pushed_once(
    server: OpenCarwings, car: Car, clock: Clock, backend: OpenCarwingsBackend
) -> None:
    async with listening(backend) as recorder:
        alert = server.dispatch.alert(car, 20, clock())
        server.say(json.dumps({"type": "alert", "data": {**alert, "car": car.detail()}}))
        server.dispatch.alert(car, 21, clock())
        await recorder.until(lambda: any(each.kind == "towed" for each in recorder.notifications))
        kinds = [each.kind for each in recorder.notifications]
        assert kinds == ["burglar_alarm", "towed"]


async def test_a_wrong_key_is_an_error(server: OpenCarwings, car: Car, make_backend: MakeBackend) -> None:
    with pytest.raises(AuthenticationFailed):
        await make_backend({"api_key": "0" * 40}).listen(PushRecorder())


async def test_a_socket_renews_its_token(
    server: OpenCarwings, car: Car, make_backend: MakeBackend, clock: Clock, diary: Diary[CarwingsAuth]
) -> None:
    backend = make_backend({"username": "leafowner", "password": server.account.password})
    await backend.log_in()
    clock.advance(days=32)
    recorder = PushRecorder()
    task = asyncio.create_task(backend.listen(recorder))
    await recorder.until(lambda: bool(recorder.pushes))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert server.requests["refresh"] == 1


async def test_a_proxy_that_refuses_sockets_does_not_reject_the_account(
    server: OpenCarwings, car: Car, backend: OpenCarwingsBackend, diary: Diary[CarwingsAuth]
) -> None:
    for status in (403, 404, 502, 200):
        server.fail("socket", status, text="<html>no sockets here</html>")
        with pytest.raises(Unavailable):
            await backend.listen(PushRecorder())
    assert await backend.list_vehicles()
    assert not any(entry.rejected for entry in diary.entries)


async def test_no_server(server: OpenCarwings, car: Car, backend: OpenCarwingsBackend) -> None:
    await server.stop()
    with pytest.raises(NoConnection):
        await backend.listen(PushRecorder())


async def test_a_part_that_fails_does_not_end_the_connection(
    server: OpenCarwings, car: Car, backend: OpenCarwingsBackend
) -> None:
    for name in ("alerts", "detail"):
        server.fail(name, 500)
        async with listening(backend) as recorder:
            assert recorder.last.state.battery is not None
        server.heal()


async def test_no_secret_is_pushed(
    server: OpenCarwings, ficosa: Car, clock: Clock, backend: OpenCarwingsBackend
) -> None:
    async with listening(backend) as recorder:
        clock.advance(minutes=1)
        server.dispatch.alert(ficosa, 20, clock())
        await recorder.until(lambda: bool(recorder.last.notifications))
        text = repr([(push.info, push.state.groups(), push.notifications) for push in recorder.pushes])
        assert not any(secret in text for secret in (*SECRETS, "s3cret"))


async def test_values_from_the_future_count_but_have_no_time(
    server: OpenCarwings, car: Car, clock: Clock, backend: OpenCarwingsBackend
) -> None:
    clock.advance(hours=-1)
    (listed,) = await backend.list_vehicles()
    assert listed.state.battery is not None
    assert (listed.state.battery.level, listed.state.battery.reported_at) == (62, None)
    assert listed.state.last_report is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_socket_follows_no_redirect(make_backend: MakeBackend, status: int) -> None:
    """Otherwise whoever responds for the server could have any address of the owner's network requested."""
    requested, called = list[str](), list[str]()

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        called.append(request.path)
        return web.Response()

    async def redirect(request: web.Request) -> web.StreamResponse:
        requested.append(request.path)
        return web.Response(status=status, headers={"Location": f"http://127.0.0.1:{request.url.port}/admin/reboot"})

    app = web.Application()
    app.router.add_get("/admin/reboot", elsewhere)
    app.router.add_get("/{path:.*}", redirect)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    backend = make_backend({"url": address, "api_key": "k"})
    with pytest.raises(Unavailable, match=str(status)):
        await backend.listen(PushRecorder())
    await runner.cleanup()
    assert requested
    assert not called


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://ocw:8124/leaf", "ws://ocw:8124/leaf/ws/notif/"),
        ("https://opencarwings.viaaq.eu", "wss://opencarwings.viaaq.eu/ws/notif/"),
    ],
)
def test_the_url_of_the_socket_follows_the_address(address: str, url: str) -> None:
    assert str(socket_url(base_url(address))) == url
