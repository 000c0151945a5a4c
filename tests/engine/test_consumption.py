"""What is learnt of a vehicle's consumption from its trips."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
import json
from math import inf, nan
from random import Random
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.book_entries import Trip
from custom_components.nissanconnect.engine.charge_physics import typical_consumption
from custom_components.nissanconnect.engine.consumption import Consumption, ConsumptionModel, TemperatureBand, rise
from custom_components.nissanconnect.vehicle import Powertrain, VehicleInfo
from custom_components.nissanconnect.vehicle.codec import decode

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
NEW = ConsumptionModel(typical=16.4)


def trip(
    consumption: float, distance: float = 40.0, outside: float | None = 20.0, days: float = 1, **more: Any
) -> Trip:
    """A trip of so many days ago that took so many kWh for 100 km."""
    start = NOW - timedelta(days=days)
    energy = consumption * distance / 100
    known = {"distance": distance, "energy": energy, "uncertainty": 0.4, "outside": outside}
    return Trip(start=start, end=start + timedelta(minutes=distance), **known | more)


def learnt(trips: Sequence[Trip], model: ConsumptionModel = NEW) -> ConsumptionModel:
    return reduce(ConsumptionModel.after, trips, model)


def season(level: float = 1.0, count: int = 60, deviation: float = 0.1) -> list[Trip]:
    """Trips from frost to summer of a driver who takes ``level`` times what is typical."""
    random = Random(7)
    outside = [random.uniform(-10, 30) for _ in range(count)]
    return [
        trip(
            16.4 * rise(each) * level * random.gauss(1, deviation),
            distance=random.uniform(5, 90),
            outside=each,
            days=random.uniform(1, 300),
        )
        for each in outside
    ]


def test_before_anything_is_learnt_it_is_what_is_typical_with_a_wide_spread() -> None:
    mild = NEW.estimate(20, NOW)
    assert mild.mean == pytest.approx(16.4)
    assert 0.35 < mild.spread / mild.mean < 0.5
    assert mild.trips == 0
    frost = NEW.estimate(-10, NOW)
    assert 1.5 < frost.mean / mild.mean < 1.85
    unknown = NEW.estimate(None, NOW)
    assert mild.mean < unknown.mean < frost.mean
    assert unknown.spread / unknown.mean > mild.spread / mild.mean


def test_more_is_consumed_in_frost_and_in_heat() -> None:
    assert [round(rise(each), 2) for each in (-15, 0, 10, 30, 35)] == [1.85, 1.34, 1.0, 1.0, 1.2]
    assert 1 / rise(-15) == pytest.approx(0.54, abs=0.005), "Geotab"
    assert 1 / rise(35) == pytest.approx(0.83, abs=0.005), "AAA"
    assert (rise(-90), rise(90)) == (rise(-30), rise(45))


@pytest.mark.parametrize("level", [0.8, 1.0, 1.35])
@pytest.mark.parametrize("outside", [-8.0, 4.0, 21.0])
def test_it_learns_how_a_vehicle_is_driven(level: float, outside: float) -> None:
    found = learnt(season(level)).estimate(outside, NOW)
    true = 16.4 * rise(outside) * level
    assert found.mean == pytest.approx(true, rel=0.06)
    assert 0.16 < found.spread / true < 0.35, "about twice what single trips differ by"


def test_nineteen_of_twenty_trips_lie_within_the_spread() -> None:
    trips = season(1.2, count=400)
    model = learnt(trips[:200])
    found = [(each, model.estimate(each.outside, NOW)) for each in trips[200:] if each.distance > 20]
    inside = [abs((each.consumption or 0) - known.mean) <= known.spread for each, known in found]
    assert len(inside) > 100
    assert 0.93 <= sum(inside) / len(inside) < 1


def test_a_cold_day_is_learnt_from_cold_days_and_only_a_little_from_warm_ones() -> None:
    cold = learnt([trip(16.4 * rise(-10) * 1.5, outside=-10) for _ in range(20)])
    above = [cold.estimate(outside, NOW).mean / 16.4 / rise(outside) for outside in (-10, 0, 25)]
    assert above[0] > 1.4 > above[1] > above[2] > 1.1


def test_what_is_long_ago_fades() -> None:
    old, new = (learnt([trip(24, days=days) for _ in range(10)]) for days in (3650, 10))
    assert new.estimate(20, NOW).mean > 21.5
    assert old.estimate(20, NOW).mean == pytest.approx(16.4, rel=0.01)
    assert new.estimate(20, NOW + timedelta(days=365)).trips == pytest.approx(new.estimate(20, NOW).trips / 2)
    changed = learnt([trip(24, days=730) for _ in range(10)] + [trip(16.4) for _ in range(10)])
    assert changed.estimate(20, NOW).mean < 18.2


def test_a_short_trip_moves_little() -> None:
    known = learnt(season())
    before, long, short = (
        each.estimate(20, NOW).mean for each in (known, known.after(trip(24)), known.after(trip(24, 4)))
    )
    assert 0 < short - before < 0.2 * (long - before)


@pytest.mark.parametrize("wrong", [trip(0), trip(1.5), trip(80), trip(1e9), trip(-3)])
def test_a_trip_that_cannot_have_been_so_is_not_learnt_from(wrong: Trip) -> None:
    assert NEW.after(wrong) == NEW


@pytest.mark.parametrize("odd", [trip(6, 100), trip(60, 100), trip(60, 4000)])
def test_a_trip_that_can_hardly_have_been_so_moves_little(odd: Trip) -> None:
    known = learnt(season())
    before, after = known.estimate(20, NOW), known.after(odd).estimate(20, NOW)
    assert after.mean == pytest.approx(before.mean, rel=0.06)
    assert after.spread > before.spread


@pytest.mark.parametrize(
    "silent",
    [
        {"energy": None},
        {"energy": nan},
        {"energy": inf},
        {"distance": 0.4},
        {"distance": 0.0},
        {"distance": -8.0},
        {"distance": nan},
        {"distance": inf},
        {"distance": 2.0, "energy": 0.4, "uncertainty": 4.0},
    ],
)
def test_a_trip_without_what_it_takes_says_nothing(silent: dict[str, Any]) -> None:
    assert NEW.after(replace(trip(18), **silent)) == NEW


@pytest.mark.parametrize("uncertainty", [None, nan, -1.0])
def test_an_energy_of_which_nothing_is_said_is_not_taken_for_exact(uncertainty: float | None) -> None:
    assert learnt([trip(30, 5, uncertainty=uncertainty)]) == learnt([trip(30, 5, uncertainty=0.5)])


def test_trips_that_show_whole_percents_are_right_on_the_whole() -> None:
    """4 km take 1.6 % of a small battery, and are shown as 1 or 2 %."""
    random = Random(3)
    steps = [trip(0, 4, energy=0.4 * int(16.4 * 4 / 100 / 0.4 + random.random())) for _ in range(400)]
    assert {round(each.energy or 0, 1) for each in steps} == {0.4, 0.8}
    found = learnt(steps).estimate(20, NOW)
    assert found.mean == pytest.approx(16.4, rel=0.04)
    assert found.spread / found.mean < 0.35, "rounding is no difference between trips"


@pytest.mark.parametrize("outside", [None, nan, inf])
def test_trips_without_a_temperature_are_learnt_from_too(outside: float | None) -> None:
    found = learnt([trip(22, outside=outside) for _ in range(30)])
    assert [band.outside for band in found.bands] == [None]
    assert found.estimate(outside, NOW).mean == pytest.approx(22, rel=0.05)
    assert found.estimate(20, NOW).mean > 17, "it says something about mild days"
    assert found.estimate(None, NOW).spread > found.estimate(20, NOW).spread * 0.5


def test_thermometers_in_the_sun_are_no_new_climate() -> None:
    found = learnt([trip(17, outside=each) for each in (88.0, 47.0, 44.0, -60.0, -29.0)])
    assert [band.outside for band in found.bands] == [-30, 45]


# Laws

trips = st.builds(
    trip,
    consumption=st.floats(5, 60),
    distance=st.floats(0.5, 600),
    outside=st.none() | st.floats(-40, 50),
    days=st.floats(0, 900),
    uncertainty=st.none() | st.floats(0, 3),
)
outsides = st.none() | st.floats(-45, 55)


def close(one: Consumption, other: Consumption) -> bool:
    return one == pytest.approx(other, rel=1e-6, abs=1e-9)


@given(st.lists(trips, max_size=12), outsides, st.randoms(use_true_random=False))
def test_the_order_makes_no_difference(found: list[Trip], outside: float | None, random: Random) -> None:
    model = learnt(found)
    random.shuffle(found)
    other = learnt(found)
    assert [band.outside for band in model.bands] == [band.outside for band in other.bands]
    assert close(model.estimate(outside, NOW), other.estimate(outside, NOW))


@given(st.lists(trips, max_size=12), st.floats(-30, 45))
def test_what_is_as_expected_never_widens_the_spread(found: list[Trip], outside: float) -> None:
    model = learnt(found)
    before = model.estimate(outside, NOW)
    after = model.after(trip(before.mean, 60, outside, days=0.01, uncertainty=0)).estimate(outside, NOW)
    assert after.mean == pytest.approx(before.mean)
    assert after.spread <= before.spread * (1 + 1e-9)
    assert after.trips > before.trips


@given(st.lists(trips, max_size=12), outsides, st.floats(0, 4000))
def test_it_is_never_surer_than_two_trips_of_one_road(found: list[Trip], outside: float | None, days: float) -> None:
    known = learnt(found).estimate(outside, NOW + timedelta(days=days))
    assert known.mean > 0
    assert known.spread >= 0.16 * known.mean
    assert 0 <= known.trips <= 1.002 * len(found), "some of them end a little later than now"
    assert 0.5 * 16.4 * rise(outside) <= known.mean <= 2 * 16.4 * rise(outside)


@given(st.lists(trips, max_size=8), st.floats(5, 40), outsides)
def test_it_scales_with_what_is_typical(found: list[Trip], typical: float, outside: float | None) -> None:
    """Kei cars and vans are learnt alike: only how the vehicle compares with its model matters."""
    scaled = [
        replace(each, energy=(each.energy or 0) * typical / 16.4, uncertainty=(each.uncertainty or 0) * typical / 16.4)
        for each in found
    ]
    exact = [replace(each, uncertainty=each.uncertainty or 0) for each in found]
    one = learnt(exact).estimate(outside, NOW)
    other = learnt(scaled, ConsumptionModel(typical=typical)).estimate(outside, NOW)
    assert other.mean == pytest.approx(one.mean * typical / 16.4, rel=0.02)


@given(st.lists(trips, max_size=12))
def test_it_survives_the_store(found: list[Trip]) -> None:
    model = learnt(found)
    assert decode(ConsumptionModel, json.loads(json.dumps(asdict(model))), NOW) == model


@pytest.mark.parametrize(
    "broken", [{"trips": -1.0}, {"trips": nan}, {"ratios": inf}, {"squares": nan}, {"outside": nan}]
)
def test_sums_that_are_damaged_are_refused(broken: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no sums"):
        TemperatureBand(**{"outside": 5.0} | broken)


@pytest.mark.parametrize("typical", [0.0, -16.4, nan, inf])
def test_a_typical_consumption_has_to_be_one(typical: float) -> None:
    with pytest.raises(ValueError, match="no consumption"):
        ConsumptionModel(typical=typical)


@pytest.mark.parametrize(
    ("model", "year", "typical"),
    [
        ("Leaf", 2012, 16.9),
        ("LEAF", 2020, (16.4 + 17.3) / 2),
        ("e-NV200", None, 20.9),
        ("ARIYA", 2023, (18.8 + 20.4) / 2),
        ("Townstar EV", None, 20.0),
        ("Micra", 2026, 18.0),
        ("Sakura", None, 18.0),
        (None, None, 18.0),
    ],
)
def test_what_is_typical_of_a_model(model: str | None, year: int | None, typical: float) -> None:
    info = VehicleInfo(key="X", model=model, year=year, powertrain=Powertrain.ELECTRIC)
    assert typical_consumption(info) == pytest.approx(typical)
