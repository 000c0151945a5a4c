"""What rides along in a vehicle of the simulator: its owner's OVMS module, and a phone with Leaf Spy."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from aiohttp import ClientError

from .cars.vehicle import SimulatedVehicle
from .leafspy_app import LeafSpyApp
from .ovms import OvmsModule
from .ovms.paho_link import PahoLink

PREFIX = "ovms/demo/LEAF/"

_TICK = 1.0
_SEND_EVERY = 10.0
"""Seconds."""


class Companions:
    """Told by a POST, because who tells is another process; what they need to know is in its JSON."""

    def __init__(self, vehicle: SimulatedVehicle, now: Callable[[], datetime]) -> None:
        """Lie in the vehicle, switched off."""
        self._vehicle = vehicle
        self._now = now
        self._module: OvmsModule | None = None
        self._tasks = dict[str, asyncio.Task[None]]()

    @property
    def controls(self) -> Mapping[str, Callable[[Mapping[str, Any]], None]]:
        """What can be told, by its name."""
        return {"module": self.connect_module, "module-dies": self.cut_module, "phone": self.start_phone}

    def connect_module(self, told: Mapping[str, Any]) -> None:
        """Let the module connect to the broker on a ``port`` of this machine."""
        link = PahoLink(
            asyncio.get_running_loop(),
            port=told["port"],
            client="leaf",
            username=told["username"],
            password=told["password"],
        )
        module = self._module = OvmsModule(self._vehicle, link, prefix=PREFIX, now=self._now)
        module.connect()
        self._start("module", self._tick(module))

    def cut_module(self, _told: Mapping[str, Any]) -> None:
        """Let the module lose its power; the broker publishes its last will."""
        self._stop("module")
        if self._module is not None:
            self._module.cut()

    def start_phone(self, told: Mapping[str, Any]) -> None:
        """Let the phone send to an ``address``, as it is typed into the app."""
        self._start("phone", self._send(LeafSpyApp(vehicle=self._vehicle), told["address"]))

    def stop(self) -> None:
        """Switch everything off."""
        self.cut_module({})
        self._stop("phone")

    async def _tick(self, module: OvmsModule) -> None:
        while True:
            await asyncio.sleep(_TICK)
            module.tick()

    async def _send(self, app: LeafSpyApp, address: str) -> None:
        while True:
            with suppress(ClientError, TimeoutError):  # the phone tries again, too
                await app.send(address)
            await asyncio.sleep(_SEND_EVERY)

    def _start(self, name: str, work: Any) -> None:
        self._stop(name)
        self._tasks[name] = asyncio.create_task(work)

    def _stop(self, name: str) -> None:
        if (task := self._tasks.pop(name, None)) is not None:
            task.cancel()
