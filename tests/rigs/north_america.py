"""MyNISSAN, through its library."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import override

from homeassistant.const import CONF_COUNTRY, CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect import sources
from custom_components.nissanconnect.const import CONF_AUTH
from custom_components.nissanconnect.sources import Source

from ..simulator import Fault
from ..simulator.cars.vehicle import SimulatedVehicle
from ..simulator.mynissan import EMAIL, PASSWORD, Detour, MyNissan
from .base import ServiceRig


class NorthAmerica(ServiceRig[MyNissan]):
    """Three vehicles; the LEAF stands at work."""

    source = Source.NORTH_AMERICA
    entered = {CONF_USERNAME: EMAIL, CONF_PASSWORD: PASSWORD, CONF_COUNTRY: "us"}

    @override
    def build(self) -> MyNissan:
        return MyNissan(now=dt_util.utcnow)

    @override
    async def open(self) -> None:
        await super().open()
        url = self.service.url
        self.place.monkeypatch.setattr(
            sources, "async_get_clientsession", lambda hass: Detour(async_get_clientsession(hass), url)
        )

    @property
    @override
    def vehicle(self) -> SimulatedVehicle:
        return self.service.vehicle("Leaf")

    @property
    @override
    def requests(self) -> int:
        return self.service.requests.total()

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        service = self.service
        lists: dict[str, Iterable[str]] = {
            "vehicle": service.cars,
            "access token": service.access,
            "refresh token": service.refresh,
            "device": service.devices,
            "kept": [each for each in self.entry.data[CONF_AUTH].values() if isinstance(each, str)],
        }
        found = {f"{name} {number}": each for name, several in lists.items() for number, each in enumerate(several)}
        return {**found, "e-mail": EMAIL, "password": PASSWORD, "other password": service.password}

    @override
    def reject(self) -> Mapping[str, str]:
        self.service.end_sessions(for_good=True)
        self.service.password = "changed in the app"
        return {CONF_PASSWORD: "changed in the app"}

    @property
    @override
    def attempts(self) -> int:
        return self.service.requests["token"]

    @override
    def admit(self) -> None:
        self.service.refresh.add(self.entry.data[CONF_AUTH]["refresh_token"])

    @override
    async def break_part(self) -> None:
        self.service.fail("VehicleLocation", Fault.http(500))

    @override
    async def go_down(self) -> None:
        self.service.fail("*", Fault.http(502))

    @override
    async def heal(self) -> None:
        self.service.heal()

    @override
    def faults(self) -> Iterator[Callable[[], object]]:
        vin = self.vehicle.info.key
        for fault in (
            Fault.http(500),
            Fault.html(502),
            Fault.malformed(),
            Fault.redirect(f"http://127.0.0.1:1/{EMAIL}"),
            Fault.values(message=f"{EMAIL} {vin}", level="half", ajar=vin, lock=vin, type=vin, unit=EMAIL),
            Fault(rewrite=lambda body: {"errors": [{"message": f"{EMAIL} {vin}", "path": [vin, vin]}], "data": body}),
            Fault.http(401),
        ):
            yield partial(self.service.fail, "*", fault)
