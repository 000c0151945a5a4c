"""The two programs of the demo, each as a context: inside it runs, after it everything has been stopped."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import re
import sys
from typing import Any

from aiohttp import ClientSession

from custom_components.nissanconnect.sources import SIMULATOR_VARIABLE

from . import log
from .client import TIMEOUT, HomeAssistant
from .console import Console, DemoError
from .furnish import add_account, show_dashboard, wait_for_vehicles
from .processes import LOOPBACK, Program
from .seed import LOG, seed
from .vehicles import Vehicle
from .waiting import until

_START_WITHIN = 120.0
"""Seconds. Home Assistant needs about five; on a small machine, and before anything is compiled, far more."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulator of NissanConnect Europe, and its address."""

    program: Program
    url: str


@dataclass(frozen=True, slots=True)
class Home:
    """A Home Assistant that is up, with the vehicles in it; ``account`` is the id of their config entry."""

    api: HomeAssistant
    directory: Path
    program: Program
    account: str
    vehicles: list[Vehicle]
    dashboard: dict[str, Any]


@asynccontextmanager
async def simulator(console: Console, *options: str) -> AsyncGenerator[Simulator]:
    """Run the simulator."""
    urls: list[str] = []

    def hear(line: str) -> None:
        urls.extend(re.findall(r"http://127\.0\.0\.1:\d+", line))

    async def url() -> str | None:
        return urls[0] if urls else None

    console.step("Starting the simulator of NissanConnect Europe")
    command = (sys.executable, "-m", "tests.simulator", "--tour", *options)
    async with Program.running("The simulator", *command, heard=hear) as program:
        yield Simulator(program, await program.during(until(url, "the simulator's address", seconds=60)))


@asynccontextmanager
async def home_assistant(directory: Path, port: int, simulator_url: str, console: Console) -> AsyncGenerator[Home]:
    """Run Home Assistant and set up in it what is not there yet, until the vehicles can be seen."""
    warnings: set[str] = set()

    def hear(line: str) -> None:
        text = log.without_time(line)
        if log.is_our_warning(text) and text not in warnings:
            warnings.add(text)
            console.say(f"    {text}")

    console.step(f"Starting Home Assistant, whose log is {directory / LOG}")
    seed(directory, port, simulator_url)
    hass = str(Path(sys.executable).with_name("hass"))
    command = (hass, "--config", str(directory), "--skip-pip", "--log-no-color")
    # When it cannot have the address that it is configured for, Home Assistant goes into recovery mode and listens on
    # all addresses, at SETUP_PORT. With the same port it cannot have those either.
    env = os.environ | {SIMULATOR_VARIABLE: simulator_url, "SETUP_PORT": str(port)}
    async with (
        Program.running("Home Assistant", *command, heard=hear, env=env) as program,
        ClientSession(timeout=TIMEOUT) as session,
    ):
        api = HomeAssistant(f"http://{LOOPBACK}:{port}", session)
        await program.during(api.wait_until_it_answers(seconds=_START_WITHIN))
        if (addresses := program.listens_at()) != {LOOPBACK}:
            raise DemoError(f"Home Assistant listens on {', '.join(sorted(addresses))} instead of {LOOPBACK} alone")
        await program.during(api.onboard())
        async with api.logged_in():
            home = await program.during(_set_up(api, directory, program, console))
        yield home


async def _set_up(api: HomeAssistant, directory: Path, program: Program, console: Console) -> Home:
    await api.wait_until_it_runs(seconds=_START_WITHIN)
    account = await add_account(api, directory, console)
    vehicles = await wait_for_vehicles(api, console)
    return Home(api, directory, program, account, vehicles, await show_dashboard(api, vehicles))
