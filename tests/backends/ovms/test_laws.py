"""Whatever anybody publishes, nothing raises, nothing is made up, and nothing of it becomes a command."""

from datetime import datetime
import re

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json, MqttMessage
from custom_components.nissanconnect.backends.ovms import Topics
from custom_components.nissanconnect.backends.ovms.commands import (
    REQUEST_ALL_METRICS,
    classify,
    shell_command_for,
)
from custom_components.nissanconnect.backends.ovms.metrics import METRICS
from custom_components.nissanconnect.backends.ovms.module import Module
from custom_components.nissanconnect.vehicle import (
    Command,
    Group,
    Lock,
    NotSupported,
    Phase,
    Refresh,
    SetChargeLimit,
    StartClimate,
    Unlock,
)
from tests.backends.strategies import JSON
from tests.departures import nobody

from ..conftest import NOW
from ..possible import assert_possible
from .conftest import CLIENT, PREFIX, build_world

NAMES = sorted(METRICS)
TEXTS = (
    st.sampled_from(["yes", "no", "0", "", "stopped", "charging", "NL", "255", "65535", "1e400", "-0", "1,2,3,4"])
    | st.floats().map(str)
    | st.integers().map(str)
    | st.text(max_size=20)
)
PAYLOADS = TEXTS.map(lambda text: text.encode(errors="surrogatepass")) | st.binary(max_size=30)
TOPICS = (
    st.sampled_from(NAMES).map(lambda name: f"{PREFIX}metric/{name.replace('.', '/')}")
    | st.text(max_size=30).map(lambda rest: PREFIX + rest)
    | st.text(max_size=30).map(lambda rest: f"{PREFIX}notify/{rest}")
    | st.text(max_size=30)
)
MESSAGES = st.lists(st.builds(MqttMessage, TOPICS, PAYLOADS, st.booleans()), max_size=40)
"""What may come: anything, about anything, kept or not."""

LINES = re.compile(
    r"climatecontrol (on|off)|charge (start|stop)|(un)?lock 0|wakeup|config set xnl suffsoc \d{1,2}", re.ASCII
)


def module(memory: Json = None) -> Module:
    return Module(Topics(PREFIX), takes_pin=False, now=lambda: NOW, memory=memory)


@given(st.lists(MESSAGES, max_size=4), JSON)
def test_no_message_raises_and_no_value_is_out_of_bounds(bursts: list[list[MqttMessage]], memory: Json) -> None:
    heard = module(memory)
    for burst in bursts:
        for message in burst:
            heard.handle(message)
        heard.next_push()
    heard.last_push()
    state = heard.state
    assert_possible(state, NOW)
    if state.battery is not None and state.battery.level is not None:
        assert 0 < state.battery.level <= 100
    if state.position is not None:
        assert abs(state.position.latitude) <= 90
        assert abs(state.position.longitude) <= 180
    module(heard.memory())


@given(MESSAGES)
def test_what_was_kept_is_never_the_vehicles_word(messages: list[MqttMessage]) -> None:
    heard = module()
    for message in messages:
        heard.handle(MqttMessage(message.topic, message.payload, retain=True))
    push = heard.next_push()
    assert push is not None
    assert push.state.last_report is None
    assert push.notifications == ()


def kept(*, restarted: bool) -> list[MqttMessage]:
    """What a broker keeps of a module, which may have started just now and may know nothing yet."""
    world = build_world()
    if restarted:
        world.module.restart()
    return [MqttMessage(topic, payload, retain=True) for topic, payload in world.broker.kept.items()]


REMEMBERED: Json = {"beat": 9000, "beat_at": NOW.isoformat(), "heard": ["body", "battery"], "locks": True, "seen": []}
KEPT = {restarted: kept(restarted=restarted) for restarted in (False, True)}
TREES = st.sampled_from([False, True]).flatmap(lambda restarted: st.permutations(KEPT[restarted]))


@given(TREES, st.sampled_from([None, REMEMBERED]))
def test_the_order_of_what_was_kept_does_not_matter(messages: list[MqttMessage], memory: Json) -> None:
    ordered, mixed = module(memory), module(memory)
    for message in sorted(messages, key=lambda message: message.topic):
        ordered.handle(message)
    for message in messages:
        mixed.handle(message)
    ordered.process()
    mixed.process()
    assert mixed.state == ordered.state
    assert mixed.info == ordered.info
    assert mixed.memory() == ordered.memory()


@given(TREES, st.integers(0, len(KEPT[False])), st.sampled_from([None, REMEMBERED]))
def test_nor_where_it_is_cut(messages: list[MqttMessage], cut: int, memory: Json) -> None:
    whole, parts = module(memory), module(memory)
    for number, message in enumerate(messages):
        whole.handle(message)
        parts.handle(message)
        if number == cut:
            parts.process()
    whole.process()
    parts.process()
    assert parts.state == whole.state


ANYTHING = st.none() | st.text() | st.integers() | st.floats() | st.datetimes() | st.booleans()
ATTEMPTS = (
    st.builds(Lock, st.none() | st.text())
    | st.builds(Unlock, st.none() | st.text())
    | st.builds(SetChargeLimit, ANYTHING)
    | st.builds(StartClimate, ANYTHING, ANYTHING)
    | st.builds(Refresh, st.none() | st.sampled_from(Group) | st.text())
)


@given(ATTEMPTS)
def test_nothing_that_was_entered_becomes_part_of_a_command(command: Command) -> None:
    try:
        line = shell_command_for(command).line
    except NotSupported:
        return
    assert LINES.fullmatch(line)


def test_the_other_line_that_is_sent_is_fixed() -> None:
    assert REQUEST_ALL_METRICS == "server v3 update all"


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_no_reply_raises_and_its_code_is_the_firmwares_own(payload: bytes) -> None:
    reply = classify(payload, "Vehicle locked", NOW)
    if reply.accepted:
        assert payload.split() == b"Vehicle locked".split()
    else:
        assert reply.code is not None
        assert reply.code == "unexpected reply" or reply.code.startswith(("Error", "Usage", "Unrecognised"))


REPLIES = PAYLOADS | st.sampled_from([b"Vehicle has been woken", b"Error: vehicle could not be woken", b"ERROR", b"ok"])


@settings(max_examples=40)
@given(
    st.lists(st.builds(MqttMessage, TOPICS | st.just(f"{PREFIX}client/{CLIENT}/response/n1"), REPLIES, st.booleans()))
)
async def test_a_command_ends_whatever_is_replied(messages: list[MqttMessage]) -> None:
    world = build_world()
    info = await world.info()
    async with world.listening():
        ticket = await world.clock.until(world.backend.send(info, Refresh(), nobody))
        for message in messages:
            world.broker.publish(message.topic, message.payload, retain=message.retain)
        phases = []
        for _ in range(20):
            phases.append((await world.backend.poll(info, ticket)).phase)
            await world.clock.advance(seconds=10)
        assert phases[-1] is not Phase.PENDING
        assert_possible((await world.backend.read(info)).state, world.clock())


@pytest.mark.parametrize("at", [datetime(2026, 11, 20)])  # noqa: DTZ001
def test_a_time_without_a_zone_is_not_remembered(at: datetime) -> None:
    assert module({"beat": 5, "beat_at": at.isoformat()}).memory() == module().memory()
