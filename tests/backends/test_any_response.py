"""Whatever a service responds, a backend ends with a report or a ``BackendError``, and reports nothing impossible."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.nissanconnect.backends.base import Json
from custom_components.nissanconnect.backends.kamereon.mapping import AttributeReader, battery_status, stamp_of
from custom_components.nissanconnect.backends.opencarwings.mapping import parse_car
from custom_components.nissanconnect.backends.teslafi.mapping import FeedReader, state_of
from custom_components.nissanconnect.engine.merge import SourceState
from custom_components.nissanconnect.vehicle import BackendError, ListedVehicle, Tyre, VehicleState
from tests.simulator.opencarwings import LEAF_24, OpenCarwings

from .cases import CASES, Case
from .cases.base import Outcomes
from .cases.teslafi import FEED
from .conftest import NOW
from .kamereon.fake import LEAF
from .possible import assert_all_possible
from .strategies import JSON, SCALARS
from .wire import Reply, no_way

type Start = tuple[type[Case], bool]

STARTS: Mapping[str, Start] = {
    f"{case.name}{'' if logged_in else ' without a log-in'}": (case, logged_in)
    for case in CASES
    if case.has("documents")
    for logged_in in ((True, False) if case.logged_in else (True,))
}
"""The backends, those that have tokens also before they have any."""
DOCUMENTS = {start: kind.documents() for start, (kind, _) in STARTS.items()}

FIGURES: Sequence[Json] = [0, -1, -40, 104, 255, 1023, 65535, 2**31, 1e9, -1e9, 1e15, 1e-9, "-40", "1e12", "NaN", True]


def offline(start: str) -> Case:
    """Return a case without a stand-in."""
    kind, logged_in = STARTS[start]
    case = kind()
    case.fields = kind.offline_fields
    if logged_in:
        case.fields, case.auth = case.kept, kind.logged_in
    return case


async def outcomes_of(case: Case, reply: Reply) -> Outcomes:
    """Call everything while every response is the same."""
    case.wire.always(reply)
    backend = case.backend()
    outcomes = await case.everything(backend, [case.info])
    for listed in [each for each in outcomes.results if isinstance(each, ListedVehicle)][:2]:
        info = replace(listed.info, capabilities=case.info.capabilities)
        await outcomes.add(lambda info=info: backend.read(info))  # type: ignore[misc]
    json.dumps(backend.memory())
    assert not any(case.info.key in str(error) for error in outcomes.errors)
    return outcomes


def check(start: str, reply: Reply) -> Outcomes:
    """Call everything and check what was reported."""
    case = offline(start)
    outcomes = asyncio.run(outcomes_of(case, reply))
    assert_all_possible(outcomes.reported, case.clock())
    return outcomes


def changed(document: Json, change: Callable[[Json], Json]) -> Json:
    """Return a document in which every value that is no object or list is what ``change`` makes of it."""
    match document:
        case dict():
            return {name: changed(value, change) for name, value in document.items()}
        case list():
            return [changed(value, change) for value in document]
    return change(document)


@st.composite
def mangled(draw: st.DrawFn, documents: Sequence[Json]) -> Json:
    """A valid response in which some values, at any depth, are others."""
    chance, others = draw(st.randoms(use_true_random=False)), draw(st.lists(SCALARS | JSON, min_size=1, max_size=8))
    share = draw(st.sampled_from([0.1, 0.3, 0.9]))
    return changed(
        draw(st.sampled_from(documents)),
        lambda value: chance.choice([*FIGURES, *others]) if chance.random() < share else value,
    )


HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Location"]),
    st.text(max_size=12) | st.sampled_from(["60", "²", "1" * 5000, "Fri, 31 Dec 9999 23:59:59 -2359", "//[", "/a?b=c"]),
)
STATUSES = st.sampled_from([200, 200, 200, 204, 302, 401, 403, 404, 500, 501]) | st.integers(100, 599)


@pytest.mark.parametrize("start", STARTS)
@settings(max_examples=40)
@given(content=st.binary() | JSON.map(lambda body: json.dumps(body).encode()), status=STATUSES, headers=HEADERS)
def test_any_bytes_are_survived(start: str, content: bytes, status: int, headers: dict[str, str]) -> None:
    check(start, Reply(content, status, headers))


@pytest.mark.parametrize("start", STARTS)
@settings(max_examples=100)
@given(data=st.data())
def test_garbage_at_any_depth_reports_nothing_impossible(start: str, data: st.DataObject) -> None:
    check(start, Reply.json(data.draw(mangled(DOCUMENTS[start]))))


@pytest.mark.parametrize("figure", FIGURES, ids=repr)
@pytest.mark.parametrize("start", STARTS)
def test_one_figure_in_place_of_every_number_reports_nothing_impossible(start: str, figure: Json) -> None:
    def change(value: Json) -> Json:
        return figure if isinstance(value, int | float) and not isinstance(value, bool) else value

    for document in DOCUMENTS[start]:
        check(start, Reply.json(changed(document, change)))


@pytest.mark.parametrize("start", STARTS)
def test_the_responses_that_are_mangled_report_something(start: str) -> None:
    if STARTS[start][1]:
        assert any([*check(start, Reply.json(each)).reported] for each in DOCUMENTS[start])


@cache
def memory_of(start: str) -> Json:
    """What a backend keeps over a restart after it has received all documents."""
    case = offline(start)
    backend = case.backend()

    async def read() -> None:
        for document in DOCUMENTS[start]:
            case.wire.always(Reply.json(document))
            await case.everything(backend, [case.info])

    asyncio.run(read())
    return backend.memory()


@pytest.mark.parametrize("start", STARTS)
@settings(max_examples=40)
@given(data=st.data())
def test_what_was_kept_may_be_damaged(start: str, data: st.DataObject) -> None:
    case = offline(start)
    memory = data.draw(mangled([memory_of(start)]) | JSON)
    case.auth = data.draw(mangled([case.auth]) | JSON)
    case.wire.always(no_way())

    async def read() -> None:
        backend = case.backend(memory)
        kept = json.loads(json.dumps(backend.memory()))
        assert json.loads(json.dumps(case.backend(kept).memory())) == kept
        with pytest.raises(BackendError):
            await backend.read(case.info)

    asyncio.run(read())


# One field of a report

KAMEREON: dict[str, Json] = {
    "timestamp": "2026-11-20T11:00:00Z",
    "batteryLevel": 64,
    "batteryAutonomy": 150,
    "rangeHvacOn": 130,
    "rangeHvacOff": 150,
    "batteryTemperature": 12,
    "batteryCapacity": 40000,
    "batteryAvailableEnergy": 25000,
    "timeRequiredToFullSlow": 400,
}


LATER = NOW + timedelta(minutes=5)


def _car() -> dict[str, Json]:
    car: dict[str, Json] = json.loads(json.dumps(OpenCarwings(lambda: NOW, september=True).add(LEAF_24).detail()))
    return car


def _kamereon(said: Mapping[str, Json], at: Any) -> VehicleState:
    attributes = AttributeReader.of(dict(said))
    return battery_status(attributes, LEAF, stamp_of(attributes, at))


def _opencarwings(inner: Mapping[str, Json], at: Any) -> VehicleState:
    return parse_car({**CAR, "ev_info": dict(inner)}, at).state


CAR = _car()
EV_INFO = CAR["ev_info"]
assert isinstance(EV_INFO, dict)

SOURCES: Mapping[str, tuple[Mapping[str, Json], Callable[[Mapping[str, Json], Any], VehicleState]]] = {
    "kamereon": (KAMEREON, _kamereon),
    "opencarwings": (EV_INFO, _opencarwings),
    "teslafi": (FEED, lambda said, at: state_of(FeedReader(dict(said)), at, live=True)),
}
GARBAGE: st.SearchStrategy[Json] = SCALARS | st.sampled_from([-40, -1, 104, 255, 1023, 65535, "", "NULL", "--", [], {}])


def _measured(state: VehicleState) -> set[str]:
    """What is known of what lasts until it is measured again."""
    return {
        f"{group}.{name}"
        for group, value in state.groups().items()
        for name in type(value).measured
        if (found := getattr(value, name)) is not None and (not isinstance(found, Tyre) or found.pressure is not None)
    }


@pytest.mark.parametrize("source", SOURCES)
@given(data=st.data())
def test_garbage_in_one_field_takes_no_measured_value_away(source: str, data: st.DataObject) -> None:
    report, read = SOURCES[source]
    before = SourceState().after(read(report, NOW))
    known = _measured(before.state)
    assert len(known) >= 4
    name, garbage = data.draw(st.sampled_from(sorted(report))), data.draw(GARBAGE)
    changed: dict[str, Json] = {**report, name: garbage}
    after = before.after(read(changed, LATER))
    assert known <= _measured(after.state)
