"""What the owner has chosen in the options of an account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from .const import OPTION_ACTIVE, OPTION_ANSWER_AT_ONCE, OPTION_CLIMATE_BATTERY, OPTION_PARKED
from .engine.guards import Limits
from .engine.polling import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options with their defaults.

    ``answer_at_once`` lets actions return when a command is accepted instead of confirmed, for voice assistants,
    which do not wait that long.
    """

    pace: Pace = Pace()
    limits: Limits = Limits()
    answer_at_once: bool = False

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
                default.limits, climate_battery=options.get(OPTION_CLIMATE_BATTERY, default.limits.climate_battery)
            ),
            answer_at_once=options.get(OPTION_ANSWER_AT_ONCE, default.answer_at_once),
        )
