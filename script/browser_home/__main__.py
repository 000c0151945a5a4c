"""The command line of ``script/browser``: a home of its own with three vehicles, and what must hold in a browser."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
import shutil
import sys
import tempfile

from script.demo_home.check import STAGED, evening
from script.demo_home.console import Console, DemoError
from script.demo_home.processes import free_port
from script.demo_home.running import home_assistant, simulator

from .checks import Scene, passes
from .chromium import MISSING, chromium, program


async def _run(console: Console, pictures: Path) -> bool:
    if (path := program()) is None:
        console.step(f"Not tried in a browser: there is {MISSING}")
        return True
    directory = Path(tempfile.mkdtemp(prefix="nissanconnect-browser-"))
    try:
        async with (
            simulator(console, "--zone", evening(datetime.now(UTC)), *STAGED) as service,
            home_assistant(directory, free_port(), service.url, console) as home,
            home.api.logged_in(),
            chromium(path) as browser,
        ):
            console.step(f"Looking with Chromium {browser.version}")
            return await home.program.during(passes(Scene(home, browser, pictures), console))
    finally:
        shutil.rmtree(directory)


def main() -> int:
    """Run, and say where the pictures are."""
    console, pictures = Console(None), Path(tempfile.mkdtemp(prefix="nissanconnect-pictures-"))
    try:
        good = asyncio.run(_run(console, pictures))
    except DemoError as reason:
        console.step(str(reason))
        good = False
    console.step(f"Pictures of it: {pictures}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
