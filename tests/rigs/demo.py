"""The demo: no service, no log-in, no network."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import ClassVar, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.backends.demo import DemoBackend
from custom_components.nissanconnect.backends.demo.car import HOME, Car, Location
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
        (leaf,) = (car for car in self.backend._garage().values() if car.info.model == "Leaf")
        return leaf

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
        return [degrees for place in (HOME, self._car.place) for degrees in place[:2]]

    def _do(self, what: Callable[[], None]) -> None:
        self._car.plan(dt_util.utcnow(), what)

    @override
    def turn(self) -> bool:
        self.freezer.tick(1)
        plugs_in = not self._car.plugged_in
        self._do(self._car.plug_in if plugs_in else self._car.unplug)
        return plugs_in

    @override
    def move(self) -> None:
        def stand_elsewhere() -> None:
            car.place = Location(car.place.latitude + 0.25, car.place.longitude + 0.25)
            car.trips.clear()
            car.odometer += 40

        car = self._car
        self._do(stand_elsewhere)

    @property
    @override
    def secrets(self) -> Mapping[str, str]:
        assert self.entry.state is ConfigEntryState.LOADED
        return {f"vehicle {number}": key for number, key in enumerate(self.entry.runtime_data.vehicles)}
