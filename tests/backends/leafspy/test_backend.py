"""Leaf Spy as the rest of the integration sees it."""

import asyncio
from datetime import timedelta
import json

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.leafspy import ACCEPTED, REFUSED, LeafSpyBackend
from custom_components.nissanconnect.vehicle import (
    Capability,
    ChargeSpeed,
    ChargingStatus,
    Group,
    Powertrain,
)
from tests.simulator.leafspy_app import VIN, LeafSpyApp

from .conftest import NOW, World, settle, told


async def test_a_message_makes_a_vehicle_known_and_tells_what_it_says(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    assert backend.receive(app.parameters()) == '"status":"0"'
    (push,) = world.heard
    assert (push.info.key, push.info.vin, push.info.model) == (VIN, VIN, "LEAF")
    assert push.info.powertrain is Powertrain.ELECTRIC
    assert push.info.capabilities == {Capability.BATTERY, Capability.LOCATION}
    battery = push.state.battery
    assert battery is not None
    assert battery.level == pytest.approx(100 * 20 / (39 * 0.88), abs=0.06)
    assert (battery.health, battery.hx, battery.capacity, battery.temperature) == (88, 79.31, 40, 14)
    assert battery.amp_hours == pytest.approx(101.59)
    assert battery.energy == pytest.approx(20, rel=0.05)
    assert push.state.odometer is not None
    assert push.state.odometer.distance == 61_204
    assert push.state.position is not None
    assert (push.state.position.latitude, push.state.position.longitude) == pytest.approx(app.vehicle.point, abs=1e-5)
    assert push.state.connectivity is not None
    assert push.state.connectivity.reachable
    assert [listed.info for listed in await backend.list_vehicles()] == [push.info]


async def test_a_message_is_dated_by_its_arrival_because_none_is_sent_late(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    backend.receive(app.parameters())
    assert {(group.reported_at, group.received_at) for group in world.state.groups().values()} == {(NOW, NOW)}


async def test_charging_is_told_from_plug_to_unplugging(backend: LeafSpyBackend, app: LeafSpyApp, world: World) -> None:
    backend.receive(app.parameters())
    app.vehicle.plug_in()
    world.tick(minutes=2)
    app.vehicle.advance(world.time)
    backend.receive(app.parameters())
    charging = world.state.charging
    assert charging is not None
    assert (charging.plugged_in, charging.status, charging.speed) == (True, ChargingStatus.CHARGING, ChargeSpeed.FAST)
    assert charging.power == pytest.approx(6.6)
    app.vehicle.unplug()
    world.tick(seconds=6)
    backend.receive(app.parameters())
    after = world.state.charging
    assert after is not None
    assert (after.plugged_in, after.status, after.power) == (False, ChargingStatus.NOT_CHARGING, 0)


async def test_reading_returns_what_was_last_heard_and_only_that(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    assert await told(backend) == await told(backend, key="NOBODY") == type(await told(backend))()
    backend.receive(app.parameters())
    assert await told(backend) == world.state
    assert (await told(backend, Group.BATTERY)).groups().keys() == {Group.BATTERY}


async def test_an_app_that_falls_silent_is_no_longer_connected_and_its_values_stay_as_old_as_they_are(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    backend.receive(app.parameters())
    await settle()
    await world.let(minutes=9)
    backend.receive(app.parameters())
    await world.let(minutes=10)
    assert len(world.heard) == 2
    await world.let(minutes=1)
    silent = world.state
    assert silent.groups().keys() == {Group.CONNECTIVITY}
    assert silent.connectivity is not None
    assert (silent.connectivity.reachable, silent.connectivity.reported_at) == (False, None)
    later = await told(backend)
    assert later.connectivity is not None
    assert later.connectivity.reachable is False
    assert later.last_report == NOW + timedelta(minutes=9)
    await world.let(days=3)
    assert len(world.heard) == 3, "that is told once"
    backend.receive(app.parameters())
    assert world.state.connectivity is not None
    assert world.state.connectivity.reachable


async def test_after_a_restart_a_vehicle_has_ten_minutes_to_speak(app: LeafSpyApp, world: World) -> None:
    before = world.backend()
    before.receive(app.parameters())
    backend = world.backend(memory=before.memory())
    listening = asyncio.create_task(backend.listen(world.heard.append))
    await settle()
    await world.let(minutes=10)
    assert world.heard == []
    assert await told(backend) == type(await told(backend))()
    await world.let(minutes=1)
    assert world.state.connectivity is not None
    assert world.state.connectivity.reachable is False
    listening.cancel()


async def test_only_the_password_opens_the_door(world: World, app: LeafSpyApp) -> None:
    backend = world.backend(password="sesam")
    for wrong in ("", "Sesam", "sesam ", "sesamsesam", "\ud800"):
        app.password = wrong
        assert backend.receive(app.parameters()) == REFUSED != ACCEPTED
    assert backend.receive({}) == REFUSED
    assert await backend.list_vehicles() == ()
    app.password = "sesam"
    assert backend.receive(app.parameters()) == ACCEPTED
    assert len(await backend.list_vehicles()) == 1


async def test_without_a_password_any_is_fine(backend: LeafSpyBackend, app: LeafSpyApp) -> None:
    app.password = "whatever"
    assert backend.receive(app.parameters()) == ACCEPTED


@pytest.mark.parametrize("vin", ["", "  ", "nan", "12", "ß" * 17, "SJNFAAZE1U000000712345", "<script>1"])
async def test_whoever_does_not_say_who_it_is_is_nobody(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World, vin: str
) -> None:
    assert backend.receive(app.parameters() | {"VIN": vin}) == ACCEPTED
    assert await backend.list_vehicles() == ()
    assert world.heard == []


@pytest.mark.parametrize(
    ("sent", "vin", "model"),
    [
        ("ZE0-123456", None, "LEAF"),
        (" aze0-210987 ", None, "LEAF"),
        ("1N4AZ1CP1JC999999", "1N4AZ1CP1JC999999", "LEAF"),
        ("VSKHAAME0U0000123", "VSKHAAME0U0000123", "e-NV200"),
        ("VSKXXXXXXU0000123", "VSKXXXXXXU0000123", None),
    ],
)
async def test_vehicles_made_for_japan_have_no_vin_and_are_vehicles(
    backend: LeafSpyBackend, app: LeafSpyApp, sent: str, vin: str | None, model: str | None
) -> None:
    backend.receive(app.parameters() | {"VIN": sent})
    (listed,) = await backend.list_vehicles()
    assert listed.info.key == sent.strip().upper()
    assert (listed.info.vin, listed.info.model) == (vin, model)


async def test_several_vehicles_use_one_link_and_do_not_mix(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    backend.receive(app.parameters() | {"SOC": "70"})
    backend.receive(app.parameters() | {"VIN": "ZE0-123456", "SOC": "20"})
    first, second = await told(backend), await told(backend, key="ZE0-123456")
    assert first.battery is not None
    assert second.battery is not None
    assert (first.battery.level, second.battery.level) == (70, 20)
    assert [push.info.key for push in world.heard] == [VIN, "ZE0-123456"]


async def test_who_knows_the_address_cannot_fill_the_house_with_vehicles(
    backend: LeafSpyBackend, app: LeafSpyApp
) -> None:
    for number in range(300):
        assert backend.receive(app.parameters() | {"VIN": f"ZE0-{number:06}"}) == ACCEPTED
    assert len(await backend.list_vehicles()) == 10
    backend.receive(app.parameters() | {"VIN": "ZE0-000003", "SOC": "12"})
    known = await told(backend, key="ZE0-000003")
    assert known.battery is not None
    assert known.battery.level == 12


async def test_made_up_vehicles_give_way_to_one_that_is_driven(app: LeafSpyApp, world: World) -> None:
    backend = world.backend()

    def make_up(first: int) -> None:
        for number in range(first, first + 30):
            world.tick(seconds=1)
            backend.receive({"VIN": f"ZE0-{number:06}", "SOC": "50"})

    async def is_known() -> bool:
        return VIN in {each.info.key for each in await backend.list_vehicles()}

    make_up(100)
    for number in range(3):
        world.tick(seconds=10)
        backend.receive(app.parameters() | {"SOC": f"{60 - number}"})
        assert await is_known()
    make_up(200)
    assert await is_known(), "it has told more than any of them"
    backend = world.backend(memory=backend.memory())
    make_up(300)
    assert await is_known(), "over a restart, too"
    assert len(await backend.list_vehicles()) == 10


async def test_who_has_nothing_to_tell_takes_nobodys_place(app: LeafSpyApp, world: World) -> None:
    backend = world.backend()
    for number in range(10):
        backend.receive(app.parameters() | {"VIN": f"ZE0-{number:06}"})
    known = await backend.list_vehicles()
    backend.receive({"VIN": VIN, "SOC": "many"})
    assert await backend.list_vehicles() == known


async def test_vehicles_that_were_kept_before_messages_were_counted_stay(app: LeafSpyApp, world: World) -> None:
    kept: Json = {f"ZE0-{number:06}": {"located": True, "fahrenheit": None} for number in range(10)}
    backend = world.backend(memory=kept)
    backend.receive(app.parameters())
    assert VIN not in {each.info.key for each in await backend.list_vehicles()}


async def test_what_came_before_anybody_listened_is_told_first(app: LeafSpyApp, world: World) -> None:
    backend = world.backend()
    backend.receive(app.parameters())
    listening = asyncio.create_task(backend.listen(world.heard.append))
    await settle()
    assert [push.info.key for push in world.heard] == [VIN]
    listening.cancel()
    await settle()
    world.tick(minutes=1)
    backend.receive(app.parameters() | {"SOC": "33"})
    assert len(world.heard) == 1, "nobody listened"
    again = asyncio.create_task(backend.listen(world.heard.append))
    await settle()
    assert world.state.battery is not None
    assert world.state.battery.level == 33
    again.cancel()


async def test_each_message_is_told_at_once(backend: LeafSpyBackend, app: LeafSpyApp, world: World) -> None:
    for count, level in enumerate(range(90, 80, -1), start=1):
        world.tick(seconds=1)
        backend.receive(app.parameters() | {"SOC": str(level)})
        assert len(world.heard) == count
        assert world.state.battery is not None
        assert world.state.battery.level == level


async def test_a_message_that_was_sent_twice_is_told_once(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    same = app.parameters()
    backend.receive(same)
    world.tick(seconds=4)
    backend.receive(same)
    await world.let(minutes=1)
    assert len(world.heard) == 1
    backend.receive(same)
    assert world.state.last_report == NOW + timedelta(seconds=64)


async def test_the_memory_brings_vehicles_back_without_a_place(
    backend: LeafSpyBackend, app: LeafSpyApp, world: World
) -> None:
    backend.receive(app.parameters() | {"Lat": "52.12345", "Long": "4.54321", "user": "Petra"})
    (before,) = await backend.list_vehicles()
    memory = json.dumps(backend.memory())
    assert not any(secret in memory for secret in ("52.1", "4.54", "Petra"))
    after = world.backend(memory=json.loads(memory))
    assert await after.list_vehicles() == (before,)
    assert await told(after) == type(world.state)()


def test_a_damaged_memory_is_no_reason_to_fail(world: World) -> None:
    damages: list[Json] = [None, 1, [], "x", {"": {}}, {VIN: None}, {VIN: {"located": 7, "fahrenheit": "yes"}}]
    for damaged in damages:
        again = world.backend(memory=damaged).memory()
        assert again in ({}, {VIN: {"located": False, "fahrenheit": None, "messages": 100}})
