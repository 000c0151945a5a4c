"""What can go wrong with a module (ovms §1.7), as answers to a command: a refusal, a silence, or nobody there.

And what each of them costs: what was certainly not sent has woken nobody.
"""

from collections.abc import Callable

import pytest

from custom_components.nissanconnect.vehicle import (
    BackendError,
    Command,
    FlashLights,
    Group,
    NoBroker,
    NotSupported,
    Phase,
    PinRequired,
    Progress,
    StartCharging,
    StartClimate,
    StartEngine,
    Unlock,
    Unreachable,
    WrongPin,
)
from tests.departures import departing

from .conftest import World
from .test_commands import NOT_OFFERED

REPLIES: list[tuple[str, Phase, str | None]] = [
    (NOT_OFFERED, Phase.REJECTED, NOT_OFFERED),
    ("Error: Climate Control failed", Phase.REJECTED, "Error: Climate Control failed"),
    ("Error: No vehicle module selected", Phase.REJECTED, "Error: No vehicle module selected"),
    ("Error: something new about SJNFAAZE1U0456789", Phase.REJECTED, "Error"),
    ("ERROR:too many tokens or invalid quoting", Phase.REJECTED, "Error"),
    ("Unrecognised command", Phase.REJECTED, "Unrecognised"),
    ("Unimplemented", Phase.REJECTED, "Unimplemented"),
    ("unsupported command", Phase.REJECTED, "Unsupported"),
    ("Usage: climatecontrol <on|off>", Phase.REJECTED, "Usage"),
    ("Subcommand required", Phase.REJECTED, "Usage"),
    ("Moose", Phase.TIMED_OUT, "unexpected reply"),
    ("", Phase.TIMED_OUT, "unexpected reply"),
]


@pytest.mark.parametrize(("reply", "phase", "code"), REPLIES)
async def test_a_reply_to_a_command(world: World, reply: str, phase: Phase, code: str | None) -> None:
    world.module.reply_with, world.module.obeyed = f"{reply}\n", False
    async with world.listening():
        progress = await world.command(StartClimate())
    assert (progress.phase, progress.code) == (phase, code)
    assert progress.nothing_done is (phase is Phase.REJECTED)


async def test_silence_is_no_refusal(world: World) -> None:
    world.module.replies = False
    async with world.listening():
        assert await world.command(StartClimate()) == Progress(Phase.TIMED_OUT)


def _module_leaves(world: World) -> None:
    world.module.cut()


def _broker_leaves(world: World) -> None:
    world.broker.stop()


def _nothing(world: World) -> None:
    """All is well."""


NOT_SENT: list[tuple[Command, Callable[[World], None], type[BackendError]]] = [
    (StartCharging(), _module_leaves, Unreachable),
    (Unlock("2580"), _module_leaves, Unreachable),
    (StartCharging(), _broker_leaves, NoBroker),
    (Unlock("1234"), _nothing, WrongPin),
    (Unlock(), _nothing, PinRequired),
    (FlashLights(), _nothing, NotSupported),
    (StartEngine(), _nothing, NotSupported),
]


@pytest.mark.parametrize(("command", "happens", "error"), NOT_SENT)
async def test_what_is_not_sent_costs_nothing_and_may_go_another_way(
    world: World, command: Command, happens: Callable[[World], None], error: type[BackendError]
) -> None:
    backend = world.another(pin="2580")
    async with world.listening(backend):
        info = await world.info(backend)
        happens(world)
        wakes: list[None] = []
        with pytest.raises(error) as raised:
            await world.clock.until(backend.send(info, command, departing(lambda: wakes.append(None), wakes.pop)))
    assert type(raised.value) is error
    assert raised.value.nothing_done
    assert not wakes
    assert world.module.lines == []


async def test_a_read_tells_a_broker_that_is_gone_from_a_module_that_is(world: World) -> None:
    async with world.listening():
        info = await world.info()
        world.module.cut()
        report = await world.backend.read(info)
        assert report.state.groups().keys() >= {Group.BATTERY, Group.CONNECTIVITY}
        assert report.state.connectivity is not None
        assert report.state.connectivity.reachable is False
        world.broker.stop()
        with pytest.raises(NoBroker):
            await world.backend.read(info)
