"""The outlet that feeds a vehicle: an entity of Home Assistant, or two scripts, that let current flow or stop it."""

from asyncio import timeout
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from math import floor, inf, isfinite
from typing import Final

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
    UnitOfElectricCurrent,
)
from homeassistant.core import Context, HomeAssistant, State, split_entity_id

from ..engine.charge_session import ChargeSession
from .plans import ChargePlanSettings, SwitchChoice, SwitchedBy

_LONGEST = 30
"""Seconds that an action of Home Assistant may take."""

_VOLTAGE, _LEAST_CURRENT = 230.0, 6.0
"""Volts of a phase; and amperes: no charger offers less (charging §5)."""

_OWN_CONTEXTS: Final = deque[str](maxlen=100)
"""Those of the actions of all charge plans: several vehicles may have the same outlet."""

UNCHANGED: Final = 0.0
"""The power that leaves the number of amperes as it is."""


class SwitchFailed(Exception):
    """The current could not be switched. It holds the key of the reason, as the alert and the dialog show it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Outlet:
    """What was chosen to switch the current, if that is not the vehicle itself."""

    def __init__(self, hass: HomeAssistant, choice: SwitchChoice) -> None:
        self._hass = hass
        self._choice = choice
        self._last_set: bool | None = None
        """What it was told last: some take minutes until their state shows it."""

    @property
    def problem(self) -> str | None:
        """The key of the reason why it cannot work at all, ``None`` if it can."""
        if not self._choice.is_complete:
            return "switch_incomplete"
        return "switch_gone" if any(self._hass.states.get(each) is None for each in self._entities) else None

    @property
    def available(self) -> bool:
        """Whether it can be switched at the moment."""
        states = [self._hass.states.get(each) for each in self._entities]
        return all(state is not None and state.state != STATE_UNAVAILABLE for state in states)

    @property
    def _entities(self) -> tuple[str, ...]:
        if self._choice.by is SwitchedBy.SCRIPTS:
            return self._choice.scripts or ()
        return (self._choice.entity,) if self._choice.entity else ()

    @property
    def state(self) -> tuple[bool | None, datetime | None]:
        """Whether it lets current flow, and since when; ``None`` if that cannot be said, as for scripts."""
        state = self._hass.states.get(self._choice.entity) if self._choice.entity else None
        return self.is_on(state), state.last_changed if state else None

    def is_on(self, state: State | None) -> bool | None:
        """Return whether the entity lets current flow in a state; ``None`` if that cannot be said."""
        on, off = self._choice.options or (STATE_ON, STATE_OFF)
        if state is None or state.state not in (on, off):
            return None
        return (state.state == on) is not self._choice.inverted

    def is_own(self, context: Context) -> bool:
        """Whether a change of state comes from an action of a charge plan."""
        return not {context.id, context.parent_id}.isdisjoint(_OWN_CONTEXTS)

    async def async_set(self, on: bool, power: float = UNCHANGED, *, again: bool = False) -> None:
        """Let current flow at a ``power`` in kW, or stop it; ``again`` even if its state shows that already.

        Raises:
            SwitchFailed: That was not possible.
        """
        if (problem := self.problem) is not None:
            raise SwitchFailed(problem)
        if on and power != UNCHANGED:
            with suppress(SwitchFailed):  # better another current than none
                await self._async_set_current(power)
        if not self.available:
            raise SwitchFailed("switch_unavailable")
        if self._choice.by is SwitchedBy.SCRIPTS and self._choice.scripts:
            await self._async_call("script", SERVICE_TURN_ON, self._choice.scripts[0 if on else 1])
            return
        entity_id = self._choice.entity or ""
        is_set = self.is_on(self._hass.states.get(entity_id)) is on and self._last_set in (None, on)
        self._last_set = on
        if is_set and not again:
            return
        first = on is not self._choice.inverted
        if self._choice.options is not None:
            option = self._choice.options[0 if first else 1]
            await self._async_call(SELECT_DOMAIN, SERVICE_SELECT_OPTION, entity_id, {ATTR_OPTION: option})
        else:
            domain = split_entity_id(entity_id)[0]
            await self._async_call(domain, SERVICE_TURN_ON if first else SERVICE_TURN_OFF, entity_id)

    async def _async_set_current(self, power: float) -> None:
        """Set the number of amperes, within its own bounds."""
        state = self._hass.states.get(self._choice.current) if self._choice.current else None
        if state is None or state.state == STATE_UNAVAILABLE:
            return
        if (scale := amperes_scale(state)) is None:
            return
        low, high, step = (
            _number(state.attributes.get(name), default)
            for name, default in ((ATTR_MIN, 0.0), (ATTR_MAX, inf), (ATTR_STEP, scale))
        )
        step = step if step > 0 else scale
        wanted = floor(power * 1000 / _VOLTAGE / self._choice.phases * scale / step + 1e-6) * step
        current = min(max(wanted, low, _LEAST_CURRENT * scale), high)
        if _number(state.state, None) != current:
            await self._async_call(NUMBER_DOMAIN, SERVICE_SET_VALUE, state.entity_id, {ATTR_VALUE: current})

    async def _async_call(
        self, domain: str, action: str, entity_id: str, data: dict[str, object] | None = None
    ) -> None:
        context = Context()
        _OWN_CONTEXTS.append(context.id)
        try:
            async with timeout(_LONGEST):
                await self._hass.services.async_call(
                    domain, action, {ATTR_ENTITY_ID: entity_id, **(data or {})}, blocking=True, context=context
                )
        except TimeoutError:
            raise SwitchFailed("switch_slow") from None
        except Exception as err:  # whatever an action of another integration raises
            raise SwitchFailed("switch_error") from err


def amperes_scale(state: State) -> float | None:
    """Return how many of a number's units are an ampere; ``None`` if it counts something else."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    return {None: 1.0, UnitOfElectricCurrent.AMPERE: 1.0, UnitOfElectricCurrent.MILLIAMPERE: 1000.0}.get(unit)


def _number[T](value: object, default: T) -> float | T:
    """Return a number that an entity shows, or ``default`` if it is none."""
    with suppress(TypeError, ValueError):
        if isfinite(number := float(value)):  # type: ignore[arg-type]
            return number
    return default


async def async_leave_on(
    hass: HomeAssistant, plans: Iterable[ChargePlanSettings], sessions: Iterable[ChargeSession | None]
) -> None:
    """Let current flow again where a plan has stopped it, because nobody will carry it out any more."""
    chosen = {plan.key: plan.switch for plan in plans if plan.switch.by is not SwitchedBy.VEHICLE}
    for session in sessions:
        if session is not None and session.order is not None and not session.order.on and session.plan in chosen:
            with suppress(SwitchFailed):
                await Outlet(hass, chosen[session.plan]).async_set(True)
