"""A week of the simulator's vehicles: the book beside what has really happened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from custom_components.nissanconnect.engine.book import sums_of
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.charge_finder import Assumptions
from custom_components.nissanconnect.engine.energy_cost import Tariff
from custom_components.nissanconnect.engine.entry_finder import Entries
from custom_components.nissanconnect.vehicle import ChargingStatus
from script.bench_measures.commuters import ZONE, commuters
from tests.simulator.cars.electric import Electric
from tests.simulator.cars.garage import ariya, build
from tests.simulator.cars.vehicle import SimulatedVehicle

from .lives import Noted, assert_tidy, entries_of, numbers, settled_by

START = datetime.fromisoformat("2026-11-16T00:00:00+01:00")
DAYS = 7
TARIFF = Tariff("tariff", "EUR")
STEP = timedelta(seconds=30)
HOME_IN_DEGREES = 0.002


@dataclass
class Truth:
    """What a vehicle has done, by its own ledger, and what its meter has counted times the price then."""

    driven: float
    stored: float
    wall: float
    cost: float
    trips: int
    charges: int


def _leaf(number: int) -> SimulatedVehicle:
    return commuters(lambda: START, 2)[number].vehicle


def _ariya(_: int) -> SimulatedVehicle:
    return build(ariya(START, ZONE), START, ZONE, seed=0)


def _price(at: datetime) -> float:
    return round(0.2 + 0.01 * at.hour - 0.03 * (at.minute // 15), 3)


def _module(vehicle: SimulatedVehicle, at: datetime) -> Iterator[Noted]:
    """What a module in the vehicle reports."""
    battery, name = _electric(vehicle).battery, "module"
    yield Quantity.ODOMETER, Reading(at, int(vehicle.odometer * 10) / 10, name)
    yield Quantity.LEVEL, Reading(at, round(battery.level, 1), name)
    yield Quantity.CONTENT, Reading(at, round(battery.energy, 1), name)
    yield Quantity.PLACE, Reading(at, "zone.home" if vehicle.is_at(vehicle.home) else "", name)
    charger = _electric(vehicle).charger
    yield Quantity.PLUGGED_IN, Reading(at, float(charger.plugged), name)
    yield Quantity.CHARGING, Reading(at, float(charger.status(battery.level, at) is ChargingStatus.CHARGING), name)


def _electric(vehicle: SimulatedVehicle) -> Electric:
    assert isinstance(vehicle.powertrain, Electric)
    return vehicle.powertrain


def _cloud(vehicle: SimulatedVehicle) -> Iterator[Noted]:
    """What the cloud knows of a vehicle."""
    state, name = vehicle.cloud.state, "cloud"
    if (battery := state.battery) is not None and battery.reported_at is not None:
        yield Quantity.LEVEL, Reading(battery.reported_at, battery.level, name)
        yield Quantity.CONTENT, Reading(battery.reported_at, battery.energy, name)
    if (charging := state.charging) is not None and charging.reported_at is not None:
        yield Quantity.PLUGGED_IN, Reading(charging.reported_at, float(bool(charging.plugged_in)), name)
        yield Quantity.CHARGING, Reading(charging.reported_at, float(bool(charging.active)), name)
    if (odometer := state.odometer) is not None and odometer.reported_at is not None:
        yield Quantity.ODOMETER, Reading(odometer.reported_at, odometer.distance, name)
    if (position := state.position) is not None and position.reported_at is not None:
        off = abs(position.latitude - vehicle.home.latitude) + abs(position.longitude - vehicle.home.longitude)
        yield Quantity.PLACE, Reading(position.reported_at, "zone.home" if off < HOME_IN_DEGREES else "", name)


def _live(vehicle: SimulatedVehicle, sources: str) -> tuple[list[Noted], Truth]:
    """Live through the week; return what was reported, and the truth."""
    noted: list[Noted] = []
    ledger, at, cost = replace(_electric(vehicle).ledger), START, 0.0
    before, mains = len(vehicle.cloud.trips), ledger.mains
    charges, flowed = 0, START - timedelta(days=1)
    shown: dict[tuple[Quantity, str], float | str | None] = {}

    def note(quantity: Quantity, reading: Reading) -> None:
        if shown.get((quantity, reading.source)) != reading.value:
            shown[quantity, reading.source] = reading.value
            noted.append((quantity, reading))

    for index in range(int(timedelta(days=DAYS, hours=4) / STEP)):
        at = START + index * STEP
        vehicle.advance(at)
        now = _electric(vehicle).ledger
        if at.minute % 15 == 0:
            note(Quantity.PRICE, Reading(at, _price(at), TARIFF.key))
        cost += (now.mains - mains) * _price(at - STEP / 2)
        if now.mains > mains:
            charges, flowed = charges + (at - flowed > timedelta(hours=2)), at
        mains = now.mains
        note(Quantity.METER, Reading(at, round(mains - ledger.mains, 2), "box"))
        if "module" in sources:
            for each in _module(vehicle, at):
                note(*each)
        if "cloud" in sources and index % 20 == 0:
            noted.extend(_cloud(vehicle))
    return noted, Truth(
        driven=now.driving - now.recovered - ledger.driving + ledger.recovered,
        stored=now.mains - now.charging_loss - now.climate - ledger.mains + ledger.charging_loss + ledger.climate,
        wall=now.mains - ledger.mains,
        cost=cost,
        trips=len(vehicle.cloud.trips) - before,
        charges=charges,
    )


@pytest.mark.parametrize("sources", ["module", "cloud", "module and cloud"])
@pytest.mark.parametrize(("make", "number"), [(_leaf, 0), (_leaf, 1), (_ariya, 0)], ids=["leaf", "timer", "ariya"])
def test_a_week(make: Callable[[int], SimulatedVehicle], number: int, sources: str) -> None:
    vehicle = make(number)
    noted, truth = _live(vehicle, sources)
    assumed = Assumptions(capacity=_electric(vehicle).battery.usable, power=6.6, tariffs=(TARIFF,), currency="EUR")
    end = START + timedelta(days=DAYS, hours=4)
    entries = entries_of(noted, end, assumed)
    assert_tidy(entries)
    sums = sums_of(entries, "EUR")

    odometer = numbers(noted, Quantity.ODOMETER)
    assert sums.distance == pytest.approx(max(odometer) - min(odometer), abs=0.2 if "and" in sources else 1e-6)
    true = [trip for trip in vehicle.cloud.trips if trip.started_at >= START]
    assert len(entries.charges) == truth.charges
    assert len(entries.trips) == len(true) == truth.trips
    for trip, other in zip(entries.trips, true, strict=True):
        assert trip.distance == pytest.approx(other.distance, abs=0.15)
        assert trip.start < other.ended_at
        assert other.started_at < trip.end
    assert sums.energy == pytest.approx(truth.driven, rel=0.02)
    assert sums.stored == pytest.approx(truth.stored, rel=0.02)
    assert sums.wall == pytest.approx(truth.wall, rel=0.01)
    assert sums.cost == pytest.approx(truth.cost, rel=0.01)
    assert {charge.place for charge in entries.charges} == {"zone.home"}

    _, settled, rest = settled_by(noted, end, timedelta(hours=6), assumed)
    assert Entries([*settled.trips, *rest.trips], [*settled.charges, *rest.charges]) == entries
