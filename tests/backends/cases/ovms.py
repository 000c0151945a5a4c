"""OVMS: a module at a broker. What is published counts as a request, if it is a command."""

from contextlib import AsyncExitStack
from typing import ClassVar, override

from custom_components.nissanconnect.backends.ovms import create
from custom_components.nissanconnect.vehicle import Command, StopClimate
from tests.simulator.ovms import MemoryBroker, MemoryBus, MemoryLink, OvmsModule
from tests.simulator_tests.cars import build

from .base import Case

VIN = "SJNFAAZE1U0456789"
USER = "ada-of-the-module"


class Ovms(Case):
    """A LEAF at home, whose module is connected."""

    name = "ovms"
    create = staticmethod(create)
    http = False
    fields = {"prefix": "ovms", "user": USER, "vehicle_id": "LEAF40-of-ada", "pin": "2580"}
    public = frozenset({"prefix"})
    command: ClassVar[Command | None] = StopClimate()
    bus: MemoryBus
    module: OvmsModule

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        self.bus = MemoryBus(MemoryBroker())
        prefix = f"ovms/{USER}/LEAF40-of-ada/"
        self.module = OvmsModule(
            build.leaf(VIN, self.clock()), MemoryLink(self.bus.broker), prefix=prefix, now=self.clock
        )
        self.module.connect()

    @property
    @override
    def arrived(self) -> int:
        return len(self.module.lines)

    @property
    @override
    def counted(self) -> int:
        return sum("/command/" in topic for topic, _, _ in self.bus.published)

    @override
    def lose(self) -> None:
        self.bus.broker.stop()
