"""What switches the current of a charge plan: the vehicle itself, an entity of Home Assistant, or two scripts."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple, override

from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..commands import VehicleCommands
from ..coordinator import VehicleCoordinator
from ..vehicle import (
    Capability,
    Charging,
    CommandRecord,
    CommandStatus,
    Initiator,
    NotSupported,
    StartCharging,
    StopCharging,
)
from .meter import metered_energy, metered_power
from .outlet import Outlet, SwitchFailed
from .plans import SwitchChoice, SwitchedBy

_LEAST_POWER = 0.15
"""kW. Less than this is the charger's own consumption."""

INITIATOR: Final = "plan"
"""The kind of the initiator of a plan's commands."""


type ByHand = Callable[[bool, bool], None]
"""Takes whether the current was switched on, not by us, and whether a person or an automation surely did that."""


class Seen(NamedTuple):
    """Whether current was seen to flow, and when; ``None`` if that is not known."""

    flowing: bool | None = None
    at: datetime | None = None


class ChargeSwitch(ABC):
    """Switches the current of one vehicle, and tells what flows."""

    by_vehicle = False
    """Whether the vehicle itself starts and stops."""

    def __init__(self, hass: HomeAssistant, choice: SwitchChoice, coordinator: VehicleCoordinator) -> None:
        self.choice = choice
        self._hass = hass
        self._coordinator = coordinator

    @property
    @abstractmethod
    def problem(self) -> str | None:
        """The key of the reason why it cannot work at all, ``None`` if it can."""

    @property
    def available(self) -> bool:
        """Whether it can be switched at the moment."""
        return True

    @property
    def is_on(self) -> bool | None:
        """Whether an outlet says that it lets current flow; ``None`` if that cannot be said."""
        return None

    @property
    def can_stop(self) -> bool:
        """Whether it can stop a charge; otherwise there is one block, and it ends by itself."""
        return True

    @property
    def seen(self) -> Seen:
        """What is known about the current: from the meter, else from the vehicle."""
        if (power := self.metered_power) is not None:
            return Seen(power >= _LEAST_POWER, dt_util.utcnow())
        charging = self._charging
        return Seen(charging.active, charging.known_at) if charging and charging.active is not None else Seen()

    @property
    def metered_power(self) -> float | None:
        """The power in kW that the meter shows, ``None`` if there is none."""
        return metered_power(self._hass, self.choice.power_sensor)

    @property
    def metered_energy(self) -> float | None:
        """The energy in kWh that the meter has counted, ``None`` if there is none."""
        return metered_energy(self._hass, self.choice.energy_sensor)

    @property
    def _charging(self) -> Charging | None:
        return self._coordinator.data.charging

    @abstractmethod
    async def async_switch(self, on: bool, power: float, *, again: bool = False) -> None:
        """Let current flow at a ``power`` in kW, or stop it; ``again`` because it has not obeyed.

        Raises:
            SwitchFailed: That was not possible.
        """

    @abstractmethod
    def async_track(self, by_hand: ByHand, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call ``by_hand`` when somebody else switches, ``changed`` when what flows may have changed."""


class VehicleSwitch(ChargeSwitch):
    """The vehicle starts and stops by its own commands."""

    by_vehicle = True

    def __init__(
        self, hass: HomeAssistant, choice: SwitchChoice, coordinator: VehicleCoordinator, commands: VehicleCommands
    ) -> None:
        super().__init__(hass, choice, coordinator)
        self._commands = commands

    @property
    @override
    def problem(self) -> str | None:
        return None if Capability.START_CHARGING in self._coordinator.info.capabilities else NotSupported.key

    @property
    @override
    def can_stop(self) -> bool:
        return Capability.STOP_CHARGING in self._coordinator.info.capabilities

    @override
    async def async_switch(self, on: bool, power: float, *, again: bool = False) -> None:
        command = StartCharging() if on else StopCharging()
        job = self._commands.async_submit(command, Initiator(kind=INITIATOR))
        await job.ended.wait()
        if job.error is not None:
            raise SwitchFailed(job.error.key)
        if job.outcome is not None and job.outcome.status is not CommandStatus.CONFIRMED:
            raise SwitchFailed(job.outcome.reason or job.outcome.status)

    @override
    def async_track(self, by_hand: ByHand, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
        @callback
        def ended(record: CommandRecord) -> None:
            is_charge = record.command in (StartCharging.kind(), StopCharging.kind())
            if is_charge and record.asked_by.kind != INITIATOR and record.outcome.sent_at is not None:
                by_hand(record.command == StartCharging.kind(), True)

        return self._commands.log.async_add_listener(ended)


class EntitySwitch(ChargeSwitch):
    """An entity or two scripts of Home Assistant switch what feeds the vehicle."""

    def __init__(
        self, hass: HomeAssistant, choice: SwitchChoice, coordinator: VehicleCoordinator, commands: VehicleCommands
    ) -> None:
        super().__init__(hass, choice, coordinator)
        self._commands = commands
        self._outlet = Outlet(hass, choice)

    @property
    @override
    def problem(self) -> str | None:
        return self._outlet.problem

    @property
    @override
    def available(self) -> bool:
        return self._outlet.available

    @property
    @override
    def is_on(self) -> bool | None:
        return self._outlet.state[0]

    @property
    @override
    def seen(self) -> Seen:
        """A switch that is off stops the current, unless the vehicle has seen it flow since.

        One that is on says something only if nothing else can tell.
        """
        seen, (is_on, since) = super().seen, self._outlet.state
        if self.metered_power is not None:
            return seen
        flows_since = since is not None and seen.flowing and seen.at is not None and seen.at > since
        if is_on is False and not flows_since:
            return Seen(False, dt_util.utcnow())
        return Seen(is_on, dt_util.utcnow()) if seen.flowing is None else seen

    @override
    async def async_switch(self, on: bool, power: float, *, again: bool = False) -> None:
        if again and on and Capability.START_CHARGING in self._coordinator.info.capabilities:
            await self._outlet.async_set(True, power, again=True)
            self._commands.async_submit(StartCharging(), Initiator(kind=INITIATOR))
            return
        if again and on:  # a vehicle that sleeps wakes when current is offered anew (charging §6)
            await self._outlet.async_set(False)
        await self._outlet.async_set(on, power, again=again)

    @override
    def async_track(self, by_hand: ByHand, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
        before = self.seen.flowing

        @callback
        def state_changed(event: Event[EventStateChangedData]) -> None:
            nonlocal before
            if event.data["entity_id"] == self.choice.entity:
                was, now = (self._outlet.is_on(event.data[name]) for name in ("old_state", "new_state"))
                context = event.context
                if was is not None and now is not None and was is not now and not self._outlet.is_own(context):
                    by_hand(now, bool(context.user_id or context.parent_id))
            elif before is (before := self.seen.flowing):
                return  # a meter shows some other power all the time
            changed()

        watched = [each for each in (self.choice.entity, self.choice.power_sensor) if each]
        return async_track_state_change_event(self._hass, watched, state_changed)


def charge_switch(
    hass: HomeAssistant, choice: SwitchChoice, coordinator: VehicleCoordinator, commands: VehicleCommands
) -> ChargeSwitch:
    """Return what switches the current as it was chosen."""
    kind = VehicleSwitch if choice.by is SwitchedBy.VEHICLE else EntitySwitch
    return kind(hass, choice, coordinator, commands)
