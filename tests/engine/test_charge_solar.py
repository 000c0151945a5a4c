"""What the sun makes of a price: in the plan of a charge, and in the book afterwards."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
import pytest

from custom_components.nissanconnect.engine.book_readings import Reading, Rise
from custom_components.nissanconnect.engine.charge_plan import Block, Period, PriceSlot, Rate, rate_at
from custom_components.nissanconnect.engine.energy_cost import cost_of, in_hours, share_of

from .lives import START
from .test_charge_planner_laws import Case, cases


def _at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


SLOTS = (PriceSlot(_at(0), _at(1), 0.3), PriceSlot(_at(1), _at(6), 0.2), PriceSlot(_at(7), _at(8), 0.1))
SUN = (Period(_at(0.5), _at(2), 2.0), Period(_at(2), _at(3), 8.0), Period(_at(3), _at(4), -1.0))


@pytest.mark.parametrize(
    ("at", "rate"),
    [
        (-1, None),
        (6, None),
        (0, Rate(_at(0), _at(0.5), 0.3, 0)),
        (0.75, Rate(_at(0.5), _at(1), 0.5 * 0.08 + 0.5 * 0.3, 0.5)),
        (1, Rate(_at(1), _at(2), 0.5 * 0.08 + 0.5 * 0.2, 0.5)),
        (2.5, Rate(_at(2), _at(3), 0.08, 1)),
        (3.5, Rate(_at(3), _at(4), 0.2, 0)),
        (5, Rate(_at(4), _at(6), 0.2, 0)),
    ],
)
def test_the_rate_at_a_time(at: float, rate: Rate | None) -> None:
    assert rate_at(_at(at), SLOTS, SUN, power=4.0, feed_in=0.08) == (None if rate is None else pytest.approx(rate))


def test_without_a_forecast_nothing_is_known_of_the_sun() -> None:
    assert rate_at(_at(0.75), SLOTS, (), power=4.0, feed_in=0.08) == Rate(_at(0), _at(1), 0.3, None)


def _in_utc(given: Iterable[Any]) -> list[Any]:
    """As they are read: times of one zone are compared by the clock on the wall."""
    return [each._replace(start=each.start.astimezone(UTC), end=each.end.astimezone(UTC)) for each in given]


def _noted(case: Case, block: Block) -> Iterator[Rate]:
    """What is noted while a block goes on."""
    task, at, prices, solar = case.task, block.start, _in_utc(case.prices), _in_utc(case.task.solar)
    while at < block.end and (rate := rate_at(at, prices, solar, power=task.power, feed_in=task.feed_in)):
        assert rate.start <= at < rate.end
        yield rate
        at = rate.end


@given(cases)
@settings(max_examples=300)
def test_the_book_reckons_as_the_plan_does(case: Case) -> None:
    for block in case.plan.blocks:
        noted, flow = list(_noted(case, block)), [Rise(block.start, block.end, block.energy)]
        if block.cost is None:
            assert not noted or noted[-1].end < block.end
            continue
        cost = cost_of(in_hours(flow, [Reading(rate.start, rate.price) for rate in noted]))
        assert cost == pytest.approx(block.cost, abs=1e-9)
        share = share_of(flow, [Reading(rate.start, rate.share) for rate in noted])
        sun = [
            min(period.power, case.task.power) * (min(block.end, period.end) - max(block.start, period.start))
            for period in _in_utc(case.task.solar)
            if period.start < block.end and block.start < period.end
        ]
        known = sum(sun, timedelta()) / timedelta(hours=1) / block.energy if case.task.solar else None
        assert share == (None if known is None else pytest.approx(known))
