"""A module that has just started says things that it cannot know."""

from datetime import timedelta

import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.ovms.metrics import Part, UptimeTracker
from custom_components.nissanconnect.vehicle import Body, Charging, ChargingStatus, Push

from ..conftest import NOW
from .conftest import Shell, World


def unlocked(pushes: list[Push]) -> bool:
    """Whether anybody was told that the vehicle is unlocked, for however short a time."""
    return any(push.state.body is not None and push.state.body.locked is False for push in pushes)


def body(shell: Shell) -> Body:
    assert shell.state.body is not None
    return shell.state.body


def charging(shell: Shell) -> Charging:
    assert shell.state.charging is not None
    return shell.state.charging


async def test_a_restarted_module_unlocks_nothing_and_empties_no_battery(world: World) -> None:
    async with world.listening() as shell:
        await world.tick(minutes=10)
        world.module.restart()
        await world.clock.advance(seconds=5)
        battery = shell.state.battery
        assert not unlocked(shell.pushes)
        assert body(shell).locked is True
        assert battery is not None
        assert battery.level == pytest.approx(60)
        assert battery.energy == pytest.approx(24)
        world.module.hears = True
        await world.tick(minutes=1)
        assert not unlocked(shell.pushes)


async def test_a_restart_does_not_interrupt_a_charge(world: World) -> None:
    world.vehicle.plug_in()
    async with world.listening() as shell:
        await world.tick(minutes=10)
        world.module.restart()
        await world.clock.advance(seconds=5)
        assert charging(shell).status == ChargingStatus.CHARGING
        world.vehicle.unplug()
        world.module.hears = True  # it hears the battery, so now its "stopped" is what is
        await world.tick(seconds=30)
        assert charging(shell).status == ChargingStatus.NOT_CHARGING


async def test_a_vehicle_that_was_unlocked_while_the_module_was_gone_is_unlocked(world: World) -> None:
    async with world.listening() as shell:
        await world.tick(minutes=10)
        world.module.cut()
        world.vehicle.body.locked = False
        await world.clock.advance(minutes=10)
        world.module.connect()
        await world.clock.advance(seconds=2)
        assert body(shell).locked is False


async def test_even_if_its_filter_keeps_the_ticking_back(world: World) -> None:
    world.module.left_out = {"m.monotonic"}
    async with world.listening() as shell:
        await world.tick(minutes=10)
        world.module.cut()
        world.vehicle.body.locked = False
        world.module.connect()
        await world.clock.advance(seconds=2)
        assert body(shell).locked is False  # the doors were heard since


async def test_a_vehicle_that_never_reports_being_locked_is_not_unlocked(world: World) -> None:
    world.module.reports_lock = False
    world.module.tell_all()
    async with world.listening() as shell:
        world.vehicle.body.open.add("door_front_left")
        await world.tick(minutes=1)
        world.module.restart()
        world.module.hears = True
        await world.tick(minutes=1)
        assert body(shell).door_front_left is True
        assert body(shell).locked is None


async def test_unlocked_survives_a_restart_of_ours(world: World) -> None:
    async with world.listening():
        await world.tick(minutes=10)
        world.vehicle.body.locked = False
        await world.tick(minutes=1)
    memory = world.backend.memory()
    await world.clock.advance(minutes=20)
    async with world.listening(world.another(memory=memory)) as shell:
        assert body(shell).locked is False
    async with world.listening(world.another()) as shell:
        assert body(shell).locked is None  # nothing shows that the module knows


async def test_a_module_that_started_while_we_were_gone_unlocks_nothing(world: World) -> None:
    async with world.listening():
        await world.tick(minutes=10)
    memory = world.backend.memory()
    world.module.restart()
    await world.clock.advance(minutes=20)
    world.module.tick()
    async with world.listening(world.another(memory=memory)) as shell:
        assert not unlocked(shell.pushes)


def test_after_a_longer_silence_than_its_life_a_module_may_have_started() -> None:
    uptime = UptimeTracker(seconds=600, received_at=NOW, received_from={Part.BODY})
    uptime.update(5000, NOW + timedelta(seconds=5000))
    assert not uptime.has_received(Part.BODY)
    uptime = UptimeTracker(seconds=600, received_at=NOW, received_from={Part.BODY})
    uptime.update(1100, NOW + timedelta(seconds=500))
    assert uptime.has_received(Part.BODY)
    uptime = UptimeTracker(seconds=600, received_at=NOW, received_from={Part.BODY})
    uptime.update(600, NOW + timedelta(days=5))  # it has said nothing since
    assert uptime.has_received(Part.BODY)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        {"beat": "soon", "beat_at": 5, "heard": "body", "locks": "yes", "seen": None},
        {"beat": 5, "beat_at": "2026-11-20", "heard": ["body"]},
    ],
)
def test_a_memory_that_makes_no_sense_is_none(world: World, kept: Json) -> None:
    assert world.another(memory=kept).memory() == world.another().memory()


async def test_nothing_is_believed_before_the_ticking_was_heard(world: World) -> None:
    async with world.listening() as shell:
        await world.tick(minutes=10)
        world.module.cut()
        world.module.left_out = set(world.module.metrics())  # it tells everything later, one by one
        world.module.connect()
        world.module.left_out = set()
        world.module.say("v.e.locked", "no")
        await world.clock.advance(seconds=2)
        assert not unlocked(shell.pushes)
        world.module.say("m.monotonic", "4")
        await world.clock.advance(seconds=2)
        assert not unlocked(shell.pushes)
        world.module.say("v.d.fl", "no")  # so it has heard the doors, and with them the lock
        await world.clock.advance(seconds=2)
        assert body(shell).locked is False
