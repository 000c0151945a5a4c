"""What the owner has chosen in the options of an account."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Self

from .const import (
    OPTION_ACTIVE,
    OPTION_ALERTS_OFF,
    OPTION_ANSWER_AT_ONCE,
    OPTION_CLIMATE_BATTERY,
    OPTION_COLDEST,
    OPTION_ENGINE_BATTERY,
    OPTION_HOTTEST,
    OPTION_PARKED,
    OPTION_QUIET_FROM,
    OPTION_QUIET_UNTIL,
    OPTION_WAKE_BUDGET,
    OPTION_WAKE_CHARGING,
    OPTION_WAKE_PARKED,
    OPTION_WAKING,
)
from .engine.polling import PollingPolicy
from .engine.preconditions import CommandLimits
from .engine.wake_policy import WakePolicy
from .entry_values import EntryValues
from .vehicle import AlertType, alias

LIMITS = {
    OPTION_CLIMATE_BATTERY: "climate_battery",
    OPTION_COLDEST: "coldest",
    OPTION_HOTTEST: "hottest",
    OPTION_ENGINE_BATTERY: "engine_battery",
}
"""The options that are limits of commands, by their fields of :class:`CommandLimits`."""

BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        OPTION_PARKED: (5, 120),
        OPTION_ACTIVE: (2, 30),
        OPTION_CLIMATE_BATTERY: (10, 50),
        OPTION_COLDEST: (-50, 10),
        OPTION_HOTTEST: (20, 60),
        OPTION_ENGINE_BATTERY: (10, 50),
        OPTION_WAKE_CHARGING: (0, 240),
        OPTION_WAKE_PARKED: (0, 1440),
        OPTION_WAKE_BUDGET: (0, 24),
    }
)
"""The least and the most that the dialogs take of each number; minutes, %, °C and wakes a day."""

_QUIET_HOURS = (OPTION_QUIET_FROM, OPTION_QUIET_UNTIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options with their defaults.

    ``answer_at_once`` lets actions return when a command is accepted instead of confirmed, for voice assistants,
    which do not wait that long. ``alerts`` are those that the owner wants. ``waking`` holds the choices for each
    vehicle by its alias.
    """

    pace: PollingPolicy = PollingPolicy()
    limits: CommandLimits = CommandLimits()
    waking: Mapping[str, WakePolicy] = field(default_factory=dict)
    answer_at_once: bool = False
    alerts: frozenset[AlertType] = frozenset(AlertType)

    @classmethod
    def of(cls, options: Mapping[str, Any], odd: set[str] | None = None) -> Self:
        """Read the options of an entry; those that are missing or cannot be read have their defaults.

        The names of options that cannot be read are added to ``odd``.
        """
        default, values = cls(), EntryValues(options)
        minutes = {
            field: timedelta(minutes=_number(values, option, getattr(default.pace, field).total_seconds() / 60))
            for field, option in (("parked", OPTION_PARKED), ("active", OPTION_ACTIVE))
        }
        limits: dict[str, Any] = {
            limit: _number(values, option, getattr(default.limits, limit)) for option, limit in LIMITS.items()
        }
        policies: dict[str, WakePolicy] = {}
        odd_policies: set[str] = set()
        for name, chosen in values.mapping(OPTION_WAKING).items():
            if isinstance(chosen, Mapping):
                policies[name] = read_policy(chosen, odd_policies)
            elif name not in {*BOUNDS, *_QUIET_HOURS}:  # an earlier version stored these for the whole account
                values.odd.add(OPTION_WAKING)
        settings = cls(
            pace=replace(default.pace, parked=minutes["parked"], active=minutes["active"]),
            limits=replace(default.limits, **limits),
            waking=policies,
            answer_at_once=values.flag(OPTION_ANSWER_AT_ONCE, default=default.answer_at_once),
            alerts=default.alerts - values.members(OPTION_ALERTS_OFF, AlertType),
        )
        if odd is not None:
            odd |= values.odd | {f"{OPTION_WAKING}.{name}" for name in odd_policies}
        return settings

    def wake_policy(self, vehicle: str) -> WakePolicy:
        """Return when the vehicle with that key may be woken: never, if nothing was chosen for it."""
        return self.waking.get(alias(vehicle), WakePolicy())


def read_policy(options: Mapping[str, Any], odd: set[str] | None = None) -> WakePolicy:
    """Read what the owner allows for one vehicle; an interval of 0 means never.

    A vehicle with quiet hours that cannot be read is not woken at all. Names of damaged options are added to ``odd``.
    """
    values = EntryValues(options)
    quiet_from, quiet_until = (values.time_of_day(option) for option in _QUIET_HOURS)
    never = not values.odd.isdisjoint(_QUIET_HOURS)

    def interval(option: str) -> timedelta | None:
        minutes = _number(values, option, 0)
        return timedelta(minutes=minutes) if minutes and not never else None

    policy = WakePolicy(
        charging=interval(OPTION_WAKE_CHARGING),
        parked=interval(OPTION_WAKE_PARKED),
        budget=int(_number(values, OPTION_WAKE_BUDGET, WakePolicy().budget)),
        quiet_from=quiet_from,
        quiet_until=quiet_until,
    )
    if odd is not None:
        odd |= values.odd
    return policy


def _number(values: EntryValues, option: str, default: float) -> float:
    return values.number(option, default, BOUNDS[option])
