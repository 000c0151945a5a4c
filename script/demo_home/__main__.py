"""The command line of ``script/demo``: starts everything, stops everything."""

import argparse
import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
import shutil
import signal
import sys
import tempfile

from tests.mosquitto import Mosquitto

from . import check, tour
from .book import fill_statistics, wait_for_trip
from .broker import broker
from .client import PASSWORD, USER
from .console import Console, DemoError
from .energy import fill_energy_dashboard
from .furnish import show_dashboard
from .plans import add_plans
from .processes import free_port, is_free
from .running import Home, home_assistant, simulator
from .seed import CHECKOUT, TIME_ZONE, forget_vehicles, locked
from .sources import add_module, add_phone
from .story import Part, tell_story
from .table import table
from .vehicles import fetch_states, fetch_vehicles, find_leaf

_RESTART = 100
"""The code with which Home Assistant ends when its user has asked for a restart."""

_WELCOME = """
    Home Assistant   {url}   user {user}, password {password}
    Simulator        {simulator}

    Ctrl-C stops everything.
"""


async def _stay(console: Console, port: int, *, fresh: bool) -> None:
    """Run until we are told to stop."""
    if not is_free(port):
        raise DemoError(f"Port {port} is in use. Choose another one: script/demo --port {port + 1}")
    directory = CHECKOUT / ".demo"
    with locked(directory, empty=fresh):
        forget_vehicles(directory)
        async with (
            simulator(console, "--zone", TIME_ZONE) as service,
            broker(console, directory / "mosquitto") as mosquitto,
        ):
            code, toured = _RESTART, False
            while code == _RESTART:
                async with home_assistant(directory, port, service.url, console) as home:
                    console.step("Ready")
                    urls = {"url": home.api.url, "simulator": service.url}
                    console.say(_WELCOME.format(user=USER, password=PASSWORD, **urls))
                    if not toured:
                        show = _show(home, service.url, mosquitto, console)
                        await service.program.during(home.program.during(show))
                        toured = True
                    code = await service.program.during(home.program.end())
    raise DemoError(f"Home Assistant has ended (code {code}):\n{home.program.last_words}")


async def _show(home: Home, simulator_url: str, mosquitto: Mosquitto | None, console: Console) -> None:
    """Show what alerts look like, then one vehicle from several sources; whatever fails, the demo goes on."""

    async def alerts() -> None:
        console.step("The LEAF finishes charging, drives a round and comes home within a minute: see its logbook")
        for line in await tour.watch(home.api, simulator_url, find_leaf(home.vehicles, home.account)):
            console.say(f"    LEAF {line}")

    async def module() -> None:
        if mosquitto is not None:
            await add_module(home, simulator_url, mosquitto, console)

    async def book() -> None:
        await wait_for_trip(home.api, find_leaf(home.vehicles, home.account))
        await fill_statistics(home.api, home.vehicles)

    async def controls() -> None:
        await show_dashboard(home.api, await fetch_vehicles(home.api))

    parts = (
        Part("the energy dashboard", partial(fill_energy_dashboard, home, console)),
        Part("the LEAF's tour", alerts),
        Part("the OVMS module", module),
        Part("the phone with Leaf Spy", partial(add_phone, home, simulator_url, console)),
        Part("the charge plans", partial(add_plans, home, console)),
        Part("the statistics of the book", book),
        Part("the new cards on the dashboard", controls),
    )
    async with home.api.logged_in():
        await tell_story(parts, console)


async def _check(console: Console) -> bool:
    """Run once in a directory of its own and look whether all is well; the directory stays if it is not."""
    directory, keep = Path(tempfile.mkdtemp(prefix="nissanconnect-demo-")), True
    try:
        good = await _look(console, directory)
        keep = not good
    except asyncio.CancelledError:
        keep = False
        raise
    finally:
        if keep:
            console.say(f"    What is left of it: {directory}")
        else:
            shutil.rmtree(directory)
    return good


async def _look(console: Console, directory: Path) -> bool:
    """Run twice, because the second time everything is there already, and look at each what it is there for."""
    good = await _look_at(check.RUNNING, console, directory)
    return await _look_at(check.STARTED_AGAIN, console, directory) and good


async def _look_at(checks: Iterable[check.Check], console: Console, directory: Path) -> bool:
    zone = check.evening(datetime.now(UTC))
    forget_vehicles(directory)
    async with (
        simulator(console, "--zone", zone, *check.STAGED) as service,
        broker(console, directory / "mosquitto") as mosquitto,
        home_assistant(directory, free_port(), service.url, console) as home,
    ):
        scene = check.Scene(home, directory, service.url, mosquitto, console)
        async with home.api.logged_in():
            good = await home.program.during(check.passes(checks, scene, console))
            console.say(f"\n{table(await fetch_states(home.api), home.vehicles)}\n")
        console.step(f"Stopping Home Assistant, which holds {home.program.memory() / 1e6:.0f} MB")
    return await check.passes(check.STOPPED, scene, console) and good


async def _run(options: argparse.Namespace, console: Console) -> int:
    work = asyncio.current_task()
    assert work is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        if not options.check:
            await _stay(console, options.port, fresh=options.fresh)
        elif await _check(console):
            console.step("All is well")
            return 0
    except DemoError as reason:
        console.step(str(reason))
    except asyncio.CancelledError:
        console.step("Stopped")
        return 130 if options.check else 0
    return 1


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="script/demo", description="Real Home Assistant with three simulated Nissans")
    parser.add_argument("--check", action="store_true", help="do not stay; look whether everything works")
    parser.add_argument("--port", type=int, default=8123, help="where Home Assistant listens (default: 8123)")
    parser.add_argument("--fresh", action="store_true", help="forget what the last demo has left behind")
    parser.add_argument("--since", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    return asyncio.run(_run(options, Console(options.since)))


if __name__ == "__main__":
    sys.exit(main())
