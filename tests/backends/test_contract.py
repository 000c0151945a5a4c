"""The laws that every backend keeps, each against the stand-in of its service. See ``cases`` for a new backend."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import fields, is_dataclass
from functools import partial
from itertools import pairwise
import json
import logging
import re
import traceback
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.nissanconnect import sources
from custom_components.nissanconnect.backends.base import Backend, Json, Pushing, SingleTrips
from custom_components.nissanconnect.vehicle import (
    GROUP_TYPES,
    AuthenticationFailed,
    BackendError,
    Capability,
    Command,
    Group,
    NoConnection,
    NotSupported,
    Phase,
    ProtocolError,
    RateLimited,
    Ticket,
    TokenRejected,
    Unavailable,
    VehicleInfo,
)

from .cases import CASES, Case
from .cases.base import COMMANDED, LOOKING_BACK, PIN
from .possible import assert_all_possible
from .wire import Reply, bad_replies, broken, no_way


def law(*needs: str, http: bool = False, real: bool = False) -> pytest.MarkDecorator:
    """Run a test for every case that fills in what it ``needs``.

    With ``http`` only for those that send requests, with ``real`` only for those whose vehicles are somebody's.
    """
    found = [case for case in CASES if all(map(case.has, needs)) and case.http >= http and case.real >= real]
    return pytest.mark.parametrize("case", found, ids=lambda case: case.name, indirect=True)


@pytest.fixture
async def case(request: pytest.FixtureRequest, session: ClientSession) -> AsyncIterator[Case]:
    case: Case = request.param(session)
    async with AsyncExitStack() as stack:
        await case.open(stack)
        yield case


async def first_vehicle(backend: Backend) -> VehicleInfo:
    return (await backend.list_vehicles())[0].info


def test_every_backend_has_a_case() -> None:
    package = f"{sources.__package__}.backends."
    assert {case.create.__module__ for case in CASES} == {f"{package}{row.module}" for row in sources.SOURCES.values()}


# Secrets


@law("reject")
async def test_a_rejected_secret_is_never_sent_again(case: Case) -> None:
    case.reject()
    first = case.backend()
    with pytest.raises(AuthenticationFailed):
        await first.log_in()
    sent = len(case.wire.sent)
    assert sent
    info = VehicleInfo(key="SJNFAAZE1U0000000", capabilities=frozenset(Capability))
    for backend in (first, case.backend(first.memory(), case.kept)):
        for call in (backend.log_in, backend.list_vehicles, partial(backend.read, info)):
            with pytest.raises(AuthenticationFailed):
                await call()
    assert len(case.wire.sent) == sent


@law("reject")
async def test_a_secret_that_stops_working_is_rejected_once(case: Case) -> None:
    first = case.backend()
    info = await first_vehicle(first)
    backend = case.backend(first.memory(), case.kept)
    case.reject()
    case.clock.advance(hours=24)
    outcomes = await case.everything(backend, [info])
    sent = len(case.wire.sent)
    assert any(isinstance(error, AuthenticationFailed) for error in outcomes.errors)
    assert not any(isinstance(error, NoConnection) for error in outcomes.errors)
    again = case.backend(backend.memory(), case.kept)
    await case.everything(again, [info])
    assert len(case.wire.sent) == sent


@law(real=True)
async def test_no_secret_is_in_anything_that_is_shown(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.nissanconnect")
    backend = case.backend()
    listed = await backend.list_vehicles()
    infos = [each.info for each in listed]
    reports = [await backend.read(info) for info in infos]
    secrets = {*case.secrets, PIN, *(info.key for info in infos)}
    for place in (report.state.position for report in reports):
        secrets |= set() if place is None else {f"{place.latitude}"[:6], f"{place.longitude}"[:6]}
    shown = [repr(backend.description), repr(listed), repr(reports)]
    for reply in bad_replies(" ".join(sorted(secrets))):
        case.wire.always(reply)
        for each in (backend, case.backend(backend.memory())):
            outcomes = await case.everything(each, infos[:1])
            shown += [text for error in outcomes.errors for text in (repr(error), *traceback.format_exception(error))]
            shown += [repr(result) for result in outcomes.results if not isinstance(result, str)]  # an account's id
            shown += reprs(each)
            case.clock.advance(hours=1)
    shown += [f"{record.getMessage()} {record.exc_text}" for record in caplog.records]
    for secret in secrets | case.secrets:
        # Four digits can be part of any id.
        pattern = re.compile(rf"\b{secret}\b" if len(secret) == 4 else re.escape(secret))
        assert not [text for text in shown if pattern.search(text)], secret


def reprs(root: object) -> Iterator[str]:
    """Yield the ``repr`` of every object of the integration that can be reached from ``root``."""
    seen, waiting = set[int](), [root]
    while waiting:
        it = waiting.pop()
        if id(it) in seen or isinstance(it, str | bytes | int | float | type):
            continue
        seen.add(id(it))
        if isinstance(it, dict):
            waiting += [*it.keys(), *it.values()]
        elif isinstance(it, list | tuple | set | frozenset):
            waiting += it
        elif type(it).__module__.startswith("custom_components.nissanconnect"):
            yield repr(it)
            names = fields(it) if is_dataclass(it) else ()
            waiting += [*getattr(it, "__dict__", {}).values(), *(getattr(it, each.name) for each in names)]


# Requests


@law("expire")
async def test_parallel_requests_share_one_renewal(case: Case) -> None:
    backend = case.backend()
    info = await first_vehicle(backend)
    case.expire()
    case.clock.advance(minutes=15)
    sent = len(case.wire.sent)
    reports = await asyncio.gather(*(backend.read(info) for _ in range(4)))
    assert not any(report.failures for report in reports)
    assert log_ins(case, sent) == 1


def log_ins(case: Case, start: int) -> int:
    """How many requests were sent for tokens, from the request number ``start`` on."""
    return len([each for each in case.wire.sent[start:] if each.is_log_in])


@law("expire")
async def test_parallel_requests_log_in_once(case: Case) -> None:
    await case.backend().list_vehicles()
    case.auth, sent = None, len(case.wire.sent)
    single = log_ins(case, 0)
    backend = case.backend()
    await asyncio.gather(*(backend.list_vehicles() for _ in range(4)))
    assert log_ins(case, sent) == single


@law("expire")
async def test_fresh_tokens_that_are_refused_are_not_the_owners_fault(case: Case) -> None:
    backend = case.backend()
    info = await first_vehicle(backend)
    case.wire.reply = lambda sent: None if sent.is_log_in else Reply.json({}, 401)
    sent = len(case.wire.sent)
    with pytest.raises(TokenRejected):
        await backend.list_vehicles()
    assert log_ins(case, sent) <= 1
    case.wire.always(None)
    assert (await case.backend(backend.memory(), case.kept).read(info)).state.groups()


@law("expire")
async def test_an_outage_of_the_log_in_is_no_rejection(case: Case) -> None:
    backend = case.backend()
    info = await first_vehicle(backend)
    case.expire()
    case.clock.advance(minutes=15)
    for reply in (Reply(b"<html>", 503), Reply(status=429), no_way(), Reply(error=TimeoutError())):
        case.wire.reply = lambda sent, reply=reply: reply if sent.is_log_in else None  # type: ignore[misc]
        with pytest.raises((Unavailable, RateLimited)):
            await backend.read(info)
    case.wire.always(None)
    case.clock.advance(minutes=15)
    sent = len(case.wire.sent)
    again = case.backend(backend.memory(), case.kept)
    assert not (await again.read(info)).failures
    assert log_ins(case, sent) == 1


@law()
async def test_what_was_sent_is_counted(case: Case) -> None:
    backend = case.backend()
    assert backend.requests == 0
    infos = [each.info for each in await backend.list_vehicles()]
    for reply in bad_replies(""):
        case.wire.always(reply)
        await case.everything(backend, infos)
        assert backend.requests == case.counted
        case.clock.advance(hours=1)
    assert backend.requests or not case.http


@law(http=True)
async def test_redirects_are_not_followed(case: Case) -> None:
    info = await first_vehicle(case.backend())
    backend = case.backend()
    case.wire.always(Reply(status=302, headers={"Location": "http://elsewhere.invalid/"}))
    case.clock.advance(hours=24)
    for call in (backend.list_vehicles, partial(backend.read, info)):
        with pytest.raises(BackendError):
            await call()
    assert "elsewhere.invalid" not in {sent.url.host for sent in case.wire.sent}


@law(http=True)
@pytest.mark.parametrize(("header", "seconds"), [("600", 600.0), ("9" * 30, 86400.0)])
async def test_how_long_to_wait_is_handed_on(case: Case, header: str, seconds: float) -> None:
    info = await first_vehicle(case.backend())
    backend = case.backend()
    await backend.log_in()
    case.clock.advance(minutes=2)
    case.wire.always(Reply(status=429, headers={"Retry-After": header}))
    with pytest.raises(RateLimited) as caught:
        await backend.read(info)
    assert caught.value.retry_after == seconds


# Reading


@law()
async def test_reading_sends_no_command(case: Case) -> None:
    backend = case.backend()
    outcomes = await case.everything(backend, [each.info for each in await backend.list_vehicles()], commands=())
    assert outcomes.results
    assert (case.arrived, case.departures) == (0, [])


@law()
async def test_only_what_is_wanted_is_requested(case: Case) -> None:
    whole = case.backend()
    info = await first_vehicle(whole)
    case.clock.advance(minutes=2)
    sent = len(case.wire.sent)
    report = await whole.read(info)
    requested = names(case, sent)
    assert report.state.groups()
    saved = []
    for group, value in report.state.groups().items():
        backend = case.backend()
        await backend.log_in()
        case.clock.advance(minutes=2)
        sent = len(case.wire.sent)
        found = (await backend.read(info, {group})).state
        assert type(getattr(found, group)) is type(value)
        assert requested >= names(case, sent)
        saved.append(len(requested - names(case, sent)))
        if len(requested) < 2:
            assert found.groups().keys() <= {group, Group.CONNECTIVITY}
    assert len(requested) < 2 or any(saved)


def names(case: Case, start: int) -> set[str]:
    """What was requested from the request number ``start`` on, log-ins left out."""
    return {sent.name for sent in case.wire.sent[start:] if not sent.is_log_in}


@law(http=True)
async def test_one_part_that_fails_leaves_the_others(case: Case) -> None:
    backend = case.backend()
    info = await first_vehicle(backend)
    sent = len(case.wire.sent)
    await backend.read(info)
    parts = names(case, sent)
    for part in parts if len(parts) > 1 else ():
        backend = case.backend()
        await backend.log_in()
        case.wire.reply = lambda sent, part=part: Reply(b"{}", 500) if sent.name == part else None  # type: ignore[misc]
        report = await backend.read(info)
        assert report.failures, part
        assert report.state.groups(), part
        case.wire.always(None)


@law(http=True)
@pytest.mark.parametrize(
    ("reply", "kinds", "never"),
    [
        (Reply(b"<html>", 503), Unavailable, (NoConnection, TokenRejected, AuthenticationFailed)),
        (no_way(), NoConnection, ()),
        (broken(delivered=False), Unavailable, (NoConnection, TokenRejected)),
        (Reply(error=TimeoutError()), Unavailable, (NoConnection, TokenRejected)),
        (Reply.json({}, 401), (TokenRejected, AuthenticationFailed), ()),
    ],
    ids=["outage", "no connection", "broken", "silence", "not let in"],
)
async def test_an_outage_is_told_from_no_connection_and_from_not_being_let_in(
    case: Case, reply: Reply, kinds: Any, never: Any
) -> None:
    info = await first_vehicle(case.backend())
    backend = case.backend()
    await backend.log_in()
    case.clock.advance(minutes=2)
    case.wire.always(reply)
    with pytest.raises(kinds) as caught:
        await backend.read(info)
    assert not isinstance(caught.value, never)
    if reply.status != 401:  # nothing is held against the owner's secret
        case.wire.always(None)
        case.clock.advance(hours=1)
        assert (await case.backend(backend.memory(), case.kept).read(info)).state.groups()


@law("lose")
async def test_without_a_way_to_the_source_there_is_no_connection(case: Case) -> None:
    backend = case.backend()
    info = await first_vehicle(backend)
    case.lose()
    for call in (backend.log_in, backend.list_vehicles, partial(backend.read, info)):
        with pytest.raises(NoConnection):
            await call()


@law()
async def test_single_trips_are_those_of_the_time_that_is_wanted(case: Case) -> None:
    backend, now = case.backend(), case.clock()
    infos = [each.info for each in await backend.list_vehicles()]
    if not isinstance(backend, SingleTrips):
        return
    assert any(Capability.TRIPS in info.capabilities for info in infos)
    for info in infos:
        trips = await backend.read_single_trips(info, now - LOOKING_BACK, now)
        assert_all_possible(trips, now)
        assert list(trips) == sorted(trips, key=lambda trip: trip.start)
        assert all(trip.start < trip.end <= after.start for trip, after in pairwise(trips))
        for trip in trips[:1]:
            from_it = await backend.read_single_trips(info, trip.start, now)
            assert from_it == trips, "the start is included"
            assert await backend.read_single_trips(info, now - LOOKING_BACK, trip.start) == (), "the end is not"
            for latitude, longitude in filter(None, (trip.start_position, trip.end_position)):
                assert f"{latitude}"[:6] not in repr(trip)
                assert f"{longitude}"[:6] not in repr(trip)
    assert any([await backend.read_single_trips(info, now - LOOKING_BACK, now) for info in infos])


# Commands


@law("command")
async def test_a_command_leaves_within_a_departure(case: Case) -> None:
    assert case.command is not None
    info = await first_vehicle(case.backend())
    backend = case.backend()  # which may have to log in first
    await backend.send(info, case.command, case.departure)
    case.expire()
    case.clock.advance(minutes=15)
    await backend.send(info, case.command, case.departure)
    assert case.arrived == sum(arrived for _, arrived in case.departures)
    assert {sent for sent, _ in case.departures} == {1} or not case.counted  # no log-in, nothing else
    if case.has("arrived"):
        assert case.arrived == 2


@law("command", http=True)
@pytest.mark.parametrize(
    "reply",
    [no_way(), Reply(error=TimeoutError(), delivered=True), broken(), Reply(b"<html>", 502, delivered=True)],
    ids=["no connection", "silence", "broken", "outage"],
)
async def test_an_error_tells_whether_the_command_can_have_arrived(case: Case, reply: Reply) -> None:
    assert case.command is not None
    backend = case.backend()
    info = await first_vehicle(backend)
    case.wire.reply = lambda _: reply if case.departing else None
    with pytest.raises(BackendError) as caught:
        await backend.send(info, case.command, case.departure)
    assert caught.value.nothing_done is not reply.delivered
    assert isinstance(caught.value, NoConnection) is not reply.delivered
    assert (case.arrived, case.withdrawn) == ((1, 0) if reply.delivered else (0, 1))


@law("command", "expire")
async def test_a_command_that_no_token_was_to_be_had_for_has_not_arrived(case: Case) -> None:
    assert case.command is not None
    backend = case.backend()
    info = await first_vehicle(backend)
    case.expire()
    case.clock.advance(minutes=15)
    case.wire.reply = lambda sent: no_way() if sent.is_log_in else None
    with pytest.raises(NoConnection) as caught:
        await backend.send(info, case.command, case.departure)
    assert caught.value.nothing_done
    assert case.arrived == 0
    assert case.withdrawn == len(case.departures)


@law()
async def test_an_unknown_command_is_not_supported(case: Case) -> None:
    backend = case.backend()
    info = await first_vehicle(backend)
    missing = next(each for each in Capability if each not in info.capabilities)
    unknown: Command = type("Unknown", (Command,), {"capability": missing})()
    assert case.command or not info.capabilities & {each.capability for each in COMMANDED}
    for command in (unknown, *(COMMANDED if case.command is None else ())):
        with pytest.raises(NotSupported) as caught:
            await backend.send(info, command, case.departure)
        assert caught.value.nothing_done
    assert (case.arrived, case.departures) == (0, [])


@law()
@pytest.mark.parametrize("ticket", ["", "of somebody else", "location:", "0/0/", "1" * 300])
async def test_nobody_knows_how_it_went_with_a_ticket_of_somebody_else(case: Case, ticket: str) -> None:
    backend = case.backend()
    info = await first_vehicle(backend)
    try:
        progress = await backend.poll(info, Ticket(ticket, case.clock()))
    except ProtocolError, NotSupported:
        return
    assert progress.phase in {Phase.PENDING, Phase.UNCERTAIN, Phase.TIMED_OUT}


# What is kept, and what is said of itself


@law()
async def test_a_restart_changes_nothing(case: Case) -> None:
    backend = case.backend()
    account, listed = await backend.log_in(), await backend.list_vehicles()
    for each in listed:
        await backend.read(each.info)
    memory: Json = json.loads(json.dumps(backend.memory()))
    for name in case.fields.keys() - case.public:
        assert case.fields[name] not in json.dumps([case.auth, memory]), "what was entered is kept elsewhere"
    case.clock.advance(minutes=2)
    again = case.create(case.context(memory), case.kept)
    assert json.loads(json.dumps(again.memory())) == memory
    sent = len(case.wire.sent)
    assert await again.log_in() == account
    assert [each.info for each in await again.list_vehicles()] == [each.info for each in listed]
    case.report(again)
    for each in listed:
        found, before = await again.read(each.info), await backend.read(each.info)
        differing = found.state.groups().keys() ^ before.state.groups().keys()
        assert differing <= {Group.CONNECTIVITY}  # which says how this request went
        assert found.failures.keys() == before.failures.keys()
    assert log_ins(case, sent) == 0


@law()
async def test_it_says_the_same_of_itself_at_all_times(case: Case) -> None:
    backend = case.backend()
    before = backend.description
    assert re.fullmatch("[a-z_]+", before.name)
    assert isinstance(backend, Pushing) or not before.pushes
    for weakness in before.weaknesses:
        assert weakness.cached <= {each.name for each in fields(GROUP_TYPES[weakness.group])}
    assert len({each.group for each in before.weaknesses}) == len(before.weaknesses)
    infos = [each.info for each in await backend.list_vehicles()]
    await case.everything(backend, infos)
    assert backend.description == before == case.backend().description
