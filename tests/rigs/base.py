"""What the matrix of tests needs of each source: its stand-in, ways to break that, and one vehicle to look at."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.nissanconnect import commands, reading, sources
from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.sources import Source
from custom_components.nissanconnect.vehicle import Group

from ..conftest import NOON, settle, until
from ..dialogs import choose
from ..simulator.cars.drive import Point
from ..simulator.cars.electric import Electric
from ..simulator.cars.vehicle import SimulatedVehicle
from ..simulator.loopback import Loopback


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rig stands: a Home Assistant, and the test's hands on the clock and on what is not to be real."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    monkeypatch: pytest.MonkeyPatch
    clients: ClientSessionGenerator
    """Makes whoever calls Home Assistant over HTTP."""


class Rig(ABC):
    """One source: its stand-in with one electric vehicle that is looked at, on the test's clock.

    What a source does not have is ``None`` or empty here, never a pretence.
    """

    source: ClassVar[Source]
    name: ClassVar[str] = "leaf"
    """How the vehicle is called in entity ids."""
    logs_in: ClassVar[bool] = True
    """Whether the source lets in only who has a secret, so that the owner may be asked for another one."""
    speaks: ClassVar[bool] = False
    """Whether the source speaks by itself."""
    asked: ClassVar[bool] = True
    """Whether it is asked now and then, so that :attr:`requests` grows."""
    can_fail: ClassVar[bool] = True
    """Whether there is anything between us and the vehicle that could be down."""
    kept: ClassVar[str | None] = "device_tracker.{}_location"
    """What the part tells that can fail alone; ``None`` if no part can."""
    named_by: ClassVar[Mapping[str, Collection[str]]] = {}
    """Which loggers of Home Assistant itself name a secret, where nobody can keep them from it."""
    leaves_timers: ClassVar[bool] = False
    """A library leaves timers behind that Home Assistant's tests would complain of."""

    held = False
    """Whether those who wait for an answer wait for good, so that what is on its way stays there."""

    def __init__(self, place: Place) -> None:
        self.hass = place.hass
        self.place = place
        self.freezer = place.freezer

    # The stand-in

    async def open(self) -> None:
        """Have the stand-in run, at noon."""
        self.freezer.move_to(NOON)
        await self.hass.config.async_set_time_zone("Europe/London")
        self.place.monkeypatch.setattr(reading, "random", lambda: 0.5)
        for module in (sources, commands):
            self.place.monkeypatch.setattr(module, "sleep", self.sleep)

    async def close(self) -> None:
        """Have nothing run any more."""
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            await self.hass.config_entries.async_remove(entry.entry_id)
        await settle(self.hass)

    @property
    @abstractmethod
    def requests(self) -> int:
        """How often anything was asked of the stand-in."""

    @property
    @abstractmethod
    def wakes(self) -> int:
        """How often the vehicle was started by what was asked of it."""

    @property
    @abstractmethod
    def level(self) -> float:
        """The battery level in % that the vehicle has last reported."""

    async def heard(self) -> bool:
        """Whether somebody still listens to a source that speaks by itself."""
        return False

    @property
    @abstractmethod
    def secrets(self) -> Mapping[str, str]:
        """What must not be seen, by what it is."""

    @property
    def places(self) -> Mapping[str, str]:
        """Where the vehicle is and lives, as precisely as would tell it, rounded and cut off."""
        found: dict[str, str] = {}
        for degrees in self.coordinates:
            found |= {f"place {shown}": shown for shown in (f"{degrees:.3f}", f"{degrees:.9f}"[:-6])}
        return found

    @property
    @abstractmethod
    def coordinates(self) -> Iterable[float]:
        """The degrees of latitude and longitude of the vehicle and of its home."""

    # What is done to it

    def reject(self) -> Mapping[str, str]:
        """Let nobody in with what was valid so far; return what is valid instead, as the dialog asks for it."""
        raise NotImplementedError

    @property
    def attempts(self) -> int:
        """How often somebody tried to get in."""
        return self.requests

    async def break_part(self) -> None:
        """Have the part fail that tells :attr:`kept`, and no other."""
        raise NotImplementedError

    async def go_down(self) -> None:
        """Have everything fail."""
        raise NotImplementedError

    async def heal(self) -> None:
        """Have everything work again."""
        raise NotImplementedError

    def admit(self) -> None:  # noqa: B027 - most let in whoever has the secret
        """Let in whom another stand-in has let in before, by what the entry keeps of that."""

    def send_again(self, key: str, kind: str, ticket: str) -> None:  # noqa: B027 - most know no tickets
        """Have a command of that kind on its way to the vehicle, under the ticket that another stand-in gave for it."""

    def faults(self) -> Iterator[Callable[[], object]]:
        """Every kind of answer that could tempt somebody to log it; each takes the place of the one before."""
        return iter(())

    # What the vehicle does

    @abstractmethod
    def turn(self) -> bool:
        """Plug the vehicle in, or unplug it, after a moment; return whether it is plugged in then."""

    @abstractmethod
    def move(self) -> None:
        """Have the vehicle stand somewhere else, and have got there on its own wheels."""

    async def tell(self) -> None:  # noqa: B027 - most have nothing to say
        """Have a source that speaks by itself do so; others wait to be asked."""

    # Home Assistant

    async def add(self) -> ConfigEntry:
        """Add the source in the dialog."""
        result = await self.submit(await self.begin(), self.entered)
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        return self.entry

    @property
    def entered(self) -> Mapping[str, str]:
        """What the owner types in."""
        return {}

    async def begin(self) -> ConfigFlowResult:
        """Open the dialog and choose the source."""
        return await choose(self.hass, self.source)

    async def submit(self, flow: ConfigFlowResult, entered: Mapping[str, Any]) -> ConfigFlowResult:
        """Fill in a form and wait for what comes of it."""
        result = await self.hass.config_entries.flow.async_configure(flow["flow_id"], dict(entered))
        await self.settle()
        return result

    @property
    def entry(self) -> ConfigEntry:
        """The one entry of this source."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        (entry,) = (each for each in entries if each.data[CONF_SOURCE] == self.source)
        return entry

    def id(self, entity: str) -> str:
        """Return the id of an entity of the vehicle, as ``sensor.{}_battery``."""
        return entity.format(self.name)

    async def settle(self) -> None:
        """Wait for what has begun."""
        await settle(self.hass)

    async def pass_time(self, duration: timedelta, step: timedelta = timedelta(minutes=10)) -> None:
        """Let time pass; Home Assistant does what is due, and the vehicle says what it has to say."""
        for _ in range(round(duration / step)):
            self.freezer.tick(step)
            async_fire_time_changed(self.hass)
            await self.tell()
            await self.settle()

    async def sleep(self, seconds: float) -> None:
        """Wait, for those who wait for an answer: the test's clock is moved instead."""
        if self.held:
            await asyncio.Event().wait()
        self.freezer.tick(seconds)
        await asyncio.sleep(0)

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait for what comes over the network by itself."""
        await until(self.hass, happened)


class SimulatedRig(Rig):
    """A source with one of the simulated cars behind it."""

    @property
    @abstractmethod
    def vehicle(self) -> SimulatedVehicle:
        """The vehicle itself, brought up to date."""

    @property
    @override
    def wakes(self) -> int:
        return self.vehicle.telematics.wakes

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


class ServiceRig[S: Loopback](SimulatedRig):
    """A source whose stand-in is a service on a port of this machine."""

    service: S

    @abstractmethod
    def build(self) -> S:
        """Return the service as it is before it is started."""

    @override
    async def open(self) -> None:
        await super().open()
        self.service = self.build()
        await self.service.start()

    @override
    async def close(self) -> None:
        await super().close()
        await self.service.stop()
