"""Running pytest in processes that have Home Assistant loaded already, which takes longer than most tests."""

from collections.abc import Sequence
from importlib import import_module
from multiprocessing import get_context
import os
from pathlib import Path
import sys

import pytest

_MODULES = ("tests.ha_compat", "pytest_homeassistant_custom_component.plugins")
"""What pytest loads before any code of ours; the first one has to be the first."""


_OPTIONS = ("-x", "-q", "--tb=short", "--show-capture=no", "-p", "no:cacheprovider", "-o", "timeout=120")
"""A test that hangs fails, but not one that a busy machine slows down."""


class WarmPytest:
    """Runs tests of one checkout, each time in a process of its own."""

    def __init__(self, checkout: Path, limit: float) -> None:
        """Make the checkout the one that this program works in; tests are stopped after ``limit`` seconds."""
        os.chdir(checkout)
        sys.path.insert(0, str(checkout))
        os.environ.pop("CI", None)  # the laws' usual examples, so that the outcome is the same each time
        sys.dont_write_bytecode = True  # that of a mutant would pass for the code's, if that is as long and as old
        for module in _MODULES:
            import_module(module)
        self._limit = limit

    def __call__(self, tests: Sequence[str]) -> int | None:
        """Run tests; see :data:`.trial.RunTests`. What they print is in ``pytest.log``."""
        process = get_context("fork").Process(target=_run, args=([*_OPTIONS, *tests],))
        process.start()
        process.join(self._limit)
        if process.is_alive():
            process.kill()
            process.join()
            return None
        return process.exitcode


def _run(arguments: list[str]) -> None:
    with Path("pytest.log").open("w") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
        os._exit(pytest.main(arguments))
