"""Lets the test harness, which was cut from Home Assistant 2026.10.4, run on 2026.11.

pytest loads this with ``-p`` (see pyproject.toml), because it has to precede the harness's own entry point.
To be deleted once there is a harness for 2026.11.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
import sys
from types import ModuleType
from typing import override

# Installs Home Assistant's aliases of httpx and voluptuous. The harness imports respx first, which imports
# the real httpx, and from then on Home Assistant refuses to be imported.
import homeassistant  # noqa: F401

LOGGER = "homeassistant.components.logger"


class _LoggerLoader(SourceFileLoader):
    """Puts a function back into the logger component, where the harness still looks for it."""

    @override
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        vars(module)["_clear_logger_overwrites"] = import_module(f"{LOGGER}.helpers")._clear_logger_overwrites


class _LoggerFinder(MetaPathFinder):
    """Waits for the import: the harness must patch the clock before any module of Home Assistant uses it."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != LOGGER:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.origin is not None:
            spec.loader = _LoggerLoader(fullname, spec.origin)
        return spec


sys.meta_path.insert(0, _LoggerFinder())
