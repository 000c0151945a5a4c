"""Run the simulator by itself: ``python -m tests.simulator --port 8099``."""

import argparse
import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import signal
import sys
import time
from zoneinfo import ZoneInfo

from . import EMAIL, PASSWORD, Simulator
from .cars.telematics import Manner
from .companions import Companions
from .server import Control
from .tour import TourClock, garage
from .wallbox import Wallbox
from .world import Clock


def clock(speed: float) -> Clock:
    """Return a clock that starts with the present and runs ``speed`` times as fast."""
    began, start = datetime.now(UTC), time.monotonic()
    return lambda: began + timedelta(seconds=(time.monotonic() - start) * speed)


async def serve(
    simulator: Simulator,
    companions: Companions,
    port: int,
    max_seconds: float | None,
    controls: Mapping[str, Control],
) -> None:
    """Serve until interrupted, terminated or out of time."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, done.set)
    try:
        url = await simulator.start(port, {**controls, **companions.controls})
        print(f"URL:      {url}\nE-mail:   {EMAIL}\nPassword: {PASSWORD}", flush=True)
        async with asyncio.timeout(max_seconds):
            await done.wait()
    except TimeoutError:
        pass
    finally:
        companions.stop()
        await simulator.stop()


def main(arguments: list[str]) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="tests.simulator", description="NissanConnect Europe on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="where to listen; by default any free port")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than real time it runs")
    parser.add_argument("--seed", type=int, default=0, help="decides what is left to chance")
    parser.add_argument("--zone", type=ZoneInfo, default="UTC", help="by which local time the vehicles' people live")
    parser.add_argument(
        "--wake-delay",
        nargs=2,
        type=float,
        default=(10.0, 60.0),
        metavar=("LEAST", "MOST"),
        help="the seconds after which a sleeping vehicle gets to a command",
    )
    parser.add_argument("--give-up", type=float, metavar="SECONDS", help="when an unanswered command has timed out")
    parser.add_argument("--uncovered", action="append", default=[], metavar="MODEL", help="without mobile network")
    parser.add_argument("--refusing", action="append", default=[], metavar="MODEL", help="rejects every command")
    parser.add_argument("--max-seconds", type=float, help="stop by itself after this time")
    parser.add_argument("--tour", action="store_true", help="POST to /simulator/tour lets the LEAF drive a fast round")
    options = parser.parse_args(arguments)
    service_now = now = clock(options.speed)
    opened = None
    controls: dict[str, Control] = {}
    if options.tour:
        now = touring = TourClock(service_now)
        opened = garage(now(), seed=options.seed, zone=options.zone)
        controls = {"tour": lambda _: {"over": touring.begin()}}
    simulator = Simulator(garage=opened, now=now, service_now=service_now, seed=options.seed, zone=options.zone)
    least, most = options.wake_delay
    for car in simulator.cars.values():
        car.vehicle.telematics.wake_delay = (least, most)
        if options.give_up is not None:
            car.vehicle.telematics.give_up = timedelta(seconds=options.give_up)
    for model in options.uncovered:
        simulator.vehicle(model).telematics.covered = False
    for model in options.refusing:
        simulator.vehicle(model).telematics.manner = Manner.REFUSING
    leaf = simulator.vehicle("Leaf")
    companions = Companions(leaf, now)
    controls["wallbox"] = Wallbox(leaf, now).control
    controls["last-trip"] = lambda _: {"distance": leaf.cloud.trips[-1].distance}
    asyncio.run(serve(simulator, companions, options.port, options.max_seconds, controls))


if __name__ == "__main__":
    main(sys.argv[1:])
