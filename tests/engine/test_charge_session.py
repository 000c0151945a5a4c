"""A stay at the plug: what has flowed, what was switched, and how well the level is predicted between reports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.helpers.json import json_bytes
from homeassistant.util.json import json_loads
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.engine.charge_plan import Block, ChargePlan, PlanReason, PlanStatus
from custom_components.nissanconnect.engine.charge_session import (
    CHECK_AFTER,
    ChargeMemory,
    ChargeSession,
    ChargeView,
    Flow,
    SessionMode,
    Step,
)
from custom_components.nissanconnect.vehicle.codec import decode
from script.bench_measures.limit import Car, overshoot

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def view(minutes: float = 0, **known: Any) -> ChargeView:
    """Return what is known some minutes later: a vehicle that takes 6 kW and gains 15 % an hour, if it does."""
    at = NOW + minutes * MINUTE
    seen = {"seen_at": at} if "flowing" in known else {}
    return ChargeView(**{"now": at, "target": 80.0, "power": 6.0, "gain": 15.0, "price": 0.5, **seen, **known})


def plan(*spans: tuple[float, float], status: PlanStatus = PlanStatus.PLANNED) -> ChargePlan:
    """Return a plan with blocks from and to some minutes later."""
    blocks = tuple(Block(NOW + a * MINUTE, NOW + b * MINUTE, 6.0, (b - a) / 10, 0.1) for a, b in spans)
    return ChargePlan(status=status, reason=PlanReason.CHEAPEST, level=80.0, blocks=blocks)


def charging(level: float = 50.0) -> ChargeSession:
    """Return a session whose current was switched on and seen to flow."""
    session = ChargeSession.begin(NOW).after(view(level=level, level_at=NOW, flowing=False))
    session, _ = session.switched(True, view())
    return session.after(view(flowing=True))


# What has flowed


def test_what_flows_is_counted_with_its_price_and_moves_the_level() -> None:
    session = charging().after(view(30, flowing=True, price=1.0)).after(view(60, flowing=True))
    assert session.energy == pytest.approx(6.0)
    assert session.cost == pytest.approx(3 * 0.5 + 3 * 1.0)
    assert session.level_now == pytest.approx(65)
    assert session.flowing_since == NOW


def test_what_has_no_price_makes_the_cost_unknown() -> None:
    session = charging().after(view(30, flowing=True, price=None)).after(view(60, flowing=True))
    assert session.energy == pytest.approx(6.0)
    assert session.cost is None


def test_after_days_without_a_look_no_more_is_counted_than_there_is_room() -> None:
    session = charging(80.0).after(view(3 * 24 * 60, target=100.0, flowing=True))
    assert session.level_now == 100
    assert session.energy == pytest.approx(8.0)


def test_a_clock_that_is_set_back_counts_nothing() -> None:
    session = charging().after(view(30, flowing=True)).after(view(10, flowing=True)).after(view(40, flowing=True))
    assert session.energy == pytest.approx(6.0)


def test_current_that_flowed_before_it_was_known_is_counted_for_an_hour_at_most() -> None:
    session = ChargeSession.begin(NOW).after(view(flowing=True, seen_at=NOW - 10 * MINUTE))
    assert session.energy == pytest.approx(1.0)
    session = ChargeSession.begin(NOW).after(view(flowing=True, seen_at=NOW - 5 * HOUR))
    assert session.energy == pytest.approx(6.0)


def test_until_a_report_shows_otherwise_what_was_ordered_counts() -> None:
    session, _ = ChargeSession.begin(NOW).after(view(flowing=False)).switched(True, view())
    session = session.after(view(1, flowing=False, seen_at=NOW - MINUTE))
    assert session.power == 6.0
    assert session.after(view(2, flowing=False)).power == 0


# The level


@given(
    capacity=st.floats(24, 90),
    aged=st.floats(0.96, 1.03),
    efficiency=st.floats(0.87, 0.93),
    overhead=st.floats(0.2, 0.4),
    power=st.sampled_from((3.7, 7.0)),
    start=st.floats(5, 60),
    more=st.floats(10, 35),
)
@settings(max_examples=30)
def test_the_target_is_met_within_two_percent_although_reports_come_every_half_hour(
    capacity: float, aged: float, efficiency: float, overhead: float, power: float, start: float, more: float
) -> None:
    car = Car(
        capacity=capacity * aged,
        efficiency=efficiency,
        overhead=overhead,
        power=power,
        start=start,
        target=start + more,
        reports=timedelta(minutes=30),
        nominal=capacity,
    )
    assert -2 < overshoot(car, power) < 2


def test_a_report_within_its_rounding_leaves_the_prediction() -> None:
    session = charging().after(view(20, flowing=True))
    assert session.after(view(20, level=55.0, level_at=NOW + 20 * MINUTE, flowing=True)).level_now == pytest.approx(55)
    assert session.after(view(20, level=54.0, level_at=NOW + 20 * MINUTE, flowing=True)).level_now == pytest.approx(55)
    assert session.after(view(20, level=50.0, level_at=NOW + 20 * MINUTE, flowing=True)).level_now == pytest.approx(51)
    assert session.after(view(20, level=58.0, level_at=NOW + 20 * MINUTE, flowing=True)).level_now == pytest.approx(
        57.5
    )


def test_an_older_report_is_no_news() -> None:
    session = charging()
    assert session.after(view(20, level=10.0, level_at=NOW - MINUTE, flowing=True)).level_now == pytest.approx(55)


def test_a_report_that_arrives_late_is_taken_for_its_own_time() -> None:
    session = charging().after(view(60, flowing=True))
    late = session.after(view(60, level=70.0, level_at=NOW + 30 * MINUTE, flowing=True))
    assert late.level_now is not None
    assert 76 < late.level_now < 81, "70 half an hour ago, and at least as fast as predicted since"


def test_it_is_done_at_the_target_and_begins_anew_only_if_the_level_has_fallen() -> None:
    session = charging(79.0).after(view(5, flowing=True))
    assert session.done_at is not None
    later = session.after(view(30, level=79.0, level_at=NOW + 30 * MINUTE, flowing=False))
    assert later.done_at is not None
    assert later.after(view(60, level=75.0, level_at=NOW + HOUR, flowing=False)).done_at is None
    assert session.after(view(6, target=90.0, flowing=True)).done_at is None, "its owner wants more"


def test_a_charge_that_the_vehicle_calls_finished_is_done() -> None:
    assert charging().after(view(5, flowing=False, finished_at=NOW + 5 * MINUTE)).done_at is not None


def test_a_vehicle_is_asked_once_before_its_target_may_be_reached() -> None:
    session = charging(50.0)
    asked = []
    for minute in range(1, 120):
        session = session.after(view(minute, flowing=True))
        if session.asks_for_report():
            asked.append(minute)
            session = replace(session, asked_at=session.updated_at)
    assert len(asked) == 1
    assert 100 < asked[0] < 115, "12 % of 27 % before 80 %"
    assert not charging(78.0).after(view(5, flowing=True)).asks_for_report(), "so little cannot be far off"


# Switching


def test_an_order_that_is_not_seen_to_work_is_looked_at_tried_again_and_given_up() -> None:
    session = ChargeSession.begin(NOW).after(view(flowing=True))
    session, step = session.switched(False, view(flowing=True))
    steps = [step]
    for minute in range(1, 20):
        session = session.after(view(minute, flowing=True))
        session, step = session.switched(False, view(minute, flowing=True))
        if step is not Step.NOTHING:
            steps.append(step)
    assert steps == [Step.SWITCH, Step.LOOK, Step.RETRY, Step.LOOK, Step.GIVE_UP]


def test_an_order_that_is_seen_to_work_needs_nothing_more() -> None:
    session, step = charging().switched(False, view(1, flowing=True))
    assert step is Step.SWITCH
    session = session.after(view(2, flowing=False))
    assert session.switched(False, view(60, flowing=False))[1] is Step.NOTHING


def test_current_that_stops_by_itself_is_ordered_again() -> None:
    session = charging().after(view(10, flowing=False))
    steps = list[Step]()
    for minute in range(11, 30):
        session = session.after(view(minute, flowing=False))
        session, step = session.switched(True, view(minute, flowing=False))
        steps.append(step)
    assert [step for step in steps if step is not Step.NOTHING] == [Step.LOOK, Step.RETRY, Step.LOOK, Step.GIVE_UP]


def test_a_vehicle_that_starts_by_itself_was_started_by_somebody() -> None:
    session, _ = charging().switched(False, view(1))
    session = session.after(view(2, flowing=False, by_vehicle=True))
    assert session.after(view(30, flowing=True, by_vehicle=True)).mode is SessionMode.SUSPENDED


@pytest.mark.parametrize("mode", [SessionMode.SKIPPED, SessionMode.SUSPENDED])
def test_whoever_decides_otherwise_is_left_alone(mode: SessionMode) -> None:
    session = replace(charging(), mode=mode)
    assert session.wants_current(plan((0, 60))) is None


def test_current_flows_in_blocks_and_in_doubt() -> None:
    session = replace(charging(), order=None)
    assert session.wants_current(plan((0, 60))) is True
    assert session.wants_current(plan((1, 60))) is False
    assert session.wants_current(plan((-60, 0))) is False
    assert session.wants_current(plan(status=PlanStatus.CANNOT)) is True
    assert charging().wants_current(plan((600, 660), status=PlanStatus.WAITING_FOR_PRICES)) is True


def test_the_next_check_is_at_the_next_edge_or_when_an_order_has_to_be_seen() -> None:
    session = charging()
    assert session.next_check(plan((-10, 20), (40, 60))) == NOW + 20 * MINUTE
    session, _ = session.switched(False, view(1))
    assert session.next_check(plan((40, 60))) == NOW + MINUTE + CHECK_AFTER


def test_a_report_of_the_minute_of_an_order_confirms_it_and_says_nothing_else() -> None:
    session, _ = ChargeSession.begin(NOW).after(view(flowing=False)).switched(True, view(0.7, flowing=False))
    assert session.order is not None
    stale = session.after(view(1, flowing=False, seen_at=NOW))
    assert stale.order == session.order
    assert stale.power == 6.0
    confirmed = session.after(view(1, flowing=True, seen_at=NOW)).order
    assert confirmed is not None
    assert confirmed.confirmed, "some clouds state whole minutes"


# What is shown and kept


def test_blocks_join_what_flows_now() -> None:
    session = charging().after(view(10, flowing=True))
    blocks = session.blocks(plan((10, 20), (40, 60)))
    assert [(block.start, block.end) for block in blocks] == [
        (NOW, NOW + 20 * MINUTE),
        (NOW + 40 * MINUTE, NOW + HOUR),
    ]
    assert blocks[0].energy == pytest.approx(1.0 + 1.0)
    assert blocks[0].cost == pytest.approx(0.5 + 0.1)


def test_what_has_flowed_since_the_plan_was_made_counts_once() -> None:
    session = charging().after(view(14, flowing=True, price=1.0))
    [block] = session.blocks(plan((0, 60)))
    assert block.energy == pytest.approx(6.0)
    assert block.cost == pytest.approx(1.4 * 0.5 + 0.1 - 1.4 * 1.0), "what is left has the price of now"
    assert session.after(view(20, flowing=True, price=None)).blocks(plan((0, 60)))[0].cost is None


def test_a_block_that_has_just_begun_does_not_join_one_that_has_ended() -> None:
    session = charging().after(view(10, flowing=False))
    session, _ = session.switched(False, view(10))
    session = session.after(view(10, flowing=False)).after(view(30, flowing=False))
    session, _ = session.switched(True, view(40, flowing=False))
    session = session.after(view(40, flowing=True))
    spans = [((block.start - NOW) / MINUTE, (block.end - NOW) / MINUTE) for block in session.blocks(plan((40, 60)))]
    assert spans == [(0, 10), (40, 60)]


def test_a_stay_survives_a_restart() -> None:
    session = charging().after(view(10, flowing=True, level=52.0, level_at=NOW + 5 * MINUTE))
    memory = ChargeMemory(enabled=False, session=replace(session, ready_by=NOW + 12 * HOUR))
    kept = json_loads(json_bytes(memory))
    assert decode(ChargeMemory, kept, NOW + HOUR) == memory


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(
                st.sampled_from(["enabled", "session", "model", "since", "updated_at", "flows", "order"]), each
            )
        ),
    )
)
def test_what_was_damaged_raises_what_the_store_expects(raw: object) -> None:
    try:
        decode(ChargeMemory, raw, NOW)
    except TypeError, ValueError, ArithmeticError:
        return


def test_what_a_meter_has_counted_is_what_a_charge_took() -> None:
    session = ChargeSession.begin(NOW).after(view(10, flowing=True, seen_at=NOW, level=50.0, level_at=NOW, meter=101.0))
    session = session.after(view(70, flowing=True, meter=108.0))
    session = session.after(view(80, flowing=False, level=66.0, level_at=NOW + 75 * MINUTE, meter=108.5))
    charge = session.finished(40.0, metered=False)
    assert charge is not None
    assert (charge.start, charge.end) == (50, 66)
    assert charge.energy == pytest.approx(8.0, abs=0.1), "100 when the vehicle reported first, and 108 in the end"
    assert charge.seconds == pytest.approx(75 * 60)


def test_flows_share_their_time() -> None:
    flow = Flow(start=NOW, end=NOW + HOUR, gained=10.0)
    assert flow.share(NOW - HOUR, NOW + HOUR) == 1
    assert flow.share(NOW + 45 * MINUTE, NOW + 2 * HOUR) == pytest.approx(0.25)
    assert flow.share(NOW + HOUR, NOW) == 0


def test_a_vehicle_that_charges_already_is_not_woken_to_start() -> None:
    session, step = ChargeSession.begin(NOW).switched(True, view(flowing=True, by_vehicle=True))
    assert (step, session.order and session.order.confirmed) == (Step.NOTHING, True)
    assert ChargeSession.begin(NOW).switched(True, view(flowing=False, by_vehicle=True))[1] is Step.SWITCH
    assert ChargeSession.begin(NOW).switched(False, view(flowing=False, by_vehicle=True))[1] is Step.SWITCH


def test_a_pause_that_the_vehicle_calls_finished_is_not_the_end() -> None:
    session, _ = ChargeSession.begin(NOW).after(view(level=50.0, level_at=NOW, flowing=True)).switched(False, view())
    session = session.after(view(10, flowing=False, finished_at=NOW + 5 * MINUTE))
    assert session.done_at is None
    session, _ = session.switched(True, view(20))
    assert session.after(view(21, finished_at=NOW + 5 * MINUTE)).done_at is None
    done = session.after(view(40, flowing=True)).after(view(50, flowing=False, finished_at=NOW + 45 * MINUTE))
    assert done.done_at is not None
    off, _ = done.switched(False, view(50))
    assert off.after(view(60, flowing=False, finished_at=NOW + 45 * MINUTE)).done_at is not None


def test_attempts_count_while_an_order_is_undone_again_and_again() -> None:
    session, _ = ChargeSession.begin(NOW).switched(False, view(flowing=True))
    steps = list[Step]()
    for minute in range(1, 60):
        session, step = session.after(view(minute, flowing=step_on(steps))).switched(False, view(minute))
        steps.append(step)
    assert steps.count(Step.RETRY) == 1
    assert steps.count(Step.GIVE_UP) == 1


def step_on(steps: list[Step]) -> bool:
    """Return whether current flows, which somebody else lets flow again two minutes after each order."""
    return not steps or Step.RETRY not in steps[-2:]
