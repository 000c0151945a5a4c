"""OpenCARWINGS, with a key or with a password, for which there are tokens."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import ClassVar, override

from custom_components.nissanconnect.backends.base import Fields, Json
from custom_components.nissanconnect.backends.opencarwings import create
from custom_components.nissanconnect.vehicle import Capability, Command, StopClimate, VehicleInfo
from tests.simulator.opencarwings import LEAF_24, LEAF_40, SECRETS, OpenCarwings

from ..conftest import NOW
from .base import Case


class OpenCarwingsKey(Case):
    """A newer LEAF, of which alerts are read as well."""

    name = "opencarwings by key"
    create = staticmethod(create)
    command: ClassVar[Command | None] = StopClimate()
    offline_fields: ClassVar[Fields] = {"url": "http://localhost", "api_key": "k"}
    info = VehicleInfo(key=LEAF_24.upper(), vin=LEAF_24, capabilities=frozenset(Capability))
    service: OpenCarwings

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        self.service = await stack.enter_async_context(OpenCarwings(self.clock))
        self.service.add(LEAF_40, "ficosa2016", capacity=40, health=93)
        self.fields = {"url": self.service.url, "api_key": self.service.account.key}

    @property
    @override
    def arrived(self) -> int:
        return self.service.dispatch.sms

    @override
    def reject(self) -> None:
        self.service.account.key = "another"

    @property
    @override
    def secrets(self) -> set[str]:
        return {*super().secrets, *SECRETS}

    @staticmethod
    @override
    def documents() -> Sequence[Json]:
        server = OpenCarwings(lambda: NOW, september=True)
        server.account.pin = "2468"
        cars = [server.add(LEAF_24), server.add(LEAF_40, "ficosa2016", capacity=40)]
        at = "2026-11-20T18:00:00Z"
        alert: Json = {
            "id": 5,
            "type": 1,
            "timestamp": at,
            "command_id": 1,
            "additional_data": "",
            "type_display": "x",
        }
        timer: Json = {"id": 1, "date": "2026-11-21", "time": "07:00:00", "enabled": True, "timer_type": 0}
        details: list[Json] = [car.detail() for car in cars]
        return [*details, details, {"car": details[0]}, [alert], [timer], {"access": "a"}]


class OpenCarwingsPassword(OpenCarwingsKey):
    """The same with a password."""

    name = "opencarwings by password"
    forgotten = frozenset({"password"})
    offline_fields = {"url": "http://localhost", "username": "x", "password": "y"}
    logged_in: ClassVar[Json] = {"access": "a", "refresh": "r"}

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        await super().open(stack)
        account = self.service.account
        self.fields = {"url": self.service.url, "username": account.username, "password": account.password}

    @override
    def expire(self) -> None:
        self.service.accounts.access.clear()

    @override
    def reject(self) -> None:
        self.expire()
        self.service.accounts.refresh.clear()
        self.service.account.password = "another"
