"""Leaf Spy on a phone, which calls Home Assistant's web server."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC
from typing import ClassVar, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.sources import Source

from ..leafspy import GOOD, PASSWORD, Client, verdict
from ..simulator.cars.vehicle import SimulatedVehicle
from ..simulator.leafspy_app import VIN, LeafSpyApp, old_leaf
from .base import SimulatedRig


class LeafSpy(SimulatedRig):
    """A LEAF that stands at home, with its owner in it. The part that fails alone is the phone's satellite receiver."""

    source = Source.LEAFSPY
    logs_in: ClassVar[bool] = False
    speaks: ClassVar[bool] = True
    asked: ClassVar[bool] = False
    entered = {"password": PASSWORD, "odometer_unit": "kilometres", "outside_unit": "automatic"}
    named_by: ClassVar[Mapping[str, Collection[str]]] = {
        "address": {"homeassistant.helpers.http", "homeassistant.components.webhook"}
    }
    """Its web server names every address that it serves, for those who have set it to DEBUG."""
    client: Client
    webhook_id = ""
    _calls = True

    @override
    async def open(self) -> None:
        await super().open()
        await async_process_ha_core_config(self.hass, {"external_url": "https://home.example.org"})
        assert await async_setup_component(self.hass, "webhook", {})
        self.client = await self.place.clients()
        self.app = LeafSpyApp(vehicle=old_leaf(dt_util.utcnow(), UTC), user="Petra-at-the-wheel", password=PASSWORD)

    @override
    async def add(self) -> ConfigEntry:
        address = await self.submit(await self.begin(), self.entered)
        placeholders = address["description_placeholders"] or {}
        self.webhook_id = placeholders["addresses"].splitlines()[0].rpartition("/")[2].strip("`")
        waiting = await self.submit(address, {})
        assert await self.call() == GOOD
        await self.settle()
        heard = await self.hass.config_entries.flow.async_configure(waiting["flow_id"])
        await self.submit(heard, {})
        assert self.entry.data[CONF_WEBHOOK_ID] == self.webhook_id
        return self.entry

    async def call(self) -> tuple[int, str]:
        """Send a message as the app does; return what it is told."""
        self.vehicle.advance(dt_util.utcnow())
        return await verdict(await self.client.get(f"/api/webhook/{self.webhook_id}", params=self.app.parameters()))

    @property
    @override
    def vehicle(self) -> SimulatedVehicle:
        self.app.vehicle.advance(dt_util.utcnow())
        return self.app.vehicle

    @property
    @override
    def requests(self) -> int:
        return 0

    @override
    async def heard(self) -> bool:
        return await self.call() == GOOD

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        return {"VIN": VIN, "address": self.webhook_id, "password": PASSWORD, "user": self.app.user}

    @override
    async def break_part(self) -> None:
        self.app.gps = False

    @override
    async def go_down(self) -> None:
        self._calls = False

    @override
    async def heal(self) -> None:
        self._calls, self.app.gps, self.app.password = True, True, PASSWORD

    @override
    async def tell(self) -> None:
        if self._calls and self.webhook_id:
            await self.call()

    @override
    def faults(self) -> Iterator[Callable[[], object]]:
        def guess() -> None:
            self.app.password = f"{PASSWORD}-or-so"

        yield guess
        yield lambda: setattr(self.app, "password", PASSWORD)
        yield lambda: setattr(self.app, "gps", False)
