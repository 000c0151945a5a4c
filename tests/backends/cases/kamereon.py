"""NissanConnect of Europe and of Japan."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, timedelta
from typing import ClassVar, override

from custom_components.nissanconnect.backends import kamereon
from custom_components.nissanconnect.backends.base import Fields, Json
from custom_components.nissanconnect.backends.kamereon import japan
from custom_components.nissanconnect.vehicle import Capability, Command, Refresh, VehicleInfo
from tests.simulator import EMAIL, PASSWORD, Simulator
from tests.simulator.japan import UUIDS, japanese_garage

from ..conftest import NOW
from ..kamereon.bodies import body
from ..kamereon.fake import LEAF
from .base import Case


class Europe(Case):
    """Three vehicles; the first is a LEAF."""

    name = "kamereon"
    create = staticmethod(kamereon.create)
    fields: Fields = {"username": EMAIL, "password": PASSWORD, "device_id": "ha-01234567"}
    command: ClassVar[Command | None] = Refresh()
    offline_fields: ClassVar[Fields] = fields
    logged_in: ClassVar[Json] = {
        "access_token": "a",
        "refresh_token": "r",
        "expires_at": (NOW + timedelta(hours=9)).isoformat(),
        "user_id": "u",
    }
    info: ClassVar[VehicleInfo] = replace(LEAF, capabilities=frozenset(Capability))
    service: Simulator

    def build(self) -> Simulator:
        """Return the stand-in."""
        return Simulator(now=self.clock)

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        self.service = await stack.enter_async_context(self.build())
        self.service.sign_on_lasts = timedelta()  # without a token there is no way but the password
        self.simulator = self.service.url

    @property
    @override
    def arrived(self) -> int:
        return self.service.requests["wakes"]

    @override
    def expire(self) -> None:
        self.service.tokens.revoke_access()

    @override
    def reject(self) -> None:
        self.service.tokens.revoke_access()
        self.service.tokens.revoke_refresh()
        self.service.account.password = "another"

    @staticmethod
    @override
    def documents() -> Sequence[Json]:
        return [
            *(
                body(name)
                for name in (
                    "battery-status.v1.leaf.charging",
                    "battery-status.v2.ariya",
                    "cars.v5",
                    "charge-mode.v1",
                    "cockpit.v1.qashqai",
                    "health-status.v1",
                    "hvac-status.v1.leaf",
                    "location.v1.leaf",
                    "lock-status.v1.qashqai",
                    "notifications.v2",
                    "pressure.v1",
                    "trip-history.v1",
                )
            ),
            {
                "data": {
                    "id": "1",
                    "attributes": {"status": "COMPLETED", "data": [{"name": "srpLoginS", "value": "00"}]},
                }
            },
            {
                "data": {
                    "id": "7",
                    "attributes": {"vehicles": [{"vin": "E13-1", "uuid": "u", "services": [12, "2021"]}]},
                }
            },
            {"data": {"attributes": {"access_token": "a", "refresh_token": "r", "expires_in": 1800}}, "userId": "1"},
            {"access_token": "a", "id_token": "i", "expires_in": 1800},
            {"errors": [{"status": "Forbidden", "code": "403009", "title": "Forbidden action"}]},
        ]


class Japan(Europe):
    """Two vehicles; the first is electric. It takes no commands."""

    name = "kamereon of japan"
    create = staticmethod(japan.create)
    command = None

    @override
    def build(self) -> Simulator:
        return Simulator(now=self.clock, garage=japanese_garage(NOW, UTC), user_id="437001")

    @property
    @override
    def secrets(self) -> set[str]:
        return {*super().secrets, *UUIDS.values()}
