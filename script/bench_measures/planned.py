"""A night in which the charge plans of Home Assistant charge the vehicles, as their owner sees it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from custom_components.nissanconnect.const import DOMAIN, SUBENTRY_CHARGE_PLAN
from custom_components.nissanconnect.vehicle import alias

from .night import ARIYA, LEAF, MINUTE, MORNING, PLUGGED_IN_AT, PRICES, READY_BY, Minute, Night, spend, until
from .table import Row

TARGET = 80.0
_ARIYA_POWER = 7.4
_WALLBOX = {
    "switched_by": "entity",
    "switch": "switch.demo_wallbox",
    "power_sensor": "sensor.demo_wallbox_power",
    "energy_sensor": "sensor.demo_wallbox_energy",
}
_VEHICLE = {"switched_by": "vehicle"}
SHOWN_AT = PLUGGED_IN_AT + timedelta(minutes=45)
"""When the plans are looked at: by then the vehicles have told where they are, and do not charge any more."""


class Span(NamedTuple):
    """Some time."""

    start: datetime
    end: datetime

    def shared(self, other: Span) -> timedelta:
        """Return how much of it lies in the other."""
        return max(min(self.end, other.end) - max(self.start, other.start), timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan as it is shown at the time ``at``: the spans in which a vehicle will take ``power`` kW."""

    at: datetime
    spans: Sequence[Span]
    power: float

    def optimum(self, energy: float) -> float:
        """Return the least that so many kWh can cost until they have to be there: the cheapest times first."""
        cost, rest = 0.0, Span(self.at, READY_BY)
        for slot in sorted(PRICES, key=lambda slot: slot.price):
            taken = min(energy, self.energy(rest.shared(Span(slot.start, slot.end))))
            cost += taken * slot.price
            energy -= taken
        return cost

    def energy(self, length: timedelta) -> float:
        """Return the kWh of some time."""
        return self.power * length / timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Charged:
    """What was planned for a vehicle, and its night from then on.

    ``announced`` are the minutes in which the calendar of the plan said that it charges. The plan may change: it does
    whenever the vehicle tells its level.
    """

    plan: Planned
    minutes: Sequence[Minute]
    announced: set[datetime]

    @property
    def level(self) -> float:
        """At which level it ended, in %."""
        return self.minutes[-1].level

    @property
    def energy(self) -> float:
        """The kWh by the meter."""
        return sum(minute.energy for minute in self.minutes)

    @property
    def cost(self) -> float:
        """What that cost, in EUR."""
        return sum(minute.cost for minute in self.minutes)


def spend_as_planned(*, power: float = 6.6) -> Mapping[str, Charged]:
    """Live through a night with a plan for each vehicle."""
    shown = dict[str, Planned]()
    announced: dict[str, set[datetime]] = {LEAF: set(), ARIYA: set()}

    async def prepare(night: Night) -> None:
        for name, taken, switch in ((LEAF, night.power, _WALLBOX), (ARIYA, _ARIYA_POWER, _VEHICLE)):
            _add_plan(night, name, {"power": taken, **switch})
            night.hass.async_create_background_task(look(night, name, taken), name)

    async def look(night: Night, name: str, taken: float) -> None:
        """Keep what the calendar of a vehicle's plan shows."""
        await until(SHOWN_AT)
        calendar = _calendar(night, name)
        shown[name] = Planned(at=SHOWN_AT, spans=await _blocks(night.hass, calendar), power=taken)
        minute = SHOWN_AT
        while minute < MORNING:
            await until(minute + MINUTE / 2)
            if night.hass.states.is_state(calendar, STATE_ON):
                announced[name].add(minute)
            minute += MINUTE

    return {
        name: Charged(shown[name], [minute for minute in minutes if minute.start >= SHOWN_AT], announced[name])
        for name, minutes in spend(prepare, power=power).items()
    }


def _add_plan(night: Night, name: str, chosen: Mapping[str, Any]) -> None:
    data = {
        "vehicle": alias(night.vehicles[name].info.key),
        "target": TARGET,
        "ready_by": READY_BY.time().isoformat(),
        "price_source": "entity:sensor.demo_electricity_price",
        **chosen,
    }
    plan = ConfigSubentry(data=MappingProxyType(data), subentry_type=SUBENTRY_CHARGE_PLAN, title="Home", unique_id=None)
    entry = night.hass.config_entries.async_get_entry(night.entry_id)
    assert entry is not None
    night.hass.config_entries.async_add_subentry(entry, plan)


def _calendar(night: Night, name: str) -> str:
    unique_id = f"{night.vehicles[name].info.key}_charging"
    found = er.async_get(night.hass).async_get_entity_id("calendar", DOMAIN, unique_id)
    if found is None:
        raise RuntimeError(f"The plan of the {name} has no calendar")
    return found


async def _blocks(hass: HomeAssistant, calendar: str) -> list[Span]:
    """Return the blocks that are still to come."""
    query = {"entity_id": calendar, "start_date_time": dt_util.now(), "end_date_time": READY_BY}
    answer: Any = await hass.services.async_call("calendar", "get_events", query, blocking=True, return_response=True)
    events = answer[calendar]["events"]
    return [Span(*(datetime.fromisoformat(event[edge]) for edge in ("start", "end"))) for event in events]


def measure(*, quick: bool) -> list[Row]:
    """Return how far off the least cost and the target a night ends, with a wallbox of 3.7 and one of 6.6 kW."""
    powers = (6.6,) if quick else (3.7, 6.6)
    nights = [(power, spend_as_planned(power=power)) for power in powers]
    charged = [(f"{LEAF} at a wallbox of {power} kW", night[LEAF]) for power, night in nights]
    charged.append((f"{ARIYA} by its own commands", nights[-1][1][ARIYA]))
    return [row for name, each in charged for row in _rows(name, each)]


def _rows(name: str, charged: Charged) -> Iterator[Row]:
    off = charged.level - TARGET
    yield Row(
        name=f"{name}: cost, beside the least for that energy",
        value=charged.cost,
        unit="EUR",
        baseline=(least := charged.plan.optimum(charged.energy)),
        target="≤ 1.02",
        met=charged.cost <= least * 1.02,
    )
    yield Row(name=f"{name}: beyond its target", value=off, unit="%", target="± 2", met=abs(off) <= 2)
