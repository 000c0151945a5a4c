"""What the owner has chosen in the options of an account."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
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
from .engine.guardian import WakePolicy
from .engine.guards import Limits
from .engine.polling import Pace
from .vehicle import AlertType, alias

LIMITS = {
    OPTION_CLIMATE_BATTERY: "climate_battery",
    OPTION_COLDEST: "coldest",
    OPTION_HOTTEST: "hottest",
    OPTION_ENGINE_BATTERY: "engine_battery",
}
"""The options that are limits of commands, by their fields of :class:`Limits`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options with their defaults.

    ``answer_at_once`` lets actions return when a command is accepted instead of confirmed, for voice assistants,
    which do not wait that long. ``alerts`` are those that are told. ``waking`` holds what was
    chosen for each vehicle by its alias.
    """

    pace: Pace = Pace()
    limits: Limits = Limits()
    waking: Mapping[str, WakePolicy] = field(default_factory=dict)
    answer_at_once: bool = False
    alerts: frozenset[AlertType] = frozenset(AlertType)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read the options of an entry; what is not set keeps its default."""
        default = cls()
        minutes = {
            field: timedelta(minutes=options.get(option, getattr(default.pace, field).total_seconds() / 60))
            for field, option in (("parked", OPTION_PARKED), ("active", OPTION_ACTIVE))
        }
        return cls(
            pace=replace(default.pace, parked=minutes["parked"], active=minutes["active"]),
            limits=replace(
                default.limits,
                **{limit: options[option] for option, limit in LIMITS.items() if option in options},
            ),
            waking={
                name: read_policy(chosen)
                for name, chosen in options.get(OPTION_WAKING, {}).items()
                if isinstance(chosen, Mapping)
            },
            answer_at_once=options.get(OPTION_ANSWER_AT_ONCE, default.answer_at_once),
            alerts=default.alerts - set(options.get(OPTION_ALERTS_OFF, ())),
        )

    def wake_policy(self, vehicle: str) -> WakePolicy:
        """Return when the vehicle of that key may be woken: never, if nothing was chosen for it."""
        return self.waking.get(alias(vehicle), WakePolicy())


def read_policy(options: Mapping[str, Any]) -> WakePolicy:
    """Read what the owner allows for one vehicle; an interval of 0 means never."""

    def interval(option: str) -> timedelta | None:
        return timedelta(minutes=minutes) if (minutes := options.get(option, 0)) else None

    def clock(option: str) -> time | None:
        return time.fromisoformat(options[option]) if option in options else None

    return WakePolicy(
        charging=interval(OPTION_WAKE_CHARGING),
        parked=interval(OPTION_WAKE_PARKED),
        budget=int(options.get(OPTION_WAKE_BUDGET, WakePolicy().budget)),
        quiet_from=clock(OPTION_QUIET_FROM),
        quiet_until=clock(OPTION_QUIET_UNTIL),
    )
