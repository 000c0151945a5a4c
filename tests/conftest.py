"""What all tests share: hypothesis settings, and a Home Assistant connected to the simulator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
import logging
import os
import secrets
import time
from typing import Protocol

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, EVENT_LOGBOOK_ENTRY
from homeassistant.core import Event, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events, async_fire_time_changed

# The harness brings an empty package of the same name. Whichever is imported first stays.
import custom_components  # noqa: F401
from custom_components.nissanconnect import commands, reading, sources
from custom_components.nissanconnect.const import CONF_SOURCE, DOMAIN
from custom_components.nissanconnect.logbook import async_describe_events
from custom_components.nissanconnect.sources import SIMULATOR_VARIABLE

from .simulator import EMAIL, PASSWORD, Simulator

# A law is checked against the same examples in every run, so that a failure means a change. CI's weekly run looks at
# others, and says by which seed they can be had again. Deadlines measure the machine.
_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeat", _UNHURRIED, derandomize=True)
settings.register_profile("explore", _UNHURRIED, derandomize=False, database=None, print_blob=True)

# The harness has every statement of the recorder's database printed among the results.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.hookimpl(tryfirst=True)  # before hypothesis looks at its option, and before any test is imported
def pytest_configure(config: pytest.Config) -> None:
    """Choose the examples: by ``--hypothesis-seed`` or ``HYPOTHESIS_SEED``, which may be ``new``, or the usual ones."""
    given = config.option.hypothesis_seed or os.environ.get("HYPOTHESIS_SEED") or None
    if given == "new":
        given = str(secrets.randbits(32))
    config.option.hypothesis_seed = given  # which the workers of xdist are given as well
    settings.load_profile("repeat" if given is None else "explore")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say first which examples these are, because a run that is cut off has no end."""
    return _how_to_repeat(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say after a failure how to have the same examples again."""
    if terminalreporter.stats.keys() & {"failed", "error"}:
        for line in _how_to_repeat(config):
            terminalreporter.write_line(line)


def _how_to_repeat(config: pytest.Config) -> list[str]:
    seed = config.option.hypothesis_seed
    return [] if seed is None else [f"laws: examples of seed {seed}; the same again: --hypothesis-seed={seed}"]


CREDENTIALS = {CONF_USERNAME: EMAIL, CONF_PASSWORD: PASSWORD}

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""A Friday: the LEAF is parked at work, the Ariya at home and plugged in, the Qashqai at home."""


class LetTimePass(Protocol):
    """Lets time pass in steps, in which Home Assistant does what is due."""

    async def __call__(self, duration: timedelta, step: timedelta = ...) -> None:
        """Let ``duration`` pass; whoever does not need every minute takes longer steps."""


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave the loop as Python made it, where the harness would have each future and each callback note its stack.

    That is half the time of a test with a Home Assistant. ``PYTHONASYNCIODEBUG=1`` has the stacks noted again.
    """


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load this integration, in the tests that have a Home Assistant."""
    if "hass" not in request.fixturenames:
        return
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")  # has to be there before Home Assistant
    request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
async def simulator(
    socket_enabled: None, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Simulator]:
    """The simulated service, on the clock of the test."""
    freezer.move_to(NOON)
    async with Simulator(now=dt_util.utcnow) as simulator:
        monkeypatch.setenv(SIMULATOR_VARIABLE, simulator.url)
        yield simulator


@pytest.fixture
def entry(simulator: Simulator) -> MockConfigEntry:
    """The simulator's account as an entry that has never been loaded."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="MyNISSAN Europe",
        unique_id=f"europe_{simulator.account.user_id}",
        data={CONF_SOURCE: "europe", **CREDENTIALS},
    )


@pytest.fixture
def every_entity_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have entities that are disabled by default shown."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """The simulator's account, loaded."""
    await set_up(hass, entry)
    return entry


@pytest.fixture
def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> LetTimePass:
    """The clock of the test, in the test's hand."""

    async def pass_time(duration: timedelta, step: timedelta = timedelta(minutes=1)) -> None:
        end = dt_util.utcnow() + duration
        while dt_util.utcnow() < end:
            freezer.tick(min(step, end - dt_util.utcnow()))
            async_fire_time_changed(hass)
            await settle(hass)

    return pass_time


@pytest.fixture(autouse=True)
def _waiting_passes_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """While something is asked of a vehicle, waiting moves the test's clock instead of taking time."""
    if {"simulator", "stage"}.isdisjoint(request.fixturenames):
        return
    freezer: FrozenDateTimeFactory = request.getfixturevalue("freezer")

    async def sleep(seconds: float) -> None:
        freezer.tick(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(commands, "sleep", sleep)
    monkeypatch.setattr(sources, "sleep", sleep)
    monkeypatch.setattr(reading, "random", lambda: 0.5)  # reads come when they are meant to


async def settle(hass: HomeAssistant) -> None:
    """Wait until everything that has begun is done, but for those who listen, which never are."""
    while True:
        await hass.async_block_till_done()
        begun = [task for task in hass._background_tasks if f"{DOMAIN} listening to " not in repr(task)]
        if not begun:
            return
        await asyncio.wait(begun)


async def until(hass: HomeAssistant, happened: Callable[[], object]) -> None:
    """Wait for what comes over the network by itself; the clock of the test, and so the loop's, stands still."""
    for _ in range(1000):
        await hass.async_block_till_done()
        if happened():
            return
        await hass.async_add_executor_job(time.sleep, 0.005)
    pytest.fail("it did not happen")


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load an entry and wait until everything that this starts is done."""
    await hass.config.async_set_time_zone("Europe/London")  # where it is noon at NOON, not night
    if entry.entry_id not in {each.entry_id for each in hass.config_entries.async_entries()}:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)


def status(entry: ConfigEntry) -> ConfigEntryState:
    """How an entry is doing now; a type checker takes a second look at ``entry.state`` for the first."""
    now: ConfigEntryState = entry.state
    return now


def state(hass: HomeAssistant, entity_id: str) -> State:
    """The state of an entity that exists."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


def logged(caplog: pytest.LogCaptureFixture, *loggers: str) -> list[str]:
    """What loggers whose names begin like this have said, with the trace of what was raised."""
    return [
        f"{record.name} {record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if record.name.startswith(loggers)
    ]


async def minutes_of_reads(simulator: Simulator, pass_time: LetTimePass, minutes: int) -> list[int]:
    """In which of the coming minutes vehicles are read."""
    found = []
    for minute in range(1, minutes + 1):
        before = simulator.requests["battery-status"]
        await pass_time(timedelta(minutes=1))
        if simulator.requests["battery-status"] > before:
            found.append(minute)
    return found


def logbook_lines(hass: HomeAssistant, entity_id: str) -> list[Event]:
    """Remove an event entity, and return what is written into the logbook in its place from now on."""
    er.async_get(hass).async_remove(entity_id)
    async_describe_events(hass, lambda domain, name, describe: None)
    lines: list[Event] = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    return lines
