"""TeslaFi: one feed, read-only, with a token that nothing renews."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import override

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.teslafi import create
from custom_components.nissanconnect.vehicle import Capability, VehicleInfo
from tests.simulator.opencarwings import LEAF_24
from tests.simulator.teslafi import TOKEN, TeslaFi

from .base import Case

FEED: dict[str, Json] = {
    "battery_level": "64",
    "battery_range": "120",
    "charge_limit_soc": "80",
    "odometer": "30120.5",
    "inside_temp": "19.5",
    "outside_temp": "7.5",
    "time_to_full_charge": "2.5",
    "tpms_front_left": "2.4",
    "pressure": "bar",
}
"""What the feed says of a vehicle."""


class TeslaFiFeed(Case):
    """The vehicle is awake."""

    name = "teslafi"
    create = staticmethod(create)
    offline_fields = {"url": "http://localhost/", "api_token": "t"}
    info = VehicleInfo(key=LEAF_24, capabilities=frozenset(Capability))
    service: TeslaFi

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        self.service = await stack.enter_async_context(TeslaFi(now=self.clock))
        self.service.asleep = False
        self.fields = {"url": self.service.url, "api_token": TOKEN}

    @property
    @override
    def arrived(self) -> int:
        return len(self.service.orders)

    @override
    def reject(self) -> None:
        self.service.token = "another"

    @staticmethod
    @override
    def documents() -> Sequence[Json]:
        return ({**FEED, "vin": LEAF_24, "data_id": 1, "latitude": "1.0", "longitude": "2.0"},)
