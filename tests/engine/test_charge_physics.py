"""What batteries hold, how fast vehicles charge, and what is learnt of their losses."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import reduce
import json
from math import floor, nan
from random import Random
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.nissanconnect.engine.charge_physics import (
    ChargeModel,
    FinishedCharge,
    ac_power,
    new_capacity,
    phases,
    usable_capacity,
)
from custom_components.nissanconnect.engine.charge_plan import OVERHEAD, ChargeTask, slow_seconds
from custom_components.nissanconnect.vehicle import Battery, Powertrain, VehicleInfo, VehicleState
from custom_components.nissanconnect.vehicle.codec import decode

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


def info(model: str | None = "Leaf", year: int | None = None, **changed: Any) -> VehicleInfo:
    return VehicleInfo(key="X", model=model, year=year, **{"powertrain": Powertrain.ELECTRIC, **changed})


def state(**battery: Any) -> VehicleState:
    return VehicleState.of(Battery(backend="b", received_at=NOON, **battery))


@pytest.mark.parametrize(
    ("vehicle", "reported", "usable"),
    [
        (info(), {"capacity": 40.0, "health": 80.0}, 38.5),
        (info(year=2020), {"capacity": 62.0}, 59.0),
        (info(year=2020), {"capacity": 35.2}, None),  # either of two
        (info(year=2018), {"capacity": 35.2}, 38.5),
        (info(year=2018), {}, 38.5),
        (info(), {}, None),
        (info("Sakura"), {"capacity": 20.0}, None),
        (info("Qashqai", powertrain=Powertrain.COMBUSTION), {}, None),
    ],
)
def test_what_a_battery_held_when_it_was_new(
    vehicle: VehicleInfo, reported: dict[str, float], usable: float | None
) -> None:
    assert new_capacity(vehicle, state(**reported)) == usable
    assert new_capacity(info(year=2018), VehicleState()) == 38.5


@pytest.mark.parametrize(
    ("vehicle", "reported", "usable"),
    [
        # by what is reported
        (info(), {"capacity": 40.0}, 38.5),
        (info(), {"capacity": 40.0, "health": 80.0}, 30.8),
        (info(year=2020), {"capacity": 62.0, "health": 95.0}, 56.05),
        (info("e-NV200"), {"capacity": 40.0}, 37.5),
        (info("ARIYA"), {"capacity": 87.0, "level": 52.0, "energy": 44.0}, 84.6),
        (info("ARIYA"), {"level": 52.0, "energy": 44.0}, 84.6),
        # what the battery holds today is no nominal capacity, so its health counts in it already
        (info(), {"capacity": 17.5, "health": 78.0}, 17.5),
        # of a model that is not in the table
        (info("Sakura"), {"capacity": 20.0, "health": 90.0}, 18.0),
        (info(None), {"capacity": 24.0}, 24.0),
        (info("Sakura"), {"level": 50.0, "energy": 9.5}, 19.0),
        # by the model
        (info("Townstar EV"), {}, 45.0),
        (info("Townstar EV"), {"health": 90.0}, 40.5),
        (info("LEAF", 2012), {"health": 70.0}, 15.4),
        (info("LEAF", 2018), {}, 38.5),
        (info("e-NV200", 2016), {}, 22.0),
        # several batteries, none, or a vehicle that has none
        (info(), {}, None),
        (info("LEAF", 2016), {}, None),
        (info("LEAF", 2021), {"health": 90.0}, None),
        (info("Ariya"), {"level": 60.0}, None),
        (info("Sakura"), {"health": 90.0}, None),
        (info(None), {}, None),
        (info("Townstar", powertrain=Powertrain.COMBUSTION), {}, None),
        (info("Micra", 2018), {}, None),
        # an energy that cannot be, or that says too little
        (info(), {"capacity": 40.0, "level": 90.0, "energy": 10.0}, 38.5),
        (info(), {"capacity": 40.0, "level": 40.0, "energy": 30.0}, 38.5),
        (info(), {"capacity": 40.0, "level": 5.0, "energy": 1.0}, 38.5),
        (info(), {"level": 5.0, "energy": 1.0}, None),
        (info(), {"level": 50.0, "energy": 0.0}, None),
    ],
)
def test_the_capacity_today(vehicle: VehicleInfo, reported: dict[str, float], usable: float | None) -> None:
    assert usable_capacity(vehicle, state(**reported)) == pytest.approx(usable, abs=0.05)


def test_the_capacity_of_what_has_never_reported() -> None:
    assert usable_capacity(info("Townstar"), VehicleState()) == 45.0
    assert usable_capacity(info("Leaf"), VehicleState()) is None


@pytest.mark.parametrize(
    ("vehicle", "power", "lines"),
    [
        (info("LEAF", 2013), 3.6, 1),
        (info("Leaf", 2021), 6.6, 1),
        (info("LEAF", 2026), 7.4, 1),
        (info("LEAF"), 3.6, 1),
        (info("e-NV200"), 3.6, 1),
        (info("Ariya e-4ORCE", 2023), 7.4, 1),
        (info("MICRA", 2025), 11.0, 3),
        (info("Townstar"), 11.0, 3),
        (info("Sakura"), None, None),
        (info("Qashqai", powertrain=Powertrain.HYBRID), None, None),
        (info(None), None, None),
    ],
)
def test_the_power_of_the_charger(vehicle: VehicleInfo, power: float | None, lines: int | None) -> None:
    assert (ac_power(vehicle), phases(vehicle)) == (power, lines)


# What is learnt

LEVELS = st.tuples(st.floats(0, 88), st.floats(12, 70))
"""From which level, and how many % are gained."""


def charged(
    start: float, gained: float, *, efficiency: float, power: float = 6.6, metered: bool = True, capacity: float = 38.5
) -> FinishedCharge:
    """Return a charge as a vehicle of this efficiency reports it: in whole percents, of which it shows those passed."""
    end = min(start + gained, 100.0)
    seconds = (end - start) / 100 * capacity / (efficiency * power - OVERHEAD) * 3600
    return FinishedCharge(
        start=floor(start),
        end=floor(end),
        seconds=seconds + slow_seconds(start, end),
        capacity=capacity,
        energy=seconds / 3600 * power if metered else None,
        power=None if metered else power,
    )


def learnt(charges: Iterable[FinishedCharge], model: ChargeModel | None = None) -> ChargeModel:
    return reduce(ChargeModel.after, charges, model or ChargeModel())


@given(
    st.floats(0.65, 0.98), st.booleans(), st.sampled_from([2.3, 3.7, 6.6]), st.lists(LEVELS, min_size=30, max_size=40)
)
def test_the_truth_is_learnt_from_whole_percents(
    truth: float, metered: bool, power: float, charges: list[tuple[float, float]]
) -> None:
    model = learnt(charged(*each, efficiency=truth, power=power, metered=metered) for each in charges)
    assert model.efficiency == pytest.approx(truth, abs=0.04)
    assert model.overhead == OVERHEAD


def test_a_few_charges_are_enough_to_be_nearer() -> None:
    week = [charged(start, 40, efficiency=0.75) for start in (20, 35, 41, 28, 30)]
    assert [round(learnt(week[:number]).efficiency, 2) for number in (0, 1, 2, 5)] == [0.9, 0.81, 0.79, 0.77]


@given(
    st.lists(
        st.builds(
            FinishedCharge,
            start=st.floats(0, 100),
            end=st.floats(0, 100),
            seconds=st.floats(allow_nan=True, allow_infinity=True),
            capacity=st.floats(allow_nan=True, allow_infinity=True),
            energy=st.none() | st.floats(allow_nan=True, allow_infinity=True),
            power=st.none() | st.floats(allow_nan=True, allow_infinity=True),
        )
        | st.builds(charged, st.floats(0, 50), st.floats(10, 50), efficiency=st.floats(0.3, 1.5)),
        max_size=30,
    )
)
def test_whatever_is_reported_the_model_stays_possible(charges: list[FinishedCharge]) -> None:
    model = learnt(charges)
    assert 0.6 <= model.efficiency <= 1.0
    assert 0 <= model.samples <= 5
    assert model.overhead == OVERHEAD


@given(st.lists(st.tuples(LEVELS, st.floats(0.78, 0.95)), min_size=2, max_size=6), st.randoms())
def test_the_order_of_a_few_charges_hardly_matters(
    seen: list[tuple[tuple[float, float], float]], chance: Random
) -> None:
    charges = [charged(*levels, efficiency=efficiency) for levels, efficiency in seen]
    mixed = [*charges]
    chance.shuffle(mixed)
    assert learnt(mixed).efficiency == pytest.approx(learnt(charges).efficiency, abs=0.015)


@pytest.mark.parametrize(
    "charge",
    [
        charged(40, 9, efficiency=0.7),
        FinishedCharge(start=60, end=40, seconds=3600, capacity=38.5, energy=8),
        FinishedCharge(start=40, end=60, seconds=3600, capacity=38.5),
        FinishedCharge(start=40, end=60, seconds=0, capacity=38.5, power=6.6),
        FinishedCharge(start=40, end=60, seconds=3600, capacity=38.5, energy=0),
        FinishedCharge(start=40, end=60, seconds=3600, capacity=38.5, energy=20.0),  # the meter counted another car
        FinishedCharge(start=40, end=60, seconds=3600, capacity=38.5, energy=2.0),
        FinishedCharge(start=96, end=100, seconds=600, capacity=38.5, power=6.6),
    ],
)
def test_what_says_nothing_changes_nothing(charge: FinishedCharge) -> None:
    model = ChargeModel(efficiency=0.85, samples=1.0)
    assert model.after(charge) is model


def test_an_odd_charge_moves_little() -> None:
    model = learnt(charged(20, 50, efficiency=0.88) for _ in range(10))
    odd = model.after(charged(20, 50, efficiency=0.55))
    assert 0.01 < model.efficiency - odd.efficiency < 0.02
    assert learnt((charged(20, 50, efficiency=0.88) for _ in range(10)), odd).efficiency == pytest.approx(
        0.88, abs=0.01
    )


def test_a_large_charge_counts_more_than_a_small_one() -> None:
    small, large = (ChargeModel().after(charged(20, gained, efficiency=0.8)) for gained in (15, 60))
    assert 0.9 > small.efficiency > large.efficiency > 0.8


def test_what_has_changed_for_good_is_learnt_anew() -> None:
    model = learnt(charged(20, 60, efficiency=0.92) for _ in range(100))
    assert learnt((charged(20, 60, efficiency=0.8) for _ in range(20)), model).efficiency == pytest.approx(
        0.8, abs=0.02
    )


def test_the_last_percents_do_not_count_as_a_loss() -> None:
    model = learnt(charged(40, 60, efficiency=0.9, metered=False) for _ in range(10))
    assert model.efficiency == pytest.approx(0.9, abs=0.005)


@given(st.floats(0.6, 1.0), st.floats(0, 1), st.floats(0, 5))
def test_a_model_outlives_a_restart(efficiency: float, overhead: float, samples: float) -> None:
    model = ChargeModel(efficiency=efficiency, overhead=overhead, samples=samples)
    assert decode(ChargeModel, json.loads(json.dumps(asdict(model))), NOON) == model


def test_a_damaged_model_is_brought_within_bounds() -> None:
    model = decode(ChargeModel, {"efficiency": 0, "overhead": 7, "samples": 1e9}, NOON)
    assert model == ChargeModel(efficiency=0.6, overhead=1.0, samples=5.0)
    assert ChargeModel(efficiency=nan).efficiency == 0.6


def test_a_plan_with_what_was_learnt_takes_as_long_as_the_charge() -> None:
    model = learnt(charged(20, 50, efficiency=0.8, power=3.7) for _ in range(20))
    charge = charged(30, 40, efficiency=0.8, power=3.7)
    task = ChargeTask(
        now=NOON, level=30, target=70, capacity=38.5, power=3.7, efficiency=model.efficiency, overhead=model.overhead
    )
    assert task.seconds(30, 70) == pytest.approx(charge.seconds, rel=0.02)
