"""NissanConnect of Europe and of Japan, which differ in how they are asked."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, timedelta
from functools import partial
from typing import ClassVar, override

from homeassistant.const import CONF_PASSWORD
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.const import CONF_AUTH
from custom_components.nissanconnect.sources import SIMULATOR_VARIABLE, Source
from custom_components.nissanconnect.vehicle import COMMANDS

from ..conftest import CREDENTIALS, NOON
from ..simulator import EMAIL, PASSWORD, Fault, Simulator
from ..simulator.cars.vehicle import SimulatedVehicle
from ..simulator.japan import SAKURA, UUIDS, japanese_garage
from .base import ServiceRig


class Kamereon(ServiceRig[Simulator]):
    """Both of them."""

    entered = CREDENTIALS

    @override
    async def open(self) -> None:
        await super().open()
        self.service.sign_on_lasts = timedelta()  # who has no token has to say a password
        self.place.monkeypatch.setenv(SIMULATOR_VARIABLE, self.service.url)

    @property
    @override
    def requests(self) -> int:
        return self.service.total

    @property
    @override
    def wakes(self) -> int:
        return self.service.requests["wakes"]

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        account, tokens = self.service.account, self.service.tokens
        vehicles = {f"vehicle {number}": key for number, key in enumerate(self.service.cars)}
        issued = {f"token {number}": each for number, each in enumerate((*tokens.access, *tokens.refresh))}
        saved = self.entry.data[CONF_AUTH].items()
        kept = {name: str(value) for name, value in saved if "token" in name and value is not None}
        mine = {"e-mail": EMAIL, "its name": EMAIL.split("@", maxsplit=1)[0] + "%40", "number": account.user_id}
        return {**vehicles, **issued, **kept, **mine, "password": PASSWORD, "other password": account.password}

    @override
    def reject(self) -> Mapping[str, str]:
        self.service.tokens.revoke_access()
        self.service.tokens.revoke_refresh()
        self.service.account.password = "changed in the app"
        return {CONF_PASSWORD: "changed in the app"}

    @property
    @override
    def attempts(self) -> int:
        return self.service.requests["login"]

    @override
    def send_again(self, key: str, kind: str, ticket: str) -> None:
        command = next(each for each in COMMANDS if each.kind() == kind)
        vehicle = self.service.cars[key].vehicle
        vehicle.advance(dt_util.utcnow())
        action = vehicle.order(command())
        actions = vehicle.telematics.actions
        actions[ticket] = actions.pop(action.id)
        self.service.action_types[ticket] = "HvacStart"

    @override
    async def break_part(self) -> None:
        self.service.fail("location", Fault.http(500))

    @override
    async def go_down(self) -> None:
        self.service.fail("*", Fault.http(503))

    @override
    async def heal(self) -> None:
        self.service.heal()

    @override
    def faults(self) -> Iterator[Callable[[], object]]:
        vin = self.vehicle.info.key
        for fault in (
            Fault.http(500),
            Fault.html(502, f"{EMAIL} {vin}"),
            Fault.malformed(),
            Fault.errors_in_200("500", f"{EMAIL} {vin}"),
            Fault.redirect(f"http://127.0.0.1:1/{EMAIL}"),
            Fault.http(403, "403", "security.access", f"Access denied for {vin}"),
            Fault.values(gpsLatitude=vin, batteryLevel=vin, hvacStatus=vin, lockStatus=[vin]),
        ):
            yield partial(self.service.fail, "*", fault)


class Europe(Kamereon):
    """Three vehicles; the LEAF stands at work."""

    source = Source.EUROPE

    @override
    def build(self) -> Simulator:
        return Simulator(now=dt_util.utcnow)

    @property
    @override
    def vehicle(self) -> SimulatedVehicle:
        return self.service.vehicle("Leaf")


class Japan(Kamereon):
    """Two vehicles with frame numbers; the Sakura stands at work. Nothing can be asked of them."""

    source = Source.JAPAN
    name: ClassVar[str] = "sakura"

    @override
    def build(self) -> Simulator:
        return Simulator(now=dt_util.utcnow, garage=japanese_garage(NOON, UTC), user_id="437001")

    @property
    @override
    def vehicle(self) -> SimulatedVehicle:
        self.service.advance()
        return self.service.cars[SAKURA].vehicle

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        return {**super().secrets, **{f"UUID of {key}": uuid for key, uuid in UUIDS.items()}}
