"""The demo: no service, no log-in, no network."""

from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.backends.demo import DemoBackend
from custom_components.nissanconnect.backends.demo.car import HOME, Car, Ride
from custom_components.nissanconnect.backends.demo.mapping import state_of
from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.vehicle import Group, VehicleInfo, VehicleReport

from .base import Rig


class Demo(Rig):
    """Three vehicles inside Home Assistant; the LEAF stands at work."""

    source = Source.DEMO
    logs_in: ClassVar[bool] = False
    can_fail: ClassVar[bool] = False
    kept: ClassVar[str | None] = None
    _backend: DemoBackend

    @override
    async def open(self) -> None:
        await super().open()
        self._reads = 0
        read = DemoBackend.read

        async def counted(
            backend: DemoBackend, vehicle: VehicleInfo, groups: Collection[Group] | None = None
        ) -> VehicleReport:
            self._reads += 1
            return await read(backend, vehicle, groups)

        self.place.monkeypatch.setattr(DemoBackend, "read", counted)

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
    def _car(self) -> Car:
        """The LEAF as it is now."""
        (leaf,) = (car for car in self.backend._cars.values() if car.info.model == "Leaf")
        return self.backend.find(leaf.info)

    @property
    @override
    def requests(self) -> int:
        return self._reads

    @property
    @override
    def wakes(self) -> int:
        return len(self.backend._progress)

    @property
    @override
    def level(self) -> float:
        return self._car.level

    @property
    @override
    def coordinates(self) -> Iterable[float]:
        position = state_of(self._car, dt_util.utcnow()).position
        assert position is not None
        return [*HOME, position.latitude, position.longitude]

    @override
    def turn(self) -> bool:
        self.freezer.tick(1)
        car, plugs_in = self._car, not self._car.plugged_in

        def turn() -> None:
            car.plugged_in, car.ordered = plugs_in, None

        car.plan(dt_util.utcnow(), turn)
        return plugs_in

    @override
    def move(self) -> None:
        def stand_elsewhere() -> None:
            outing = car.trips[-1].outing
            elsewhere = outing._replace(latitude=outing.latitude + 0.25, longitude=outing.longitude + 0.25)
            car.trips.append(Ride(elsewhere, homewards=False, started_at=car.trips[-1].ended_at, ended_at=car.now))
            car.odometer += 40

        car = self._car
        car.plan(dt_util.utcnow(), stand_elsewhere)

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        assert self.entry.state is ConfigEntryState.LOADED
        return {f"vehicle {number}": key for number, key in enumerate(self.entry.runtime_data.vehicles)}
