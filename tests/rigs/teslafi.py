"""TeslaFi: one endpoint that tells everything."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import override

from homeassistant.const import CONF_API_TOKEN, CONF_URL
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.sources import Source

from ..simulator.cars.vehicle import SimulatedVehicle
from ..simulator.teslafi import TOKEN, Say, TeslaFi
from .base import ServiceRig


class TeslaFiRig(ServiceRig[TeslaFi]):
    """A LEAF that stands at work and is kept awake. The part that fails alone is some fields of what is said."""

    source = Source.TESLAFI

    @override
    def build(self) -> TeslaFi:
        service = TeslaFi(now=dt_util.utcnow)
        service.asleep = False
        return service

    @property
    @override
    def vehicle(self) -> SimulatedVehicle:
        self.service.vehicle.advance(dt_util.utcnow())
        return self.service.vehicle

    @property
    @override
    def requests(self) -> int:
        return self.service.total

    @property
    @override
    def wakes(self) -> int:
        return len(self.service.orders)

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        vin = self.vehicle.info.key
        return {"token": TOKEN, "other token": self.service.token, "VIN": vin, "address": self.service.url}

    @property
    @override
    def entered(self) -> Mapping[str, str]:
        return {CONF_URL: self.service.url, CONF_API_TOKEN: TOKEN}

    @override
    def reject(self) -> Mapping[str, str]:
        self.service.token = "a-new-token-of-ours"
        return {CONF_API_TOKEN: self.service.token}

    @override
    async def break_part(self) -> None:
        self.service.changes = {"latitude": "", "longitude": ""}

    @override
    async def go_down(self) -> None:
        self.service.always(Say(status=502, text="<html>Bad Gateway"))

    @override
    async def heal(self) -> None:
        self.service.always(None)
        self.service.changes = {}

    @override
    def faults(self) -> Iterator[Callable[[], object]]:
        told = f"{TOKEN} {self.vehicle.info.key}"
        for say in (
            Say(status=500, text=told),
            Say(text=f"<html>{told}"),
            Say(text=told),
            Say(hang_up=True),
            Say.json({"data_id": told, "state": told, "vin": self.vehicle.info.key, "battery_level": told}),
            Say(status=302, headers={"Location": f"http://127.0.0.1:1/?token={TOKEN}"}),
        ):
            yield partial(self.service.always, say)
