"""How long it takes to import what an account of each source needs, compared with Home Assistant's own Renault.

That speaks with the same service as MyNISSAN Europe. Its modules can be imported only where its library is installed
(``renault-api``); without it there is nothing to compare with. What of Home Assistant either needs is there already,
and so is the bytecode, as at every start but the first.
"""

from collections.abc import Callable, Collection
import gc
from importlib import import_module
from importlib.util import find_spec
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

_ON_DEMAND = {"__init__", "statistics", "mqtt_client"}
"""Is not imported by name, or by whoever needs it."""

_PEER = "homeassistant.components.renault"
_LIKE_THE_PEER, _FACTOR = "MyNISSAN Europe", 1.2


def _peer() -> tuple[str, ...]:
    """Return the modules of Home Assistant's Renault, if they can be imported."""
    found = find_spec(_PEER) if find_spec("renault_api") else None
    directories = found.submodule_search_locations if found is not None else None
    return tuple(
        f"{_PEER}.{path.stem}"
        for directory in directories or ()
        for path in sorted(Path(directory).glob("*.py"))
        if path.stem not in ("__init__", "diagnostics")
    )


def _wanted() -> dict[str, tuple[str, ...]]:
    """Return the modules that an account of each source needs, by the title of the source."""
    from custom_components.nissanconnect.sources import SOURCES  # noqa: PLC0415 - the process that measures has not

    shell = sorted(path.stem for path in Path(*_OURS.split(".")).glob("*.py") if path.stem not in _ON_DEMAND)
    return {
        row.title: tuple(
            f"{_OURS}.{name}"
            for name in (*shell, f"backends.{row.module}", *(["mqtt_client"] if row.uses_mqtt else []))
        )
        for row in SOURCES.values()
    }


def measure(*, quick: bool) -> list[Row]:
    """Return the processor times."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    wanted = _wanted()
    arguments = (str(2 if quick else _RUNS), json.dumps([*wanted.values(), _peer()]))
    with TemporaryDirectory() as bytecode:
        command = [sys.executable, "-X", f"pycache_prefix={bytecode}", "-m", __name__, *arguments]
        found = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    *ours, theirs = (median(runs[1:]) * 1000 for runs in json.loads(found))  # the first run compiled
    peer = theirs if _peer() else None
    return [
        Row(
            name=name,
            value=value,
            unit="ms",
            baseline=peer,
            target=f"≤ {_FACTOR} of it" if peer and name == _LIKE_THE_PEER else "",
            met=value <= _FACTOR * peer if peer and name == _LIKE_THE_PEER else None,
        )
        for name, value in zip(wanted, ours, strict=True)
    ]


def _main(runs: int, wanted: Collection[Collection[str]]) -> None:
    """Print the seconds of each run for each collection of modules, as a list of lists."""
    for module in _apart(_imported, tuple(name for names in wanted for name in names)):
        import_module(module)
    gc.disable()
    print(json.dumps([[_apart(_seconds, names) for _ in range(runs)] for names in wanted]))


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


def _imported(names: Collection[str]) -> list[str]:
    """Import, and return what of Home Assistant that has brought along."""
    _seconds(names)
    return [name for name in sys.modules if name.startswith("homeassistant.") and not name.startswith(_PEER)]


def _seconds(names: Collection[str]) -> float:
    start = process_time()
    for name in names:
        import_module(name)
    return process_time() - start


if __name__ == "__main__":
    _main(int(sys.argv[1]), json.loads(sys.argv[2]))
