"""The programs that run beside us: started, watched, and stopped in order."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
import os
import signal
import socket
from typing import Any, Self

import psutil

from .console import DemoError

LOOPBACK = "127.0.0.1"

_STOP_WITHIN = 30.0
"""Seconds for a clean end. Home Assistant needs about one; its own limits add up to more when something hangs."""


class Program:
    """A running program and the last that it said."""

    def __init__(self, name: str, process: Process, heard: Callable[[str], None]) -> None:
        """Listen to a process that has just been started."""
        self.name = name
        self._process = process
        self._heard = heard
        self._last = deque[str](maxlen=15)
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        name: str,
        *command: str,
        heard: Callable[[str], None],
        env: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Self]:
        """Run a command as long as the context lasts; ``heard`` is called with every line that it prints.

        The command gets a session of its own: Ctrl-C at the terminal then reaches only us, and who depends on another
        program can be stopped before that is.
        """
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, limit=1 << 20, env=env, start_new_session=True
        )
        program = cls(name, process, heard)
        try:
            yield program
        finally:
            await program._stop()

    async def during[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do ``work``, which makes no sense without the program: fail as soon as that has ended."""
        working, ended = asyncio.create_task(work), asyncio.create_task(self.end())
        try:
            await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
            if working.done() and working.exception() is None:
                return working.result()
            # Who dies cuts the connections first, so the work may be the first to notice.
            await asyncio.wait({ended}, timeout=1)
            if ended.done():
                raise DemoError(f"{self.name} has ended (code {ended.result()}):\n{self.last_words}")
            return working.result()
        finally:
            working.cancel()
            ended.cancel()
            await asyncio.wait({working, ended})

    async def end(self) -> int:
        """Wait until the program ends by itself and has said all; return its code."""
        code = await self._process.wait()
        await asyncio.wait({self._listening})
        return code

    @property
    def last_words(self) -> str:
        """The last lines that it printed."""
        return "\n".join(f"    {line}" for line in self._last)

    def memory(self) -> int:
        """Return the bytes of memory that it holds (resident set)."""
        resident: int = psutil.Process(self._process.pid).memory_info().rss
        return resident

    def listens_at(self) -> set[str]:
        """Return the addresses at which it can be reached over TCP, from the system's table of sockets."""
        sockets = psutil.Process(self._process.pid).net_connections("tcp")
        return {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN}

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self._last.append(line)
            self._heard(line)

    async def _stop(self) -> None:
        """Ask politely; insist after a while, or at once when we are ourselves told to stop a second time."""
        try:
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGINT)
                async with asyncio.timeout(_STOP_WITHIN):
                    await self._process.wait()
        except TimeoutError:
            raise DemoError(f"{self.name} did not stop within {_STOP_WITHIN:.0f} s and was killed") from None
        finally:
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._listening.cancel()


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
