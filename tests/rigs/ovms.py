"""An OVMS module at a broker in memory, as `test_ovms.py` has it; `test_ovms_mosquitto.py` has a real broker."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, override

from homeassistant.const import CONF_PIN, CONF_PREFIX
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect import mqtt_client
from custom_components.nissanconnect.const import CONF_USER, CONF_VEHICLE_ID
from custom_components.nissanconnect.sources import Source

from ..simulator.cars.vehicle import SimulatedVehicle
from ..simulator.ovms import MemoryBroker, MemoryBus, MemoryLink, OvmsModule
from ..simulator_tests.cars import build
from .base import SimulatedRig

VIN = "SJNFAAZE1U0456789"
USER, VEHICLE, PIN = "ada-of-the-module", "LEAF40-of-ada", "2580"


class Ovms(SimulatedRig):
    """A LEAF that stands at home, with a module. The part that fails alone is what its filter keeps back."""

    source = Source.OVMS
    logs_in: ClassVar[bool] = False
    speaks: ClassVar[bool] = True
    asked: ClassVar[bool] = False
    entered = {CONF_PREFIX: "ovms", CONF_USER: USER, CONF_VEHICLE_ID: VEHICLE, CONF_PIN: PIN}

    @override
    async def open(self) -> None:
        await super().open()
        self.broker, self.subscribed = MemoryBroker(), 0
        vehicle = build.leaf(VIN, dt_util.utcnow())
        prefix = f"ovms/{USER}/{VEHICLE}/"
        self.module = OvmsModule(vehicle, MemoryLink(self.broker), prefix=prefix, now=dt_util.utcnow)
        self.module.connect()
        self._own = len(self.broker.subscriptions)
        self.place.monkeypatch.setattr(mqtt_client, "MqttBus", self._bus)

    def _bus(self, hass: object) -> MemoryBus:
        self.bus = MemoryBus(self.broker)
        return self.bus

    @override
    async def sleep(self, seconds: float) -> None:
        """Wait for what is gathered, which has come already; longer waits end as the test lets time pass."""
        if seconds <= 1:
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(seconds)

    @override
    async def settle(self) -> None:
        """Let the listener take in what was said: no task of Home Assistant's waits for it."""
        for _ in range(10):
            await asyncio.sleep(0)
        await super().settle()

    @property
    @override
    def vehicle(self) -> SimulatedVehicle:
        self.module.vehicle.advance(dt_util.utcnow())
        return self.module.vehicle

    @property
    @override
    def requests(self) -> int:
        return len(self.module.lines) + len(self.bus.published)

    @property
    @override
    def wakes(self) -> int:
        return len(self.module.lines)

    @override
    async def heard(self) -> bool:
        return len(self.broker.subscriptions) > self._own or bool(self.broker.watchers)

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        # Four digits alone are found in many a number.
        pins = {f"PIN as {each}": each for each in (f'"{PIN}"', f"'{PIN}'", f"={PIN}", f" {PIN}")}
        return {"VIN": VIN, "topic's user": USER, "topic's vehicle": VEHICLE, "SIM card": "8931000000", **pins}

    @override
    async def break_part(self) -> None:
        self.module.left_out = {"v.p.latitude", "v.p.longitude", "v.p.gpslock"}

    @override
    async def go_down(self) -> None:
        self.broker.stop()

    @override
    async def heal(self) -> None:
        self.module.left_out = set()
        if self.broker.up:
            self.module.tell_all()  # which it does every twenty minutes
        else:
            self.broker.start()
            self.module.connect()

    @override
    async def tell(self) -> None:
        self.module.tick()

    @override
    def faults(self) -> Iterator[Callable[[], object]]:
        here = self.vehicle.point
        where = f"{VIN} @{here.latitude:.6f},{here.longitude:.6f}"
        yield lambda: self.module.say("v.b.soc", where)
        yield lambda: self.module.say("v.p.latitude", where)
        yield lambda: self.module.say("v.vin", where)
        yield lambda: self.module.notify("alert", "flatbed.moved", f"Vehicle is being moved: {where}")
        yield self.module.cut
        yield self.module.connect
