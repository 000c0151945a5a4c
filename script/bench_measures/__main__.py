"""The command line of ``script/bench``."""

import argparse
from collections.abc import Callable, Mapping
from importlib import import_module
import logging
from time import perf_counter

from .table import Row, table

PARTS: Mapping[str, str] = {
    "week": "a week of commuters, compared with the policy of the best-known open integration",
    "latency": "from a command's execution to its confirmation",
    "setups": "setting up 1, 10 and 100 vehicles",
    "blocking": "how long the event loop stands still, and processor time",
    "imports": "what of the code a start has to wait for",
    "recorder": "what the recorder writes for a vehicle and day",
    "limit": "how far a vehicle charges beyond its target if its cloud reports seldom",
    "planner": "how fast and how cheap plans for charging are",
    "planned": "a night in which two vehicles charge by their plans in Home Assistant",
    "book": "a week in the books of two vehicles, beside what has really happened",
    "crowd": "a thousand vehicles in ten accounts for an hour, and a hundred for a working day",
}
"""The modules, each with a function ``measure``, and what they measure."""


def main() -> None:
    """Measure what was asked for and print it; a figure that is off its target is no failure."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="part", help="; ".join(f"{name}: {of}" for name, of in PARTS.items())
    )
    parser.add_argument("--quick", action="store_true", help="only see whether it works: the figures mean nothing")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    logging.disable(logging.WARNING)
    for name in options.parts or PARTS:
        began = perf_counter()
        measure: Callable[..., list[Row]] = import_module(f".{name}", __package__).measure
        rows = measure(quick=options.quick)
        print(f"\n{name}: {PARTS[name]} ({perf_counter() - began:.0f} s)\n\n{table(rows)}", flush=True)


if __name__ == "__main__":
    main()
