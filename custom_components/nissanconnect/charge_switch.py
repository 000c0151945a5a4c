"""What switches the current of a charge plan: the vehicle itself, an entity of Home Assistant, or two scripts."""

from abc import ABC, abstractmethod
from asyncio import timeout
from collections import deque
from collections.abc import Callable
from datetime import datetime
from math import floor
from typing import Final, NamedTuple, override

from homeassistant.components.number import (
    ATTR_MAX,
    ATTR_MIN,
    ATTR_STEP,
    ATTR_VALUE,
    DOMAIN as NUMBER_DOMAIN,
    SERVICE_SET_VALUE,
)
from homeassistant.components.select import ATTR_OPTION, DOMAIN as SELECT_DOMAIN, SERVICE_SELECT_OPTION
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_UNIT_OF_MEASUREMENT,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfEnergy,
    UnitOfPower,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Context,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
    split_entity_id,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter
import probatio

from .charge_plans import SwitchChoice, SwitchedBy
from .commands import VehicleCommands
from .coordinator import VehicleCoordinator
from .vehicle import (
    Capability,
    Charging,
    CommandRecord,
    CommandStatus,
    Initiator,
    NotSupported,
    StartCharging,
    StopCharging,
)

_LONGEST = 30
"""Seconds that an action of Home Assistant may take."""

_LEAST_POWER = 0.15
"""kW. Less than this is the charger's own consumption."""

_VOLTAGE, _LEAST_CURRENT = 230.0, 6.0
"""Volts of a phase; and amperes: no charger offers less (charging §5)."""

INITIATOR: Final = "plan"
"""The kind of the initiator of a plan's commands."""

_NO_STATE = (STATE_UNAVAILABLE, STATE_UNKNOWN)


class Seen(NamedTuple):
    """Whether current was seen to flow, and when; ``None`` if that is not known."""

    flowing: bool | None = None
    at: datetime | None = None


class SwitchFailed(Exception):
    """The current could not be switched. It holds the key of the reason, as the alert and the dialog show it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
        return self._metered(self.choice.power_sensor, PowerConverter.convert, UnitOfPower.KILO_WATT)

    @property
    def metered_energy(self) -> float | None:
        """The energy in kWh that the meter has counted, ``None`` if there is none."""
        return self._metered(self.choice.energy_sensor, EnergyConverter.convert, UnitOfEnergy.KILO_WATT_HOUR)

    def _metered(
        self, entity_id: str | None, convert: Callable[[float, str | None, str | None], float], unit: str
    ) -> float | None:
        state = self._hass.states.get(entity_id) if entity_id else None
        if state is None:
            return None
        try:
            return convert(float(state.state), state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), unit)
        except HomeAssistantError, ValueError:
            return None

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
    def async_track(self, by_hand: CALLBACK_TYPE, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
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
    def async_track(self, by_hand: CALLBACK_TYPE, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
        @callback
        def ended(record: CommandRecord) -> None:
            is_charge = record.command in (StartCharging.kind(), StopCharging.kind())
            if is_charge and record.asked_by.kind != INITIATOR and record.outcome.sent_at is not None:
                by_hand()

        return self._commands.log.async_add_listener(ended)


class EntitySwitch(ChargeSwitch):
    """An entity or two scripts of Home Assistant switch what feeds the vehicle."""

    def __init__(
        self, hass: HomeAssistant, choice: SwitchChoice, coordinator: VehicleCoordinator, commands: VehicleCommands
    ) -> None:
        super().__init__(hass, choice, coordinator)
        self._commands = commands
        self._ordered: bool | None = None
        self._contexts: deque[str] = deque(maxlen=10)
        """Those of our own actions."""

    @property
    @override
    def problem(self) -> str | None:
        if not self.choice.is_complete:
            return "switch_incomplete"
        return "switch_gone" if any(self._hass.states.get(each) is None for each in self._entities) else None

    @property
    def _entities(self) -> tuple[str, ...]:
        if self.choice.by is SwitchedBy.SCRIPTS:
            return self.choice.scripts or ()
        return (self.choice.entity,) if self.choice.entity else ()

    @property
    @override
    def seen(self) -> Seen:
        """A switch that is off is seen to stop the current; one that is on only if nothing else can tell."""
        seen = super().seen
        if self.metered_power is not None:
            return seen
        state = self._hass.states.get(self.choice.entity) if self.choice.entity else None
        is_on = self._is_on(state)
        if state is not None and is_on is False and (seen.at is None or seen.at <= state.last_changed):
            return Seen(False, dt_util.utcnow())
        return Seen(is_on, dt_util.utcnow()) if seen.flowing is None else seen

    def _is_on(self, state: State | None) -> bool | None:
        """Return whether the entity lets current flow; ``None`` if that cannot be said."""
        if state is None:
            return None
        on, off = self.choice.options or (STATE_ON, STATE_OFF)
        if state.state not in (on, off):
            return None
        return (state.state == on) is not self.choice.inverted

    @override
    async def async_switch(self, on: bool, power: float, *, again: bool = False) -> None:
        if (problem := self.problem) is not None:
            raise SwitchFailed(problem)
        self._ordered = on
        if on and power > 0:
            await self._async_set_current(power)
        if self.choice.by is SwitchedBy.SCRIPTS and self.choice.scripts:
            await self._async_call("script", SERVICE_TURN_ON, self.choice.scripts[0 if on else 1])
            return
        if again and on:  # a vehicle that sleeps wakes when current is offered anew (charging §6)
            await self._async_set(False)
        await self._async_set(on)
        if again and on:
            self._async_start_vehicle()

    async def _async_set(self, on: bool) -> None:
        entity_id = self.choice.entity or ""
        state = self._hass.states.get(entity_id)
        if state is None or state.state == STATE_UNAVAILABLE:
            raise SwitchFailed("switch_unavailable")
        if self._is_on(state) is on:
            return
        first = on is not self.choice.inverted
        if self.choice.options is not None:
            option = self.choice.options[0 if first else 1]
            await self._async_call(SELECT_DOMAIN, SERVICE_SELECT_OPTION, entity_id, {ATTR_OPTION: option})
        else:
            domain = split_entity_id(entity_id)[0]
            await self._async_call(domain, SERVICE_TURN_ON if first else SERVICE_TURN_OFF, entity_id)

    async def _async_set_current(self, power: float) -> None:
        """Set the number of amperes, within its own bounds."""
        state = self._hass.states.get(self.choice.current) if self.choice.current else None
        if state is None or state.state == STATE_UNAVAILABLE:
            return
        low, high = (float(state.attributes.get(name, default)) for name, default in ((ATTR_MIN, 0), (ATTR_MAX, 80)))
        step = float(state.attributes.get(ATTR_STEP) or 1)
        wanted = floor(power * 1000 / _VOLTAGE / self.choice.phases / step + 1e-6) * step
        current = min(max(wanted, low, _LEAST_CURRENT), high)
        if state.state != str(current):
            await self._async_call(NUMBER_DOMAIN, SERVICE_SET_VALUE, state.entity_id, {ATTR_VALUE: current})

    async def _async_call(
        self, domain: str, action: str, entity_id: str, data: dict[str, object] | None = None
    ) -> None:
        context = Context()
        self._contexts.append(context.id)
        try:
            async with timeout(_LONGEST):
                await self._hass.services.async_call(
                    domain, action, {ATTR_ENTITY_ID: entity_id, **(data or {})}, blocking=True, context=context
                )
        except TimeoutError:
            raise SwitchFailed("switch_slow") from None
        except (HomeAssistantError, probatio.Invalid) as err:
            raise SwitchFailed("switch_error") from err

    @callback
    def _async_start_vehicle(self) -> None:
        """Have a vehicle start that was offered current and does not take it."""
        if Capability.START_CHARGING in self._coordinator.info.capabilities:
            self._commands.async_submit(StartCharging(), Initiator(kind=INITIATOR))

    @override
    def async_track(self, by_hand: CALLBACK_TYPE, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
        @callback
        def state_changed(event: Event[EventStateChangedData]) -> None:
            if event.data["entity_id"] == self.choice.entity:
                before, now = self._is_on(event.data["old_state"]), self._is_on(event.data["new_state"])
                is_ours = not {event.context.id, event.context.parent_id}.isdisjoint(self._contexts)
                if before is self._ordered and now is not None and now is not self._ordered and not is_ours:
                    by_hand()
            changed()

        watched = [each for each in (self.choice.entity, self.choice.power_sensor) if each]
        return async_track_state_change_event(self._hass, watched, state_changed)


def charge_switch(
    hass: HomeAssistant, choice: SwitchChoice, coordinator: VehicleCoordinator, commands: VehicleCommands
) -> ChargeSwitch:
    """Return what switches the current as it was chosen."""
    kind = VehicleSwitch if choice.by is SwitchedBy.VEHICLE else EntitySwitch
    return kind(hass, choice, coordinator, commands)
