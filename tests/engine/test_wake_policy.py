"""Automatic wakes: one example for every refusal, and the laws that hold whatever happens."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import event, given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
import pytest

from custom_components.nissanconnect.engine.activity import Activity
from custom_components.nissanconnect.engine.wake_policy import (
    Wake,
    WakeContext,
    WakeLedger,
    WakePolicy,
    WakeRefusal,
    WakeResult,
    wake_refusal,
)
from custom_components.nissanconnect.vehicle import (
    AuxBattery,
    Battery,
    Charging,
    ChargingStatus,
    Initiator,
    VehicleState,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

OWNER = Initiator(kind="user", name="Robin")
OPTION = Initiator(kind="option")

POLICY = WakePolicy(charging=15 * MINUTE, parked=2 * HOUR)


def vehicle(
    reported_at: datetime | None = NOON - 3 * HOUR,
    *,
    charging: bool | None = False,
    volts: float | None = 12.5,
    volts_at: datetime = NOON,
) -> VehicleState:
    """A vehicle by what matters here."""
    told: dict[str, Any] = {"backend": "b", "received_at": NOON}
    status = {True: ChargingStatus.CHARGING, False: ChargingStatus.NOT_CHARGING, None: None}[charging]
    return VehicleState(
        battery=Battery(level=50, reported_at=reported_at, **told),
        charging=Charging(status=status, **told),
        aux_battery=AuxBattery(backend="b", received_at=volts_at, voltage=volts),
    )


def ledger(*wakes: tuple[timedelta, WakeResult]) -> WakeLedger:
    """Wakes by how long ago they were."""
    return WakeLedger(tuple(Wake(at=NOON - ago, asked_by=OWNER, why="refresh", result=result) for ago, result in wakes))


UNANSWERED = [(ago * HOUR, WakeResult.UNANSWERED) for ago in (9, 7, 5)]

DUE = WakeContext(
    policy=POLICY,
    ledger=WakeLedger(),
    state=vehicle(),
    activity=Activity(driving=False, rests_since=NOON - 3 * HOUR),
    now=NOON,
    zone=UTC,
    started_at=NOON - 7 * DAY,
)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"policy": WakePolicy()}, WakeRefusal.OFF),
        ({"policy": replace(POLICY, parked=None)}, WakeRefusal.OFF),
        ({"policy": replace(POLICY, charging=None), "state": vehicle(charging=True)}, WakeRefusal.OFF),
        ({"state": vehicle(None)}, WakeRefusal.UNKNOWN),
        ({"activity": Activity(driving=None, rests_since=NOON)}, WakeRefusal.UNKNOWN),
        ({"activity": Activity(driving=False), "state": vehicle(volts=None)}, WakeRefusal.UNKNOWN),
        ({"activity": Activity(driving=False)}, None),
        ({"activity": Activity(driving=True, rests_since=NOON)}, WakeRefusal.DRIVING),
        ({"state": vehicle(volts=12.0)}, None),
        ({"state": vehicle(volts=11.9)}, WakeRefusal.AUX_BATTERY_LOW),
        ({"state": vehicle(volts=11.9, charging=True)}, WakeRefusal.AUX_BATTERY_LOW),
        ({"state": vehicle(volts=None)}, None),
        (
            {"state": vehicle(volts=None), "activity": Activity(driving=False, rests_since=NOON - 4 * DAY)},
            WakeRefusal.RESTED_LONG,
        ),
        (
            {
                "state": vehicle(volts_at=NOON - 4 * DAY),
                "activity": Activity(driving=False, rests_since=NOON - 4 * DAY),
            },
            WakeRefusal.RESTED_LONG,
        ),
        ({"activity": Activity(driving=False, rests_since=NOON - 4 * DAY)}, None),
        ({"ledger": ledger(*UNANSWERED)}, WakeRefusal.PAUSED),
        ({"ledger": ledger(*UNANSWERED[:2])}, None),
        ({"ledger": ledger(*UNANSWERED, (4 * HOUR, WakeResult.ANSWERED))}, None),
        ({"ledger": ledger(*((ago + HOUR, result) for ago, result in UNANSWERED))}, None),
        ({"policy": replace(POLICY, quiet_from=time(12), quiet_until=time(13))}, WakeRefusal.QUIET_HOURS),
        ({"policy": replace(POLICY, quiet_from=time(11), quiet_until=time(12))}, None),
        ({"policy": replace(POLICY, quiet_from=time(22), quiet_until=time(13))}, WakeRefusal.QUIET_HOURS),
        ({"policy": replace(POLICY, quiet_from=time(11), quiet_until=time(1))}, WakeRefusal.QUIET_HOURS),
        ({"policy": replace(POLICY, quiet_from=time(22), quiet_until=time(6))}, None),
        ({"policy": replace(POLICY, quiet_from=time(11))}, None),
        ({"policy": replace(POLICY, quiet_from=time(9), quiet_until=time(9))}, WakeRefusal.QUIET_HOURS),
        ({"policy": replace(POLICY, quiet_from=time(12), quiet_until=time(12))}, WakeRefusal.QUIET_HOURS),
        (
            {"policy": replace(POLICY, quiet_from=time(22), quiet_until=time(6)), "zone": ZoneInfo("America/New_York")},
            None,
        ),
        (
            {"policy": replace(POLICY, quiet_from=time(22), quiet_until=time(8)), "zone": ZoneInfo("America/New_York")},
            WakeRefusal.QUIET_HOURS,
        ),
        ({"ledger": ledger(*[(ago * HOUR, WakeResult.FAILED) for ago in range(9, 3, -1)])}, WakeRefusal.BUDGET),
        ({"ledger": ledger(*[(ago * HOUR, WakeResult.FAILED) for ago in range(8, 3, -1)])}, None),
        ({"policy": replace(POLICY, budget=0)}, WakeRefusal.BUDGET),
        ({"state": vehicle(NOON - 2 * HOUR + MINUTE)}, WakeRefusal.NOT_DUE),
        ({"state": vehicle(NOON - 2 * HOUR)}, None),
        ({"state": vehicle(NOON - 20 * MINUTE, charging=True)}, None),
        ({"state": vehicle(NOON - 10 * MINUTE, charging=True)}, WakeRefusal.NOT_DUE),
        ({"state": vehicle(NOON - 20 * MINUTE, charging=None)}, WakeRefusal.NOT_DUE),
        ({"ledger": ledger((HOUR, WakeResult.ANSWERED))}, WakeRefusal.NOT_DUE),
        ({"started_at": NOON - MINUTE}, WakeRefusal.RESTART),
        ({"started_at": NOON - 119 * MINUTE}, None),
    ],
)
def test_refusals(changes: dict[str, Any], refusal: WakeRefusal | None) -> None:
    assert wake_refusal(replace(DUE, **changes)) is refusal


def test_the_interval() -> None:
    assert DUE.interval == POLICY.parked
    assert replace(DUE, state=vehicle(charging=True)).interval == POLICY.charging


def test_what_was_missed_is_not_made_up_for() -> None:
    """The wake came due an hour ago, Home Assistant came up half an hour ago."""
    started_at = NOON - 30 * MINUTE
    for minutes in range(90):
        refusal = wake_refusal(replace(DUE, started_at=started_at, now=NOON + minutes * MINUTE))
        assert refusal is WakeRefusal.RESTART
    assert wake_refusal(replace(DUE, started_at=started_at, now=NOON + 90 * MINUTE)) is None


moments = st.integers(-5 * 24 * 60, 5 * 24 * 60).map(lambda minutes: NOON + minutes * MINUTE)
times = st.none() | st.integers(0, 24 * 12 - 1).map(lambda fives: time(fives // 12, fives % 12 * 5))
policies = st.builds(
    WakePolicy,
    charging=st.none() | st.sampled_from([5 * MINUTE, 15 * MINUTE, HOUR]),
    parked=st.none() | st.sampled_from([10 * MINUTE, HOUR, 4 * HOUR]),
    budget=st.integers(0, 8),
    quiet_from=times,
    quiet_until=times,
)
vehicles = st.builds(
    vehicle,
    st.none() | moments,
    charging=st.none() | st.booleans(),
    volts=st.none() | st.sampled_from([11.0, 12.0, 12.6, 14.2]),
    volts_at=moments,
)
activities = st.builds(Activity, driving=st.none() | st.booleans(), rests_since=st.none() | moments)
zones = st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/New_York")])
circumstances = st.builds(
    WakeContext,
    policy=policies,
    ledger=st.lists(moments, max_size=8).map(
        lambda found: WakeLedger(tuple(Wake(at=at, asked_by=OWNER, why="refresh") for at in sorted(found)))
    ),
    state=vehicles,
    activity=activities,
    now=moments,
    zone=zones,
    started_at=moments,
)


def quiet(policy: WakePolicy, at: time) -> bool:
    """Whether it is quiet, counted in minutes from the beginning of the quiet hours, round the clock."""
    start, end = policy.quiet_from, policy.quiet_until
    if start is None or end is None:
        return False
    length = (minute(end) - minute(start)) % (24 * 60) or 24 * 60
    return (minute(at) - minute(start)) % (24 * 60) < length


def minute(at: time) -> int:
    return at.hour * 60 + at.minute


def day_of(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


@st.composite
def overdue(draw: st.DrawFn) -> WakeContext:
    """Circumstances in which nothing speaks against a wake, made so one by one."""
    now, zone, charging = draw(moments), draw(zones), draw(st.booleans())
    interval = draw(st.sampled_from([5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR]))
    due_at = now - draw(st.integers(0, 3 * 24 * 60)) * MINUTE
    said_at = due_at - interval
    volts = draw(st.none() | st.sampled_from([12.0, 12.6, 14.2]))
    rested = st.integers(0, 3 * 24 * 60).map(lambda minutes: now - minutes * MINUTE)
    woken = draw(st.lists(st.integers(0, 9 * 24 * 60).map(lambda minutes: said_at - minutes * MINUTE), max_size=8))
    today = sum(day_of(at, zone) == day_of(now, zone) for at in woken)
    hours = draw(st.builds(WakePolicy, quiet_from=times, quiet_until=times))
    local = now.astimezone(zone).time()
    return WakeContext(
        policy=replace(
            WakePolicy() if quiet(hours, local) else hours,
            charging=interval if charging else None,
            parked=None if charging else interval,
            budget=today + draw(st.integers(1, 8)),
        ),
        ledger=WakeLedger(tuple(Wake(at=at, asked_by=OWNER, why="refresh") for at in sorted(woken))),
        state=vehicle(said_at, charging=charging, volts=volts, volts_at=now),
        activity=Activity(driving=False, rests_since=draw(rested if volts is None else st.none() | rested)),
        now=now,
        zone=zone,
        started_at=draw(st.sampled_from([due_at, now - interval])) - draw(st.integers(0, 999)) * MINUTE,
    )


@given(overdue())
@settings(max_examples=200)
def test_what_nothing_speaks_against_is_due(known: WakeContext) -> None:
    assert wake_refusal(known) is None


def forget(known: WakeContext, what: str) -> WakeContext:
    """Take away one thing that a wake needs to be known."""
    match what:
        case "report":
            return replace(known, state=replace(known.state, battery=None))
        case "driving":
            return replace(known, activity=replace(known.activity, driving=None))
        case "12 V":
            resting = replace(known.activity, rests_since=None)
            return replace(known, state=replace(known.state, aux_battery=None), activity=resting)
        case _:
            return replace(known, policy=WakePolicy(budget=8))


@given(overdue(), st.sampled_from(["report", "driving", "12 V", "leave"]))
@settings(max_examples=400)
def test_unknown_never_wakes(known: WakeContext, what: str) -> None:
    assert wake_refusal(forget(known, what)) is (WakeRefusal.OFF if what == "leave" else WakeRefusal.UNKNOWN)


@given(circumstances | overdue())
@settings(max_examples=400)
def test_a_wake_has_all_that_it_needs(known: WakeContext) -> None:
    refusal = wake_refusal(known)
    event(f"refusal: {refusal}")
    if refusal is None:
        assert known.state.last_report is not None
        assert known.activity.driving is False
        assert known.voltage is not None or known.activity.rests_since is not None
        assert known.policy.charging or known.policy.parked
        assert not quiet(known.policy, known.now.astimezone(known.zone).time())
        today = day_of(known.now, known.zone)
        assert sum(day_of(each.at, known.zone) == today for each in known.ledger.wakes) < known.policy.budget


@given(overdue(), st.integers(0, 5 * 24 * 60))
@settings(max_examples=200)
def test_a_restart_never_causes_a_wake(known: WakeContext, minutes: int) -> None:
    """What is due after a restart would have been due without it, and what was missed is not made up for."""
    assert wake_refusal(replace(known, started_at=known.started_at - minutes * MINUTE)) is None
    if known.due_at is not None and known.due_at < known.now:
        assert wake_refusal(replace(known, started_at=known.now)) is WakeRefusal.RESTART


@given(policies, st.integers(0, 24 * 60 - 1).map(lambda minutes: time(minutes // 60, minutes % 60)))
def test_quiet_hours_go_round_the_clock(policy: WakePolicy, at: time) -> None:
    assert policy.is_quiet(at) is quiet(policy, at)
    if policy.quiet_from is not None and policy.quiet_until is not None:
        assert policy.is_quiet(policy.quiet_from)
        assert policy.is_quiet(policy.quiet_until) is (policy.quiet_from == policy.quiet_until)


class Year(RuleBasedStateMachine):
    """A vehicle around both changes of the clocks, with everything that can happen in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic: list[datetime] = []
        self.wakes: list[datetime] = []
        self.budgets: dict[date, int] = {}

    @initialize(
        start=st.sampled_from([datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)]),
        zone=zones,
        policy=policies,
    )
    def begin(self, start: datetime, zone: ZoneInfo, policy: WakePolicy) -> None:
        self.zone = zone
        self.known = WakeContext(
            policy=policy,
            ledger=WakeLedger(),
            state=vehicle(start, volts=None),
            activity=Activity(driving=False, rests_since=start),
            now=start,
            zone=zone,
            started_at=start,
        )

    def consider(self) -> None:
        """Do what the product does: ask, wake, record."""
        known = self.known
        day = day_of(known.now, self.zone)
        self.budgets[day] = max(self.budgets.get(day, 0), known.policy.budget)
        if wake_refusal(known) is not None:
            return
        interval = known.interval
        assert interval is not None
        assert known.activity.driving is False
        assert sum(day_of(at, self.zone) == day for at in self.wakes) < known.policy.budget
        assert not quiet(known.policy, known.now.astimezone(self.zone).time())
        assert all(known.now - at >= interval for at in self.automatic)
        self.automatic.append(known.now)
        self.record(OPTION, "refresh")

    def record(self, asker: Initiator, why: str) -> None:
        known = self.known
        self.wakes.append(known.now)
        self.known = replace(known, ledger=known.ledger.record(Wake(at=known.now, asked_by=asker, why=why)))

    @rule(minutes=st.integers(1, 300))
    def time_passes(self, minutes: int) -> None:
        for _ in range(0, minutes, 5):
            self.known = replace(self.known, now=self.known.now + 5 * MINUTE)
            self.consider()

    @rule(hours=st.sampled_from([-1, 1]))
    def the_clock_is_set(self, hours: int) -> None:
        self.known = replace(self.known, now=self.known.now + hours * HOUR)
        self.consider()

    @rule()
    def the_owner_asks(self) -> None:
        self.record(OWNER, "refresh")
        assert self.known.ledger.wakes[-1].at >= self.known.now, "always recorded"

    @rule(result=st.sampled_from(WakeResult))
    def an_answer_comes(self, result: WakeResult) -> None:
        for wake in self.known.ledger.wakes[-2:]:
            self.known = replace(self.known, ledger=self.known.ledger.resolve(wake.at, result))

    @rule(charging=st.none() | st.booleans(), volts=st.none() | st.sampled_from([11.5, 12.6]))
    def the_vehicle_reports(self, charging: bool | None, volts: float | None) -> None:
        now = self.known.now
        self.known = replace(self.known, state=vehicle(now, charging=charging, volts=volts, volts_at=now))
        self.consider()

    @rule(driving=st.none() | st.booleans(), hours=st.none() | st.integers(0, 100))
    def the_vehicle_is_used(self, driving: bool | None, hours: int | None) -> None:
        since = None if hours is None else self.known.now - hours * HOUR
        self.known = replace(self.known, activity=Activity(driving=driving, rests_since=since))
        self.consider()

    @rule(down=st.integers(0, 600))
    def home_assistant_restarts(self, down: int) -> None:
        now = self.known.now + down * MINUTE
        kept = WakeLedger.reopened(self.known.ledger.wakes)
        self.known = replace(self.known, now=now, started_at=now, ledger=kept)
        without = replace(self.known, started_at=datetime(2020, 1, 1, tzinfo=UTC))
        assert wake_refusal(self.known) is not None or wake_refusal(without) is None
        self.consider()

    @rule(policy=policies)
    def the_owner_changes_the_options(self, policy: WakePolicy) -> None:
        self.known = replace(self.known, policy=policy, started_at=self.known.now)
        self.consider()

    @invariant()
    def the_budget_holds(self) -> None:
        days = [day_of(at, self.zone) for at in self.automatic]
        assert all(days.count(day) <= self.budgets[day] for day in days)


TestYear = Year.TestCase
TestYear.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_the_laws_are_about_something() -> None:
    """With leave to do so, vehicles are woken: regularly, and no more often than the day's budget."""
    year = Year()
    year.begin(datetime(2026, 10, 24, 20, tzinfo=UTC), ZoneInfo("Europe/Berlin"), replace(POLICY, budget=6))
    for _ in range(60):
        year.time_passes(60)
    assert len(year.automatic) == 6 + 6 + 5, "two full days, and five of nine hours"
