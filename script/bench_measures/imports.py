"""How long it takes to import what an account of each source needs, compared with what all sources together would.

Home Assistant's own modules are there already, and so is the bytecode, as at every start but the first.
"""

from collections.abc import Callable, Collection, Mapping
import gc
from importlib import import_module
import json
from multiprocessing import get_context
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
from tempfile import TemporaryDirectory
from time import process_time

from .table import Row

_OURS = "custom_components.nissanconnect"
_RUNS = 9

_ON_DEMAND = {"__init__", "log_import", "mqtt_bus"}
"""Is not imported by name, or by whoever needs it."""

_SHELL = sorted(path.stem for path in Path(*_OURS.split(".")).glob("*.py") if path.stem not in _ON_DEMAND)
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "MyNISSAN Europe": ("backends.kamereon.europe",),
    "MyNISSAN North America": ("backends.mynissan",),
    "NissanConnect Japan": ("backends.kamereon.japan",),
    "OpenCARWINGS": ("backends.opencarwings",),
    "TeslaFi": ("backends.teslafi",),
    "OVMS": ("backends.ovms", "mqtt_bus"),
    "Leaf Spy": ("backends.leafspy",),
    "demo": ("backends.demo",),
}


def measure(*, quick: bool) -> list[Row]:
    """Return the processor times."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with TemporaryDirectory() as bytecode:
        command = [sys.executable, "-X", f"pycache_prefix={bytecode}", "-m", __name__, str(2 if quick else _RUNS)]
        found = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    *each, every = (median(runs[1:]) * 1000 for runs in json.loads(found))  # the first run compiled
    return [Row(name=name, value=value, unit="ms", baseline=every) for name, value in zip(_SOURCES, each, strict=True)]


def _main(runs: int) -> None:
    """Print the seconds of each run for each source, and for all of them together, as a list of lists."""
    every = tuple(module for modules in _SOURCES.values() for module in modules)
    for module in _apart(_imported, every):
        import_module(module)
    gc.disable()
    print(json.dumps([[_apart(_seconds, modules) for _ in range(runs)] for modules in (*_SOURCES.values(), every)]))


def _apart[T](measure: Callable[[Collection[str]], T], modules: Collection[str]) -> T:
    """Measure in a process that knows what this one knows, and takes what it imports along when it ends."""
    context = get_context("fork")
    result, told = context.Pipe(duplex=False)
    process = context.Process(target=lambda: told.send(measure(modules)))
    process.start()
    told.close()
    with result:
        found: T = result.recv()
    process.join()
    return found


def _imported(modules: Collection[str]) -> list[str]:
    """Import, and return what of Home Assistant that has brought along."""
    _seconds(modules)
    return [name for name in sys.modules if name.startswith("homeassistant.")]


def _seconds(modules: Collection[str]) -> float:
    start = process_time()
    for name in (*_SHELL, *modules):
        import_module(f"{_OURS}.{name}")
    return process_time() - start


if __name__ == "__main__":
    _main(int(sys.argv[1]))
