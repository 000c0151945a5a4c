"""Whether the module is there, and when the listener is told."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from custom_components.nissanconnect.backends.base import MessageListener, MqttMessage, Pushing
from custom_components.nissanconnect.backends.ovms import Topics
from custom_components.nissanconnect.backends.ovms.module import STALE_AFTER
from custom_components.nissanconnect.vehicle import ChargingStatus, Connectivity, NoBroker
from tests.simulator.ovms import MemoryBus

from .conftest import PREFIX, Shell, World


def there(shell: Shell) -> bool | None:
    assert shell.state.connectivity is not None
    return shell.state.connectivity.reachable


async def test_a_burst_is_told_at_once(world: World) -> None:
    assert isinstance(world.backend, Pushing)
    async with world.listening() as shell:
        assert len(shell.pushes) == 1
        world.vehicle.body.open.add("hatch")
        world.vehicle.body.locked = False
        world.module.tick()
        await world.clock.advance(seconds=1)
        assert len(shell.pushes) == 2
        assert shell.pushes[-1].state.odometer is None  # nothing new


async def test_what_follows_a_silence_is_told_at_once_and_the_rest_is_gathered(world: World) -> None:
    async with world.listening() as shell:
        await world.clock.advance(seconds=5)
        told = len(shell.pushes)
        for number in range(100):
            world.module.say("v.b.range.est", str(100 + number))
            if number == 0:
                await world.clock.advance(seconds=0.05)
                assert len(shell.pushes) == told + 1
                assert shell.state.battery is not None
                assert shell.state.battery.range == 100
            await world.clock.advance(seconds=0.01)
        await world.clock.advance(seconds=1)
        assert len(shell.pushes) <= told + 4
        assert shell.state.battery is not None
        assert shell.state.battery.range == 199


async def test_half_a_position_is_none(world: World) -> None:
    async with world.listening() as shell:
        await world.clock.advance(seconds=5)
        before = shell.state.position
        assert before is not None
        world.module.say("v.p.latitude", "50.5")
        await world.clock.advance(seconds=0.1)
        assert shell.state.position == before
        world.module.say("v.p.longitude", "7.5")
        await world.clock.advance(seconds=1)
        now = shell.state.position
        assert now is not None
        assert (now.latitude, now.longitude) == (50.5, 7.5)
        assert {
            (push.state.position.latitude, push.state.position.longitude)
            for push in shell.pushes
            if push.state.position
        } == {
            (before.latitude, before.longitude),
            (50.5, 7.5),
        }


async def test_what_the_broker_has_kept_is_there_soon(world: World) -> None:
    started_at = world.clock()
    await world.info()
    assert world.clock() - started_at < timedelta(seconds=0.5)


async def test_mere_ticking_is_told_once_a_minute(world: World) -> None:
    async with world.listening() as shell:
        for second in range(120):
            world.module.say("m.monotonic", str(20_000 + second))
            await world.clock.advance(seconds=1)
        assert 2 <= len(shell.pushes) <= 4


async def test_its_last_will_takes_it_away_and_anything_live_brings_it_back(world: World) -> None:
    async with world.listening() as shell:
        world.module.cut()
        await world.clock.advance(seconds=1)
        assert there(shell) is False
        world.module.left_out = {"s.v3.connected"}  # a filter keeps back that it is connected
        world.module.connect()
        await world.clock.advance(seconds=1)
        assert there(shell) is True


async def test_what_the_broker_kept_of_a_module_that_is_gone(world: World) -> None:
    world.vehicle.plug_in()
    await world.tick(minutes=5)
    level = world.electric.battery.level
    assert level > 60.3
    world.module.cut()
    await world.clock.advance(hours=10)
    async with world.listening() as shell:
        state = shell.state
        assert there(shell) is False
    assert state.last_report is None
    assert state.battery is not None
    assert state.battery.level == pytest.approx(level, abs=0.05)
    assert state.charging is not None
    assert state.charging.plugged_in is True
    assert state.charging.status is None  # it was charging when it went; who knows
    assert state.charging.power is None


async def test_what_went_on_when_it_went_is_believed_for_hours(world: World) -> None:
    world.vehicle.plug_in()
    async with world.listening() as shell:
        await world.tick(minutes=5)
        world.module.cut()
        await world.clock.advance(hours=3, minutes=50)
        assert shell.state.charging is not None
        assert shell.state.charging.status is ChargingStatus.CHARGING
        pushes = len(shell.pushes)
        await world.clock.advance(minutes=15)
        assert shell.state.charging.status is None
        assert len(shell.pushes) == pushes + 1
        await world.clock.advance(seconds=STALE_AFTER.total_seconds() * 2)
        assert len(shell.pushes) == pushes + 1


async def test_a_broker_that_goes_ends_listening_and_everything_is_told_when_it_is_back(world: World) -> None:
    shell = Shell()
    listening = asyncio.ensure_future(world.backend.listen(shell.hear))
    await world.clock.advance(seconds=3)
    world.broker.stop()
    await world.clock.advance(seconds=2)
    with pytest.raises(NoBroker):
        await listening
    assert there(shell) is None
    assert world.broker.watchers == []
    world.broker.start()
    async with world.listening() as later:
        assert there(later) is True  # as the broker knows it; its will was lost with the broker
        assert later.state.battery is not None
        assert later.state.battery.reported_at is None


async def test_a_broker_that_has_forgotten_is_told_everything_once(world: World) -> None:
    world.broker.stop(forget=True)
    world.broker.start()
    world.module.link.open(("x", "no"), [f"{PREFIX}client/+/command/+"], world.module._on_message, lambda: None)
    async with world.listening() as shell:
        assert shell.state.battery is None
        world.module.left_out = {"v.type"}
        await world.tick(minutes=1)
        await world.tick(minutes=1)
        assert shell.state.battery is not None
    assert world.module.lines == ["server v3 update all"]
    assert [qos for _, _, qos in world.bus.published] == [0]


async def test_a_module_of_which_nothing_is_known_is_waited_for(world: World) -> None:
    world.module.cut()
    world.broker.kept.clear()
    async with world.listening() as shell:
        await world.clock.advance(seconds=10)
        assert [push.state.groups() for push in shell.pushes] == [{}]
        world.module.connect()
        await world.clock.advance(seconds=1)
        assert shell.state.battery is not None


async def test_a_prefix_of_ones_own_without_a_slash(world: World) -> None:
    world.module.cut()
    world.module.prefix = "mycar-"
    world.module.connect()
    async with world.listening(world.another(prefix="mycar-")) as shell:
        assert shell.state.battery is not None


async def test_nobody_listens_any_more_when_the_listener_has_gone(world: World) -> None:
    before = len(world.broker.subscriptions)
    async with world.listening():
        assert len(world.broker.subscriptions) == before + 3
        await world.info()
        assert len(world.broker.subscriptions) == before + 3
    assert len(world.broker.subscriptions) == before
    assert world.broker.watchers == []


async def test_a_sign_of_life_is_when_it_was_heard(world: World) -> None:
    async with world.listening() as shell:
        await world.tick(minutes=5)
        state: Connectivity | None = shell.state.connectivity
        assert state is not None
        assert state.reported_at is not None
        assert world.clock() - state.reported_at < timedelta(seconds=2)


async def test_a_live_word_is_newer_than_what_was_kept(world: World) -> None:
    world.module.cut()
    level = f"{PREFIX}metric/v/b/soc"
    async with world.listening() as shell:
        (listener,) = (each.listener for each in world.broker.subscriptions if each.pattern.endswith("metric/#"))
        listener(MqttMessage(level, b"44"))
        listener(MqttMessage(level, b"60", retain=True))  # the broker may still be busy with what it kept
        listener(MqttMessage(f"{PREFIX}metric/s/v3/connected", b"no", retain=True))
        await world.clock.advance(seconds=1)
        assert shell.state.battery is not None
        assert shell.state.battery.level == 44
        assert there(shell) is True


async def test_a_subscription_that_fails_leaves_no_other_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(world.broker.subscriptions)
    subscribe = MemoryBus.subscribe

    async def some(bus: MemoryBus, topic: str, listener: MessageListener) -> Callable[[], None]:
        if "notify" in topic:
            raise NoBroker
        await asyncio.sleep(0)
        return await subscribe(bus, topic, listener)

    monkeypatch.setattr(MemoryBus, "subscribe", some)
    with pytest.raises(NoBroker):
        await world.backend.log_in()
    assert len(world.broker.subscriptions) == before


async def test_a_module_without_a_user_has_two_slashes_in_its_topics(world: World) -> None:
    topics = Topics.of("ovms", "", "LEAF40")
    world.module.cut()
    world.module.prefix = "ovms//LEAF40/"
    world.module.connect()
    async with world.listening(world.another(prefix=topics.prefix)) as shell:
        assert shell.state.battery is not None
    assert "LEAF40" not in repr(topics)


async def test_a_filter_that_keeps_back_whether_it_is_connected(world: World) -> None:
    world.module.cut()
    world.module.left_out = {"s.v3.connected"}
    async with world.listening() as shell:
        assert there(shell) is False
        world.module.connect()
        await world.clock.advance(seconds=1)
        assert there(shell) is True
