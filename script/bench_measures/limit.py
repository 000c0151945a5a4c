"""How far beyond its target a vehicle charges that is stopped by prediction, because its cloud reports seldom."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import quantiles

from custom_components.nissanconnect.engine.charge_plan import ChargePlan, ChargeTask, PlanReason, PlanStatus
from custom_components.nissanconnect.engine.charge_planner import plan_charge
from custom_components.nissanconnect.engine.charge_session import ChargeSession, ChargeView

from .table import Row

_MINUTE = timedelta(minutes=1)
_START = datetime(2026, 11, 20, 22, tzinfo=UTC)
_MOST = 2.0
"""% over the target that are allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """A battery and a charger that are not quite as the plan takes them to be.

    Capacity in kWh, power at the wall in kW, levels in %; ``reports`` is how often the level is reported, in whole %.
    """

    capacity: float
    efficiency: float
    overhead: float
    power: float
    start: float
    target: float
    reports: timedelta
    nominal: float

    def gained(self, duration: timedelta) -> float:
        """Return the % that it gains."""
        hours = duration / timedelta(hours=1)
        return (self.efficiency * self.power - self.overhead) * hours / self.capacity * 100


def cars(random: Random, number: int, power: float, reports: timedelta) -> Iterator[Car]:
    """Yield cars as they are on the road: aged, and with chargers better and worse than most."""
    for _ in range(number):
        nominal = random.choice((22.0, 38.5, 59.0, 87.0))
        start = random.uniform(5, 60)
        yield Car(
            capacity=nominal * random.uniform(0.93, 1.03),
            efficiency=random.uniform(0.85, 0.95),
            overhead=random.uniform(0.15, 0.4),
            power=power * random.uniform(0.95, 1.03),
            start=start,
            target=random.uniform(start + 15, 95),
            reports=reports,
            nominal=nominal,
        )


def overshoot(car: Car, power: float) -> float:
    """Return how many % beyond its target the car is when it is stopped; ``power`` is what the plan reckons with."""
    session, level, now = ChargeSession.begin(_START), car.start, _START
    reported, reported_at = float(round(level)), now
    while now < _START + timedelta(days=3):
        task = _task(car, session, power, now)
        view = ChargeView(
            now=now,
            target=car.target,
            level=reported,
            level_at=reported_at,
            flowing=True,
            seen_at=now,
            power=power,
            gain=task.battery_power / task.pace / car.nominal * 100,
        )
        session = session.after(view)
        plan = _plan(car, session, power)
        if session.wants_current(plan) is False:
            return level - car.target
        level += car.gained(_MINUTE)
        now += _MINUTE
        if (now - _START) % car.reports == timedelta():
            reported, reported_at = float(round(level)), now
    return float("inf")


def _task(car: Car, session: ChargeSession, power: float, now: datetime) -> ChargeTask:
    level = session.level_now
    return ChargeTask(
        now=now,
        level=car.start if level is None else level,
        target=car.target,
        capacity=car.nominal,
        pace=session.pace,
        power=power,
    )


def _plan(car: Car, session: ChargeSession, power: float) -> ChargePlan:
    if session.done_at is not None:
        return ChargePlan(status=PlanStatus.DONE, reason=PlanReason.ABOVE_TARGET, level=car.target)
    return plan_charge(_task(car, session, power, session.updated_at), ())


def measure(*, quick: bool = False) -> list[Row]:
    """Return how far beyond the target 95 of 100 cars, and the worst one, were charged."""
    rows = []
    for power in (3.7, 7.4):
        for reports in (timedelta(minutes=10), timedelta(minutes=30)):
            found = [overshoot(car, power) for car in cars(Random(7), 3 if quick else 200, power, reports)]
            minutes = int(reports / _MINUTE)
            name = f"{power} kW, a report every {minutes} min: beyond the target"
            p95 = quantiles(found, n=20)[-1]
            rows += [
                Row(name=f"{name}, p95", value=p95, unit="%", target=f"< {_MOST:.0f}", met=p95 < _MOST),
                Row(name=f"{name}, most", value=max(found), unit="%", target=f"< {_MOST:.0f}", met=max(found) < _MOST),
                Row(name=f"{name}, least", value=min(found), unit="%"),
            ]
    return rows
