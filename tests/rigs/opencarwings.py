"""OpenCARWINGS, which is asked and speaks by itself as well."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
import time
from typing import ClassVar, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.sources import Source

from ..simulator.cars.vehicle import SimulatedVehicle
from ..simulator.opencarwings import LEAF_24, SECRETS, OpenCarwings
from .base import ServiceRig


class OpenCarwingsRig(ServiceRig[OpenCarwings]):
    """An old LEAF that stands at home.

    The part that fails alone is the vehicle's details, behind a proxy that lets no socket through; a list is left.
    """

    source = Source.OPENCARWINGS
    name: ClassVar[str] = "old_leaf"
    kept: ClassVar[str | None] = "sensor.{}_odometer"
    speaks: ClassVar[bool] = True
    leaves_timers: ClassVar[bool] = True
    """The library of the socket leaves that of its next ping."""
    _down = False

    @override
    def build(self) -> OpenCarwings:
        service = OpenCarwings(dt_util.utcnow)
        service.add(LEAF_24)
        self._first_key = service.account.key
        return service

    @property
    @override
    def vehicle(self) -> SimulatedVehicle:
        self.service.advance()
        return self.service.cars[LEAF_24].vehicle

    @property
    @override
    def requests(self) -> int:
        return self.service.requests.total()

    @override
    async def heard(self) -> bool:
        await self.settle()
        return bool(self.service.sockets)

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        told = {secret: secret for secret in SECRETS}
        account, url = self.service.account, self.service.url
        return {**told, "key": self._first_key, "other key": account.key, "VIN": LEAF_24, "server": url}

    @property
    @override
    def entered(self) -> Mapping[str, str]:
        return {CONF_URL: self.service.url, CONF_API_KEY: self.service.account.key}

    @override
    async def add(self) -> ConfigEntry:
        entry = await super().add()
        await self.until(lambda: self.service.sockets == 1)
        return entry

    @override
    def reject(self) -> Mapping[str, str]:
        self.service.account.key = "a" * 40
        return {CONF_API_KEY: "a" * 40}

    @override
    async def break_part(self) -> None:
        self.service.fail("detail", 500)
        self.service.fail("socket", 403, text="<html>no</html>")
        await self.service.drop_sockets()

    @override
    async def go_down(self) -> None:
        self._down = True
        await self.service.stop()

    @override
    async def heal(self) -> None:
        self.service.heal()
        if self._down:
            self._down = False
            await self.service.start()

    @override
    def faults(self) -> Iterator[Callable[[], object]]:
        told = f"{LEAF_24} {self.service.account.key}"
        answers = ((500, told), (502, f"<html>{told}</html>"), (404, told), (200, told), (200, f'{{"vin": "{told}"}}'))
        for status, text in answers:
            yield partial(self._answer, status, text)
        yield partial(self._answer, 403, f'{{"detail": "{told}"}}')

    def _answer(self, status: int, text: str) -> None:
        self.service.heal()
        self.service.fail("*", status, text=text)

    @override
    async def tell(self) -> None:
        self.service.advance()

    @override
    async def settle(self) -> None:
        for _ in range(3):  # a frame takes a moment of real time
            await super().settle()
            await self.hass.async_add_executor_job(time.sleep, 0.004)
        await super().settle()
