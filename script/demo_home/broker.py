"""The MQTT broker between the LEAF's OVMS module and Home Assistant, where the machine has one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from tests.mosquitto import MISSING, Mosquitto, program

from .console import Console
from .processes import LOOPBACK, Program, free_port, is_free
from .waiting import until

_PORT = "port"
"""The file in which the port is kept: Home Assistant remembers it from one start to the next."""


@asynccontextmanager
async def broker(console: Console, directory: Path) -> AsyncGenerator[Mosquitto | None]:
    """Run Mosquitto, if the machine has it, with what it keeps in ``directory``."""
    if program("mosquitto") is None:
        console.step(f"The LEAF stays without its OVMS module: there is {MISSING}")
        yield None
        return
    mosquitto = _prepare(directory)
    if not is_free(mosquitto.port):
        console.step(f"The LEAF stays without its OVMS module: its broker's port {mosquitto.port} is in use")
        yield None
        return
    async with Program.running("Mosquitto", *mosquitto.prepare(), heard=lambda line: None) as running:
        await running.during(until(partial(_answers, mosquitto.port), "Mosquitto", seconds=30))
        yield mosquitto


def _prepare(directory: Path) -> Mosquitto:
    directory.mkdir(parents=True, exist_ok=True)
    kept = directory / _PORT
    if not kept.exists():
        kept.write_text(str(free_port()))
    return Mosquitto(directory, int(kept.read_text()))


async def _answers(port: int) -> bool | None:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return None
    writer.close()
    return True
