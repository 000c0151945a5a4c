"""Commands: what is sent, when nothing is, and what the module's words and the vehicle's deeds make of it."""

import asyncio
from dataclasses import dataclass

import pytest

from custom_components.nissanconnect.vehicle import (
    Command,
    FlashLights,
    Group,
    InvalidPin,
    Lock,
    NoBroker,
    NotSupported,
    Phase,
    PinRequired,
    Progress,
    Reason,
    Refresh,
    SetChargeLimit,
    SetChargeSchedule,
    SoundHorn,
    StartCharging,
    StartClimate,
    StartEngine,
    StopCharging,
    StopClimate,
    Unlock,
    WrongPin,
)
from tests.departures import departing, nobody
from tests.simulator.cars.execute import execute

from .conftest import CLIENT, PREFIX, World

COMMANDS: list[tuple[Command, str]] = [
    (StartClimate(), "climatecontrol on"),
    (StopClimate(), "climatecontrol off"),
    (StartCharging(), "charge start"),
    (StopCharging(), "charge stop"),
    (Lock(), "lock 0"),
    (Unlock(), "unlock 0"),
    (Refresh(), "wakeup"),
    (Refresh(Group.POSITION), "wakeup"),
    (SetChargeLimit(80), "config set xnl suffsoc 80"),
    (SetChargeLimit(100), "config set xnl suffsoc 0"),
]
NOT_OFFERED = "Error: Climate Control functionality not available"
UNCLEAR = Progress(Phase.TIMED_OUT, "unexpected reply", Reason.NOT_SEEN)
REFUSALS = {
    "climatecontrol on": "Error: Climate Control failed",
    "climatecontrol off": "Error: Climate Control failed",
    "charge start": "Error: Could not start charge",
    "charge stop": "Error: Could not stop charge",
    "lock 0": "Error: vehicle could not be locked",
    "unlock 0": "Error: vehicle could not be unlocked",
    "wakeup": "Error: vehicle could not be woken",
}


@dataclass(slots=True)
class Wakes:
    """How often a wake was announced, and what had been sent by then."""

    world: World
    count: int = 0
    before: int = 0

    def __call__(self) -> None:
        self.count += 1
        self.before = len(self.world.module.lines)


@pytest.mark.parametrize(("command", "line"), COMMANDS, ids=str)
async def test_a_command_is_sent_once_and_confirmed_by_the_vehicle(world: World, command: Command, line: str) -> None:
    world.vehicle.plug_in()
    if isinstance(command, StartCharging | Lock):
        world.vehicle.body.locked = False
        world.electric.charger.override = False
    world.module.tick()
    async with world.listening():
        await world.tick(seconds=10)
        assert await world.command(command) == Progress(Phase.DONE)
    assert world.module.lines == [line]
    assert world.module.listeners == set()  # told that nobody listens any more
    assert world.backend.requests == 1
    assert {qos for _, _, qos in world.bus.published} == {0}
    assert [topic for topic, _, _ in world.bus.published] == [
        f"{PREFIX}client/{CLIENT}/active",
        f"{PREFIX}client/{CLIENT}/command/n1",
        f"{PREFIX}client/{CLIENT}/active",
    ]
    assert not any("/client/" in topic for topic in world.broker.kept)


@pytest.mark.parametrize(("command", "line"), COMMANDS[:-2], ids=str)
async def test_a_module_that_may_not_write_says_so(world: World, command: Command, line: str) -> None:
    world.module.can_write = False
    async with world.listening():
        assert await world.command(command) == Progress(Phase.REJECTED, REFUSALS[line], nothing_done=True)


@pytest.mark.parametrize(
    ("reply", "progress"),
    [
        (f"{NOT_OFFERED}\n", Progress(Phase.REJECTED, NOT_OFFERED, nothing_done=True)),
        ("ERROR:too many tokens or invalid quoting\n", Progress(Phase.REJECTED, "Error", nothing_done=True)),
        ("Usage: climatecontrol <on|off>\n", Progress(Phase.REJECTED, "Usage", nothing_done=True)),
        ("Unrecognised command\n", Progress(Phase.REJECTED, "Unrecognised", nothing_done=True)),
        ("Subcommand required\n", Progress(Phase.REJECTED, "Usage", nothing_done=True)),
        ("Climate Control \noff\n", UNCLEAR),
        ("", UNCLEAR),
        ("x" * 100_000, UNCLEAR),
        ("climate control ON and 59.913868,10.752245", UNCLEAR),
    ],
)
async def test_only_the_expected_words_mean_success(world: World, reply: str, progress: Progress) -> None:
    world.module.reply_with = reply
    world.module.obeyed = False
    async with world.listening():
        assert await world.command(StartClimate()) == progress


async def test_what_a_reply_does_not_tell_the_vehicle_does(world: World) -> None:
    world.module.reply_with = "Moose"
    async with world.listening():
        assert await world.command(StartClimate()) == Progress(Phase.DONE)


async def test_a_reply_that_tells_nothing_confirms_nothing_that_was_so_before(world: World) -> None:
    world.module.reply_with, world.module.obeyed = "Moose", False
    async with world.listening():
        assert await world.command(Lock()) == UNCLEAR


async def test_frames_that_were_sent_are_not_yet_a_climate_that_runs(world: World) -> None:
    world.module.obeyed = False
    async with world.listening():
        assert await world.command(StartClimate()) == Progress(Phase.TIMED_OUT, reason=Reason.NOT_SEEN)


async def test_a_vehicle_that_never_reports_being_locked_confirms_nothing(world: World) -> None:
    world.module.reports_lock = False
    world.module.tick()
    async with world.listening():
        assert await world.command(Unlock()) == Progress(Phase.TIMED_OUT, reason=Reason.NOT_SEEN)


async def test_without_a_reply_a_command_times_out(world: World) -> None:
    world.module.replies = False
    async with world.listening():
        assert await world.command(StartClimate()) == Progress(Phase.TIMED_OUT)
        world.bus.broker.publish(f"{PREFIX}client/{CLIENT}/response/n1", b"Climate Control \non\n")
        info = await world.info()
        again = await world.clock.until(world.backend.send(info, StopClimate(), nobody))
        assert (await world.backend.poll(info, again)).phase is Phase.PENDING  # the late reply was for another


async def test_only_the_first_reply_to_our_own_command_counts(world: World) -> None:
    world.module.replies = False
    async with world.listening():
        info = await world.info()
        ticket = await world.clock.until(world.backend.send(info, Lock(), nobody))
        for topic, payload in (
            (f"client/{CLIENT}/response/other", b"Error: vehicle could not be locked"),
            (f"client/rr/response/{ticket.id}", b"Error: vehicle could not be locked"),
            (f"client/{CLIENT}/response/{ticket.id}/x", b"Error: vehicle could not be locked"),
            (f"client/{CLIENT}/response/{ticket.id}", b"Vehicle locked\n"),
            (f"client/{CLIENT}/response/{ticket.id}", b"Error: vehicle could not be locked"),
        ):
            world.broker.publish(PREFIX + topic, payload)
        assert await world.backend.poll(info, ticket) == Progress(Phase.DONE)
        assert await world.backend.poll(info, ticket) == Progress(Phase.DONE)


async def test_a_broker_that_goes_while_a_command_is_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.listening():
        info = await world.info()

        async def refuse(topic: str, payload: str, *, qos: int = 0) -> None:
            if "/command/" in topic:
                raise NoBroker

        monkeypatch.setattr(type(world.bus), "publish", staticmethod(refuse))
        wakes: list[None] = []
        for _ in range(2):  # and the second does not wait for an answer to the first
            with pytest.raises(NoBroker) as raised:
                await world.backend.send(info, Unlock(), departing(lambda: wakes.append(None), wakes.pop))
            assert raised.value.nothing_done
            assert not wakes


async def test_commands_are_sent_one_after_the_other(world: World) -> None:
    world.module.replies = False
    async with world.listening():
        info = await world.info()
        first = asyncio.ensure_future(world.backend.send(info, Lock(), nobody))
        second = asyncio.ensure_future(world.backend.send(info, StartClimate(), nobody))
        await world.clock.advance(seconds=10)
        assert first.done()
        assert world.module.lines == ["lock 0"]
        await world.clock.advance(seconds=6)
        assert second.done()
        assert world.module.lines == ["lock 0", "climatecontrol on"]
        assert (await world.backend.poll(info, first.result())).phase is Phase.TIMED_OUT


async def test_a_wake_is_announced_before_it_happens(world: World) -> None:
    async with world.listening():
        info = await world.info()
        wakes = Wakes(world)
        await world.clock.until(world.backend.send(info, Refresh(), departing(wakes)))
        assert (wakes.count, wakes.before) == (1, 0)
        await world.clock.until(world.backend.send(info, SetChargeLimit(70), departing(wakes)))
        assert wakes.count == 1  # the module keeps the limit; the vehicle sleeps on


@pytest.mark.parametrize(
    "command",
    [
        StartClimate(21),
        StartClimate(defrost=True),
        SetChargeLimit(0),
        SetChargeLimit(101),
        SetChargeLimit(79.5),
        SetChargeLimit(float("nan")),
        SetChargeLimit(float("inf")),
        SetChargeLimit("80\nota flash http"),  # type: ignore[arg-type]
        SetChargeSchedule(),
        SoundHorn(),
        FlashLights(),
        StartEngine(),
    ],
    ids=str,
)
async def test_what_the_firmware_cannot_do_on_a_leaf_is_not_tried(world: World, command: Command) -> None:
    async with world.listening():
        with pytest.raises(NotSupported):
            await world.backend.send(await world.info(), command, nobody)
    assert world.module.lines == []


async def test_the_pin_is_compared_here_because_the_module_does_not(world: World) -> None:
    backend = world.another(pin="2580")
    async with world.listening(backend):
        for wrong in (Unlock("1234"), Unlock("\u0662\u0665\u0668\u0660"), Unlock("")):
            with pytest.raises(WrongPin):
                await backend.send(await world.info(backend), wrong, nobody)
        with pytest.raises(PinRequired):
            await backend.send(await world.info(backend), Unlock(), nobody)
        assert world.module.lines == []
        assert await world.command(Unlock("2580"), backend) == Progress(Phase.DONE)
        assert await world.command(Lock(), backend) == Progress(Phase.DONE)  # locking is nobody's harm
    assert world.module.lines == ["unlock 0", "lock 0"]
    assert not any("2580" in payload for _, payload, _ in world.bus.published)


async def test_a_command_from_before_a_restart_was_not_answered_to_us(world: World) -> None:
    async with world.listening():
        info = await world.info()
        ticket = await world.clock.until(world.backend.send(info, Lock(), nobody))
        assert await world.another().poll(info, ticket) == Progress(Phase.TIMED_OUT)


@pytest.mark.parametrize("pin", ["", "123", "12345", "abcd", "12 4"])
async def test_a_pin_has_four_digits(world: World, pin: str) -> None:
    with pytest.raises(InvalidPin):
        await world.another(pin=pin).log_in()


async def test_each_of_several_commands_is_followed_to_its_own_end(world: World) -> None:
    """The module has replied to all, and the vehicle has only done what was asked of it last."""
    async with world.listening():
        info = await world.info()
        tickets = [await world.clock.until(world.backend.send(info, each, nobody)) for each in (StartClimate(), Lock())]
        await world.clock.advance(seconds=2)
        assert world.module.lines == ["climatecontrol on", "lock 0"]
        polled = [await world.backend.poll(info, ticket) for ticket in reversed(tickets)]
        assert [each.phase for each in polled] == [Phase.DONE, Phase.PENDING]
        assert world.module.listeners == {CLIENT}
        await world.tick(seconds=20)
        assert (await world.backend.poll(info, tickets[0])).phase is Phase.DONE


@pytest.mark.parametrize("started", [True, False])
async def test_a_stop_is_not_seen_in_what_was_so_before_the_start(world: World, started: bool) -> None:
    """The vehicle is told of the start within a minute or so, and of the stop after it."""
    world.module.obeyed = started
    async with world.listening():
        info = await world.info()
        await world.clock.until(world.backend.send(info, StartClimate(), nobody))
        await world.clock.advance(seconds=1)
        stop = await world.clock.until(world.backend.send(info, StopClimate(), nobody))
        if started:  # and heard of it before the stop
            execute(world.vehicle, StartClimate(21))
        await world.clock.advance(seconds=1)
        assert (await world.backend.poll(info, stop)).phase is Phase.PENDING
        await world.tick(seconds=1)
        if started:
            assert (await world.backend.poll(info, stop)).phase is Phase.PENDING
            execute(world.vehicle, StopClimate())
        await world.tick(seconds=30)
        assert ((await world.backend.poll(info, stop)).phase is Phase.DONE) is started
        await world.tick(seconds=45)
        assert (await world.backend.poll(info, stop)).phase is Phase.DONE
