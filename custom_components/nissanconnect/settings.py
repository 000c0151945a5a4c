"""What the owner has chosen: the values of a config entry, read one by one, and the options made of them.

Entries are edited by hand, written by newer versions, and restored from damaged backups. An odd value counts as not
set, and takes no other along.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from homeassistant.const import PERCENTAGE, UnitOfPower, UnitOfTemperature, UnitOfTime

from .engine.polling import PollingPolicy
from .engine.preconditions import CommandLimits
from .engine.wake_policy import WakePolicy
from .vehicle import AlertType, alias

OPTION_ACTIVE: Final = "minutes_active"
OPTION_ALERTS_OFF: Final = "alerts_off"
OPTION_ANSWER_AT_ONCE: Final = "answer_at_once"
OPTION_CHARGE_POWER: Final = "charge_power"
OPTION_CLIMATE_BATTERY: Final = "climate_battery"
OPTION_COLDEST: Final = "coldest"
OPTION_ENGINE_BATTERY: Final = "engine_battery"
OPTION_HOTTEST: Final = "hottest"
OPTION_PARKED: Final = "minutes_parked"
OPTION_QUIET_FROM: Final = "quiet_from"
OPTION_QUIET_UNTIL: Final = "quiet_until"
OPTION_WAKE_BUDGET: Final = "wake_budget"
OPTION_WAKE_CHARGING: Final = "wake_charging"
OPTION_WAKE_PARKED: Final = "wake_parked"
OPTION_WAKING: Final = "waking"


class Read[T](NamedTuple):
    """What was read, and the names of the values that are set and have another shape than the dialogs give them."""

    value: T
    odd: frozenset[str]

    def without_odd(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is kept without the odd values, which a form would reject."""
        return {name: value for name, value in kept.items() if name not in self.odd}


class EntryValues:
    """Reads the values of one mapping, and notes which are odd. What is missing or ``null`` is not set."""

    def __init__(self, raw: object) -> None:
        """Take whatever is kept; what is no mapping has no values."""
        self._odd: set[str] = set()
        self._raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}

    @property
    def odd(self) -> frozenset[str]:
        """The names of the odd values among those that were read."""
        return frozenset(self._odd)

    def number[T](self, name: str, default: T, bounds: tuple[float, float]) -> float | T:
        """Return a number within ``bounds``, both included."""
        low, high = bounds

        def fits(value: Any) -> float | None:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return value if is_number and low <= value <= high else None

        return self._read(name, fits, default)

    def flag(self, name: str) -> bool:
        """Return whether something is chosen."""
        return self._read(name, lambda value: value if isinstance(value, bool) else None, False)

    def text(self, name: str) -> str | None:
        """Return a text, which may be empty."""
        return self._read(name, lambda value: value if isinstance(value, str) else None, None)

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """Return one of ``choices``."""
        return self._read(name, lambda value: value if isinstance(value, str) and value in choices else None, None)

    def time_of_day(self, name: str) -> time | None:
        """Return a local time."""

        def fits(value: Any) -> time | None:
            with suppress(TypeError, ValueError):
                found = time.fromisoformat(value)
                return found if found.tzinfo is None else None
            return None

        return self._read(name, fits, None)

    def texts(self, name: str) -> frozenset[str]:
        """Return the texts of a list; whatever else is in it is odd and left out."""
        items = self._read(name, lambda value: value if isinstance(value, list | tuple) else None, ())
        found = frozenset(item for item in items if isinstance(item, str))
        if not all(isinstance(item, str) for item in items):
            self._odd.add(name)
        return found

    def members[E: StrEnum](self, name: str, kind: type[E]) -> frozenset[E]:
        """Return the members of ``kind`` that a list names; others are odd and left out."""
        names = self.texts(name)
        found = frozenset(member for member in kind if member.value in names)
        if len(found) < len(names):
            self._odd.add(name)
        return found

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return a mapping, empty if there is none."""
        return self._read(name, lambda value: value if isinstance(value, Mapping) else None, {})

    def _read[T, D](self, name: str, fits: Callable[[Any], T | None], default: D) -> T | D:
        if (value := self._raw.get(name)) is None:
            return default
        if (found := fits(value)) is None:
            self._odd.add(name)
            return default
        return found


class NumberOption(NamedTuple):
    """The least and the most that the dialogs take of a number, its default, and its unit; without one it counts."""

    low: int
    high: int
    default: float
    unit: str | None = None


_PACE, _LIMITS = PollingPolicy(), CommandLimits()

GENERAL_NUMBERS = {
    OPTION_PARKED: NumberOption(5, 120, _PACE.parked / timedelta(minutes=1), UnitOfTime.MINUTES),
    OPTION_ACTIVE: NumberOption(2, 30, _PACE.active / timedelta(minutes=1), UnitOfTime.MINUTES),
    OPTION_CLIMATE_BATTERY: NumberOption(10, 50, _LIMITS.climate_battery, PERCENTAGE),
    OPTION_COLDEST: NumberOption(-50, 10, _LIMITS.coldest, UnitOfTemperature.CELSIUS),
    OPTION_HOTTEST: NumberOption(20, 60, _LIMITS.hottest, UnitOfTemperature.CELSIUS),
    OPTION_ENGINE_BATTERY: NumberOption(10, 50, _LIMITS.engine_battery, PERCENTAGE),
    OPTION_CHARGE_POWER: NumberOption(0, 100, 0, UnitOfPower.KILO_WATT),
}
WAKING_NUMBERS = {
    OPTION_WAKE_CHARGING: NumberOption(0, 240, 0, UnitOfTime.MINUTES),
    OPTION_WAKE_PARKED: NumberOption(0, 1440, 0, UnitOfTime.MINUTES),
    OPTION_WAKE_BUDGET: NumberOption(0, 24, WakePolicy().budget),
}
NUMBERS: Mapping[str, NumberOption] = GENERAL_NUMBERS | WAKING_NUMBERS

_QUIET_HOURS = (OPTION_QUIET_FROM, OPTION_QUIET_UNTIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options with their defaults.

    ``answer_at_once`` lets actions return when a command is accepted instead of confirmed, for voice assistants,
    which do not wait that long. ``alerts`` are those that the owner wants. ``waking`` holds the choices for each
    vehicle by its alias. ``charge_power`` is how many kW all charge plans may draw together, if that is limited.
    """

    pace: PollingPolicy = PollingPolicy()
    limits: CommandLimits = CommandLimits()
    waking: Mapping[str, WakePolicy] = field(default_factory=dict)
    answer_at_once: bool = False
    charge_power: float | None = None
    alerts: frozenset[AlertType] = frozenset(AlertType)

    def wake_policy(self, vehicle: str) -> WakePolicy:
        """Return when the vehicle with that key may be woken: never, if nothing was chosen for it."""
        return self.waking.get(alias(vehicle), WakePolicy())


def read_settings(options: Mapping[str, Any]) -> Read[Settings]:
    """Read the options of an entry; those that are missing or cannot be read have their defaults."""
    values = EntryValues(options)
    waking = {}
    odd = set[str]()
    for name, chosen in values.mapping(OPTION_WAKING).items():
        if isinstance(chosen, Mapping):
            waking[name], odd_of_vehicle = read_policy(chosen)
            odd |= {f"{OPTION_WAKING}.{each}" for each in odd_of_vehicle}
        elif name not in {*NUMBERS, *_QUIET_HOURS}:  # an earlier version stored these for the whole account
            odd.add(OPTION_WAKING)
    settings = Settings(
        pace=PollingPolicy(
            parked=timedelta(minutes=_number(values, OPTION_PARKED)),
            active=timedelta(minutes=_number(values, OPTION_ACTIVE)),
        ),
        limits=CommandLimits(
            climate_battery=_number(values, OPTION_CLIMATE_BATTERY),
            coldest=_number(values, OPTION_COLDEST),
            hottest=_number(values, OPTION_HOTTEST),
            engine_battery=_number(values, OPTION_ENGINE_BATTERY),
        ),
        waking=waking,
        answer_at_once=values.flag(OPTION_ANSWER_AT_ONCE),
        charge_power=_number(values, OPTION_CHARGE_POWER) or None,
        alerts=frozenset(AlertType) - values.members(OPTION_ALERTS_OFF, AlertType),
    )
    return Read(settings, values.odd | odd)


def read_policy(options: Mapping[str, Any]) -> Read[WakePolicy]:
    """Read what the owner allows for one vehicle; an interval of 0 means never.

    A vehicle with quiet hours that cannot be read is not woken at all.
    """
    values = EntryValues(options)
    quiet_from, quiet_until = (values.time_of_day(option) for option in _QUIET_HOURS)
    never = not values.odd.isdisjoint(_QUIET_HOURS)

    def interval(option: str) -> timedelta | None:
        minutes = _number(values, option)
        return timedelta(minutes=minutes) if minutes and not never else None

    policy = WakePolicy(
        charging=interval(OPTION_WAKE_CHARGING),
        parked=interval(OPTION_WAKE_PARKED),
        budget=int(_number(values, OPTION_WAKE_BUDGET)),
        quiet_from=quiet_from,
        quiet_until=quiet_until,
    )
    return Read(policy, values.odd)


def _number(values: EntryValues, option: str) -> float:
    number = NUMBERS[option]
    return values.number(option, number.default, (number.low, number.high))
