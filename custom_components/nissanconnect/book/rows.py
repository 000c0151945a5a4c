"""The entries of a book as actions return them and as they are exported: plain values by name, times in local time.

Distances are in km, times in minutes, energies in kWh, powers in kW, levels in % and temperatures in °C.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from homeassistant.const import (
    PERCENTAGE,
    UnitOfEnergy,
    UnitOfEnergyDistance,
    UnitOfLength,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import callback
from homeassistant.util.json import JsonValueType

from ..engine.book_entries import Charge, Trip
from ..local_time import local_time
from ..vehicle import TripPeriod, TripSummary
from .display import local_day
from .places import Places

_COINS = 3
"""Decimals of an amount of money: no currency has smaller coins."""

TRIP_UNITS: Mapping[str, JsonValueType] = {
    "distance": UnitOfLength.KILOMETERS,
    "duration": UnitOfTime.MINUTES,
    "energy": UnitOfEnergy.KILO_WATT_HOUR,
    "energy_uncertainty": UnitOfEnergy.KILO_WATT_HOUR,
    "energy_regained": UnitOfEnergy.KILO_WATT_HOUR,
    "consumption": UnitOfEnergyDistance.KILO_WATT_HOUR_PER_100_KM,
    "level_from": PERCENTAGE,
    "level_to": PERCENTAGE,
    "outside_temperature": UnitOfTemperature.CELSIUS,
}

CHARGE_UNITS: Mapping[str, JsonValueType] = {
    "duration": UnitOfTime.MINUTES,
    "level_from": PERCENTAGE,
    "level_to": PERCENTAGE,
    "energy": UnitOfEnergy.KILO_WATT_HOUR,
    "uncertainty": UnitOfEnergy.KILO_WATT_HOUR,
    "wall_energy": UnitOfEnergy.KILO_WATT_HOUR,
    "peak_power": UnitOfPower.KILO_WATT,
}

CHARGE_GROUP_UNITS: Mapping[str, JsonValueType] = {name: CHARGE_UNITS[name] for name in ("energy", "wall_energy")}

type Row = dict[str, JsonValueType]


TRIP_COLUMNS: Mapping[str, Callable[[Places, Trip], JsonValueType]] = {
    "start": lambda places, trip: local_time(trip.start),
    "end": lambda places, trip: local_time(trip.end),
    "from": lambda places, trip: places.async_shown(trip.origin),
    "to": lambda places, trip: places.async_shown(trip.destination),
    "distance": lambda places, trip: rounded(trip.distance, 1),
    "duration": lambda places, trip: rounded(trip.minutes, 1),
    "energy": lambda places, trip: rounded(trip.energy, 2),
    "energy_uncertainty": lambda places, trip: rounded(trip.uncertainty, 2),
    "energy_regained": lambda places, trip: rounded(trip.regained, 2),
    "consumption": lambda places, trip: rounded(trip.consumption, 1),
    "level_from": lambda places, trip: rounded(trip.level_from, 1),
    "level_to": lambda places, trip: rounded(trip.level_to, 1),
    "outside_temperature": lambda places, trip: rounded(trip.outside, 1),
    "cost": lambda places, trip: rounded(trip.cost, _COINS),
    "currency": lambda places, trip: None if trip.cost is None else trip.currency or places.hass.config.currency,
}
"""What is said of a trip. Before its currency was kept, it was that of Home Assistant."""

CHARGE_COLUMNS: Mapping[str, Callable[[Places, Charge], JsonValueType]] = {
    "start": lambda places, charge: local_time(charge.start),
    "end": lambda places, charge: local_time(charge.end),
    "duration": lambda places, charge: rounded(charge.minutes, 1),
    "place": lambda places, charge: places.async_shown(charge.place),
    "level_from": lambda places, charge: rounded(charge.level_from, 1),
    "level_to": lambda places, charge: rounded(charge.level_to, 1),
    "energy": lambda places, charge: rounded(charge.energy, 2),
    "uncertainty": lambda places, charge: rounded(charge.uncertainty, 2),
    "wall_energy": lambda places, charge: rounded(charge.wall_energy, 2),
    "estimated": lambda places, charge: None if charge.wall_energy is None else charge.estimated,
    "cost": lambda places, charge: rounded(charge.cost, _COINS),
    "currency": lambda places, charge: charge.currency,
    "peak_power": lambda places, charge: rounded(charge.peak_power, 1),
    "current": lambda places, charge: charge.current,
    "solar": lambda places, charge: rounded(charge.solar, 2),
}
"""What is said of a charge."""


@callback
def async_rows[E](
    places: Places, columns: Mapping[str, Callable[[Places, E], JsonValueType]], entries: Iterable[E]
) -> list[Row]:
    """Return a row for each entry."""
    return [{name: value(places, entry) for name, value in columns.items()} for entry in entries]


CHARGE_GROUPS: Mapping[str, Callable[[Places, Charge], str | None]] = {
    "day": lambda places, charge: local_day(charge).isoformat(),
    "month": lambda places, charge: f"{local_day(charge):%Y-%m}",
    "place": lambda places, charge: places.async_shown(charge.place),
}
"""By what charges can be grouped, and in which group a charge is."""


@callback
def async_grouped_charges(places: Places, charges: Iterable[Charge], by: str) -> list[Row]:
    """Return a row for each group of charges, in the order of their first charges.

    Charges that were paid in two currencies are in two rows; if the group has such, those of an unknown price are in
    one of their own.
    """
    groups = defaultdict[str | None, list[Charge]](list)
    for charge in charges:
        groups[CHARGE_GROUPS[by](places, charge)].append(charge)
    return [{by: name, **_summed(each)} for name, members in groups.items() for each in _by_currency(members)]


def _by_currency(charges: Sequence[Charge]) -> Iterable[Sequence[Charge]]:
    paid = defaultdict[str | None, list[Charge]](list)
    for charge in charges:
        paid[None if charge.cost is None else charge.currency].append(charge)
    return paid.values() if len(paid.keys() - {None}) > 1 else [charges]


def _summed(charges: Sequence[Charge]) -> Row:
    known = [charge for charge in charges if charge.cost is not None]
    return {
        "charges": len(charges),
        "energy": rounded(_sum(charge.energy for charge in charges), 2),
        "wall_energy": rounded(_sum(charge.wall_energy for charge in charges), 2),
        "cost": rounded(_sum(charge.cost for charge in charges), _COINS),
        "currency": known[0].currency if known else None,
        "cost_known": len(known),
    }


def trip_summaries(trips: Iterable[Trip], period: TripPeriod) -> list[TripSummary]:
    """Return what the trips of each day, month or year come to, by the local time of their start."""
    periods = defaultdict[date, list[Trip]](list)
    for trip in trips:
        periods[period.first_day(local_day(trip))].append(trip)
    return [
        TripSummary(
            start=start,
            period=period,
            trips=len(driven),
            distance=rounded(sum(trip.distance for trip in driven), 1),
            duration=rounded(sum(trip.minutes for trip in driven), 1),
            first_start=driven[0].start,
            last_end=driven[-1].end,
            energy_used=rounded(_sum(trip.energy for trip in driven), 2),
            energy_recovered=rounded(_sum(trip.regained for trip in driven), 2),
        )
        for start, driven in periods.items()
    ]


def started_within[E: Trip | Charge](entries: Iterable[E], start: date, end: date) -> list[E]:
    """Return the entries that began, by local time, from the day ``start`` to ``end``, both included."""
    return [entry for entry in entries if start <= local_day(entry) <= end]


def _sum(values: Iterable[float | None]) -> float | None:
    """Add up what is known; ``None`` if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def rounded(value: float | None, digits: int) -> Any:
    """Return a number for people, ``None`` if it is unknown."""
    return None if value is None else round(value, digits) + 0.0  # no "-0.0"
