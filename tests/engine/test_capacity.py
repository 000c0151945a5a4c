"""What a battery holds, told from its charges: how often the interval is right, and what does not move it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import cos, inf, nan, tau
from random import Random
from typing import Any, NamedTuple

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.engine.book_entries import Charge, Current
from custom_components.nissanconnect.engine.book_readings import Quantity, Reading
from custom_components.nissanconnect.engine.capacity import (
    LEAST_CHARGES,
    CapacityEstimate,
    CapacitySample,
    Meter,
    capacity_trend,
    comparable,
    estimate_capacity,
    samples_of,
    with_samples,
)
from custom_components.nissanconnect.engine.charge_finder import Assumptions
from custom_components.nissanconnect.engine.entry_finder import EntryFinder
from custom_components.nissanconnect.engine.reading_set import Readings

from .lives import ASSUMED, CAPACITY, POLLED, Life, settled_by

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365.25)


class Garage(NamedTuple):
    """A battery that held ``capacity`` kWh at first and changes by ``per_year`` %, and how well it is observed.

    ``noise`` is the relative error of each reading of a meter, ``winter`` by how many % less it holds in January than
    in July. ``efficiency`` and ``overhead`` (kW) are those of its charger, which a meter at the wall does not know.
    """

    capacity: float = 36.0
    per_year: float = 0.0
    noise: float = 0.01
    winter: float = 0.0
    metered_at: Meter = Meter.BATTERY
    efficiency: float = 0.9
    overhead: float = 0.3
    power: float = 6.6

    def holds(self, at: datetime) -> float:
        """What the battery holds."""
        years = (at - START) / YEAR
        season = 1 - self.winter / 200 * cos(tau * years)
        return self.capacity * (1 + self.per_year / 100 * years) * season

    def charges(self, count: int, seed: int, *, every: float = 2.0, broken: float = 0.0) -> list[CapacitySample]:
        """So many charges, ``every`` few days; a part is ``broken``: 30 % were metered too much."""
        chance = Random(seed)
        found = []
        for number in range(count):
            at = START + number * every * DAY
            start = chance.uniform(5, 60)
            end = chance.uniform(start + 25, 95)
            energy = (end - start) / 100 * self.holds(at)
            hours = energy / (self.efficiency * self.power - self.overhead)
            if self.metered_at is Meter.WALL:
                energy = self.power * hours
            energy *= chance.gauss(1, self.noise) * (1.3 if chance.random() < broken else 1)
            gained = round(end) - round(start)
            sample = CapacitySample(at=at, gained=gained, energy=energy, metered_at=self.metered_at, hours=hours)
            found.append(sample)
        return found


def estimate(samples: Sequence[CapacitySample]) -> CapacityEstimate:
    found = estimate_capacity(samples)
    assert found is not None
    return found


CHARGES = st.builds(
    lambda count, seed, meter: Garage(metered_at=meter).charges(count, seed),
    st.integers(LEAST_CHARGES, 60),
    st.integers(0, 10_000),
    st.sampled_from(Meter),
)

# How often the interval is right


@pytest.mark.parametrize("count", [10, 15, 40])
@pytest.mark.parametrize("broken", [0.0, 0.1])
def test_the_truth_is_in_the_interval_of_nearly_all_batteries(count: int, broken: float) -> None:
    garage = Garage()
    found = [estimate(garage.charges(count, seed, broken=broken)) for seed in range(300)]
    right = sum(each.low <= garage.capacity <= each.high for each in found) / len(found)
    assert right >= (0.93 if not broken else 0.9)
    widths = sorted((each.high - each.low) / each.capacity for each in found)
    assert widths[150] < {10: 0.04, 15: 0.03, 40: 0.02}[count], "an interval of everything is always right"


@pytest.mark.parametrize("power", [3.6, 7.4])
def test_a_meter_at_the_wall_leaves_the_efficiency_open(power: float) -> None:
    chance, right = Random(1), 0
    for seed in range(300):
        garage = Garage(metered_at=Meter.WALL, efficiency=chance.uniform(0.87, 0.93), power=power)
        found = estimate(garage.charges(20, seed))
        right += found.low <= garage.capacity <= found.high
        assert found.high - found.low > 0.05 * found.capacity, "the doubt does not shrink with more charges"
        assert found.scatter < 0.03
    assert right >= 0.95 * 300


@pytest.mark.parametrize("per_year", [0.0, -2.0])
@pytest.mark.parametrize("metered_at", Meter)
def test_the_trend_is_right_whatever_the_season_and_the_charger(per_year: float, metered_at: Meter) -> None:
    found = []
    for seed in range(100):
        garage = Garage(per_year=per_year, winter=4, metered_at=metered_at, efficiency=0.87)
        trend = capacity_trend(garage.charges(240, seed, every=730 / 240))
        assert trend is not None
        found.append(trend)
    # 2 % of what it held at first are some more of what it holds now.
    right = sum(each.low <= per_year * 1.02 <= each.high for each in found)
    assert right >= 90
    assert all(abs(each.per_year - per_year) < 1 for each in found)
    assert sorted(each.high - each.low for each in found)[50] < 2, "two years tell 2 % from none"


def test_half_a_year_from_summer_to_winter_is_no_ageing() -> None:
    garage = Garage(winter=6)
    assert capacity_trend(garage.charges(180, 1, every=1)) is None
    assert capacity_trend(garage.charges(366, 1, every=1)) is None, "one year shows each season once"
    assert capacity_trend(garage.charges(300, 1, every=2)) is not None, "20 months show eight of them twice"


# What does not move it


@given(CHARGES, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(samples: list[CapacitySample], chance: Random) -> None:
    again = [*samples, *chance.sample(samples, 5)]
    chance.shuffle(again)
    assert estimate_capacity(again) == estimate_capacity(samples)
    assert capacity_trend(again) == capacity_trend(samples)
    kept: tuple[CapacitySample, ...] = ()
    for each in again:
        kept = with_samples(kept, [each])
    assert kept == with_samples((), samples)


@given(CHARGES, st.floats(0.1, 10))
def test_a_battery_that_takes_twice_as_much_holds_twice_as_much(samples: list[CapacitySample], factor: float) -> None:
    one = estimate(samples)
    other = estimate([replace(each, energy=factor * each.energy, hours=factor * each.hours) for each in samples])
    for name in ("capacity", "low", "high"):
        assert getattr(other, name) == pytest.approx(factor * getattr(one, name))
    assert other.scatter == pytest.approx(one.scatter)


@given(st.integers(0, 1000), st.sampled_from([0.3, 0.7, 1.3, 3.0]))
def test_a_tenth_of_charges_gone_wrong_hardly_moves_it(seed: int, wrong: float) -> None:
    samples = Garage().charges(40, seed)
    broken = [replace(each, energy=wrong * each.energy) for each in samples[::10]]
    found = estimate([*broken, *(each for each in samples if samples.index(each) % 10)])
    assert found.capacity == pytest.approx(estimate(samples).capacity, rel=0.012)


@given(CHARGES)
def test_the_estimate_lies_within_its_interval(samples: list[CapacitySample]) -> None:
    found = estimate(samples)
    assert found.low <= found.capacity <= found.high
    assert (found.charges, found.since, found.at) == (len(samples), samples[0].at, samples[-1].at)


# When nothing is known


@given(st.integers(0, 9), st.sampled_from(Meter))
def test_fewer_than_ten_charges_are_none(count: int, meter: Meter) -> None:
    samples = Garage(metered_at=meter).charges(count, 1)
    assert estimate_capacity(samples) is None
    assert len(comparable(samples)) == count
    assert capacity_trend(samples) is None


@pytest.mark.parametrize(
    "spoilt",
    [
        {"gained": 19.9},
        {"gained": nan},
        {"gained": -40.0},
        {"gained": 120.0},
        {"energy": 0.0},
        {"energy": inf},
        {"energy": nan},
        {"hours": -1.0},
        {"hours": nan},
        {"hours": 99.0, "metered_at": Meter.WALL},
    ],
    ids=str,
)
def test_what_says_nothing_does_not_count(spoilt: dict[str, Any]) -> None:
    samples = Garage().charges(10, 1)
    assert estimate_capacity([*samples[:9], replace(samples[9], **spoilt)]) is None
    assert with_samples(samples, [replace(samples[9], at=START - DAY, **spoilt)]) == tuple(samples)


def test_charges_from_different_meters_are_not_mixed() -> None:
    battery, wall = Garage().charges(9, 1), Garage(metered_at=Meter.WALL).charges(9, 2)
    assert estimate_capacity([*battery, *wall]) is None
    ten = Garage(metered_at=Meter.WALL).charges(10, 2)
    assert estimate([*battery, *ten]).metered_at is Meter.WALL
    assert estimate([*Garage().charges(10, 1), *Garage(metered_at=Meter.WALL).charges(50, 2)]).metered_at is (
        Meter.BATTERY
    )


def test_only_the_last_year_counts() -> None:
    old, new = Garage(capacity=50), Garage()
    later = [replace(each, at=each.at + 2 * YEAR) for each in new.charges(10, 1)]
    assert estimate([*old.charges(100, 1), *later]).capacity == pytest.approx(36, rel=0.03)
    assert estimate_capacity([*old.charges(100, 1), *later[:9]]) is None


# What a charge shows


CHARGE = Charge(
    start=START,
    end=START + timedelta(hours=3),
    level_from=30.0,
    level_to=70.0,
    energy=14.4,
    counted=True,
    wall_energy=17.0,
    estimated=False,
    hours=2.5,
    current=Current.AC,
)


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ({}, {Meter.BATTERY: 14.4, Meter.WALL: 17.0}),
        ({"counted": False}, {Meter.WALL: 17.0}),
        ({"estimated": True}, {Meter.BATTERY: 14.4}),
        ({"estimated": True, "counted": False}, {}),
        ({"current": Current.DC}, {Meter.BATTERY: 14.4}),
        ({"level_to": None}, {}),
        ({"level_from": None}, {}),
        ({"hours": None}, {}),
        ({"energy": None, "wall_energy": None}, {}),
    ],
    ids=str,
)
def test_a_charge_shows_only_what_was_metered(known: dict[str, Any], shown: dict[Meter, float]) -> None:
    found = [*samples_of(replace(CHARGE, **known))]
    assert {each.metered_at: each.energy for each in found} == shown
    assert all((each.at, each.gained, each.hours) == (CHARGE.end, 40, 2.5) for each in found)


@pytest.mark.parametrize(
    ("counter", "meter"), [(Quantity.STORED, Meter.BATTERY), (Quantity.METER, Meter.WALL), (None, None)]
)
def test_what_was_counted_is_found_in_the_readings(counter: Quantity | None, meter: Meter | None) -> None:
    readings = Readings()
    for minutes in range(0, 241, 5):
        at, charging = START + timedelta(minutes=minutes), 60 <= minutes < 180
        charged = min(max(minutes - 60, 0), 120) / 120
        readings.add(Quantity.LEVEL, Reading(at, 30.0 + 40 * charged, "ovms"))
        readings.add(Quantity.CHARGING, Reading(at, float(charging), "ovms"))
        readings.add(Quantity.PLUGGED_IN, Reading(at, 1.0, "ovms"))
        if counter is not None:
            readings.add(counter, Reading(at, 100 + 14.4 * charged, "counter"))
    found = EntryFinder(readings, Assumptions(capacity=30), since=START, now=START + timedelta(hours=4)).find()
    (charge,) = found.charges
    assert charge.hours == pytest.approx(2, abs=0.1)
    samples = [*samples_of(charge)]
    assert [each.metered_at for each in samples] == ([] if meter is None else [meter])
    assert all(each.energy == pytest.approx(14.4, abs=0.1) and each.gained == 40 for each in samples)


@pytest.mark.parametrize("assumed", [30.0, 50.0])
def test_a_month_in_the_book_shows_what_the_battery_holds(assumed: float) -> None:
    life, chance = Life(), Random(1)
    for _ in range(20):
        life.drive(chance.randint(60, 120), 90)
        life.stand(chance.randint(100, 500))
        life.charge([(chance.choice([0, 90]), chance.randint(120, 240))], mains=chance.choice([3.6, 6.6]))
        life.stand(600)
    assumptions = replace(ASSUMED, capacity=assumed)
    _, old, rest = settled_by([*POLLED.report(life)], life.now, timedelta(hours=12), assumptions)
    found = estimate([sample for charge in (*old.charges, *rest.charges) for sample in samples_of(charge)])
    assert found.metered_at is Meter.WALL
    assert found.capacity == pytest.approx(CAPACITY, rel=0.01)
    assert found.low < CAPACITY < found.high


# What is kept


def test_the_charges_that_gained_most_of_each_month_are_kept() -> None:
    samples = Garage().charges(1600, 1, every=1)
    kept: tuple[CapacitySample, ...] = ()
    for each in samples:
        kept = with_samples(kept, [each])
    assert len(kept) == 480
    assert kept == tuple(sorted(kept, key=lambda each: each.at))
    january = [each for each in samples if (each.at.year, each.at.month) == (2027, 1)]
    best = sorted(january, key=lambda each: (each.gained, each.at))[-10:]
    assert {each for each in kept if (each.at.year, each.at.month) == (2027, 1)} == {*best}


def test_a_charge_that_is_known_better_later_is_replaced() -> None:
    samples = Garage().charges(3, 1)
    corrected = replace(samples[1], energy=samples[1].energy + 1)
    assert with_samples(samples, [corrected]) == (samples[0], corrected, samples[2])


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(
            CapacitySample,
            at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            gained=st.floats(),
            energy=st.floats(),
            metered_at=st.sampled_from(Meter),
            hours=st.floats(),
        ),
        max_size=40,
    )
)
def test_nothing_that_is_stored_breaks_it(samples: list[CapacitySample]) -> None:
    estimate_capacity(samples)
    capacity_trend(samples)
    kept: tuple[CapacitySample, ...] = ()
    for each in samples:
        kept = with_samples(kept, [each])
    assert all(each.is_useful for each in kept)
