"""The demo: no service, no log-in, no network."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.backends.demo import DemoBackend
from custom_components.nissanconnect.backends.demo.drive import Point
from custom_components.nissanconnect.backends.demo.electric import Electric
from custom_components.nissanconnect.backends.demo.vehicle import DemoVehicle
from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.vehicle import Group

from .base import Rig


class Demo(Rig):
    """Three vehicles inside Home Assistant; the LEAF stands at work."""

    source = Source.DEMO
    logs_in: ClassVar[bool] = False
    can_fail: ClassVar[bool] = False
    kept: ClassVar[str | None] = None
    _backend: DemoBackend

    @override
    async def add(self) -> ConfigEntry:
        result = await self.begin()
        await self.settle()
        self._backend = self.backend
        assert result["type"] is FlowResultType.CREATE_ENTRY
        return self.entry

    @property
    def backend(self) -> DemoBackend:
        """The one that runs, or ran last."""
        if self.entry.state is ConfigEntryState.LOADED:
            self._backend = self.entry.runtime_data.backend
        return self._backend

    @property
    def _found(self) -> DemoVehicle:
        garage = self.backend._opened
        assert garage is not None
        return next(each for each in garage.vehicles.values() if each.info.model == "Leaf")

    @property
    def vehicle(self) -> DemoVehicle:
        """The LEAF itself, brought up to date."""
        self._found.advance(dt_util.utcnow())
        return self._found

    @property
    @override
    def requests(self) -> int:
        """The vehicles live on only when somebody looks at them."""
        return round(self._found.now.timestamp())

    @property
    @override
    def wakes(self) -> int:
        return self._found.telematics.wakes

    @property
    @override
    def level(self) -> float:
        battery = self.vehicle.cloud.state.battery
        assert battery is not None
        assert battery.level is not None
        return battery.level

    @property
    @override
    def coordinates(self) -> Iterable[float]:
        return [*self.vehicle.home, *self.vehicle.point]

    @override
    def turn(self) -> bool:
        self.freezer.tick(1)
        vehicle = self.vehicle
        assert isinstance(vehicle.powertrain, Electric)
        if vehicle.powertrain.charger.plugged:
            vehicle.unplug()
        else:
            vehicle.plug_in()
        return vehicle.powertrain.charger.plugged

    @override
    def move(self) -> None:
        vehicle = self.vehicle
        vehicle.point = Point(vehicle.point.latitude + 0.25, vehicle.point.longitude + 0.25)
        vehicle.odometer += 40
        vehicle.report(Group)

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        assert self.entry.state is ConfigEntryState.LOADED
        return {f"vehicle {number}": key for number, key in enumerate(self.entry.runtime_data.vehicles)}
