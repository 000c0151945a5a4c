"""Programs are watched while they run, and stopped whatever happens."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
import signal
import socket
import sys

import psutil
import pytest

from script.demo_home import processes
from script.demo_home.console import DemoError
from script.demo_home.processes import LOOPBACK, Program, is_free
from script.demo_home.waiting import until

pytestmark = pytest.mark.usefixtures("socket_enabled")

POLITE = """
import signal, sys, time
def leave(number, frame):
    print("leaving", flush=True)
    open(sys.argv[1], "w").write(signal.Signals(number).name)
    sys.exit(0)
signal.signal(signal.SIGINT, leave)
print("here", flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("here", flush=True)
time.sleep(60)
"""
# What is started in the background of a shell inherits an ignored SIGINT, and then Python leaves it ignored.
LISTENING = """
import signal, socket, time
signal.signal(signal.SIGINT, signal.default_int_handler)
server = socket.create_server(("127.0.0.1", 0))
print("here", flush=True)
time.sleep(60)
"""
FAILING = "raise SystemExit('no configuration')"


class Run:
    """Runs Python code as a program and hears it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, code: str, *arguments: str) -> AbstractAsyncContextManager[Program]:
        return Program.running("It", sys.executable, "-c", code, *arguments, heard=self.lines.append)

    async def is_here(self) -> None:
        async def heard() -> bool | None:
            return "here" in self.lines or None

        await until(heard, "a sign of life", seconds=20)


@pytest.fixture
def run() -> Run:
    return Run()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


async def test_a_program_is_asked_to_leave(run: Run, tmp_path: Path) -> None:
    async with run(POLITE, str(tmp_path / "left")):
        await run.is_here()

    assert (tmp_path / "left").read_text() == signal.SIGINT.name
    assert children() == []


async def test_a_program_that_does_not_leave_is_killed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_STOP_WITHIN", 0.1)

    with pytest.raises(DemoError, match="It did not stop"):
        async with run(STUBBORN):
            await run.is_here()

    await until(_no_children, "the end", seconds=5)


async def test_a_program_is_stopped_when_something_fails_beside_it(run: Run, tmp_path: Path) -> None:
    async def work() -> None:
        async with run(POLITE, str(tmp_path / "left")):
            await run.is_here()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()

    assert (tmp_path / "left").exists()


async def test_being_told_to_stop_twice_kills(run: Run) -> None:
    async def work() -> None:
        async with run(STUBBORN):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await run.is_here()
    task.cancel()
    with pytest.raises(TimeoutError):  # it waits for the program, which ignores us
        await asyncio.wait_for(asyncio.shield(task), 0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await until(_no_children, "the end", seconds=5)


async def test_work_ends_with_the_program_that_it_needs(run: Run) -> None:
    async with run(FAILING) as program:
        with pytest.raises(DemoError, match=r"It has ended \(code 1\):\n    no configuration"):
            await program.during(asyncio.sleep(60))


async def test_the_end_of_a_program_explains_the_failure_of_the_work(run: Run) -> None:
    async def work() -> None:
        await asyncio.sleep(0.01)
        raise DemoError("hung up")

    async with run("import time; time.sleep(0.2); raise SystemExit('out of memory')") as program:
        with pytest.raises(DemoError, match="out of memory"):
            await program.during(work())


async def test_work_has_its_own_result_or_failure(run: Run, tmp_path: Path) -> None:
    async def fail() -> None:
        raise DemoError("my own fault")

    async with run(POLITE, str(tmp_path / "left")) as program:
        await run.is_here()
        assert await program.during(asyncio.sleep(0, "result")) == "result"
        with pytest.raises(DemoError, match="my own fault"):
            await program.during(fail())


async def test_it_is_known_where_a_program_listens(run: Run) -> None:
    async with run(LISTENING) as program:
        await run.is_here()

        assert program.listens_at() == {LOOPBACK}
        assert program.memory() > 1_000_000


async def test_a_program_that_does_not_listen_has_no_address(run: Run) -> None:
    async with run(STUBBORN.replace("SIG_IGN", "SIG_DFL")) as program:
        await run.is_here()

        assert program.listens_at() == set()


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)

    assert is_free(port)


async def test_waiting_has_an_end_and_says_for_what() -> None:
    async def never() -> None:
        return None

    with pytest.raises(DemoError, match="in vain for Godot"):
        await until(never, "Godot", seconds=0.01)


async def _no_children() -> bool | None:
    return not children() or None
